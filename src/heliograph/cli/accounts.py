"""Commands on the accounts of an installation."""

from __future__ import annotations

from typing import Annotated

import typer

from heliograph.cli.shared import (
    ConfigOption,
    DataDirOption,
    GraceOption,
    JsonOption,
    StoreOption,
    administered,
    equations,
    out,
    print_facts,
    print_list,
)

accounts_app = typer.Typer(help="The accounts of this installation.", no_args_is_help=True)


NameArgument = Annotated[str, typer.Argument(help="The account's name or id.")]


@accounts_app.command("create")
def create_account(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    parent: Annotated[str | None, typer.Option(help="The account above it, by its name or id.")] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account. It works before the first start, and while servers run."""
    made = administered(config, data_dir, store, lambda admin: admin.create_account(name, parent))
    print_facts({"id": made.id, "name": made.name}, as_json)


@accounts_app.command("list")
def list_accounts(
    config: ConfigOption = None, data_dir: DataDirOption = None, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """List all accounts, oldest first; those that are closed, too."""
    found = administered(config, data_dir, store, lambda admin: admin.list_accounts())
    print_list(found, ("id", "name", "parent", "created_at", "closed_at"), as_json)


@accounts_app.command("show")
def show_account(
    name: NameArgument,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is agreed with an account, what it has to spend, and what it has sent of what it may."""
    print_facts(administered(config, data_dir, store, lambda admin: admin.show_account(name)), as_json)


@accounts_app.command("change")
def change_account(
    name: NameArgument,
    price: Annotated[
        list[str] | None, typer.Option(help="For a part by SMS: FR=0.05, or FR=none; may be repeated.")
    ] = None,
    credit: Annotated[str | None, typer.Option(help="How far below nothing the balance may go.")] = None,
    countries: Annotated[str | None, typer.Option(help="Where it may send, such as FR,BE; none allows all.")] = None,
    originators: Annotated[
        str | None, typer.Option(help="Whom it may send from, such as Acme,36105; none allows all.")
    ] = None,
    requests_per_second: Annotated[str | None, typer.Option(help="By all doors together, or none.")] = None,
    daily_messages: Annotated[str | None, typer.Option(help="How many a day (UTC) at most, or none.")] = None,
    monthly_messages: Annotated[str | None, typer.Option(help="How many a month at most, or none.")] = None,
    daily_amount: Annotated[str | None, typer.Option(help="For how much money a day at most, or none.")] = None,
    monthly_amount: Annotated[str | None, typer.Option(help="For how much money a month at most, or none.")] = None,
    warn_percent: Annotated[str | None, typer.Option(help="Of a cap, from which on there is a warning.")] = None,
    quiet_hours: Annotated[
        str | None, typer.Option(help="When marketing waits, such as 20:00-08:00 of the recipient's day, or none.")
    ] = None,
    retention: Annotated[
        list[str] | None,
        typer.Option(help="Days, of texts, numbers, receipts, callbacks, inbound or hits: texts=30; may be repeated."),
    ] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is agreed with an account; what is not given stays. In force within two seconds."""
    change = {
        "prices": equations(price, "--price"),
        "credit": credit,
        "countries": countries,
        "originators": originators,
        "requests_per_second": requests_per_second,
        "day_messages": daily_messages,
        "month_messages": monthly_messages,
        "day_amount": daily_amount,
        "month_amount": monthly_amount,
        "warn_percent": warn_percent,
        "quiet_hours": quiet_hours,
        "retention": equations(retention, "--retention"),
    }
    given = {field: value for field, value in change.items() if value is not None}
    print_facts(administered(config, data_dir, store, lambda admin: admin.change_account(name, given)), as_json)


@accounts_app.command("top-up")
def top_up_account(
    name: NameArgument,
    amount: Annotated[str, typer.Argument(help="In the installation's currency, such as 100 or 12.50.")],
    note: Annotated[str | None, typer.Option(help="What the ledger says about it.")] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add to a balance. An account that was not billed is from now on."""
    print_facts(administered(config, data_dir, store, lambda admin: admin.top_up(name, amount, note)), as_json)


@accounts_app.command("correct", context_settings={"ignore_unknown_options": True})
def correct_account(
    name: NameArgument,
    amount: Annotated[str, typer.Argument(help="What is added to the balance, such as 5 or -12.50.")],
    note: Annotated[str, typer.Option(help="Why, for the ledger.")],
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add to a balance, or take off it, because something was wrong."""
    print_facts(administered(config, data_dir, store, lambda admin: admin.correct(name, amount, note)), as_json)


@accounts_app.command("rotate-secret")
def rotate_callback_secret(
    name: NameArgument,
    grace: GraceOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an account another secret for the signatures of its callbacks, and print it."""
    secret = administered(config, data_dir, store, lambda admin: admin.rotate_callback_secret(name, grace))
    print_facts({"callback_secret": secret}, as_json)


@accounts_app.command("close")
def close_account(
    name: NameArgument, config: ConfigOption = None, data_dir: DataDirOption = None, store: StoreOption = None
) -> None:
    """End an account with all below it: keys, what waits to be sent, inbound messages. Its record stays."""
    closed = administered(config, data_dir, store, lambda admin: admin.close_account(name))
    further = f", with {len(closed) - 1} below it" if len(closed) > 1 else ""
    out.print(f"{name} is closed{further}. Its keys are worth nothing; what it had not sent is canceled.")


@accounts_app.command("codes")
def agree_on_codes(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    countries: Annotated[str | None, typer.Option(help="Where it may send codes, such as FR,BE.")] = None,
    kinds: Annotated[str | None, typer.Option(help="Some of premium, shared_cost, satellite.")] = None,
    per_minute: Annotated[int | None, typer.Option(min=0, help="Codes a minute; 0 for any number.")] = None,
    per_day: Annotated[int | None, typer.Option(min=0, help="Codes a day.")] = None,
    prefix_per_minute: Annotated[int | None, typer.Option(min=0, help="Codes a minute to each prefix.")] = None,
    prefix_per_day: Annotated[int | None, typer.Option(min=0, help="Codes a day to each prefix.")] = None,
    slowed_from: Annotated[int | None, typer.Option(min=0, help="As the setting `codes_slowed_from`.")] = None,
    stopped_from: Annotated[int | None, typer.Option(min=0, help="As the setting `codes_stopped_from`.")] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    store: StoreOption = None,
) -> None:
    """Say what bounds an account's one-time codes; what is not given is as the settings say."""
    from heliograph.domain.errors import SetupError
    from heliograph.runtime.mistakes import Mistake
    from heliograph.runtime.values import countries_in, kinds_in

    try:
        limits = {
            "countries": None if countries is None else countries_in(countries),
            "kinds": None if kinds is None else kinds_in(kinds),
        }
    except Mistake as mistake:
        raise SetupError(f"An option {mistake}.") from mistake
    numbers = {
        "per_minute": per_minute,
        "per_day": per_day,
        "prefix_per_minute": prefix_per_minute,
        "prefix_per_day": prefix_per_day,
        "slowed_from": slowed_from,
        "stopped_from": stopped_from,
    }
    administered(config, data_dir, store, lambda admin: admin.agree_on_codes(name, **limits, **numbers))
    out.print(f"It is agreed with {name}, in force within two seconds.")
