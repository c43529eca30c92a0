"""Data for the benchmarks, made by the server itself: one wide table, and a shop of ten tables.

Both are deterministic: every value is computed from the row's number.
"""

from __future__ import annotations

import psycopg

WIDE_COLUMNS = "id email name amount created active quantity score reference document".split()


def wide(url: str, rows: int) -> None:
    """Fill an empty database with one table ``wide`` of ten columns of ten types, a primary and a unique key."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """
            create table wide (
                id bigint not null, email text not null, name text not null, amount numeric(12, 2) not null,
                created timestamptz not null, active boolean not null, quantity integer, score double precision,
                reference uuid not null, document jsonb
            )
            """
        )
        connection.execute(
            """
            insert into wide
            select n, 'user' || n || '@mail' || n %% 97 || '.example', 'Name ' || n %% 50021, (n %% 1000000) / 7.0,
                   timestamptz '2020-01-01 00:00+00' + n * interval '37 seconds', n %% 3 = 0,
                   nullif(n %% 1000, 0), sqrt(n), md5(n::text)::uuid,
                   ('{"visits": ' || n %% 100 || ', "tags": ["a", "b' || n %% 7 || '"]}')::jsonb
            from generate_series(1::bigint, %s) n
            """,
            [rows],
        )
        connection.execute("alter table wide add primary key (id), add unique (email)")
        connection.execute("vacuum (freeze, analyze) wide")


SHOP_SHARES = {
    # rows in a hundred thousand of the whole
    "categories": 5,
    "products": 500,
    "customers": 3_000,
    "addresses": 5_000,
    "orders": 15_000,
    "order_lines": 40_000,
    "payments": 15_000,
    "shipments": 10_000,
    "events": 8_000,
    "reviews": 3_495,
}

_SHOP_TABLES = """
create table categories (id int not null, parent_id int, name text not null);
create table products (id int not null, category_id int not null, name text not null, price numeric(10, 2) not null);
create table customers (
    id bigint not null, email text not null, first_name text not null, last_name text not null, phone text,
    country char(2) not null, born date, created_at timestamptz not null
);
create table addresses (
    id bigint not null, customer_id bigint not null, street text not null, city text not null, postcode text not null
);
create table orders (
    id bigint not null, customer_id bigint not null, billing_address_id bigint not null,
    shipping_address_id bigint not null, status text not null, total numeric(12, 2) not null,
    placed_at timestamptz not null
);
create table order_lines (
    order_id bigint not null, line_no int not null, product_id int not null, quantity int not null,
    price numeric(10, 2) not null
);
create table payments (
    id bigint not null, order_id bigint not null, amount numeric(12, 2) not null, card_last4 char(4),
    paid_at timestamptz not null
);
create table shipments (id bigint not null, order_id bigint, address_id bigint not null, carrier text not null);
create table events (
    id bigint not null, customer_id bigint, product_id int, kind text not null, at timestamptz not null
);
create table reviews (
    id bigint not null, customer_id bigint not null, product_id int not null, stars smallint not null, body text
);
"""

# h(x, m): numbers below m that look drawn, the same on every server.
_SHOP_ROWS = """
create function pg_temp.h(x bigint, m bigint) returns bigint language sql immutable
    as 'select ((x * 2654435761) % 4294967291 * 40503 % 2147483629) % m';
insert into categories
    select n, case when n > 8 then n / 8 end, 'Category ' || n from generate_series(1, {categories}) n;
insert into products
    select n, 1 + pg_temp.h(n, {categories}), 'Product ' || n, 1 + n % 500 from generate_series(1, {products}) n;
insert into customers
    select n, 'c' || n || '@mail.example', 'First' || n % 997, 'Last' || n % 4999,
           case when n % 5 > 0 then '+49 555 ' || n end, (array['DE', 'FR', 'GB', 'US'])[1 + n % 4],
           case when n % 3 > 0 then date '1950-01-01' + (n % 20000)::int end,
           timestamptz '2018-01-01 00:00+00' + n * interval '11 minutes'
    from generate_series(1::bigint, {customers}) n;
