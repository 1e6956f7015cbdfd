"""Settings in force: each with its value, whose secrets are masked, and where it comes from. For who runs the
installation."""

from __future__ import annotations

from starlette.responses import Response

from heliograph.console.visits import Page, View, Visit
from heliograph.domain.accounts import Scope

_DEFAULT = "default"
_WHICH = ("given", "all")


async def listed(visit: Visit) -> Response:
    """Show the settings that somebody has given, or all, or those whose name or meaning has some words."""
    which = visit.query.get("which", "")
    asked = {"q": visit.query.get("q", "").strip(), "which": which if which in _WHICH else _WHICH[0]}
    everything = visit.services.settings_in_force()
    words = asked["q"].casefold().split()
    shown = [
        each
        for each in everything
        if all(word in f"{each.name} {each.meaning}".casefold() for word in words)
        and (words or asked["which"] == "all" or each.source != _DEFAULT)
    ]
    return visit.page("settings.html", settings=shown, total=len(everything), asked=asked, which=_WHICH)


PAGE = Page("settings", (View("/settings", Scope.ADMIN, listed),))
