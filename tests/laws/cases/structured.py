"""The transformer laws: cases of structured."""

import json

import pyarrow as pa
from hypothesis import strategies as st

from laws.case import Case

words = st.text("ab \"\\,;{}()[]<>&=%+'é", max_size=6)
items = st.lists(st.none() | words, max_size=4)


def quoted(text: str, *, doubled: bool = False) -> str:
    inner = text.replace("\\", "\\\\").replace('"', '""' if doubled else '\\"')
    return f'"{inner}"'


def array(values: list[str | None]) -> str:
    return "{" + ",".join("NULL" if value is None else quoted(value) for value in values) + "}"


def composite(values: list[str | None]) -> str:
    return "(" + ",".join("" if value is None else quoted(value, doubled=True) for value in values) + ")"


def hstore(values: dict[str, str | None]) -> str:
    return ", ".join(f"{quoted(key)}=>{'NULL' if value is None else quoted(value)}" for key, value in values.items())


def xml(values: list[str | None]) -> str:
    escaped = [(value or "").replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;") for value in values]
    return "<r>" + "".join(f'<a id="{text}">{text}<b/></a>' for text in escaped) + "</r>"


def range_of(bounds: tuple[int | None, int | None]) -> str:
    low, high = sorted(bounds) if None not in bounds else bounds
    return f"[{'' if low is None else low},{'' if high is None else high})"


def other(native: str) -> dict[str, object]:
    return {"native_type": native, "as_text": True}


TEXTS = {"arrow_type": pa.list_(pa.string())}

CASES = {
    "json": [
        Case({"json": {"$.email": "email", "$.n[*]": {"noise": 0.5}}}, "json"),
        Case({"json": {"$..email": {"email": {"per": "who"}}}, "default": "redact"}, "json"),
        Case({"json": {"$.n": {"template": "{bystander}"}}, "keys": {"$": "hash"}}, "json"),
        Case({"json": {"$.email": "key", "$.n[*]": "key"}}, "json"),
        Case(
            {"json": {"$.mail": "email", "$.born": {"shift_days": 30}}},
            "json",
            nth=lambda number: json.dumps({"mail": f"{number}@x.org", "born": f"19{number % 100:02}-03-05"}),
        ),
    ],
    "array": [
        Case({"array": "hash"}, "other", other("text[]"), form=items.map(array), nth=lambda n: f"{{a{n},NULL}}"),
        Case({"array": "key"}, "other", other("text[]"), form=items.map(array), nth=lambda n: f"{{a{n},NULL}}"),
        Case(
            {"array": "key"},
            "other",
            other("integer[]"),
            form=st.lists(st.integers(-(2**31), 2**31 - 1), max_size=3).map(
                lambda numbers: array([*map(str, numbers)])
            ),
            nth=lambda n: f"{{{n},{n + 7}}}",
        ),
        Case({"array": "email"}, "other", TEXTS, form=items, nth=lambda n: [f"{n}@x.org", None]),
        Case(
            {"array": {"noise": 0.3}},
            "other",
            {"arrow_type": pa.large_list(pa.list_(pa.int64(), 2))},
            form=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)).map(list), max_size=3),
            nth=lambda n: [[n, 1], [2, n + 50]],
        ),
    ],
    "fields": [
        Case(
            {"fields": {1: "email", 2: {"template": "{who}"}}, "default": "redact"},
            "other",
            other("person"),
            form=items.filter(len).map(composite),
            nth=lambda n: f"({n}@x.org,b,c)",
        ),
        Case(
            {"fields": {"mail": "email", 2: {"bucket": 10}}},
            "other",
            {"arrow_type": pa.struct({"mail": pa.string(), "n": pa.int32(), "w": pa.bool_()})},
            form=st.builds(lambda mail, n: {"mail": mail, "n": n, "w": None}, st.none() | words, st.integers(0, 99)),
            nth=lambda n: {"mail": f"{n}@x.org", "n": n, "w": True},
        ),
    ],
    "range": [
        Case(
            {"range": {"noise": 0.2}},
            "other",
            other("int4range"),
            form=st.tuples(st.none() | st.integers(0, 99), st.none() | st.integers(0, 99)).map(range_of),
            nth=lambda n: f"[{n},{n + 1000})",
        ),
        Case(
            {"range": {"shift_days": {"days": 30, "per": "who"}}},
            "other",
            other("daterange"),
            form=st.sampled_from(["[2024-01-05,2024-02-01)", "empty", "(,)", "[2024-02-29,infinity)"]),
            nth=lambda n: f"[{1000 + n}-01-01,3000-01-01)",
        ),
    ],
    "hstore": [
        Case(
            {"hstore": {"a": "email", "b": "keep"}, "keys": {"hash": 16}, "default": "redact"},
            "other",
            other("hstore"),
            form=st.dictionaries(words | st.sampled_from("ab"), st.none() | words, max_size=3).map(hstore),
            nth=lambda n: f'"a"=>"{n}@x.org", "b"=>NULL',
        )
    ],
    "delimited": [
        Case({"delimited": ";", "each": "email"}, form=st.text('ab;" \n,@', max_size=12), nth=lambda n: f"{n}@x;{n}@y"),
        Case(
            {"delimited": None, "fields": {2: "hash"}, "quotes": False}, form=st.text("ab,\n"), nth=lambda n: f"a,{n},c"
        ),
        Case({"delimited": ";", "each": {"email": {"per": "who"}}}, form=st.text("ab; "), nth=lambda n: f"{n}@x;{n}@y"),
    ],
    "url_query": [
        Case(
            {"url_query": {"email": "email", "q": "hash"}},
            form=st.text("?&=#%4+q/", max_size=12) | st.sampled_from(["/p?email=a%40x.org&x=1", "email=%zz#q=%ff"]),
            nth=lambda n: f"https://x.org/?email={n}%40x.org",
        ),
        Case(
            {"url_query": None, "default": "redact"},
            form=st.text("?&=#a", max_size=9),
            nth=lambda n: f"?a={n}",
            keyed=False,
        ),
    ],
    "python": [
        Case({"python": "transforms.functions:digests", "unique": True}),
        Case({"python": "transforms.functions:chunked"}, keyed=False, nth=lambda number: f"ada.{number}"),
    ],
    "xml": [
        Case(
            {"xml": {"//a": "email", "//@id": "hash"}},
            form=items.map(xml) | st.sampled_from(["<!-- a --><a><![CDATA[<b>]]></a>", "no tags"]),
            nth=lambda n: f"<r><a>{n}@x.org</a></r>",
        ),
        Case({"xml": None, "default": "key"}, form=items.map(xml), nth=lambda n: f"<r><a>{n}@x.org</a></r>"),
    ],
}
