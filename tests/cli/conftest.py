from collections.abc import Iterator

import pytest

from cli import lake_support
from support.shell import Shell
from understudy.lake import Lake


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path)


@pytest.fixture
def lake(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """The lake of ``lake_support`` in the shell's folder, which is what verbs find where nothing else is said."""
    for name in ("UNDERSTUDY_LAKE", "UNDERSTUDY_CATALOG", "UNDERSTUDY_REF"):
        monkeypatch.delenv(name, raising=False)
    made = lake_support.make(shell)
    yield made
    made.close()
