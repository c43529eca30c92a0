"""Who stands in for people: names, genders, titles, handles and days of birth, and that they are one person's."""

import datetime
import re
from collections import Counter
from types import MappingProxyType

import pyarrow as pa
import pytest

from transforms.sample import KEY, batch, column, masked, people
from understudy import transforms
from understudy.errors import InputError
from understudy.locales import LOCALES, ascii_of
from understudy.locales import people as names_of
from understudy.locales.genders import woman_rows
from understudy.schema import Schema
from understudy.transforms import parse_rule

EPOCH = datetime.date(1970, 1, 1)


def fits(pattern, texts):
    return all(re.fullmatch(pattern, text) for text in texts)


def rows_masked(rules, **values):
    """Rows of a table of texts (and of others, where ``kinds`` says so), with a rule for each of these columns."""
    kinds = values.pop("kinds", {})
    table = people(*(column(name, kinds.get(name, "text")) for name in values))
    parsed = {name: parse_rule(rule) for name, rule in rules.items()}
    assert not transforms.refusals(Schema((table,)), {(table.name, name): rule for name, rule in parsed.items()}, {})
    return transforms.compile(table, parsed, key=KEY, domains={})(batch(table, **values)).to_pylist()


def given_names(locale, woman):
    return (names_of(locale).female if woman else names_of(locale).male).to_pylist()


def in_latin(names, *parts):
    """Names of a locale and how they are written in Latin letters."""
    pairs = [(getattr(names, part).to_pylist(), getattr(names, f"{part}_latin").to_pylist()) for part in parts]
    return {one: other for native, latin in pairs for one, other in zip(native, latin, strict=True)}


class TestEmail:
    def test_an_address_becomes_one_that_nobody_has(self):
        (found,) = masked("email", ["ada@x.org"])
        assert re.fullmatch(r"[a-z]+\.[a-z]+\.[a-z2-7]{10}@example\.(com|org|net)", found)

    def test_spellings_of_one_address_stay_one_address_and_stay_different(self):
        plain, cased, spaced, other = masked("email", ["ada@x.org", "Ada@X.org", " ada@x.org", "bob@x.org"])
        assert plain == plain.lower() == cased.lower() == spaced.lower() != other.lower()
        assert len({plain, cased, spaced}) == 3

    def test_a_column_that_ignores_case_gets_one_spelling(self):
        plain, cased = masked("email", ["ada@x.org", "Ada@X.org"], key_sql="lower(v)")
        assert plain == cased == plain.lower()

    def test_the_domain_can_be_kept_where_there_is_one(self):
        found = masked({"email": {"keep_domain": True}}, ["ada@Mail.x.org", "no address", "ada@localhost"])
        assert found[0].endswith("@mail.x.org")
        assert fits(r".*@example\.(com|org|net)", found[1:])

    def test_a_kept_domain_gives_way_where_the_column_is_too_short_for_it(self):
        rule = {"email": {"keep_domain": True}}
        short, long = masked(rule, ["a@x.org", f"a@{'long-' * 5}name.org"], max_length=40)
        assert short.endswith("@x.org") and "@example." in long and len(long) <= 40

    @pytest.mark.parametrize("limit", [16, 20, 24, 30, 36])
    def test_short_columns_get_short_addresses_that_stay_different(self, limit):
        found = masked("email", [f"person{number}@x.org" for number in range(500)], max_length=limit)
        assert max(map(len, found)) <= limit and len(set(found)) == 500

    def test_a_blank_text_is_nobodys_address(self):
        assert masked("email", ["", "  ", None]) == ["", "  ", None]

    def test_the_same_address_has_one_stand_in_in_every_table(self):
        other = people(column("contact"))
        transform = transforms.compile(other, {"contact": parse_rule("email")}, key=KEY, domains={})
        assert transform(batch(other, contact=["ada@x.org"]))["contact"].to_pylist() == masked("email", ["ada@x.org"])

    def test_another_domain_gives_other_addresses(self):
        assert masked({"email": {"domain": "b2b"}}, ["ada@x.org"]) != masked("email", ["ada@x.org"])

    def test_a_company_keeps_one_domain_of_its_own(self):
        rule = {"email": {"mask_domain": True}}
        ada, bob, eve, nowhere = masked(rule, ["ada@acme.com", "Bob@ACME.com", "eve@other.org", "no address"])
        first, second, third = (address.rpartition("@")[2] for address in (ada, bob, eve))
        assert first == second.lower() != third and fits(r"[a-z]+-[a-z2-7]{8}\.example", [first, third])
        assert fits(r".*@example\.(com|org|net)", [nowhere])

    def test_a_domain_is_not_kept_and_masked_at_once(self):
        with pytest.raises(InputError, match="either kept or masked"):
            masked({"email": {"keep_domain": True, "mask_domain": True}}, [])


