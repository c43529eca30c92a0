import psycopg
import pytest

from conftest import query, run_sql
from understudy.demo.bookings import FEWEST_ROWS, create, generate
from understudy.errors import InputError

ROWS = 20_000


@pytest.fixture(scope="module")
def platform(module_database):
    url = module_database()
    return url, create(url, rows=ROWS, seed=7)


@pytest.fixture(scope="module")
def ask(platform):
    url, _ = platform

    def one(statement):
        ((value,),) = query(url, statement)
        return value

    return one


def test_there_are_as_many_rows_as_asked_for(platform):
    _, counts = platform
    assert sum(counts.values()) == ROWS
    assert all(counts.values())


def test_the_counts_are_those_of_the_tables(platform, ask):
    _, counts = platform
    assert counts == {name: ask(f"select count(*) from {name}") for name in counts}


def test_every_foreign_key_is_valid(ask):
    assert ask("select count(*) from pg_constraint where contype = 'f' and conparentid = 0 and convalidated") == 27
    assert ask("select count(*) from pg_constraint where contype = 'f' and not convalidated") == 0


def test_hosts_and_listings_need_each_other(ask):
    assert ask(
        "select count(*) from hosts h join listings l on l.id = h.primary_listing_id and l.host_id = h.id"
    ) == ask("select count(*) from hosts")
    assert (
        ask(
            "select bool_and(attnotnull) from pg_attribute where (attrelid, attname) in "
            "(('hosts'::regclass, 'primary_listing_id'), ('listings'::regclass, 'host_id'))"
        )
        is True
    )


def test_every_attachment_belongs_to_something(ask):
    assert ask("select count(distinct subject_type) from attachments") == 3
    assert (
        ask("""
        select count(*) from attachments a where not case subject_type
            when 'booking' then exists (select from bookings b where b.id = a.subject_id)
            when 'listing' then exists (select from listings l where l.id = a.subject_id)
            when 'user' then exists (select from users u where u.account_no = a.subject_id) end
        """)
        == 0
    )


def test_every_yearly_partition_holds_bookings(ask):
    assert ask("select count(distinct tableoid) from bookings") >= 4
    assert ask("select count(*) from only bookings") == 0


def test_stays_in_one_listing_never_overlap(ask):
    assert (
        ask("""
        select count(*) from (
            select check_in < lag(check_out) over (partition by listing_id order by check_in) as early from bookings
        ) pairs where early
        """)
        == 0
    )


def test_nobody_books_before_joining_and_nobody_books_at_home(ask):
    assert ask("select count(*) from bookings b join users u on u.id = guest_id where b.created_at < u.created_at") == 0
    assert (
        ask("""
        select count(*) from bookings b join listings l on l.id = listing_id join hosts h on h.id = host_id
        where h.user_id = b.guest_id
        """)
        == 0
    )


def test_referrals_lead_back_in_time_to_somebody_who_came_alone(ask):
    assert ask("select count(*) from users where referred_by is not null") > 0
    assert (
        ask("select count(*) from users u join users r on r.id = u.referred_by where r.created_at > u.created_at") == 0
    )


def test_a_few_users_do_most_of_the_clicking(ask):
    share = ask("""
        select sum(clicks) filter (where rank <= 0.1 * everyone) / sum(clicks) from (
            select count(*) clicks, row_number() over (order by count(*) desc) rank, count(*) over () everyone
            from sessions group by user_id
        ) s
    """)
    assert share > 0.4


def test_a_few_listings_are_booked_much_more_than_the_others(ask):
    share = ask("""
        select sum(stays) filter (where rank <= 0.2 * everyone) / sum(stays) from (
            select stays, row_number() over (order by stays desc) rank, count(*) over () everyone
            from listing_popularity
        ) l
    """)
    assert share > 0.45


def test_summers_are_busy(ask):
    monthly = "select count(*) from bookings where check_in < '2025-01-01' and extract(month from check_in) = {}"
    assert ask(monthly.format(7)) > 2 * ask(monthly.format(1))


