"""The edges of a subset's graph: which there are, what each is called, and which policy it gets.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from understudy.errors import InputError, unknown
from understudy.interfaces import Refusal
from understudy.schema import ForeignKey, Schema, Table, TableName
from understudy.subset.request import EdgePolicy, Request

MOST_EDGES = 32_000
"""The column that says over which edge a row came is a 16-bit integer."""


@dataclass
class Notes:
    """What planning has to say besides the plan: refusals stop a run, warnings do not."""

    refusals: list[Refusal] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def refuse(self, subject: object, reason: str, hint: str = "") -> None:
        """Note that the subset cannot be made as asked."""
        self.refusals.append(Refusal(str(subject), reason, hint))

    def refuse_as(self, subject: object, error: InputError) -> None:
        """Note an InputError instead of raising it, so that a plan shows every mistake at once."""
        self.refuse(subject, error.message, error.hint)

    def warn(self, message: str) -> None:
        """Note something that costs time or surprises, and that the user may want to change."""
        self.warnings.append(message)


@dataclass(frozen=True)
class Edge:
    """One foreign key with its policy; ``index`` is what the ``_via`` column of a staged row holds."""

    index: int
    label: str
    """How people name it: ``ForeignKey.id``, made longer where two keys would share it."""
    key: ForeignKey
    policy: EdgePolicy
    nulls: tuple[str, ...] = ()
    """Columns that become NULL where the policy asks for it."""


def edges_of(schema: Schema, request: Request, notes: Notes) -> tuple[Edge, ...]:
    """Every usable foreign key, real ones first, in the schema's order, with its policy."""
    keys = [key for key in (*schema.foreign_keys, *request.virtual) if _usable(schema, key, notes)]
    if len(keys) > MOST_EDGES:
        notes.refuse("schema", f"it has {len(keys):,} foreign keys, and at most {MOST_EDGES:,} can be followed")
        keys = keys[:MOST_EDGES]
    labels = _labels(keys)
    policies = _policies(schema, request, list(zip(keys, labels, strict=True)), notes)
    edges = [
        Edge(index, label, key, policy)
        for index, (key, label, policy) in enumerate(zip(keys, labels, policies, strict=True))
    ]
    return tuple(_with_nulls(schema, edge, edges, notes) for edge in edges) if request.integrity else tuple(edges)


def _usable(schema: Schema, key: ForeignKey, notes: Notes) -> bool:
    """Both ends exist; a virtual key may name what does not, which is refused."""
    try:
        child, parent = schema.table(key.table), schema.table(key.parent)
        if not key.expressions:
            for column in key.columns:
                child.column(column)
        for column in key.parent_columns:
            parent.column(column)
    except InputError as error:
        notes.refuse_as(key, error)
        return False
    values = key.expressions or key.columns
    if not values or len(values) != len(key.parent_columns):
        notes.refuse(
            key,
            f"it has {len(values)} values for {len(key.parent_columns)} parent columns",
            "give one column or expression per parent column",
        )
        return False
    return True


def _labels(keys: Sequence[ForeignKey]) -> list[str]:
    """The shortest of three spellings that no other key shares."""
    ids, arrows = Counter(key.id for key in keys), Counter(str(key) for key in keys)
    labels = []
    for index, key in enumerate(keys):
        if ids[key.id] == 1:
            labels.append(key.id)
        elif arrows[str(key)] == 1:
            labels.append(str(key))
        else:
            labels.append(f"{key} ({key.name or index})")
    return labels


def _policies(
    schema: Schema, request: Request, keys: Sequence[tuple[ForeignKey, str]], notes: Notes
) -> list[EdgePolicy]:
    """The policy of every key: named by its id, else by its table, else the default."""
    by_edge: dict[int, EdgePolicy] = {}
    by_table: dict[TableName, EdgePolicy] = {}
    for name, policy in request.follow.items():
        _check_policy(name, policy, notes)
        matching = [index for index, (key, label) in enumerate(keys) if name in _spellings(key, label)]
        table = _table_named(schema, name)
        if matching:
            by_edge.update(dict.fromkeys(matching, policy))
        elif table is not None and any(key.table == table.name for key, _ in keys):
            by_table[table.name] = policy
        elif table is not None:
            pointing = [label for key, label in keys if key.parent == table.name]
            hint = f"name the foreign keys that point at it: {', '.join(pointing[:6])}" if pointing else ""
            notes.refuse(f"follow.{name}", "the table has no foreign key of its own", hint)
        else:
            known = [*(label for _, label in keys), *(str(t.name) for t in schema.tables)]
            notes.refuse_as(f"follow.{name}", unknown("foreign key", name, known))
    return [by_edge.get(index, by_table.get(key.table, EdgePolicy())) for index, (key, _) in enumerate(keys)]


def _spellings(key: ForeignKey, label: str) -> set[str]:
    qualified = key.id if key.id.startswith(f"{key.table.namespace}.") else f"{key.table.namespace}.{key.id}"
    return {label, key.id, str(key), qualified}


def _table_named(schema: Schema, name: str) -> Table | None:
    try:
        return schema.find(name)
    except InputError:
        return None


def _check_policy(name: str, policy: EdgePolicy, notes: Notes) -> None:
    if policy.top is not None and policy.top < 1:
        notes.refuse(f"follow.{name}.top", f"it is {policy.top}", "give at least 1, or children: false for none")
    if policy.depth is not None and policy.depth < 0:
        notes.refuse(f"follow.{name}.depth", f"it is {policy.depth}", "give 0 or more")
    if policy.parents not in ("follow", "null", "expand"):
        notes.refuse(f"follow.{name}.parents", f"it is {policy.parents!r}", "give follow, null or expand")
    if policy.on_excluded not in ("drop", "null"):
        notes.refuse(f"follow.{name}.on_excluded", f"it is {policy.on_excluded!r}", "give drop or null")


def _with_nulls(schema: Schema, edge: Edge, edges: Sequence[Edge], notes: Notes) -> Edge:
    """The edge with the columns that turn its key off, where its policy may have to."""
    if edge.policy.parents != "null" and edge.policy.on_excluded != "null":
        return edge
    if edge.key.expressions:
        notes.refuse(edge.label, "it cannot be set to NULL: its key is an expression", "follow it instead")
        return edge
    free, shared = _nullable(schema, edge, edges)
    wanted = edge.key.columns if edge.key.match == "full" else (free or shared)[:1]
    if not wanted or not set(wanted) <= {*free, *shared}:
        notes.refuse(
            edge.label,
            "it cannot be set to NULL: its columns are NOT NULL, generated, or part of a key",
            "use parents: follow and on_excluded: drop for this edge",
        )
        return edge
    for column in set(wanted) & set(shared):
        notes.warn(f"setting {edge.label} to NULL clears {column}, which another followed foreign key uses too")
    return replace(edge, nulls=tuple(wanted))


def _nullable(schema: Schema, edge: Edge, edges: Sequence[Edge]) -> tuple[list[str], list[str]]:
    """The key's columns that may become NULL: those of this key alone, and those that another followed key shares."""
    table = schema.table(edge.key.table)
    pointed_at = {c for other in edges if other.key.parent == table.name for c in other.key.parent_columns}
    followed = {
        column
        for other in edges
        if other.key.table == table.name and other.index != edge.index and other.policy.parents != "null"
        for column in other.key.columns
    }
    fixed = pointed_at | set(table.primary_key) | set(table.row_key)
    may = [
        name
        for name in edge.key.columns
        if table.column(name).nullable and not table.column(name).generated and name not in fixed
    ]
    return [name for name in may if name not in followed], [name for name in may if name in followed]
