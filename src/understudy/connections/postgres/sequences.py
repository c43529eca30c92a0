"""Sequences after a load: the next value each hands out lies beyond every value in use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from understudy.connections.postgres.sql import literal, qualified
from understudy.connections.postgres.writing import Writing
from understudy.schema import Schema, TableName

Place = tuple[TableName, str]
"""A column."""

_SEQUENCES = """
SELECT n.nspname, c.relname, s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
       CASE WHEN has_sequence_privilege(c.oid, 'USAGE, SELECT') THEN pg_sequence_last_value(c.oid) END,
       tn.nspname, t.relname, a.attname
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT refobjid AS relation, refobjsubid AS number FROM pg_depend
    WHERE classid = 'pg_class'::regclass AND objid = c.oid AND refclassid = 'pg_class'::regclass
    AND refobjsubid > 0 AND deptype IN ('a', 'i')
    UNION
    SELECT f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
    WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
) AS u ON true
LEFT JOIN pg_attribute a ON a.attrelid = u.relation AND a.attnum = u.number
LEFT JOIN pg_class t ON t.oid = coalesce(pg_partition_root(u.relation), u.relation)
LEFT JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE n.nspname NOT LIKE 'pg\\_%' AND c.relpersistence <> 't'
ORDER BY 1, 2
"""
"""Every sequence with each column it belongs to or gives defaults to."""


@dataclass
class _Sequence:
    name: TableName
    start: int
    increment: int
    least: int
    most: int
    current: int | None
    users: set[Place] = field(default_factory=set)

    def furthest(self, values: Iterable[int]) -> int | None:
        """The value furthest along its direction that it could have handed out."""
        held = [value for value in values if (value >= self.least if self.increment > 0 else value <= self.most)]
        if not held:
            return None
        return min(max(held), self.most) if self.increment > 0 else max(min(held), self.least)


class Sequences:
    """The sequences of a destination, and the values of their columns seen passing into it."""

    def __init__(self, work: Writing) -> None:
        self._work = work
        self._found: dict[TableName, _Sequence] = {}
        for row in work.ask(_SEQUENCES):
            name = TableName(row[0], row[1])
            sequence = self._found.setdefault(name, _Sequence(name, *row[2:7]))
            if row[9] is not None:
                sequence.users.add((TableName(row[7], row[8]), row[9]))
        self._seen: dict[Place, set[int]] = {place: set() for each in self._found.values() for place in each.users}

    def watched(self, table: TableName, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches; the extremes of columns that draw from a sequence are noted as they pass."""
        names = [column for owner, column in self._seen if owner == table]
        for batch in batches:
            for name in names:
                if name in batch.schema.names:
                    self._seen[table, name] |= _extremes(batch.column(name))
            yield batch

    def advance(self, made: Schema, loaded: Set[TableName], *, fresh: bool) -> None:
        """Set every sequence the loaded tables draw from, and those that belong to nobody, past what is used.

        ``fresh`` tells that the loaded tables hold nothing but what passed: a sequence that only they
        use then starts from there, while any other never goes back.
        """
        known = {sequence.name: sequence.last_value for sequence in made.sequences}
        for sequence in self._found.values():
            ours = {place for place in sequence.users if place[0] in loaded}
            concerned = ours if sequence.users else sequence.name in known
            if not concerned:
                continue
            values = set().union(*(self._seen[place] for place in ours)) | {known.get(sequence.name)}
            if not fresh or ours != sequence.users:
                values.add(sequence.current)
            last = sequence.furthest(value for value in values if value is not None)
            if last is not None or ours:
                self._set(sequence, last)

    def _set(self, sequence: _Sequence, last: int | None) -> None:
        name, value = literal(qualified(sequence.name)), sequence.start if last is None else last
        called = "false" if last is None else "true"
        self._work.run(f"SELECT pg_catalog.setval({name}, {value}, {called})", doing=f"sequence {sequence.name}")


def _extremes(array: pa.Array) -> set[int]:
    """The least and the greatest whole number; a numeric travels as text where it has no scale."""
    if pat.is_string(array.type):
        whole = pc.match_substring_regex(array, r"^-?[0-9]{1,18}(\.0*)?$")
        array = pc.replace_substring_regex(array.filter(whole), r"\..*", "").cast(pa.int64())
    if not (pat.is_integer(array.type) or pat.is_decimal(array.type)):
        return set()
    return {int(value) for value in pc.min_max(array).as_py().values() if value is not None}
