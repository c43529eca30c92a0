"""Where stand-ins live: places whose parts agree, coordinates, postal codes and telephone numbers."""

import re
from collections import Counter
from decimal import Decimal
from math import asin, cos, radians, sin, sqrt

import pyarrow as pa
import pytest

from transforms.sample import KEY, batch, column, masked, people
from understudy import transforms
from understudy.errors import InputError
from understudy.locales import places, streets
from understudy.schema import Schema
from understudy.transforms import parse_rule


def fits(pattern, texts):
    return all(re.fullmatch(pattern, text) for text in texts)


def rows_masked(rules, kinds=(), **values):
    """Rows of a table of texts (and of others, where ``kinds`` says so), with a rule for each of these columns."""
    kinds = dict(kinds)
    table = people(*(column(name, kinds.get(name, "text")) for name in values))
    parsed = {name: parse_rule(rule) for name, rule in rules.items()}
    assert not transforms.refusals(Schema((table,)), {(table.name, name): rule for name, rule in parsed.items()}, {})
    return transforms.compile(table, parsed, key=KEY, domains={})(batch(table, **values)).to_pylist()


def pattern_of(raw):
    """The regular expression of a pattern to fill."""
    text = re.escape(bytes(raw).rstrip(b"\0").decode())
    return text.replace(r"\#", "[0-9]").replace("@", "[A-Z]")


def kilometres(one, other):
    """How far two positions are apart, along a great circle."""
    (lat, lon), (lat2, lon2) = (map(radians, map(float, position)) for position in (one, other))
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lon2 - lon) / 2) ** 2
    return 2 * 6371 * asin(sqrt(half))


class TestPlaces:
    def test_addresses(self):
        assert fits(r"\d{1,3} [A-Z][a-z]+ [A-Z][a-z]+", masked({"street": {"country": "GB"}}, ["1 Road"]))
        assert masked("city", ["Rome"])[0] in places().city.to_pylist()
        assert masked("country", ["Italy"])[0] in places().country.to_pylist()
        assert fits(r"[A-Z0-9 -]{3,10}", masked("postcode", ["00100", "W1"]))
        assert masked("timezone", ["Europe/Rome"])[0] in places().timezone.to_pylist()

    def test_a_country_is_written_as_the_column_or_the_rule_wants(self):
        assert fits("[A-Z]{2}", masked("country", ["IT"], max_length=2))
        assert fits("[A-Z]{3}", masked("country", ["ITA"], max_length=3))
        assert fits("[A-Z]{2}", masked({"country": {"form": "code"}}, ["Italy"]))
        rules = {form: {"country": {"form": form, "per": "id"}} for form in ("name", "local", "prefix", "currency")}
        found = rows_masked(rules, **{form: ["?"] * 300 for form in rules})
        expected = {"name": "Germany", "local": "Deutschland", "prefix": "+49", "currency": "EUR"}
        assert expected in [{form: row[form] for form in rules} for row in found]

    def test_a_region_is_written_as_the_column_or_the_rule_wants(self):
        assert fits("[A-Z0-9]{1,2}", masked("region", ["NY", "CA"], max_length=2))
        assert masked({"region": {"country": "US"}}, ["Texas"])[0] in places().region.to_pylist()
        assert masked({"region": {"form": "code", "country": "US"}}, ["Texas"])[0] in places().region_code.to_pylist()

    def test_streets_are_in_the_words_and_the_order_of_the_country(self):
        orders = {"DE": r"\D+ \d+", "FR": r"\d+ (rue|avenue|boulevard|place|allée|chemin|impasse) .+", "US": r"\d+ \D+"}
        orders |= {"BR": r"\D+, \d+", "JP": r"\d-\d+-\d+ \D+", "PL": r"(ul|al|pl)\. .+ \d+"}
        for country, pattern in orders.items():
            found = masked({"street": {"country": country}}, [f"Street {number}" for number in range(50)])
            assert fits(pattern, found), (country, found[0])

    def test_a_place_can_be_in_its_own_script(self):
        assert masked({"city": {"country": "JP", "script": "native"}}, ["Tokyo"])[0] in places().city_native.to_pylist()
        (street,) = masked({"street": {"country": "CN", "script": "native"}}, ["1 Renmin Road"])
        assert any(street.startswith(name) for name in streets("zh").names.to_pylist()) and street.endswith("号")
        (address,) = masked({"address": {"country": "Japan", "script": "native"}}, ["Tokyo"])
        assert re.match(r"〒\d{3}-\d{4} ", address)

    def test_addresses_are_in_the_order_of_the_country(self):
        forms = {
            "US": r"\d+ .+, .+, [A-Z]{2} \d{5}",
            "DE": r".+ \d+, \d{5} .+",
            "GB": r"\d+ .+, .+, [A-Z]+\d \d[A-Z]{2}",
        }
        for country, pattern in forms.items():
            assert fits(pattern, masked({"address": {"country": country}}, [f"{number} Road" for number in range(50)]))
        lines = masked({"address": {"country": "FR", "separator": "\n", "with_country": True}}, ["1 rue"])[0].split(
            "\n"
        )
        assert len(lines) == 3 and lines[2] == "France" and re.match(r"\d{5} ", lines[1])


