"""``hostname`` and ``url``: hosts whose labels keep their stand-ins wherever they stand, so that both agree.

``mail.acme.co.uk`` becomes ``mail.qhzt.co.uk``, and ``https://acme.co.uk/ada?id=7`` a page of ``qhzt.co.uk``.
A host that is an IP address changes as ``ip`` changes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans
from understudy.errors import InputError
from understudy.native import urls as native
from understudy.transforms.catalogue.network import Addresses, change_texts, fitting, is_address
from understudy.transforms.characters import text_array
from understudy.transforms.declare import (
    DOMAIN,
    LOSSY,
    PRESERVED,
    TEXT,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    Uniqueness,
)
from understudy.transforms.labels import EXTENSIONS, Labels
from understudy.transforms.parts import (
    Bytes,
    Offsets,
    among,
    distinct,
    gathered,
    last_of,
    names_in,
)
from understudy.transforms.pieces import outside

GENERIC = frozenset(
    """localhost www www2 mail smtp imap pop ftp api cdn static ns1 ns2 mx mx1 mx2 co ac gob
    com net org edu gov mil int arpa info biz name pro mobi coop aero museum jobs travel asia cat tel post xxx
    academy agency app art bank bike blog business cafe camera center city cloud club company consulting design dev
    digital email energy events expert finance fun games global group guru health help host house life link live ltd
    market media money music network news ngo ninja one online page partners photo photos plus press run school
    services shop site social software solutions space store studio support systems team tech today tools top tours
    trade video vip wiki work works world xyz zone berlin london paris tokyo nyc swiss cymru scot bayern
    local localdomain internal intranet lan home corp private example test invalid onion рф 中国""".split()
)
"""Labels that say nothing of anybody: services, top-level domains, and what stands before the country in ``co.uk``.
Those of countries, of two letters, are told by where they stand."""

SCHEMES = frozenset(
    """http https ftp ftps sftp ssh scp git svn file ws wss ldap ldaps smb nfs s3 gs abfs hdfs jdbc postgresql postgres
    mysql mongodb redis rediss amqp amqps kafka mqtt mqtts rtsp rtmp sip sips tel sms mailto data urn
    magnet""".split()
)
"""How URLs start; others may be anything."""


@dataclass(frozen=True)
class Hosts:
    """The permutation of hosts of one key."""

    names: bytes
    """The sub-key of labels."""
    addresses: bytes
    """The sub-key of IP addresses."""
    keep: frozenset[str] = GENERIC

    @cached_property
    def _labels(self) -> Labels:
        return Labels(self.names, self.keep)

    def __call__(self, hosts: pa.Array, *, back: bool) -> pa.Array:
        """Stand-ins for hosts."""
        bracketed = pc.and_(pc.starts_with(hosts, "["), pc.ends_with(hosts, "]"))
        bare = hosts
        if bracketed.true_count:
            bare = pc.if_else(bracketed, pc.utf8_slice_codeunits(hosts, 1, -1), hosts)
        address = is_address(bare)
        if not address.any():
            return outside(lambda texts: self._named(texts, back=back), hosts, is_address)
        rows = pa.array(address)
        named = outside(lambda texts: self._named(texts, back=back), hosts.filter(pc.invert(rows)), is_address)
        changed = change_texts(Addresses(self.addresses), bare.filter(rows), back=back)
        changed = pc.if_else(bracketed.filter(rows), pc.binary_join_element_wise("[", changed, "]", ""), changed)
        return pc.replace_with_mask(pc.replace_with_mask(hosts, rows, changed), pc.invert(rows), named)

    def _named(self, hosts: pa.Array, *, back: bool) -> pa.Array:
        data, offsets = own_spans(hosts)
        starts, stops = _labels(data, offsets)
        return text_array(self._labels(data, starts, stops, back=back), offsets)


def _labels(data: Bytes, offsets: Offsets) -> tuple[Offsets, Offsets]:
    """Where the labels of hosts start and stop that are no country's."""
    starts, stops = names_in(data, offsets, b".")
    moving = np.ones(len(data), np.bool_)
    moving[_countries(data, offsets)] = False
    return starts[moving[starts]], stops[moving[starts]]


