"""Secrets and what businesses are described by."""

import re
import uuid

import pyarrow as pa
import pytest

from transforms.sample import KEY, batch, column, masked, people
from transforms.test_bcrypt import salt_of
from understudy import transforms
from understudy.errors import InputError
from understudy.locales import LOCALES, country_table
from understudy.locales.business import business
from understudy.transforms import TRANSFORMERS, parse_rule
from understudy.transforms.bcrypt import bcrypt
from understudy.transforms.catalogue.company import recognised


class TestApiKey:
    @pytest.mark.parametrize(
        ("key", "form"),
        [
            ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", r"sk_live_\w{24}"),
            ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", r"ghp_\w{36}"),
            ("AKIAIOSFODNN7EXAMPLE", r"AKIA[A-Z0-9]{16}"),
            ("xoxb-123456789012-abcDEF", r"xoxb-\d{12}-[a-z]{3}[A-Z]{3}"),
            ("550e8400-e29b-41d4-a716-446655440000", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
            ("eyJhbGciOiJI.eyJzdWIi.SflKx_wR-J", r"eyJ\w{9}\.\w{8}\.[\w-]{10}"),
            ("12345678", r"\d{8}"),
        ],
    )
    def test_it_has_the_shape_of_the_original_and_opens_nothing(self, key, form):
        (found,) = masked("api_key", [key])
        assert re.fullmatch(form, found) and found != key

    def test_digits_alone_and_hexadecimal_digits_stay_apart(self):
        keys = [f"{number:08x}" for number in range(0, 2**32, 2_000_003)]
        found = masked("api_key", keys)
        assert len(set(found)) == len(keys)
        assert [one.isdecimal() for one in found] == [key.isdecimal() for key in keys]

    def test_nothing_leads_back(self):
        assert TRANSFORMERS["api_key"].inverse is None and TRANSFORMERS["hash_shape"].inverse is None


class TestHashShape:
    @pytest.mark.parametrize(
        ("digest", "form"),
        [
            ("d41d8cd98f00b204e9800998ecf8427e", r"[0-9a-f]{32}"),
            ("D41D8CD98F00B204E9800998ECF8427E", r"[0-9A-F]{32}"),
            ("$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW", r"\$2b\$12\$[./\w]{53}"),
            (
                "$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b4d",
                r"\$argon2id\$v=19\$m=65536,t=3,p=4\$\w{11}\$[\w+]{20}",
            ),
            ("pbkdf2_sha256$260000$salt$abcdefgh/+=", r"pbkdf2_sha256\$260000\$\w{4}\$\w{8}/\+="),
            ("sha1$abc$d41d8cd98f00b204e980", r"sha1\$\w{3}\$[0-9a-f]{20}"),
        ],
    )
    def test_the_scheme_and_its_cost_stay(self, digest, form):
        (found,) = masked("hash_shape", [digest])
        assert re.fullmatch(form, found) and found != digest


class TestHash:
    def test_it_can_be_written_in_base32_or_as_a_uuid(self):
        assert re.fullmatch("[a-z2-7]{16}", masked({"hash": {"format": "base32", "length": 16}}, ["ada"])[0])
        assert uuid.UUID(masked({"hash": {"format": "uuid"}}, ["ada"])[0]).version == 4

    @pytest.mark.parametrize("options", [{"format": "base32", "length": 30}, {"format": "uuid", "length": 12}])
    def test_a_length_that_its_form_does_not_have_is_refused(self, options):
        with pytest.raises(InputError, match="a hash in"):
            masked({"hash": options}, ["ada"])


class TestPassword:
    def test_everybody_has_the_password_you_state(self):
        first, second, nobody = masked({"password": "letmein"}, ["$2b$12$x", "y", None])
        assert first == second and nobody is None
        assert re.fullmatch(r"\$2b\$04\$[./\w]{53}", first)

    def test_it_is_the_hash_of_that_password(self):
        (found,) = masked({"password": "letmein"}, ["x"])
        assert bcrypt("letmein", salt_of(found[7:29]), 4) == found

    def test_a_hash_can_be_given(self):
        assert masked({"password": {"hash": "{noop}dev"}}, ["x"]) == ["{noop}dev"]


class TestCompany:
    @pytest.mark.parametrize(
        ("name", "form"),
        [
            ("Acme GmbH & Co. KG", "GmbH & Co. KG"),
            ("ACME, INC.", "Inc."),
            ("Acme S.p.A.", "S.p.A."),
            ("Acme Spa", "SpA"),
            ("Acme Sp. z o.o.", "Sp. z o.o."),
            ("佐藤商事株式会社", "株式会社"),
        ],
    )
    def test_the_legal_form_is_the_originals(self, name, form):
        (found,) = masked("company", [name])
        assert found.endswith(form) and not found.startswith(name[:4])

    def test_it_can_be_drawn_or_left_out(self):
        assert re.fullmatch(r"\w+ \w+", masked({"company": {"suffix": "none"}}, ["Acme GmbH"])[0])
        many = masked({"company": {"suffix": "draw"}}, [f"Acme {number} GmbH" for number in range(60)])
        assert len({name.split(" ", 2)[2] for name in many}) > 4

    def test_a_word_that_only_ends_like_a_form_is_none(self):
        assert recognised(pa.array(["Casa", "Pizza", "Ltd", None, "Visa SA"])).tolist()[:4] == [-1] * 4

    @pytest.mark.parametrize(
        ("locale", "letters"), [("ja", r"[\u3040-\u9fff]"), ("ar", r"[\u0600-\u06ff .]"), ("de", r"[\wäöüß&.() -]")]
    )
    def test_the_locale_says_in_which_language(self, locale, letters):
        assert all(re.fullmatch(f"{letters}+", one) for one in masked({"company": {"locale": locale}}, ["a", "b", "c"]))

    def test_rows_of_one_subject_have_one_company_whatever_its_form_was(self):
        table = people(column("owner", "integer"), column("v"))
        transform = transforms.compile(table, {"v": parse_rule({"company": {"per": "owner"}})}, key=KEY, domains={})
        first, second = transform(batch(table, owner=[1, 1], v=["Acme GmbH", "Acme"]))["v"].to_pylist()
        assert first == second


class TestDescriptions:
    @pytest.mark.parametrize("rule", ["department", "job_title", "industry"])
    def test_they_follow_the_country_of_the_row(self, rule):
        table = people(column("country"), column("v"))
        rules = {"v": parse_rule({rule: {"locale": "from country"}})}
        rows = batch(table, country=["Japan", "Germany", "Italy"], v=["x", "x", "x"])
        found = transforms.compile(table, rules, key=KEY, domains={})(rows)["v"].to_pylist()
        part = {"job_title": "job"}.get(rule, rule)
        for locale, one in zip(("ja", "de", "it"), found, strict=True):
            place, there = LOCALES.index(locale), business(part)
            assert one in there.entries.to_pylist()[there.starts[place] : there.starts[place] + there.sizes[place]]

    def test_every_locale_has_entries_and_each_once(self):
        for part in ("trade", "department", "job", "industry"):
            there = business(part)
            entries = there.entries.to_pylist()
            for start, size in zip(there.starts, there.sizes, strict=True):
                own = entries[start : start + size]
                assert len(own) >= 20 and len(set(own)) == len(own) and all(one == one.strip() for one in own)

    def test_a_product_is_three_words(self):
        assert re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z]+ [A-Z][a-z]+", masked("product", ["Lamp"])[0])

    def test_a_subjects_currency_is_its_countrys(self):
        table = people(column("country"), column("v"))
        rules = {
            name: parse_rule(rule)
            for name, rule in (("country", {"country": {"per": "id"}}), ("v", {"currency": {"per": "id"}}))
        }
        rows = transforms.compile(table, rules, key=KEY, domains={})(batch(table, country=["?"] * 50, v=["EUR"] * 50))
        there = country_table()
        codes = dict(zip(there.name.to_pylist(), there.currency.to_pylist(), strict=True))
        assert [codes[country] for country in rows["country"].to_pylist()] == rows["v"].to_pylist()


