"""Jobs of which a model makes some tables: `synthesize` beside tables that are copied and masked."""

import json

import pyarrow as pa
import pytest

import understudy
from support.shop import Shop
from understudy.errors import InputError
from understudy.interfaces import Result
from understudy.jobs.measuring import after, first, told
from understudy.jobs.spec import SynthesizeSpec
from understudy.synth.network import effort
from understudy.synth.private import Plan
from understudy.transforms import Key

PLANTED = "zaphod.{}@planted.test"

SOURCE = """
create type level as enum ('bronze', 'gold');
create table countries (code char(2) primary key, name text not null);
create table users (
  id int generated always as identity primary key,
  email text not null unique,
  country char(2) references countries,
  level level not null,
  age int not null check (age >= 18),
  spent numeric not null,
  note text,
  home text,
  age_months int generated always as (age * 12) stored
);
create table sessions (
  id int generated always as identity primary key,
  user_id int not null references users,
  started timestamp not null,
  pages int not null
);
insert into countries values ('DE', 'Germany'), ('FR', 'France'), ('NO', 'Norway');
select setseed(0.5);
insert into users (email, country, level, age, spent, note, home)
  select 'zaphod.' || n || '@planted.test', (array['DE', 'FR', null])[1 + n % 3],
    (array['bronze', 'gold'])[1 + n % 2]::level, 18 + n % 40, (n % 2) * 100 + (random() * 50)::int, 'note of ' || n,
    'Zaphodville ' || n
  from generate_series(1, 200) n;
insert into sessions (user_id, started, pages)
  select n, timestamp '2026-01-01' + n * interval '7 hours' + k * interval '1 day', 1 + (n % 2) * 5 + k
  from generate_series(1, 200) n, generate_series(1, 2) k where k <= 1 + n % 2;
"""

COLUMNS = """
columns:
  countries.code: keep
  countries.name: keep
  users.id: key
  users.email: email
  users.level: keep
  users.age: keep
  users.spent: keep
  users.note: redact
  users.home: city
  sessions.id: key
  sessions.started: keep
  sessions.pages: keep
"""

GATES = "gates: {quality: off, privacy: off}"


