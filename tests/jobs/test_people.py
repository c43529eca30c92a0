"""Which columns of tables that are made get rules, and which."""

import pyarrow as pa

from understudy.interfaces import Rule
from understudy.jobs.people import instead, personal
from understudy.jobs.rows import table_like
from understudy.synth.encoding.columns import categories_of

CITIES = ["London", "Paris", "Berlin", "Madrid", "Rome", "Vienna", "Warsaw", "Oslo", "Dublin", "Lisbon"] * 6


def found(table, **columns):
    rows = pa.table(columns)
    return personal(table_like(table, rows.schema), rows)


def test_a_list_of_cities_is_nobodys_and_what_is_made_up_in_it_is_a_city_still():
    told = found(
        "city", city_id=list(range(60)), city=[f"{one} {n}" if n > 40 else one for n, one in enumerate(CITIES)]
    )
    assert told.direct == {} and told.likely == {"city": Rule("city")}


def test_labels_that_were_learned_stay_and_others_get_the_rule():
    texts = pa.array(["Oslo"] * 30 + [f"Bergen {n}" for n in range(30)])
    table = table_like("guests", pa.schema([("city", pa.string())]))
    rules = instead(found("guests", city=texts, email=["a@b.org"] * 60), table, {"city": categories_of(texts, 5)})
    assert rules["city"] == Rule("map", {"values": {"Oslo": "Oslo"}, "otherwise": Rule("city")})
    assert instead(found("guests", city=texts[:30]), table, {"city": categories_of(texts[:30], 5)}) == {}
