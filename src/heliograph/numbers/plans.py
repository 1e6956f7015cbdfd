"""Numbering plans: which digits a country uses after its calling code, and for what.

phonenumbers keeps one plan a region as regular expressions, and looks each of them up in the `re` module's
cache for each number. With numbers of many countries in one list that cache is always full, and most of the
time goes into compiling the same patterns again. Here the same metadata becomes one expression for each region
and length, compiled when the first such number is seen and kept from then on.

The answers are those of phonenumbers, and a test holds that. How phonenumbers decides, and we with it:

- the region of a number is the first region of its calling code that claims it, in phonenumbers' order: by its
  leading digits where the plan has them, or else by the number fitting one of the region's types. A calling
  code with one region needs neither: the region is known even if the number is not valid;
- the type is the first in the order of `_TYPES` whose lengths and pattern fit, provided the region's general
  description fits too. A number is valid if it has a type;
- possible lengths are those of the main region of the calling code, the ones that can only be dialled
  locally included.

Throughout, a *national number* is what follows the calling code: digits, without trunk prefix.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from heliograph.numbers.countries import COUNTRIES

if TYPE_CHECKING:
    from phonenumbers import PhoneMetadata, PhoneNumberDesc

# phonenumbers takes some 25 ms to import, more than the rest of a short command. Hence it is imported inside the
# few functions here that need it: a process that never meets a number never pays.


class NumberType(StrEnum):
    """The use of a number by its country's numbering plan."""

    MOBILE = "mobile"
    FIXED = "fixed"
    FIXED_OR_MOBILE = "fixed_or_mobile"  # the plan does not tell them apart, as in North America
    TOLL_FREE = "toll_free"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    VOIP = "voip"
    PERSONAL = "personal"  # follows a person to any of their phones
    PAGER = "pager"
    UAN = "uan"  # universal access number: one number for all offices of a company
    VOICEMAIL = "voicemail"
    TEST = "test"  # +999: Heliograph's sandbox
    UNKNOWN = "unknown"  # not in the plan, so not valid


#: The types a text message is usually meant for. TEST is among them: the sandbox answers texts.
TEXTABLE = frozenset({NumberType.MOBILE, NumberType.FIXED_OR_MOBILE, NumberType.TEST})

_SERVICES = frozenset({NumberType.TOLL_FREE, NumberType.PREMIUM, NumberType.SHARED_COST, NumberType.UAN})

#: The sandbox's calling code. In the ITU's list of assigned E.164 country codes 999 belongs to no country and no
#: network, so no subscriber can have a number that begins with it.
TEST_CODE = "999"

_TYPES = (
    ("premium_rate", NumberType.PREMIUM),
    ("toll_free", NumberType.TOLL_FREE),
    ("shared_cost", NumberType.SHARED_COST),
    ("voip", NumberType.VOIP),
    ("personal_number", NumberType.PERSONAL),
    ("pager", NumberType.PAGER),
    ("uan", NumberType.UAN),
    ("voicemail", NumberType.VOICEMAIL),
)  # then fixed and mobile, which can overlap: see RegionPlan._compile
#: What was dialled inside a country, and is in address books still: Mexico's 01 and, for mobile numbers, 044 and 045.
_FORMER_TRUNK_PREFIXES = {"MX": r"0(?:1|4[45])(?=[2-9]\d{9}\Z)"}
#: What stood after a calling code, and does in the senders of inbound messages: until August 2019 mobile numbers of
#: Mexico had a 1 there. (Argentina's 9 and Brazil's ninth digit are parts of the number.)
_FORMER_AFTER_CODE = {"52": re.compile(r"\A1(?=[2-9]\d{9}\Z)")}
_LONGEST_INTERNATIONAL_PREFIX = 8  # Australia's 14140011; a test holds that no region has a longer one
_BY_GROUP = {type_.value: type_ for type_ in NumberType}


