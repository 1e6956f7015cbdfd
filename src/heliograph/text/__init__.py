"""What a message's body is: alphabets, parts, user data headers, transliteration, parameters.

Functions of values only; nothing here knows an account, a store or a clock.
"""

from heliograph.text.alphabets import ALPHABETS, romanise
from heliograph.text.emoji import without_emoji
from heliograph.text.gsm import (
    NotGsm,
    decode_gsm,
    encode_gsm,
    is_gsm,
    pack_septets,
    septet_count,
    unpack_septets,
    unsupported,
)
from heliograph.text.parameters import MissingParameter, ParameterTable, Template, values_for, verbatim
from heliograph.text.parts import (
    GAP,
    MAX_PARTS,
    Encoding,
    Measure,
    Part,
    PartsMissing,
    TooManyParts,
    join_parts,
    join_payloads,
    measure_binary,
    measure_text,
    measure_ucs2,
    shorten_to_one_part,
    split_binary,
    split_text,
)
from heliograph.text.schemes import encoding_of
from heliograph.text.transliterate import to_ascii, to_gsm
from heliograph.text.udh import (
    Concatenation,
    InformationElement,
    MalformedUdh,
    concatenation_of,
    encode_udh,
    parse_udh,
    without_concatenation,
)

__all__ = [
    "ALPHABETS",
    "GAP",
    "MAX_PARTS",
    "Concatenation",
    "Encoding",
    "InformationElement",
    "MalformedUdh",
    "Measure",
    "MissingParameter",
    "NotGsm",
    "ParameterTable",
    "Part",
    "PartsMissing",
    "Template",
    "TooManyParts",
    "concatenation_of",
    "decode_gsm",
    "encode_gsm",
    "encode_udh",
    "encoding_of",
    "is_gsm",
    "join_parts",
    "join_payloads",
    "measure_binary",
    "measure_text",
    "measure_ucs2",
    "pack_septets",
    "parse_udh",
    "romanise",
    "septet_count",
    "shorten_to_one_part",
    "split_binary",
    "split_text",
    "to_ascii",
    "to_gsm",
    "unpack_septets",
    "unsupported",
    "values_for",
    "verbatim",
    "without_concatenation",
    "without_emoji",
]
