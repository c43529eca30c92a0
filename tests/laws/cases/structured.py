"""The transformer laws: cases of structured."""

import json

from laws.case import Case

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
}