class RegionPlan:
    """The numbering plan of one region: France, Jersey, or a service with a calling code of its own (+800)."""

    __slots__ = (
        "_by_length",
        "_general",
        "_international_prefix",
        "_leading_digits",
        "_metadata",
        "_trunk_prefix",
        "_trunk_rule",
        "calling_code",
        "country",
        "lengths",
        "local_lengths",
    )

    def __init__(self, metadata: PhoneMetadata) -> None:
        general = metadata.general_desc
        if general is None or general.national_number_pattern is None:  # pragma: no cover: every region has one
            raise ValueError(f"phonenumbers has no general description for {metadata.id}")
        self.country = metadata.id if metadata.id.isalpha() else None  # "001" stands for the whole world
        self.calling_code = str(metadata.country_code)
        self.lengths = frozenset(general.possible_length)
        self.local_lengths = frozenset(general.possible_length_local_only)
        self._metadata = metadata
        self._general = re.compile(general.national_number_pattern)
        self._leading_digits = _compiled(metadata.leading_digits)
        self._international_prefix = _compiled(metadata.international_prefix)
        self._trunk_prefix = _compiled(_FORMER_TRUNK_PREFIXES.get(metadata.id) or metadata.national_prefix_for_parsing)
        self._trunk_rule = metadata.national_prefix_transform_rule
        self._by_length: dict[int, re.Pattern[str] | None] = {}

    def claim(self, national: str) -> NumberType | None:
        """Return the type of `national` if this region, of those that share its calling code, may have it; else None.

        UNKNOWN if the region has it by its leading digits, though it is not a valid number there.
        """
        if self._leading_digits is None:
            type_ = self.type_of(national)
            return None if type_ is NumberType.UNKNOWN else type_
        return self.type_of(national) if self._leading_digits.match(national) else None

    def type_of(self, national: str) -> NumberType:
        """Return the type of `national` in this plan, UNKNOWN if the plan does not have it."""
        length = len(national)
        try:
            pattern = self._by_length[length]
        except KeyError:
            pattern = self._by_length[length] = self._compile(length)
        if pattern is None:
            return NumberType.UNKNOWN
        match = pattern.fullmatch(national)
        return NumberType.UNKNOWN if match is None else _BY_GROUP[match.lastgroup or "unknown"]

    def after_international_prefix(self, digits: str) -> list[str]:
        """Return what follows the digits dialled here to call abroad (00; 011 from the USA; 0015 from Brazil); else [].

        Several where one prefix begins another, as 00 and 001 in Hong Kong: the rest after the longest first. A rest
        that begins with 0 does not count, for no calling code does.
        """
        if self._international_prefix is None or self._international_prefix.match(digits) is None:
            return []
        fits = self._international_prefix.fullmatch
        longest = min(_LONGEST_INTERNATIONAL_PREFIX, len(digits) - 1)
        return [digits[end:] for end in range(longest, 0, -1) if digits[end] != "0" and fits(digits, 0, end)]

    def without_trunk_prefix(self, digits: str) -> str:
        """Remove what is only dialled inside the country: the 0 of 06 12 34 56 78, the 8 of Russia.

        Applies also what else the plan says about national dialling: the 15 inside an Argentine mobile number becomes a
        9 in front of it, the seven digits dialled within a Caribbean island get its area code. Returns the digits
        unchanged where there is nothing to take off, or where what remains could not be a number.
        """
        match = self._trunk_prefix.match(digits) if self._trunk_prefix else None
        if match is None:
            return digits
        rest = digits[match.end() :]
        if self._trunk_rule and match[match.re.groups] is not None:
            rest = match.expand(self._trunk_rule) + rest
        if rest == digits or (len(rest) not in self.lengths and len(rest) <= max(self.lengths)):
            return digits  # what is still too long is no number either way, and phonenumbers takes the prefix off
        if self._general.fullmatch(digits) and not self._general.fullmatch(rest):
            return digits  # a number that only looks as if it had a prefix
        return rest

    def is_service_without_trunk_prefix(self, national: str) -> bool:
        """Say whether `national` is a service's number that people here write without a trunk prefix in front."""
        if self.type_of(national) not in _SERVICES:
            return False
        for style in self._metadata.number_format:
            leading = style.leading_digits_pattern[-1:]
            if re.fullmatch(style.pattern or "", national) and (not leading or re.match(leading[0], national)):
                return not style.national_prefix_formatting_rule
        return True

    def _compile(self, length: int) -> re.Pattern[str] | None:
        """Compile one expression for all types of numbers of `length` digits, named by type; None if there are none."""
        if length not in self.lengths:
            return None
        plan = self._metadata
        # Alternatives are tried in order and the whole text must fit, so the first type that fits gives the name.
        types = [
            f"(?P<{type_}>{pattern})"
            for field, type_ in _TYPES
            if (pattern := _pattern(getattr(plan, field), length)) is not None
        ]
        fixed, mobile = _pattern(plan.fixed_line, length), _pattern(plan.mobile, length)
        if plan.same_mobile_and_fixed_line_pattern:
            types += [f"(?P<{NumberType.FIXED_OR_MOBILE}>{fixed})"] if fixed else []
        else:
            if fixed and mobile:
                types.append(rf"(?=(?:{fixed})\Z)(?P<{NumberType.FIXED_OR_MOBILE}>{mobile})")
            types += [f"(?P<{NumberType.FIXED}>{fixed})"] if fixed else []
            types += [f"(?P<{NumberType.MOBILE}>{mobile})"] if mobile else []
        if not types:
            return None
        return re.compile(rf"(?=(?:{self._general.pattern})\Z)(?:{'|'.join(types)})")


