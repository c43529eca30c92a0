"""The transformer laws: cases of numbers."""

import pyarrow as pa

from laws.case import TEXT_DECIMAL, Case

CASES = {
    "shift_days": [
        Case({"shift_days": 30}, "date"),
        Case({"shift_days": 30}, "timestamp"),
        Case({"shift_days": 30, "per": "who"}, "timestamp", {"arrow_type": pa.timestamp("us")}),
    ],
    "noise": [
        Case({"noise": 0.1}, "integer"),
        Case({"noise": 0.1}, "float"),
        Case({"noise": 0.1}, "decimal"),
        Case({"noise": 0.1}, "decimal", TEXT_DECIMAL),
        Case({"noise": {"absolute": 5, "per": "who"}}, "integer", {"arrow_type": pa.int64()}),
    ],
    "bucket": [
        Case({"bucket": 10}, "integer", keyed=False),
        Case({"bucket": 10}, "decimal", keyed=False),
        Case({"bucket": 10}, "decimal", TEXT_DECIMAL, keyed=False),
        Case({"bucket": 2.5}, "float", keyed=False),
        Case({"bucket": "month"}, "date", keyed=False),
        Case({"bucket": "year"}, "timestamp", keyed=False),
        Case({"bucket": {"edges": [0, 18, 65]}}, "integer", keyed=False),
    ],
}
