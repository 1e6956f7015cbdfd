"""The audit log, for those who run the installation."""

from __future__ import annotations

from heliograph.api import wire
from heliograph.api.resource import NativeResource, page
from heliograph.domain.accounts import Scope
from heliograph.domain.audit import AuditFilter, Entry, decoded_facts
from heliograph.domain.instants import from_ms
from heliograph.doors import Call, Operation


class Audit(NativeResource):
    operations = (
        Operation(
            name="list_audit",
            method="GET",
            path="/audit",
            scope=Scope.ADMIN,
            query=wire.AuditQuery,
            response=wire.AuditPage,
            summary="List who did what, newest first",
        ),
    )

    async def list_audit(self, call: Call[wire.AuditQuery, None]) -> wire.AuditPage:
        query = call.query
        account = None if query.account is None else await self._services.accounts.named(query.account)
        wanted = AuditFilter(
            account_id=None if account is None else account.id,
            actor=query.actor,
            action=query.action,
            object_id=query.object,
            since=query.since,
            until=query.until,
        )
        found = await self._services.audit_log.page(wanted, limit=query.limit, before=query.before)
        return page(wire.AuditPage, [_shown(entry) for entry in found], query.limit)


def _shown(entry: Entry) -> wire.AuditEntry:
    return wire.AuditEntry(
        id=entry.id,
        at=from_ms(entry.at),
        actor=wire.AuditActor(kind=entry.actor_kind, id=entry.actor_id, name=entry.actor_name, address=entry.address),
        action=entry.action,
        object=entry.object_id,
        account_id=entry.account_id,
        account=entry.account_name,
        before=decoded_facts(entry.before),
        after=decoded_facts(entry.after),
        previous=entry.previous,
        hash=entry.hash,
    )
