"""What `understudy.entities` finds in labelled texts, and how fast `free_text` replaces it.

python benchmarks/free_text.py FOLDER

FOLDER holds sets of labelled texts as microsoft/presidio-research has them (`synth_dataset_v2.json`,
`generated_large.json`).  Patterns were tuned on the first half of the former only; every number is also
given for a plain baseline of three regular expressions: e-mail, telephone, card.

What is missed: names that no dictionary has and nothing introduces, names in lower case, single family
names, organisations without a legal form, streets of languages whose words are not listed, bare years.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from understudy import entities, locales, transforms
from understudy.interfaces import BATCH_ROWS, Rule
from understudy.schema import Column, Table, TableName, Unique
from understudy.transforms import Key, parse_rule

TUNED = "synth_dataset_v2.json"
OTHER = "generated_large.json"

MEANT = {
    "EMAIL_ADDRESS": {"email"},
    "PHONE_NUMBER": {"phone"},
    "CREDIT_CARD": {"card"},
    "IBAN_CODE": {"iban"},
    "US_SSN": {"ssn"},
    "IP_ADDRESS": {"ip"},
    "DOMAIN_NAME": {"url", "domain"},
    "DATE_TIME": {"date", "datetime", "birth_date", "time"},
    "US_DRIVER_LICENSE": {"driving_licence"},
    "AGE": {"age"},
    "ZIP_CODE": {"postcode"},
    "STREET_ADDRESS": {"address", "postcode", "city"},
    "ADDRESS": {"address", "postcode", "city"},
    "PERSON": {"person"},
    "ORGANIZATION": {"company"},
    "GPE": {"city", "country"},
    "LOCATION": {"city", "country"},
}
"""Labels of the sets, and the entities that are right for them."""

BASELINE = {
    "email": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    "phone": re.compile(r"\+?\d[\d ().-]{7,}\d"),
    "card": re.compile(r"\b(?:\d[ -]?){13,16}\b"),
}

Span = tuple[int, int, int]
"""Row, first and last character."""


@dataclass
class Labelled:
    """Texts and where in them what stands."""

    texts: list[str]
    truth: dict[str, set[Span]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    def read(cls, path: Path, part: slice = slice(None)) -> Labelled:
        rows = json.loads(path.read_text())[part]
        found = cls([row["full_text"] for row in rows])
        for number, row in enumerate(rows):
            for span in row["spans"]:
                found.truth[span["entity_type"]].add((number, span["start_position"], span["end_position"]))
        return found


def ours(texts: list[str]) -> dict[str, set[Span]]:
    """What `entities.spans` finds, in characters."""
    array = pa.array(texts)
    there = entities.spans(array)
    found: dict[str, set[Span]] = defaultdict(set)
    for row, start, end, kind in zip(there.row, there.start, there.end, there.entity, strict=True):
        data = texts[row].encode()
        first = len(data[:start].decode())
        found[there.names[kind]].add((int(row), first, first + len(data[start:end].decode())))
    return found


def baseline(texts: list[str]) -> dict[str, set[Span]]:
    """What three regular expressions find."""
    return {
        name: {(row, *match.span()) for row, text in enumerate(texts) for match in pattern.finditer(text)}
        for name, pattern in BASELINE.items()
    }


def overlapping(spans: Iterable[Span], others: Iterable[Span]) -> int:
    """How many spans share a character with one of the others."""
    by_row: dict[int, list[Span]] = defaultdict(list)
    for other in others:
        by_row[other[0]].append(other)
    return sum(any(one[1] < other[2] and other[1] < one[2] for other in by_row[one[0]]) for one in spans)


@dataclass(frozen=True)
class Score:
    """Precision and recall, where spans must be the same or may overlap."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def __str__(self) -> str:
        return f"{self.precision:5.2f} {self.recall:5.2f} {self.f1:5.2f}"


def scores(truth: set[Span], everything: set[Span], found: set[Span]) -> tuple[Score, Score]:
    """Exact, and by overlap; what lies inside any label of the same meaning is no false alarm."""
    exact = len(truth & found)
    right, met = overlapping(found, everything), overlapping(truth, found)
    return (
        Score(exact / len(found) if found else 0.0, exact / len(truth)),
        Score(right / len(found) if found else 0.0, met / len(truth)),
    )


def table(labelled: Labelled, find: Callable[[list[str]], dict[str, set[Span]]]) -> None:
    """Print precision, recall and F1 for every label."""
    found = find(labelled.texts)
    print(f"{'':<20} {'labels':>6}   exact: P     R    F1    overlap: P     R    F1")
    for label, truth in sorted(labelled.truth.items(), key=lambda item: -len(item[1])):
        if label not in MEANT:
            continue
        names = MEANT[label]
        alike = set().union(*(spans for other, spans in labelled.truth.items() if MEANT.get(other, set()) & names))
        there = set().union(*(found.get(name, set()) for name in names))
        exact, loose = scores(truth, alike, there)
        print(f"{label:<20} {len(truth):>6}   {exact}       {loose}")
    every = set().union(*labelled.truth.values())
    there = set().union(*found.values())
    covered = overlapping(every, there) / len(every)
    print(
        f"{'any label touched':<20} {len(every):>6}   {covered:.2f}"
        f"   characters of labels found: {characters(every, there):.2f}"
    )


def characters(truth: set[Span], found: set[Span]) -> float:
    """Which part of the labelled characters lies in something that was found."""
    marked = {(row, place) for row, start, end in truth for place in range(start, end)}
    seen = {(row, place) for row, start, end in found for place in range(start, end)}
    return len(marked & seen) / len(marked)


