"""Server-rendered pages: escaped text, no script, a strict content policy."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from zoho_sandbox.core.exchange import BANNER, Reply

_STYLE_PATH = "/_sandbox/style.css"


@cache
def _environment() -> Environment:
    loader = PackageLoader("zoho_sandbox.pages", "templates")
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def html_reply(template: str, seen: dict[str, Any], *, status: int = 200, form_targets: str = "") -> Reply:
    """Return a page.

    Args:
        seen: What the template shows; everything is escaped.
        form_targets: Origins besides our own that a form may lead to.
    """
    text = _environment().get_template(template).render(style=_STYLE_PATH, **seen)
    policy = (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none';"
        f" frame-ancestors 'none'; form-action 'self' {form_targets}"
    )
    headers = [
        BANNER,
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Security-Policy", policy.strip()),
        ("X-Content-Type-Options", "nosniff"),
        # Not no-referrer: with that a browser hides the origin of our own forms too.
        ("Referrer-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ]
    return Reply(status, headers, text.encode())


def style_reply() -> Reply:
    """Return the one style sheet."""
    text = files("zoho_sandbox.pages").joinpath("templates", "style.css").read_bytes()
    return Reply(200, [BANNER, ("Content-Type", "text/css; charset=utf-8")], text)
