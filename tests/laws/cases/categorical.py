"""The transformer laws: cases of categorical."""

from laws.case import TEXT_DECIMAL, Case

LABELS = {"labels": ("red", "green", "blue")}

CASES = {
    "choice": [
        Case({"choice": ["a", "b", "c"]}),
        Case({"choice": {"values": [1, 2], "weights": [1, 3]}}, "integer"),
        Case({"choice": {"values": ["a", "b", "c"], "by": "value"}}),
        Case("choice", "enum", LABELS),
        Case({"choice": {"weights": [2, 1], "per": "id"}}, "boolean"),
    ],
    "shuffle": [
        Case("shuffle"),
        Case("shuffle", "date"),
        Case("shuffle", "uuid"),
        Case("shuffle", "enum", LABELS),
        Case({"shuffle": ["who", "since"]}),
    ],
    "sample": [
        Case("sample"),
        Case("sample", "enum", LABELS),
        Case({"sample": {"per": "who"}}, "timestamp"),
        Case("sample", "uuid"),
        Case("sample", "decimal"),
    ],
    "rare": [
        Case({"rare": 2}, keyed=False),
        Case({"rare": 3, "into": "blue"}, "enum", LABELS, keyed=False),
        Case({"rare": 2, "into": 0}, "integer", keyed=False),
        Case({"rare": 2, "into": "1970-01-01"}, "date", keyed=False),
    ],
    "map": [
        Case({"map": {"ada@x.org": "x", "AB-12": "y"}, "otherwise": "email"}, samples=("ada@x.org", "AB-12")),
        Case({"map": {"red": "green", "green": "red", "blue": "red"}}, "enum", LABELS, keyed=False),
        Case({"map": {1: 2, 2: 1}, "otherwise": {"noise": 0.5}}, "integer"),
        Case({"map": {"7": "8"}, "otherwise": {"replace": 0}}, "decimal", TEXT_DECIMAL, keyed=False),
        Case({"map": {True: False}, "otherwise": "choice"}, "boolean"),
    ],
    "generalize": [
        Case(
            {"generalize": {"warm": ["red", "orange"]}, "otherwise": "redact"}, samples=("red", "orange"), keyed=False
        ),
        Case({"generalize": {"red": ["red", "green"], "blue": "blue"}}, "enum", LABELS, keyed=False),
    ],
}
