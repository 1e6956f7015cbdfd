"""Phone numbers: what a text means as a number, what a number is, and what a message may be from.

Inside Heliograph a number is always its bare MSISDN, the digits of E.164 without a plus: `33612345678`.
Doors turn what they are given into that with `normalise`, `normalise_many` or `parse`, the engine reads who an inbound
message is from with `read_address`, and nothing behind them looks at a number's spelling again.
"""

from heliograph.numbers.addresses import MAX_ADDRESS, is_msisdn, read_address, with_plus
from heliograph.numbers.countries import COUNTRIES, UNNUMBERED, region_named, region_of
from heliograph.numbers.networks import operator_of
from heliograph.numbers.number import (
    Check,
    InvalidNumber,
    InvalidRow,
    NormalisedMany,
    PhoneNumber,
    country_of,
    is_test_number,
    type_of,
)
from heliograph.numbers.originators import (
    InvalidOriginator,
    Originator,
    OriginatorKind,
    parse_originator,
    ton_npi,
)
from heliograph.numbers.plans import NumberType
from heliograph.numbers.reading import normalise, normalise_many, parse
from heliograph.numbers.spelling import code_typed, compact, plus_kept
from heliograph.numbers.zones import time_zone_of

__all__ = [
    "COUNTRIES",
    "MAX_ADDRESS",
    "UNNUMBERED",
    "Check",
    "InvalidNumber",
    "InvalidOriginator",
    "InvalidRow",
    "NormalisedMany",
    "NumberType",
    "Originator",
    "OriginatorKind",
    "PhoneNumber",
    "code_typed",
    "compact",
    "country_of",
    "is_msisdn",
    "is_test_number",
    "normalise",
    "normalise_many",
    "operator_of",
    "parse",
    "parse_originator",
    "plus_kept",
    "read_address",
    "region_named",
    "region_of",
    "time_zone_of",
    "ton_npi",
    "type_of",
    "with_plus",
]
