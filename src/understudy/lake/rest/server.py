"""The Starlette application: finds the function that answers, runs it in a thread, tells errors as Iceberg does."""

from __future__ import annotations

import copy
import ipaddress
import json
import re
import socket
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError
from pyiceberg import exceptions as iceberg
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from understudy.errors import CheckFailed, Error, InputError
from understudy.lake.lake import Lake, Moved
from understudy.lake.rest import iceberg as specification
from understudy.lake.rest import references
from understudy.lake.rest.auth import ANYBODY, Caller, Tokens, Unknown
from understudy.lake.rest.call import Answer, Call, Endpoint, Json, Missing
from understudy.lake.safety import Refused

PORT = 8181
"""Where the server listens if nobody says otherwise."""

_METHODS = ("GET", "HEAD", "POST", "DELETE")
_HERE = ("localhost", "127.0.0.1", "::1")
_ERRORS: tuple[tuple[type[Exception], int, str], ...] = (
    (Unknown, 401, "NotAuthorizedException"),
    (Refused, 403, "ForbiddenException"),
    (Missing, 404, "NotFoundException"),
    (iceberg.NoSuchTableError, 404, "NoSuchTableException"),
    (iceberg.NoSuchNamespaceError, 404, "NoSuchNamespaceException"),
    (iceberg.NamespaceNotEmptyError, 409, "NamespaceNotEmptyException"),
    (iceberg.TableAlreadyExistsError, 409, "AlreadyExistsException"),
    (iceberg.NamespaceAlreadyExistsError, 409, "AlreadyExistsException"),
    (iceberg.CommitFailedException, 409, "CommitFailedException"),
    (Moved, 409, "CommitFailedException"),
    (iceberg.CommitStateUnknownException, 500, "CommitStateUnknownException"),
    (InputError, 400, "BadRequestException"),
    (Error, 500, "ServerErrorException"),
    (ValidationError, 400, "BadRequestException"),
    (iceberg.ValidationError, 400, "BadRequestException"),
    (ValueError, 400, "BadRequestException"),
)


def app(lake: Lake, tokens: Tokens | None = None, *, storage: Mapping[str, str] | None = None) -> Starlette:
    """The application; without tokens anybody who reaches it may do anything.

    ``storage`` is what engines are told of it (``s3.endpoint``, ``s3.region``): never a secret that may delete.
    """
    assert lake.io  # opened once, for all threads
    routes = _routes(specification.ENDPOINTS, r"(?:/iceberg/(?P<ref>[^/]+))?") + _routes(references.ENDPOINTS, "")

    async def answer(request: Request) -> Response:
        content = await request.body()
        return await run_in_threadpool(_respond, lake, tokens, routes, storage or {}, request, content)

    return Starlette(routes=[Route("/{path:path}", answer, methods=list(_METHODS))])


_Routes = list[tuple[str, re.Pattern[str], Endpoint]]


def _routes(endpoints: Mapping[str, Endpoint], before: str) -> _Routes:
    """Methods, patterns of raw paths, and the functions that answer; a reference may have slashes in it."""
    found = []
    for described, function in endpoints.items():
        method, path = described.split(" ")
        pattern = re.sub(r"\{(prefix|name)\}", r"(?P<\1>.+?)", path)
        found.append((method, re.compile(before + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)), function))
    return found


def _respond(
    lake: Lake,
    tokens: Tokens | None,
    routes: _Routes,
    storage: Mapping[str, str],
    request: Request,
    content: bytes,
) -> Response:
    try:
        caller = tokens.caller(request.headers.get("authorization", "")) if tokens else _neighbour(request)
        function, parts = _find(routes, request)
        engine = request.headers.get("user-agent", "")[:100]
        call = Call(_by(lake, caller), caller, engine, parts, request.query_params, content, storage)
        return _response(function(call))
    except Exception as error:
        return _told(error)


def _neighbour(request: Request) -> Caller:
    """Whoever is on this machine; a page in its browser is not."""
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if "origin" in request.headers or host not in _HERE:
        raise Refused("without tokens, only programs on this machine are answered", hint="start it with a token file")
    return ANYBODY


def _find(routes: _Routes, request: Request) -> tuple[Endpoint, dict[str, str]]:
    """The function of a path, and its variable parts; an encoded slash is no separator."""
    path = request.scope["raw_path"].decode("ascii", "replace").rstrip("/")
    for method, pattern, function in routes:
        if method == request.method and (match := pattern.fullmatch(path)):
            return function, {name: _decoded(name, value) for name, value in match.groupdict().items() if value}
    raise Missing(f"{request.method} {unquote(path)} is not served", hint="GET /v1/config?warehouse=main tells what is")


def _decoded(name: str, value: str) -> str:
    """A part of a path; Sail encodes a prefix a second time, and no reference has a percent sign in it."""
    return unquote(unquote(value)) if name in ("prefix", "ref") else unquote(value)


def _by(lake: Lake, caller: Caller) -> Lake:
    """The lake, as far as commits tell their author."""
    if not caller.name:
        return lake
    own = copy.copy(lake)
    own.author = caller.name
    return own


def _response(answer: Answer) -> Response:
    if answer is None:
        return Response(status_code=204)
    text = answer.text if isinstance(answer, Json) else json.dumps(answer)
    return Response(text, media_type="application/json")


def _told(error: Exception) -> Response:
    """An error in the form of the specification; of one that nobody foresaw, no more than its kind."""
    if isinstance(error, Error) and error.exit_code == CheckFailed.exit_code:  # a merge's conflicts, too
        return _error(_message(error), 409, type(error).__name__)
    for kind, code, name in _ERRORS:
        if isinstance(error, kind):
            return _error(_message(error), code, name)
    return _error(f"the server failed: {type(error).__name__}", 500, "ServerErrorException")


def _message(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])
    if isinstance(error, Error):
        return f"{error.message} ({error.hint})" if error.hint else error.message
    return str(error)[:500]


def _error(message: str, code: int, name: str) -> Response:
    text = json.dumps({"error": {"message": message, "type": name, "code": code}})
    headers = {"WWW-Authenticate": "Bearer"} if code == 401 else None
    return Response(text, status_code=code, media_type="application/json", headers=headers)


def serve(
    lake: Lake,
    host: str = "127.0.0.1",
    port: int = PORT,
    tokens: Tokens | None = None,
    *,
    storage: Mapping[str, str] | None = None,
    ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve a lake until the process is told to end; ``ready`` gets the URL once it listens.

    Without tokens it listens on this machine only.
    """
    import uvicorn

    if tokens is None and not _is_local(host):
        raise InputError(f"without tokens it does not listen on {host!r}", hint="give it a token file, or 127.0.0.1")
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise InputError(f"{host}:{port} cannot be listened on: {error.strerror}", hint="choose another port") from None
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer waits 40 ms for the client
    with listening:
        server = uvicorn.Server(
            uvicorn.Config(app(lake, tokens, storage=storage), log_level="warning", server_header=False)
        )
        shown, number = listening.getsockname()[:2]
        ready(f"http://[{shown}]:{number}" if ":" in shown else f"http://{shown}:{number}")
        server.run(sockets=[listening])


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
