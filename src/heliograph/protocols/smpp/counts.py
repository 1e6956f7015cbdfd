"""What the sessions of one provider, or of one server, count together for those who watch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from heliograph.domain.figures import Figure, Spread
from heliograph.protocols.smpp.wire.status import CommandStatus

_NAMES = {int(status): status.name for status in CommandStatus}
OTHER = "other"
"""The status of refusals whose code is none of the specification's: there may be any number of them."""


class Counts:
    def __init__(self) -> None:
        self.answers = Spread()
        """How long the other side took to answer what was sent by the window."""
        self.throttled = 0
        """Its answers that this was too much."""
        self.refused: Counter[str] = Counter()
        """What we refused of the other side's, by the name of the status."""
        self.oddities: Counter[str] = Counter()
        """What it did wrong and was borne."""

    def refuse(self, status: int) -> None:
        """Count a refusal of ours."""
        self.refused[_NAMES.get(status, OTHER)] += 1

    def figures(self, whose: str, labels: Mapping[str, str]) -> Iterator[Figure]:
        """Tell what was counted, of `provider` or `clients`."""
        begin = f"smpp_{whose}"
        yield Figure(f"{begin}_answer_seconds", "How long the other side of SMPP took to answer", self.answers, labels)
        yield Figure(f"{begin}_throttled", "Answers by SMPP that this was too much", self.throttled, labels, grows=True)
        for status, count in (self.refused or {CommandStatus.RSYSERR.name: 0}).items():
            meaning = "PDUs of the other side of SMPP that were refused, by the status"
            yield Figure(f"{begin}_refused", meaning, count, {**labels, "status": status}, grows=True)
        for oddity, count in self.oddities.items():
            meaning = "What the other side of SMPP did wrong and was borne"
            yield Figure(f"{begin}_oddities", meaning, count, {**labels, "oddity": oddity}, grows=True)
