"""The transformer laws: cases of structured."""

from laws.case import Case

CASES = {
    "json": [Case({"json": {"$.email": "email", "$.n[*]": {"noise": 0.5}}}, "json")],
}
