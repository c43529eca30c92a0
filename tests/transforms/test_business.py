"""Secrets and what businesses are described by."""

import re
import uuid

import pytest

from transforms.sample import masked
from transforms.test_bcrypt import salt_of
from understudy.errors import InputError
from understudy.transforms import TRANSFORMERS
from understudy.transforms.bcrypt import bcrypt


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