class CallingCode:
    """A country calling code (33, 1, 800) with the plans of the regions that share it."""

    __slots__ = ("_former", "_label", "_regions", "code", "lengths", "main_country")

    def __init__(self, code: str, regions: tuple[RegionPlan, ...]) -> None:
        self.code = code
        self._regions = regions
        self._former = _FORMER_AFTER_CODE.get(code)
        main = regions[0]
        #: The country that most of its numbers belong to; None if they belong to none.
        self.main_country = main.country
        #: How many digits a national number may have.
        self.lengths = main.lengths | main.local_lengths
        alone = len(regions) == 1 and main.country is not None
        self._label = f"{COUNTRIES.get(main.country or '', main.country)} (+{code})" if alone else f"+{code}"

    def canonical(self, national: str) -> str:
        """Remove a trunk prefix written by mistake or habit, as in +33 (0)6 12 34 56 78 or +52 1 55 ….

        Applied to its own result it changes nothing: where a second prefix could come off as well, none does.
        """
        if self._former is not None:
            national = self._former.sub("", national)
        main = self._regions[0]
        once = main.without_trunk_prefix(national)
        if once == national or main.without_trunk_prefix(once) != once:
            return national
        return once

    def classify(self, national: str) -> tuple[str | None, NumberType]:
        """Find country and type of `national`. The country can be known although the number is not valid (UNKNOWN)."""
        regions = self._regions
        if len(regions) == 1:
            return regions[0].country, regions[0].type_of(national)
        for region in regions:
            type_ = region.claim(national)
            if type_ is not None:
                return region.country, type_
        return None, NumberType.UNKNOWN

    def country_of(self, national: str) -> str | None:
        """Find the country of `national`, as `classify` does. Most codes are of one country, whatever comes behind."""
        regions = self._regions
        return regions[0].country if len(regions) == 1 else self.classify(national)[0]

    def is_possible(self, national: str) -> bool:
        """Say whether numbers of this calling code can be as long as `national`."""
        return len(national) in self.lengths

    def why_impossible(self, national: str) -> str:
        """Give a person the reason why `national`, which is not possible, is not."""
        if len(national) < min(self.lengths):
            return f"too short for {self._label}"
        if len(national) > max(self.lengths):
            return f"too long for {self._label}"
        return f"{self._label} has no numbers with {len(national)} digits after the country code"

    def why_invalid(self) -> str:
        """Give a person the reason why a number that is possible is not valid."""
        return f"not in the numbering plan of {self._label}"


