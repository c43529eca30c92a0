"""A server that speaks OpenAI's chat protocol: one question, one answer, and all that goes wrong between them."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from understudy.errors import Error, InputError

Message = Mapping[str, str]

_MOST_BYTES = 16 << 20
"""Of an answer; more is no answer to a question for a few rows."""
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""What may go well when it is asked again."""
_UNFIT = frozenset({400, 415, 422, 501})
"""What servers say of fields they do not know."""
_FINAL = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_WORD = re.compile(r"[\w.-]{1,60}")
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Endpoint:
    """Where a model is asked, and how patiently.

    ``url`` is that of an OpenAI-compatible server, with the path of its version: ``http://localhost:11434/v1``.  The
    key is read from the environment variable ``key_env`` when a question is asked, and is kept and told nowhere; an
    empty name, or an unset variable, sends none.  ``options`` go into every request (``{"temperature": 0.7}``).
    """

    url: str
    model: str
    key_env: str = "OPENAI_API_KEY"
    timeout: float = 120.0
    """Seconds a server may be silent."""
    tries: int = 5
    """How often one question is asked, where the server is busy or fails."""
    pause: float = 1.0
    """Seconds before the second try; doubled for each one after it, unless the server says how long."""
    patience: float = 120.0
    """Most seconds between two tries; a server that asks for more is not waited for."""
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The URL that questions go to."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError("the endpoint is no http(s) URL", hint="write it as http://localhost:11434/v1")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise InputError(
                "the endpoint's URL holds more than host and path", hint="name a variable with the key: key_env"
            )
        path = parts.path.rstrip("/") or "/v1"
        return f"{parts.scheme}://{parts.netloc}{path.removesuffix('/chat/completions')}/chat/completions"

    def key(self) -> str:
        """The key, from the environment; empty where there is none.  Never sent in the clear to another machine."""
        found = os.environ.get(self.key_env, "").strip() if self.key_env else ""
        parts = urlsplit(self.url)
        if found and parts.scheme == "http" and parts.hostname not in _LOCAL:
            raise InputError(
                f"the key in {self.key_env} would travel in the clear to {parts.hostname}",
                hint="use https, or send no key: key_env=''",
            )
        if found and not found.isprintable():
            raise InputError(f"the key in {self.key_env} holds characters that no header may hold")
        return found


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    text: str
    ended: str
    """Why it ended: ``stop``; ``length`` where it was cut off; ``refused`` where the model declined."""
    tokens: int
    """Of question and answer, as the server counts them; guessed from their lengths where it does not."""
    guessed: bool = False
    cached: bool = False


class Refused(Exception):
    """The server does not take the request as it is; ``why`` is its word for it."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(status)
        self.status, self.why = status, why


class Conversation:
    """Asks one server, with fewer fields once it has refused some, and from the cache what was asked before.

    ``ways`` are tried in turn: an answer that must fit a JSON schema, one that must be JSON, any; with a seed, without.
    """

    def __init__(self, endpoint: Endpoint, cache: Path | None, wait: Callable[[float], None] = time.sleep) -> None:
        self.endpoint, self._cache, self._wait = endpoint, cache, wait
        self._address = endpoint.address
        self._way = 0
        self.retries = 0
        """Tries that a busy or failing server cost."""

    def ask(self, messages: Sequence[Message], schema: Mapping[str, Any], seed: int) -> Answer:
        """The answer to some messages; an Error where the server gives none, an InputError where it takes none."""
        while True:
            try:
                return self._kept(self._body(messages, schema, seed), seed)
            except Refused as refused:
                if self._way == len(_WAYS) - 1 or refused.status not in _UNFIT:
                    raise _explained(refused, self.endpoint) from None
                self._way += 1

    def _body(self, messages: Sequence[Message], schema: Mapping[str, Any], seed: int) -> dict[str, Any]:
        form, seeded = _WAYS[self._way]
        body: dict[str, Any] = {"model": self.endpoint.model, "messages": list(messages)}
        if seeded:
            body["seed"] = seed
        if form == "json_schema":
            shape = {"name": "rows", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": shape}
        elif form == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body | dict(self.endpoint.options)

    def _kept(self, body: Mapping[str, Any], seed: int) -> Answer:
        """The answer that the cache has for a request, or the server's, which the cache then has.

        A server's refusal of some fields is kept like an answer: then what was asked once needs no server at all.
        """
        data = json.dumps(body, sort_keys=True).encode()
        if self._cache is None:
            return self._asked(data)
        # the seed tells requests of equal words apart even where it is not sent
        name = hashlib.sha256(f"{self._address}\0{seed}\0".encode() + data).hexdigest()
        path = self._cache / f"{name}.json"
        if path.is_file():
            kept = json.loads(path.read_text(encoding="utf-8"))
            if "status" in kept:
                raise Refused(kept["status"], kept["why"])
            return Answer(kept["text"], kept["ended"], 0, cached=True)
        try:
            answer = self._asked(data)
        except Refused as refused:
            if refused.status in _UNFIT and self._way < len(_WAYS) - 1:
                _keep(path, {"status": refused.status, "why": refused.why})
            raise
        _keep(path, {"text": answer.text, "ended": answer.ended})
        return answer

    def _asked(self, data: bytes) -> Answer:
        """The server's answer; asked again, a bounded number of times, where it is busy, fails or says nothing."""
        pause = self.endpoint.pause
        for left in reversed(range(self.endpoint.tries)):
            said, after = "", None
            try:
                return _answer(self._sent(data), len(data))
            except urllib.error.HTTPError as error:
                with error:
                    word = _word(error, self.endpoint.key())
                said, after = (
                    f"status {error.code}{f' ({word})' if word else ''}",
                    _after(error.headers.get("Retry-After")),
                )
                if error.code not in _LATER or word in _FINAL:
                    raise Refused(error.code, word) from None
            except TimeoutError:
                said = f"silence for {self.endpoint.timeout:g} s"
            except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
                said = type(getattr(error, "reason", error)).__name__
            except ValueError:
                said = "an answer that is not of the protocol"
            if not left:
                raise Error(f"{self._address} gave no answer: {said}", hint="is it running? try again later")
            if after is not None and after > self.endpoint.patience:
                raise Error(f"{self._address} asks to wait {after:.0f} s: {said}", hint="try again later")
            self.retries += 1
            self._wait(min(pause if after is None else after, self.endpoint.patience))
            pause *= 2
        raise AssertionError("a question is asked once at least")

    def _sent(self, data: bytes) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "understudy"}
        if key := self.endpoint.key():
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self._address, data, headers, method="POST")  # noqa: S310 - http(s) only
        with _OPENER.open(request, timeout=self.endpoint.timeout) as response:
            return json.loads(_whole(response, self.endpoint.timeout))


