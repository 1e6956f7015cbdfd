"""Commands on what lets programs act for an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.output import instant_text, say, show, show_all
from heliograph.cli.shape import Commands, GraceOption, Store, Written, administered, commas

if TYPE_CHECKING:
    from heliograph.runtime.administration import KeyRecord, MadeKey

keys = Commands("keys", "What lets programs act for an account.")
KeyArgument = Annotated[str, typer.Argument(metavar="ID", help="The key's id.")]


@keys.command("create", Store, Written, example="--account Acme --protocol twilio --expires 90d")
def create_key(
    account: Annotated[str, typer.Option(help="The account's name or id.")],
    protocol: Annotated[str, typer.Option(help="native, xms, smscx, smsdrop, isendpro, twilio or smpp.")] = "native",
    scopes: Annotated[str | None, typer.Option(help="What it may do, separated by commas; all if not given.")] = None,
    networks: Annotated[str | None, typer.Option(help="Where it is good from, as CIDR, separated by commas.")] = None,
    expires: Annotated[
        str | None, typer.Option(help="When it ends: after 90d (s, m, h, d), or at a date such as 2031-01-31.")
    ] = None,
) -> None:
    """Make a key, and print it: its secret is shown this once."""
    made = administered(
        lambda admin: admin.create_key(
            account, protocol, scopes=commas(scopes), networks=commas(networks), expires=expires
        ),
    )
    print_made(made)


@keys.command("list", Store, Written, example="--account Acme")
def list_keys(
    account: Annotated[str | None, typer.Option(help="Only this account's, by its name or id.")] = None,
) -> None:
    """List all keys, newest first, with their last use; those that ended, too."""
    found = administered(lambda admin: admin.list_keys(account))
    rows = [_facts(protocol, key) for protocol, key in found]
    names = ("id", "account", "protocol", "name", "state", "expires_at", "last_used_at", "last_used_from")
    show_all(rows, names)


@keys.command("rotate", Store, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW --grace 24h")
def rotate_key(
    key_id: KeyArgument,
    grace: GraceOption = None,
) -> None:
    """Give a key another secret, and print it. Service plan, account sid, e-mail and system_id stay."""
    made = administered(lambda admin: admin.rotate_key(key_id, grace))
    print_made(made)


@keys.command("revoke", Store, Written, example="01K4ZQ0VAK8YJ8TK6RD5Q2M7XW")
def revoke_key(key_id: KeyArgument) -> None:
    """End a key. It is worth nothing, in every process, within two seconds."""
    administered(lambda admin: admin.keys.revoke(key_id))
    say(f"{key_id} is revoked.", revoked=key_id)


@keys.command("seal", example="")
def new_seal_key() -> None:
    """Print a new key for the setting `seal_key`."""
    from heliograph.domain.seals import Seal

    typer.echo(Seal.new_key())


def print_made(made: MadeKey) -> None:
    """Print a key with its secret."""
    show({"id": made.id, **made.parts})


def _facts(protocol: str, key: KeyRecord) -> dict[str, object]:
    return {
        "id": key.id,
        "account": key.account_name,
        "protocol": protocol,
        "name": key.public_id,
        "state": key.state.value,
        "scopes": sorted(key.scopes),
        "networks": key.networks,
        "created_at": instant_text(key.created_at),
        "expires_at": instant_text(key.expires_at),
        "revoked_at": instant_text(key.revoked_at),
        "grace_until": instant_text(key.grace_until),
        "last_used_at": instant_text(key.last_used_at),
        "last_used_from": key.last_used_from,
    }