@pytest.fixture(autouse=True)
def little(monkeypatch):
    """Learning is not what is tested here."""
    monkeypatch.setattr(effort, "_EPOCHS", 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def site(database, tmp_path, monkeypatch):
    made = Shop(tmp_path, database(SOURCE), database())
    for name, value in made.environment.items():
        monkeypatch.setenv(name, value)
    return made


def job(site, synthesize, *, extra="", columns=COLUMNS, subset=""):
    return site.job(subset=subset, columns=columns, extra=f"synthesize: {synthesize}\n{extra}")


def quiet(step, subject, done, total):
    pass


def do(path):
    return understudy.run(path, progress=quiet)


BOTH = "{{tables: [sessions, users], rows: {{users: {rows}}}, effort: fast, seed: 3, {more}}}"


def test_tables_are_made_together_beside_masked_ones_and_their_model_makes_more(site):
    finished = do(job(site, BOTH.format(rows=90, more=GATES)))
    assert finished.report.passed, finished.summary()
    assert site.query("select count(*) from users") == [(90,)]
    assert site.query("select count(*) from users where country not in ('DE', 'FR', 'NO')") == [(0,)]
    assert site.query("select count(*) from sessions where user_id not in (select id from users)") == [(0,)]
    assert site.query("select count(*) > 60 from sessions") == [(True,)]
    assert site.query("select count(*) from users where email like '%planted%' or note like 'note of%'") == [(0,)]
    assert site.query("select count(distinct email) from users where email like '%@%'") == [(90,)]
    texts = pa.table({"a": [f"text {n}" for n in range(20_000)]})
    cities = understudy.mask(texts, {"a": "city"}, key=Key(bytes(32)))["a"].to_pylist()
    assert {home for (home,) in site.query("select home from users")} <= set(cities), "though each is too rare to learn"
    assert site.query("select bool_and(age_months = age * 12 and age >= 18) from users") == [(True,)]
    site.execute("insert into users (email, level, age, spent) values ('a@b.test', 'gold', 20, 1)")
    assert site.query("select count(*) from pg_constraint where contype = 'f' and not convalidated") == [(0,)]
    tables = {table.name: table for table in finished.report.tables}
    assert (tables["users"].read > 100, tables["users"].kept) == (True, 90)
    assert tables["users"].why == "its rows are made by a model"
    (model,) = (finished.folder.path / "models").iterdir()
    held = model.read_bytes()
    assert not [word for word in (b"planted", b"zaphod", b"note of") if word in held]
    (key,) = site.query("select min(id) from users")[0]
    assert "made by a model" in str(understudy.why(site.folder / "job.yaml", "users", [str(key)])[0])

    more = f"model: {model}, {GATES}"
    path = site.job(subset="", columns=COLUMNS, load="", extra=f"synthesize: {BOTH.format(rows=30, more=more)}")
    again = do(path)
    assert again.report.passed, again.summary()
    assert {table.name: table.kept for table in again.report.tables}["users"] == 30


def test_tables_are_made_together_within_one_budget_beside_masked_rows_that_are_public(site, monkeypatch):
    monkeypatch.setattr(Plan.__init__, "__defaults__", (16, 1, 3, 4, 100, 1, 1.0, 2e-3, 0.9))
    site.execute(
        "insert into users (email, country, level, age, spent) select 'zaphod.' || n || '@planted.test', 'DE', 'gold',"
        " 18 + n % 50, n % 90 from generate_series(201, 1200) n;"
        "insert into sessions (user_id, started, pages) select n, timestamp '2026-02-01' + n * interval '1 hour', n % 9"
        " from generate_series(201, 1200) n; analyze",
        source=True,
    )
    finished = do(job(site, BOTH.format(rows=90, more=f"{GATES}, epsilon: 30, public: countries")))
    assert finished.report.passed, finished.summary()
    assert "for one row of users with all that belongs to it, learned from at most 8 of its sessions" in str(
        [one.detail for one in finished.report.results if one.check == "epsilon"]
    )
    assert site.query("select count(*) from users") == [(90,)]
    assert site.query("select count(*) from sessions where user_id not in (select id from users)") == [(0,)]
    assert site.query("select count(*) from users where email like '%planted%'") == [(0,)]


def test_a_table_that_is_too_small_to_prove_anything_is_not_published_unless_the_job_says_so(site):
    finished = do(job(site, BOTH.format(rows=60, more="retries: 0")))
    failed = [one for one in finished.report.results if one.verdict in ("fail", "error")]
    assert {one.check for one in failed} <= {"privacy", "quality"} and not finished.report.passed
    assert "gates: {privacy: note}" in next(one.detail for one in failed if one.check == "privacy")
    assert (finished.commit, finished.branch) == ("", "")
    assert site.query("select count(*) from pg_class where relname = 'users'") == [(0,)]
    page = finished.folder.page.read_text()
    assert "Synthetic rows of" in page and 'id="measured-privacy"' in page and page.count("<html") == 1


def test_a_person_approves_before_anything_is_published_or_loaded(site):
    synthesize = BOTH.format(rows=50, more=f"{GATES}, balance: {{users.level: even}}")
    path = job(site, synthesize, extra="approve: required")
    finished = do(path)
    assert finished.report.passed and finished.waiting and not finished.commit, finished.summary()
    assert "understudy approve" in finished.summary()
    assert site.query("select count(*) from pg_class where relname = 'users'") == [(0,)]
    with pytest.raises(InputError, match="waits for approval"):
        understudy.load(path, run=finished.report.run, progress=quiet)
    said = site.cli("approve", finished.report.run, "--job", "job.yaml", "--json")
    assert said.code == 0, said.err
    assert site.query("select count(*) between 12 and 38, count(*) from users where level = 'gold'")[0][0]
    assert site.query("select count(*) from users") == [(50,)]
    assert understudy.report(path).commit and not understudy.report(path).waiting
    with pytest.raises(InputError, match="waits for no approval"):
        understudy.approve(path, progress=quiet)


def test_a_table_that_stands_alone_is_made_with_its_values_balanced_while_others_are_copied(site):
    site.execute(
        "create table visits (id uuid primary key default gen_random_uuid(), kind text not null, paid numeric,"
        " at date);"
        "insert into visits (kind, paid, at) select (array['web', 'shop', 'web', 'web'])[1 + n % 4],"
        " n % 7 + 0.5, date '2026-01-01' + n % 90 from generate_series(1, 240) n",
        source=True,
    )
    columns = COLUMNS + "  visits.id: key\n  visits.kind: keep\n  visits.paid: keep\n  visits.at: null\n"
    entry = "{tables: visits, scale: 0.5, effort: fast, balance: {kind: {shop: 1}}, filters: {similarity: 'off'}, %s}"
    finished = do(job(site, entry % GATES, columns=columns))
    assert finished.report.passed, finished.summary()
    made = "select count(*), count(distinct id), count(at), min(kind), bool_and(paid between 0 and 8) from visits"
    assert site.query(made) == [(120, 120, 0, "shop", True)]
    assert site.query("select count(*) from users") == [(200,)]
    assert site.query("select id from visits") != site.query("select id from visits", source=True)


VISITS = """
create table visits (
  id int generated always as identity primary key, shop text not null, paid int not null, days int not null
);
select setseed(0.5);
insert into visits (shop, paid, days)
  select shop, paid, paid / 100 + (random() * 3)::int from (
    select (array['oslo', 'bergen', 'tromso'])[1 + n % 3] as shop, (n % 3) * 300 + (random() * 900)::int as paid
    from generate_series(1, 5000) n
  ) drawn;
"""


def visits(site, more):
    columns = COLUMNS + "  visits.id: key\n  visits.shop: keep\n  visits.paid: keep\n  visits.days: keep\n"
    load = "load: [{to: '${DEV_URL}', mode: replace}]"
    return site.job(
        subset="", columns=columns, load=load, extra=f"synthesize: {{tables: visits, effort: fast, {more}}}"
    )


def test_what_fails_its_gates_changes_nothing_and_what_more_effort_mends_is_loaded(site, monkeypatch):
    monkeypatch.setattr(effort, "_SECONDS", {"fast": 0.01, "normal": 250})  # one look at each row; then many
    monkeypatch.setattr(effort, "_EPOCHS", 40)
    site.execute(VISITS, source=True)
    site.execute(
        VISITS[: VISITS.index("select setseed")] + "insert into visits (shop, paid, days) values ('rome', 1, 2)"
    )
    few = "gates: {privacy: note}, retries: "  # 5,000 rows are too few to be sure of what a model gives away
    failed = do(visits(site, f"{few}0"))
    assert {one.check for one in failed.report.results if one.verdict in ("fail", "error")} >= {"quality"}
    assert "NOT PASSED" in failed.summary() and not failed.commit
    assert site.query("select shop from visits") == [("rome",)]

    finished = do(visits(site, f"{few}1"))
    assert finished.report.passed, finished.summary()
    notes = [one.detail for one in finished.report.results if one.check == "synthesize"]
    assert f"run {failed.report.run} learned from the same rows" in notes[0]
    assert notes[1].startswith("made again with effort normal") and "visits: " in notes[1]
    assert finished.commit and site.query("select count(*), count(distinct id) from visits") == [(5000, 5000)]
    scored = json.loads(finished.folder.score("visits").read_text())
    assert {one["verdict"] for one in scored["answers"]} <= {"pass", "note"}, "the page says what the gates say"
    by_model = next(one for one in scored["answers"] if one["check"] == "membership by the model")
    told = next(one for one in finished.report.results if one.check == "model")
    assert by_model["value"] == told.value and told.verdict in ("pass", "note"), "of the model it is only told"


def test_a_second_run_on_the_same_rows_learns_nothing_and_on_other_rows_it_does(site):
    def models(finished):
        return [one.name for one in (finished.folder.path / "models").iterdir()]

    path = site.job(subset="", columns=COLUMNS, load="", extra=f"synthesize: {BOTH.format(rows=90, more=GATES)}")
    before, again = do(path), do(path)
    assert models(before) == models(again)
    said = "\n".join(one.detail for one in again.report.results)
    assert f"nothing was learned: run {before.report.run}" in said
    site.execute("update users set age = age + 1 where id = 7", source=True)
    other = do(path)
    assert models(other) != models(before) and "nothing was learned" not in str(other.report.results)


def test_a_gate_on_the_model_alone_is_asked_though_the_others_are_off():
    def off(**gates):
        return SynthesizeSpec(tables=("users",), gates=gates).gates.off

    assert off(quality="off", privacy="off") and not off(quality="off", privacy="off", model="fail")
    assert not off(quality="off") and not off()


@pytest.mark.parametrize(("pointed", "verdict"), [(False, "note"), (True, "fail")])
def test_rows_that_filters_left_out_are_told_and_fail_a_table_that_others_point_at(site, pointed, verdict):
    site.execute(
        "create table seats (id int generated always as identity primary key, line text not null, door text not null,"
        " no int not null); insert into seats (line, door, no)"
        " select 'line ' || n / 10, 'door ' || n / 10, n % 10 from generate_series(0, 399) n",
        source=True,
    )
    columns = COLUMNS + "  seats.id: key\n  seats.line: keep\n  seats.door: keep\n  seats.no: keep\n"
    if pointed:
        site.execute("create table taken (seat int references seats)", source=True)
        columns += "  taken.seat: key\n"
    follow = "subset: {follow: {taken.seat: null}}\n" if pointed else ""
    finished = do(job(site, f"{{tables: seats, effort: fast, {GATES}}}", columns=columns, subset=follow))
    (left,) = [one for one in finished.report.results if one.check == "synthesize" and one.value]
    assert (left.subject, left.verdict) == ("seats", verdict) and left.value > 10, finished.summary()
    assert "refused as often as they were made" in left.detail
    (kept,) = [one.kept for one in finished.report.tables if one.name == "seats"]
    assert kept + left.value == 400


def test_quality_is_mended_by_more_effort_privacy_by_stricter_filters_and_a_budget_is_spent_once():
    spec = SynthesizeSpec(tables=("users",), effort="fast")
    quality, privacy = Result("quality", "users: shape", "fail"), Result("privacy", "users: membership", "fail")
    begun = first(spec)
    assert (begun.seed, begun.effort, begun.similarity, begun.outliers) == (0, "fast", "medium", "off")

    def another(*found, told=spec, attempt=begun):
        one = after(attempt, found, told)
        return one and (one.seed, one.effort, one.similarity, one.words)

    assert another(quality) == (1, "normal", "medium", "effort normal")
    assert another(privacy) == (1, "fast", "high", "stricter filters")
    assert another(quality, privacy) == (1, "normal", "high", "effort normal and stricter filters")
    strict = after(begun, [privacy], spec)
    assert another(privacy, attempt=strict) == (2, "fast", "high", "another seed")
    saved = SynthesizeSpec(tables=("users",), model="old.understudy")
    assert another(quality, told=saved, attempt=first(saved)) == (1, "normal", "medium", "another seed")
    assert another(Result("privacy", "users: replay", "error")) is None
    model = Result("model", "users: membership by the model", "fail")
    assert another(model) is None and another(model, quality) == (1, "normal", "medium", "effort normal")
    assert another(quality, told=SynthesizeSpec(tables=("users",), epsilon=1)) is None
    (note,) = told([(begun, [quality]), (strict, [])], "users")
    assert note.detail == "made again with stricter filters, for these failed: users: shape"


@pytest.mark.parametrize(
    ("synthesize", "subset", "reason"),
    [
        ("{tables: [users]}", "", "sessions.user_id: points at rows of users, which are made anew"),
        ("[{tables: users}, {tables: sessions}]", "", "points at users, which another model makes"),
        ("[{tables: [users, sessions]}, {tables: sessions}]", "", "sessions: named twice"),
        ("{tables: [users, sessions], epsilon: 1}", "", "rows of countries are not learned but handed in"),
        ("{tables: [users, sessions], public: countries}", "", "countries is said to be public, which is for"),
        ("{tables: [users, sessions], epsilon: 1, public: countries, balance: {users.level: even}}", "", "balancing"),
        (
            "{tables: [users, sessions]}",
            "subset: {targets: [{table: users, limit: 3}]}",
            "its rows are made (say how many with `rows`)",
        ),
        (
            "{tables: [users, sessions]}",
            "subset: {targets: [{table: other, limit: 3}], unreached: empty}",
            "users.country: points at countries, which stays empty",
        ),
        ("{tables: [other]}", "", "other.doc: jsonb is nothing that a model makes"),
    ],
)
def test_what_no_model_can_make_is_refused_before_a_row_is_read(site, synthesize, subset, reason):
    site.execute("create table other (id int primary key, doc jsonb)", source=True)
    columns = f"{COLUMNS}  other.id: keep\n  other.doc: keep\n"
    planned = understudy.plan(job(site, synthesize, subset=subset, columns=columns))
    assert reason in str(planned), str(planned)


def test_the_plan_shows_what_will_be_made_and_a_wrong_field_is_named(site):
    planned = understudy.plan(job(site, BOTH.format(rows=90, more=GATES)))
    assert not planned.plan.refusals
    assert "sessions, users: 90 rows of users; effort fast; pointing at masked rows of countries" in str(planned)
    with pytest.raises(InputError, match=r"field 'efort' does not exist - at `\$.synthesize\[0\].efort`"):
        understudy.plan(job(site, "{tables: [users], efort: fast}"))
    with pytest.raises(InputError, match="table 'countries' does not exist"):
        understudy.plan(job(site, "{tables: [users, sessions], rows: {countries: 1}}"))
    with pytest.raises(InputError, match=r"column 'users.lvl' does not exist"):
        understudy.plan(job(site, "{tables: [users, sessions], balance: {users.lvl: even}}"))
