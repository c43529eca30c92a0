"""The transformer laws: cases of places."""

from laws.case import Case

CASES = {
    "phone": [Case("phone"), Case({"phone": 0})],
    "street": [Case("street")],
    "city": [Case("city")],
    "postcode": [Case("postcode"), Case("postcode", "text", {"max_length": 5})],
    "country": [Case("country"), Case("country", "text", {"max_length": 2})],
}
