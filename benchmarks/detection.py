"""How much personal data `detect` finds in real databases, and how much that it finds is none.

python benchmarks/detection.py [dataset ...] [--misses] [--names] [--blind]

The labels beside (`detection_labels.txt`) were written by reading the schemas before the detector ran, and say which
datasets were looked at while its words and weights were chosen.  Two baselines: the 20
anchored column names that a usual detector knows, and our own words without looking at a row (`--names` prints its
table).  `--blind` takes the columns' names away: what values alone tell.  The datasets lie in ../shared/data; those
that are not there are left out.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa

from understudy import detect
from understudy.connections import connect
from understudy.connections.folder import Folder
from understudy.connections.postgres.server import THROW_AWAY, Server, binary
from understudy.interfaces import Dataset
from understudy.schema import Column, Kind, Schema, Table, TableName

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
LABELS = Path(__file__).with_name("detection_labels.txt")

Place = tuple[str, str]
"""A table and a column."""

CONTESTED = "?"

ANCHORED: Mapping[str, str] = {
    r"^e?mail(_address)?$": "email",
    r"^first_?name$": "first_name",
    r"^last_?name$": "last_name",
    r"^full_?name$": "full_name",
    r"^user_?name$": "username",
    r"^phone(_number)?$": "phone",
    r"^address$": "address",
    r"^street(_address)?$": "address",
    r"^city$": "city",
    r"^state$": "region",
    r"^zip_?(code)?$": "postcode",
    r"^postal_?code$": "postcode",
    r"^country$": "country",
    r"^ssn$": "national_id",
    r"^(dob|date_of_birth|birth_?date)$": "birth_date",
    r"^gender$": "gender",
    r"^password$": "secret",
    r"^credit_?card(_number)?$": "card",
    r"^ip_?(address)?$": "ip",
    r"^company(_name)?$": "company",
}
"""Twenty anchored names, as Neosync's open detector had them."""


@dataclass(frozen=True)
class Labelled:
    """One dataset with what its columns hold."""

    name: str
    half: str
    labels: Mapping[Place, frozenset[str]]


def labels() -> Iterator[Labelled]:
    """The datasets of the labels file, in its order."""
    name, half, found = "", "", {}
    for line in [*LABELS.read_text(encoding="utf-8").splitlines(), "== end (none)"]:
        if line.startswith("== "):
            if name:
                yield Labelled(name, half, found)
            (name, half), found = re.findall(r"== (\S+) \((.*)\)", line)[0], {}
        elif line and not line.startswith("#"):
            entities, _, places = line.partition(": ")
            for place in places.split():
                table, _, column = place.rpartition(".")
                found[table, column.replace("?", " ")] = frozenset(entities.split("|"))


# Where the datasets come from.

ADULT = (
    "age workclass fnlwgt education education_num marital_status occupation relationship race sex capital_gain "
    "capital_loss hours_per_week native_country income"
).split()
ADVENTUREWORKS = {
    "Address": (
        "AddressID AddressLine1 AddressLine2 City StateProvinceID PostalCode SpatialLocation rowguid ModifiedDate"
    ),
    "CreditCard": "CreditCardID CardType CardNumber ExpMonth ExpYear ModifiedDate",
    "EmailAddress": "BusinessEntityID EmailAddressID EmailAddress rowguid ModifiedDate",
    "PersonPhone": "BusinessEntityID PhoneNumber PhoneNumberTypeID ModifiedDate",
}
FILES: Mapping[str, Mapping[str, str]] = {
    "bank": {"bank": "tabular/bank_marketing/bank_marketing.csv.gz"},
    "baseball": {"players": "relational/baseball/players.csv.gz"},
    "housing": {"housing": "tabular/california_housing/housing.csv"},
    "gretel": {
        name: f"pii/gretel_samples/{name}.csv"
        for name in (
            *("hipaa_patients", "sample-patient-events", "patients", "patients_notes", "ecommerce_customers"),
            *("financial_transactions", "monthly-customer-payments", "ontonotes5_reduced", "us-adult-income"),
            *("sample-synthetic-healthcare", "uber_scooter_rides_1day", "sample-banking-questions-intents"),
        )
    },
    "atlas": {
        "customers": "mongo/mongo_atlas_samples/sample_analytics/customers.json",
        "accounts": "mongo/mongo_atlas_samples/sample_analytics/accounts.json",
        "users": "mongo/mongo_atlas_samples/sample_mflix/users.json",
        "sessions": "mongo/mongo_atlas_samples/sample_mflix/sessions.json",
        "theaters": "mongo/mongo_atlas_samples/sample_mflix/theaters.json",
    },
}
DDL = {"fineract": "mysql/mysql_fineract/barebones_db.sql", "fleet": "mysql/mysql_fleet/schema.sql"}
_MYSQL: tuple[tuple[str, Kind, pa.DataType], ...] = (
    (r"bit|bool|tinyint\(1\)", "boolean", pa.bool_()),
    (r"(big|small|medium|tiny)?int", "integer", pa.int64()),
    (r"decimal|numeric|double|float", "decimal", pa.string()),
    (r"(var)?char|text|tinytext|mediumtext|longtext|enum", "text", pa.string()),
    (r"datetime|timestamp", "timestamp", pa.timestamp("us")),
    (r"date", "date", pa.date32()),
    (r"time", "time", pa.time64("us")),
    (r"json", "json", pa.string()),
    (r".*blob|(var)?binary", "bytes", pa.binary()),
)


