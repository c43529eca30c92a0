"""The transformer laws: cases of constants."""

from laws.case import Case

CASES = {
    "keep": [Case("keep", keyed=False), Case("keep", "uuid", keyed=False)],
    "replace": [
        Case({"replace": "x"}, keyed=False),
        Case({"replace": 7}, "decimal", keyed=False),
        Case({"replace": "{}"}, "other", keyed=False),
    ],
    "null": [Case(None, keyed=False), Case("null", "date", keyed=False), Case("null", "uuid", keyed=False)],
}
