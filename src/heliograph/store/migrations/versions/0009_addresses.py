"""Writes senders of inbound messages as they are read now: before, some were stored as providers wrote them.

An opt-out under +33612345678 or 0033612345678 kept nobody from being written to. Two rows that are about one number
become one. What was joined to a group by a keyword and is no number leaves it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

from alembic import op
from sqlalchemy import TableClause, column, delete, or_, select, table, union, update

from heliograph.numbers import country_of, is_msisdn, read_address

revision = "0009"
down_revision = "0008"

accounts = table("accounts", column("id"), column("default_region"))
inbound = table("inbound", column("account_id"), column("msisdn"), column("recipient"))
optouts = table("optouts", column("account_id"), column("msisdn"), column("source"))
conversations = table(
    "conversations",
    *map(column, ("id", "account_id", "msisdn", "unread", "last_at", "heard")),
)
groups = table("groups", column("id"), column("account_id"))
group_members = table("group_members", column("group_id"), column("msisdn"), column("country"))


class Respelt(NamedTuple):
    """An address that an account knows by another spelling than the one it has now."""

    account_id: str
    before: str
    after: str


def upgrade() -> None:
    for account_id, region in op.get_bind().execute(select(accounts.c.id, accounts.c.default_region)).fetchall():
        for respelt in _senders(account_id, region):
            _respell(inbound, respelt)
            _respell_optout(respelt)
            _respell_conversation(respelt)
            _respell_member(respelt)
        for respelt in _recipients(account_id, region):
            mine = (inbound.c.account_id == account_id, inbound.c.recipient == respelt.before)
            op.get_bind().execute(update(inbound).where(*mine).values(recipient=respelt.after))


def _senders(account_id: str, region: str | None) -> Iterator[Respelt]:
    """Find the senders that inbound messages have left behind in an account, where they are read differently now.

    Opt-outs by other ways have always been read.
    """
    ours = (
        select(inbound.c.msisdn).where(inbound.c.account_id == account_id),
        select(conversations.c.msisdn).where(conversations.c.account_id == account_id),
        select(optouts.c.msisdn).where(optouts.c.account_id == account_id, optouts.c.source == "inbound"),
    )
    for (before,) in op.get_bind().execute(union(*ours)).fetchall():
        after = _read(before, region)
        if after != before or not is_msisdn(after):
            yield Respelt(account_id, before, after)


def _recipients(account_id: str, region: str | None) -> Iterator[Respelt]:
    ours = select(inbound.c.recipient).where(inbound.c.account_id == account_id).distinct()
    for (before,) in op.get_bind().execute(ours).fetchall():
        if (after := _read(before, region)) != before:
            yield Respelt(account_id, before, after)


def _read(address: str, region: str | None) -> str:
    """Read a stored address as it is read now; what is all digits was taken to be international, and stays so."""
    digits = address.isascii() and address.isdigit() and address[0] != "0"
    return read_address(address, None if digits else region)


def _respell(rows: TableClause, respelt: Respelt) -> None:
    mine = (rows.c.account_id == respelt.account_id, rows.c.msisdn == respelt.before)
    op.get_bind().execute(update(rows).where(*mine).values(msisdn=respelt.after))


def _respell_optout(respelt: Respelt) -> None:
    both = (optouts.c.account_id == respelt.account_id, optouts.c.msisdn.in_([respelt.before, respelt.after]))
    there = {row[0] for row in op.get_bind().execute(select(optouts.c.msisdn).where(*both))}
    if respelt.after not in there:
        _respell(optouts, respelt)
    elif respelt.before != respelt.after:
        op.get_bind().execute(delete(optouts).where(both[0], optouts.c.msisdn == respelt.before))


def _respell_conversation(respelt: Respelt) -> None:
    both = or_(conversations.c.msisdn == respelt.before, conversations.c.msisdn == respelt.after)
    mine = select(conversations).where(conversations.c.account_id == respelt.account_id, both)
    found = op.get_bind().execute(mine.order_by(conversations.c.last_at)).fetchall()
    if not found:
        return
    newest, heard = found[-1], {}
    for each in found:
        heard.update(json.loads(each.heard))
    op.get_bind().execute(delete(conversations).where(conversations.c.id.in_([each.id for each in found[:-1]])))
    values = {"msisdn": respelt.after, "unread": sum(each.unread for each in found), "heard": json.dumps(heard)}
    op.get_bind().execute(update(conversations).where(conversations.c.id == newest.id).values(**values))


def _respell_member(respelt: Respelt) -> None:
    ours = group_members.c.group_id.in_(select(groups.c.id).where(groups.c.account_id == respelt.account_id))
    was = (ours, group_members.c.msisdn == respelt.before)
    if is_msisdn(respelt.after):
        there = select(group_members.c.group_id).where(ours, group_members.c.msisdn == respelt.after)
        op.get_bind().execute(
            update(group_members)
            .where(*was, group_members.c.group_id.not_in(there))
            .values(msisdn=respelt.after, country=country_of(respelt.after))
        )
    if respelt.before != respelt.after or not is_msisdn(respelt.after):
        op.get_bind().execute(delete(group_members).where(*was))
