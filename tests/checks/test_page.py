from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks import sample
from understudy.checks import CHECKS
from understudy.checks.page import page
from understudy.checks.page.advice import ADVICE
from understudy.checks.page.layout import GAP, WIDTH, layout
from understudy.checks.page.words import seconds, share, size
from understudy.checks.report import EdgeReport, TableReport
from understudy.interfaces import Result

VOID = {"meta", "link", "input", "br"}
NASTY = "<script>alert(1)</script>\"'&</svg>--></title>$style"


@dataclass
class Reading(HTMLParser):
    """What a browser would meet: elements properly nested, their attributes, the text outside script and style."""

    open: list[str] = field(default_factory=list)
    attributes: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, attribute: str) -> list[str]:
        return [
            found or "" for _, attributes in self.attributes for name, found in attributes.items() if name == attribute
        ]


def read(html: str) -> Reading:
    reading = Reading()
    reading.feed(html)
    reading.close()
    assert reading.open == []
    return reading


@pytest.mark.parametrize(
    "report", [sample.small(), sample.failed(), sample.large(), sample.small(tables=(), edges=(), results=(), steps=())]
)
def test_the_page_is_one_sound_document(report):
    reading = read(page(report))
    ids = reading.all("id")
    assert len(ids) == len(set(ids))
    assert set(reading.all("aria-controls")) | {
        name for joined in reading.all("aria-labelledby") for name in joined.split()
    } <= set(ids)
    assert {target.removeprefix("#") for target in reading.all("href") if target.startswith("#")} <= set(ids)


def test_the_page_reaches_for_nothing_outside_itself():
    html = page(sample.large())
    reading = read(html)
    assert reading.all("src") == []
    assert {href for href in reading.all("href") if not href.startswith("#")} == {"data:,"}
    assert not re.search(r"@import|url\((?!#)|https?://|fetch\(|XMLHttpRequest", html.replace("postgresql://", ""))
    [policy] = [a["content"] for tag, a in reading.attributes if a.get("http-equiv") == "Content-Security-Policy"]
    script = html.split("<script>")[1].split("</script>")[0]
    assert f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}" in policy
    assert policy.startswith("default-src 'none'")


def test_a_passed_run_says_so_with_its_figures():
    text = read(page(sample.small())).text
    assert "Passed: nightly" in text
    assert "54,068 of about 8,546,970 · 0.6 %" in text
    assert "What to do" not in text
    for fact in ("20260301T081502-3fa2", "0/1A2B3C48", "k-7f3a91c2", "0.1.0 (ad8a3e9)", "percent: 5"):
        assert fact in text


def test_a_failed_run_puts_first_what_failed_and_what_to_do():
    text = read(page(sample.failed())).text
    assert text.index("Failed: nightly") < text.index("What to do") < text.index("Rows kept")
    assert text.index("holds 3 original values of users.email") < text.index("could not run") < text.index("Rows kept")
    assert "Follow the edge to its parent" in text
    checks = text[text.index("Check constraints Do changed") :]
    assert checks.index("could not run") < checks.index("CHECK (price > 0)")


def test_every_name_from_outside_is_escaped():
    nasty = TableReport(NASTY, 10, 5, 5, why=NASTY, columns=(sample.ColumnReport(NASTY, NASTY, NASTY, 1, 2, 3, NASTY),))
    report = sample.small(
        job=NASTY,
        job_text=NASTY,
        source=NASTY,
        destination=NASTY,
        run=NASTY,
        notes=(NASTY,),
        tables=(nasty,),
        edges=(EdgeReport(NASTY, NASTY, NASTY, "followed", NASTY, 3),),
        results=(Result(NASTY, NASTY, "fail", 1, 0, NASTY),),
        steps=(sample.StepReport(NASTY, 1.0, 3),),
    )
    html = page(report)
    assert "<script>alert" not in html
    assert html.count("<script>") == html.count("</script>") == 1
    assert read(html).text.count("alert(1)") > 10


