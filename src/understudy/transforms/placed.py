"""A rule where it stands, the rules inside it included: what it needs, promises and does all in all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from understudy.errors import InputError
from understudy.interfaces import Rule
from understudy.schema import Column, Table
from understudy.transforms.declare import LOSSY, PRESERVED, Declaration, Part, Place, Uniqueness
from understudy.transforms.registry import declaration


@dataclass(frozen=True)
class Placed:
    """A rule, where it stands and with its options filled in; and all of that for the rules inside it.

    ``branches`` change whole values of the same column, one of them each; ``pieces`` change what is
    inside the values, each under the columns that its rule takes there.
    """

    rule: Rule
    made: Declaration
    place: Place
    branches: Mapping[str, Placed]
    pieces: Mapping[str, tuple[Placed, ...]]
    unfit: Mapping[str, str]
    """Of pieces whose rule takes none of what may stand there: why."""

    @property
    def name(self) -> str:
        """The transformer's name."""
        return self.made.name

    @cached_property
    def inside(self) -> tuple[Placed, ...]:
        """The rules directly inside this one, each as often as it has columns to stand on."""
        return (*self.branches.values(), *(one for some in self.pieces.values() for one in some))

    def walk(self) -> Iterator[Placed]:
        """This rule and all inside it, at any depth."""
        yield self
        for one in self.inside:
            yield from one.walk()

    @property
    def needs(self) -> frozenset[str]:
        """The columns of the row that are read as they were."""
        return frozenset[str]().union(*(one.made.needs(one.place) for one in self.walk()))

    @property
    def reads(self) -> frozenset[str]:
        """The columns of the row that are read as they are after their own rules."""
        return frozenset[str]().union(*(one.made.reads(one.place) for one in self.walk()))

    @property
    def by_value(self) -> bool:
        """Whether equal values get equal stand-ins in every row."""
        alone = all(one.made.depends_on_value_alone(one.place.options) for one in self.walk())
        return alone and not self.reads and not self.needs

    @property
    def nulls(self) -> Literal["kept", "filled"]:
        """Whether NULL stays NULL, and nothing else becomes it."""
        wholes = self.branches.values()
        return "filled" if self.made.nulls == "filled" or any(one.nulls == "filled" for one in wholes) else "kept"

    @property
    def sensitive(self) -> bool:
        """Whether stand-ins that equal their originals count against it."""
        return any(one.sensitive for one in self.branches.values()) if self.branches else self.made.sensitive

    @property
    def listed(self) -> bool:
        """Whether stand-ins, or what is inside them, may be some other row's original by coming from the same list."""
        return any(one.made.listed for one in self.walk())

    @property
    def length(self) -> int | None:
        """Most characters that can come out; None where the input's own length bounds it, or the type."""
        if not self.branches:
            return self.made.length(self.place)
        lengths = [one.length for one in self.branches.values()]
        known = [length for length in lengths if length is not None]
        return max(known) if len(known) == len(lengths) else None

    @property
    def uniqueness(self) -> Uniqueness:
        """Whether different values stay different; of rules that share a column, whether they keep apart too."""
        if self.branches:
            return _together(list(self.branches.values()))
        if self.pieces and self.made.faithful:
            kept = all(one.uniqueness == replace(PRESERVED, folded=one.uniqueness.folded) for one in self.inside)
            return PRESERVED if kept and not self.unfit else LOSSY
        return self.made.uniqueness(self.place)

    def takes(self, column: Column) -> bool:
        """Whether this rule, and every branch of it, accepts a column."""
        return self.made.takes(column) and all(one.takes(column) for one in self.branches.values())


def placed(table: Table, column: Column, rule: Rule) -> Placed:
    """A rule on a column; an InputError where it, or one inside it, does not exist."""
    made = declaration(rule.name)
    place = Place(table, column, made.filled_in(rule.options))
    branches = {label: placed(table, column, inner) for label, inner in made.branches(place).items()}
    pieces: dict[str, tuple[Placed, ...]] = {}
    unfit: dict[str, str] = {}
    for label, part in made.pieces(place).items():
        standing = [placed(table, column, part.rule) for column in part.columns]
        pieces[label] = tuple(one for one in standing if one.takes(one.place.column) and not _problem(one))
        if not pieces[label]:
            unfit[label] = _reason(standing, part)
        elif part.distinct and any(one.uniqueness.kind == "lossy" for one in pieces[label]):
            unfit[label] = f"{part.rule.name} may make two of them the same"
    return Placed(rule, made, place, branches, pieces, unfit)


def _problem(one: Placed) -> str:
    try:
        return one.made.problem(one.place)
    except InputError as error:
        return error.message


def _reason(standing: list[Placed], part: Part) -> str:
    """Why a rule fits none of what a piece may be."""
    problems = [_problem(one) for one in standing if one.takes(one.place.column)]
    what = " or ".join(dict.fromkeys(column.native_type for column in part.columns))
    return problems[-1] if problems else f"{part.rule.name} does not take {what}"


def _together(branches: list[Placed]) -> Uniqueness:
    """How different values stay when each takes one of these rules.

    Stand-ins drawn at random meet values that stay, or are permuted, as rarely as they meet each other.  Two
    different permutations (or one, and values that stay) meet all the time.
    """
    different = {_same(one): one.uniqueness for one in branches if one.name != "null"}
    found = list(different.values())
    if len(found) <= 1:
        return found[0] if found else PRESERVED
    fixed = [one for one in found if one.kind == "preserved"]
    random = [one for one in found if one.kind == "probable"]
    if len(fixed) > 1 or len(fixed) + len(random) < len(found) or any(one.within for one in found):
        return LOSSY
    least = min(one.stand_ins or 0.0 for one in random)
    return Uniqueness("probable", least, folded=all(one.folded for one in found))


def _same(one: Placed) -> str:
    """What two rules have in common exactly if they do the same."""
    return str(one.rule)
