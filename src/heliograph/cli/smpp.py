"""`heliograph smpp`: what is peculiar to a foreign SMSC."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heliograph.cli.output import output_format, show
from heliograph.cli.shape import Commands, Exit, Format, Written

if TYPE_CHECKING:
    from heliograph.protocols.smpp.checking import Report

smpp = Commands("smpp", "SMPP: checking an operator's SMSC.")


@smpp.command("check", Written, example="smsc.example.com:2775 --system-id acme --to +33612345678")
def check_smsc(
    address: Annotated[str, typer.Argument(metavar="HOST:PORT", help="The SMSC, which you have the right to test.")],
    system_id: Annotated[str, typer.Option(help="As the operator gave it.")],
    password: Annotated[
        str, typer.Option(envvar="HELIOGRAPH_SMPP_PASSWORD", help="The same; better in the environment.")
    ] = "",
    system_type: Annotated[str | None, typer.Option(help="Where the operator says one.")] = None,
    tls: Annotated[bool, typer.Option("--tls", help="By TLS.")] = False,
    tls_ca: Annotated[str, typer.Option(help="A file of certificates that are trusted.")] = "",
    to: Annotated[
        str | None, typer.Option(help="A phone of yours that messages are sent to; none are sent without it.")
    ] = None,
    originator: Annotated[str | None, typer.Option("--from", help="Who they are from.")] = None,
    messages: Annotated[int, typer.Option(min=1, max=1_000, help="Messages at most, each part counted.")] = 20,
    rate: Annotated[int, typer.Option(min=1, max=100, help="Messages a second at most.")] = 5,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="How long it may take in all.")] = 60.0,
    profile: Annotated[Path | None, typer.Option(help="A new file, for the profile that suits it.")] = None,
) -> None:
    """Find out what an SMSC does otherwise, and which settings suit it.

    Exit code 0: nothing is wrong; 1: something is, and said; 2: it could not be checked.
    """
    import asyncio

    from heliograph.domain.errors import SetupError
    from heliograph.protocols.smpp.checking import Limits, check, write_profile
    from heliograph.protocols.smpp.provider.config import SmppConfig

    if profile is not None and (profile.exists() or not profile.parent.is_dir()):
        why = "it is there already" if profile.exists() else f"there is no directory {profile.parent}"
        raise SetupError(f"The profile can't be written to {profile}: {why}.")
    if not system_id:
        raise SetupError("The system id is empty: give the one that the operator gave you.")
    config = SmppConfig(
        type="smpp",
        hosts=(address,),
        system_id=system_id,
        password=password,
        system_type=system_type,
        tls=tls or bool(tls_ca),
        tls_ca=tls_ca,
    )
    limits = Limits(messages=messages, rate=rate, seconds=seconds)
    report = asyncio.run(check(config, limits, to=to, originator=originator))
    if output_format() is not Format.TABLE:
        show(_facts(report), id="address")
    else:
        _print(report)
    if profile is not None:
        write_profile(report, profile)
    raise typer.Exit(Exit.FAILED if report.is_wrong else Exit.DONE)


def _facts(report: Report) -> dict[str, object]:
    return {
        "address": report.address,
        "submitted": report.submitted,
        "receipts": report.receipts,
        "findings": [
            {"name": each.name, "verdict": each.verdict, "said": each.said, "settings": dict(each.settings)}
            for each in report.findings
        ],
        "settings": report.settings,
    }


def _print(report: Report) -> None:
    from heliograph.protocols.smpp.checking.report import toml_lines

    for each in report.findings:
        typer.echo(f"{each.verdict:<6} {each.name}: {each.said}")
    typer.echo(f"\n{report.submitted} messages were sent, {report.receipts} receipts came. What suits it:\n")
    for line in ("[providers.NAME]", 'type = "smpp"', *toml_lines(report.settings)):
        typer.echo(line)
