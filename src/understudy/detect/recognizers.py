"""Recognizers of your own: a regular expression, a function, or Presidio or GLiNER where they are installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import storage
from understudy.detect.catalogue import KEPT, Sensitivity
from understudy.errors import InputError, unknown

COVERED = 0.8
"""A span that covers so much of a value is the value."""

_SHAPES = "a boolean per text, or a list of {start, end} per text"


@dataclass(frozen=True)
class Found:
    """What a recognizer says of texts, one boolean each."""

    whole: pa.Array
    """The text is such a thing, and nothing else."""
    inside: pa.Array
    """There is such a thing in it."""


Find = Callable[[pa.Array], Mapping[str, Found]]
"""Texts to what was found of each entity."""


@dataclass(frozen=True)
class Recognizer:
    """A way of yours to know personal values; it runs beside the ones that are built in."""

    name: str
    find: Find
    entities: frozenset[str]
    """What it may find."""
    sensitivity: Sensitivity = "direct"
    """Of entities that are not among ours."""
    rule: str = ""
    """Which rule its columns get; for entities of ours their own where empty."""
    least: float = 0.6
    """The share of a column's values that it must find."""

    def finds(self, entity: str) -> bool:
        """Whether an entity is one of its own."""
        return entity in self.entities


def regex(name: str, pattern: str, *, entity: str = "", **more: Any) -> Recognizer:
    """Values that match a regular expression (of Arrow's kernel, RE2) as a whole; texts that hold a match."""
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        raise InputError(f"recognizer {name!r}: {pattern!r} is not a regular expression: {error}") from error

    def find(texts: pa.Array) -> Mapping[str, Found]:
        whole = pc.match_substring_regex(texts, f"^(?:{pattern})$")
        return {entity or name: Found(whole, pc.match_substring_regex(texts, pattern))}

    return Recognizer(name, find, frozenset({entity or name}), **more)


def function(name: str, where: str, *, entity: str = "", **more: Any) -> Recognizer:
    """What a function of yours, written ``module:function``, says of an Arrow array of texts: booleans or spans."""
    called = _function(name, where)

    def find(texts: pa.Array) -> Mapping[str, Found]:
        return {entity or name: _found(name, called(texts), texts)}

    return Recognizer(name, find, frozenset({entity or name}), **more)


def presidio(name: str = "presidio", *, language: str = "en", **more: Any) -> Recognizer:
    """Presidio's analyzer, where ``presidio-analyzer`` and a model of its own are installed; nothing is downloaded."""
    try:
        module = importlib.import_module("presidio_analyzer")
    except ImportError as error:
        raise InputError(
            "recognizer 'presidio' needs presidio-analyzer, which is not installed",
            hint="pip install presidio-analyzer, and the spaCy model it names",
        ) from error
    engine = module.AnalyzerEngine()

    def spans(text: str) -> Iterable[tuple[str, int, int]]:
        return [(one.entity_type, one.start, one.end) for one in engine.analyze(text=text, language=language)]

    return Recognizer(name, lambda texts: _by_model(texts, spans, _PRESIDIO), frozenset(_PRESIDIO.values()), **more)


def gliner(name: str = "gliner", *, model: str = "", labels: Iterable[str] = (), **more: Any) -> Recognizer:
    """A GLiNER model that lies on this machine, where ``gliner`` is installed; nothing is downloaded."""
    try:
        module = importlib.import_module("gliner")
    except ImportError as error:
        raise InputError(
            "recognizer 'gliner' needs gliner, which is not installed", hint="pip install gliner"
        ) from error
    if not model:
        raise InputError("recognizer 'gliner' needs `model`: the folder of a model", hint="as in `model: ./gliner-pii`")
    loaded = module.GLiNER.from_pretrained(model, local_files_only=True)
    wanted = list(labels) or list(_GLINER)

    def spans(text: str) -> Iterable[tuple[str, int, int]]:
        return [(one["label"], one["start"], one["end"]) for one in loaded.predict_entities(text, wanted)]

    return Recognizer(name, lambda texts: _by_model(texts, spans, _GLINER), frozenset(_GLINER.values()), **more)


_KINDS: Mapping[str, Callable[..., Recognizer]] = {
    "regex": regex,
    "function": function,
    "presidio": presidio,
    "gliner": gliner,
}
_OPTIONS = frozenset({"name", "entity", "class", "rule", "least"})


def parse(value: Any) -> Recognizer:
    """The recognizer that a value of the job file, or of the command line, spells; an InputError says what is wrong.

    ``{name: badge, regex: "B-[0-9]{6}"}``, ``{name: badge, function: "mine.badges:find", entity: person_key,
    class: direct, rule: key, least: 0.5}``, ``presidio``, ``{gliner: ./model, labels: [person]}``; on the command
    line also ``badge=B-[0-9]{6}`` and ``badge=mine.badges:find``.
    """
    if isinstance(value, str):
        return parse(_spelled(value))
    if not isinstance(value, Mapping):
        raise InputError(f"{value!r} is not a recognizer", hint="write `{name: badge, regex: 'B-[0-9]{6}'}`")
    kinds = [kind for kind in _KINDS if kind in value]
    if len(kinds) != 1:
        raise InputError(
            f"a recognizer is one of {', '.join(_KINDS)}, not {', '.join(map(str, value))}",
            hint="write `{name: badge, regex: 'B-[0-9]{6}'}`",
        )
    kind = kinds[0]
    options = {"regex": (), "function": (), "presidio": ("language",), "gliner": ("labels",)}[kind]
    for given in value:
        if given not in {kind, *options, *_OPTIONS}:
            raise unknown(f"option of a {kind} recognizer", str(given), {kind, *options, *_OPTIONS})
    return _made(kind, value, options)


