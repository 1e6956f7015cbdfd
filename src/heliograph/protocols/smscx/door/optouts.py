"""Opt-outs: who is not written to any more."""

from __future__ import annotations

from starlette.responses import Response

from heliograph.domain.optouts import OptOut, OptOutSource
from heliograph.doors import AnyCall, Call
from heliograph.doors.downloads import Chunks
from heliograph.numbers import country_of, with_plus
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.contacts import ADDING_CODES
from heliograph.protocols.smscx.door.paging import counted, place
from heliograph.protocols.smscx.door.refusals import Codes, invalid_param
from heliograph.protocols.smscx.door.resource import SmscxResource, csv_file, exports, operation, xlsx_file
from heliograph.protocols.smscx.wire import common, contacts
from heliograph.protocols.smscx.wire import optouts as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.exports import Cell

_HEADER = ("id", "phoneNumber", "countryIso", "optoutFrom", "datetime")


class Optouts(SmscxResource):
    operations = (
        *exports("/optouts", "optouts", "Get all opt-outs"),
        operation(
            "GET",
            "/optouts",
            "get_optouts_list",
            "List who opted out, newest first.",
            query=common.PageQuery,
            response=wire.OptoutList,
        ),
        operation(
            "POST",
            "/optouts",
            "add_contact_to_optouts_list",
            "Add numbers to the opt-outs, so that they are not written to any more.",
            request=contacts.AddContacts,
            response=contacts.AddedReply,
            codes=ADDING_CODES,
        ),
        operation(
            "DELETE",
            "/optouts/{optout_id}",
            "delete_contact_from_optouts_list",
            "Let a number be written to again, unless it was its owner who opted out.",
            response=wire.DeletedOptout,
            codes=Codes(not_found=Code.CONTACT_UNKNOWN, locked=Code.OPTED_OUT_BY_THEMSELVES),
        ),
    )

    async def get_optouts_list(self, call: Call[common.PageQuery, None]) -> wire.OptoutList:
        at = place(call.query)
        found, total = await self._services.optouts.newest(
            call.account, limit=at.range["limit"], before=counted(at.before), after=counted(at.after)
        )
        page = at.page(found, key=lambda optout: str(optout.number))
        name = call.account.optout_page
        return wire.OptoutList(
            info=wire.OptoutsInfo(id=name, link=f"{self.places(call).base_url}/o/{name}", total=total),
            data=[optout_row(optout, country_of(optout.msisdn)) for optout in page.rows],
            paging=page.paging,
        )

    async def add_contact_to_optouts_list(self, call: Call[None, contacts.AddContacts]) -> contacts.AddedReply:
        body = call.body
        numbers = [each if isinstance(each, str) else each.phone_number for each in reading.listed(body.phone_numbers)]
        added = await self._services.optouts.add_many(
            call.account,
            numbers,
            region=reading.country(body.country_iso),
            on_invalid=None
            if body.allow_invalid is True
            else lambda wrong: invalid_param(
                Code.SOME_NUMBERS_INVALID, "Some phone numbers are invalid.", reading.as_written(wrong)
            ),
        )
        if not added.new:
            raise invalid_param(
                Code.NOTHING_TO_OPT_OUT,
                "None of these is a number that is not in the list.",
                reading.as_written(added.invalid),
            )
        return contacts.AddedReply(
            info=contacts.AddedInfo(
                total_valid=len(added.new),
                total_invalid=len(added.invalid),
                total_duplicates=added.duplicates,
                total_phone_numbers=len(numbers),
                invalid=reading.as_written(added.invalid),
                phone_numbers_by_country=shapes.by_country([country_of(msisdn) for msisdn in added.new]),
            )
        )

    async def delete_contact_from_optouts_list(self, call: Call[None, None]) -> wire.DeletedOptout:
        number = reading.number(call.path["optout_id"])
        gone = await self._services.optouts.remove_by_number(call.account, number)
        return wire.DeletedOptout(info=wire.DeletedOptoutInfo(id=str(gone.number), phone_number=with_plus(gone.msisdn)))

    async def export_optouts_to_csv(self, call: Call[common.ExportQuery, None]) -> Response:
        return csv_file(call, "optouts", _HEADER, self._optout_cells(call))

    async def export_optouts_to_xlsx(self, call: Call[common.ExportQuery, None]) -> Response:
        return xlsx_file("optouts", _HEADER, self._optout_cells(call))

    async def _optout_cells(self, call: AnyCall) -> Chunks:
        async for page in self._services.optouts.everybody(call.account):
            yield [_cells(each, country_of(each.msisdn)) for each in page]


def optout_row(optout: OptOut, country: str | None) -> wire.OptoutRow:
    return wire.OptoutRow(
        id=optout.number,
        phone_number=with_plus(optout.msisdn),
        country_iso=country or shapes.NO_COUNTRY,
        # A STOP is the recipient's own doing, as a click on the link is.
        optout_from="admin" if optout.source is OptOutSource.API else "link",
        datetime=shapes.when(optout.created_at),
        campaign_id=None,
        group_id=None,
        group_name=None,
        campaign_name=None,
    )


def _cells(optout: OptOut, country: str | None) -> list[Cell]:
    row = optout_row(optout, country)
    return [row.id, row.phone_number, row.country_iso, row.optout_from, row.datetime]
