"""What was measured of made tables beside real ones, as plain nouns: terminal, page and JSON are views of them.

Holds names, counts, shares and pictures of at least ten rows a bar, never a row and no value that few rows have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from understudy.checks.page.meaning import MEANING, meaning
from understudy.checks.page.words import plural
from understudy.checks.pictures import Picture, Trends
from understudy.checks.run import passed
from understudy.checks.scores import Score
from understudy.errors import InputError
from understudy.interfaces import Result

VERSION = 1
"""Of the JSON form; a reader refuses one it does not know."""

Area = Literal["privacy", "quality", "relations"]
AREAS: tuple[Area, ...] = ("privacy", "relations", "quality")
"""In the order in which they are told."""

Kind = Literal["synthetic", "masked"]
"""Rows that nobody stands behind, or rows of people whose values were changed."""

_BAD = ("fail", "error")
_ORDER = {"fail": 0, "error": 1, "note": 2, "pass": 3}


@dataclass(frozen=True)
class Answer:
    """One Score with the verdict over it, and where it belongs."""

    area: Area
    table: str
    """Empty where several tables are asked together."""
    score: Score
    result: Result

    @property
    def bad(self) -> bool:
        """Whether it failed or could not be computed."""
        return self.result.verdict in _BAD

    @property
    def whole(self) -> bool:
        """Whether it is about a whole table, not one column or pair of it."""
        return self.score.subject in (self.table, "") or self.area != "quality"

    @property
    def excess(self) -> float:
        """How far beyond its limit it is, as a part of the way between floor and ceiling; 0 without a limit."""
        value, limit = self.score.value, self.result.limit
        if value is None or limit is None:
            return 0.0
        span = 1.0 if self.score.floor is None or self.score.ceiling is None else self.score.floor - self.score.ceiling
        return abs(value - limit) / max(abs(span), 0.05)

    def json(self) -> dict[str, Any]:
        """The answer as plain values; the keys are stable."""
        score = {name: value for name, value in asdict(self.score).items() if name != "breakdown"}
        return {
            "area": self.area,
            "table": self.table,
            "check": score.pop("name"),
            **score,
            "detail": self.result.detail or self.score.detail,
            "lift": self.score.lift,
            "limit": self.result.limit,
            "verdict": self.result.verdict,
            "breakdown": dict(self.score.breakdown),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Answer:
        """The answer a dict of ``json()`` describes."""
        taken = ("value", "floor", "ceiling", "low", "high", "higher_is_better", "detail", "breakdown")
        score = Score(data["check"], data["subject"], **{name: data[name] for name in taken})
        told = (data["check"], data["subject"], data["verdict"], data["value"], data["limit"], data["detail"])
        return cls(data["area"], data["table"], score, Result(*told))


@dataclass(frozen=True)
class Measured:
    """One table: how many rows each side has, what to know of the comparison, and what it looks like."""

    name: str
    rows: Mapping[str, int]
    """By side: real, made, and holdout where there is one."""
    columns: tuple[str, ...]
    notes: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    trends: Trends | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Measured:
        """The table a dict describes."""
        pictures = tuple(Picture.from_json(one) for one in data["pictures"])
        trends = Trends.from_json(data["trends"]) if data["trends"] else None
        return cls(data["name"], dict(data["rows"]), tuple(data["columns"]), tuple(data["notes"]), pictures, trends)


@dataclass(frozen=True)
class Scored:
    """Everything measured of made tables, and the verdict: that of the worst answer."""

    real: str
    """What the real rows are called; without credentials."""
    made: str
    holdout: str
    """Empty where none was given."""
    tables: tuple[Measured, ...]
    answers: tuple[Answer, ...]
    kind: Kind = "synthetic"
    code: str = ""
    """Which code measured."""
    started: str = ""
    """ISO 8601, UTC."""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def results(self) -> tuple[Result, ...]:
        """The verdicts, as any report takes them."""
        return tuple(answer.result for answer in self.answers)

    @property
    def passed(self) -> bool:
        """Whether nothing failed and nothing was left unmeasured."""
        return bool(self.answers) and passed(self.results)

    def of(self, area: Area, table: str | None = None) -> Iterator[Answer]:
        """The answers of one area, and of one table where it is named."""
        return (one for one in self.answers if one.area == area and table in (None, one.table))

    def worst(self) -> list[Answer]:
        """All answers: what failed, the surest first, by how far; what could not be measured; the rest."""
        area = {area: at for at, area in enumerate(AREAS)}
        check = {name: at for at, name in enumerate(MEANING)}
        return sorted(
            self.answers,
            key=lambda one: (_ORDER[one.result.verdict], area[one.area], check.get(one.score.name, 0), -one.excess),
        )

    def verdict(self) -> str:
        """The outcome in a sentence: ``fails: near copies, ...``."""
        if not self.answers:
            return "fails: nothing was measured"
        if self.passed:
            told = plural(len({one.result.check for one in self.answers}), "check")
            return f"passes: {told}, no finding; privacy is measured by attacks, which prove no absence of others"
        failed = dict.fromkeys(_named(one) for one in self.worst() if one.result.verdict == "fail")
        unasked = dict.fromkeys(_named(one) for one in self.worst() if one.result.verdict == "error")
        parts = [f"fails: {_some(failed)}"] if failed else []
        parts += [f"{'and ' if failed else 'fails: '}could not be measured: {_some(unasked)}"] if unasked else []
        return "; ".join(parts)

    def rows(self, most: int = 20) -> list[tuple[object, ...]]:
        """For a terminal: verdict, check, subject, floor, value, interval, ceiling, limit; the worst first.

        What failed, as many as ``most``; then what was measured of whole tables.
        """
        worst = self.worst()
        bad = [one for one in worst if one.bad]
        return [_row(one) for one in (*bad[:most], *(one for one in worst if not one.bad and one.whole))]

    def json(self) -> dict[str, Any]:
        """Everything as plain lists and dicts; the keys are stable as long as ``version`` is."""
        plain = {
            name: getattr(self, name) for name in ("real", "made", "holdout", "kind", "code", "started", "seconds")
        }
        return {
            "version": VERSION,
            "passed": self.passed,
            "verdict": self.verdict(),
            **plain,
            "notes": list(self.notes),
            "answers": [answer.json() for answer in self.answers],
            "tables": [asdict(table) for table in self.tables],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scored:
        """The nouns a dict of ``json()`` describes; an InputError where it is of another version."""
        if data.get("version") != VERSION:
            found = data.get("version", "none")
            raise InputError(
                f"the report is of version {found}, and this program reads version {VERSION}",
                hint="measure again with this version of Understudy",
            )
        return cls(
            **{name: data[name] for name in ("real", "made", "holdout", "kind", "code", "started", "seconds")},
            tables=tuple(Measured.from_json(table) for table in data["tables"]),
            answers=tuple(Answer.from_json(answer) for answer in data["answers"]),
            notes=tuple(data["notes"]),
        )


HEADS = ("verdict", "check", "of", "floor", "value", "95 % interval", "ceiling", "limit")
"""Of the columns of ``Scored.rows``."""


def _row(answer: Answer) -> tuple[object, ...]:
    score = answer.score
    subject = score.subject if score.subject in (answer.table, "") or not answer.table else _within(answer)
    interval = "" if score.low is None or score.high is None or score.low == score.high else _span(score)
    shown = (None if value is None else round(value, 4) for value in (score.floor, score.value))
    rest = (None if value is None else round(value, 4) for value in (score.ceiling, answer.result.limit))
    verdict = {"fail": "FAIL", "error": "NOT RUN", "note": "note", "pass": "pass"}[answer.result.verdict]
    return (verdict, meaning(score.name).title.lower(), subject, *shown, interval, *rest)


def _within(answer: Answer) -> str:
    return f"{answer.table}: {answer.score.subject}"


def _span(score: Score) -> str:
    return f"{score.low:.3f} to {score.high:.3f}"


def _named(answer: Answer) -> str:
    """What failed, by name; the column where one is to blame."""
    title = meaning(answer.result.check).title.lower()
    return title if answer.whole else f"{title} of {answer.result.subject}"


def _some(names: Iterable[str], most: int = 6) -> str:
    names = list(names)
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
