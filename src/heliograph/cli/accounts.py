"""Commands on the accounts of an installation."""

from __future__ import annotations

from typing import Annotated

import typer

from heliograph.cli.output import say, show, show_all
from heliograph.cli.shape import Commands, GraceOption, Store, Written, administered, equations

accounts = Commands("accounts", "The accounts of this installation.")


NameArgument = Annotated[str, typer.Argument(help="The account's name or id.")]


@accounts.command("create", Store, Written, example="Acme --parent Holding")
def create_account(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    parent: Annotated[str | None, typer.Option(help="The account above it, by its name or id.")] = None,
) -> None:
    """Make an account. It works before the first start, and while servers run."""
    made = administered(lambda admin: admin.create_account(name, parent))
    show({"id": made.id, "name": made.name})


@accounts.command("list", Store, Written, example="")
def list_accounts() -> None:
    """List all accounts, oldest first; those that are closed, too."""
    found = administered(lambda admin: admin.list_accounts())
    show_all(found, ("id", "name", "parent", "created_at", "closed_at"))


@accounts.command("show", Store, Written, example="Acme")
def show_account(name: NameArgument) -> None:
    """Show what is agreed with an account, what it has to spend, and what it has sent of what it may."""
    show(administered(lambda admin: admin.show_account(name)))


@accounts.command("change", Store, Written, example="Acme --countries FR,BE --price FR=0.05 --daily-messages 10000")
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
    show(administered(lambda admin: admin.change_account(name, given)))


@accounts.command("top-up", Store, Written, example="Acme 100 --note 'Invoice 4711'")
def top_up_account(
    name: NameArgument,
    amount: Annotated[str, typer.Argument(help="In the installation's currency, such as 100 or 12.50.")],
    note: Annotated[str | None, typer.Option(help="What the ledger says about it.")] = None,
) -> None:
    """Add to a balance. An account that was not billed is from now on."""
    show(administered(lambda admin: admin.top_up(name, amount, note)))


@accounts.command("correct", Store, Written, signed=True, example="Acme -12.50 --note 'Charged twice'")
def correct_account(
    name: NameArgument,
    amount: Annotated[str, typer.Argument(help="What is added to the balance, such as 5 or -12.50.")],
    note: Annotated[str, typer.Option(help="Why, for the ledger.")],
) -> None:
    """Add to a balance, or take off it, because something was wrong."""
    show(administered(lambda admin: admin.correct(name, amount, note)))


@accounts.command("rotate-secret", Store, Written, example="Acme --grace 24h")
def rotate_callback_secret(
    name: NameArgument,
    grace: GraceOption = None,
) -> None:
    """Give an account another secret for the signatures of its callbacks, and print it."""
    secret = administered(lambda admin: admin.rotate_callback_secret(name, grace))
    show({"callback_secret": secret})


@accounts.command("close", Store, Written, example="Acme")
def close_account(name: NameArgument) -> None:
    """End an account with all below it: keys, what waits to be sent, inbound messages. Its record stays."""
    closed = administered(lambda admin: admin.close_account(name))
    further = f", with {len(closed) - 1} below it" if len(closed) > 1 else ""
    say(f"{name} is closed{further}. Its keys are worth nothing; what it had not sent is canceled.", closed=closed)


@accounts.command("codes", Store, Written, example="Acme --countries FR,BE --per-minute 30")
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
    administered(lambda admin: admin.agree_on_codes(name, **limits, **numbers))
    say(f"It is agreed with {name}, in force within two seconds.", account=name, **limits, **numbers)
