"""The command line in a folder of its own, as somebody types it."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from understudy.cli import main

KEY = "uk1_ighf7iufmefwqfuqbbsom2eppymzlnxif7pyycoxq3ocunseme6ryxzg"
"""Of tests alone, and always the same: which rows a sample takes depends on it."""


@dataclass
class Said:
    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    folder: Path

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def read(self, name: str) -> str:
        return (self.folder / name).read_bytes().decode()

    def start(self, *words: object, **environment: str) -> subprocess.Popen[bytes]:
        known = {**os.environ, "UNDERSTUDY_KEY": KEY, **environment}
        return subprocess.Popen(
            [sys.executable, "-m", "understudy", *map(str, words)],
            cwd=self.folder,
            env={name: value for name, value in known.items() if value},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *words: object, given: str | bytes = b"", terminal: bool = False, **environment: str) -> Said:
        """Run a command, in this process, with something on its standard input; a variable that is "" is not set."""
        data = given if isinstance(given, bytes) else given.encode()
        code, pipe_signal = 0, signal.getsignal(signal.SIGPIPE)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {"UNDERSTUDY_KEY": KEY, **environment}.items():
                patch.setenv(name, value) if value else patch.delenv(name, raising=False)
            patch.chdir(self.folder)
            streams = [io.TextIOWrapper(io.BytesIO(start), encoding="utf-8") for start in (data, b"", b"")]
            for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
                patch.setattr(sys, name, stream)
            if terminal:
                patch.setattr(streams[1], "isatty", lambda: True)
            try:
                main([str(word) for word in words])
            except SystemExit as end:
                code = int(end.code or 0)
            finally:
                signal.signal(signal.SIGPIPE, pipe_signal)
            _, out, err = streams
            out.flush()
            err.flush()
            return Said(code, out.buffer.getvalue(), err.buffer.getvalue().decode())

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())
