"""The tables of names and places: large enough, well formed, and found by whatever people write."""

import re
import subprocess
import sys
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from understudy import locales
from understudy.errors import InputError
from understudy.locales import LOCALES, ascii_of, country_rows, country_table, people, places, streets
from understudy.locales.genders import TITLES, woman_rows

SCRIPTS = {
    "ja": r"[\p{Han}\p{Hiragana}\p{Katakana}々]+",
    "zh": r"\p{Han}+",
    "hi": r"[\p{Devanagari} ]+",
    "ar": r"[\p{Arabic} ]+",
}


def all_match(pattern, texts):
    return pc.all(pc.match_substring_regex(texts, f"^{pattern}$")).as_py()


@pytest.mark.parametrize("locale", LOCALES)
class TestEveryLocale:
    def test_there_are_enough_names(self, locale):
        names = people(locale)
        assert len(names.female) >= 150 and len(names.male) >= 150 and len(names.last) >= 300
        for table in (names.female, names.male, names.last):
            assert table.null_count == 0 and len(table.unique()) == len(table)

    def test_names_are_in_the_script_of_the_locale(self, locale):
        names = people(locale)
        for native, latin in ((names.female, names.female_latin), (names.last, names.last_latin)):
            assert all_match(SCRIPTS.get(locale, r"[\p{Latin}' ’-]+"), native) and all_match(r"[\p{Latin}' ’-]+", latin)

    def test_every_name_has_an_ascii_form(self, locale):
        names = people(locale)
        for table in (names.female_latin, names.male_latin, names.last_latin, names.last_female_latin):
            assert all(re.fullmatch("[a-z0-9]+", ascii_of(name, locale)) for name in table.to_pylist())

    def test_there_are_streets_companies_and_titles(self, locale):
        there = streets(locale)
        assert len(there.names) == len(there.latin) >= 50
        assert {"{street}", "{number}"} <= set(re.findall(r"\{\w+\}", there.order)) & set(
            re.findall(r"\{\w+\}", there.latin_order)
        )
        assert len(locales.company_forms(locale)) >= 4 and all(TITLES[locale])


class TestNames:
    def test_polish_women_bear_other_family_names(self):
        names = people("pl")
        row = names.last.to_pylist().index("Kowalski")
        assert names.last_female[row].as_py() == "Kowalska"

    def test_letters_become_ascii_as_the_locale_writes_them(self):
        assert ascii_of("Jürgen Groß", "de") == "juergengross" and ascii_of("Agüero", "es") == "aguero"
        assert ascii_of("Łukasz", "pl") == "lukasz" and ascii_of("D'Souza") == "dsouza"

    def test_dictionaries_hold_all_spellings_folded(self):
        first, last = set(locales.first_names().to_pylist()), set(locales.last_names().to_pylist())
        assert {"anna", "jürgen", "花子", "hanako", "मोहन", "fatima", "aaliyah"} <= first
        assert {"müller", "kowalska", "佐藤", "sato", "al-ahmad"} <= last
        assert {"munich", "münchen", "東京", "tokyo", "são paulo"} <= set(locales.cities().to_pylist())
        assert {"germany", "deutschland", "ドイツ", "usa"} <= set(locales.countries().to_pylist())

    def test_a_locale_is_found_by_what_people_write(self):
        assert [locales.locale_of(text) for text in ("de", "de-AT", "PT_br", "zh-Hans", "xx")] == [
            *("de", "de", "pt-BR", "zh"),
            None,
        ]
        with pytest.raises(InputError, match="kl"):
            people("kl")


class TestPlaces:
    def test_there_are_enough_places(self):
        there = places()
        assert len(there.city) >= 400 and len(there.code.unique()) >= 60

    def test_every_column_is_filled(self):
        there = places()
        for name in ("city", "city_native", "region", "region_native", "region_code", "county", "timezone", "prefix"):
            table = getattr(there, name)
            assert table.null_count == 0 and pc.min(pc.utf8_length(table)).as_py() > 0, name

    def test_positions_are_on_earth_and_in_their_own_hemisphere(self):
        there = places()
        assert abs(there.latitude).max() < 72 and abs(there.longitude).max() < 180
        zones = dict(zip(there.timezone.to_pylist(), there.longitude, strict=True))
        assert all((zones[name] < -30) == name.startswith("America/") for name in zones if name != "Pacific/Honolulu")

    def test_cities_of_a_country_stand_together(self):
        codes = places().code.to_pylist()
        changes = [one for one, other in pairwise([*codes, ""]) if one != other]
        assert len(changes) == len(set(codes))

    def test_the_range_of_a_country_holds_its_cities(self):
        there, germany = places(), int(country_rows(pa.array(["DE"]))[0])
        first, count = there.first[germany], there.count[germany]
        assert set(there.code[first : first + count].to_pylist()) == {"DE"} and count >= 30
        assert (there.first[-1], there.count[-1]) == (0, len(there.city))

    def test_time_zones_are_those_of_the_database(self):
        assert all_match(r"[A-Z][A-Za-z]+/[A-Za-z_/-]+", places().timezone)

    def test_zip_codes_start_as_their_state_has_them(self):
        there = places()
        starts = {"MA": "02", "NY": "1", "CA": "9", "TX": "7", "IL": "6", "WA": "98", "AK": "99", "HI": "96"}
        for row, state in enumerate(there.region_code.to_pylist()):
            if there.code[row].as_py() == "US" and state in starts:
                assert bytes(there.postcodes[row]).decode().startswith(starts[state])


class TestCountries:
    def test_a_country_is_found_in_any_spelling(self):
        spelled = ["DE", "deu", "Germany", " Deutschland ", "Allemagne", "ドイツ", "ألمانيا"]
        assert len(set(country_rows(pa.array(spelled)).tolist())) == 1
        assert country_rows(pa.array(["Atlantis", "", None])).tolist() == [-1, -1, -1]

    def test_codes_are_of_two_and_three_letters(self):
        table = country_table()
        assert all_match("[A-Z]{2}", table.code) and all_match("[A-Z]{3}", table.code3) and len(table.code) >= 240
        assert set(table.locale.to_pylist()) == set(LOCALES)

    def test_a_locale_follows_from_a_country_or_a_language(self):
        texts = pa.array(["AT", "Mexico", "Japan", "BR", "pl-PL", "Egypt", "nowhere", None])
        found = [LOCALES[place] for place in locales.locale_rows(texts)]
        assert found == ["de", "es", "ja", "pt-BR", "pl", "ar", "en", "en"]


def test_genders_and_titles_tell_women_from_men():
    women = ["F", "female", "Weiblich", "femme", "2", "Mrs.", "Frau", "女"]
    men = ["m", "MALE", "männlich", "homme", "1", "Mr", "Herr", "男"]
    assert woman_rows(pa.array([*women, *men, "x", None])).tolist() == [1] * 8 + [0] * 8 + [-1, -1]


def test_importing_the_tables_reads_none_of_them():
    script = (
        "import pathlib\nread = []\nopened = pathlib.Path.read_text\n"
        "pathlib.Path.read_text = lambda path, **more: read.append(path) or opened(path, **more)\n"
        "import understudy.transforms, understudy.locales\nprint([path.name for path in read if path.suffix == '.txt'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