class TestUsername:
    def test_a_name_to_log_in_with(self):
        assert fits(r"[a-z]+_[a-z]+_[a-z2-7]{10}", masked("username", ["ada", "bob"]))

    def test_short_columns_get_short_names(self):
        assert fits(r"[a-z]{4}_[a-z2-7]{10}", masked("username", ["ada"], max_length=15))
        assert fits(r"[a-z2-7]{8}", masked("username", ["ada"], max_length=8))


class TestNames:
    def test_names_come_from_the_tables(self):
        english = names_of("en")
        assert masked("first_name", ["Ada"])[0] in english.female.to_pylist() + english.male.to_pylist()
        assert masked("last_name", ["Lovelace"])[0] in english.last.to_pylist()
        first, last = masked("full_name", ["Ada Lovelace"])[0].split()
        assert first in english.female.to_pylist() + english.male.to_pylist() and last in english.last.to_pylist()

    def test_equal_names_stay_equal_whatever_their_case(self):
        first, second, third = masked({"fake": "full_name"}, ["Ada Lovelace", "ADA LOVELACE ", "Ada"])
        assert first == second != third

    def test_no_name_becomes_itself(self):
        for locale in LOCALES:
            names = [*given_names(locale, woman=True), *given_names(locale, woman=False)]
            found = masked({"first_name": {"locale": locale}}, names)
            assert all(before != after for before, after in zip(names, found, strict=True))

    def test_a_person_is_one_person_in_all_columns(self):
        table = people(*(column(name) for name in ("first", "last", "whole", "mail")))
        rules = {"first": "first_name", "last": "last_name", "whole": "full_name", "mail": "email"}
        parsed = {name: parse_rule({rule: {"per": "people.id"}}) for name, rule in rules.items()}
        transform = transforms.compile(table, parsed, key=KEY, domains={})
        row = transform(batch(table, first=["A"], last=["B"], whole=["A B"], mail=["a@b.org"])).to_pylist()[0]
        assert row["whole"] == f"{row['first']} {row['last']}"
        assert row["mail"].startswith(f"{row['first']}.{row['last']}.".lower())

    def test_without_a_subject_the_value_decides(self):
        table = people(column("owner", "integer"), column("v"))
        transform = transforms.compile(table, {"v": parse_rule({"first_name": {"per": "owner"}})}, key=KEY, domains={})
        found = transform(batch(table, owner=[None, None, 1], v=["Ada", "Grace", "Ada"]))["v"].to_pylist()
        assert found[:2] == masked("first_name", ["Ada", "Grace"])

    def test_a_narrow_column_gets_the_start_of_a_name(self):
        assert max(map(len, masked("full_name", ["Ada", "Grace", "Mary"], max_length=5))) <= 5

    def test_a_name_is_written_as_the_rule_wants(self):
        assert fits(r"\S+ \S+", masked("full_name", ["Ada Lovelace"]))
        assert fits(r"\S+, \S+", masked({"full_name": {"form": "last, first"}}, ["Lovelace, Ada"]))
        assert fits(r"\S+ \S+ \S+", masked({"full_name": {"form": "first middle last"}}, ["Ada King Lovelace"]))
        assert fits(r"\w+ [A-Z]\.", masked("display_name", ["Ada L."]))
        assert fits(r"[A-Z]\. \w+", masked({"display_name": {"form": "f. last"}}, ["A. Lovelace"]))

    def test_initials_are_dotted_as_they_were(self):
        plain, dotted, blank = masked("initials", ["AL", "A.L.", ""])
        assert fits("[A-Z]{2}", [plain]) and fits(r"[A-Z]\.[A-Z]\.", [dotted]) and blank == ""
        assert fits("[A-Z]{2}", masked("initials", ["A.L."], max_length=2))


