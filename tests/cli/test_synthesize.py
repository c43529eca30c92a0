"""`understudy synthesize` on files, pipes, folders and databases, as a user runs it."""

import io
import json
import random
import re
import signal
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from understudy import mask, synthesize
from understudy.errors import InputError
from understudy.synth.network import effort
from understudy.synth.private import Plan
from understudy.transforms import Key


def people(rows=120):
    chance = random.Random(5)
    lines = ["id,email,city,age,born,paid"]
    for number in range(1, rows + 1):
        city, age = chance.choice(["Oslo", "Bergen"]), chance.randint(18, 80)
        lines.append(
            f"{number},guest{number}@private.net,{city},{age},{2020 - age}-0{chance.randint(1, 9)}-11,"
            f"{age * (3 if city == 'Oslo' else 1)}.50"
        )
    return "\n".join(lines) + "\n"


@pytest.fixture(autouse=True)
def little(monkeypatch):
    """Learning is not what is tested here."""
    monkeypatch.setattr(effort, "_EPOCHS", 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture
def files(shell):
    shell.write("people.csv", people())
    return shell


def written(files, *names):
    """Tables that were written to the folder ``out``."""
    return [pq.read_table(files.folder / "out" / f"{name}.parquet") for name in names]


def test_a_csv_file_becomes_parquet_of_numbers_dates_and_fresh_identifiers(files):
    said = files.run("synthesize", "people.csv", "--rows", 300, "-o", "out.parquet", "--effort", "fast")
    assert said.code == 0, said.err
    made = pq.read_table(files.folder / "out.parquet")
    assert made.schema.types == [
        *(pa.int64(), pa.string(), pa.string(), pa.int64(), pa.date32(), pa.decimal128(18, 2)),
    ]
    assert len(made) == 300 and len(set(made["id"].to_pylist())) == 300
    assert set(made["city"].to_pylist()) == {"Oslo", "Bergen"}
    emails = made["email"].to_pylist()
    assert not [one for one in emails if "private.net" in one] and all("@" in one for one in emails)
    assert "out.parquet: 300 rows made" in said.text and "from 120 rows" in said.text
    assert "email by email" in said.text
    assert files.files() == ["out.parquet", "people.csv"]


ELSEWHERE = (
    "France Spain Italy Poland Japan India Brazil Mexico Canada Peru Chile Kenya Ghana Nepal Qatar Malta".split()
)
CITIES = "Aarhus Bilbao Cork Dundee Essen Ghent Hull Izmir Kyoto Lyon Malaga Nantes Omsk Porto Quito Riga Sofia".split()


def stand_ins(rule):
    """The texts that a rule makes."""
    table = pa.table({"a": [f"text {n}" for n in range(20_000)]})
    return set(mask(table, {"a": rule}, key=Key(bytes(32)))["a"].to_pylist())


def test_where_a_city_or_country_is_too_rare_to_be_learned_another_stands_that_goes_with_the_row(files):
    chance, lines = random.Random(3), ["name,country,city,company"]
    for n in range(360):
        country = "Norway" if n % 3 else ELSEWHERE[n % len(ELSEWHERE)]
        lines.append(f"Ada{n} Berg,{country if n % 9 else f'Land of {chance.random()}'},"
                     f"{chance.choice(CITIES)} {chance.choice(CITIES)},{chance.choice(CITIES)} {n} Ltd")  # fmt: skip
    files.write("guests.csv", "\n".join(lines) + "\n")
    said = files.run("synthesize", "guests.csv", "-n", 300, "-o", "made.parquet", "--effort", "fast")
    assert said.code == 0, said.err
    made = pq.read_table(files.folder / "made.parquet")
    assert made["country"].to_pylist().count("Norway") > 100
    assert set(made["country"].to_pylist()) <= stand_ins("country") | set(ELSEWHERE) | {"Norway"}
    norwegian = made.filter(pc.equal(made["country"], "Norway"))
    assert set(norwegian["city"].to_pylist()) <= stand_ins({"city": {"country": "NO"}})
    assert all(re.match("[A-Z][a-z]+ [A-Z&]", one) for one in made["company"].to_pylist())
    assert "rare country by country" in said.text and "city by city {country: from country}" in said.text


def test_days_and_amounts_in_texts_come_back_as_they_were_written(files):
    rows = [f"{1 + n % 12:02}/{1 + n % 28:02}/20{10 + n % 14};$1,{100 + n % 800}.50" for n in range(200)]
    files.write("sales.csv", "sold;paid\n" + "\n".join(rows) + "\n")
    said = files.run("synthesize", "sales.csv", "--delimiter", ";", "-o", "out.csv", "--effort", "fast")
    assert said.code == 0, said.err
    made = [line.split(";") for line in files.read("out.csv").splitlines()[1:]]
    assert all(re.fullmatch(r"(0\d|1[0-2])/[0-3]\d/20(1\d|2[0-4])", sold) for sold, _ in made)
    assert all(re.fullmatch(r"\$1,\d{3}\.[05]0", paid.strip('"')) for _, paid in made)


def test_rows_of_one_subject_are_made_together_and_a_column_that_may_say_so_is_told(files):
    rows = [f"{n // 3 * 37 % 101:03},{['a', 'b', 'c'][n // 3 % 3]},{n * n % 11}" for n in range(240)]
    files.write("visits.csv", "patient_id,ward,score\n" + "\n".join(rows) + "\n")
    said = files.run("synthesize", "visits.csv", "-o", "alone.csv", "--effort", "fast")
    assert said.code == 0 and b"`--subject patient_id` makes them together" in said.out, said.err
    said = files.run("synthesize", "visits.csv", "--subject", "patient_id", "-o", "out.csv", "--effort", "fast")
    assert said.code == 0 and b"patient_id -> ward (100.0%)" in said.out, said.err
    made = [line.split(",") for line in files.read("out.csv").splitlines()[1:]]
    assert len(made) == 240
    assert all(len({who for who, *_ in made[at : at + 3]}) == 1 for at in range(0, 240, 3))
    assert len({(who, ward) for who, ward, _ in made}) == 80


def test_the_same_seed_makes_the_same_rows_and_a_saved_model_makes_them_without_the_source(files):
    first = files.run("synthesize", "people.csv", "-o", "a.csv", "--effort", "fast", "--save", "m.understudy", "-n", 50)
    assert first.code == 0, first.err
    assert "model saved as m.understudy" in first.text
    again = files.run("synthesize", "people.csv", "--model", "m.understudy", "-o", "b.csv", "-n", 50)
    assert again.code == 0, again.err
    assert files.read("a.csv") == files.read("b.csv")
    other = files.run("synthesize", "people.csv", "--model", "m.understudy", "-o", "c.csv", "-n", 50, "--seed", 1)
    assert other.code == 0 and files.read("c.csv") != files.read("a.csv")
    alone = files.run("synthesize", "--model", "m.understudy", "-n", 7)
    assert alone.code == 0 and len(alone.text.splitlines()) == 8
    held = (files.folder / "m.understudy").read_bytes()
    assert not [n for n in range(1, 121) if f"guest{n}@".encode() in held]


def test_rows_are_made_around_what_is_given(files):
    files.write("seeds.csv", "city,email\nOslo,mine@here.org\nBergen,\nOslo,\n")
    said = files.run("synthesize", "people.csv", "--given", "seeds.csv", "-o", "out.csv", "--effort", "fast")
    assert said.code == 0, said.err
    cells = [line.split(",") for line in files.read("out.csv").splitlines()[1:]]
    assert [row[2] for row in cells] == ["Oslo", "Bergen", "Oslo"]
    assert cells[0][1] == "mine@here.org" and "@" in cells[1][1]
    assert "2 given" in said.text
    refused = files.run("synthesize", "people.csv", "--given", "seeds.csv", "-n", 9, "-o", "x.csv", "--effort", "fast")
    assert refused.code == 2 and "9 rows are wanted, and 3 are given" in refused.err


def test_a_column_is_balanced(files):
    lines = files.read("people.csv").replace("Bergen", "Oslo").splitlines()
    files.write("people.csv", "\n".join([*lines[:90], *(line.replace("Oslo", "Bergen") for line in lines[90:])]) + "\n")
    said = files.run("synthesize", "people.csv", "-n", 400, "--balance", "city", "-o", "out.csv", "--effort", "fast")
    assert said.code == 0, said.err
    assert 160 <= files.read("out.csv").count("Bergen") <= 240


def test_a_folder_becomes_a_folder(files):
    files.write("in/people.csv", people())
    files.write("in/cities.jsonl", "".join(f'{{"name": "Oslo", "size": {n % 7}}}\n' for n in range(60)))
    files.write("in/README", "no table")
    said = files.run("synthesize", "in", "-o", "out", "--effort", "fast", "--to", "csv")
    assert said.code == 0, said.err
    assert [name for name in files.files() if name.startswith("out")] == ["out/cities.csv", "out/people.csv"]
    assert "README holds no table" in said.text and "each table was learned by itself" in said.text
    one = files.run("synthesize", "in", "--table", "cities", "-n", 5, "-o", "five.jsonl", "--effort", "fast")
    assert one.code == 0, one.err
    assert [set(json.loads(line)) for line in files.read("five.jsonl").splitlines()] == [{"name", "size"}] * 5


def stays(rows=240):
    chance = random.Random(6)
    return "stay,person_id,nights\n" + "".join(
        f"{number},{chance.randint(1, 120)},{chance.randint(1, 9)}\n" for number in range(rows)
    )


def test_keys_between_files_are_found_and_hold_and_the_report_finds_them_too(files):
    files.write("in/people.csv", people())
    files.write("in/stays.csv", stays())
    said = files.run("synthesize", "in", "-o", "out", "--effort", "fast")
    assert said.code == 0, said.err
    assert "keys found by names and values: stays.person_id -> people.id" in said.text
    assert "keys between them hold" in said.text
    guests, rows = written(files, "people", "stays")
    assert set(rows["person_id"].to_pylist()) <= set(guests["id"].to_pylist())
    assert len(set(guests["id"].to_pylist())) == len(guests) and len(rows) > 200
    told = files.run("report", "in", "out", "--json-to", "told.json", "--html", "told.html")
    assert "stays.person_id" in files.read("told.json"), told.err


def test_keys_between_files_are_said_where_names_do_not_tell(files):
    files.write("in/people.csv", people())
    files.write("in/stays.csv", stays().replace("person_id", "guest"))
    said = files.run("synthesize", "in", "-o", "out", "--effort", "fast", "--key", "stays.guest -> people.id")
    assert said.code == 0, said.err
    guests, rows = written(files, "people", "stays")
    assert set(rows["guest"].to_pylist()) <= set(guests["id"].to_pylist())


def test_frames_by_name_become_frames_between_which_keys_hold():
    people = pa.table({"id": range(1, 81), "city": ["Oslo", "Bergen"] * 40})
    stays = pa.table({"guest": [1 + n // 3 for n in range(200)], "nights": [n % 7 for n in range(200)]})
    tables = {"people": people.to_pandas(), "stays": stays}
    made = synthesize(tables, keys=["stays.guest -> people.id"], effort="fast", rows=50)
    assert type(made["people"]).__name__ == "DataFrame" and isinstance(made["stays"], pa.Table)
    assert len(made["people"]) == 50 and set(made["stays"]["guest"].to_pylist()) <= set(made["people"]["id"])
    apart = synthesize(tables, effort="fast")
    assert len(apart["stays"]) == 200 and set(apart["stays"]["nights"].to_pylist()) <= set(range(7))
    for data, words in ((tables, {"given": people}), (people, {"keys": ["stays.guest -> people.id"]})):
        with pytest.raises(InputError, match=f"`{next(iter(words))}` is for"):
            synthesize(data, **words)


INN = (
    "CREATE TABLE guests (id int PRIMARY KEY, city text NOT NULL);"
    "CREATE TABLE stays (guest int NOT NULL REFERENCES guests, nights int NOT NULL);"
    "INSERT INTO guests SELECT n, (array['Oslo', 'Bergen'])[1 + n % 2] FROM generate_series(1, 80) n;"
    "INSERT INTO stays SELECT 1 + n / 3, n % 7 FROM generate_series(1, 200) n"
)


def test_tables_that_keys_join_are_made_together_and_what_filters_refused_is_told_by_table(files, database):
    said = files.run(
        "synthesize", database(INN), "-o", "out", "--effort", "fast", "--outliers", "high", "--report", "told.json"
    )
    assert said.code == 0, said.err
    assert "keys between them hold" in said.text
    told = {one["table"]: one for one in json.loads(files.read("told.json"))["tables"]}
    assert set(told["stays"]["refused"]) == {"copies", "near copies", "outliers"}
    guests, stays = written(files, "guests", "stays")
    assert set(stays["guest"].to_pylist()) <= set(guests["id"].to_pylist())
    assert len(stays) == told["stays"]["rows"] and len(guests) == told["guests"]["rows"]


def test_a_budget_for_tables_that_keys_join_is_one_for_all_of_them_and_told(files, database, monkeypatch):
    monkeypatch.setattr(Plan.__init__, "__defaults__", (16, 1, 3, 4, 100, 1, 1.0, 2e-3, 0.9))
    url = database(
        INN.replace("1, 80)", "1, 400)").replace("1, 200)", "1, 900)")
        + ";CREATE TABLE lands (code text PRIMARY KEY); INSERT INTO lands VALUES ('NO'), ('SE');"
        "ALTER TABLE guests ADD land text NOT NULL DEFAULT 'NO' REFERENCES lands"
    )
    refused = files.run("synthesize", url, "-o", "out", "--epsilon", 20)
    assert refused.code == 2 and "a subject is a row of lands: the table has too few subjects" in refused.err
    assert "or name lands as public, if it holds nobody's rows" in refused.err
    said = files.run("synthesize", url, "-o", "out", "--epsilon", 20, "--public", "lands")
    assert said.code == 0, said.err
    assert (
        said.text.count("for one row of guests with all that belongs to it, learned from at most 8 of its stays") == 1
    )
    assert "rows of lands" in said.text and "filters refused" not in said.text
    guests, stays, lands = written(files, "guests", "stays", "lands")
    assert set(stays["guest"].to_pylist()) <= set(guests["id"].to_pylist())
    assert lands["code"].to_pylist() == ["NO", "SE"] and set(guests["land"].to_pylist()) <= {"NO", "SE"}
    one = files.run("synthesize", url, "--table", "stays", "-o", "o.csv", "--epsilon", 20, "--public", "lands")
    assert one.code == 2 and "public tables are for several that keys join" in one.err


def test_a_database_table_is_read_through_its_connection(files, database):
    url = database(
        "CREATE TABLE guests (id bigint PRIMARY KEY, age int NOT NULL, city text);"
        "INSERT INTO guests SELECT n, 18 + n % 50, 'city ' || n % 3 FROM generate_series(1, 100) n"
    )
    words = ("--effort", "fast", "--similarity", "off")
    said = files.run("synthesize", url, "--table", "guests", "-n", 40, "-o", "out.csv", *words)
    assert said.code == 0, said.err
    rows = [line.split(",") for line in files.read("out.csv").splitlines()]
    assert rows[0] == ["id", "age", "city"] and len({row[0] for row in rows[1:]}) == 40
    wrong = files.run("synthesize", url, "--table", "guest", "-o", "x.csv")
    assert wrong.code == 2 and "did you mean" in wrong.err


def test_tables_of_a_database_are_made_together_and_their_keys_hold(files, database):
    url = database(
        "CREATE TABLE guests (id int PRIMARY KEY, email text NOT NULL, age int NOT NULL, paid numeric);"
        "CREATE TABLE stays (id int PRIMARY KEY, guest_id int NOT NULL REFERENCES guests, nights int NOT NULL);"
        "INSERT INTO guests SELECT n, 'g' || n || '@private.net', 18 + n % 50, n % 9 FROM generate_series(1, 80) n;"
        "INSERT INTO stays SELECT n, 1 + n % 80, n % 7 FROM generate_series(1, 160) n"
    )
    said = files.run("synthesize", url, "-n", 50, "-o", "out", "--to", "csv", "--effort", "fast")
    assert said.code == 0, said.err
    guests, stays = (
        [line.split(",") for line in files.read(f"out/{name}.csv").splitlines()[1:]] for name in ("guests", "stays")
    )
    assert len({row[0] for row in guests}) == 50 and {row[1] for row in stays} <= {row[0] for row in guests}
    assert not [row for row in guests if "private.net" in row[1]] and all(0 <= float(row[3]) <= 9 for row in guests)
    assert "keys between them hold" in said.text


def test_what_a_row_repeats_of_the_one_it_points_at_it_repeats_in_made_rows_too(files, database):
    url = database(
        "CREATE TABLE guests (id int PRIMARY KEY, email text NOT NULL, city text, age int NOT NULL);"
        "CREATE TABLE stays (id int PRIMARY KEY, guest_id int NOT NULL REFERENCES guests, guest_city text,"
        " contact text NOT NULL, nights int NOT NULL);"
        "INSERT INTO guests SELECT n, 'g' || n || '@private.net', CASE WHEN n % 9 > 0 THEN 'Zaphodville ' || n END,"
        " 18 + n % 50 FROM generate_series(1, 80) n;"
        "INSERT INTO stays SELECT n, g.id, g.city, g.email, n % 7"
        " FROM generate_series(1, 160) n JOIN guests g ON g.id = 1 + n % 80"
    )
    said = files.run("synthesize", url, "-o", "out", "--effort", "fast")
    assert said.code == 0, said.err
    guests, stays = (rows.to_pylist() for rows in written(files, "guests", "stays"))
    known = {guest["id"]: guest for guest in guests}
    assert len({guest["city"] for guest in guests}) > 20 and None in {guest["city"] for guest in guests}
    assert all(stay["guest_city"] == known[stay["guest_id"]]["city"] for stay in stays)
    assert all(stay["contact"] == known[stay["guest_id"]]["email"] for stay in stays)
    assert not [guest for guest in guests if "private.net" in guest["email"]]
    assert "repeated: guest_city is that of guests.city, contact is that of guests.email" in said.text


def test_keys_that_partitions_declare_one_by_one_hold_in_made_rows(files, database):
    url = database(
        "CREATE TABLE guests (id int PRIMARY KEY, age int NOT NULL);"
        "CREATE TABLE stays (guest_id int NOT NULL, year int NOT NULL, nights int NOT NULL) PARTITION BY LIST (year);"
        "CREATE TABLE stays_old PARTITION OF stays FOR VALUES IN (2024);"
        "CREATE TABLE stays_new PARTITION OF stays FOR VALUES IN (2025);"
        "CREATE TABLE stays_next PARTITION OF stays FOR VALUES IN (2026);"  # which declares none
        "ALTER TABLE stays_old ADD FOREIGN KEY (guest_id) REFERENCES guests;"
        "ALTER TABLE stays_new ADD FOREIGN KEY (guest_id) REFERENCES guests;"
        "INSERT INTO guests SELECT n, 18 + n % 50 FROM generate_series(1, 80) n;"
        "INSERT INTO stays SELECT 1 + n % 80, 2024 + n % 3, n % 7 FROM generate_series(1, 160) n"
    )
    said = files.run("synthesize", url, "-o", "out", "--effort", "fast")
    assert said.code == 0, said.err
    guests, stays = written(files, "guests", "stays")
    assert set(stays["guest_id"].to_pylist()) <= set(guests["id"].to_pylist())
    assert {2024, 2025, 2026} <= set(stays["year"].to_pylist())


STAFF = (
    "CREATE TABLE employees (id int PRIMARY KEY, first_name text, birth_date date, city text, floor int,"
    " locker text, active boolean, hired timestamp);"
    "CREATE TABLE drinks (id int PRIMARY KEY, name text, strength int);"
    "CREATE TABLE orders (id int PRIMARY KEY, employee_id int NOT NULL REFERENCES employees,"
    " drink_id int NOT NULL REFERENCES drinks, total int NOT NULL);"
    "CREATE TABLE refunds (order_id int REFERENCES orders, note text);"
    "INSERT INTO employees SELECT n, 'Wendeline', date '1961-03-01' + n - 1, 'Grootegast', 700 + n, 'QX-7' || n, n > 3,"
    " timestamp '1987-06-05 08:00' FROM generate_series(1, 6) n;"
    "INSERT INTO drinks VALUES (1, 'tea', 0), (2, 'absinthe', 70);"
    "INSERT INTO orders SELECT n, 1 + n % 6, 1 + n % 2, n % 90 FROM generate_series(1, 150) n;"
)


def test_small_tables_that_much_points_at_are_copied_with_people_in_them_masked_and_empty_ones_stay_empty(
    files, database
):
    said = files.run("synthesize", database(STAFF), "-o", "out", "--effort", "fast", "--report", "told.json")
    assert said.code == 0, said.err
    told = {one["table"]: one for one in json.loads(files.read("told.json"))["tables"]}
    employees, drinks, refunds = written(files, "employees", "drinks", "refunds")
    assert employees["id"].to_pylist() == [1, 2, 3, 4, 5, 6]
    assert employees["active"].to_pylist() == [False, False, False, True, True, True]
    assert "Wendeline" not in employees["first_name"].to_pylist() and "Grootegast" not in employees["city"].to_pylist()
    assert not {one.isoformat() for one in employees["birth_date"].to_pylist()} & {f"1961-03-0{n}" for n in range(1, 7)}
    assert employees["floor"].to_pylist() != [701, 702, 703, 704, 705, 706]
    lockers = employees["locker"].to_pylist()
    assert all(re.fullmatch(r"[A-Z]{2}-\d\d", one) and not one.startswith("QX-7") for one in lockers)
    assert "1987-06-05" not in {str(one)[:10] for one in employees["hired"].to_pylist()}
    assert {column for column, how in told["employees"]["columns"].items() if how == "copied"} == {"id", "active"}
    assert "employees.parquet: 6 rows copied" in said.text and told["orders"]["copied"] is False
    assert drinks["name"].to_pylist() == ["tea", "absinthe"] and drinks["strength"].to_pylist() == [0, 70]
    assert len(refunds) == 0 and refunds.column_names == ["order_id", "note"]


def test_a_table_that_is_said_to_be_public_is_copied_as_it_is(files, database):
    url = database(STAFF)
    said = files.run("synthesize", url, "-o", "out", "--effort", "fast", "--public", "employees")
    assert said.code == 0, said.err
    assert set(pq.read_table(files.folder / "out/employees.parquet")["first_name"].to_pylist()) == {"Wendeline"}
    wrong = files.run("synthesize", url, "-o", "other", "--public", "refunds")
    assert wrong.code == 2 and "refunds is said to be public, and points at rows of orders" in wrong.err


@pytest.mark.parametrize(
    ("columns", "values", "told"),
    [
        ("email text PRIMARY KEY", "'n' || n || '@private.net'", "doctors.email tells of people"),
        ("id int PRIMARY KEY, email text, seal point NOT NULL", "n, 'n@private.net', '(1,2)'", "doctors.seal tells of"),
    ],
)
def test_copied_rows_of_people_that_no_rule_fits_stop_before_anything_is_learned(
    columns, values, told, files, database
):
    key, kind = columns.split()[:2]
    url = database(
        f"CREATE TABLE doctors ({columns});"
        f"CREATE TABLE visits (id int PRIMARY KEY, doctor {kind} NOT NULL REFERENCES doctors);"
        f"INSERT INTO doctors SELECT {values} FROM generate_series(1, 5) n;"
        f"INSERT INTO visits SELECT m, (SELECT min({key}) FROM doctors) FROM generate_series(1, 150) m"
    )
    said = files.run("synthesize", url, "-o", "out")
    assert said.code == 2 and told in said.err and "--public doctors" in said.err
    assert "private" not in said.err and "out" not in files.files()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "x.csv"], "there is nothing to learn from"),
        (["none.csv", "-o", "x.csv"], "there is no file 'none.csv'"),
        (["people.csv", "-o", "people.csv"], "is the source itself"),
        (["people.csv", "-o", "x.unknown"], "the format of 'x.unknown' is not known"),
        (["people.csv", "--model", "none", "-o", "x.csv"], "there is no model 'none'"),
        (["people.csv", "--json"], "name a file with `-o`"),
        (["few.csv", "-o", "x.csv"], "fewer than the 20 it takes"),
        (["people.csv", "--balance", "age,", "-o", "x.csv"], "column 'age,' does not exist"),
        (["people.csv", "--subject", "town", "-o", "x.csv"], "column 'town' does not exist"),
        (["people.csv", "--subject", "id", "-o", "x.csv"], "no 'id' has two rows"),
        (["people.csv", "--subject", "city", "--save", "m", "-o", "x.csv"], "`save` is for rows that do not belong"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_written(files, words, told):
    files.write("few.csv", "a,b\n1,2\n3,4\n")
    said = files.run("synthesize", *words, "--effort", "fast")
    assert said.code == 2 and told in said.err, said.err
    assert files.files() == ["few.csv", "people.csv"]


def test_a_budget_of_privacy_is_kept_and_told(files):
    files.write("people.csv", people(600))  # the number of rows is noisy too: with few, chance says too few
    said = files.run("synthesize", "people.csv", "--epsilon", 3, "-n", 40, "-o", "out.csv", "--effort", "fast")
    assert said.code == 0, said.err
    assert len(files.read("out.csv").splitlines()) == 41
    assert "epsilon 3" in said.text or "epsilon 2.9" in said.text
    mixed = files.run("synthesize", "people.csv", "--epsilon", 3, "--similarity", "high", "-o", "x.csv")
    assert mixed.code == 2 and "spends a budget that nobody counts" in mixed.err


def test_ctrl_c_leaves_nothing_behind_and_says_so(files):
    files.write("people.csv", people(5_000))
    going = files.start("synthesize", "people.csv", "-o", "out.parquet", "--effort", "best")
    assert going.stderr.readline().startswith(b"read: ")
    going.send_signal(signal.SIGINT)
    out, err = going.communicate(timeout=60)
    assert (going.returncode, out) == (130, b"")
    assert b"stopped, nothing was written: there is no 'out.parquet'" in err and b"Traceback" not in err
    assert files.files() == ["people.csv"]


def test_without_the_extra_a_person_is_told_what_to_install(files, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    said = files.run("synthesize", "people.csv", "-o", "out.csv")
    assert said.code == 2 and "synthesis needs torch" in said.err and "pip install 'understudy[synth]'" in said.err


def test_the_library_gives_back_the_kind_of_frame_that_it_got():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    frame = pandas.read_csv(io.StringIO(people()))
    made = synthesize(frame, rows=30, effort="fast", balance={"city": {"Oslo": 1.0}})
    assert list(made.columns) == list(frame.columns) and (made.dtypes == frame.dtypes).all()
    assert set(made["city"]) == {"Oslo"}
    other = synthesize(polars.from_pandas(frame), given=polars.DataFrame({"age": [30, 40]}), effort="fast")
    assert isinstance(other, polars.DataFrame) and other["age"].to_list() == [30, 40]
    table = pa.table({"a": [n % 7 for n in range(50)], "b": [n % 2 == 0 for n in range(50)]})
    assert synthesize(table, effort="fast").schema == table.schema
    with pytest.raises(InputError, match="cannot be learned from"):
        synthesize([1, 2])
