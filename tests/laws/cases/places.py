"""The transformer laws: cases of places."""

from decimal import Decimal

import pyarrow as pa

from laws.case import TEXT_DECIMAL, Case

CASES = {
    "phone": [
        Case("phone", samples=("+49 170 1234567", "(212) 555-0147", "0301234567")),
        Case({"phone": 0}),
        Case("phone", "integer"),
        Case({"phone": 0}, "integer", {"arrow_type": pa.int64()}),
        Case({"phone": {"mode": "fake"}}, samples=("+49 170 1234567", "+12125550147", "0301234567")),
        Case({"phone": {"mode": "fake", "per": "who", "country": "from bystander", "form": "e164"}}),
        Case({"phone": {"mode": "fake", "country": "US"}}, "integer", {"arrow_type": pa.int64()}),
    ],
    "street": [Case("street"), Case({"street": {"country": "JP", "script": "native"}})],
    "city": [Case("city"), Case({"city": {"per": "who", "country": "from bystander"}})],
    "region": [Case("region"), Case("region", "text", {"max_length": 2})],
    "county": [Case({"county": {"country": "US"}})],
    "postcode": [
        Case("postcode"),
        Case("postcode", "text", {"max_length": 5}),
        Case("postcode", "integer"),
        Case({"postcode": {"keep": 2}}, samples=("10115", "SW1A 1AA", "1234")),
        Case({"postcode": {"keep": 3, "rest": "zero"}}, samples=("10115", "SW1A 1AA"), keyed=False),
        Case({"postcode": {"keep": 3, "rest": "drop"}}, samples=("10115", "SW1A 1AA"), keyed=False),
        Case({"postcode": {"hipaa": True}}, samples=("10115", "03601-1234"), keyed=False),
    ],
    "country": [Case("country"), Case("country", "text", {"max_length": 2}), Case({"country": {"form": "local"}})],
    "address": [Case("address"), Case({"address": {"script": "native", "with_country": True, "separator": "\n"}})],
    "timezone": [Case("timezone")],
    "latitude": [
        Case("latitude", "float"),
        Case("latitude", "decimal"),
        Case("latitude", samples=("52.52", "-33.9")),
        Case({"latitude": {"jitter_km": 50, "with": "who"}}, "float"),
        Case(
            {"latitude": {"grid_km": 50, "with": "who"}},
            "decimal",
            {"arrow_type": pa.decimal128(14, 6)},
            nth=lambda number: Decimal(number) / 20,
            keyed=False,
        ),
    ],
    "longitude": [
        Case({"longitude": {"per": "who"}}, "float"),
        Case({"longitude": {"jitter_km": 50, "with": "who", "per": "who"}}, "decimal", TEXT_DECIMAL),
        Case({"longitude": {"grid_km": 50, "with": "who"}}, "float", keyed=False),
    ],
}