def test_nulls_stand_where_people_leave_fields_empty(ask):
    for column, least, most in [("phone", 0.1, 0.3), ("birth_date", 0.2, 0.4), ("age", 0.3, 0.5), ("email", 0, 0)]:
        assert least <= ask(f"select avg(({column} is null)::int) from users") <= most, column


def test_country_decides_dialling_code_and_currency(ask):
    assert (
        ask("select count(*) from users u join countries c on c.code = u.country where phone not like dial_code || '%'")
        == 0
    )
    assert (
        ask("select count(*) from listings l join countries c on c.code = l.country where l.currency <> c.currency")
        == 0
    )


def test_messages_tell_names_addresses_and_numbers_of_their_senders(ask):
    said = "select avg((position({} in body) > 0)::int) from messages m join users u on u.id = sender_id"
    assert ask(said.format("first_name")) > 0.3
    assert ask(said.format("email::text")) > 0.05
    assert ask(said.format("phone")) > 0.1


def test_the_audit_log_holds_copies_of_people(ask):
    assert (
        ask("select count(*) from audit_log a join users u on u.id = record_id where after ->> 'email' = u.email::text")
        == ask("select count(*) from audit_log")
        > 0
    )


def test_account_numbers_of_banks_have_valid_check_digits(platform):
    url, _ = platform
    for (iban,) in query(url, "select iban from hosts"):
        digits = "".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])
        assert int(digits) % 97 == 1


def test_emails_are_unique_whatever_their_case(ask):
    assert ask("select count(distinct lower(email)) = count(*) and bool_or(email <> lower(email)) from users")


def test_the_platform_goes_on_working(platform):
    url, counts = platform
    with psycopg.connect(url) as connection:
        connection.execute("update users set city = 'Elsewhere' where id in (select id from users limit 1)")
        connection.execute(
            "insert into messages (sender_id, recipient_id, body, sent_at) "
            "select min(id), max(id), 'Hello', now() from users"
        )
        audited = connection.execute("select count(*) from audit_log").fetchone()
        connection.rollback()
    assert audited == (counts["audit_log"] + 1,)


def test_the_features_count_the_bookings_of_each_user_alone(ask):
    assert ask("select sum(total_bookings) from user_features") < ask("select count(*) from bookings")
    assert ask("select count(distinct total_bookings) from user_features") > 2


def test_the_same_seed_gives_the_same_rows():
    first, again, other = (dict(generate(2_000, seed)) for seed in (7, 7, 8))
    assert all(first[name].equals(again[name]) for name in first)
    assert not first["users"].equals(other["users"])


def test_the_same_seed_gives_the_same_database(database):
    digest = "select md5(string_agg(t::text, '|' order by t::text)) from {} t"
    tables = ("users", "listings", "bookings", "messages", "sessions", "billing.invoices")
    one, two = database(), database()
    create(one, rows=2_000, seed=3)
    create(two, rows=2_000, seed=3)
    for table in tables:
        assert query(one, digest.format(table)) == query(two, digest.format(table)), table


def test_the_fewest_rows_there_can_be_still_make_a_platform(database):
    assert sum(create(database(), rows=FEWEST_ROWS).values()) == FEWEST_ROWS


def test_fewer_rows_are_refused(database):
    with pytest.raises(InputError, match="at least 1,000 rows, not 999"):
        create(database(), rows=999)


def test_a_database_that_holds_tables_is_left_alone(database):
    url = database("create table precious (x int)")
    with pytest.raises(InputError, match="holds 1 table"):
        create(url, rows=2_000)
    assert query(url, "select count(*) from pg_tables where schemaname = 'public'") == [(1,)]


def test_nothing_is_left_behind_when_something_fails(database):
    url = database()
    run_sql(url, "create type stars as enum ('in the way')")
    with pytest.raises(psycopg.Error):
        create(url, rows=2_000)
    assert query(url, "select count(*) from pg_tables where schemaname in ('public', 'billing')") == [(0,)]