class TestOnePlace:
    """All that is drawn by the same subject is one place's."""

    NAMES = ("city", "region", "county", "postcode", "country", "timezone", "street", "address")

    def rows(self, count=1000, **options):
        rules = {name: {name: {"per": "id", **options}} for name in self.NAMES}
        rules["country"] = {"country": {"per": "id"}} if not options else {"replace": options["country"]}
        rules |= {name: {name: {"per": "id", **options}} for name in ("latitude", "longitude")}
        rules["phone"] = {"phone": {"mode": "fake", "per": "id", "form": "international", **options}}
        values = {name: ["?"] * count for name in (*self.NAMES, "phone")}
        values |= {name: [1.5] * count for name in ("latitude", "longitude")}
        return rows_masked(rules, {"latitude": "float", "longitude": "float"}, **values)

    @pytest.mark.parametrize("options", [{}, {"country": "Germany"}])
    def test_city_region_postcode_country_phone_and_coordinates_agree(self, options):
        there = places()
        named = zip(there.city.to_pylist(), there.region.to_pylist(), there.country.to_pylist(), strict=True)
        where = {one: number for number, one in enumerate(named)}
        for row in self.rows(**options):
            city = where[row["city"], row["region"], row["country"]]
            assert row["county"] == there.county[city].as_py() and row["timezone"] == there.timezone[city].as_py()
            assert re.fullmatch(pattern_of(there.postcodes[city]), row["postcode"])
            assert re.fullmatch(rf"\+{there.prefix[city]} {pattern_of(there.phones[city])}", row["phone"])
            assert row["address"].startswith(row["street"]) and row["city"] in row["address"]
            middle = there.latitude[city], there.longitude[city]
            assert kilometres((row["latitude"], row["longitude"]), middle) < 10

    def test_a_place_is_in_the_country_of_the_masked_row(self):
        countries = ["DE", "Japan", "USA", "brazil"] * 100
        rules = {name: {name: {"country": "from country"}} for name in ("city", "address")}
        values = {name: [f"{name} {number}" for number in range(400)] for name in rules}
        there = set(zip(places().code.to_pylist(), places().city.to_pylist(), strict=True))
        found = rows_masked(rules, country=countries, **values)
        expected = {"DE": "DE", "Japan": "JP", "USA": "US", "brazil": "BR"}
        assert all((expected[row["country"]], row["city"]) in there for row in found)

    def test_a_country_that_is_masked_is_the_one_that_counts(self):
        rules = {"country": {"replace": "LI"}, "city": {"city": {"country": "from country"}}}
        assert rows_masked(rules, country=["US"], city=["Boston"])[0]["city"] == "Vaduz"

    def test_a_country_nobody_knows_is_anywhere(self):
        rules = {"city": {"city": {"country": "from country"}}}
        found = rows_masked(rules, country=["Atlantis", None] * 200, city=[f"c{number}" for number in range(400)])
        assert len({row["city"] for row in found}) > 200

    @pytest.mark.parametrize(
        ("rule", "missing"),
        [
            ({"city": {"country": "Germny"}}, "country 'Germny'"),
            ({"address": {"country": "from land"}}, "column 'people.land'"),
            ({"phone": {"mode": "fake", "country": "from land"}}, "column 'people.land'"),
            ({"postcode": {"country": "Germny"}}, "country 'Germny'"),
            ({"latitude": {"jitter_km": 5, "with": "lon"}}, "column 'people.lon'"),
        ],
    )
    def test_what_is_not_there_is_refused(self, rule, missing):
        table = people(column("v", "float" if "latitude" in rule else "text"))
        (refusal,) = transforms.refusals(Schema((table,)), {(table.name, "v"): parse_rule(rule)}, {})
        assert refusal.subject == "people.v" and missing in refusal.reason