NOTES = (
    "Dear {first}, thank you for your call about order {number}. We have sent the invoice to {email} and will ring "
    "you on {phone} next week. Please do not hesitate to write if anything is missing. Kind regards, Customer Care",
    "Patient {first} {last} was seen for a follow-up on {day}. Blood pressure is well controlled, no side effects "
    "reported. {title} {last} should continue the treatment and come back in three months; the pharmacy has been told.",
    "Customer complains that the parcel was left at {number} Baker Street, London, instead of the new address. "
    "Offered a refund, which was declined. The driver says that nobody answered the door. Case stays open.",
    "No answer, left a message. Will try again tomorrow. The line was busy in the morning and the mailbox is full; "
    "according to the last note the contract runs until the end of the year, so there is no hurry.",
)
"""What notes in a database look like: a quarter of them name nobody."""


def notes(rows: int) -> tuple[pa.Table, Table]:
    """People with a note each."""
    first, last = words(locales.first_names(), rows), words(locales.last_names(), rows)
    data = pa.table(
        {
            "id": pa.array(range(rows)),
            "first_name": pa.array(first),
            "last_name": pa.array(last),
            "email": pa.array([f"person.{number}@mail{number % 97}.example" for number in range(rows)]),
            "note": pa.array(
                [
                    NOTES[number % len(NOTES)].format(
                        first=first[number],
                        last=last[number],
                        title=("Mr.", "Mrs.", "Dr.")[number % 3],
                        email=f"person.{number}@mail{number % 97}.example",
                        phone=f"+49 170 {number:07}",
                        number=number % 300 + 1,
                        day=f"{number % 28 + 1} May 20{number % 20:02}",
                    )
                    for number in range(rows)
                ]
            ),
        }
    )
    columns = [Column(name, "text", "text", pa.string()) for name in ("first_name", "last_name", "email", "note")]
    key = Column("id", "integer", "integer", pa.int64(), nullable=False)
    return data, Table(TableName("", "people"), (key, *columns), (Unique("pk", ("id",), primary=True),))


def words(table: pa.Array, rows: int) -> list[str]:
    """As many names as there are rows, in their usual spelling."""
    names = [name.title() for name in table.to_pylist() if name.isascii()]
    return [names[number * 7 % len(names)] for number in range(rows)]


def speed(rows: int) -> None:
    """Print how many notes are searched and masked per second of one core."""
    data, table = notes(rows)
    size = pc.sum(pc.binary_length(data["note"])).as_py() / rows
    print(f"\n{rows:,} notes of {size:.0f} characters, per second and core")
    texts = data["note"].combine_chunks()
    rules = {"first_name": "first_name", "last_name": "last_name", "email": "email"}
    rules["note"] = {"free_text": ["first_name", "last_name", "email"]}
    parsed = {name: parse_rule(rule) for name, rule in rules.items()}
    for title, work in (
        ("entities.spans", lambda: entities.spans(texts)),
        ("free_text", masker(table, {"note": parse_rule("free_text")}, data)),
        ("free_text with the row's names, and their columns", masker(table, parsed, data)),
    ):
        start = time.process_time()
        work()
        print(f"{title:<50} {rows / (time.process_time() - start):>10,.0f}")


def masker(table: Table, rules: dict[str, Rule], data: pa.Table) -> Callable[[], object]:
    """What masks all rows once."""
    transform = transforms.compile(table, rules, key=Key(bytes(range(32))), domains={})
    batches = data.to_batches(max_chunksize=BATCH_ROWS)
    return lambda: [transform(batch) for batch in batches]


def patients(path: Path) -> None:
    """Print how often notes name their own patient before and after masking, with and without the patient's columns."""
    rows = list(csv.DictReader(path.open()))
    data = {name: pa.array([row[name] for row in rows]) for name in ("fname", "lname", "doctor_notes")}
    columns = tuple(Column(name, "text", "text", pa.string()) for name in data)
    names = [(number, row[name]) for number, row in enumerate(rows) for name in ("fname", "lname")]
    print(f"\nnames of patients in {len(rows)} notes of {path.name}")
    for title, rule in (
        ("before", "keep"),
        ("free_text", "free_text"),
        ("with columns", {"free_text": ["fname", "lname"]}),
    ):
        rules = {"fname": "first_name", "lname": "last_name", "doctor_notes": rule}
        parsed = {name: parse_rule(one) for name, one in rules.items()}
        transform = transforms.compile(
            Table(TableName("", "notes"), columns), parsed, key=Key(bytes(range(32))), domains={}
        )
        after = transform(pa.record_batch(data))["doctor_notes"].to_pylist()
        there = sum(len(re.findall(rf"\b{re.escape(name)}\b", after[number])) for number, name in names)
        print(f"{title:<20} {there:>4}")


def main() -> None:
    speed(40_000)
    folder = Path(sys.argv[1])
    notes_beside = folder.parent / "gretel_samples" / "patients_notes.csv"
    if notes_beside.exists():
        patients(notes_beside)
    sets = [
        (f"{TUNED}, first half (tuned on)", Labelled.read(folder / TUNED, slice(0, None, 2))),
        (f"{TUNED}, second half", Labelled.read(folder / TUNED, slice(1, None, 2))),
        (OTHER, Labelled.read(folder / OTHER)),
    ]
    for title, labelled in sets:
        for what, find in (("understudy.entities", ours), ("baseline", baseline)):
            print(f"\n{title}: {what}")
            table(labelled, find)


if __name__ == "__main__":
    main()
