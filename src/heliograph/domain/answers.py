"""Answers to what recipients write: a batch of one message, from the number that they wrote to."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.domain.accounts import Account
from heliograph.domain.batches import DEFAULT_VALIDITY, Batch, BodyKind, Options, ReportWish
from heliograph.domain.channels import Channel
from heliograph.domain.ids import new_id
from heliograph.domain.inbound import Inbound
from heliograph.domain.priorities import Priority
from heliograph.text import verbatim


def answer(
    account: Account,
    message: Inbound,
    text: str,
    *,
    to: str | None = None,
    originator: str | None = None,
    protocol: str = "v1",
    callback_url: str | None = None,
    consented: bool = False,
    media: Sequence[str] = (),
    door_facts: str | None = None,
) -> Batch:
    """Make the batch that answers an inbound message, sent to its sender or to `to`, an MSISDN.

    Unless it is `consented`, it goes out even to somebody who has just opted out. `door_facts` are those of the door
    whose customer answers.
    """
    now = message.received_at
    body, parameters = verbatim(text)
    return Batch(
        id=new_id(),
        account_id=account.id,
        protocol=protocol,
        kind=BodyKind.TEXT,
        originator=originator or message.to or account.default_originator,
        body=body,
        udh="",
        parameters=parameters or None,
        recipients=[to or message.msisdn],
        groups=[],
        recipient_count=1,
        send_at=now,
        expire_at=now + DEFAULT_VALIDITY,
        callback_url=callback_url,
        report=ReportWish.NONE if callback_url is None else ReportWish.PER_RECIPIENT,
        tags=[],
        title=None,
        client_reference=message.id,
        flash=False,
        max_parts=None,
        created_at=now,
        modified_at=now,
        options=Options(
            channel=Channel(message.channel),
            priority=Priority.URGENT,
            despite_optout=not consented,
            media=tuple(media),
            as_given=bool(parameters),
        ),
        door_facts=door_facts,
    )
