"""The pages that recipients see. They name no product: what they answer is the sender's."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

STYLE = "/public.css"
"""The path of the pages' style sheet."""
_FILE = Path(__file__).parent / "static" / "public.css"

_templates = Environment(loader=PackageLoader("heliograph.public"), autoescape=True, undefined=StrictUndefined)
_templates.globals["style"] = STYLE


def style_route() -> BaseRoute:
    """Serve the style sheet of the pages."""
    content = _FILE.read_bytes()

    async def style(_request: object) -> Response:
        return Response(content, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    return Route(STYLE, style, methods=["GET"])


def optout_page(state: str, msisdn: str | None) -> str:
    """Render the page of an opt-out link; `state` is asked, done, no_number or unknown."""
    return _templates.get_template("optout.html").render(state=state, number=f"+{msisdn}")


def no_link_page() -> str:
    """Render the page for an address that leads nowhere."""
    return _templates.get_template("no_link.html").render()
