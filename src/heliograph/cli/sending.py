"""`heliograph send`: to one number, to a list, to a group, or to everybody in a file."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heliograph.cli.bulk import Content, Source, send_to_file
from heliograph.cli.groups import complete_names as complete_groups
from heliograph.cli.groups import group_named
from heliograph.cli.listing import later_instant
from heliograph.cli.output import facts_of, output_format, show, show_all
from heliograph.cli.progress import progress
from heliograph.cli.root import root
from heliograph.cli.shape import Exit, Format, Server, Written, connected, equations
from heliograph.cli.templates import complete_names

if TYPE_CHECKING:
    from heliograph.sdk import Client

_DELIVERED = "delivered"
_UNDECIDED = {"queued", "sending", "sent"}
_LOOKS_EVERY_S = 1.0


@root.command("send", Server, Written, example="+33612345678 'Your table is ready.' --from Acme")
def send(
    to: Annotated[
        str | None, typer.Argument(help="The recipient, such as +33612345678, or several, separated by commas.")
    ] = None,
    text: Annotated[str | None, typer.Argument(help="The text, unless a template has it.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Send to everybody in a contact file (CSV, XLSX, vCards); its columns are what ${NAME} stands for.",
        ),
    ] = None,
    group: Annotated[
        str | None, typer.Option(help="Send to the members of a group.", autocompletion=complete_groups)
    ] = None,
    originator: Annotated[str | None, typer.Option("--from", help="A number, a short code or a name.")] = None,
    template: Annotated[
        str | None,
        typer.Option(help="A template's number or name, instead of a text.", autocompletion=complete_names),
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(help="What ${NAME} in the text stands for: NAME=VALUE; may be repeated. A file's own go first."),
    ] = None,
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="COLUMN=FIELD of the file, as in `heliograph contacts import`.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="The country of the file's national numbers, such as DE.")] = None,
    skip_rejected: Annotated[
        bool, typer.Option("--skip-rejected", help="Send to the rest of the file, if some of its rows can't be.")
    ] = False,
    rejected: Annotated[Path | None, typer.Option(help="Write the rows that can't be sent to here, as CSV.")] = None,
    run: Annotated[
        str, typer.Option(help="A name for this run: the same file under another name is sent to once more.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would come to.")] = False,
    title: Annotated[str | None, typer.Option(help="A title for the batches.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag for the batches; may be repeated.")] = None,
    at: Annotated[
        datetime | None,
        typer.Option(parser=later_instant, metavar="INSTANT", help="When to send, such as 2031-01-31T10:00Z."),
    ] = None,
    marketing: Annotated[bool, typer.Option("--marketing", help="Keep the quiet hours.")] = False,
    wait: Annotated[
        float | None, typer.Option(min=0, help="Seconds to wait for receipts; 10 for one recipient, else 0.")
    ] = None,
) -> None:
    """Send a message, and wait for its receipt; or many, without waiting.

    To a file it goes in batches of a thousand rows, each under a key that is made of the file, the text and the
    options. If it is ended midway, the same command goes on where it was, and sends nothing twice.

    Exit code 1 if something was not delivered, 3 if that is not known yet after so many seconds.
    """
    if (file is not None or group is not None) and text is None:
        to, text = None, to  # heliograph send --file people.csv 'Hello'
    if [to, file, group].count(None) != 2:
        raise typer.BadParameter("give a recipient, --file or --group, and one of them only.", param_hint="TO")
    content = Content(
        text=text,
        template=template,
        originator=originator,
        parameters=equations(parameter, "--parameter") or {},
        title=title,
        tags=tag or [],
        send_at=at,
        marketing=marketing,
    )
    with connected() as client:
        if file is not None:
            source = Source(file, equations(map_, "--map") or {}, region, run)
            sent = send_to_file(client, source, content, skip_rejected=skip_rejected, mend=rejected, dry_run=dry_run)
            _show_many(client, sent, sent.get("batches", ()), wait or 0.0)
        elif to is not None and "," not in to and not dry_run and title is None:
            _send_one(client, to, content, 10.0 if wait is None else wait)
        else:
            groups = [] if group is None else [group_named(client, group).id]
            everybody = [] if to is None else [each.strip() for each in to.split(",") if each.strip()]
            asked = {"to": everybody, "groups": groups, **content.said()}
            if dry_run:
                show(client.batches.dry_run(**asked), id="recipients")
            else:
                batch = client.batches.send(**asked, **content.sending(), title=title)
                _show_many(client, facts_of(batch), [batch.id], wait or 0.0)


def _send_one(client: Client, to: str, content: Content, wait: float) -> None:
    from heliograph.domain.errors import WaitTimedOut

    message = client.messages.send(to=to, **content.said(), **content.sending())
    if wait > 0:
        try:
            message = client.messages.wait_for_delivery(message.id, timeout_s=wait)
        except WaitTimedOut:
            message = client.messages.get(message.id)
    if output_format() is Format.TABLE:
        typer.echo(f"{message.id} to {message.to}: {message.status}")
        if message.explanation:
            typer.echo(message.explanation)
    else:
        show(message)
    raise typer.Exit(_exit([message.status], waited=wait > 0))


def _show_many(client: Client, facts: Mapping[str, Any], batches: Sequence[str], wait: float) -> None:
    """Show what was sent; with the statuses of the messages, if they are waited for."""
    statuses = _waited(client, batches, wait) if wait else Counter()
    if output_format() is Format.IDS:
        show_all(({"id": each} for each in batches), ("id",))
    else:
        show({**facts, "statuses": dict(statuses)} if wait else facts)
    raise typer.Exit(_exit(statuses, waited=True))


def _waited(client: Client, batches: Sequence[str], wait: float) -> Counter[str]:
    """Count messages by status, once all are settled or so many seconds are over."""
    deadline = time.monotonic() + wait
    settled: Counter[str] = Counter()
    left = list(batches)
    with progress("waiting for receipts", len(batches)) as show_progress:
        while True:
            waiting: Counter[str] = Counter()
            for batch_id in list(left):
                report = client.batches.report(batch_id)
                if report.settled == report.total:
                    left.remove(batch_id)
                for bucket in report.buckets:
                    (settled if batch_id not in left else waiting)[bucket.status] += bucket.count
            show_progress(len(batches) - len(left))
            if not left or time.monotonic() > deadline:
                return settled + waiting
            time.sleep(min(_LOOKS_EVERY_S, max(deadline - time.monotonic(), 0)))


def _exit(statuses: Iterable[str], *, waited: bool) -> Exit:
    """Return the worst that can be said of messages."""
    if any(status not in {_DELIVERED, *_UNDECIDED} for status in statuses):
        return Exit.FAILED
    if waited and any(status in _UNDECIDED for status in statuses):
        return Exit.UNDECIDED
    return Exit.DONE
