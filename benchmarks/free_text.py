"""What `understudy.entities` finds in labelled texts, and how fast `free_text` replaces it.

python benchmarks/free_text.py FOLDER

FOLDER holds sets of labelled texts as microsoft/presidio-research has them (`synth_dataset_v2.json`,
`generated_large.json`).  Patterns were tuned on the first half of the former only; every number is also
given for a plain baseline of three regular expressions: e-mail, telephone, card.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from understudy import entities

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


def main() -> None:
    folder = Path(sys.argv[1])
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
