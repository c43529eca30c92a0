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
from understudy.transforms.apply import order, placed
from understudy.transforms.declare import Declaration, Place, Uniqueness
from understudy.transforms.domains import Rules, Spot, by_label, title
from understudy.transforms.registry import TRANSFORMERS, declaration

LIKELY = 1e-4
"""From this probability of one collision in a table, a random stand-in is not unique enough."""

_UNKNOWN_ROWS = 1_000_000  # what is assumed of a table the database has no estimate for

_IDENTITY = frozenset({"keep", "key", "shuffle"})

Reason = tuple[str, str]
"""A reason and a hint."""


def refusals(schema: Schema, rules: Rules, domains: Mapping[Spot, str]) -> list[Refusal]:
    """Every reason why rules, as ``spread`` returns them, cannot be run on a schema."""
    found: list[Refusal] = []
    places: dict[Spot, tuple[Declaration, Place]] = {}
    for spot, rule in sorted(rules.items(), key=lambda item: item[0]):
        try:
            table, column = _column(schema, spot)
            made = declaration(rule.name)
        except InputError as error:
            found.append(Refusal(title(spot), error.message, error.hint))
            continue
        place = Place(table, column, made.filled_in(rule.options))
        reasons = [Refusal(title(spot), reason, hint) for reason, hint in _unfit(made, place)]
        found += reasons
        if not reasons:
            places[spot] = (made, place)
    by_table: dict[TableName, dict[str, tuple[Declaration, Place]]] = defaultdict(dict)
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


def _unfit(made: Declaration, place: Place) -> Iterator[Reason]:
    """Why one rule does not fit one column by itself."""
    column = place.column
    if made.name == "keep":
        return
    if column.generated:
        yield "the database computes it from other columns", "leave it out: it is computed again"
        return
    if column.kind == "enum" and not made.takes(column):
        hint = f"an enum takes {', '.join(sorted(name for name, one in TRANSFORMERS.items() if 'enum' in one.kinds))}"
        yield f"{made.name} gives values that are not labels of {column.native_type}", hint
        return
    if not made.takes(column):
        hint = f"it takes {', '.join(sorted(made.kinds))}; every type takes keep, null and replace"
        yield f"{made.name} does not take {column.native_type}", hint
        return
    if column.identity and made.name not in _IDENTITY:
        hint = f"an identity takes {', '.join(sorted(_IDENTITY))}"
        yield f"{made.name} on a number that the database hands out", hint
    if made.name == "null" and not column.nullable:
        yield "it is NOT NULL, so it cannot be emptied", "use redact or replace"
    try:
        place.subject  # noqa: B018  # raises where `per` names no column
        problem = made.problem(place)
    except InputError as error:
        yield error.message, error.hint
        return
    if problem:
        yield problem, f"as in `{made.example}`"
        return
    length = made.length(place)
    if length is not None and column.max_length is not None and length > column.max_length:
        yield f"{made.name} gives up to {length} characters, and {column.native_type} holds {column.max_length}", ""
    for rule, part in made.inner(place):
        own = declaration(rule.name)
        for reason, hint in _unfit(own, Place(place.table, part, own.filled_in(rule.options))):
            yield f"`{rule}` inside it: {reason}", hint
    yield from _unfit_inside(made, place)


def _unfit_inside(made: Declaration, place: Place) -> Iterator[Reason]:
    """Rules inside a rule work on values alone: there is no row for them."""
    for option in made.options:
        if option.kind != "mapping of rules":
            continue
        for path, rule in place.options[option.name].items():
            inner = declaration(rule.name)
            if not _by_value(Place(place.table, place.column, inner.filled_in(rule.options)), rule):
                yield f"{path}: `{rule}` draws by the row, and inside a document there is none", "draw by the value"


def _by_value(place: Place, rule: Rule) -> bool:
    """Whether a rule, and those inside it, give equal values equal stand-ins in every row."""
    there = placed(place.table, place.column, rule)
    return all(made.depends_on_value_alone(inner.options) and not made.reads(inner) for made, inner in there)


def _not_unique(table: Table, places: Mapping[str, tuple[Declaration, Place]]) -> Iterator[Refusal]:
    """Unique constraints and indexes that changed columns may break."""
    for unique in table.uniques:
        compared, conditional = _read_by(unique, table)
        for name in (*compared, *conditional):
            made, place = places.get(name, (None, None))
            if made is None or place is None or made.name == "keep":
                continue
            if made.name == "null":
                alike = unique.primary or not unique.nulls_distinct or name in conditional
                reason = "all rows would be NULL there" if alike else ""
            elif name in conditional:
                reason = "" if made.uniqueness(place).folded else f"its condition {unique.predicate} reads what changes"
            else:
                reason = _collides(made.uniqueness(place), unique, table)
            if reason:
                what = "the primary key" if unique.primary else f"unique {unique.name}"
                texts = "key, email, username, hash, token and a template with the primary key stay unique"
                hint = texts if place.column.kind == "text" else "key and keep stay unique"
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


def _excluded(table: Table, places: Mapping[str, tuple[Declaration, Place]]) -> Iterator[Refusal]:
    """Columns whose rows may not overlap: nothing here can promise that they will not."""
    for check in table.checks:
        if not check.exclusion:
            continue
        for name in check.columns:
            if name in places and places[name][0].name != "keep":
                reason = f"exclusion constraint {check.name} compares rows by it, so it cannot change"
                yield Refusal(f"{table.name}.{name}", reason, "keep it")


def _entangled(table: Table, rules: Mapping[str, Rule]) -> Iterator[Refusal]:
    """Rules that are made of one another's columns."""
    try:
        order(table, rules)
    except InputError as error:
        yield Refusal(str(table.name), error.message, error.hint)


def _disagreeing(label: str, places: Mapping[Spot, tuple[Declaration, Place]]) -> Iterator[Refusal]:
    """Why columns that must change alike would not."""
    changed = {spot: place for spot, place in places.items() if place[0].name not in ("keep", "null")}
    for spot, (made, place) in changed.items():
        if not _by_value(place, Rule(made.name, place.options)):
            reason = f"{made.name} does not give equal values equal stand-ins, and {label} needs that"
            yield Refusal(title(spot), reason, "use key, or hash or email for texts")
    for what, of in (("kind", _kind), ("case", _folds), ("length", _length)):
        found = {of(made, place): spot for spot, (made, place) in reversed(changed.items())}
        if len(found) > 1:
            first, other, *_more = sorted(found.values())
            yield Refusal(title(other), _DISAGREE[what].format(first=title(first)), "keep both, or mend the types")


_DISAGREE = {
    "kind": "its type differs from that of {first}, so equal values would get different stand-ins",
    "case": "it compares case differently from {first}, so equal values would get different stand-ins",
    "length": "it holds texts of another length than {first}, so stand-ins would be cut differently",
}


def _kind(_made: Declaration, place: Place) -> str:
    return place.column.kind


def _folds(_made: Declaration, place: Place) -> str:
    return str(place.column.kind == "text" and bool(place.column.key_sql))


def _length(made: Declaration, place: Place) -> str:
    return str(made.length(place))
