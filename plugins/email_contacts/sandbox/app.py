"""The application: the routes of every room, their errors in the platform's words, and the gate in front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from email_contacts.sandbox import (
    attributes,
    contacts,
    control,
    folders,
    imports,
    lists,
    membership,
    overview,
    processes,
)
from email_contacts.sandbox.account import Account
from email_contacts.sandbox.edge import refused, translated
from email_contacts.sandbox.gate import Gate
from email_contacts.sandbox.refusals import Refusal, no_route, unreadable, wrong_verb

ROOMS = (folders, lists, membership, attributes, imports, contacts, processes, control, overview)
"""In the order in which their routes are tried."""

_THREADS = 16

_ABOUT = """
A rehearsal platform: the Contacts API v3 with folders, lists, contacts, attributes, imports and processes,
over one SQLite file. Authorise with the header `api-key`. What differs from the real platform, and what is
not known of it, stands in docs/sandbox.md.
"""


def create_app(account: Account) -> FastAPI:
    """Make the application that serves an account; its worker runs as long as the application does."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Bounds the open SQLite connections, and with them the memory, however many clients there are.
        anyio.to_thread.current_default_thread_limiter().total_tokens = _THREADS
        account.worker.start()
        yield

    app = FastAPI(
        title="Contacts API sandbox",
        version="3",
        description=_ABOUT,
        lifespan=lifespan,
        redirect_slashes=False,
        exception_handlers={
            Refusal: _refuse,
            RequestValidationError: _refuse_validation,
            HTTPException: _refuse_http,
        },
        strict_content_type=True,
    )
    app.state.account = account
    for room in ROOMS:
        app.include_router(room.router)
    app.include_router(processes.reports)
    app.add_middleware(
        Gate, account=account, routes=[each for each in app.routes if isinstance(each, APIRoute)]
    )
    return app


async def _refuse(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, Refusal)  # noqa: S101  registered for this type only
    return refused(refusal)


async def _refuse_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  registered for this type only
    return refused(translated(error, getattr(request.scope.get("route"), "name", "")))


async def _refuse_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for this type only
    if error.status_code == 405:
        return refused(wrong_verb(request.method))
    # Besides unknown paths, bodies that cannot be parsed at all end here: bad UTF-8, nesting without an end.
    return refused(no_route() if error.status_code == 404 else unreadable())