_WAYS = (("json_schema", True), ("json_object", True), ("", True), ("", False))
"""The form that an answer must have, and whether a seed goes with the question."""


def _keep(path: Path, told: Mapping[str, Any]) -> None:
    """Write a file as a whole, for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        json.dump(told, file)
    Path(file.name).replace(path)


class _Unmoved(urllib.request.HTTPRedirectHandler):
    """Follows nobody: a redirection would carry key and question to a server that the user did not name."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """No request instead, which makes the redirection an error."""


_OPENER = urllib.request.build_opener(_Unmoved)


def _whole(response: http.client.HTTPResponse, seconds: float) -> bytes:
    """All of a body; a TimeoutError where it trickles in for longer, a ValueError where it is too long."""
    late, parts, size = time.monotonic() + seconds, list[bytes](), 0
    while part := response.read1(1 << 16):
        parts.append(part)
        size += len(part)
        if size > _MOST_BYTES:
            raise ValueError("too long")
        if time.monotonic() > late:
            raise TimeoutError
    return b"".join(parts)


def _answer(told: Any, sent: int) -> Answer:
    """What the protocol's JSON says; a ValueError for any other JSON."""
    try:
        choice = told["choices"][0]
        message, ended = choice["message"], choice.get("finish_reason") or "stop"
        content, declined = message.get("content"), message.get("refusal")
        usage = told.get("usage") or {}
        tokens = usage.get("total_tokens")
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ValueError("not of the protocol") from None
    if isinstance(content, list):  # parts, as some servers answer
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    text = content if isinstance(content, str) else ""
    if declined or ended == "content_filter":
        ended = "refused"
    if isinstance(tokens, int) and tokens >= 0:
        return Answer(text, str(ended), tokens)
    return Answer(text, str(ended), (sent + len(text)) // 4, guessed=True)


def _word(error: urllib.error.HTTPError, key: str) -> str:
    """The server's own code for an error; never its message, which may quote the question, or the key."""
    try:
        told = json.loads(error.read(_MOST_BYTES))
        inner = told.get("error", told)
        words = [str(inner.get(name) or "") for name in ("code", "type")] if isinstance(inner, Mapping) else []
    except (ValueError, OSError, AttributeError, http.client.HTTPException):
        return ""
    return next((word for word in words if _WORD.fullmatch(word) and not (key and key in word)), "")


def _after(header: str | None) -> float | None:
    """The seconds that Retry-After asks for, said as a number or as a date; None where it says nothing of sense."""
    said = (header or "").strip()
    try:
        return max(0.0, float(said)) if said and said.replace(".", "", 1).isdigit() else _until(said)
    except (ValueError, TypeError, OverflowError):
        return None


def _until(said: str) -> float | None:
    if not said:
        return None
    moment = parsedate_to_datetime(said)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _explained(refused: Refused, endpoint: Endpoint) -> InputError:
    """What the user can do about a request that the server does not take."""
    why = f" ({refused.why})" if refused.why else ""
    message = f"{endpoint.address} does not take the request: status {refused.status}{why}"
    hints = {
        401: f"put the key into the environment variable {endpoint.key_env or 'that key_env names'}",
        403: f"may the key in {endpoint.key_env or 'key_env'} use this model?",
        404: f"is the address right, with its version, and is there a model {endpoint.model!r}?",
        429: "the account behind the key has no more to spend",
    }
    moved = "the server moved: name its new address" if 300 <= refused.status < 400 else ""
    return InputError(message, hint=hints.get(refused.status, moved or f"does it serve {endpoint.model!r}?"))