def test_every_check_has_words_for_people():
    made = {"quality", "privacy", "model", "synthesize", "epsilon"}
    assert {*CHECKS, "nulls", "constraints", "accounting", "leaks", *made} == set(ADVICE)


def test_a_check_of_the_users_own_is_shown_under_its_name():
    report = sample.small(results=(Result("my_own_rule", "users", "fail", 1, 0, "seven is not eight"),))
    assert "My own rule" in read(page(report)).text


def test_many_passed_results_are_counted_and_cut():
    results = tuple(Result("not_null", f"t{number}", "pass", 0, 0) for number in range(500))
    text = read(page(sample.small(results=results))).text
    assert "500 passed" in text and "and 300 more that passed" in text


def boxes(names: dict[str, float], edges: list[tuple[str, str]]):
    placed = layout(names, edges)
    return placed, {name: (x, y, x + WIDTH, y + names[name]) for name, (x, y) in placed.corners.items()}


@settings(max_examples=60)
@given(
    st.integers(1, 24).flatmap(
        lambda n: st.tuples(st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40))
    )
)
def test_no_two_tables_overlap_and_every_edge_has_a_line(graph: tuple[int, list[tuple[int, int]]]):
    count, pairs = graph
    names = {f"t{number}": 40.0 + number % 5 * 6 for number in range(count)}
    edges = [(f"t{child}", f"t{parent}") for child, parent in pairs]
    placed, drawn = boxes(names, edges)
    assert set(drawn) == set(names)
    for (_, a), (_, b) in itertools.combinations(drawn.items(), 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] + 0.01 or b[3] <= a[1] + 0.01
    for child, parent in edges:
        assert child == parent or (parent, child) in placed.lines or (child, parent) in placed.lines
    for x, y in (point for line in placed.lines.values() for point in line):
        assert -GAP <= x <= placed.size[0] + GAP and -GAP <= y <= placed.size[1] + GAP
    assert layout(names, edges) == placed, "the same schema is drawn alike"


def test_parents_stand_left_of_their_children_where_no_cycle_forbids_it():
    names = dict.fromkeys(("users", "orders", "lines", "items"), 40.0)
    _, drawn = boxes(names, [("orders", "users"), ("lines", "orders"), ("lines", "items")])
    assert drawn["users"][0] < drawn["orders"][0] < drawn["lines"][0]
    assert drawn["items"][0] == drawn["orders"][0], "a lookup table stands beside the table that needs it"


def test_lines_pass_between_tables_not_through_them():
    names = dict.fromkeys("abcdef", 44.0)
    placed, drawn = boxes(names, [("b", "a"), ("c", "b"), ("d", "c"), ("d", "a"), ("e", "d"), ("e", "a"), ("f", "a")])
    for (left, right), line in placed.lines.items():
        for (x, y), (end, _) in zip(line[1::2], line[2::2], strict=False):
            for name, box in drawn.items():
                through = box[0] < (x + end) / 2 < box[2] and box[1] < y < box[3]
                assert name in (left, right) or not through


@pytest.mark.parametrize(
    ("value", "told"), [(0.214, "0.21 s"), (4.92, "4.9 s"), (184.2, "3 min 04 s"), (7500, "2 h 05 min")]
)
def test_durations_read_as_people_say_them(value: float, told: str):
    assert seconds(value) == told


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (812_000, "812 kB"), (5e15, "5,000.0 TB")]
)
def test_sizes_read_as_people_say_them(value: float, told: str):
    assert size(value) == told


@pytest.mark.parametrize(
    ("part", "told"), [(0, "0 %"), (1, "< 0.1 %"), (500, "5.0 %"), (9_999, "> 99 %"), (10_000, "100 %")]
)
def test_a_share_is_never_told_as_nothing_or_all_where_it_is_not(part: int, told: str):
    assert share(part, 10_000) == told
