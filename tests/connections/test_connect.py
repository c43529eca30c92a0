"""URLs: which open what, and that none shows its password."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.connections import CONNECTIONS, connect, redact
from understudy.connections.folder import Folder
from understudy.connections.postgres.read import Postgres
from understudy.errors import InputError


@pytest.mark.parametrize("url", ["postgresql://h/d", "postgres://h/d", "POSTGRESQL://h/d"])
def test_a_postgresql_url_opens_postgres(url: str) -> None:
    opened = connect(url)
    assert isinstance(opened, Postgres) and opened.url == url


@pytest.mark.parametrize("url", ["shop", "./shop", "/data/shop", "folder:shop", "folder:/data/s"])
def test_a_path_opens_a_folder(url: str) -> None:
    opened = connect(url)
    assert isinstance(opened, Folder) and opened.path == Path(url.removeprefix("folder:"))


def test_an_unknown_scheme_gets_a_close_match() -> None:
    with pytest.raises(InputError, match="'postgresq' does not exist") as raised:
        connect("postgresq://u:hunter2@h/d")
    assert raised.value.hint == "did you mean 'postgresql'?"
    with pytest.raises(InputError) as raised:
        connect("oracle://h/d")
    assert "postgres, postgresql" in raised.value.hint


def test_key_value_pairs_are_refused_with_how_to_write_them() -> None:
    with pytest.raises(InputError, match=r"host=h user=u password=\*\*\* is not a URL") as raised:
        connect("host=h user=u password=hunter2")
    assert raised.value.hint.startswith("write it as postgresql://")


def test_an_empty_url_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        connect(" ")


def test_a_scheme_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONNECTIONS, "twin", lambda url: Postgres("postgresql" + url.removeprefix("twin")))
    assert connect("twin://h/d").url == "postgresql://h/d"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:hunter2@h:5432/d", "postgresql://ann:***@h:5432/d"),
        ("postgresql://ann:hunter2@h/d?sslmode=require", "postgresql://ann:***@h/d?sslmode=require"),
        ("postgresql://:hunter2@h/d", "postgresql://:***@h/d"),
        ("postgresql://ann:h@u/n:ter?2#@h/d", "postgresql://ann:***@h/d"),
        ("postgresql://ann@h/d", "postgresql://ann@h/d"),
        ("postgresql:///d?host=/tmp", "postgresql:///d?host=/tmp"),
        ("postgresql://h/d?user=ann&password=hunter2&port=1", "postgresql://h/d?user=ann&password=***&port=1"),
        ("postgresql://h/d?sslpassword=hunter2", "postgresql://h/d?sslpassword=***"),
        ("host=h password=hunter2 dbname=d", "host=h password=*** dbname=d"),
        ("host=h PASSWORD = 'hun\\' ter2' dbname=d", "host=h PASSWORD = *** dbname=d"),
        ("host=h password='hunter2 dbname=d", "host=h password=***"),
        ("./shop", "./shop"),
    ],
)
def test_passwords_are_never_shown(url: str, shown: str) -> None:
    assert redact(url) == shown