class TestOnePerson:
    """All that is drawn by the same subject is one person's."""

    RULES = ("first_name", "middle_name", "last_name", "full_name", "display_name", "initials", "title", "gender")

    def rows(self, count=2000, **options):
        rules = {name: {name: {"per": "id", **options}} for name in (*self.RULES, "email", "username")}
        rules["gender"] = {"gender": {"per": "id"}}
        originals = {"title": "Mr", "gender": "F", "email": "a@b.org", "username": "ab"}
        return rows_masked(rules, **{name: [originals.get(name, "A.B.")] * count for name in rules})

    @pytest.mark.parametrize("locale", LOCALES)
    def test_name_gender_title_initials_and_address_agree(self, locale):
        names = names_of(locale)
        given = in_latin(names, "female", "male")
        family = in_latin(names, "last", "last_female")
        for row in self.rows(500, locale=locale):
            woman = row["gender"] == "F"
            assert row["first_name"] in given_names(locale, woman) and row["middle_name"] in given_names(locale, woman)
            assert row["last_name"] in (names.last_female if woman else names.last).to_pylist()
            both = (
                (row["last_name"], row["first_name"]) if names.family_first else (row["first_name"], row["last_name"])
            )
            assert row["full_name"] == ("" if names.family_first else " ").join(both)
            handle = ascii_of(given[row["first_name"]], locale), ascii_of(family[row["last_name"]], locale)
            assert row["initials"] == f"{handle[0][0]}.{handle[1][0]}.".upper()
            assert row["email"].startswith(f"{handle[0]}.{handle[1]}.") and row["email"].isascii()
            assert row["username"].startswith(f"{handle[0]}_{handle[1]}_")
            assert row["display_name"].startswith(row["first_name"])
            assert locale == "ja" or woman_rows(pa.array([row["title"]]))[0] == woman

    def test_half_of_them_are_women(self):
        found = Counter(row["gender"] for row in self.rows())
        assert 900 < found["F"] < 1100 and found["F"] + found["M"] == 2000

    def test_a_name_has_the_locale_and_the_gender_of_the_masked_row(self):
        locales = {"DE": "de", "Japan": "ja", "brasil": "pt-BR", "ARG": "es", "nowhere": "en"}
        values = list(locales) * 100
        rules = {
            "gender": {"gender": {"per": "id"}},
            "name": {"first_name": {"locale": "from country", "gender": "from gender"}},
        }
        for row in rows_masked(rules, country=values, gender=["w"] * 500, name=["Ada"] * 500):
            assert row["name"] in given_names(locales[row["country"]], row["gender"] == "w")

    def test_a_masked_country_is_the_one_that_counts(self):
        rules = {"country": {"replace": "PL"}, "name": {"last_name": {"locale": "from country", "gender": "male"}}}
        (row,) = rows_masked(rules, country=["JP"], name=["Sato"])
        assert row["name"] in names_of("pl").last.to_pylist()

    def test_an_address_can_be_made_of_the_masked_names_themselves(self):
        rules = {
            "first": {"first_name": {"locale": "ja"}},
            "last": {"replace": "Strauß-Łęcki"},
            "mail": {"email": {"of": ["first", "last"]}},
            "login": {"username": {"of": ["first"]}},
        }
        rows = rows_masked(rules, first=["A", "B"], last=["C", "D"], mail=["a@x.org", "b@x.org"], login=["a", "b"])
        names = names_of("ja")
        latin = in_latin(names, "female", "male")
        for row in rows:
            assert row["mail"].startswith(f"{latin[row['first']].lower()}.strauss.lecki.")
            assert row["login"].startswith(f"{latin[row['first']].lower()}_")

    @pytest.mark.parametrize(
        ("rule", "missing"),
        [
            ({"first_name": {"locale": "klingon"}}, "locale 'klingon'"),
            ({"full_name": {"locale": "from land"}}, "column 'people.land'"),
            ({"title": {"gender": "from sex"}}, "column 'people.sex'"),
            ({"email": {"of": ["nickname"]}}, "column 'people.nickname'"),
            ({"username": {"locale": "klingon"}}, "locale 'klingon'"),
        ],
    )
    def test_what_is_not_there_is_refused(self, rule, missing):
        table = people(column("v"))
        (refusal,) = transforms.refusals(Schema((table,)), {(table.name, "v"): parse_rule(rule)}, {})
        assert refusal.subject == "people.v" and missing in refusal.reason


class TestGender:
    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ("F", {"F", "M"}),
            ("female", {"female", "male"}),
            ("Male", {"Female", "Male"}),
            ("w", {"w", "m"}),
            ("weiblich", {"weiblich", "männlich"}),
            ("Homme", {"Femme", "Homme"}),
            ("女", {"女", "男"}),
            ("2", {"2", "1"}),
            ("9", {"2", "1"}),
            ("0", {"0"}),
            ("divers", {"weiblich", "männlich"}),
            ("X", {"F", "M"}),
            ("non-binary", {"female", "male"}),
            ("", {""}),
        ],
    )
    def test_it_is_written_as_it_was(self, written, expected):
        assert set(masked("gender", [written] * 200)) == expected

    def test_numbers_and_others_have_their_own_codes(self):
        assert set(masked("gender", [1, 2, None] * 100, "integer")) == {1, 2, None}
        assert set(masked({"gender": {"values": [0, 1]}}, [0, 1] * 100, "integer")) == {0, 1}
        assert set(masked({"gender": {"values": [False, True]}}, [True] * 100, "boolean")) == {True, False}
        labels = ("unknown", "man", "woman")
        assert set(masked("gender", ["unknown"] * 100, "enum", labels=labels)) == {"man", "woman"}

    @pytest.mark.parametrize(
        ("rule", "kind", "more"),
        [
            ("gender", "boolean", {}),
            ("gender", "enum", {"labels": ("yes", "no")}),
            ({"gender": {"values": ["F"]}}, "text", {}),
            ({"gender": {"values": ["F", "M"]}}, "integer", {}),
        ],
    )
    def test_what_cannot_be_written_is_refused(self, rule, kind, more):
        with pytest.raises(InputError, match="values"):
            masked(rule, [], kind, **more)


