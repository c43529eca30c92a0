"""A tiny shop with a bit of everything, and a way to run the command line on it as a user does."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg

from support.shell import KEY, Shell

SHOP = """
create type level as enum ('bronze', 'gold');
create table countries (code char(2) primary key, name text not null);
create table users (
  id int generated always as identity primary key,
  email text not null,
  name varchar(40),
  country char(2) references countries,
  born date,
  level level not null default 'bronze',
  referred_by int references users,
  profile jsonb,
  created_at timestamptz not null default now(),
  name_length int generated always as (length(name)) stored,
  check (length(email) > 3)
);
create unique index users_email on users (lower(email));
create table orders (
  id bigserial primary key,
  user_id int not null references users on delete cascade,
  total numeric(10,2) not null check (total >= 0),
  tags text[],
  placed timestamptz
);
create table lines (
  order_id bigint not null references orders, no int not null, sku text not null, primary key (order_id, no)
);
create table notes (id int primary key, subject_type text, subject_id int, body text);
create table audit (at timestamptz default now(), what text);
create function log_user() returns trigger language plpgsql as
  $$ begin insert into public.audit (what) values ('user ' || new.id); return new; end $$;
create trigger users_audit after insert on users for each row execute function log_user();
alter table users disable trigger users_audit;
insert into countries values ('DE', 'Germany'), ('FR', 'France'), ('XX', 'Unused');
insert into users (email, name, country, born, level, referred_by, profile) values
  ('ada@mail.test',   'Ada Lovelace', 'DE', '1985-12-10', 'gold',   null, '{"email": "ada@mail.test", "tier": 1}'),
  ('Bob@mail.test',   'Bob Ross',     'FR', '1972-10-29', 'bronze', 1,    null),
  ('carla@mail.test', null,           'DE', null,         'bronze', 2,    '{"tier": 2}'),
  ('dan@mail.test',   'Dan Brown',    null, '1994-06-22', 'bronze', null, '{"email": "dan@mail.test"}');
alter table users enable trigger users_audit;
insert into orders (user_id, total, tags, placed) values
  (1, 10.00, '{a,b}', '2026-01-01 10:00+00'), (1, 20.50, null, null), (2, 5.25, '{}', '2026-02-01 10:00+00'),
  (3, 7.00, '{"x,y"}', '2026-03-01 10:00+00'), (4, 0.00, null, 'infinity');
insert into lines select id, n, 'sku' || n from orders, generate_series(1, 2) n;
insert into notes values (1, 'User', 1, 'write to ada@mail.test'), (2, 'Order', 3, 'late'), (3, 'User', 4, 'hello');
"""

COLUMNS = """
columns:
  countries.code: keep
  countries.name: keep
  users.id: key
  users.email: email
  users.name: full_name
  users.born: {shift_days: 30, per: id}
  users.level: keep
  users.profile: {json: {$.email: email}}
  users.created_at: keep
  orders.id: key
  orders.total: keep
  orders.tags: keep
  orders.placed: keep
  lines.no: keep
  lines.sku: keep
  notes.id: keep
  notes.subject_type: keep
  notes.body: redact
  audit.at: keep
  audit.what: redact
"""

SUBSET = """
subset:
  targets:
    - {table: users, where: "country = 'DE'"}
  virtual:
    - {table: notes, columns: subject_id, parent: users, parent_columns: id, when: "subject_type = 'User'"}
  unreached: empty
"""


@dataclass
class Shop:
    """A source and a destination, a folder with a job file, and the command line over them."""

    folder: Path
    source: str
    destination: str

    def job(self, *, subset=SUBSET, columns=COLUMNS, load="load: [{to: '${DEV_URL}'}]", name="job.yaml", extra=""):
        path = self.folder / name
        path.write_text(f"source: ${{SOURCE_URL}}\n{subset}{columns}\n{load}\n{extra}\n")
        return path

    @property
    def environment(self):
        return {
            **os.environ,
            "SOURCE_URL": self.source,
            "DEV_URL": self.destination,
            "UNDERSTUDY_KEY": KEY,
        }

    def start(self, *words, **environment):
        command = [sys.executable, "-m", "understudy", *map(str, words)]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def cli(self, *words, **environment):
        """Run a command, in this process; see ``Shell``."""
        said = Shell(self.folder).run(*words, **{**self.environment, **environment})
        return Ran(said.code, said.text, said.err)

    def query(self, sql, *, source=False):
        with psycopg.connect(self.source if source else self.destination, autocommit=True) as connection:
            return connection.execute(sql).fetchall()

    def execute(self, sql, *, source=False):
        with psycopg.connect(self.source if source else self.destination, autocommit=True) as connection:
            connection.execute(sql)


@dataclass
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)
