"""Rules for what leads to people by way of their things: vehicles, telephones, SIM cards."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from understudy.entities.scheme import Scheme
from understudy.entities.schemes import things
from understudy.transforms.catalogue.identifier import Choose, identifier, plain
from understudy.transforms.declare import Option

_FORMS = {"vin": things.vin_forms, "imei": things.imei_forms, "imsi": things.imsi_forms}


@cache
def _keeping(scheme: Scheme, first: int) -> Scheme:
    return replace(scheme, forms=_FORMS[scheme.name](first))


def _kept(scheme: Scheme) -> Choose:
    return lambda options: _keeping(scheme, int(options["keep"]))


def _keep(what: str, default: int, most: int) -> tuple[Option]:
    return (Option("keep", "whole number", f"how many characters at the start stay: {what}", default, (), 0, most),)


VIN = identifier(
    "vin",
    "The number of another vehicle of the same maker and model year, with its check digit.",
    _kept(things.VIN),
    options=_keep("3 are the maker, 8 the model too", 3, 8),
)
LICENCE_PLATE = identifier(
    "licence_plate",
    "A licence plate of the same pattern; letters stay letters and digits digits.",
    plain("a licence plate"),
)
IMEI = identifier(
    "imei",
    "The number of another mobile telephone, with its check digit.",
    _kept(things.IMEI),
    options=_keep("2 are the office that gave it, 8 the model too", 2, 8),
)
IMSI = identifier(
    "imsi",
    "The number of another mobile subscriber of the same country and network.",
    _kept(things.IMSI),
    options=_keep("3 are the country, 5 the network too", 5, 6),
)
ICCID = identifier("iccid", "The number of another SIM card of the same country, with its check digit.", things.ICCID)
