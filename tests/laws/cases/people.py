"""The transformer laws: cases of people."""

from laws.case import Case

CASES = {
    "email": [
        Case("email"),
        Case("email", "text", {"max_length": 24}),
        Case({"email": {"keep_domain": True}}),
        Case("email", "text", {"key_sql": "lower(v)"}),
        Case({"email": {"per": "who"}}),
    ],
    "username": [Case("username"), Case("username", "text", {"max_length": 16})],
    "first_name": [Case("first_name"), Case({"first_name": {"per": "who"}})],
    "last_name": [Case("last_name", "text", {"max_length": 4})],
    "full_name": [Case({"fake": "full_name"}), Case("full_name", "text", {"max_length": 9})],
}
