"""Operations on reports: sums of what was sent."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from heliograph.api import wire
from heliograph.api.resource import NativeResource
from heliograph.api.values import money
from heliograph.domain.accounts import Scope
from heliograph.domain.channels import Channel
from heliograph.domain.errors import InvalidField
from heliograph.domain.filters import MessageFilter
from heliograph.doors import Call, Operation

LONGEST = timedelta(days=93)
"""A report reads every message of its time."""


class Reports(NativeResource):
    operations = (
        Operation(
            name="sum_messages",
            method="GET",
            path="/reports/messages",
            scope=Scope.MESSAGES_READ,
            query=wire.SumQuery,
            response=wire.SumRows,
            summary="Sum what was sent, by day, country, channel and what became of it",
        ),
    )

    async def sum_messages(self, call: Call[wire.SumQuery, None]) -> wire.SumRows:
        query = call.query
        until = query.until or datetime.now(UTC)
        if until - query.since > LONGEST:
            raise InvalidField(f"A report is of {LONGEST.days} days at most.", field="since")
        wanted = MessageFilter(
            since=query.since, until=until, batch_id=query.batch_id, tags=[query.tag] if query.tag else []
        )
        rows: defaultdict[tuple[int, str, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for each in await self._services.history.summary(call.account, wanted):
            sums = rows[each.day, each.country or "", each.channel, each.status, each.reason or ""]
            for place, value in enumerate((each.sums.count, each.sums.parts, each.sums.price)):
                sums[place] += value
        return wire.SumRows(
            items=[
                wire.SumRow(
                    day=date(1970, 1, 1) + timedelta(days=day),
                    country=country or None,
                    channel=Channel(channel).value,
                    status=status,  # type: ignore[arg-type]
                    reason=reason or None,
                    count=count,
                    parts=parts,
                    price=money(price),
                )
                for (day, country, channel, status, reason), (count, parts, price) in sorted(rows.items(), reverse=True)
            ]
        )
