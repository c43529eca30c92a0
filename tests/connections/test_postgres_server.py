"""The private server: it starts, survives being killed, keeps to itself, and leaves the machine as it was."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import query, run_sql
from understudy.connections.postgres.server import THROW_AWAY, Server, binary, program_folders, program_version
from understudy.errors import InputError


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="understudy-test-") as made:
        yield Path(made) / "data"


def process_of(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


def kill(folder: Path) -> int:
    process = process_of(folder)
    os.kill(process, signal.SIGKILL)
    give_up = time.monotonic() + 10
    while Path(f"/proc/{process}").exists() and time.monotonic() < give_up:
        try:
            os.waitpid(process, os.WNOHANG)
        except ChildProcessError:
            time.sleep(0.01)
    return process


def test_a_server_listens_on_a_socket_only_and_changes_nothing_around_its_folder(folder: Path) -> None:
    parent, users = stat.S_IMODE(folder.parent.stat().st_mode), Path("/etc/passwd").read_text()
    with Server.start(folder, options=THROW_AWAY) as server:
        assert query(server.url(), "SHOW listen_addresses") == [("",)]
        assert query(server.url(), "SHOW fsync") == [("off",)]
        assert query(server.url(), "SHOW server_encoding") == [("UTF8",)]
        assert server.socket == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.parent.stat().st_mode) == parent
    assert Path("/etc/passwd").read_text() == users


def test_a_stopped_server_keeps_its_databases_and_stopping_twice_is_fine(folder: Path) -> None:
    server = Server.start(folder, options=THROW_AWAY)
    url = server.create('shop "2" / ü')
    run_sql(url, "CREATE TABLE t AS SELECT 1 AS a")
    server.stop()
    server.stop()
    assert not (folder / "postmaster.pid").exists()
    with Server.start(folder) as again:
        assert query(again.url('shop "2" / ü'), "SELECT a FROM t") == [(1,)]
        again.drop('shop "2" / ü')
        assert query(again.url(), "SELECT count(*) FROM pg_database WHERE datname LIKE 'shop%'") == [(0,)]


def test_a_running_server_is_used_again(folder: Path) -> None:
    with Server.start(folder, options=THROW_AWAY) as server:
        again = Server.start(folder)
        assert again.url() == server.url()
        assert query(again.url(), "SELECT 1") == [(1,)]


def test_a_killed_server_starts_again_with_its_data(folder: Path) -> None:
    server = Server.start(folder)
    run_sql(server.url(), "CREATE TABLE t AS SELECT 1 AS a")
    kill(folder)
    with Server.start(folder) as again:
        assert query(again.url(), "SELECT a FROM t") == [(1,)]


def test_the_process_number_of_a_killed_server_may_belong_to_another_process(folder: Path) -> None:
    server = Server.start(folder, options=THROW_AWAY)
    killed = kill(folder)
    for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        lock = folder / name
        lock.write_text(lock.read_text().replace(str(killed), str(os.getpid()), 1))
    with Server.start(folder, options=THROW_AWAY) as again:
        assert again.url() == server.url()
        assert query(again.url(), "SELECT 1") == [(1,)]


def test_a_long_path_gets_a_private_folder_for_the_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 60) / ("b" * 60)
    with Server.start(folder, options=THROW_AWAY) as server:
        assert server.socket != folder
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
        assert query(server.url(), "SELECT 1") == [(1,)]
        assert Server.start(folder).url() == server.url()
    assert not server.socket.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_user_namespaces_runs_the_server_as_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = next(path for path in program_folders() if (path / "initdb").exists())
    if not all(parent.stat().st_mode & stat.S_IXOTH for parent in programs.parents):
        pytest.skip("the programs lie where nobody cannot reach them")
    folder.parent.chmod(0o711)
    monkeypatch.setenv("PATH", str(folder.parent))  # no unshare there
    with Server.start(folder, options=THROW_AWAY, programs=programs) as server:
        assert query(server.url(), "SELECT 1") == [(1,)]
        assert folder.stat().st_uid != 0
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_with_something_else_in_it_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="not empty"):
        Server.start(folder)
    assert (folder / "letter.txt").exists()


def test_data_of_a_version_without_programs_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / "PG_VERSION").write_text("9\n")
    with pytest.raises(InputError, match="no programs of PostgreSQL 9"):
        Server.start(folder)


def test_a_folder_without_programs_is_refused_with_what_to_install(folder: Path) -> None:
    with pytest.raises(InputError) as raised:
        Server.start(folder, programs=folder)
    assert "pip install 'understudy[demo]'" in raised.value.hint


def test_the_client_program_that_fits_is_the_oldest_one_not_older_than_the_server() -> None:
    versions = sorted({program_version(path / "pg_dump") for path in program_folders() if (path / "pg_dump").exists()})
    for version in versions:
        assert program_version(binary("pg_dump", at_least=version)) == version


def test_a_client_program_that_is_too_old_is_refused_with_what_to_install() -> None:
    with pytest.raises(InputError, match="needs a pg_dump of that version or later") as raised:
        binary("pg_dump", at_least=99)
    assert "postgresql-client-99" in raised.value.hint
