"""The transformer laws: cases of conditional."""

from laws.case import Case

DE = "who < 5 and bystander is not null"

CASES = {
    "when": [
        Case({"when": {"where": DE, "then": "email", "else": "keep"}}),
        Case({"when": {"where": "value like '%1%'", "then": "email", "else": "hash"}}),
        Case({"when": {"where": DE, "then": "null", "else": "first_name"}}),
        Case({"when": {"where": DE, "then": "key", "else": "null"}}, "integer"),
        Case({"when": {"where": "value > 3", "then": {"noise": 0.1}, "else": "key"}}, "integer"),
        Case({"when": {"where": DE, "then": {"shift_days": {"days": 30, "per": "who"}}, "else": "keep"}}, "timestamp"),
        Case({"when": {"where": DE, "then": "key", "else": "keep"}}, "uuid"),
        Case({"when": {"where": DE, "then": {"template": "{bystander}"}, "else": {"choice": ["a", "b"]}}}),
        Case(
            {
                "when": {
                    "where": DE,
                    "then": {"when": {"where": "who = 1", "then": "keep", "else": "hash"}},
                    "else": "email",
                }
            }
        ),
        Case({"when": {"where": DE, "then": {"json": {"$.email": "email"}}, "else": {"replace": "{}"}}}, "json"),
    ],
    "switch": [
        Case({"switch": {"on": "who", "cases": {1: "email", 2: "phone"}, "default": "redact"}}),
        Case({"switch": {"on": "who", "cases": {1: "email", 2: "keep"}, "default": "token"}}),
        Case({"switch": {"on": "who", "cases": {1: {"noise": 0.1}, 2: "keep"}, "default": "null"}}, "integer"),
    ],
}
