"""Who did what, for those who run the installation."""

from __future__ import annotations

from datetime import datetime

from heliograph.api import wire
from heliograph.sdk.resources.listing import Listing, items
from heliograph.sdk.transport import SyncTransport


class Audit:
    """The audit log of the installation: the client's token needs the scope `admin`."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        account: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        object: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        page_size: int = 100,
    ) -> Listing[wire.AuditEntry]:
        """List entries, newest first; pages are fetched as they are needed."""
        return items(
            self._transport,
            wire.AuditPage,
            "audit",
            account=account,
            actor=actor,
            action=action,
            object=object,
            since=since,
            until=until,
            limit=page_size,
        )
