"""The commands of the providers and routes that the settings file has."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from heliograph.cli.output import note, say, show_all
from heliograph.cli.shape import Commands, Configured, Exit, GraceOption, Store, Written, administered, loaded

providers = Commands("providers", "The providers of the settings file.")
routes = Commands("routes", "Which provider a message takes.")


@providers.command("check", Configured, Written, example="--config heliograph.toml")
def check_providers() -> None:
    """Try each provider's credentials, without sending anything. Exit code 1 if one can't be used."""
    import asyncio

    from heliograph.runtime.providers import check_all

    settings = loaded().settings
    if not settings.providers:
        note("No provider is set up: everything goes by the sandbox. See docs/providers.md.")
        return
    checked = asyncio.run(check_all(settings))
    columns = ("provider", "type", "result", "told")
    rows = [(name, settings.providers[name].type, "works" if works else "FAILS", told) for name, works, told in checked]
    show_all([dict(zip(columns, row, strict=True)) for row in rows], columns, id="provider")
    if not all(each.works for each in checked):
        raise typer.Exit(Exit.FAILED)


@providers.command("renew", Store, Written, example="premium --grace 24h")
def renew_provider_address(
    name: Annotated[str, typer.Argument(help="The provider's name in the settings.")],
    grace: GraceOption = None,
) -> None:
    """Give a provider another secret address for what its server tells. The next start names it."""
    administered(lambda admin: admin.renew_provider_address(name, grace))
    old = "is worth nothing" if grace is None else f"is good for {grace} besides"
    say(f"{name} has a new address, which the next start names; the old one {old}.", provider=name)


@providers.command("pause", Store, Written, example="premium")
def pause_provider(name: Annotated[str, typer.Argument(help="The provider's name in the settings.")]) -> None:
    """Send nothing by a provider until it is resumed; what could go by no other waits for as long as it is valid."""
    changed = administered(lambda admin: admin.pause_provider(name))
    say(
        f"{name} is paused, in every process within a second." if changed else f"{name} was paused before.",
        provider=name,
    )


@providers.command("resume", Store, Written, example="premium")
def resume_provider(name: Annotated[str, typer.Argument(help="The provider's name in the settings.")]) -> None:
    """Send by a provider again that was paused."""
    changed = administered(lambda admin: admin.resume_provider(name))
    say(f"{name} is sent to again." if changed else f"{name} was not paused.", provider=name)


@routes.command("list", Configured, Written, example="--config heliograph.toml")
def list_routes() -> None:
    """List the rules, in the order in which they are looked at."""
    from heliograph.domain.routes import title_of

    settings = loaded().settings
    columns = ("rule", "providers", "order")
    rows: list[tuple[str, list[str], str | None]] = []
    for place, rule in enumerate(settings.routes):
        how = "cheapest first" if rule.cheapest else "by weight" if rule.weights else "in this order"
        rows.append((title_of(rule, place), list(rule.names), how))
    rows.append(("everything else", [settings.default_provider], None))
    show_all([dict(zip(columns, row, strict=True)) for row in rows], columns, id="rule")


@routes.command("explain", Configured, Written, example="+33612345678 --tag otp")
def explain_route(
    number: Annotated[str, typer.Argument(help="The recipient, such as +33612345678.")],
    originator: Annotated[str | None, typer.Option("--from", help="Who it is from.")] = None,
    account: Annotated[str, typer.Option(help="The account's name.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag of the batch; may be repeated.")] = None,
    channel: Annotated[Literal["sms", "viber", "whatsapp"], typer.Option(help="The channel.")] = "sms",
    text: Annotated[str, typer.Option(help="The text: its parts count.")] = "",
) -> None:
    """Explain which rule and provider a message would take."""
    from heliograph.runtime.explaining import explained

    told = explained(
        loaded().settings,
        number,
        originator=originator,
        account=account,
        tags=tag or [],
        channel=channel,
        text=text,
    )
    said = list(told)
    say("\n".join(said), explanation=said)
