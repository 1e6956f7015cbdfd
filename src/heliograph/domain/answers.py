"""Answers to what recipients write: a batch of one message, from the number that they wrote to."""

from __future__ import annotations

from heliograph.domain.accounts import Account
from heliograph.domain.batches import DEFAULT_VALIDITY, Batch, BodyKind, Options, ReportWish
from heliograph.domain.channels import Channel
from heliograph.domain.ids import new_id
from heliograph.domain.inbound import Inbound
from heliograph.domain.priorities import Priority
from heliograph.text import verbatim


def answer(account: Account, message: Inbound, text: str) -> Batch:
    """What goes back to the sender of `message`, who may just have opted out."""
    now = message.received_at
    body, parameters = verbatim(text)
    return Batch(
        id=new_id(),
        account_id=account.id,
        protocol="v1",
        kind=BodyKind.TEXT,
        originator=message.to or account.default_originator,
        body=body,
        udh="",
        parameters=parameters or None,
        recipients=[message.msisdn],
        groups=[],
        recipient_count=1,
        send_at=now,
        expire_at=now + DEFAULT_VALIDITY,
        callback_url=None,
        report=ReportWish.NONE,
        tags=[],
        title=None,
        client_reference=message.id,
        flash=False,
        max_parts=None,
        created_at=now,
        modified_at=now,
        options=Options(channel=Channel(message.channel), priority=Priority.URGENT, despite_optout=True),
    )
