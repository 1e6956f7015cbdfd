"""What waits for a bind: messages, each as the submits that it takes, and how fast they may go."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from heliograph.engine.contract import Accepted, Outcome, Outgoing, TryAgain, Uncertain
from heliograph.protocols.smpp.provider import answers
from heliograph.protocols.smpp.provider.config import Manners
from heliograph.protocols.smpp.wire.ids import key_of
from heliograph.protocols.smpp.wire.pdus import Pdu, SubmitSm, SubmitSmResp

_BURST_S = 0.1
"""Places of so long ago that nobody has taken are given away at once."""


class Job:
    """One message on its way: it ends, once, when nothing of it is unanswered and nothing more is to be said."""

    def __init__(
        self, message: Outgoing, submits: Sequence[SubmitSm], manners: Manners, on_end: Callable[[Job, Outcome], None]
    ) -> None:
        self.msisdn = message.msisdn
        self.submits = submits
        self.ordinal = 0
        """Among all: what came first goes first."""
        self._message_id = message.message_id
        self._manners = manners
        self._on_end = on_end
        self._waiting = deque(range(len(submits)))
        self._flying = 0
        self._id: str | None = None
        self._failed: Outcome | None = None

    @property
    def has_more(self) -> bool:
        """Tell whether something of it is to be said, and has not been."""
        return bool(self._waiting)

    def take(self) -> int:
        """Take the next of its submits, which is about to be written."""
        self._flying += 1
        return self._waiting.popleft()

    def put_back(self, place: int) -> None:
        """Take note that the SMSC has not taken a submit and is to be asked again; none of one that has failed is."""
        self._flying -= 1
        if self._failed is None:
            self._waiting.append(place)
        self._end_if_over()

    def answered(self, place: int, response: Pdu) -> None:
        """Take the answer to a submit."""
        self._flying -= 1
        if response.status:
            self._fail(answers.outcome(response, self._manners))
        elif place == len(self.submits) - 1:
            self._id = response.message_id if isinstance(response, SubmitSmResp) else ""
        self._end_if_over()

    def unanswered(self, why: str) -> None:
        """Take that a submit was written, and nobody knows what became of it."""
        self._flying -= 1
        self._failed = Uncertain(why)
        self._waiting.clear()
        self._end_if_over()

    def give_up(self, outcome: TryAgain) -> None:
        """Say nothing more of it, if there is more to say."""
        if self._waiting:
            self._fail(outcome)
            self._end_if_over()

    def _fail(self, outcome: Outcome) -> None:
        self._failed = self._failed or outcome
        self._waiting.clear()

    def _end_if_over(self) -> None:
        if self._flying or self._waiting:
            return
        if self._failed is not None:
            self._on_end(self, self._failed)
            return
        # An SMSC that says no id can't be heard of again; a name of our own is at least nobody else's.
        ref = self._id or f"no id {self._message_id}"
        self._on_end(self, Accepted(ref, ref_key=key_of(self._manners.ids, ref)))


class Queue:
    """Jobs in their order; with `in_order`, each behind those to the same number, until these have ended."""

    def __init__(self, *, in_order: bool) -> None:
        self._in_order = in_order
        self._ready: deque[Job] = deque()
        self._behind: dict[str, deque[Job]] = {}
        self._count = 0

    def add(self, job: Job) -> None:
        """Put a new one at the end."""
        self._count += 1
        job.ordinal = self._count
        if not self._in_order:
            self._ready.append(job)
        elif (behind := self._behind.get(job.msisdn)) is not None:
            behind.append(job)
        else:
            self._behind[job.msisdn] = deque()
            self._ready.append(job)

    def take(self) -> Job | None:
        """Take the first that has something to say."""
        while self._ready:
            job = self._ready.popleft()
            if job.has_more:
                return job
        return None

    def put_back(self, jobs: Sequence[Job]) -> None:
        """Put these before all others."""
        self._ready.extendleft(reversed(jobs))

    def ended(self, job: Job) -> bool:
        """Take that one has ended; whether another may go now."""
        behind = self._behind.get(job.msisdn) if self._in_order else None
        if behind is None:
            return False
        if not behind:
            del self._behind[job.msisdn]
            return False
        self._ready.append(behind.popleft())
        return True


class Pace:
    """How fast parts may go: what an SMSC counts are submits, not messages."""

    def __init__(self, per_second: float) -> None:
        """Take how many parts a second may go; 0: any number."""
        self._per_second = per_second
        self._free_at = 0.0

    def wait_s(self, now: float) -> float:
        """Tell how many seconds from `now`, by a clock that never goes back, the next message may begin."""
        return max(self._free_at - now, 0.0) if self._per_second else 0.0

    def take(self, parts: int, now: float) -> None:
        """Take places for all parts of a message, which go together."""
        if self._per_second:
            self._free_at = max(self._free_at, now - _BURST_S) + parts / self._per_second
