"""What a provider did not take is said to the operator, without anybody's number."""

from __future__ import annotations

import structlog

from heliograph.domain.statuses import Reason, Status
from heliograph.engine.contract import Accepted, Refused, TryAgain, Uncertain
from heliograph.engine.judging import NotAccepted, not_taken

from .conftest import ScriptedProvider, StartEngine


def test_outcomes_are_summed_up_by_word_and_code() -> None:
    outcomes = [
        Accepted("1"),
        Refused(Reason.PROVIDER_REFUSED, "21211", "The number +33612345678 is not valid"),
        Refused(Reason.PROVIDER_REFUSED, "21211", "The number +33612345679 is not valid"),
        TryAgain(code="429", detail="busy"),
        Uncertain("http://10.0.0.1 can't be reached"),
    ]

    assert not_taken(outcomes) == [
        NotAccepted("Refused", "21211", "The number +… is not valid", 2),
        NotAccepted("TryAgain", "429", "busy", 1),
        NotAccepted("Uncertain", None, "http://10.0.0.1 can't be reached", 1),
    ]


async def test_the_log_says_what_a_provider_said(start: StartEngine) -> None:
    provider = ScriptedProvider()
    provider.answers.append(Refused(Reason.UNKNOWN_SUBSCRIBER, "27", "Absent: 33612345678"))
    with structlog.testing.capture_logs() as lines:
        running = await start(provider)
        (message,) = await running.send("+33612345678")
        await running.until(message, Status.REJECTED)

    (line,) = [line for line in lines if line["event"] == "provider did not take messages"]
    assert (line["code"], line["detail"], line["messages"]) == ("27", "Absent: …", 1)
    assert "33612345678" not in repr(lines)