class TestUserAgent:
    @pytest.mark.parametrize(
        ("agent", "form"),
        [
            (
                "Mozilla/5.0 (Windows NT 6.1) Chrome/99.0 Safari/537.36",
                r".*Windows NT.*Chrome/\d+\.0\.0\.0 Safari/537\.36",
            ),
            ("Mozilla/5.0 (X11; Ubuntu; rv:9) Firefox/9.0", r".*X11; Linux.*Firefox/\d+\.0"),
            (
                "Mozilla/5.0 (iPhone) AppleWebKit/605 Version/9 Safari/604",
                r".*iPhone.*Version/.*Mobile/15E148 Safari.*",
            ),
            ("Mozilla/5.0 (Macintosh) Chrome/9 Safari/5 Edg/9", r".*Macintosh.*Edg/\d+.*"),
            ("Mozilla/5.0 (Linux; Android 9) Chrome/9 Mobile Safari/5", r".*Android.*Mobile Safari.*"),
            ("curl/7.1.0", r"curl/\d+\.\d+\.\d+"),
            ("SomeBot/1.0", r"(?i).*(bot|facebookexternalhit).*"),
            ("Ada's app", r"Mozilla/5\.0 .*"),
        ],
    )
    def test_the_program_and_the_system_stay(self, agent, form):
        (found,) = masked("user_agent", [agent])
        assert re.fullmatch(form, found) and found != agent

    def test_there_are_many_versions(self):
        agents = [f"Mozilla/5.0 (Windows NT 10.0) Chrome/{number}.0 Safari/5" for number in range(300)]
        assert len(set(masked("user_agent", agents))) == 40
