"""A phone number that has been read, how strictly to look at it, and what is said when it is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from heliograph.numbers.plans import TEST_CODE, NumberType, split

if TYPE_CHECKING:
    import phonenumbers

#: ITU-T E.164 allows 15 digits, calling code included. It sets no minimum; the shortest numbers in use that a
#: text can reach have 7 (Niue, Tokelau, Saint Helena), and what is shorter is a short code or a slip.
MIN_DIGITS, MAX_DIGITS = 7, 15


class Check(StrEnum):
    """Strictness of the check of a number. Each asks for more than the one before; none changes how a text is read."""

    SHAPE = "shape"  # 7 to 15 digits, the first not 0: what E.164 can write
    POSSIBLE = "possible"  # and a calling code that exists, with as many digits as its numbers can have
    VALID = "valid"  # and in the numbering plan of its country, as far as phonenumbers knows the plan


class InvalidNumber(ValueError):
    """A text that is not a phone number, or not one that passes the check asked for.

    As a string it is the reason alone: numbers are personal, and errors end up in logs.
    """

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(text, reason)
        self.text = text  #: as it was given
        self.reason = reason  #: for a person, in lower case and without a full stop: "too short for France (+33)"

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number as `parse` read it. Only `parse` should make one: the fields are facts about `msisdn`."""

    msisdn: str
    """E.164 digits without the plus, as everywhere inside Heliograph: 33612345678."""
    country: str | None
    """ISO 3166-1 alpha-2 (also AC, TA and XK). None for a calling code of no country (+800, +999), for an unknown
    one, and where countries share a code and none of them has the number."""
    type: NumberType
    """UNKNOWN if and only if `valid` is false."""
    possible: bool
    """True if the number passes Check.POSSIBLE."""
    valid: bool
    """True if it passes Check.VALID: it is in the numbering plan. Whether anybody has it, only its network knows."""

    @property
    def e164(self) -> str:
        """Return the number with the plus: +33612345678."""
        return f"+{self.msisdn}"

    @property
    def national(self) -> str:
        """Format it as people in its country write it: 06 12 34 56 78. Like `e164` if it is of no country."""
        from phonenumbers import PhoneNumberFormat

        return self._formatted(PhoneNumberFormat.NATIONAL)

    @property
    def international(self) -> str:
        """Format it as people abroad write it: +33 6 12 34 56 78. Like `e164` if it is of no country."""
        from phonenumbers import PhoneNumberFormat

        return self._formatted(PhoneNumberFormat.INTERNATIONAL)

    def _formatted(self, style: int) -> str:
        import phonenumbers

        code, national = split(self.msisdn)
        if code.code in ("", TEST_CODE):
            return self.e164
        return phonenumbers.format_number(in_their_words(code.code, national), style)


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A text of a list that was refused: where it stood (from 0), what it was, and why, as in InvalidNumber."""

    index: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class NormalisedMany:
    """What became of a list of texts: each is in one of the two lists, in the order given."""

    msisdns: list[str]
    """The numbers that passed; what was given twice is here twice."""
    invalid: list[InvalidRow]


def country_of(msisdn: str) -> str | None:
    """Find the country of a canonical `msisdn`, as in PhoneNumber.country. None for anything that is not one."""
    code, national = split(msisdn) if has_shape(msisdn) else (None, "")
    return code.country_of(national) if code else None


def type_of(msisdn: str) -> NumberType:
    """Find the type of a canonical `msisdn`; UNKNOWN if it is not valid, or not a number at all."""
    code, national = split(msisdn) if has_shape(msisdn) else (None, "")
    return code.classify(national)[1] if code else NumberType.UNKNOWN


def is_test_number(msisdn: str) -> bool:
    """Say whether it is +999 and 4 to 12 digits: a number of Heliograph's sandbox.

    These pass every Check, have the type TEST and no country, and must never be handed to a real provider: no network
    could deliver to them.
    """
    return msisdn.startswith(TEST_CODE) and has_shape(msisdn)


def has_shape(msisdn: str) -> bool:
    return MIN_DIGITS <= len(msisdn) <= MAX_DIGITS and msisdn.isascii() and msisdn.isdigit()


def in_their_words(code: str, national: str) -> phonenumbers.PhoneNumber:
    from phonenumbers import PhoneNumber as Theirs

    # Theirs is an integer. Zeros in front of it (Italy, Gabon) are counted beside it, the last digit never is.
    zeros = len(national) - len(national[:-1].lstrip("0")) - 1
    return Theirs(
        country_code=int(code),
        national_number=int(national),
        italian_leading_zero=zeros > 0,
        number_of_leading_zeros=zeros if zeros > 1 else None,
    )
