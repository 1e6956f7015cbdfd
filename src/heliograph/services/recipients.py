"""Lists of numbers as customers write them."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.domain.batches import Parameters
from heliograph.domain.errors import InvalidRecipient
from heliograph.domain.lengths import LONGEST_LABEL
from heliograph.numbers import Check, InvalidNumber, InvalidRow, normalise, normalise_many
from heliograph.text.parameters import DEFAULT

MAX_NAMED_MISTAKES = 20
"""How many wrong numbers an error lists."""


def parse_msisdns(texts: Sequence[str], region: str | None, check: Check, *, field: str) -> list[str]:
    """Parse numbers to bare MSISDNs, each once, in the order given. Raises InvalidRecipient, with all that are not."""
    found = normalise_many(texts, region=region, check=check)
    if found.invalid:
        raise not_numbers(found.invalid, len(texts), field=field)
    return list(dict.fromkeys(found.msisdns))


def not_numbers(invalid: Sequence[InvalidRow], asked: int, *, field: str) -> InvalidRecipient:
    """Make the error for what is wrong in a list of `asked` texts.

    It names the first of them, with rows from 1 and no more of each than can be read, and says how many more there are;
    all are its `facts["invalid"]`.
    """
    named = [
        f"{row.text[:LONGEST_LABEL]!r} {f'in row {row.index + 1} ' if asked > 1 else ''}({row.reason})"
        for row in invalid[:MAX_NAMED_MISTAKES]
    ]
    more = len(invalid) - len(named)
    rest = f", and {more} more" if more else ""
    return InvalidRecipient(f"Not a phone number: {', '.join(named)}{rest}.", field=field, invalid=invalid)


def keyed_like(recipients: Sequence[str], parameters: Parameters | None, region: str | None) -> Parameters | None:
    """Write the keys of parameters as MSISDNs: one that is a recipient's number only in `region` becomes its MSISDN."""
    if region is None or not parameters:
        return parameters
    known = set(recipients)

    def key_of(text: str) -> str:
        if text == DEFAULT or text.removeprefix("+") in known:
            return text
        try:
            msisdn = normalise(text, region=region, check=Check.SHAPE)
        except InvalidNumber:
            return text
        return msisdn if msisdn in known else text

    return {name: {key_of(key): value for key, value in column.items()} for name, column in parameters.items()}