def opened(name: str, server: Server, folder: Path) -> Dataset | Schema | None:
    """A dataset, or its schema alone where there are no rows; None where it is not here."""
    if name in DDL:
        return _of_ddl(DATA / DDL[name]) if (DATA / DDL[name]).is_file() else None
    if name in ("adult", "adventureworks") or name in FILES:
        return _of_files(name, folder)
    if not (DATA / "load_postgres.sh").is_file():
        return None
    environment = {**os.environ, "PGHOST": str(server.socket), "PGUSER": "postgres", "X": "detect_"}
    environment["PATH"] = f"{binary('psql', at_least=13).parent}:{os.environ['PATH']}"
    subprocess.run(["bash", DATA / "load_postgres.sh", name], env=environment, check=True, capture_output=True)
    return connect(server.url(f"detect_{name}"))


def _of_ddl(path: Path) -> Schema:
    """Tables as MySQL's own dump declares them: names and types, no rows."""
    text = path.read_text(encoding="utf-8", errors="replace")
    tables = []
    for name, body in re.findall(r"CREATE TABLE (?:IF NOT EXISTS )?`(\w+)` \((.*?)\n\)", text, re.DOTALL):
        columns = []
        for column, native in re.findall(r"^\s*`(\w+)`\s+([A-Za-z]+(?:\([^)]*\))?)", body, re.MULTILINE):
            kind, arrow = next((k, a) for pattern, k, a in _MYSQL if re.match(pattern, native.lower()))
            columns.append(Column(column, native, kind, arrow))
        tables.append(Table(TableName("", name), tuple(columns)))
    return Schema(tuple(tables), engine="mysql")


def _of_files(name: str, folder: Path) -> Dataset | None:
    """A folder of files as DuckDB reads them; those without a header get the names they are published with."""
    made = folder / name
    made.mkdir()
    if name == "adult":
        source = DATA / "tabular/adult_uci/adult-train.csv"
        _rewritten(source, made / "adult.csv", ADULT, separator=", ")
    elif name == "adventureworks":
        for table, columns in ADVENTUREWORKS.items():
            _rewritten(
                DATA / f"pii/adventureworks_pii/{table}.tsv", made / f"{table}.csv", columns.split(), separator="\t"
            )
    else:
        for table, path in FILES[name].items():
            _linked(DATA / path, made, table)
    return Folder(made) if any(made.iterdir()) else None


def _rewritten(source: Path, target: Path, columns: Sequence[str], *, separator: str) -> None:
    if source.is_file():
        lines = [line.split(separator) for line in source.read_text(encoding="utf-8").splitlines() if line.strip()]
        rows = pa.table({name: [line[place] or None for line in lines] for place, name in enumerate(columns)})
        duckdb.from_arrow(rows).write_csv(str(target), header=True)


