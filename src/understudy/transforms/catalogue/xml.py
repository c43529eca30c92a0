"""``xml``: texts and attributes of XML documents, each path by a rule of its own."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import anywhere
from understudy.errors import InputError
from understudy.transforms.declare import TEXT, Change, Declaration, Option, Place, Setting
from understudy.transforms.paths import Step, told
from understudy.transforms.rewriting import (
    REST,
    Format,
    Pieces,
    Spelling,
    field_of,
    named_rules,
    nothing_named,
    rewriting,
    text_parts,
)
from understudy.transforms.stretches import holding
from understudy.transforms.xml_text import find

_STEP = re.compile(r"(//?)(@?)([^/@\s\[\]()]+)")
_ENTITY = re.compile(r"&(?:#(\d+)|#x([0-9a-fA-F]+)|(lt|gt|amp|quot|apos));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_SECTIONS = (("<![CDATA[", "]]>", "]]]]><![CDATA[>"), ("<!--", "-->", ""))
"""How CDATA and comments start and end, and what their end becomes inside them."""


def steps(path: str) -> tuple[Step, ...]:
    """A path such as ``/order/customer/email``, ``//email`` or ``//customer/@id``; an InputError where it is none."""
    found = _STEP.findall(path)
    whole = "".join(slashes + at + name for slashes, at, name in found)
    if not found or whole != path or any(at for _, at, _ in found[:-1]):
        raise InputError(f"{path!r} is not a path", hint="write /order/customer/email, //email, //customer/@id or //*")
    alone = len(found) == 1  # an attribute of whatever element
    return tuple(
        Step(None if name == "*" else name, deep=slashes == "//" or bool(at and alone), attribute=bool(at))
        for slashes, at, name in found
    )


def _build(setting: Setting) -> Change:
    rules = named_rules(setting.place)
    paths = [None if label == REST else steps(field_of(label)) for label in rules]
    followed = told(paths, [path is not None and path[-1].attribute for path in paths])
    return rewriting(
        setting,
        rules,
        Format("well-formed XML", lambda texts: Pieces(*find(texts, followed)), Spelling(_read, _write)),
    )


def _read(raw: pa.Array) -> pa.Array:
    """What texts and attributes say: entities replaced, sections taken out of their brackets."""
    if not anywhere(raw, b"&<"):
        return raw
    made = _unescaped(raw)
    for start, end, _ in _SECTIONS:
        there = pc.starts_with(raw, start)
        if there.true_count:
            inner = pc.utf8_slice_codeunits(raw, len(start), -len(end))
            made = pc.if_else(there, inner, made)
    return made


def _unescaped(raw: pa.Array) -> pa.Array:
    odd = holding(raw, b"&")
    if not odd.true_count:
        return raw
    plain = [_ENTITY.sub(_character, text) for text in raw.filter(odd).to_pylist()]
    return pc.replace_with_mask(raw, odd, pa.array(plain, pa.string()))


def _character(entity: re.Match[str]) -> str:
    decimal, hexadecimal, name = entity.groups()
    if name:
        return _NAMED[name]
    code = int(decimal or hexadecimal, 10 if decimal else 16)
    return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else entity[0]


def _write(texts: pa.Array, raw: pa.Array) -> pa.Array:
    made = texts
    if anywhere(texts, b"&<>\"'"):
        made = pc.replace_substring(pc.replace_substring(texts, "&", "&amp;"), "<", "&lt;")
        for character, entity in ((">", "&gt;"), ('"', "&quot;"), ("'", "&apos;")):
            made = pc.if_else(pc.match_substring(raw, character), made, pc.replace_substring(made, character, entity))
    for start, end, inside_it in _SECTIONS if anywhere(raw, b"<") else ():
        there = pc.starts_with(raw, start)
        if there.true_count:
            inner = pc.replace_substring(texts, end, inside_it)
            made = pc.if_else(there, pc.binary_join_element_wise(start, inner, end, ""), made)
    return made


def _problem(place: Place) -> str:
    try:
        for path in place.options["fields"] or {}:
            steps(path)
    except InputError as error:
        return f"{error.message}: {error.hint}"
    return nothing_named(place)


XML = Declaration(
    name="xml",
    summary="Texts and attributes of XML, each path by its own rule; what no path names stays, or gets the default.",
    example="{xml: {//email: email, /order/customer/@id: key}, default: redact}",
    kinds=TEXT,
    build=_build,
    inverse=_build,
    main="fields",
    options=(
        Option("fields", "mapping of rules", "paths to elements or attributes and their rules"),
        Option("default", "rule", "the rule for all other texts and attributes"),
    ),
    problem=_problem,
    pieces=text_parts,
    sensitive=False,
)
