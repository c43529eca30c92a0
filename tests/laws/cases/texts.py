"""The transformer laws: cases of texts."""

from laws.case import Case

CASES = {
    "mask": [Case({"mask": 4}, keyed=False), Case({"mask": {"first": 1, "char": "•"}}, keyed=False)],
    "redact": [
        Case("redact", keyed=False),
        Case("redact", "integer", keyed=False),
        Case("redact", "uuid", keyed=False),
        Case("redact", "json", keyed=False),
    ],
    "template": [
        Case({"template": "user-{id}"}, keyed=False),
        Case({"template": "{bystander} ({who})"}, "text", {"max_length": 6}, keyed=False),
    ],
}