def _linked(source: Path, folder: Path, table: str) -> None:
    if not source.is_file():
        return
    if source.suffix == ".json":
        (folder / f"{table}.jsonl").symlink_to(source)
    elif source.suffix == ".gz" or "uber" in table:
        header = "false" if "uber" in table else "true"
        sql = f"SELECT * FROM read_csv('{source}', all_varchar=true, header={header})"
        found = duckdb.sql(sql)
        names = [re.sub(r"column0?(\d)", r"column\1", name) for name in found.columns]
        duckdb.from_arrow(found.to_arrow_table().rename_columns(names)).write_csv(
            str(folder / f"{table}.csv"), header=True
        )
    else:
        (folder / f"{table}.csv").symlink_to(source)


# What detectors say, as the entity of every column they flag.

Said = Mapping[Place, str]


def _title(table: TableName) -> str:
    return str(table)


def of_ours(found: Sequence[detect.Finding]) -> Said:
    """The likeliest finding of every column; keys of persons are left out."""
    said: dict[Place, str] = {}
    for one in sorted(found, key=lambda one: one.confidence):
        said[_title(one.table), one.column] = one.entity
    return {place: entity for place, entity in said.items() if entity != "person_key"}


def of_names(schema: Schema) -> Said:
    """What the anchored names say."""
    return {
        (_title(table.name), column.name): entity
        for table in schema.tables
        for column in table.columns
        for pattern, entity in ANCHORED.items()
        if re.match(pattern, column.name.lower())
    }


