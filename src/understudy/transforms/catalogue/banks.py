"""Rules for accounts, banks and securities."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from understudy.entities.scheme import Scheme
from understudy.entities.schemes import iban, payments
from understudy.transforms.catalogue.identifier import identifier, plain
from understudy.transforms.declare import Option, Options


@cache
def _iban_but_bank() -> Scheme:
    return replace(iban.IBAN, forms=iban.iban_forms(keep_bank=True))


def _iban(options: Options) -> Scheme:
    return _iban_but_bank() if options["keep_bank"] else iban.IBAN


IBAN = identifier(
    "iban",
    "Another IBAN of the same country, in the same format, with its check digits and, where the country has some, "
    "those of its own.",
    _iban,
    options=(Option("keep_bank", "yes or no", "keep the code of the bank too", default=False),),
)
BIC = identifier(
    "bic",
    "The code of a bank that hardly exists, in the same country, with a branch where there was one.",
    payments.BIC,
)
ACCOUNT_NUMBER = identifier(
    "account_number",
    "An account number of the same length and pattern; letters stay letters and digits digits.",
    plain("an account number"),
)
ROUTING_NUMBER = identifier(
    "routing_number",
    "Another routing number of a bank in the United States, with its check digit.",
    payments.ROUTING_NUMBER,
)
ISIN = identifier(
    "isin",
    "The code of another security of the same country, with its check digit and that of the national number in it.",
    payments.ISIN,
)
CUSIP = identifier("cusip", "The code of another security in North America, with its check digit.", payments.CUSIP)
SEDOL = identifier("sedol", "The code of another security in Great Britain, with its check digit.", payments.SEDOL)
LEI = identifier("lei", "The code of another legal entity, with its check digits.", payments.LEI)
