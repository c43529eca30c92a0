"""The transformer laws: cases of numbers."""

import pyarrow as pa

from laws.case import TEXT_DECIMAL, Case

CASES = {
    "shift_days": [
        Case({"shift_days": 30}, "date"),
        Case({"shift_days": 30}, "timestamp"),
        Case({"shift_days": 30, "per": "who"}, "timestamp", {"arrow_type": pa.timestamp("us")}),
        Case({"shift_days": 30, "step": "week"}, "date"),
        Case({"shift_days": 365, "step": "second", "per": "id"}, "timestamp", {"arrow_type": pa.timestamp("ns")}),
    ],
    "jitter": [
        Case({"jitter": "30 minutes"}, "timestamp"),
        Case({"jitter": {"most": "2 days", "by": "row"}}, "timestamp", {"arrow_type": pa.timestamp("s")}),
        Case({"jitter": "3 hours"}, "time"),
    ],
    "as_date": [
        Case(
            {"as_date": "%d.%m.%Y", "rule": {"shift_days": 30}, "unreadable": "redact"},
            samples=("31.12.2020", "29.02.2000", "30.02.2000"),
            nth=lambda number: f"{number % 28 + 1:02}.{number // 28 % 12 + 1:02}.{1950 + number // 336}",
        ),
        Case(
            {
                "as_date": {
                    "formats": ["%Y-%m-%dT%H:%M:%S%z", "%-m/%-d/%y"],
                    "rule": {"shift_days": 30, "per": "id"},
                    "unreadable": "redact",
                }
            },
            samples=("2020-12-31T10:00:00+02:00", "2020-12-31T10:00:00Z", "1/31/20"),
            nth=lambda number: f"2020-01-01T10:{number // 60:02}:{number % 60:02}Z",
        ),
        Case({"as_date": {"unit": "seconds", "rule": {"shift_days": 30, "per": "id"}}}, "integer"),
        Case({"as_date": {"unit": "microseconds", "rule": {"jitter": "1 day"}}}, "integer", {"arrow_type": pa.int64()}),
    ],
    "timeline": [
        Case({"timeline": "since", "ratio": 0.5}, "timestamp"),
        Case({"timeline": {"after": "since", "ratio": 0.5}}, "date"),
    ],
    "age": [Case({"age": {"born": "since", "on": "2020-06-01"}}, "integer", keyed=False)],
    "noise": [
        Case({"noise": 0.1}, "integer"),
        Case({"noise": 0.1}, "float"),
        Case({"noise": 0.1}, "decimal"),
        Case({"noise": 0.1}, "decimal", TEXT_DECIMAL),
        Case({"noise": {"absolute": 5, "per": "who"}}, "integer", {"arrow_type": pa.int64()}),
        Case({"noise": {"absolute": 5, "distribution": "laplace", "keep_sign": True, "least": -40}}, "decimal"),
        Case({"noise": {"ratio": 0.2, "distribution": "gaussian", "keep_zero": True}}, "float"),
        Case({"noise": {"absolute": 9, "least": 0, "most": 200_000}}, "decimal", TEXT_DECIMAL),
    ],
    "scale": [
        Case({"scale": 3}, "decimal"),
        Case({"scale": {"per": "who"}}, "integer", {"arrow_type": pa.int16()}),
        Case("scale", "decimal", TEXT_DECIMAL),
        Case("scale", "float", {"arrow_type": pa.float32()}),
    ],
    "round": [
        Case({"round": 1}, "decimal", keyed=False),
        Case({"round": -2}, "decimal", TEXT_DECIMAL, keyed=False),
        Case({"round": -2}, "integer", {"arrow_type": pa.int16()}, keyed=False),
        Case({"round": {"significant": 2}}, "integer", {"arrow_type": pa.int64()}, keyed=False),
        Case({"round": {"significant": 2}}, "decimal", keyed=False),
        Case({"round": {"significant": 3}}, "float", keyed=False),
    ],
    "clamp": [
        Case({"clamp": {"most": 90}}, "integer", keyed=False),
        Case({"clamp": {"least": -5, "most": "99.99"}}, "decimal", keyed=False),
        Case({"clamp": {"most": 90}}, "decimal", TEXT_DECIMAL, keyed=False),
        Case({"clamp": {"least": 0}}, "float", keyed=False),
        Case({"clamp": {"least": "1970-01-05"}}, "date", keyed=False),
        Case({"clamp": {"least": "1970-01-05", "most": "2030-01-01"}}, "timestamp", keyed=False),
    ],
    "random": [
        Case({"random": {"least": 1, "most": 2_000_000_000}}, "integer"),
        Case({"random": {"least": -5, "most": "99999.99", "by": "row"}}, "decimal"),
        Case({"random": {"least": 1, "most": 1_000_000, "distribution": "lognormal"}}, "decimal", TEXT_DECIMAL),
        Case({"random": {"least": -1, "most": 1, "distribution": "normal", "per": "who"}}, "float"),
        Case({"random": {"least": "1900-01-01", "most": "2020-12-31"}}, "date"),
        Case({"random": {"least": "1970-01-01", "most": "2020-12-31 12:00"}}, "timestamp"),
        Case({"random": {"least": "08:00", "most": "17:30"}}, "time"),
    ],
    "stretch": [
        Case({"stretch": 3}, "integer"),
        Case("stretch", "integer", {"arrow_type": pa.int64()}),
        Case("stretch", "decimal"),
        Case("stretch", "float"),
    ],
    "serial": [Case("serial", "integer"), Case("serial", "integer", {"arrow_type": pa.int64()})],
    "redistribute": [
        Case({"redistribute": 0.5, "within": "who"}, "decimal"),
        Case({"redistribute": 0.1, "within": "who"}, "float"),
        Case({"redistribute": {"ratio": 0.2, "within": "who"}}, "integer", {"arrow_type": pa.int64()}),
    ],
    "sum_of": [
        Case({"sum_of": ["id", "who"]}, "integer", keyed=False),
        Case({"sum_of": ["id", 0.125]}, "decimal", keyed=False),
        Case({"sum_of": ["id", "who", 1.5]}, "decimal", TEXT_DECIMAL, keyed=False),
    ],
    "difference_of": [Case({"difference_of": ["id", "who"]}, "float", keyed=False)],
    "product_of": [
        Case({"product_of": ["id", "who", 0.19]}, "decimal", keyed=False),
        Case({"product_of": ["id", "who"]}, "integer", {"arrow_type": pa.int16()}, keyed=False),
    ],
    "ratio_of": [
        Case({"ratio_of": ["id", "who"]}, "decimal", keyed=False),
        Case({"ratio_of": ["who", "id"]}, "decimal", TEXT_DECIMAL, keyed=False),
    ],
    "bucket": [
        Case({"bucket": 10}, "integer", keyed=False),
        Case({"bucket": 10}, "decimal", keyed=False),
        Case({"bucket": 10}, "decimal", TEXT_DECIMAL, keyed=False),
        Case({"bucket": 2.5}, "float", keyed=False),
        Case({"bucket": "month"}, "date", keyed=False),
        Case({"bucket": "year"}, "timestamp", keyed=False),
        Case({"bucket": "hour"}, "timestamp", keyed=False),
        Case({"bucket": "minute"}, "time", keyed=False),
        Case({"bucket": 2.5}, "decimal", TEXT_DECIMAL, keyed=False),
        Case({"bucket": {"edges": [0, 18, 65]}}, "integer", keyed=False),
    ],
}
