"""``POST /email-contacts/notify/{token}``: the one route, and the same 404 for everything else.

Knows HTTP. A request's body is never read: the platform sends none (api-contract §2.4), and none would be
believed.
"""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from email_contacts.web.notify import Heard, Notifications

# More than any form of an empty notice; who announces more than this is somebody else.
MAX_BODY = 64 * 1024
_STATUS = {Heard.YES: 204, Heard.REFUSED: 404, Heard.NOT_NOW: 503}


def make_app(notifications: Notifications) -> FastAPI:
    """Make the application; no documentation, no redirects."""
    # A redirect or a 405 would tell a stranger what there is.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)

    @app.post("/notify/{token}")
    async def notify(token: str, request: Request) -> Response:
        if not _has_small_body(request):
            return _answer(404)
        return _answer(_STATUS[await notifications.hear(token)])

    @app.exception_handler(HTTPException)
    async def refuse(_request: Request, _error: Exception) -> Response:
        return _answer(404)

    return app


def _answer(status: int) -> Response:
    return JSONResponse({"detail": "Not Found"}, 404) if status == 404 else Response(status_code=status)


def _has_small_body(request: Request) -> bool:
    lengths = request.headers.getlist("content-length")
    return all(length.isascii() and length.isdigit() and int(length[:9]) <= MAX_BODY for length in lengths)


app = make_app(Notifications())
