"""Terms that texts hold, against Python's own search."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from understudy.transforms.terms import Terms

TERMS = st.lists(st.text("abé", min_size=1, max_size=5), min_size=1, max_size=8)


@given(TERMS, st.lists(st.text("abéc", max_size=20) | st.none(), max_size=8), st.integers(0, 3))
def test_every_term_is_found_wherever_it_stands(terms, texts, start):
    wanted = Terms(tuple(terms))
    held = wanted.held(pa.array(texts, pa.string())[start:])
    for text, bits in zip(texts[start:], held.tolist(), strict=True):
        assert bits == sum(1 << number for number, term in enumerate(terms) if text is not None and term in text)


def test_there_may_be_64_long_terms():
    terms = tuple(f"{number:02}-abcdefghijklmnopqrstuvwxyz-{number:02}" for number in range(64))
    held = Terms(terms).held(pa.array([f"x{term}y" for term in terms]))
    assert held.tolist() == [1 << number for number in range(64)]


def test_some_of_the_terms_are_their_bits():
    assert Terms(("a", "b", "c")).bits(["c", "a"]) == 5
