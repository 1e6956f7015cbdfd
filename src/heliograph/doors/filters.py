"""Filters by number and originator, as these are stored. What can be neither matches nothing, and is not an error."""

from __future__ import annotations

from heliograph.numbers import Check, InvalidNumber, InvalidOriginator, normalise, parse_originator


def msisdn_filter(text: str, region: str | None) -> list[str]:
    """List what a number may be stored as: as senders of `region` write it, and as answers without a plus show it."""
    places = (None,) if text.startswith("+") else (region, None)
    found = [_read(text, place) for place in dict.fromkeys(places)]
    return list(dict.fromkeys(msisdn for msisdn in found if msisdn is not None)) or [text]


def _read(text: str, region: str | None) -> str | None:
    try:
        return normalise(text, region=region, check=Check.SHAPE)
    except InvalidNumber:
        return None


def originator_filter(text: str) -> str:
    try:
        return parse_originator(text).value
    except InvalidOriginator:
        return text
