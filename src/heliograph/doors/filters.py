"""Numbers and originators in filters, as they are stored. What can be neither matches nothing, and is no error."""

from __future__ import annotations

from heliograph.numbers import Check, InvalidNumber, InvalidOriginator, normalise, parse_originator


def msisdn_filter(text: str) -> str:
    try:
        return normalise(text, check=Check.SHAPE)
    except InvalidNumber:
        return text


def originator_filter(text: str) -> str:
    try:
        return parse_originator(text).value
    except InvalidOriginator:
        return text
