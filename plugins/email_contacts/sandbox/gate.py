"""The gate every request to /v3 goes through, in the order in which a real platform's edge would act.

Latency, faults of the proxy, size of the body, address and key, rate limit; then the routes; then faults on
the way back, and the journal. The page and the control routes do not pass here.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from fastapi.routing import APIRoute
from starlette.routing import Match

from email_contacts.sandbox import refusals, wire
from email_contacts.sandbox.account import Account
from email_contacts.sandbox.faults import Fault
from email_contacts.sandbox.knobs import Knobs
from email_contacts.sandbox.refusals import Refusal

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_DRAINED = 64_000_000
_PROXY_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{status}: {words}</title></head>\n"
    "<body><h1>Error {status}</h1><p>{words}</p><hr><p>proxy</p></body></html>\n"
)
_PROXY_WORDS = {502: "Bad gateway", 503: "Service temporarily unavailable", 524: "A timeout occurred"}


@dataclass(frozen=True)
class Answer:
    """A whole answer, held back until it is known what the client is to see of it."""

    status: int
    body: bytes
    headers: Sequence[tuple[bytes, bytes]] = field(default=())

    @classmethod
    def refusing(cls, refusal: Refusal) -> Answer:
        """Make the platform's error answer."""
        return cls(refusal.status, orjson.dumps(refusal.to_json()), ((b"content-type", b"application/json"),))

    @classmethod
    def of_proxy(cls, status: int) -> Answer:
        """Make the HTML of a proxy that stands in front of the platform."""
        page = _PROXY_PAGE.format(status=status, words=_PROXY_WORDS[status])
        return cls(status, page.encode(), ((b"content-type", b"text/html; charset=UTF-8"),))

    def with_headers(self, headers: dict[str, str]) -> Answer:
        """Add headers."""
        added = tuple((name.encode(), value.encode()) for name, value in headers.items())
        return replace(self, headers=(*self.headers, *added))


class _Disconnected(Exception):
    """The client has closed its connection before it had sent everything."""


class Gate:
    """ASGI middleware around the routes.

    :param app: the routes.
    :param account: whose knobs, limits and journal count.
    :param routes: the routes again, to know a request's by name before it gets there.
    """

    def __init__(self, app: App, account: Account, routes: Sequence[APIRoute]) -> None:
        self._app = app
        self._account = account
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through."""
        if scope["type"] != "http" or not scope["path"].startswith("/v3"):
            await self._app(scope, receive, send)
            return
        scope["path"] = _canonical(scope["path"])
        route, path = self._known(scope)
        knobs = self._account.knobs
        if knobs.latency_seconds:
            await asyncio.sleep(knobs.latency_seconds)
        try:
            body = await _read(receive, limit=knobs.body_limit_bytes)
        except _Disconnected:
            return
        fault = self._account.take_fault(route) if route else None
        carried_out: Answer | None = None
        if fault is None or fault.carries_out:
            carried_out = await self._carried_out(scope, body, knobs)
        seen = _distorted(carried_out, fault)
        if fault is not None and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        self._account.journal.note(
            method=scope["method"],
            path=path,
            route=route,
            status=seen.status if seen else 0,
            fault=fault.kind if fault else None,
            carried_out=carried_out.status if carried_out else None,
        )
        await _deliver(seen, fault, scope, receive, send)

    def _known(self, scope: Scope) -> tuple[str, str]:
        """Return the name of a request's route, empty for none, and its path without personal data."""
        for route in self._routes:
            match, child = route.matches(scope)
            if match is Match.FULL:
                masked = "identifier" in child["path_params"]
                return route.name, "/v3/contacts/{identifier}" if masked else scope["path"]
        return "", scope["path"]

    async def _carried_out(self, scope: Scope, body: bytes | None, knobs: Knobs) -> Answer:
        """Ask the platform, as one that was reached without any fault."""
        try:
            if body is None:
                raise Refusal(knobs.body_limit_status, "invalid_parameter", "Request body is too large")
            self._check_caller(scope, knobs)
            allowance = self._account.limits.ask(scope["path"], knobs)
            if allowance is None:
                return await self._routed(scope, body)
            answer = (
                await self._routed(scope, body)
                if allowance.granted
                else Answer.refusing(refusals.too_many_requests())
            )
            return answer.with_headers(allowance.headers(retry_after=knobs.retry_after))
        except Refusal as refusal:
            return Answer.refusing(refusal)

    def _check_caller(self, scope: Scope, knobs: Knobs) -> None:
        key = next((value for name, value in scope["headers"] if name == b"api-key"), None)
        if key is None:
            raise refusals.no_key()
        if not hmac.compare_digest(key, self._account.api_key.encode()):
            raise refusals.unknown_key()
        address = scope["client"][0] if scope.get("client") else ""
        if knobs.allowed_ips and address not in knobs.allowed_ips:
            raise refusals.unknown_address(address)

    async def _routed(self, scope: Scope, body: bytes) -> Answer:
        """Let the routes answer, and keep the answer."""
        scope, body = _as_json(scope, body)
        messages: list[Message] = []
        pending = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return pending.pop() if pending else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            messages.append(message)

        try:
            await self._app(scope, receive, send)
        except Exception as error:  # noqa: BLE001  a defect of the sandbox must not end as a cut connection
            logger.error("%s %s failed: %s", scope["method"], scope["path"], type(error).__name__)
            if not messages:
                return Answer.refusing(Refusal(500, "internal_error", "Internal server error"))
        content = b"".join(message.get("body", b"") for message in messages[1:])
        kept = [(name, value) for name, value in messages[0]["headers"] if name != b"content-length"]
        return Answer(messages[0]["status"], content, kept)


