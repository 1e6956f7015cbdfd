"""Explaining which way a message would take, from the settings alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from heliograph.runtime.settings import Settings
from heliograph.runtime.values import SANDBOX
from heliograph.services import provider_admin
from heliograph.services.provider_admin import Question, Ways


def explained(
    settings: Settings,
    number: str,
    *,
    originator: str | None,
    account: str,
    tags: Sequence[str],
    channel: str,
    text: str,
) -> Iterator[str]:
    """Explain in lines for a person which way a message would take. Raises InvalidRecipient or InvalidField."""
    costs = {name: config.costs for name, config in settings.providers.items()}
    sandbox = SANDBOX if settings.has_sandbox else None
    ways = Ways(settings.routes, settings.default_provider, costs, sandbox)
    asked = Question(number=number, originator=originator, tags=tags, channel=channel, text=text)
    return provider_admin.explained(ways, asked, account)
