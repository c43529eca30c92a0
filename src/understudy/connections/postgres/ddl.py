"""The statements that recreate a database's objects elsewhere: pg_dump's own, trimmed to what an owner may run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from understudy.connections.postgres.scrub import scrub
from understudy.connections.postgres.server import binary
from understudy.connections.postgres.session import connect
from understudy.connections.postgres.statements import Statement, joined, split
from understudy.errors import Error, InputError
from understudy.interfaces import Ddl
from understudy.schema import TableName

_OPTIONS = """--no-owner --no-privileges --no-comments --no-publications --no-subscriptions --no-security-labels
--no-tablespaces --no-password --encoding=UTF8 --lock-wait-timeout=60000""".split()

_OTHERS = """
SELECT n.nspname, c.relname, c.relkind IN ('r', 'p') FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
AND (c.relkind = 'f' OR c.relkind IN ('r', 'p') AND NOT (
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT')))
ORDER BY 1, 2
"""
"""Foreign tables, whose rows are elsewhere, and the tables this user may not read."""

_WRAPPERS = """
SELECT e.extname FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_depend d ON d.refobjid = e.oid
WHERE d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
AND d.classid = 'pg_catalog.pg_foreign_data_wrapper'::regclass
"""

_SUPERUSERS = [
    (("CREATE", "EVENT", "TRIGGER"), "event trigger"),
    (("CREATE", "FOREIGN", "DATA", "WRAPPER"), "foreign-data wrapper"),
    (("CREATE", "SERVER"), "foreign server"),
    (("CREATE", "USER", "MAPPING"), ""),  # holds passwords
    (("CREATE", "PUBLICATION"), "publication"),
    (("CREATE", "SUBSCRIPTION"), "subscription"),
]
"""What reaches outside the database or needs a superuser, and how a person calls it."""


def dump(url: str, *, snapshot: str, tables: Sequence[TableName], hide: frozenset[tuple[TableName, str]]) -> Ddl:
    """The definitions of a database at an exported snapshot ("" for now), by pg_dump of a version that fits.

    ``before`` is what rows need, ``after`` is built over them.  Tables this user may not read are left
    out together with what mentions them, and noted; an InputError where one of them is among
    ``tables``.  What the definitions show of the columns in ``hide`` is taken out, see ``scrub``.
    """
    others, wrappers, version = _surroundings(url)
    missing = sorted({name for name, is_table in others if is_table} & set(tables))
    if missing:
        raise InputError(
            f"permission denied to read {', '.join(map(str, missing[:8]))}", hint="GRANT SELECT, or leave them out"
        )
    left_out = [f"--exclude-table={_pattern(name)}" for name, _ in others]
    before, after = _run(url, binary("pg_dump", at_least=version), snapshot, left_out)
    trim = _Trim({name for name, _ in others}, frozenset(wrappers))
    first, second = list(trim.statements(split(before))), list(trim.statements(split(after)))
    shown = [f"table {name} is left out: {_why(is_table)}" for name, is_table in others]
    return scrub(Ddl("postgresql", joined(first), joined(_ordered(second)), (*shown, *trim.notes)), hide)


def _why(is_table: bool) -> str:
    return "this user may not read it" if is_table else "its rows are on a foreign server"


def _surroundings(url: str) -> tuple[list[tuple[TableName, bool]], list[str], int]:
    with connect(url) as connection:
        found = connection.execute(_OTHERS).fetchall()
        wrappers = [name for (name,) in connection.execute(_WRAPPERS).fetchall()]
        version = connection.info.server_version // 10_000
    return [(TableName(namespace, name), is_table) for namespace, name, is_table in found], wrappers, version


def _pattern(name: TableName) -> str:
    """A table's name as pg_dump's patterns have it: nothing inside quotes is a wildcard."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in (name.namespace, name.name))


def _run(url: str, program: os.PathLike[str], snapshot: str, options: Sequence[str]) -> tuple[str, str]:
    """Both sections at once; the password goes through the environment, where no other user sees it."""
    where = conninfo_to_dict(url)
    password = where.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password else {})}
    command = [os.fspath(program), *_OPTIONS, *options, f"--dbname={make_conninfo('', **where)}"]
    command += [f"--snapshot={snapshot}"] if snapshot else []

    def section(name: str) -> str:
        done = subprocess.run([*command, f"--section={name}"], env=environment, capture_output=True, check=False)
        if done.returncode:
            raise Error(f"pg_dump failed: {done.stderr.decode(errors='replace').strip()[:2000]}")
        return done.stdout.decode()

    with ThreadPoolExecutor(2) as pool:
        before, after = pool.map(section, ("pre-data", "post-data"))
    return before, after


@dataclass
class _Trim:
    """Leaves out what an ordinary owner cannot create elsewhere, and what mentions it."""

    gone: set[TableName]
    wrappers: frozenset[str]
    notes: list[str] = field(default_factory=list)
    method: str = "HEAP"

    def statements(self, script: Iterator[Statement]) -> Iterator[Statement]:
        for statement in script:
            words = statement.words
            if words[0] in ("SET", "SELECT"):
                yield from self._setting(statement)
            elif words[:2] == ("CREATE", "SCHEMA"):
                yield from self._schema(statement)
            elif not self._is_outside(statement) and not self._mentions_gone(statement):
                yield statement

    def _setting(self, statement: Statement) -> Iterator[Statement]:
        """Settings of pg_dump's session go, for the session that runs the script has its own; but not this one."""
        if statement.tokens[1].name == "default_table_access_method" and statement.words[-1] != self.method:
            self.method = statement.words[-1]
            yield statement

    def _schema(self, statement: Statement) -> Iterator[Statement]:
        if statement.tokens[2].name != "public":
            yield from split(f"CREATE SCHEMA IF NOT EXISTS {statement.tokens[2].text}")

    def _is_outside(self, statement: Statement) -> bool:
        for words, what in _SUPERUSERS:
            if statement.starts(*words):
                if what:
                    self.notes.append(f"{what} {statement.tokens[len(words)].name} is left out")
                return True
        if statement.starts("CREATE", "EXTENSION") and statement.name_at(2).name in self.wrappers:
            self.notes.append(f"extension {statement.name_at(2).name} is left out: it reaches other servers")
            return True
        return statement.words[0] == "ALTER" and statement.words[1:3] in (("EVENT", "TRIGGER"), ("FOREIGN", "TABLE"))

    def _mentions_gone(self, statement: Statement) -> bool:
        if not self.gone:
            return False
        tokens = statement.tokens
        named = {
            TableName(tokens[place - 2].name, token.name)
            for place, token in enumerate(tokens)
            if place > 1 and tokens[place - 1].text == "."
        }
        if named.isdisjoint(self.gone):
            return False
        self.notes.append(f"{statement.title} is left out: it needs {min(map(str, named & self.gone))}")
        if "VIEW" in statement.words[1:3]:
            self.gone.add(statement.name_at(statement.words.index("VIEW") + 1))
        return True


def _ordered(statements: Sequence[Statement]) -> list[Statement]:
    """Materialized views are filled while their owner still sees every row, before row security is switched on."""
    late = [statement for statement in statements if _is_row_security(statement)]
    return [statement for statement in statements if not _is_row_security(statement)] + late


def _is_row_security(statement: Statement) -> bool:
    return statement.starts("ALTER", "TABLE") and statement.words[-4:] == ("ENABLE", "ROW", "LEVEL", "SECURITY")
