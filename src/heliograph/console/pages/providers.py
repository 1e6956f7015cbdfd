"""Providers and routes: how each provider does, pausing one, and which way a number takes, and why. For who runs the
installation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from starlette.responses import Response

from heliograph.console.texts import text
from heliograph.console.visits import Flash, Page, Undo, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.amounts import commas_in
from heliograph.domain.channels import Channel
from heliograph.domain.errors import RequestError
from heliograph.domain.instants import from_ms
from heliograph.domain.routes import Rule, title_of
from heliograph.services.provider_admin import Question

_ASKED = ("number", "originator", "tags", "channel", "text")
_CONDITIONS = ("country", "prefix", "operator", "originator", "account", "tag", "channel")


class _Shown(NamedTuple):
    """A rule in words."""

    title: str
    when: Sequence[tuple[str, str]]
    """The names and values of its conditions."""
    providers: Sequence[str]
    how: str


async def listed(visit: Visit) -> Response:
    """Show all providers and rules, and explain the number in the address."""
    admin = visit.services.provider_admin
    asked = {name: visit.query.get(name, "").strip() for name in _ASKED}
    asked["channel"] = asked["channel"] if asked["channel"] in {*Channel} else Channel.SMS.value
    lines: Sequence[str] = []
    problems: dict[str, str] = {}
    if asked["number"]:
        try:
            lines = await admin.explain(visit.account, _question(asked))
        except RequestError as error:
            problems[error.field or "number"] = error.message
    return visit.page(
        "providers.html",
        providers=[(each, from_ms(each.paused.since) if each.paused else None) for each in await admin.standings()],
        rules=[_in_words(rule, place) for place, rule in enumerate(await admin.rules())],
        asked=asked,
        problems=problems,
        lines=lines,
        channels=[(each.value, text(f"channel.{each.value}")) for each in Channel],
    )


def _question(asked: dict[str, str]) -> Question:
    return Question(
        number=asked["number"],
        originator=asked["originator"] or None,
        tags=commas_in(asked["tags"]),
        channel=asked["channel"],
        text=asked["text"],
    )


def _in_words(rule: Rule, place: int) -> _Shown:
    when = [(text(f"providers.if_{name}"), ", ".join(getattr(rule, name))) for name in _CONDITIONS]
    if (rule.min_parts, rule.max_parts) != (Rule().min_parts, Rule().max_parts):
        when.append((text("providers.if_parts"), f"{rule.min_parts}–{rule.max_parts}"))
    how = "cheapest" if rule.cheapest else "weights" if rule.weights else "order"
    names = [f"{name} ({weight:g})" for name, weight in rule.weights.items()] or rule.providers
    return _Shown(title_of(rule, place), [each for each in when if each[1]], names, text(f"providers.by_{how}"))


async def paused(visit: Visit) -> Response:
    """Have nothing sent by a provider."""
    name = visit.named("provider_name")
    await visit.services.provider_admin.pause(name, visit.visitor.actor.name)
    undo = Undo(f"/providers/{name}/resume")
    return visit.go("/providers", Flash("providers.was_paused", {"name": name}, undo))


async def resumed(visit: Visit) -> Response:
    """Have a provider sent to again."""
    name = visit.named("provider_name")
    await visit.services.provider_admin.resume(name)
    undo = Undo(f"/providers/{name}/pause")
    return visit.go("/providers", Flash("providers.was_resumed", {"name": name}, undo))


PAGE = Page(
    "providers",
    (
        View("/providers", Scope.ADMIN, listed),
        View("/providers/{provider_name}/pause", Scope.ADMIN, paused, "POST"),
        View("/providers/{provider_name}/resume", Scope.ADMIN, resumed, "POST"),
    ),
)
