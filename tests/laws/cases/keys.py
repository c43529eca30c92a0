"""The transformer laws: cases of keys."""

import pyarrow as pa

from laws.case import Case

CASES = {
    "key": [
        Case("key", "integer"),
        Case("key", "integer", {"arrow_type": pa.int16()}),
        Case("key", "integer", {"arrow_type": pa.int64()}),
        Case("key", "uuid"),
        Case("key", "decimal", {"arrow_type": pa.decimal128(12, 0)}),
        Case("key"),
        Case("key", "text", {"key_sql": "lower(v)"}),
    ],
    "hash": [Case("hash"), Case({"hash": 12}), Case("hash", "text", {"max_length": 20})],
    "token": [Case("token"), Case({"token": {"prefix": "cus_"}}, "text", {"max_length": 18})],
}
