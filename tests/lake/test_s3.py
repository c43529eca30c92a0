"""A lake on an S3-compatible server: its files there, its store in SQLite or PostgreSQL; and what if it vanishes."""

from __future__ import annotations

import itertools
import socket
import socketserver
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.test_gc import collect
from lake.test_importing import SALES
from lake.test_tables import USERS, content, people, table
from understudy.errors import Error
from understudy.lake import Lake, importing, sql, tables
from understudy.lake.merge import merge
from understudy.lake.store import fsck

ENGINES = Path(__file__).resolve().parents[2] / ".venv" / "engines" / "bin" / "python"
_buckets = itertools.count(1)


class Line(socketserver.ThreadingTCPServer):
    """The network between us and the server: what comes to its port goes on to another, until it is cut."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, to: int) -> None:
        super().__init__(("127.0.0.1", 0), _Forward)
        self.to, self.cut = to, False
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class _Forward(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Line)
        if self.server.cut:
            return
        with socket.create_connection(("127.0.0.1", self.server.to)) as there, suppress(OSError):
            ways = [(self.request, there), (there, self.request)]
            threads = [threading.Thread(target=self._pump, args=way, daemon=True) for way in ways]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _pump(self, one: socket.socket, other: socket.socket) -> None:
        assert isinstance(self.server, Line)
        with suppress(OSError):
            while (data := one.recv(65_536)) and not self.server.cut:
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    if not ENGINES.exists():
        pytest.skip("the S3-compatible server is not installed: `make setup` makes .venv/engines")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("s3") / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [ENGINES, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=output, stderr=output
        )
    try:
        _wait_for(port)
        with Line(port) as made:
            yield made
            made.shutdown()
    finally:
        server.terminate()
        server.wait()


def _wait_for(port: int) -> None:
    for _ in range(300):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise AssertionError("the S3-compatible server did not start")


@pytest.fixture
def bucket(line: Line, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A new bucket, and the variables by which everybody finds it."""
    name, endpoint = f"bucket-{next(_buckets)}", f"http://127.0.0.1:{line.server_address[1]}"
    for variable, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_CONNECT_TIMEOUT": "1",
        "AWS_REQUEST_TIMEOUT": "1",
    }.items():
        monkeypatch.setenv(variable, value)
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{name}", method="PUT")).close()
    yield f"s3://{name}"
    line.cut = False


@pytest.fixture(params=["sqlite", "postgres"])
def remote(request: pytest.FixtureRequest, bucket: str, tmp_path: Path) -> Iterator[Lake]:
    catalog = f"sqlite:///{tmp_path}/store.db"
    if request.param == "postgres":
        catalog = request.getfixturevalue("database")()
    made = Lake.open(f"{bucket}/lake", catalog=catalog, create=True)
    yield made
    made.close()


def test_a_lake_on_s3_branches_writes_merges_and_collects(remote: Lake) -> None:
    tables.create(remote, "main", table(), batches=people(1, 2))
    remote.branch("dev", "main")
    tables.append(remote, "dev", USERS, people(3))
    tables.append(remote, "main", USERS, people(4))
    merge(remote, "dev", "main")
    tables.upsert(remote, "main", USERS, people(1, 5, email="new"))
    tables.delete(remote, "main", USERS, "id = 2")
    tables.compact(remote, "main", USERS)
    expected = {1: "new1", 3: "old3", 4: "old4", 5: "new5"}
    assert content(remote) == expected
    assert sql.query(remote, "select count(*) as n from users", "main").read_all().to_pylist() == [{"n": 4}]
    assert collect(remote).files > 5
    assert content(remote) == expected
    assert set(content(remote, "dev")) == {1, 2, 3}
    assert collect(remote).files == 0


def test_files_on_s3_are_imported_where_they_lie(bucket: str, sqlite_lake: Lake) -> None:
    for number in (1, 2):
        with sqlite_lake.io.new_output(f"{bucket}/sales/{number}.parquet").create() as output:
            pq.write_table(pa.table({"amount": [number]}), output)
    importing.import_files(sqlite_lake, "main", SALES, f"{bucket}/sales/*.parquet")
    assert tables.read(sqlite_lake, "main", SALES).read_all()["amount"].to_pylist() == [1, 2]


def test_a_server_that_vanishes_while_a_commit_is_made_leaves_the_branch_as_it_was(
    bucket: str, line: Line, tmp_path: Path
) -> None:
    remote = Lake.open(f"{bucket}/lake", catalog=f"sqlite:///{tmp_path}/store.db", create=True)
    tables.create(remote, "main", table(), batches=people(1, 2))
    before = remote.head("main")

    def half(cut_before: str) -> None:
        with tables.changing(remote, "main", "append") as change:
            line.cut = cut_before == "data"
            files = change.write(USERS, people(3))
            line.cut = cut_before == "manifests"
            change.add(USERS, files)
            line.cut = cut_before == "metadata"

    for moment in ("data", "manifests", "metadata"):
        with pytest.raises(Error, match=r"'s3://bucket-\d+/lake/public/users-.* cannot be (written|read)"):
            half(moment)
        line.cut = False
        assert remote.head("main") == before
        assert content(remote) == {1: "old1", 2: "old2"}
    half("never")
    assert set(content(remote)) == {1, 2, 3}
    assert fsck(remote.store) == []
    assert collect(remote).files >= 3  # what the attempts left
    assert set(content(remote)) == {1, 2, 3}
    remote.close()


def test_reading_while_the_server_is_gone_says_so(bucket: str, line: Line, tmp_path: Path) -> None:
    remote = Lake.open(f"{bucket}/lake", catalog=f"sqlite:///{tmp_path}/store.db", create=True)
    tables.create(remote, "main", table(), batches=people(1, 2))
    line.cut = True
    with pytest.raises(Error, match="cannot be read"):
        tables.read(remote, "main", USERS).read_all()
    line.cut = False
    assert set(content(remote)) == {1, 2}
    remote.close()