insert into addresses
    select n, 1 + (n - 1) % {customers}, 'Street ' || n % 7919, 'City ' || n % 331, lpad((n % 99999)::text, 5, '0')
    from generate_series(1::bigint, {addresses}) n;
insert into orders
    select n, c, c, case when n % 5 = 0 then 1 + pg_temp.h(n + 7, {addresses}) else c end,
           (array['paid', 'shipped', 'returned'])[1 + n % 3], n % 900 + 0.5,
           timestamptz '2020-01-01 00:00+00' + n * interval '1 minute'
    from (select n, 1 + pg_temp.h(n, {customers}) c from generate_series(1::bigint, {orders}) n) o;
insert into order_lines
    select 1 + (n - 1) % {orders}, 1 + (n - 1) / {orders}, 1 + pg_temp.h(n, {products}), 1 + n % 4, n % 500
    from generate_series(1::bigint, {order_lines}) n;
insert into payments
    select n, 1 + (n - 1) % {orders}, n % 900 + 0.5, lpad((n % 10000)::text, 4, '0'),
           timestamptz '2020-01-01 00:00+00' + n * interval '1 minute'
    from generate_series(1::bigint, {payments}) n;
insert into shipments
    select n, case when n % 10 > 0 then 1 + pg_temp.h(n, {orders}) end, 1 + pg_temp.h(n + 3, {addresses}), 'Carrier'
    from generate_series(1::bigint, {shipments}) n;
insert into events
    select n, case when n % 10 > 5 then 1 + pg_temp.h(n, {customers}) end,
           case when n % 4 > 0 then 1 + pg_temp.h(n + 5, {products}) end, (array['view', 'cart', 'search'])[1 + n % 3],
           timestamptz '2023-01-01 00:00+00' + n * interval '5 seconds'
    from generate_series(1::bigint, {events}) n;
insert into reviews
    select n, 1 + pg_temp.h(n, {customers}), 1 + pg_temp.h(n + 9, {products}), 1 + n % 5, 'Review ' || n
    from generate_series(1::bigint, {reviews}) n;
"""

_SHOP_KEYS = """
alter table categories add primary key (id), add foreign key (parent_id) references categories;
alter table products add primary key (id), add foreign key (category_id) references categories;
alter table customers add primary key (id), add unique (email);
alter table addresses add primary key (id), add foreign key (customer_id) references customers;
alter table orders add primary key (id), add foreign key (customer_id) references customers,
    add foreign key (billing_address_id) references addresses,
    add foreign key (shipping_address_id) references addresses;
alter table order_lines add primary key (order_id, line_no), add foreign key (order_id) references orders,
    add foreign key (product_id) references products;
alter table payments add primary key (id), add foreign key (order_id) references orders;
alter table shipments add primary key (id), add foreign key (order_id) references orders,
    add foreign key (address_id) references addresses;
alter table events add primary key (id), add foreign key (customer_id) references customers,
    add foreign key (product_id) references products;
alter table reviews add primary key (id), add foreign key (customer_id) references customers,
    add foreign key (product_id) references products;
create index on products (category_id);
create index on addresses (customer_id);
create index on orders (customer_id);
create index on orders (billing_address_id);  -- and none on shipping_address_id, as life has it
create index on payments (order_id);
create index on shipments (order_id);
create index on events (customer_id);
create index on reviews (customer_id);
"""


def shop(url: str, rows: int) -> dict[str, int]:
    """Fill an empty database with a shop of ten tables and fourteen foreign keys; returns the rows of every table.

    Among them: a self-reference, two keys from one table to another (one of them without an index), and
    keys that may be null.
    """
    counts = {table: max(10, rows * share // 100_000) for table, share in SHOP_SHARES.items()}
    with psycopg.connect(url, autocommit=True) as connection:
        for script in (_SHOP_TABLES, _SHOP_ROWS.format(**counts), _SHOP_KEYS):
            connection.execute(script.encode())
        connection.execute("vacuum (freeze, analyze)")
    return counts