class _Sandbox(CallingCode):
    """Test numbers: +999 and 4 to 12 digits, all of them valid. They have no region and no trunk prefix."""

    __slots__ = ()

    def __init__(self) -> None:
        self.code = TEST_CODE
        self.main_country = None
        self.lengths = frozenset(range(4, 13))
        self._label = f"test numbers (+{TEST_CODE})"

    def canonical(self, national: str) -> str:
        return national

    def country_of(self, national: str) -> str | None:
        return None

    def classify(self, national: str) -> tuple[str | None, NumberType]:
        return None, NumberType.TEST if self.is_possible(national) else NumberType.UNKNOWN


class _Unassigned(CallingCode):
    """The answer where no calling code is: the whole number is its "national" part, and no length is possible."""

    __slots__ = ()

    def __init__(self) -> None:
        self.code = ""
        self.main_country = None
        self.lengths = frozenset()

    def canonical(self, national: str) -> str:
        return national

    def country_of(self, national: str) -> str | None:
        return None

    def classify(self, national: str) -> tuple[str | None, NumberType]:
        return None, NumberType.UNKNOWN

    def why_impossible(self, national: str) -> str:
        if national.startswith("0"):
            return "begins with 0 where the country code should be"
        return f"+{national[:3]} is not the calling code of a country"


class _CodesByPrefix(dict[str, CallingCode]):
    """The calling code of each three digits a number can start with; codes are 1 to 3 digits, none begins another.

    It fills itself as prefixes are met. Two threads may build the same plan at once: both are right, one is kept.
    """

    def __missing__(self, prefix: str) -> CallingCode:
        from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

        found: CallingCode = _SANDBOX if prefix == TEST_CODE else _UNASSIGNED
        for size in range(1, len(prefix) + 1):
            # A code never begins with 0, and "03" must not be taken for 3.
            if prefix[0] != "0" and int(prefix[:size]) in COUNTRY_CODE_TO_REGION_CODE:
                found = calling_code(prefix[:size])
                break
        self[prefix] = found
        return found


_SANDBOX = _Sandbox()
_UNASSIGNED = _Unassigned()
_CODES = _CodesByPrefix()


def split(digits: str) -> tuple[CallingCode, str]:
    """Split international `digits` (ASCII digits only) into the calling code and the national number after it.

    A number of no country comes back whole, with a calling code whose `code` is empty.
    """
    code = _CODES[digits[:3]]
    return code, digits[len(code.code) :]


@cache
def calling_code(code: str) -> CallingCode:
    """Return the plans behind `code`, an assigned calling code. Raises KeyError if it is not assigned."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    number = int(code)
    return CallingCode(code, tuple(_region(name, number) for name in COUNTRY_CODE_TO_REGION_CODE[number]))


@cache
def region_plan(region: str) -> RegionPlan:
    """Return the plan of an ISO 3166-1 alpha-2 region, upper or lower case. Raises ValueError if there is none."""
    from phonenumbers import SUPPORTED_REGIONS, country_code_for_region

    name = region.upper()
    if name not in SUPPORTED_REGIONS:
        raise ValueError(f"unknown region {region!r}: give the two letters of ISO 3166, as in FR")
    return _region(name, country_code_for_region(name))


@cache
def _region(name: str, code: int) -> RegionPlan:
    from phonenumbers import PhoneMetadata

    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, name)
    if metadata is None:  # pragma: no cover: phonenumbers lists no region without metadata
        raise ValueError(f"phonenumbers has no metadata for {name} (+{code})")
    return RegionPlan(metadata)


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None


def _pattern(desc: PhoneNumberDesc | None, length: int) -> str | None:
    """Return the pattern of a type of numbers, None if it has none of `length` digits."""
    if desc is None or not desc.national_number_pattern:
        return None
    if desc.possible_length and length not in desc.possible_length:
        return None
    return desc.national_number_pattern
