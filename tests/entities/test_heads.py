"""Where patterns may match at all: nowhere else do they match, and where they may is told by few characters."""

import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from understudy.entities import ENTITIES, naming
from understudy.entities.entity import NEAR
from understudy.entities.heads import Sieve, heads, spans_at

SHAPES = [shape for entity in ENTITIES.values() for shape in entity.shapes]
EXAMPLES = [entity.example for entity in ENTITIES.values()]
PIECES = [
    *EXAMPLES,
    "NY 10001",
    "1丁目2-3",
    "fe80::1",
    "Mai 5",
    "5 de mayo",
    " ",
    "\n",
    "\0",
    "é",
    "K",
    "日",
    "٣",
    "1",
    "-",
]


def sieve(pattern, before=""):
    return Sieve({pattern: heads(pattern, before)})


def places(pattern, text, before=""):
    """The characters at which a pattern may match."""
    bytes_ = sieve(pattern, before).candidates(np.frombuffer(text.encode(), np.uint8))[pattern]
    return [len(text.encode()[:place].decode()) for place in bytes_]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=8).map(" ".join))
def test_shapes_and_their_hints_are_found_nowhere_else(text):
    text = text.encode("utf-8", "ignore").decode()
    for shape in SHAPES:
        pattern = re.compile(shape.pattern)
        possible = places(shape.pattern, text)
        assert {match.start() for match in pattern.finditer(text)} <= set(possible)
        group = "v" if "v" in pattern.groupindex else 0
        assert spans_at(pattern, text, possible) == [match.span(group) for match in pattern.finditer(text)]
        if re.search(shape.hint, text):
            assert places(shape.hint, text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=8).map(" ".join))
@example("Tel. 030 123456, call me at +123456 or 12:30:45")
def test_shapes_are_in_no_text_without_their_hint(text):
    for shape in SHAPES:
        for match in re.finditer(shape.pattern, text):
            prior, group = text[: match.start()], "v" if "v" in match.re.groupindex else 0
            near = re.search(shape.near, prior[-NEAR:].rpartition("\0")[2].lower())
            if near and re.match(shape.before, prior[::-1]) and (shape.check is None or shape.check(match[group])):
                assert re.search(shape.hint, text)


@pytest.mark.parametrize("shape", [*SHAPES, naming.RUN], ids=lambda shape: str(getattr(shape, "pattern", shape))[:40])
def test_every_pattern_rules_out_most_of_a_text(shape):
    pattern = getattr(shape, "pattern", shape)
    text = "what a rule makes of values is told by their letters and nothing else here"
    assert len(places(pattern, text)) < len(text) / 5


@pytest.mark.parametrize(
    ("pattern", "text", "possible"),
    [
        ("ab|cd", "ab cd ad cb", [0, 3]),  # alternatives are told apart
        (r"[0-9](?<![\w.][0-9])x?y", "1y 2xy .3y a4y 5z", [0, 3]),
        (r"(?i)caf(?:é|e)\b", "CAFÉ cafe cafo", [0, 3, 5]),  # where case does not count, others may be meant
        (r"a{2,3}b", "ab aab aaab", [3, 7, 8]),
        (r"(a|b)-\1c", "a-ac b-?? c-cc", [0, 5]),  # what a group repeats is not looked at
        (r"\d{4}年", "in 2024年 or 2024-", [3, 4, 5, 6, 7]),  # what is outside ASCII may be any of it
    ],
)
def test_places_are_told_by_the_characters_there(pattern, text, possible):
    assert places(pattern, text) == possible


def test_what_stands_before_is_read_from_right_to_left():
    assert places("[0-9]", "yaM 5 May 5 Mar 5", "[ ]yaM") == [10]


@pytest.mark.parametrize("pattern", ["(?s)a.b", "(?>a)b", r"\x61b", ".a", r"\S+@", "(a", "a)"])
def test_of_other_patterns_nothing_is_known(pattern):
    assert heads(pattern) == ()


def test_a_text_may_have_more_than_one_piece():
    text = "x" * ((1 << 20) - 2) + "@ab" + "x" * (1 << 20) + "@ab"
    assert places("@ab", text) == [(1 << 20) - 2, (1 << 21) + 1]
    assert places("@ab", "") == []
