"""``xml``: texts and attributes of XML documents, each path by a rule of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.errors import InputError
from understudy.transforms.declare import TEXT, Change, Declaration, Option, Place, Setting
from understudy.transforms.nesting import inside
from understudy.transforms.rewriting import (
    NONE,
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
from understudy.transforms.stretches import Flags, Texts, holding, joined
from understudy.transforms.xml_text import Names, Nodes, read

_STEP = re.compile(r"(//?)(@?)([^/@\s\[\]()]+)")
_ENTITY = re.compile(r"&(?:#(\d+)|#x([0-9a-fA-F]+)|(lt|gt|amp|quot|apos));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_SECTIONS = (("<![CDATA[", "]]>", "]]]]><![CDATA[>"), ("<!--", "-->", ""))
"""How CDATA and comments start and end, and what their end becomes inside them."""


@dataclass(frozen=True)
class _Step:
    """One step of a path: to an element of a name (``*`` for any), or to an attribute; ``deep`` at any depth."""

    name: str
    deep: bool
    attribute: bool


def steps(path: str) -> tuple[_Step, ...]:
    """A path such as ``/order/customer/email``, ``//email`` or ``//customer/@id``; an InputError where it is none."""
    found = [_Step(name, slashes == "//", bool(at)) for slashes, at, name in _STEP.findall(path)]
    whole = "".join(("//" if one.deep else "/") + "@" * one.attribute + one.name for one in found)
    if not found or whole != path or any(one.attribute for one in found[:-1]):
        raise InputError(f"{path!r} is not a path", hint="write /order/customer/email, //email, //customer/@id or //*")
    return tuple(found)


def _build(setting: Setting) -> Change:
    rules = named_rules(setting.place)
    paths = [None if label == REST else steps(field_of(label)) for label in rules]

    def find(texts: Texts) -> Pieces:
        nodes, wrong = read(texts)
        return Pieces(joined([]), NONE, wrong) if nodes is None else _ruled(nodes, paths)

    return rewriting(setting, rules, Format("well-formed XML", find, Spelling(_read, _write)))


def _ruled(nodes: Nodes, paths: Sequence[tuple[_Step, ...] | None]) -> Pieces:
    """Texts and attributes, and the first path that names each; None stands for what no path names."""
    texts = nodes.name.which < 0
    attributes = _usual(nodes.attribute_name) & (nodes.attributes.start < nodes.attributes.end)
    of_text, of_attribute = np.full(len(texts), -1), np.full(len(attributes), -1)
    for number, path in enumerate(paths):
        named, named_attributes = (texts, attributes) if path is None else _named(nodes, path)
        of_text[(of_text < 0) & texts & named] = number
        of_attribute[(of_attribute < 0) & attributes & named_attributes] = number
    chosen, others = np.flatnonzero(of_text >= 0), np.flatnonzero(of_attribute >= 0)
    where = joined([nodes.where.at(chosen), nodes.attributes.at(others)])
    order = np.argsort(where.start, kind="stable")
    return Pieces(where.at(order), np.concatenate([of_text[chosen], of_attribute[others]])[order])


def _named(nodes: Nodes, path: tuple[_Step, ...]) -> tuple[Flags, Flags]:
    """The texts in elements that a path names, at any depth there, or the attributes that it names."""
    around = np.ones(len(nodes.parent), bool)
    for number, step in enumerate(path):
        if step.attribute:
            held = around | inside(around, nodes.after) if step.deep else around
            return np.zeros(len(around), bool), held[nodes.owner] & _called(nodes.attribute_name, step.name)
        if number == 0:
            there = (nodes.parent < 0) | step.deep
        else:
            held = around | inside(around, nodes.after) if step.deep else around
            there = (nodes.parent >= 0) & held[nodes.parent]
        around = there & _called(nodes.name, step.name)
    return inside(around, nodes.after), np.zeros(len(nodes.owner), bool)


def _called(names: Names, wanted: str) -> Flags:
    """Which have a name, with the prefix of its namespace or without."""
    if wanted == "*":
        return names.which >= 0
    plain = ":" not in wanted
    return names.that(
        lambda words: pc.equal(pc.replace_substring_regex(words, "^[^:]*:", "") if plain else words, wanted)
    )


def _usual(names: Names) -> Flags:
    """Attributes that are not the declarations of namespaces."""
    return ~names.that(lambda words: pc.match_substring_regex(words, "^xmlns(?::|$)"))


def _read(raw: pa.Array) -> pa.Array:
    """What texts and attributes say: entities replaced, sections taken out of their brackets."""
    if not holding(raw, b"&<").true_count:
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
    if holding(texts, b"&<>\"'").true_count:
        made = pc.replace_substring(pc.replace_substring(texts, "&", "&amp;"), "<", "&lt;")
        for character, entity in ((">", "&gt;"), ('"', "&quot;"), ("'", "&apos;")):
            made = pc.if_else(pc.match_substring(raw, character), made, pc.replace_substring(made, character, entity))
    for start, end, inside_it in _SECTIONS if holding(raw, b"<").true_count else ():
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
