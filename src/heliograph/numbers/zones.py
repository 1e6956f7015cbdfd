"""The time zone of a number."""

from __future__ import annotations

from functools import lru_cache

UTC = "Etc/UTC"
_TELLING_DIGITS = 8
"""No time zone depends on more digits than these; the rest are left out, so that neighbours share an answer."""


def time_zone_of(msisdn: str) -> str:
    """The IANA name of the zone; of a country with several, the first of those that the number's area may be in.

    Etc/UTC for what belongs to no country, as the sandbox's own numbers.
    """
    return _zone(msisdn[:_TELLING_DIGITS], len(msisdn))


@lru_cache(maxsize=100_000)
def _zone(head: str, length: int) -> str:
    from phonenumbers import NumberParseException, parse, timezone

    try:
        number = parse("+" + head.ljust(length, "0"))
    except NumberParseException:
        return UTC
    zones = timezone.time_zones_for_geographical_number(number)
    return UTC if zones[0] == "Etc/Unknown" else str(zones[0])