class TestTitle:
    def test_it_is_in_the_language_of_the_original(self):
        assert set(masked("title", ["Mr"] * 100)) == {"Mr", "Ms", "Mrs", "Miss"}
        assert set(masked("title", ["Mrs."] * 100)) == {"Mr.", "Ms.", "Mrs.", "Miss"}
        assert set(masked("title", ["Herr"] * 100)) == {"Herr", "Frau"}

    def test_a_doctor_becomes_one_of_many(self):
        assert set(masked("title", ["Prof. Dr."] * 100)) == {"Mr.", "Ms.", "Mrs.", "Miss"}


def born(text):
    return (datetime.date.fromisoformat(text) - EPOCH).days


def age(days, at):
    date = EPOCH + datetime.timedelta(days=int(days))
    return at.year - date.year - ((at.month, at.day) < (date.month, date.day))


class TestBirthDate:
    AT = datetime.date(2026, 3, 1)
    RULE = MappingProxyType({"birth_date": "2026-03-01"})

    def test_everybody_stays_in_the_same_years_of_age(self):
        before = [born("1940-01-01") + 13 * step for step in range(2400)]
        for one, other in zip(before, masked(self.RULE, before, "date"), strict=True):
            old, new = age(one, self.AT), age(other, self.AT)
            assert (old >= 18) == (new >= 18) and abs(old - new) < 5 and one != other

    def test_nobody_comes_of_age_on_the_day_itself(self):
        adult, minor = born("2008-03-01"), born("2008-03-02")
        found = masked(self.RULE, [adult, minor] * 50, "date")
        assert age(adult, self.AT) == 18 and age(minor, self.AT) == 17
        assert all(age(day, self.AT) >= 18 for day in found[::2]) and all(age(day, self.AT) < 18 for day in found[1::2])

    def test_all_of_ninety_and_more_have_one_day_of_birth(self):
        found = masked(
            self.RULE, [born("1936-03-01"), born("1936-03-02"), born("1911-05-05"), born("0001-01-01")], "date"
        )
        assert found[0] == found[2] == found[3] == born("1936-01-01") != found[1]
        assert 85 <= age(found[1], self.AT) < 90

    @pytest.mark.parametrize(("keep", "months"), [("year", 12), ("quarter", 3), ("month", 1)])
    def test_the_year_the_quarter_or_the_month_can_be_kept(self, keep, months):
        def period(day):
            date = EPOCH + datetime.timedelta(days=day)
            return date.year, (date.month - 1) // months

        before = [born("1950-01-01") + 17 * step for step in range(1500)]
        found = masked({"birth_date": {"at": "2026-03-01", "keep": keep}}, before, "date")
        pairs = list(zip(before, found, strict=True))
        assert all(period(one) == period(other) for one, other in pairs)
        assert all((age(one, self.AT) >= 18) == (age(other, self.AT) >= 18) for one, other in pairs)
        assert all(one != other for one, other in pairs)

    def test_the_unborn_stay_unborn(self):
        assert all(
            born("2026-03-01") < day <= born("2026-12-31") for day in masked(self.RULE, [born("2026-05-05")], "date")
        )

    def test_moments_keep_their_time_of_day_and_texts_their_form(self):
        hour = 3_600_000_000
        (found,) = masked(self.RULE, [born("1980-06-15") * 24 * hour + 7 * hour], "timestamp")
        assert found % (24 * hour) == 7 * hour and 40 <= age(found // (24 * hour), self.AT) < 50
        dated, odd, blank = masked(self.RULE, ["1980-06-15", "in spring", ""])
        assert 45 <= age(born(dated), self.AT) < 50 and age(born(odd), self.AT) >= 18 and blank == ""

    def test_a_day_that_is_none_is_refused(self):
        with pytest.raises(InputError, match="2026-02-30"):
            masked({"birth_date": "2026-02-30"}, [], "date")
