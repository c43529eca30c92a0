"""What the tests of the lake share: a new lake, its store in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.lake import Lake


@pytest.fixture
def sqlite_lake(tmp_path: Path) -> Iterator[Lake]:
    """A new lake in a folder, its store beside its tables."""
    made = Lake.open(tmp_path / "lake", create=True)
    yield made
    made.store.database.close()


@pytest.fixture(params=["sqlite", "postgres"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lake]:
    """A new lake, once for every kind of store; ``support.lakes.again`` opens it a second time."""
    catalog = request.getfixturevalue("database")() if request.param == "postgres" else ""
    made = Lake.open(tmp_path / "lake", catalog=catalog, create=True)
    yield made
    made.store.database.close()
