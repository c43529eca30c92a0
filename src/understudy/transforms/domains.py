"""Domains: sets of columns that must change alike, because foreign keys (or the job) join them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from understudy.graph import groups
from understudy.interfaces import Refusal, Rule
from understudy.schema import Schema, TableName
from understudy.transforms.catalogue.key import natural_width
from understudy.transforms.permute import EDGES, Within
from understudy.transforms.registry import TRANSFORMERS

Spot = tuple[TableName, str]
"""A column of a table."""

Rules = Mapping[Spot, Rule]


def title(spot: Spot) -> str:
    """How a person names a column: ``users.id``."""
    return f"{spot[0]}.{spot[1]}"


def domains(schema: Schema, joined: Iterable[Collection[Spot]] = ()) -> Mapping[Spot, str]:
    """The domain of every column that is joined with others, by the name of its first referenced column.

    Columns are joined pair by pair by the foreign keys, virtual ones too, and by the groups of
    ``joined``.  A column that nothing joins is in no domain.
    """
    pairs: list[tuple[Spot, Spot]] = []
    referenced: set[Spot] = set()
    for key in schema.foreign_keys:
        parents = [(key.parent, column) for column in key.parent_columns]
        referenced.update(parents)
        pairs += zip(parents, parents, strict=True)
        if not key.expressions:
            pairs += zip([(key.table, column) for column in key.columns], parents, strict=True)
    for first, *others in joined:
        pairs += [(first, other) for other in others]
    spots = sorted({spot for pair in pairs for spot in pair})
    members: dict[Spot, list[Spot]] = defaultdict(list)
    for spot, leader in groups(spots, pairs).items():
        members[leader].append(spot)
    return {
        spot: min(title(one) for one in (referenced & set(together)) or together)
        for together in members.values()
        for spot in together
    }


def spread(schema: Schema, rules: Rules, domains: Mapping[Spot, str]) -> tuple[dict[Spot, Rule], list[Refusal]]:
    """Give every column of a domain the domain's rule; a Refusal where two rules of one domain differ.

    A column that is emptied (``null``) may stay so whatever its domain does.  Rules for keys are told
    the narrowest type of their domain (``within``), so that all its columns can hold the stand-ins.
    """
    found = dict(rules)
    refusals: list[Refusal] = []
    for label, spots in sorted(by_label(domains).items()):
        ruled = [spot for spot in spots if spot in rules and rules[spot].name != "null"]
        if not ruled:
            continue
        first = next((spot for spot in ruled if title(spot) == label), ruled[0])
        for other in ruled:
            if rules[other] != rules[first]:
                reason = f"`{rules[other]}` differs from `{rules[first]}` of {title(first)}, with which it must agree"
                hint = f"leave {title(other)} out and it takes the rule of {title(first)}"
                refusals.append(Refusal(title(other), reason, hint))
                break
        for spot in spots:
            found.setdefault(spot, rules[first])
    widths = _narrowest(schema, domains)
    for table in schema.tables:
        for column in table.columns:
            spot = (table.name, column.name)
            if spot in found:
                label = domains.get(spot, title(spot)) if column.kind == "integer" else ""
                found[spot] = _within(found[spot], label, natural_width(column.arrow_type), widths)
    return found, refusals


def by_label(domains: Mapping[Spot, str]) -> dict[str, list[Spot]]:
    """The columns of every domain, in order."""
    found: dict[str, list[Spot]] = defaultdict(list)
    for spot in sorted(domains):
        found[domains[spot]].append(spot)
    return found


def _narrowest(schema: Schema, domains: Mapping[Spot, str]) -> dict[str, Within]:
    """The narrowest width among the integer columns of every domain; a column in none is its own domain."""
    widths: dict[str, Within] = {}
    for table in schema.tables:
        for column in table.columns:
            if column.kind == "integer":
                spot = (table.name, column.name)
                label = domains.get(spot, title(spot))
                widths[label] = _narrower(natural_width(column.arrow_type), widths.get(label))
    return widths


def _narrower(one: Within, other: Within | None) -> Within:
    return one if other is None or list(EDGES).index(one) < list(EDGES).index(other) else other


def _within(rule: Rule, label: str, own: Within, widths: Mapping[str, Within]) -> Rule:
    """A rule told the width of its domain, where that is not the column's own; the rules inside it too."""
    options = dict(rule.options)
    narrowest = widths.get(str(options.get("domain") or label), own)
    if rule.name == "key" and label and narrowest != own:
        options.setdefault("within", narrowest)
    whole = rule.name in TRANSFORMERS and TRANSFORMERS[rule.name].choose is not None  # rules inside share the column
    for name, given in options.items():
        if isinstance(given, Rule):
            options[name] = _within(given, label if whole else name, own if whole else "int64", widths)
        elif isinstance(given, Mapping):
            options[name] = {
                path: _within(inner, label if whole else path, own if whole else "int64", widths)
                if isinstance(inner, Rule)
                else inner
                for path, inner in given.items()
            }
    return replace(rule, options=options)