@dataclass
class Score:
    """Right, wrong and missed columns."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float | None:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else None

    @property
    def recall(self) -> float | None:
        return self.right / (self.right + self.missed) if self.right + self.missed else None

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    def __str__(self) -> str:
        parts = ["   -" if number is None else f"{number:4.2f}" for number in (self.precision, self.recall)]
        return " ".join(parts)


@dataclass
class Scores:
    """How a detector did: at all (personal or not), and by entity."""

    at_all: Score = field(default_factory=Score)
    by_entity: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Scores) -> None:
        self.at_all += other.at_all
        for entity, score in other.by_entity.items():
            self.by_entity[entity] += score
        self.wrong += other.wrong

    @property
    def named(self) -> Score:
        """With the right entity."""
        return sum(self.by_entity.values(), Score())


def scored(one: Labelled, said: Said) -> Scores:
    """Compare what was said with the labels."""
    scores = Scores()
    for place in {**one.labels, **said}:
        label, guess = one.labels.get(place, frozenset()), said.get(place)
        if CONTESTED in label:
            continue
        at_all, name = scores.at_all, f"{one.name}: {'.'.join(place)}"
        if guess is None:
            at_all.missed += 1
            scores.by_entity[min(label)].missed += 1
            scores.wrong.append(f"missed  {name}: {'|'.join(sorted(label))}")
        elif guess in label:
            at_all.right += 1
            scores.by_entity[guess].right += 1
        else:
            at_all.right += bool(label)
            at_all.wrong += not label
            scores.by_entity[guess].wrong += 1
            if label:
                scores.by_entity[min(label)].missed += 1
            scores.wrong.append(f"wrong   {name}: {guess}, is {'|'.join(sorted(label)) or 'not personal'}")
    return scores


def blinded(
    dataset: Dataset, schema: Schema
) -> tuple[Schema, Callable[[Table], pa.Table | None], Mapping[Place, Place]]:
    """The schema with tables and columns called t1, c1, c2 ..., the way to its rows, and the names it had."""
    sampler = detect.Sampler(dataset)
    tables, back, real = [], {}, {}
    for number, table in enumerate(schema.tables):
        columns = [replace(column, name=f"c{place}", comment="") for place, column in enumerate(table.columns)]
        name = TableName("", f"t{number}")
        tables.append(Table(name, tuple(columns), rows=table.rows, readable=table.readable))
        real[name] = table
        for column, hidden in zip(table.columns, columns, strict=True):
            back[str(name), hidden.name] = (_title(table.name), column.name)

    def rows(hidden: Table) -> pa.Table | None:
        found = sampler(real[hidden.name])
        if found is None:
            return None
        names = {place[1]: name for (table, name), place in back.items() if table == str(hidden.name)}
        return found.rename_columns([names[name] for name in found.column_names])

    return Schema(tuple(tables), engine=schema.engine), rows, back


def measured(one: Labelled, dataset: Dataset | Schema, blind: bool) -> dict[str, Scores] | None:
    """The scores of every detector on one dataset."""
    schema = dataset if isinstance(dataset, Schema) else dataset.schema()
    known = {(_title(table.name), column.name) for table in schema.tables for column in table.columns}
    for place in one.labels:
        if place not in known:
            raise SystemExit(f"{one.name} has no column {'.'.join(place)}: mend the labels")
    if isinstance(dataset, Schema):
        return None if blind else _all(one, schema, detect.detect(schema, None))
    with dataset.snapshot() as snapshot:
        if blind:
            hidden, rows, back = blinded(snapshot, schema)
            said = of_ours(detect.detect(hidden, rows))
            return {"ours": scored(one, {back[place]: entity for place, entity in said.items()})}
        return _all(one, schema, detect.detect(schema, snapshot))


def _all(one: Labelled, schema: Schema, found: Sequence[detect.Finding]) -> dict[str, Scores]:
    return {
        "ours": scored(one, of_ours(found)),
        "our names": scored(one, of_ours(detect.detect(schema, None))),
        "20 names": scored(one, of_names(schema)),
    }


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*")
    parser.add_argument("--misses", action="store_true", help="list every column that is wrong or missed")
    parser.add_argument("--names", action="store_true", help="print the table of our names alone, too")
    parser.add_argument("--blind", action="store_true", help="take the names of columns away")
    return parser.parse_args()


def main() -> int:
    """Measure, and print the tables."""
    asked = _asked()
    totals: dict[str, dict[str, Scores]] = defaultdict(lambda: defaultdict(Scores))
    print("precision and recall: personal or not")
    print(f"{'dataset':<16}{'half':<10}{'personal':>8}   {'ours':<12}{'our names':<12}{'20 names':<12}seconds")
    with tempfile.TemporaryDirectory() as folder, Server.start(Path(folder) / "pg", options=THROW_AWAY) as server:
        for one in labels():
            if asked.datasets and one.name not in asked.datasets:
                continue
            dataset = opened(one.name, server, Path(folder))
            if dataset is None:
                print(f"{one.name:<16}is not here")
                continue
            began = time.perf_counter()
            scores = measured(one, dataset, asked.blind) or {}
            for detector, found in scores.items():
                totals[one.half][detector].add(found)
            shown = "".join(f"{found.at_all!s:<12}" for found in scores.values())
            personal = sum(CONTESTED not in label for label in one.labels.values())
            print(f"{one.name:<16}{one.half:<10}{personal:>8}   {shown}{time.perf_counter() - began:7.1f}")
    for half, by_detector in totals.items():
        _print(half, by_detector, names=asked.names)
        if asked.misses:
            print("\n".join(["", *by_detector["ours"].wrong]))
    return 0


def _print(half: str, found: Mapping[str, Scores], *, names: bool) -> None:
    """Precision and recall of every detector: over all columns, and by entity, the most frequent first."""
    detectors = [name for name in found if name != "our names" or names]

    def line(title: str, pick: Callable[[Scores], Score]) -> None:
        columns = pick(found["ours"]).right + pick(found["ours"]).missed
        print(f"{title:<18}{columns:>8}   {''.join(f'{pick(found[name])!s:<12}' for name in detectors)}")

    print(f"\n{half}: precision and recall\n{'':<18}{'columns':>8}   {''.join(f'{name:<12}' for name in detectors)}")
    line("personal or not", lambda scores: scores.at_all)
    line("with its entity", lambda scores: scores.named)
    by_entity = found["ours"].by_entity
    for entity in sorted(by_entity, key=lambda name: -(by_entity[name].right + by_entity[name].missed)):
        line(entity, lambda scores, entity=entity: scores.by_entity[entity])  # type: ignore[misc]


if __name__ == "__main__":
    sys.exit(main())
