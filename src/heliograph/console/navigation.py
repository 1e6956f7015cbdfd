"""The navigation: every page of the console, by task. A page is added by a line here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from heliograph.console.pages import (
    accounts,
    audit,
    callbacks,
    campaigns,
    codes,
    conversations,
    groups,
    keys,
    links,
    messages,
    optouts,
    overview,
    people,
    providers,
    rents,
    search,
    send,
    settings,
    templates,
)
from heliograph.console.visits import Page


class Section(NamedTuple):
    """Pages of one kind of task, under one heading."""

    name: str
    """`shell.section_NAME` is its heading."""
    pages: Sequence[Page]


SECTIONS = (
    Section("traffic", (overview.PAGE, messages.PAGE, send.PAGE, campaigns.PAGE, conversations.PAGE)),
    Section("material", (groups.PAGE, templates.PAGE, links.PAGE, optouts.PAGE)),
    Section("connections", (rents.PAGE, codes.PAGE, callbacks.PAGE)),
    Section("administration", (providers.PAGE, accounts.PAGE, people.PAGE, keys.PAGE, audit.PAGE, settings.PAGE)),
)
BESIDE = (search.PAGE,)
"""Pages that the navigation does not show."""
PAGES = (*(page for section in SECTIONS for page in section.pages), *BESIDE)