def _countries(data: Bytes, offsets: Offsets) -> Offsets:
    """Where the top-level domains of countries start: labels of two letters after the last dot."""
    stops = offsets[1:].copy()
    dotted = np.flatnonzero(stops > offsets[:-1])
    dotted = dotted[data[stops[dotted] - 1] == ord(".")]
    stops[dotted] -= 1
    starts = last_of(data, offsets[:-1], stops, b".") + 1
    found: Offsets = starts[(starts > offsets[:-1]) & (stops - starts == _COUNTRY)]
    return found[among(data[found], _LETTERS) & among(data[found + 1], _LETTERS)]


_COUNTRY = 2
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _hosts(setting: Setting) -> Hosts:
    options = setting.place.options
    names = setting.key.subkey(f"hostname:{options['domain'] or 'hostname'}")
    return Hosts(names, setting.key.subkey("ip:ip"), GENERIC | {str(name).lower() for name in options["keep"] or ()})


def _hostname(*, back: bool) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        hosts, folds = _hosts(setting), bool(setting.place.column.key_sql)

        def change(values: pa.Array, _rows: Rows) -> pa.Array:
            return fitting(hosts(pc.utf8_lower(values) if folds else values, back=back), setting.place)

        return change

    return build


@dataclass(frozen=True)
class _Change:
    """How the parts of URLs change."""

    hosts: Hosts
    names: Labels
    path: str
    query: str

    def __call__(self, values: pa.Array, *, back: bool) -> pa.Array:
        """Stand-ins for URLs."""
        data, offsets = own_spans(values)
        keep = self.path == "keep", self.query == "keep"
        starts, stops, host, port, path, query = gathered(lambda some: native.names(data, some, *keep), offsets)
        made = self.names(data, starts, stops, back=back)
        hosts, which = distinct(data, host, port)
        texts, bounds = own_spans(self.hosts(hosts, back=back))
        gone = path if self.path == "drop" else query, offsets[1:] if self.query == "drop" else query
        return text_array(*native.rehosted(made, offsets, host, port, *gone, texts, bounds, which))


def _url(*, back: bool) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        options, folds = setting.place.options, bool(setting.place.column.key_sql)
        path, query = options["path"], options["query"]
        if back and "drop" in (path, query):
            raise InputError("what url dropped is gone")
        hosts = _hosts(setting)
        subkey = setting.key.subkey(f"url:{options['domain'] or 'url'}")
        urls = _Change(hosts, Labels(subkey, SCHEMES | EXTENSIONS | hosts.keep), path, query)

        def change(values: pa.Array, _rows: Rows) -> pa.Array:
            return fitting(urls(pc.utf8_lower(values) if folds else values, back=back), setting.place)

        return change

    return build


def _url_uniqueness(place: Place) -> Uniqueness:
    return LOSSY if "drop" in (place.options["path"], place.options["query"]) else PRESERVED


KEEP = Option("keep", "list", "names that stay, wherever they stand as a whole")

HOSTNAME = Declaration(
    name="hostname",
    summary="A host or domain name: every label has one stand-in wherever it stands; known top-level domains stay.",
    example="hostname",
    kinds=TEXT,
    build=_hostname(back=False),
    options=(KEEP, DOMAIN),
    uniqueness=lambda _place: PRESERVED,
    inverse=_hostname(back=True),
)

URL = Declaration(
    name="url",
    summary="A URL: known schemes stay, the host changes as `hostname` does, names in path and query are scrambled.",
    example="{url: {query: drop}}",
    kinds=TEXT,
    build=_url(back=False),
    options=(
        Option("path", "text", "the path", default="scramble", choices=("scramble", "keep", "drop")),
        Option("query", "text", "the query and fragment", default="scramble", choices=("scramble", "keep", "drop")),
        KEEP,
        DOMAIN,
    ),
    uniqueness=_url_uniqueness,
    inverse=_url(back=True),
)
