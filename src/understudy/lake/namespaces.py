"""What engines call the lake's namespaces: Iceberg has no table without one."""

from __future__ import annotations

from understudy.schema import TableName

FILES = "files"
"""What engines call the namespace without a name, in which tables from files are."""


def to_namespace(name: str) -> str:
    """The lake's name of a namespace that engines call so."""
    if name == FILES:
        return ""
    return name.removesuffix("_") if _is_files(name) else name


def from_namespace(name: str) -> str:
    """What engines call a namespace of the lake: ``files`` the one without a name, ``files_`` one called so."""
    return FILES if not name else f"{name}_" if _is_files(name) else name


def _is_files(name: str) -> bool:
    return name.rstrip("_") == FILES


def shown(name: TableName) -> str:
    """A table by the name that engines know."""
    return f"{from_namespace(name.namespace)}.{name.name}"
