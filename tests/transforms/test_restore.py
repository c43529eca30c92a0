"""The way back: what a key masked, the same key restores."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sample import KEY, OTHER_KEY, batch, column, people
from understudy import transforms
from understudy.transforms import TRANSFORMERS, parse_rule
from understudy.transforms.characters import Characters
from understudy.transforms.declare import DOMAIN, PER, TEXT, Change, Declaration, Rows, Setting
from understudy.transforms.permute import EDGES, Permutation

SUBKEY = KEY.subkey("test")


@pytest.mark.parametrize("within", EDGES)
@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-300, 300), max_size=20))
def test_permuted_numbers_come_back(within, numbers):
    permutation = Permutation(SUBKEY, EDGES[within])
    given = np.array(numbers, np.int64)
    assert permutation.restore(permutation(given)).tolist() == numbers


def test_the_whole_of_smallint_comes_back_through_cycle_walks():
    numbers = np.arange(-(2**15), 2**15)
    permutation = Permutation(SUBKEY, EDGES["int16"])
    assert (permutation.restore(permutation(numbers)) == numbers).all()


@given(st.lists(st.text(max_size=12), max_size=20), st.integers(0, 4))
def test_permuted_texts_come_back(texts, keep_digits):
    characters = Characters(SUBKEY, keep_digits=keep_digits)
    assert characters.restore(characters(pa.array(texts, pa.string()))).to_pylist() == texts


def there_and_back(table, rules, rows, *, back_key=KEY, domains=None):
    """Masked rows, rows restored from them, and what was lost."""
    parsed = {name: parse_rule(rule) for name, rule in rules.items()}
    masked = transforms.compile(table, parsed, key=KEY, domains=domains or {})(rows)
    undo, lost = transforms.restore(table, parsed, key=back_key, domains=domains or {})
    return masked, undo(masked), lost


PEOPLE = people(column("code"), column("email"), column("note"))
ROWS = batch(
    PEOPLE, id=[7, None, 0], code=["AB-12", "ż9", None], email=["ada@x.org", "bob@x.org", None], note=["a", "b", "c"]
)


def test_keys_come_back_and_what_has_no_way_back_stays_masked_with_the_reason():
    masked, restored, lost = there_and_back(
        PEOPLE, {"id": "key", "code": "key", "email": "email", "note": "keep"}, ROWS
    )
    assert restored.schema == ROWS.schema
    assert masked["id"] != ROWS["id"] and masked["code"] != ROWS["code"]
    assert [restored[name] for name in ("id", "code", "note")] == [ROWS[name] for name in ("id", "code", "note")]
    assert restored["email"] == masked["email"]
    assert lost == {"email": "nothing leads back from email"}


def test_another_key_gives_nothing_back():
    _, restored, _ = there_and_back(PEOPLE, {"code": "key"}, ROWS, back_key=OTHER_KEY)
    assert restored["code"] != ROWS["code"]


def _by_subject(setting: Setting, sign: int) -> Change:
    """A text followed by its subject's original, and by another column's stand-in: enough to see what it is given."""
    subject = setting.place.subject

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        subjects, notes = rows.original(subject or "").to_pylist(), rows.changed("note").to_pylist()
        tails = [f"/{one}/{note}" for one, note in zip(subjects, notes, strict=True)]
        texts = values.to_pylist()
        made = [text + tail if sign > 0 else text.removesuffix(tail) for text, tail in zip(texts, tails, strict=True)]
        return pa.array(made, pa.string())

    return change


@pytest.fixture
def followed():
    """A rule whose stand-ins depend on the row's subject as it was and on its note as it became."""
    TRANSFORMERS["followed"] = Declaration(
        "followed",
        "A text with its subject behind it.",
        "{followed: {per: id}}",
        TEXT,
        lambda setting: _by_subject(setting, 1),
        options=(PER, DOMAIN),
        needs=lambda place: frozenset({place.subject or ""}),
        reads=lambda _place: frozenset({"note"}),
        inverse=lambda setting: _by_subject(setting, -1),
    )
    yield
    del TRANSFORMERS["followed"]


FILLED = batch(PEOPLE, code=["x", "y"], email=["ada@x.org", "bob@x.org"], note=["n1", "n2"])


@pytest.mark.usefixtures("followed")
def test_the_subject_comes_back_before_what_was_drawn_by_it():
    rules = {"code": {"followed": {"per": "id"}}, "id": "key", "note": "redact"}
    masked, restored, lost = there_and_back(PEOPLE, rules, FILLED)
    assert masked["code"].to_pylist() == ["x/1/REDACTED", "y/2/REDACTED"]
    assert restored.drop_columns("note") == FILLED.drop_columns("note")
    assert lost == {"note": "nothing leads back from redact"}


@pytest.mark.usefixtures("followed")
def test_a_column_drawn_by_what_cannot_come_back_cannot_either():
    rules = {"code": {"followed": {"per": "email"}}, "email": "email", "note": "keep"}
    masked, restored, lost = there_and_back(PEOPLE, rules, FILLED)
    assert restored == masked
    assert lost["code"] == "it was drawn by email, which nobody can restore"


@pytest.mark.usefixtures("followed")
def test_a_column_drawn_by_itself_cannot_come_back():
    _, _, lost = there_and_back(PEOPLE, {"code": {"followed": {"per": "code"}}, "note": "keep"}, FILLED)
    assert lost == {"code": "it was drawn by code, which nobody can restore"}
