"""What doors keep with batches and recipients gets columns; it stood in options, parameters and references."""

from __future__ import annotations

import json
from typing import Any

from alembic import op
from sqlalchemy import Column, Connection, Text, column, literal, table, text, update
from sqlalchemy.dialects.postgresql import TEXT

from heliograph.domain.bounded import instant_in
from heliograph.domain.ids import last_following
from heliograph.domain.instants import to_ms

revision = "0025"
down_revision = "0024"
kind = "contract"

batches = table("batches", *map(column, ("protocol", "client_reference", "door_facts")))


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.add_column("batches", Column("door_facts", words))
    op.add_column("messages", Column("recipient_facts", words))
    connection = op.get_bind()
    _of_twilio(connection)
    _of_smsdrop_and_smscx(connection)
    _parked(connection)
    _of_isendpro(connection)


def _of_twilio(connection: Connection) -> None:
    # The reference was the sid of a messaging service, or named the inbound message that was answered.
    mine = (batches.c.protocol == "twilio", batches.c.client_reference.is_not(None))
    by_service = batches.c.client_reference.like(f"MG{'_' * 32}")
    service = literal('{"service":"') + batches.c.client_reference + '"}'
    connection.execute(update(batches).where(*mine, ~by_service).values(door_facts='{"reply":true}'))
    connection.execute(update(batches).where(*mine, by_service).values(door_facts=service, client_reference=None))


def _of_smsdrop_and_smscx(connection: Connection) -> None:
    found = connection.execute(
        text(
            "SELECT id, options, send_at FROM batches WHERE options LIKE '%\"deferred_s\"%' "
            "OR options LIKE '%\"audience\"%'"
        )
    ).all()
    for identifier, written, send_at in found:
        options = json.loads(written)
        facts = _taken_from(options, send_at)
        connection.execute(
            text("UPDATE batches SET options = :options, door_facts = :facts WHERE id = :id"),
            {"id": identifier, "options": json.dumps(options) if options else None, "facts": _written(facts)},
        )


def _parked(connection: Connection) -> None:
    found = connection.execute(text("SELECT id, draft FROM parked WHERE draft LIKE '%\"deferred_s\"%'")).all()
    for identifier, written in found:
        draft = json.loads(written)
        send_at = instant_in(draft.get("send_at") or "")
        facts = _taken_from(draft.get("options", {}), None if send_at is None else to_ms(send_at))
        draft["door_facts"] = _written(facts)
        connection.execute(
            text("UPDATE parked SET draft = :draft WHERE id = :id"), {"id": identifier, "draft": json.dumps(draft)}
        )


def _taken_from(options: dict[str, Any], send_at_ms: int | None) -> dict[str, Any]:
    """Take what one door alone needed out of options, and return it as that door keeps it."""
    facts: dict[str, Any] = {}
    if (delay := options.pop("deferred_s", None)) is not None:
        facts |= {"defer_by": delay, "until_ms": send_at_ms}
    if audience := options.pop("audience", None):
        facts |= {"audience": audience}
    return facts


def _of_isendpro(connection: Connection) -> None:
    found = connection.execute(
        text("SELECT id FROM batches WHERE protocol = 'isendpro' AND parameters LIKE '%\"tracker\"%'")
    ).all()
    for (batch_id,) in found:
        parameters = json.loads(
            connection.execute(text("SELECT parameters FROM batches WHERE id = :id"), {"id": batch_id}).scalar_one()
        )
        trackers = parameters.pop("tracker", {})
        connection.execute(
            text("UPDATE batches SET parameters = :parameters WHERE id = :id"),
            {"id": batch_id, "parameters": json.dumps(parameters) if parameters else None},
        )
        rows = connection.execute(
            text("SELECT id, msisdn FROM messages WHERE id > :first AND id <= :last AND batch_id = :first"),
            {"first": batch_id, "last": last_following(batch_id)},
        ).all()
        named = [
            {"id": message_id, "facts": _written({"tracker": trackers[msisdn]})}
            for message_id, msisdn in rows
            if msisdn in trackers
        ]
        if named:
            connection.execute(text("UPDATE messages SET recipient_facts = :facts WHERE id = :id"), named)


def _written(facts: dict[str, Any]) -> str | None:
    return json.dumps(facts, separators=(",", ":")) if facts else None
