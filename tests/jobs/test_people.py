"""Which columns of tables that are made get rules, and which."""

from dataclasses import replace

import pyarrow as pa

from understudy.interfaces import Rule
from understudy.jobs.people import instead, personal
from understudy.jobs.rows import table_like
from understudy.schema import Unique
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


def test_numbers_without_a_common_form_are_made_by_country_unless_each_must_be_another():
    phones = pa.array([f"{'+- .()'[n % 6]}{'5' * (n % 7 + 6)}{n} {'x' * (n % 5)}" for n in range(60)])
    told = found("guests", phone=phones, country=pa.array(["Norway", "Peru"] * 30))
    table = table_like("guests", pa.schema([("phone", pa.string()), ("country", pa.string())]))
    coded = {"phone": categories_of(phones, 5)}
    assert instead(told, table, coded)["phone"] == Rule("phone", {"mode": "fake", "country": "from country"})
    unique = replace(table, uniques=(Unique("one", ("phone",)),))
    assert instead(told, unique, coded)["phone"] == Rule("phone")
