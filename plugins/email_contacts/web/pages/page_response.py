"""Pages as they are sent: rendered with everything escaped, and allowed to load only what is their own."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from email_contacts.web.pages.shown_text import shown

HERE = Path(__file__).parent
# Where the plugin mounts the pages.
URL_PREFIX = "/email-contacts/imports"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# A page about something that runs reads itself again, in a frame, and shows what is new.
LIVE_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": f"{HEADERS['Content-Security-Policy']}; frame-src 'self'",
}
STATIC = {"page.css": "text/css", "page.js": "text/javascript", "live.js": "text/javascript"}


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """Render a template.

    :param values: what it needs besides ``base``, the URL of the pages, and ``airflow``, that of Airflow.
    """
    base = request.scope.get("root_path", "")
    text = (
        _templates().get_template(template).render(base=base, airflow=base.removesuffix(URL_PREFIX), **values)
    )
    return Response(
        text, status, LIVE_HEADERS if values.get("running") else HEADERS, "text/html; charset=utf-8"
    )


def static(name: str) -> Response:
    """Send the style sheet or the script; neither needs a login."""
    headers = {**HEADERS, "Cache-Control": "public, max-age=300"}
    return Response((HERE / "static" / name).read_bytes(), 200, headers, f"{STATIC[name]}; charset=utf-8")


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "shown": shown,
        "path": lambda text: quote(str(text), safe=""),
        "number": lambda count: f"{count:,}",
        "label": lambda name: str(name).replace("_", " "),
        "duration": duration,
        "time": _time,
        "clock": _clock,
        "iso": datetime.isoformat,
    }
    return environment


def _time(at: datetime) -> str:
    return at.astimezone(timezone.utc).strftime("%Y-%m-%d, %H:%M:%S")


def _clock(at: datetime) -> str:
    """The time alone where it is today's."""
    is_today = at.astimezone(timezone.utc).date() == datetime.now(timezone.utc).date()
    return _time(at).partition(", ")[2] if is_today else _time(at)


def duration(seconds: float | None) -> str:
    """Return how long something took, as Airflow does: ``00:01:05``, ``1d 02:00:00``."""
    if seconds is None:
        return ""
    days, rest = divmod(round(seconds), 86400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days}d {clock}" if days else clock