def _made(kind: str, value: Mapping[str, Any], options: tuple[str, ...]) -> Recognizer:
    more: dict[str, Any] = {name: value[name] for name in ("rule", "least", *options) if name in value}
    if "class" in value:
        if value["class"] not in get_args(Sensitivity):
            raise unknown("class", str(value["class"]), get_args(Sensitivity))
        more["sensitivity"] = value["class"]
    name = str(value.get("name", kind))
    if kind == "presidio":
        return presidio(name, **more)
    if kind == "gliner":
        return gliner(name, model=str(value["gliner"] or ""), **more)
    if "name" not in value:
        raise InputError(f"a {kind} recognizer needs a name", hint=f"as in `{{name: badge, {kind}: ...}}`")
    return _KINDS[kind](name, str(value[kind]), entity=str(value.get("entity", "")), **more)


def _spelled(text: str) -> Mapping[str, Any]:
    """The recognizer in a word of the command line."""
    name, equals, rest = text.partition("=")
    if not equals:
        return {name: None}
    if name == "gliner":
        return {"gliner": rest}
    module, colon, called = rest.partition(":")
    is_function = colon and called.isidentifier() and all(part.isidentifier() for part in module.split("."))
    return {"name": name, "function" if is_function else "regex": rest}


def _function(name: str, where: str) -> Callable[[pa.Array], Any]:
    module, _, called = where.partition(":")
    try:
        found = getattr(importlib.import_module(module), called)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(
            f"recognizer {name!r}: there is no function {where!r}", hint="write `module:function`, importable from here"
        ) from error
    if not callable(found):
        raise InputError(f"recognizer {name!r}: {where!r} is no function")
    made: Callable[[pa.Array], Any] = found
    return made


def _found(name: str, answer: Any, texts: pa.Array) -> Found:
    """The answer of a function, in one form."""
    array = storage(answer.combine_chunks() if isinstance(answer, pa.ChunkedArray) else answer)
    if not isinstance(array, pa.Array) or len(array) != len(texts):
        raise InputError(f"recognizer {name!r} must return {_SHAPES}, as many as it was given")
    if pa.types.is_boolean(array.type):
        return Found(array, array)
    if not pa.types.is_list(array.type) or not pa.types.is_struct(array.type.value_type):
        raise InputError(f"recognizer {name!r} must return {_SHAPES}, not {array.type}")
    spans = [[(one["start"], one["end"]) for one in row or ()] for row in array.to_pylist()]
    return _covering(texts, spans)


def _covering(texts: pa.Array, spans: list[list[tuple[int, int]]]) -> Found:
    lengths = np.maximum(pc.utf8_length(texts).fill_null(0).to_numpy(zero_copy_only=False), 1)
    covered = np.array([sum(end - start for start, end in row) for row in spans])
    return Found(pa.array(covered >= COVERED * lengths), pa.array(covered > 0))


def _by_model(
    texts: pa.Array, spans: Callable[[str], Iterable[tuple[str, int, int]]], names: Mapping[str, str]
) -> Mapping[str, Found]:
    """What a model finds, text by text: models have no kernel for columns."""
    found: dict[str, list[list[tuple[int, int]]]] = {}
    listed = texts.to_pylist()
    for place, text in enumerate(listed):
        for label, start, end in spans(text or ""):
            entity = names.get(label, label.lower())
            found.setdefault(entity, [[] for _ in listed])[place].append((start, end))
    return {entity: _covering(texts, rows) for entity, rows in found.items()}


_PRESIDIO: Mapping[str, str] = {
    "PERSON": "full_name",
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip",
    "LOCATION": "city",
    "NRP": "ethnicity",
    "MEDICAL_LICENSE": "national_id",
    "US_SSN": "national_id",
    "US_PASSPORT": "passport",
    "US_DRIVER_LICENSE": "driving_licence",
    "US_BANK_NUMBER": "account",
    "US_ITIN": "national_id",
    "UK_NHS": "national_id",
    "UK_NINO": "national_id",
    "ES_NIF": "national_id",
    "IT_FISCAL_CODE": "national_id",
    "PL_PESEL": "national_id",
    "URL": "url",
}
_GLINER: Mapping[str, str] = {
    "person": "full_name",
    "email": "email",
    "phone number": "phone",
    "address": "address",
    "city": "city",
    "country": "country",
    "organization": "company",
    "credit card number": "card",
    "social security number": "national_id",
    "date of birth": "birth_date",
    "medical condition": "health",
    "username": "username",
}
assert set(_PRESIDIO.values()) | set(_GLINER.values()) <= KEPT.keys()
