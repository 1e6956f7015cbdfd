"""Explaining which way a message would take, from the settings alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from heliograph.domain.errors import SetupError
from heliograph.domain.routes import Subject, cost_of, explain
from heliograph.numbers import Check, InvalidNumber, country_of, is_test_number, normalise, operator_of
from heliograph.runtime.settings import Settings
from heliograph.runtime.values import SANDBOX
from heliograph.text import TooManyParts, measure_text


def explained(
    settings: Settings,
    number: str,
    *,
    originator: str | None,
    account: str,
    tags: Sequence[str],
    channel: str,
    text: str,
) -> Iterator[str]:
    """Explain in lines for a person which way a message would take.

    Raises SetupError for what is not a number, or a text that fits into no message.
    """
    try:
        msisdn = normalise(number, check=Check.POSSIBLE)
        parts = measure_text(text).parts if text else 1
    except InvalidNumber as error:
        raise SetupError(f"{number!r} is not a phone number: {error.reason}.") from error
    except TooManyParts as error:
        raise SetupError("The text is too long for any message.") from error
    facts = (country_of(msisdn) or "no country", operator_of(msisdn) or "operator unknown", f"{parts} part(s)")
    yield f"+{msisdn}: {', '.join(facts)}"
    if is_test_number(msisdn):
        where = f"it goes by {SANDBOX}, whatever the rules say" if settings.has_sandbox else "no provider takes it"
        yield f"It is one of the sandbox's own numbers: {where}."
        return
    subject = Subject(msisdn=msisdn, originator=originator, account=account, tags=tags, channel=channel, parts=parts)
    costs = {name: config.costs for name, config in settings.providers.items()}
    found = explain(settings.routes, subject, settings.default_provider, costs)
    for considered in found.considered:
        if considered.mismatch is not None:
            yield f"{considered.title}: no, {considered.mismatch}"
    if found.rule is None:
        yield f"No rule matches: it goes by the default provider, {settings.default_provider}."
        return
    yield f"{found.considered[-1].title}: yes"
    first, *others = found.providers
    if found.rule.weights:
        total = sum(found.rule.weights.values())
        shares = ", ".join(f"{name} {found.rule.weights[name] / total:.0%}" for name in found.providers)
        yield f"It goes by one of these, by lot: {shares}."
    elif found.rule.cheapest:
        price = cost_of(costs.get(first, {}), country_of(msisdn))
        yield f"It goes by {first}, the cheapest: {price:g} a part."
    else:
        yield f"It goes by {first}."
    if others:
        yield f"If that is out of service, refuses it or does not deliver it: {', '.join(others)}."
