"""`heliograph reports`: sums of what was sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from heliograph.cli.batches import complete_ids
from heliograph.cli.listing import SinceOption, UntilOption
from heliograph.cli.output import show_all
from heliograph.cli.shape import Commands, Server, Written, connected

reports = Commands("reports", "Sums of what was sent.", lists=True)

_DAYS = 30


@reports.command("list", Server, Written, example="--since 7d --tag spring --output csv")
def sum_messages(
    since: SinceOption = None,
    until: UntilOption = None,
    batch: Annotated[str | None, typer.Option(help="Only of this batch.", autocompletion=complete_ids)] = None,
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
) -> None:
    """Sum messages by day, country, channel and what became of them; of 30 days if --since is not given, 93 at most."""
    begin = since or (until or datetime.now(UTC)) - timedelta(days=_DAYS)
    with connected() as client:
        rows = client.reports.messages(since=begin, until=until, batch_id=batch, tag=tag)
        columns = ("day", "country", "channel", "status", "reason", "count", "parts", "price")
        show_all(rows, columns, id="day")
