"""The transformer laws: cases of keys."""

import hashlib

import pyarrow as pa

from laws.case import Case

DIGESTS = ("d41d8cd98f00b204e9800998ecf8427e", "D41D8CD98F", "$2b$12$EixZaYVK1fsbw1ZfbX3OXe", "sha1$ab$deadbeef")
KEYS = (
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJh.eyJz.Sf",
    "550e8400-e29b-41d4-a716-446655440000",
)


def digest(number: int) -> str:
    return hashlib.md5(str(number).encode()).hexdigest()


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
    "hash": [
        Case("hash"),
        Case({"hash": 12}),
        Case("hash", "text", {"max_length": 20}),
        Case({"hash": {"format": "base32"}}),
        Case({"hash": {"format": "uuid"}}),
    ],
    "token": [Case("token"), Case({"token": {"prefix": "cus_"}}, "text", {"max_length": 18})],
    "api_key": [Case("api_key", samples=KEYS), Case("api_key", samples=KEYS, nth=digest)],
    "hash_shape": [
        Case("hash_shape", samples=DIGESTS),
        Case("hash_shape", samples=DIGESTS, nth=lambda number: digest(number)[:8].upper()),
    ],
    "password": [Case("password"), Case({"password": {"hash": "x"}}, keyed=False)],
}
