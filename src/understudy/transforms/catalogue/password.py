"""``password``: everybody gets the hash of one password that you know, so that you can log in as anybody."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from understudy.transforms.bcrypt import bcrypt
from understudy.transforms.declare import DOMAIN, TEXT, Change, Declaration, Option, Place, Setting, Uniqueness

_LENGTH = 60
_hashed = cache(bcrypt)


def _build(setting: Setting) -> Change:
    options = setting.place.options
    salt = setting.key.subkey(f"password:{options['domain'] or 'password'}")
    made = options["hash"] or _hashed(options["text"], salt, options["cost"])
    return lambda values, _rows: pa.repeat(made, len(values))


def _length(place: Place) -> int:
    given = place.options["hash"]
    return _LENGTH if given is None else len(given)


PASSWORD = Declaration(
    name="password",
    summary="The bcrypt hash of one password that you state, or a hash that you give, the same for everybody.",
    example="{password: letmein}",
    kinds=TEXT,
    build=_build,
    main="text",
    options=(
        Option("text", "text", "the password everybody gets", default="password"),
        Option("cost", "whole number", "how slow the hash is; 4 is the least that bcrypt has", 4, least=4, most=10),
        Option("hash", "text", "what stands there instead, made as your application makes it"),
        DOMAIN,
    ),
    uniqueness=lambda _place: Uniqueness("lossy", 1),
    length=_length,
)
