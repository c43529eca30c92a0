"""Whether every rule fits its column, proved before a row is read; what does not is refused.

CHECK constraints are no reason here: what they say is SQL, so a run asks the database about its real output.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from understudy.errors import InputError
from understudy.interfaces import Refusal, Rule
from understudy.schema import Column, Schema, Table, TableName, Unique
from understudy.transforms.apply import order
from understudy.transforms.declare import Declaration, Uniqueness
from understudy.transforms.domains import Rules, Spot, by_label, title
from understudy.transforms.placed import Placed, placed
from understudy.transforms.registry import TRANSFORMERS

LIKELY = 1e-4
"""From this probability of one collision in a table, a random stand-in is not unique enough."""

_UNKNOWN_ROWS = 1_000_000  # what is assumed of a table the database has no estimate for

_IDENTITY = frozenset({"keep", "key", "serial", "shuffle"})

Reason = tuple[str, str]
"""A reason and a hint."""


def refusals(schema: Schema, rules: Rules, domains: Mapping[Spot, str]) -> list[Refusal]:
    """Every reason why rules, as ``spread`` returns them, cannot be run on a schema."""
    found: list[Refusal] = []
    places: dict[Spot, Placed] = {}
    for spot, rule in sorted(rules.items(), key=lambda item: item[0]):
        try:
            one = placed(*_column(schema, spot), rule)
        except InputError as error:
            found.append(Refusal(title(spot), error.message, error.hint))
            continue
        reasons = [Refusal(title(spot), reason, hint) for reason, hint in _unfit(one)]
        found += reasons
        if not reasons:
            places[spot] = one
    by_table: dict[TableName, dict[str, Placed]] = defaultdict(dict)
    for (name, inner), made_there in places.items():
        by_table[name][inner] = made_there
    for name, there in by_table.items():
        found += _not_unique(schema.table(name), there)
        found += _excluded(schema.table(name), there)
        found += _entangled(schema.table(name), {inner: rules[name, inner] for inner in there})
    for label, spots in by_label(domains).items():
        found += _disagreeing(label, {spot: places[spot] for spot in spots if spot in places})
    return list(dict.fromkeys(found))


def _column(schema: Schema, spot: tuple[TableName, str]) -> tuple[Table, Column]:
    table = schema.table(spot[0])
    return table, table.column(spot[1])


def _unfit(one: Placed) -> Iterator[Reason]:
    """Why one rule does not fit one column by itself."""
    made, column = one.made, one.place.column
    if made.name == "keep":
        return
    wrong = _wrong_type(made, column)
    if wrong:
        yield wrong
        return
    if column.identity and not one.branches and made.name not in _IDENTITY:
        hint = f"an identity takes {', '.join(sorted(_IDENTITY))}"
        yield f"{made.name} on a number that the database hands out", hint
    if made.name == "null" and not column.nullable:
        yield "it is NOT NULL, so it cannot be emptied", "use redact or replace"
    try:
        one.place.subject  # noqa: B018  # raises where `per` names no column
        problem = made.problem(one.place)
    except InputError as error:
        yield error.message, error.hint
        return
    if problem:
        yield problem, f"as in `{made.example}`"
        return
    length = None if one.branches else one.length
    if length is not None and column.max_length is not None and length > column.max_length:
        yield f"{made.name} gives up to {length} characters, and {column.native_type} holds {column.max_length}", ""
    yield from _unfit_inside(one)


def _wrong_type(made: Declaration, column: Column) -> Reason | None:
    """Why a rule cannot stand on a column of this type."""
    if column.generated:
        return "the database computes it from other columns", "leave it out: it is computed again"
    if made.takes(column):
        return None
    if column.kind == "enum":
        takes = sorted(name for name, one in TRANSFORMERS.items() if "enum" in one.kinds)
        reason = f"{made.name} gives values that are not labels of {column.native_type}"
        return reason, f"an enum takes {', '.join(takes)}"
    hint = f"it takes {', '.join(sorted(made.kinds))}; every type takes keep, null and replace"
    return f"{made.name} does not take {column.native_type}", hint


def _unfit_inside(one: Placed) -> Iterator[Reason]:
    """Why rules inside a rule do not fit what they are for."""
    for label, branch in one.branches.items():
        for reason, hint in _unfit(branch):
            yield f"{label}: {reason}", hint
    for label, reason in one.unfit.items():
        yield f"{label}: {reason}", ""
    for label, pieces in one.pieces.items():
        if pieces:
            for reason, hint in _unfit(pieces[0]):
                yield f"{label}: {reason}", hint


def _not_unique(table: Table, places: Mapping[str, Placed]) -> Iterator[Refusal]:
    """Unique constraints and indexes that changed columns may break."""
    for unique in table.uniques:
        compared, conditional = _read_by(unique, table)
        for name in (*compared, *conditional):
            one = places.get(name)
            if one is None or one.name == "keep":
                continue
            empties = one.nulls == "filled" and (unique.primary or not unique.nulls_distinct or name in conditional)
            if empties:
                reason = "all rows would be NULL there" if one.name == "null" else "several rows may be NULL there"
            elif name in conditional:
                reads = one.name != "null" and not one.uniqueness.folded
                reason = f"its condition {unique.predicate} reads what changes" if reads else ""
            else:
                reason = _collides(one.uniqueness, unique, table)
            if reason:
                what = "the primary key" if unique.primary else f"unique {unique.name}"
                texts = "key, email, username, hash, token and a template with the primary key stay unique"
                hint = texts if one.place.column.kind == "text" else "key and keep stay unique"
                why = f"{what} needs different values to stay different: {reason}"
                yield Refusal(f"{table.name}.{name}", why, hint)


def _collides(found: Uniqueness, unique: Unique, table: Table) -> str:
    """Why a rule may make two values of a unique key the same; empty if it will not."""
    if unique.expressions and not found.folded and found.kind != "lossy":
        return f"under {unique.expressions}, stand-ins may be equal"
    if found.kind == "preserved":
        return "" if not found.within or found.within in unique.columns else f"they do within one {found.within} only"
    rows = table.rows if table.rows > 0 else _UNKNOWN_ROWS
    chance = found.collision(rows)
    if found.kind == "probable" and chance < LIKELY:
        return ""
    if found.stand_ins is None:
        return "different values may become the same"
    return f"with {found.stand_ins:,.0f} stand-ins for {rows:,} rows, two agree with probability {_shown(chance)}"


def _shown(chance: float) -> str:
    return f"{chance:.2g}" if chance < 0.995 else "1" if chance == 1 else "almost 1"


def _read_by(unique: Unique, table: Table) -> tuple[list[str], list[str]]:
    """The columns whose values a unique key compares, and those that only its condition reads (NULL or not apart)."""
    compared = [name for name in table.by_name if name in unique.columns or name in _names(unique.expressions)]
    condition = _names(re.sub(r"\S+ IS (NOT )?NULL", "", unique.predicate, flags=re.IGNORECASE))
    return compared, [name for name in table.by_name if name in condition and name not in compared]


def _names(sql: str) -> set[str]:
    """Every word of an SQL expression that may be a column's name."""
    return {plain or quoted for plain, quoted in re.findall(r'(\w+)|"([^"]+)"', re.sub(r"'[^']*'", "", sql))}


