"""Commands on the audit log."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from heliograph.cli.output import note, output_format, say, show, show_all
from heliograph.cli.shape import Commands, Exit, Format, Store, Written, administered

if TYPE_CHECKING:
    from heliograph.domain.audit import Entry

audit = Commands("audit", "Who did what: an append-only log, hash-chained.")

AccountOption = Annotated[str | None, typer.Option("--account", help="Only about this account, by its name or id.")]
ActorOption = Annotated[
    str | None, typer.Option("--actor", help="Only by this one: an id, a name, or key, person, command, system.")
]
ActionOption = Annotated[
    str | None, typer.Option("--action", help="Only this, such as key.revoked, or key for all that is done to keys.")
]
ObjectOption = Annotated[str | None, typer.Option("--object", help="Only on the object of this id.")]
SinceOption = Annotated[str | None, typer.Option("--since", help="Not before: a date, an instant, or 7d ago.")]
UntilOption = Annotated[str | None, typer.Option("--until", help="Before: a date, an instant, or 7d ago.")]


@audit.command("list", Store, Written, example="--actor command --since 7d")
def list_entries(
    account: AccountOption = None,
    actor: ActorOption = None,
    action: ActionOption = None,
    object_id: ObjectOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
) -> None:
    """List entries, newest first."""
    wanted = {"account": account, "actor": actor, "action": action, "object_id": object_id}
    times = {"since": since, "until": until}
    found = administered(lambda admin: admin.list_audit(limit=limit, **wanted, **times))
    show_all(
        map(_shown if output_format() is Format.TABLE else _facts, found),
        ("seq", "at", "actor", "from", "action", "object", "account", "change"),
        id="seq",
    )


@audit.command("export", Store, example="--format csv --output audit.csv")
def export_entries(
    file_format: Annotated[
        Literal["csv", "jsonl"], typer.Option("--format", help="jsonl is a JSON object a line.")
    ] = "jsonl",
    output: Annotated[Path | None, typer.Option("--output", help="A file; standard output if not given.")] = None,
    account: AccountOption = None,
    actor: ActorOption = None,
    action: ActionOption = None,
    object_id: ObjectOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
) -> None:
    """Write entries to a file, oldest first, with their hashes."""
    wanted = {"account": account, "actor": actor, "action": action, "object_id": object_id}
    times = {"since": since, "until": until}
    with ExitStack() as stack:
        file = sys.stdout.buffer if output is None else stack.enter_context(output.open("wb"))
        administered(lambda admin: admin.export_audit(file_format, file.write, **wanted, **times))


@audit.command("check", Store, Written, example="")
def check_chain(
    expect: Annotated[str | None, typer.Option(help="A hash that was printed before: it must still be there.")] = None,
) -> None:
    """Follow the chain, and print its last hash. Exit code 1 if an entry was changed, removed or inserted."""
    verdict = administered(lambda admin: admin.audit_log.check(expect))
    head = verdict.head
    facts = {"entries": verdict.entries, "last": head.seq, "hash": head.hash, "cut_off": head.cut_seq or None}
    broken = [each.told for each in verdict.breaks]
    as_table = output_format() is Format.TABLE
    show(facts if as_table else {**facts, "broken": broken}, id="hash")
    for told in broken if as_table else ():
        note(told)
    if broken:
        raise typer.Exit(Exit.FAILED)


@audit.command("cut", Store, Written, example="365d")
def cut_off(
    before: Annotated[str, typer.Argument(help="A date, an instant, or 365d ago: what is older goes.")],
) -> None:
    """Delete old entries for ever: export them first. What stays still holds, and says what was cut off."""
    head = administered(lambda admin: admin.cut_audit(before))
    if head is None:
        say("Nothing is as old; nothing was cut off.", cut_off=None)
    else:
        say(
            f"Everything up to {head.cut_seq} was cut off; its hash was {head.cut_hash}.",
            cut_off=head.cut_seq,
            hash=head.cut_hash,
        )


def _facts(entry: Entry) -> dict[str, object]:
    from heliograph.domain.audit import entry_facts

    return entry_facts(entry)


def _shown(entry: Entry) -> dict[str, object]:
    facts = _facts(entry)
    before, after = facts["before"], facts["after"]
    return {
        **facts,
        "at": str(facts["at"])[:19],
        "actor": f"{entry.actor_kind} {entry.actor_name}".strip(),
        "from": entry.address,
        "change": f"{entry.before} -> {entry.after}" if before else entry.after if after else "",
    }
