"""The transformer laws: cases of texts."""

from laws.case import Case

NOTES = ("call 0170 1234567", "no number", "żółć 12 34")
PAGES = ('<p class="a" title="Ada">Dear <b>Ada</b> &amp; Bob</p>', "a < b", "<!-- Ada -->", "&amp;", "<i>")


def note(number: int) -> str:
    return f"call {number:05} or ask"


CASES = {
    "mask": [
        Case({"mask": 4}, keyed=False),
        Case({"mask": {"first": 1, "char": "•"}}, keyed=False),
        Case({"mask": {"first": 1, "until": "@"}}, keyed=False),
        Case({"mask": {"after": "@", "count": 3}}, keyed=False),
        Case({"mask": {"last": 2, "separators": True}}, keyed=False),
    ],
    "truncate": [Case({"truncate": 3}, keyed=False)],
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
    "regex_replace": [
        Case({"regex_replace": {r"(\d\d)\d+": r"\1#"}}, samples=NOTES, nth=note, keyed=False),
        Case(
            {"regex_replace": {r"\d": "#", "o": "öö"}, "unmatched": "redact"},
            "text",
            {"max_length": 20},
            NOTES,
            note,
            keyed=False,
        ),
    ],
    "regex_redact": [
        Case({"regex_redact": r"\d{3,}"}, samples=NOTES, nth=note, keyed=False),
        Case({"regex_redact": {"pattern": r"[\pL\d]+", "char": "x"}}, samples=NOTES, nth=note, keyed=False),
    ],
    "regex": [
        Case({"regex": {r"\d+": "scramble", "[a-z]+@": {"mask": 1}}}, samples=NOTES, nth=note),
        Case({"regex": {r"[\d ]{4,}": "phone"}, "unmatched": "redact"}, "text", {"max_length": 30}, NOTES, note),
    ],
    "scramble": [
        Case("scramble"),
        Case({"scramble": {"first": 2, "last": 1}}),
        Case({"scramble": {"only": "digits"}}),
        Case("scramble", "text", {"key_sql": "lower(v)"}),
    ],
    "sku": [Case("sku"), Case({"sku": {"first": 3}})],
    "from_regex": [
        Case({"from_regex": r"[A-Z]{5}-\d{5}"}, samples=("ABCDE-12345", "ABCDE-1234"), nth=lambda n: f"ABCDE-{n:05}"),
        Case({"from_regex": r"(?:AB|[C-E]{2})\w{8,9}"}, samples=("AB12345678", "CD123456789", "AB1234567é")),
    ],
    "pattern": [Case({"pattern": "??-####-####"}), Case({"pattern": "x-%#######????", "letters": "lower"})],
    "lorem": [
        Case("lorem"),
        Case({"lorem": {"like": "words"}}, "text", {"max_length": 12}),
        Case({"lorem": {"words": 3, "per": "who"}}),
    ],
    "html_text": [Case("html_text", samples=PAGES), Case({"html_text": {"attributes": "keep"}}, samples=PAGES)],
}
