"""Filters of listings: which messages, batches or inbound messages of an account are listed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from heliograph.domain.reports import MessageState
from heliograph.domain.statuses import Status


class _Filter(msgspec.Struct, frozen=True, kw_only=True):
    since: datetime | None = None
    until: datetime | None = None
    """Created, or received, from `since`, inclusive, to `until`, exclusive."""

    @property
    def is_about_time_only(self) -> bool:
        """Say whether it lets all through that are of the time it names."""
        return not any(getattr(self, name) for name in self.__struct_fields__ if name not in {"since", "until"})


class MessageFilter(_Filter, frozen=True, kw_only=True):
    """Which messages of an account a listing is about; an empty field filters nothing."""

    batch_id: str | None = None
    msisdns: Sequence[str] = ()
    statuses: Sequence[Status] = ()
    without_reasons: Sequence[str] = ()
    """Leaves out messages that ended for one of these reasons."""
    states: Sequence[MessageState] | None = None
    """Only messages in one of these states; None: in any."""
    client_reference: str | None = None
    """Only messages whose batch has this client reference."""
    countries: Sequence[str | None] = ()
    """ISO 3166 alpha-2 codes of the number's country; None among them stands for numbers of no country."""
    protocols: Sequence[str] = ()
    """Only messages that were sent through one of these doors."""
    other_protocols: Sequence[str] = ()
    """Leaves out messages that were sent through one of these doors."""
    channel: str | None = None
    """Only messages whose last channel is this one."""
    originators: Sequence[str] = ()
    """Only messages whose batch has one of these originators."""
    tags: Sequence[str] = ()
    """Only messages whose batch has at least one of these tags."""
    provider: str | None = None
    """Only messages whose last attempt was by this provider."""
    text: str = ""
    """Only messages whose text has all the words of this one. Lists alone know how (`store/searching.py`)."""
    planned: bool = False
    """Only messages that may take several channels."""
    due_since: datetime | None = None
    due_until: datetime | None = None
    """Only messages due after `due_since`, and no later than `due_until`."""


class BatchFilter(_Filter, frozen=True, kw_only=True):
    """Which batches of an account a listing is about; an empty field filters nothing."""

    originators: Sequence[str] = ()
    tags: Sequence[str] = ()
    """Only batches that have at least one of these tags."""
    client_reference: str | None = None
    protocols: Sequence[str] = ()
    """Only batches that came through one of these doors."""
    other_protocols: Sequence[str] = ()
    """Leaves out batches that came through one of these doors."""


class EventFilter(_Filter, frozen=True, kw_only=True):
    """Which events of an account a listing is about; an empty field filters nothing."""

    ids: Sequence[str] | None = None
    """Only these; None: any."""
    state: str | None = None
    subject_id: str | None = None


class InboundFilter(_Filter, frozen=True, kw_only=True):
    """Which inbound messages of an account a listing is about; an empty field filters nothing."""

    to: Sequence[str] = ()
    msisdns: Sequence[str] = ()
    rent_id: str | None = None
