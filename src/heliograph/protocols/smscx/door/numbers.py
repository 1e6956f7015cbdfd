"""What the numbering plan says of numbers."""

from __future__ import annotations

from heliograph.domain import errors
from heliograph.doors import Call
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.refusals import Codes
from heliograph.protocols.smscx.door.resource import SmscxResource, operation
from heliograph.protocols.smscx.wire import numbers as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.services.numbers import Facts

NUMBER_CODES = Codes(
    fields={
        "number": Code.NUMBER_INVALID,
        "phoneNumbers": (Code.NUMBERS_MISSING, Code.NUMBERS_INVALID),
        "lookupCallbackUrl": Code.LOOKUP_CALLBACK_URL_INVALID,
    },
    by_class={errors.TooManyItems: Code.TOO_MANY_NUMBERS},
)


class Numbers(SmscxResource):
    operations = (
        operation(
            "GET",
            "/numbers/validate/{phone_number}",
            "validate_number",
            "Get what the numbering plan says of a number.",
            response=wire.ValidatedReply,
            codes=NUMBER_CODES,
        ),
        operation(
            "POST",
            "/numbers/validate",
            "validate_numbers",
            "Get what the numbering plan says of many numbers, in the order given.",
            request=wire.ManyNumbers,
            response=wire.ValidatedList,
            codes=NUMBER_CODES,
        ),
    )

    async def validate_number(self, call: Call[None, None]) -> wire.ValidatedReply:
        facts = self._services.numbers.validate(call.path["phone_number"], call.account.default_region)
        return wire.ValidatedReply(data=wire.Validated(f"+{facts.msisdn}", *_of_plan(facts)))

    async def validate_numbers(self, call: Call[None, wire.ManyNumbers]) -> wire.ValidatedList:
        body = call.body
        numbers = reading.listed(body.phone_numbers)
        region = reading.country(body.country_iso) or call.account.default_region
        found = await self._services.numbers.validate_many(numbers, region)
        rows = await aside(len(found) > MANY_NUMBERS, list, map(_validated, found))
        invalid = sum(row.invalid for row in rows)
        return wire.ValidatedList(
            info=wire.ValidatedInfo(
                total_phone_numbers=len(rows),
                total_valid=len(rows) - invalid,
                total_invalid=invalid,
                phone_numbers_by_country=shapes.by_country([each.country for each in found if isinstance(each, Facts)]),
            ),
            data=rows,
        )


def _of_plan(facts: Facts) -> tuple[str, str, str]:
    return facts.country or shapes.NO_COUNTRY, facts.operator or "", facts.time_zone


def _validated(found: Facts | str) -> wire.ValidatedRow:
    if isinstance(found, str):
        return wire.ValidatedRow(phone_number=found, invalid=True)
    return wire.ValidatedRow(f"+{found.msisdn}", False, *_of_plan(found))
