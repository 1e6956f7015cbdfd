"""What takes long to find out is found out seldom, and once for all who ask meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from heliograph.services import lately
from heliograph.services.lately import GOOD_FOR, LONGEST_S, Lately


class Asked:
    """A question that takes so many seconds to answer, by a clock that is moved."""

    def __init__(self, seconds: float) -> None:
        self.now, self.times, self._seconds = 0.0, 0, seconds
        self.answers: Lately[int] = Lately(lambda: self.now)

    async def find(self) -> int:
        self.times += 1
        await asyncio.sleep(0)
        self.now += self._seconds
        return self.times

    async def ask(self, question: str = "sums") -> int:
        return await self.answers.get(question, self.find)


@pytest.mark.parametrize(("seconds", "good_for"), [(0.0, 0.0), (0.5, 0.5 * GOOD_FOR), (60.0, LONGEST_S)])
async def test_an_answer_is_good_for_as_long_as_it_took_to_find(seconds: float, good_for: float) -> None:
    asked = Asked(seconds)
    assert await asyncio.gather(*(asked.ask() for _ in range(5))) == ([1] * 5 if good_for else [1, 2, 3, 4, 5])
    before = asked.times
    asked.now += good_for - 0.001 if good_for else 0.0
    again = await asked.ask()
    asked.now += 0.002 + (seconds and 0)
    later = await asked.ask()

    assert (again, later) == ((before, before + 1) if good_for else (before + 1, before + 2))


async def test_what_fails_is_asked_again_and_much_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lately, "MOST", 2)
    asked = Asked(1.0)

    async def fail() -> int:
        raise ValueError

    with pytest.raises(ValueError):
        await asked.answers.get("sums", fail)
    found = [await asked.ask(question) for question in ("sums", "others", "sums", "third", "sums")]

    assert found == [1, 2, 1, 3, 4]
