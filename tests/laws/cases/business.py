"""The transformer laws: cases of business."""

from laws.case import Case

CASES = {
    "company": [Case("company")],
}
