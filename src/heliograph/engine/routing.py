"""Which line a message takes."""

from __future__ import annotations

import random
from collections.abc import Sequence, Set
from typing import NamedTuple

from heliograph.domain.channels import Channel
from heliograph.domain.routes import Rule, Subject, cost_of
from heliograph.engine.lines import Line
from heliograph.numbers import country_of, is_test_number


class Way(NamedTuple):
    """What is left for a message."""

    line: Line | None
    """By which it goes now."""
    wait_until_ms: int | None = None
    """None of its lines is in service; one will be tried again then."""


NO_WAY = Way(None)


class Router:
    """Numbers of the sandbox's own range never leave by any line other than the sandbox's."""

    def __init__(
        self,
        lines: Sequence[Line],
        default: str,
        rules: Sequence[Rule] = (),
        *,
        lookups: str | None = None,
        sandbox: str = "sandbox",
    ) -> None:
        """`default` takes what no rule matches, `lookups` is asked about numbers; None: the default."""
        self.lines = {line.name: line for line in lines}
        self.rules = rules
        self._default = [self.lines[default]]
        self._lookups = self.lines[lookups or default]
        self._sandbox = [self.lines[sandbox]] if sandbox in self.lines else []
        self._by_rule = [(rule, [self.lines[name] for name in rule.names]) for rule in rules]
        for rule, those in self._by_rule:
            for line in those:
                line.health.is_followed |= rule.follow_health
        reachable = [*self._default, *(line for _, those in self._by_rule for line in those)]
        self.channels: Set[Channel] = frozenset().union(*(line.provider.channels for line in reachable))
        """Those by which ordinary numbers can be reached."""
        self._with_others = {line.name for _, those in self._by_rule if len(those) > 1 for line in those}

    def has_others(self, line: Line) -> bool:
        """Whether messages that wait for this line might go by another."""
        return line.name in self._with_others

    def lines_for(self, subject: Subject) -> Sequence[Line]:
        """Those that a message may take, in the order in which they are tried."""
        if is_test_number(subject.msisdn):
            return self._sandbox
        for rule, lines in self._by_rule:
            if rule.mismatch(subject) is None:
                return _ordered(rule, lines, subject.msisdn)
        return self._default

    def usual(self, msisdn: str, channel: str) -> Line | None:
        """The line of a message that no rule is asked about; None: `way` has to say."""
        if self._by_rule or is_test_number(msisdn):
            return None
        (line,) = self._default
        return line if channel in line.provider.channels else None

    def way(self, subject: Subject, now_ms: int, tried: str = "") -> Way:
        """The first line that is in service, leads there by the message's channel, and was not `tried`."""
        before = tried.split()
        out_of_service: list[int] = []
        for line in self.lines_for(subject):
            if subject.channel not in line.provider.channels or line.name in before:
                continue
            if line.in_service(now_ms):
                return Way(line)
            out_of_service.append(line.out_of_service_until_ms)
        return Way(None, min(out_of_service)) if out_of_service else NO_WAY

    def asked_about(self, msisdn: str) -> Line | None:
        """The line that can be asked about a number; None if there is none."""
        line = next(iter(self._sandbox), None) if is_test_number(msisdn) else self._lookups
        return None if line is None or not line.provider.looks_up else line


def _ordered(rule: Rule, lines: Sequence[Line], msisdn: str) -> Sequence[Line]:
    if rule.cheapest:
        country = country_of(msisdn)
        return sorted(lines, key=lambda line: cost_of(line.rules.costs, country))
    if not rule.weights:
        return lines
    weights = [rule.weights[line.name] * (line.health.factor if rule.follow_health else 1.0) for line in lines]
    (first,) = random.choices(lines, weights)  # noqa: S311 - a share, not a secret
    return [first, *(line for line in sorted(lines, key=lambda line: -rule.weights[line.name]) if line is not first)]
