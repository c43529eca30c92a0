"""``phone``: another number in the same format."""

from __future__ import annotations

from understudy.transforms.characters import Characters
from understudy.transforms.declare import DOMAIN, PRESERVED, TEXT, Change, Declaration, Option, Setting


def _build(setting: Setting) -> Change:
    options = setting.place.options
    subkey = setting.key.subkey(f"phone:{options['domain'] or 'phone'}")
    characters = Characters(subkey, keep_digits=options["keep_digits"])
    return lambda values, _rows: characters(values)


PHONE = Declaration(
    name="phone",
    summary=(
        "A telephone number in the same format: the first digits stay (the country), the others are encrypted. "
        "It may be somebody's, so never let a test dial it."
    ),
    example="phone",
    kinds=TEXT,
    build=_build,
    main="keep_digits",
    options=(
        Option("keep_digits", "whole number", "leading digits to keep where four others are left", default=3, least=0),
        DOMAIN,
    ),
    uniqueness=lambda _place: PRESERVED,
)
