"""Commands on what lets programs act for an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.shared import (
    ConfigOption,
    DataDirOption,
    GraceOption,
    JsonOption,
    StoreOption,
    administered,
    commas,
    instant_text,
    out,
    print_facts,
    print_list,
)

if TYPE_CHECKING:
    from heliograph.runtime.administration import KeyRecord, MadeKey

keys_app = typer.Typer(help="What lets programs act for an account.", no_args_is_help=True)
KeyArgument = Annotated[str, typer.Argument(metavar="ID", help="The key's id.")]


@keys_app.command("create")
def create_key(
    account: Annotated[str, typer.Option(help="The account's name or id.")],
    protocol: Annotated[str, typer.Option(help="native, xms, smscx, smsdrop, isendpro, twilio or smpp.")] = "native",
    scopes: Annotated[str | None, typer.Option(help="What it may do, separated by commas; all if not given.")] = None,
    networks: Annotated[str | None, typer.Option(help="Where it is good from, as CIDR, separated by commas.")] = None,
    expires: Annotated[
        str | None, typer.Option(help="When it ends: after 90d (s, m, h, d), or at a date such as 2031-01-31.")
    ] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key, and print it: its secret is shown this once."""
    made = administered(
        config,
        data_dir,
        store,
        lambda admin: admin.create_key(
            account, protocol, scopes=commas(scopes), networks=commas(networks), expires=expires
        ),
    )
    print_made(made, as_json)


@keys_app.command("list")
def list_keys(
    account: Annotated[str | None, typer.Option(help="Only this account's, by its name or id.")] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """List all keys, newest first, with their last use; those that ended, too."""
    found = administered(config, data_dir, store, lambda admin: admin.list_keys(account))
    rows = [_facts(protocol, key) for protocol, key in found]
    names = ("id", "account", "protocol", "name", "state", "expires_at", "last_used_at", "last_used_from")
    print_list(rows, names, as_json)


@keys_app.command("rotate")
def rotate_key(
    key_id: KeyArgument,
    grace: GraceOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a key another secret, and print it. Service plan, account sid, e-mail and system_id stay."""
    made = administered(config, data_dir, store, lambda admin: admin.rotate_key(key_id, grace))
    print_made(made, as_json)


@keys_app.command("revoke")
def revoke_key(
    key_id: KeyArgument, config: ConfigOption = None, data_dir: DataDirOption = None, store: StoreOption = None
) -> None:
    """End a key. It is worth nothing, in every process, within two seconds."""
    administered(config, data_dir, store, lambda admin: admin.keys.revoke(key_id))
    out.print(f"{key_id} is revoked.")


@keys_app.command("seal")
def new_seal_key() -> None:
    """Print a new key for the setting `seal_key`."""
    from heliograph.domain.seals import Seal

    out.print(Seal.new_key())


def print_made(made: MadeKey, as_json: bool) -> None:
    """Print a key with its secret."""
    print_facts({"id": made.id, **made.parts}, as_json)


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
