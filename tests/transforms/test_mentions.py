"""Where a text names what other columns of its row hold."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.transforms.mentions import Named, mentions


def found(text, before, after="Lena Fischer"):
    there = mentions(pa.array([text]), [Named(pa.array([before], pa.string()), pa.array([after], pa.string()))])
    data = text.encode()
    return [
        (data[start:end].decode(), made)
        for start, end, made in sorted(zip(there.start, there.end, there.after.to_pylist(), strict=True))
    ]


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        ("call Ada now", "Ada", ["Ada"]),
        ("Ada, (Ada) «Ada» “Ada” Ada's Ada’s Ada-Marie", "Ada", ["Ada"] * 7),
        ("Adam, Nevada, Ada_1, Ada1", "Ada", []),
        ("ADA ada aDa", "Ada", ["ADA", "ada", "aDa"]),
        ("ŁUKASZ łukasz Łukasz", "Łukasz", ["ŁUKASZ", "łukasz", "Łukasz"]),
        ("İpek, İPEK", "İpek", ["İpek", "İPEK"]),
        ("昨日山田太郎さん、山田太郎", "山田太郎", ["山田太郎"] * 2),
        ("김철수는 왔다", "김철수", ["김철수"]),
        ("محمد، محمد", "محمد", ["محمد"] * 2),
        ("+49 170 123, (+49 170 123)", "+49 170 123", ["+49 170 123"] * 2),
        (
            "a-very-long-address@example.org and a-very-long-address@example.com",
            "a-very-long-address@example.org",
            ["a-very-long-address@example.org"],
        ),
        ("anything", None, []),
        ("anything", "", []),
        ("a b c", "a", []),
    ],
)
def test_mentions_are_whole_words_in_any_case(text, before, expected):
    assert [part for part, _ in found(text, before, "X")] == expected


def test_words_of_a_value_stand_for_the_words_of_its_stand_in():
    assert found("Ada and Lovelace and Maria", "Ada Maria Lovelace") == [
        ("Ada", "Lena"),
        ("Lovelace", "Fischer"),
        ("Maria", "Lena"),
    ]


def test_parts_of_numbers_and_addresses_are_nobody():
    assert found("170 or street 12", "12 170") == []


def test_a_stand_in_is_as_loud_as_the_text():
    assert found("ADA Ada", "Ada", "Lena") == [("ADA", "LENA"), ("Ada", "Lena")]
    assert found("ADA", "ADA", "Lena") == [("ADA", "Lena")]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["Ada", "Bo", "山田", "żółw", "Ada Bo", None]), min_size=1, max_size=6), st.data())
def test_every_row_is_searched_for_its_own_values_alone(names, data):
    filler = st.lists(st.sampled_from(["Ada", "Bo", "山田", "żółw", "x", "İ"]), max_size=5).map(" ".join)
    texts = data.draw(st.lists(filler, min_size=len(names), max_size=len(names)))
    column = Named(pa.array(names, pa.string()), pa.array(names, pa.string()))
    there = mentions(pa.array(texts), [column])
    for row, (text, name) in enumerate(zip(texts, names, strict=True)):
        words = [] if name is None else [name, *name.split()] if " " in name else [name]
        starts = {(place, word) for word in words for place in range(len(text.encode())) if _stands(text, word, place)}
        mine = there.row == row
        data_of = text.encode()
        ours = {(int(s), data_of[s:e].decode()) for s, e in zip(there.start[mine], there.end[mine], strict=True)}
        assert ours == starts


def _stands(text, word, place):
    """Whether a word stands at one byte of a text whose words have blanks between them."""
    data = text.encode()
    end = place + len(word.encode())
    before, after = data[:place], data[end:]
    return data[place:end] == word.encode() and before[-1:] in (b"", b" ") and after[:1] in (b"", b" ")
