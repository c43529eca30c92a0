"""Conditions on the columns of a row, as a job writes them: ``country = 'DE' and not email like '%@ours.example'``.

A small part of SQL's expressions, with SQL's meaning: what compares with NULL is unknown, and a row
whose condition is unknown is not chosen.  ``value`` is the value that the rule stands on; a column of
that name is written ``"value"``.  Conditions become Arrow kernels: no SQL engine and no Python runs them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import storage
from understudy.errors import InputError
from understudy.schema import Column, Table
from understudy.transforms.declare import Rows, column_named
from understudy.transforms.operands import COMPARISONS, MIRRORED, Operand, Value, compare, is_in, is_like

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<text>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")+")
    |(?P<word>[^\W\d]\w*)|(?P<sign><=|>=|<>|!=|[=<>(),.\-]))""",
    re.VERBOSE,
)
_WORDS = frozenset({"and", "or", "not", "is", "null", "in", "like", "ilike", "between", "true", "false"})
_OWN = "value"
_DEEPEST = 50  # parentheses in parentheses


@dataclass(frozen=True)
class Scope:
    """What a condition is asked about: the values of a column, and the rows they stand in."""

    table: Table
    column: Column
    values: pa.Array
    rows: Rows

    def operand(self, name: str) -> Operand:
        """A column of the row as it was; under the empty name, the values themselves."""
        if not name:
            return Operand(self.column, self.values)
        return Operand(self.table.by_name[name], self.rows.original(name))


Test = Callable[[Scope], pa.Array]
"""True, false or null for every row."""


@dataclass(frozen=True)
class Condition:
    """A condition that could be read."""

    test: Test
    columns: frozenset[str]
    """The columns of the row that it names."""
    own: bool
    """Whether it asks for the value that its rule stands on."""

    def __call__(self, scope: Scope) -> pa.Array:
        """Which rows it holds for: true or false, never null."""
        return self.test(scope).fill_null(False)


def parse(text: str, table: Table, column: Column) -> Condition:
    """Read a condition on the rows of a table, and try it on no rows; an InputError says where it goes wrong."""
    reader = _Reader(text, table)
    found = Condition(reader.whole(), frozenset(reader.columns), reader.own)
    types = {one.name: one.arrow_type for one in table.columns}
    rows = pa.RecordBatch.from_arrays([pa.array([], kind) for kind in types.values()], names=list(types))
    found(Scope(table, column, storage(pa.array([], column.arrow_type)), Rows(rows, {})))
    return found


@dataclass(frozen=True)
class _Name:
    """A column of the row, or the value itself under the empty name."""

    name: str


_Side = _Name | Value


@dataclass(frozen=True)
class _Token:
    kind: str
    """number, text, quoted, name, word, sign or end."""
    text: str
    at: int

    def __str__(self) -> str:
        return {"end": "nothing more", "text": "a text", "number": "a number"}.get(self.kind, f"`{self.text}`")


def _tokens(text: str) -> Iterator[_Token]:
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            at = end - len(text[place:end].lstrip())
            _fail(at, f"`{text[at]}` means nothing here")
        kind = match.lastgroup or ""
        found, at, place = match[kind], match.start(kind), match.end()
        if kind == "word":
            kind, found = ("word", found.lower()) if found.lower() in _WORDS else ("name", found)
        elif kind in ("text", "quoted"):
            found = found[1:-1].replace(found[0] * 2, found[0])
        yield _Token(kind, found, at)
    yield _Token("end", "", end)


def _fail(at: int, reason: str) -> NoReturn:
    hint = "as in `country = 'DE' and plan in ('free', 'trial') and email is not null`"
    raise InputError(f"the condition goes wrong at character {at + 1}: {reason}", hint=hint)


def _turned(test: Test, turned: bool) -> Test:
    return (lambda scope: pc.invert(test(scope))) if turned else test


def _joined(tests: list[Test], join: Callable[[pa.Array, pa.Array], pa.Array]) -> Test:
    def joined(scope: Scope) -> pa.Array:
        found = tests[0](scope)
        for test in tests[1:]:
            found = join(found, test(scope))
        return found

    return joined