def _excluded(table: Table, places: Mapping[str, Placed]) -> Iterator[Refusal]:
    """Columns whose rows may not overlap: nothing here can promise that they will not."""
    for check in table.checks:
        if not check.exclusion:
            continue
        for name in check.columns:
            if name in places and places[name].name != "keep":
                reason = f"exclusion constraint {check.name} compares rows by it, so it cannot change"
                yield Refusal(f"{table.name}.{name}", reason, "keep it")


def _entangled(table: Table, rules: Mapping[str, Rule]) -> Iterator[Refusal]:
    """Rules that are made of one another's columns."""
    try:
        order(table, rules)
    except InputError as error:
        yield Refusal(str(table.name), error.message, error.hint)


def _disagreeing(label: str, places: Mapping[Spot, Placed]) -> Iterator[Refusal]:
    """Why columns that must change alike would not."""
    changed = {spot: one for spot, one in places.items() if one.name not in ("keep", "null")}
    for spot, one in changed.items():
        if not one.by_value:
            reason = f"{one.name} does not give equal values equal stand-ins, and {label} needs that"
            yield Refusal(title(spot), reason, "use key, or hash or email for texts")
    for what, of in (("kind", _kind), ("case", _folds), ("length", _length)):
        found = {of(one): spot for spot, one in reversed(changed.items())}
        if len(found) > 1:
            first, other, *_more = sorted(found.values())
            yield Refusal(title(other), _DISAGREE[what].format(first=title(first)), "keep both, or mend the types")


_DISAGREE = {
    "kind": "its type differs from that of {first}, so equal values would get different stand-ins",
    "case": "it compares case differently from {first}, so equal values would get different stand-ins",
    "length": "it holds texts of another length than {first}, so stand-ins would be cut differently",
}


def _kind(one: Placed) -> str:
    return one.place.column.kind


def _folds(one: Placed) -> str:
    return str(one.place.column.kind == "text" and bool(one.place.column.key_sql))


def _length(one: Placed) -> str:
    return str(one.length)
