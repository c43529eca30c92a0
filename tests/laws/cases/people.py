"""The transformer laws: cases of people."""

from laws.case import Case

CASES = {
    "email": [
        Case("email"),
        Case("email", "text", {"max_length": 24}),
        Case({"email": {"keep_domain": True}}),
        Case({"email": {"mask_domain": True}}),
        Case("email", "text", {"key_sql": "lower(v)"}),
        Case({"email": {"per": "who", "locale": "ja"}}),
        Case({"email": {"of": ["bystander"]}}),
    ],
    "username": [Case("username"), Case("username", "text", {"max_length": 16}), Case({"username": {"locale": "de"}})],
    "first_name": [
        Case("first_name"),
        Case({"first_name": {"per": "who", "locale": "from bystander"}}),
        Case({"first_name": {"locale": "hi", "gender": "female"}}),
    ],
    "last_name": [Case("last_name", "text", {"max_length": 4}), Case({"last_name": {"locale": "pl"}})],
    "middle_name": [Case("middle_name")],
    "full_name": [
        Case({"fake": "full_name"}),
        Case("full_name", "text", {"max_length": 9}),
        Case({"full_name": {"locale": "from bystander", "gender": "from who"}}),
        Case({"full_name": {"form": "first middle last", "locale": "zh", "script": "latin"}}),
    ],
    "display_name": [Case("display_name"), Case({"display_name": {"form": "last, first"}})],
    "initials": [Case("initials", samples=("AL", "A.L.", "al")), Case({"initials": {"per": "who"}})],
    "gender": [
        Case("gender", samples=("F", "m", "Female", "männlich", "divers", "2", "0")),
        Case({"gender": {"per": "who"}}),
        Case("gender", "integer"),
        Case({"gender": {"values": [0, 1]}}, "integer"),
    ],
    "title": [Case("title", samples=("Mr.", "Mrs", "Frau", "Dr.")), Case({"title": {"per": "who", "locale": "fr"}})],
    "birth_date": [
        Case({"birth_date": "2026-01-01"}, "date"),
        Case({"birth_date": {"at": "2024-02-29", "band": 1, "keep": "year", "per": "who"}}, "date"),
        Case({"birth_date": "2026-01-01"}, "timestamp"),
        Case({"birth_date": "2026-01-01"}, samples=("1980-02-29", "2020-13-45", "1915-04-03")),
    ],
}
