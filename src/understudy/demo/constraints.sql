-- The booking platform, after its rows: keys, indexes, sequences, triggers and views.

alter table currencies add primary key (code);
alter table countries add primary key (code), add foreign key (currency) references currencies;
alter table cancellation_policies
    add primary key (id), add unique (name), add check (refund_percent between 0 and 100);

alter table users
    add primary key (id),
    add unique (account_no),
    add unique (email),
    add constraint users_not_their_own_referrer check (referred_by <> id),
    add foreign key (country) references countries,
    add foreign key (referred_by) references users;
create unique index users_email_lower on users (lower(email));
create index on users (referred_by);
create index on users (country);

alter table listings
    add primary key (id),
    add constraint listings_price_positive check (price > 0),
    add constraint listings_on_earth check (latitude between -90 and 90 and longitude between -180 and 180),
    add foreign key (country) references countries,
    add foreign key (currency) references currencies,
    add foreign key (cancellation_policy_id) references cancellation_policies;
alter table hosts
    add primary key (id),
    add unique (user_id),
    add constraint hosts_response_rate check (response_rate between 0 and 1),
    add foreign key (user_id) references users;
create unique index hosts_vat_no on hosts (vat_no) where vat_no is not null;
-- Each needs the other: a host shows a listing first, a listing belongs to a host, and neither may be null.
alter table listings add foreign key (host_id) references hosts;
alter table hosts add foreign key (primary_listing_id) references listings deferrable initially deferred;
create index on listings (host_id);
create index on listings using gin (search);

alter table listing_calendar
    add primary key (listing_id, day),
    add foreign key (listing_id) references listings;

alter table bookings
    add primary key (id, check_in),
    add constraint bookings_leave_after_arrival check (check_out > check_in),
    add constraint bookings_cancelled_when check ((status = 'cancelled') = (cancelled_at is not null)),
    add foreign key (listing_id) references listings,
    add foreign key (guest_id) references users,
    add foreign key (currency) references currencies;
create unique index bookings_one_arrival on bookings (listing_id, check_in) where status <> 'cancelled';
create index on bookings (listing_id);
create index on bookings (guest_id);

alter table booking_nights
    add primary key (listing_id, day),
    add constraint booking_nights_within_stay check (day >= check_in),
    add foreign key (booking_id, check_in) references bookings,
    add foreign key (listing_id, day) references listing_calendar;
create index on booking_nights (booking_id, check_in);

alter table payments
    add primary key (id),
    add constraint payments_one_way check (num_nonnulls(card_last4, iban) = (method <> 'voucher')::int),
    add foreign key (booking_id, check_in) references bookings,
    add foreign key (payer_id) references users;
create index on payments (booking_id, check_in);

alter table reviews
    add primary key (id),
    add unique (booking_id, check_in),
    add foreign key (booking_id, check_in) references bookings,
    add foreign key (author_id) references users,
    add foreign key (listing_id) references listings;
create index on reviews (author_id);
create index on reviews (listing_id);

alter table messages
    add primary key (id),
    add constraint messages_not_to_oneself check (sender_id <> recipient_id),
    add foreign key (sender_id) references users,
    add foreign key (recipient_id) references users,
    add foreign key (booking_id, check_in) references bookings;
create index on messages (sender_id, sent_at);
create index on messages (recipient_id, sent_at);
create index on messages (booking_id, check_in);

alter table attachments
    add primary key (id),
    add constraint attachments_subjects check (subject_type in ('booking', 'listing', 'user')),
    add foreign key (uploaded_by) references users;
create index on attachments (subject_type, subject_id);

alter table sessions add foreign key (user_id) references users;

alter table audit_log add primary key (id);
create index on audit_log (table_name, record_id);

alter table billing.invoices
    add primary key (number),
    add unique (booking_id, check_in),
    add constraint invoices_tax_below_net check (tax >= 0 and tax <= net),
    add foreign key (booking_id, check_in) references bookings,
    add foreign key (currency) references currencies;

select setval(pg_get_serial_sequence('users', 'account_no'), max(account_no)) from users;
select setval(pg_get_serial_sequence('hosts', 'id'), max(id)) from hosts;
select setval(pg_get_serial_sequence('listings', 'id'), max(id)) from listings;
select setval('bookings_id_seq', max(id)) from bookings;
select setval(pg_get_serial_sequence('reviews', 'id'), max(id)) from reviews;
select setval(pg_get_serial_sequence('messages', 'id'), max(id)) from messages;
select setval(pg_get_serial_sequence('audit_log', 'id'), max(id)) from audit_log;

create function touch_updated_at() returns trigger language plpgsql as $$
begin
    new.updated_at := now();
    return new;
end $$;
create trigger users_touch before update on users for each row execute function touch_updated_at();
create trigger listings_touch before update on listings for each row execute function touch_updated_at();

create function audit_user() returns trigger language plpgsql set search_path = public as $$
begin
    insert into audit_log (action, table_name, record_id, before, after)
    values (lower(tg_op), tg_table_name, coalesce(new.id, old.id), to_jsonb(old), to_jsonb(new));
    return null;
end $$;
create trigger users_audit after insert or update or delete on users for each row execute function audit_user();

create view user_features as
select u.id as user_id, u.gender, u.age, u.language, u.signup_method, u.date_account_created,
       s.number_of_actions_taken, s.number_of_unique_actions,
       s.avg_session_time_seconds, s.max_session_time_seconds, s.min_session_time_seconds,
       (select count(*) from bookings b where b.guest_id = u.id) as total_bookings
from users u
join (
    select user_id, count(*) as number_of_actions_taken, count(distinct action_type) as number_of_unique_actions,
           round(avg(secs_elapsed)) as avg_session_time_seconds,
           max(secs_elapsed) as max_session_time_seconds, min(secs_elapsed) as min_session_time_seconds
    from sessions
    group by user_id
) s on s.user_id = u.id;
comment on view user_features is 'One row per user with sessions: what the recommendation model is trained on';

create materialized view listing_popularity as
select l.id as listing_id, l.title, count(b.id) as stays, coalesce(sum(b.total), 0) as turnover
from listings l
left join bookings b on b.listing_id = l.id and b.status <> 'cancelled'
group by l.id;
create unique index on listing_popularity (listing_id);

analyze;
