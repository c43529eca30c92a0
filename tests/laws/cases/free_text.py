"""The transformer laws: cases of free text."""

from laws.case import Case

NOTES = (
    "Ada Lovelace (ada@x.org, +49 170 1234567) was born on 10 December 1815",
    "Mr. Gray, 12 Baker Street, London NW1 6XE",
    "b1 and B2 met 山田太郎さん on 2021-05-06",
    "żółw",
)


def note(number: int) -> str:
    return f"{number}: b{number} met Ada Lovelace on 2021-05-{number % 28 + 1:02}"


CASES = {
    "free_text": [
        Case("free_text", samples=NOTES),
        Case({"free_text": {"columns": ["bystander"], "entities": ["person", "date"]}}, samples=NOTES, nth=note),
    ],
}