def _canonical(path: str) -> str:
    """Return the path under which the route is kept: no slash at the end, ``folders`` for ``folder``."""
    path = path.rstrip("/") or "/"
    if path == "/v3/contacts/folder" or path.startswith("/v3/contacts/folder/"):
        return path.replace("/folder", "/folders", 1)
    return path


def _as_json(scope: Scope, body: bytes) -> tuple[Scope, bytes]:
    """Treat a body that does not call itself JSON as one without fields, as the platform was seen to do."""
    media = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if not body or media.partition(b";")[0].strip().lower() == b"application/json":
        return scope, body
    others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
    return {**scope, "headers": [*others, (b"content-type", b"application/json")]}, b"{}"


async def _read(receive: Receive, *, limit: int) -> bytes | None:
    """Read the body, None when it is over the limit.

    One that is over is read on for a while and thrown away: a client that is still sending would otherwise
    see a cut connection instead of the refusal.

    :raises _Disconnected: when the client goes before the end; half a request is none.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        else:
            chunks.clear()
        if not message.get("more_body", False) or size > _DRAINED:
            return b"".join(chunks) if size <= limit else None


def _distorted(answer: Answer | None, fault: Fault | None) -> Answer | None:
    """Return what the client is to see, None when its connection is cut without an answer."""
    if fault is None or fault.kind in ("slow", "truncated"):
        return answer
    kind = fault.kind.removesuffix("_after_accepting")
    if kind in ("reset", "closed"):
        return None
    if kind == "garbled":
        if answer is None or answer.status == 204:
            return answer
        return replace(answer, body=b'{"id": 1, "proc')
    if kind in ("502", "503", "524"):
        made = Answer.of_proxy(int(kind))
    else:
        made = Answer.refusing(
            {
                "400": Refusal(400, "bad_request", "Bad request"),
                "401_key": refusals.unknown_key(),
                "401_ip": refusals.unknown_address("203.0.113.7"),
                "429": refusals.too_many_requests(),
                "500": Refusal(500, "internal_error", "Internal server error"),
            }[kind]
        )
    if kind in ("429", "503") and fault.seconds:
        made = made.with_headers({"retry-after": f"{fault.seconds:g}"})
    return made


async def _deliver(
    answer: Answer | None, fault: Fault | None, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send an answer, half of one, or none."""
    if answer is None:
        (wire.close if fault is not None and fault.kind == "closed" else wire.reset)(scope)
        await _gone(receive)
        return
    headers = list(answer.headers)
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if fault is not None and fault.kind == "truncated" and answer.body:
        half = answer.body[: len(answer.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        wire.close(scope)
        await _gone(receive)
        return
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


async def _gone(receive: Receive) -> None:
    """Wait until the server has noticed that the connection is cut."""
    while (await receive())["type"] != "http.disconnect":
        pass
