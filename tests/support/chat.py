"""A server that speaks OpenAI's chat protocol, on this machine, with behaviours that are chosen request by request."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Said:
    """One answer, as the server sends it."""

    text: str | None = None
    status: int = 200
    ended: str = "stop"
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Sent instead of anything of the protocol."""
    tokens: int | None = 100
    refusal: str | None = None
    silence: float = 0
    trickle: float = 0
    """Seconds between two bytes."""
    code: str = ""

    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        if self.status != 200:
            return json.dumps({"error": {"message": "no: " + (self.text or ""), "code": self.code}}).encode()
        message = {"role": "assistant", "content": self.text, "refusal": self.refusal}
        told: dict[str, Any] = {"choices": [{"index": 0, "message": message, "finish_reason": self.ended}]}
        if self.tokens is not None:
            told["usage"] = {"total_tokens": self.tokens}
        return json.dumps(told).encode()


@dataclass
class Server:
    """Where it listens, and what it was asked."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def words(self, number: int = -1) -> str:
        """What the user's message of one request said."""
        return self.asked[number]["messages"][-1]["content"]


def wanted(body: dict[str, Any]) -> int:
    """How many rows a request is for."""
    text = body["messages"][-1]["content"]
    return int(text.rsplit("Write ", 1)[1].split(" ")[0])


def rows(*found: dict[str, Any]) -> str:
    return json.dumps({"rows": list(found)})


@contextmanager
def serving(answer: Callable[[dict[str, Any], int], Said]) -> Iterator[Server]:
    """A server whose answer to a request, and the request's number from 0, a function gives."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            number = len(server.asked)
            server.asked.append(body)
            server.headers.append(dict(self.headers))
            server.paths.append(self.path)
            said = answer(body, number)
            if said.silence:
                stopped.wait(said.silence)
            data = said.body()
            try:
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                if not said.trickle:
                    self.wfile.write(data)
                for byte in data if said.trickle else b"":
                    self.wfile.write(bytes([byte]))
                    if stopped.wait(said.trickle):
                        break
            except OSError:  # who asked has gone
                pass

        def log_message(self, *_: Any) -> None:
            pass

    stopped = threading.Event()
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}/v1")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        stopped.set()
        http.shutdown()
        http.server_close()
        thread.join()