class TestCoordinates:
    RULES = (
        ("latitude", {"latitude": {"jitter_km": 5, "with": "longitude"}}),
        ("longitude", {"longitude": {"jitter_km": 5, "with": "latitude"}}),
    )

    def moved(self, positions, rules=RULES, **more):
        values = {
            name: [position[side] for position in positions] for side, name in enumerate(("latitude", "longitude"))
        }
        kinds = {"latitude": more.pop("kind", "float"), "longitude": "float"}
        rows = rows_masked(dict(rules), kinds, **values, **more)
        return [(row["latitude"], row["longitude"]) for row in rows]

    def test_a_position_moves_by_some_kilometres_in_any_direction(self):
        before = [(52.5 + number / 1000, 13.4) for number in range(500)]
        after = self.moved(before)
        moves = [kilometres(one, other) for one, other in zip(before, after, strict=True)]
        assert min(moves) > 0.49 and max(moves) < 5.02 and sum(move > 3.5 for move in moves) > 200
        quarters = Counter((one[0] < other[0], one[1] < other[1]) for one, other in zip(before, after, strict=True))
        assert min(quarters.values()) > 90 and len(quarters) == 4

    def test_one_position_has_one_stand_in(self):
        one, again, other = self.moved([(52.5, 13.4), (52.5, 13.4), (52.5, 13.5)])
        assert one == again != other

    def test_positions_of_one_subject_move_alike(self):
        rules = [(name, {name: {**rule[name], "per": "device"}}) for name, rule in self.RULES]
        first, second = self.moved([(0.0, 10.0), (0.1, 10.2)], rules, device=["a", "a"])
        assert second[0] - first[0] == pytest.approx(0.1, abs=1e-5) and second[1] - first[1] == pytest.approx(
            0.2, abs=1e-5
        )

    def test_the_date_line_and_the_poles_are_no_trouble(self):
        for latitude, longitude in self.moved([(89.999, 0.0), (-90.0, 179.99), (10.0, -180.0), (0.0, 179.999)]):
            assert -90 <= latitude <= 90 and -180 <= longitude < 180

    def test_what_is_no_number_stays_and_what_is_no_angle_goes(self):
        rule = {"latitude": {"jitter_km": 5, "with": "id"}}
        nan, far, null = masked(rule, [float("nan"), 52_520_008.0, None], "float")
        assert nan != nan and -90 <= far <= 90 and null is None

    def test_a_grid_keeps_the_middle_of_the_cell(self):
        rules = [
            (name, {name: {"grid_km": 10, "with": other}})
            for name, other in (("latitude", "longitude"), ("longitude", "latitude"))
        ]
        before = [(52.5 + number / 100, 13.4 + number / 70) for number in range(200)]
        after = self.moved(before, rules)
        assert all(kilometres(one, other) < 7.2 for one, other in zip(before, after, strict=True))
        assert len(set(after)) < 60 and self.moved(after, rules) == after

    def test_decimals_and_texts_keep_their_form(self):
        (found,) = masked({"latitude": {"country": "DE"}}, [Decimal("52.52")], "decimal")
        assert 47 < found < 56 and found.as_tuple().exponent == -2
        near, odd = masked({"latitude": {"jitter_km": 1, "with": "id"}}, ["52.52", "my garden"])
        assert abs(float(near) - 52.52) < 0.01 and fits(r"-?\d+\.\d{6}", [near, odd])

    @pytest.mark.parametrize(
        "options", [{"jitter_km": 5}, {"grid_km": 1}, {"jitter_km": 5, "grid_km": 1, "with": "id"}]
    )
    def test_half_a_position_cannot_be_moved(self, options):
        with pytest.raises(InputError, match=r"with: longitude|either moved"):
            masked({"latitude": options}, [1.0], "float")


class TestPostcode:
    def test_the_first_characters_can_be_kept(self):
        found = masked({"postcode": {"keep": 2}}, ["10115", "SW1A 1AA", "10115"])
        assert fits(r"10\d{3}", [found[0]]) and fits(r"SW\d[A-Z] \d[A-Z]{2}", [found[1]])
        assert found[0] == found[2] != "10115"
        assert masked({"postcode": {"keep": 3, "rest": "drop"}}, ["10115", "SW1A 1AA"]) == ["101", "SW1"]
        assert masked({"postcode": {"keep": 3, "rest": "zero"}}, ["10115", "SW1A 1AA"]) == ["10100", "SW1X 0XX"]

    def test_a_code_with_nothing_more_to_change_changes_wholly(self):
        (found,) = masked({"postcode": {"keep": 5}}, ["10115"])
        assert fits(r"\d{5}", [found]) and found != "10115"

    def test_zip_codes_as_hipaa_wants_them(self):
        codes = ["10013", "03601", "02139-4307", "893", "unknown", "", None]
        assert masked({"postcode": {"hipaa": True}}, codes) == [
            "10000",
            "00000",
            "02100",
            "00000",
            "00000",
            "00000",
            None,
        ]
        assert masked({"postcode": {"hipaa": True}}, [2139, 10013, 3601], "integer") == [2100, 10000, 0]

    def test_all_seventeen_small_prefixes_become_zeros(self):
        small = "036 059 063 102 203 556 692 790 821 823 830 831 878 879 884 890 893".split()
        every = [f"{number:03}01" for number in range(1000)]
        found = masked({"postcode": {"hipaa": True}}, every)
        assert [code[:3] for code, made in zip(every, found, strict=True) if made == "00000"] == ["000", *small]

    def test_whole_numbers_stay_whole_numbers(self):
        assert all(10_000 <= code <= 99_999 or code < 10_000 for code in masked("postcode", [10115, 2139], "integer"))
        (found,) = masked({"postcode": {"keep": 3}}, [10115], "integer")
        assert 10_100 <= found <= 10_199 and found != 10115

    def test_options_that_do_not_go_together_are_refused(self):
        for options in ({"hipaa": True, "keep": 3}, {"rest": "zero"}):
            with pytest.raises(InputError, match=r"hipaa|keep"):
                masked({"postcode": options}, [])