class _Reader:
    """Reads a condition from left to right: a method for each rule of its grammar."""

    def __init__(self, text: str, table: Table) -> None:
        self._table = table
        self._tokens = list(_tokens(text))
        self._place = self._depth = 0
        self.columns: set[str] = set()
        self.own = False

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _taken(self, *texts: str) -> str:
        """The next token if it is one of these words or signs, and the empty text if not."""
        token = self._next
        if token.kind not in ("word", "sign") or token.text not in texts:
            return ""
        self._place += 1
        return token.text

    def _expect(self, text: str) -> None:
        if not self._taken(text):
            _fail(self._next.at, f"expected `{text}`, found {self._next}")

    def whole(self) -> Test:
        """The whole condition."""
        test = self._either()
        if self._next.kind != "end":
            _fail(self._next.at, f"expected `and`, `or` or the end, found {self._next}")
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._taken("or"):
            tests.append(self._both())
        return _joined(tests, pc.or_kleene)

    def _both(self) -> Test:
        tests = [self._negated()]
        while self._taken("and"):
            tests.append(self._negated())
        return _joined(tests, pc.and_kleene)

    def _negated(self) -> Test:
        turned = False
        while self._taken("not"):
            turned = not turned
        return _turned(self._grouped() if self._taken("(") else self._comparison(), turned)

    def _grouped(self) -> Test:
        self._depth += 1
        if self._depth > _DEEPEST:
            _fail(self._next.at, f"more than {_DEEPEST} parentheses inside one another")
        test = self._either()
        self._expect(")")
        self._depth -= 1
        return test

    def _comparison(self) -> Test:
        at, left = self._next.at, self._side()
        sign = self._taken(*COMPARISONS)
        if sign:
            return self._compared(at, left, sign, self._side())
        if not isinstance(left, _Name):
            _fail(self._next.at, f"expected a comparison such as `=` after a constant, found {self._next}")
        if self._taken("is"):
            turned = bool(self._taken("not"))
            self._expect("null")
            return _turned(lambda scope: scope.operand(left.name).values.is_null(), turned)
        turned = bool(self._taken("not"))
        if self._taken("between"):
            least = self._side()
            self._expect("and")
            tests = [self._compared(at, left, ">=", least), self._compared(at, left, "<=", self._side())]
            return _turned(_joined(tests, pc.and_kleene), turned)
        if self._taken("in"):
            listed = self._list()
            return _turned(_placed(at, lambda scope: is_in(scope.operand(left.name), listed)), turned)
        kind = self._taken("like", "ilike")
        if kind:
            pattern, any_case = self._constant(), kind == "ilike"
            test: Test = lambda scope: is_like(scope.operand(left.name), pattern, any_case=any_case)  # noqa: E731
            return _turned(_placed(at, test), turned)
        if turned:
            _fail(self._next.at, f"expected `in`, `like` or `between` after `not`, found {self._next}")
        return self._compared(at, left, "=", True)

    def _compared(self, at: int, left: _Side, sign: str, right: _Side) -> Test:
        if not isinstance(left, _Name):
            left, right, sign = right, left, MIRRORED.get(sign, sign)
        if not isinstance(left, _Name):
            _fail(at, "it compares two constants, and no column")
        name = left.name

        def test(scope: Scope) -> pa.Array:
            return compare(scope.operand(name), sign, scope.operand(right.name) if isinstance(right, _Name) else right)

        return _placed(at, test)

    def _side(self) -> _Side:
        """A column or a constant."""
        token = self._next
        if token.kind not in ("name", "quoted"):
            return self._constant()
        self._place += 1
        if token.kind == "name" and token.text.lower() == _OWN and self._next.text != ".":
            self.own = True
            return _Name("")
        name = token.text
        while self._taken("."):
            if self._next.kind not in ("name", "quoted", "word"):
                _fail(self._next.at, f"expected a column after `.`, found {self._next}")
            name = f"{name}.{self._next.text}"
            self._place += 1
        try:
            found = name if name in self._table.by_name else column_named(self._table, name, "where")
        except InputError as error:
            where = f"the condition goes wrong at character {token.at + 1}"
            raise InputError(f"{where}: {error.message}", hint=error.hint) from None
        self.columns.add(found)
        return _Name(found)

    def _constant(self) -> Value:
        token = self._next
        negative = bool(self._taken("-"))
        found = self._next
        self._place += 1
        if found.kind == "number":
            return -Decimal(found.text) if negative else Decimal(found.text)
        if not negative and found.kind == "text":
            return found.text
        if not negative and found.kind == "word" and found.text in ("true", "false"):
            return found.text == "true"
        if found.kind == "word" and found.text == "null":
            _fail(found.at, "nothing equals NULL; write `is null` or `is not null`")
        _fail(token.at, f"expected a column, a number or a text in single quotes, found {found}")

    def _list(self) -> list[Value]:
        self._expect("(")
        found = [self._constant()]
        while self._taken(","):
            found.append(self._constant())
        self._expect(")")
        return found


def _placed(at: int, test: Test) -> Test:
    """A test whose troubles say where in the condition it stands."""

    def placed(scope: Scope) -> pa.Array:
        try:
            return test(scope)
        except InputError as error:
            _fail(at, error.message)
        except pa.ArrowException:
            _fail(at, "these two do not compare")

    return placed
