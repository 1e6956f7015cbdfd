"""What was found about an SMSC, and the profile that suits it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from heliograph.domain.errors import SetupError
from heliograph.protocols.smpp.provider.config import Manners


class Verdict(StrEnum):
    RIGHT = "right"
    ODD = "odd"
    """Not as most do it, or not as the specification has it; it is borne, and nothing is lost by it."""
    WRONG = "wrong"
    """A fault that costs something, or needs a setting."""
    OPEN = "open"
    """Nobody can say from here."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    said: str
    """In plain words."""
    settings: Mapping[str, object] = {}
    """Which settings of a provider suit it."""


class Report(msgspec.Struct):
    address: str
    findings: list[Finding] = []
    submitted: int = 0
    """Messages that were sent to it, parts and refused ones included."""
    receipts: int = 0
    given: Mapping[str, object] = {}
    """Settings without which it would not have been spoken to, such as `system_type`."""

    @property
    def settings(self) -> dict[str, object]:
        """Put together which settings suit it."""
        found = dict(self.given)
        for finding in self.findings:
            found |= finding.settings
        return found

    @property
    def is_wrong(self) -> bool:
        return any(finding.verdict is Verdict.WRONG for finding in self.findings)


def profile_text(report: Report) -> str:
    """Write a profile, as TOML: what it can say of the settings, and as comments what it can't, and what is open."""
    names = Manners.__struct_fields__
    lines = [f"# What is peculiar to {report.address}, by `heliograph smpp check`."]
    lines += [f"# {finding.name}: {finding.said}" for finding in report.findings if finding.verdict is Verdict.OPEN]
    beside = {name: value for name, value in report.settings.items() if name not in names}
    lines += [f"# Beside it, in [providers.NAME]: {line}" for line in toml_lines(beside)]
    lines += toml_lines({name: value for name, value in report.settings.items() if name in names})
    return "\n".join(lines) + "\n"


def write_profile(report: Report, path: Path) -> None:
    """Write a profile into a file that is not there yet. SetupError."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(profile_text(report))
    except OSError as error:
        raise SetupError(f"The profile can't be written to {path}: {error.strerror}.") from error


def toml_lines(settings: Mapping[str, object]) -> list[str]:
    """Write settings as TOML, one a line."""
    return [f"{name} = {_toml(value)}" for name, value in settings.items()]


def _toml(value: object) -> str:
    """Write a number, a truth, a text or a list of them; JSON is TOML there, but for what this refuses."""
    if not isinstance(value, bool | int | float | str | list):
        raise TypeError(f"{value!r} has no form in a profile")
    return json.dumps(value)