class TestPhone:
    def test_the_format_and_the_first_digits_stay(self):
        first, second = masked("phone", ["+49 (170) 1234567", "+49 170 1234567"])
        assert re.fullmatch(r"\+49 \(1\d\d\) \d{7}", first)
        assert re.sub(r"\D", "", first) == re.sub(r"\D", "", second) != "491701234567"

    def test_numbers_stay_different(self):
        assert len(set(masked("phone", [f"0170 {number:07}" for number in range(1000)]))) == 1000

    def test_no_number_stays_what_it_is(self):
        numbers = [f"+1 212 {number:03}" for number in range(1000)]
        assert all(before != after for before, after in zip(numbers, masked("phone", numbers), strict=True))
        whole = list(range(1, 3000))
        found = masked("phone", whole, "integer")
        assert sorted(found) != found and len(set(found)) == 2999 and not any(map(int.__eq__, whole, found))

    def test_whole_numbers_keep_their_digits_and_their_country(self):
        found = masked("phone", [491701234567, 12125550147, 0, -1, None], "integer", arrow_type=pa.int64())
        assert 491_000_000_000 <= found[0] < 492_000_000_000 and 12_100_000_000 <= found[1] < 12_200_000_000
        assert found[2:] == [0, -1, None]

    def test_whole_numbers_stay_within_their_type(self):
        highest = 2**31 - 1
        numbers = [highest - number for number in range(300)]
        found = masked({"phone": 0}, numbers, "integer")
        assert max(found) <= highest and min(found) >= 10**9 and len(set(found)) == 300

    def test_the_key_gives_the_numbers_back(self):
        table = people(column("v", "integer"), column("w"))
        rules = {"v": parse_rule({"phone": 2}), "w": parse_rule("phone")}
        before = batch(table, v=[1_701_234_567, 7, 0, None], w=["+49 170 1234567", "112", "none", None])
        after = transforms.compile(table, rules, key=KEY, domains={})(before)
        function, lost = transforms.restore(table, rules, key=KEY, domains={})
        assert not lost and function(after) == before != after

    def test_fakes_come_from_the_numbers_for_films_and_books(self):
        films = {
            "US": r"\+1\d{3}55501\d\d",
            "GB": r"\+44(20794 6?60|20|1\d{2}4960|1632960|28|29|1914980)\d+",
            "FR": r"\+33(19900|26191|35301|46571|53649|63998)\d{4}",
            "DE": r"\+49(3023125|4066969|6990009|2214710|8999998|17139200)\d{2,3}",
            "AU": r"\+61[2378](5550|7010)\d{4}",
        }
        numbers = [str(number) for number in range(200)]
        for country, pattern in films.items():
            rule = {"phone": {"mode": "fake", "country": country, "form": "e164"}}
            assert fits(pattern, masked(rule, numbers)), country

    def test_a_fake_is_written_as_the_original_was(self):
        rule = {"phone": {"mode": "fake", "country": "DE"}}
        e164, international, national, digits = masked(rule, ["+493012345", "+49 30 12345", "030 12345", "03012345"])
        assert fits(r"\+49[1-9]\d+", [e164]) and fits(r"\+49 [1-9]\d+ \d+", [international])
        assert fits(r"0\d+ \d+", [national]) and fits(r"0\d+", [digits])

    def test_fakes_as_whole_numbers_start_with_their_country(self):
        rule = {"phone": {"mode": "fake", "country": "US"}}
        (found,) = masked(rule, [12125550147], "integer", arrow_type=pa.int64())
        assert fits(r"1\d{3}55501\d\d", [str(found)])
        with pytest.raises(InputError, match="too narrow"):
            masked(rule, [1], "integer")

    def test_an_encrypted_number_has_no_country_of_its_own(self):
        with pytest.raises(InputError, match="mode: fake"):
            masked({"phone": {"country": "DE"}}, [])
