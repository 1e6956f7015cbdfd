"""What the network says of many numbers, asked in one job."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from heliograph.domain.errors import InvalidCallbackUrl
from heliograph.domain.lookups import Lookup, LookupJob
from heliograph.doors import AnyCall, Call
from heliograph.doors.downloads import Chunks
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.lookups import lookup_row
from heliograph.protocols.smscx.door.numbers import NUMBER_CODES
from heliograph.protocols.smscx.door.paging import place
from heliograph.protocols.smscx.door.refusals import invalid_param
from heliograph.protocols.smscx.door.resource import (
    PROTOCOL,
    SmscxResource,
    csv_file,
    exports,
    operation,
    xlsx_file,
)
from heliograph.protocols.smscx.door.settings import settings_of
from heliograph.protocols.smscx.wire import common
from heliograph.protocols.smscx.wire import lookups as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.exports import Cell

_HEADER = (
    "lookupId",
    "phoneNumber",
    "countryIso",
    "status",
    "statusDescription",
    "mccmnc",
    "originalNetwork",
    "ported",
    "portedNetwork",
    "roaming",
    "roamingNetwork",
    "roamingCountryIso",
    "cost",
    "datetime",
)
_CODES = msgspec.structs.replace(NUMBER_CODES, not_found=Code.BULK_LOOKUP_UNKNOWN)


class LookupJobs(SmscxResource):
    operations = (
        operation(
            "POST",
            "/numbers/lookup",
            "lookup_numbers",
            "Ask the network about many numbers; the answers come later.",
            request=wire.LookupRequest,
            response=wire.LookupsReply,
            codes=NUMBER_CODES,
        ),
        operation(
            "GET",
            "/numbers/lookup",
            "get_bulk_lookup_campaigns",
            "List the jobs of many numbers, newest first.",
            query=common.PageQuery,
            response=wire.LookupCampaigns,
        ),
        *exports(
            "/numbers/lookup/lookupBulkId/{lookup_bulk_id}",
            "number_lookup_report",
            "Get all answers of a job",
            codes=_CODES,
        ),
        operation(
            "GET",
            "/numbers/lookup/lookupBulkId/{lookup_bulk_id}",
            "get_bulk_lookup_status",
            "Get a page of the answers of a job.",
            query=common.PageQuery,
            response=wire.LookupResult,
            codes=_CODES,
        ),
    )

    async def lookup_numbers(self, call: Call[None, wire.LookupRequest]) -> wire.LookupsReply:
        body = call.body
        numbers = reading.listed(body.phone_numbers)
        own = await settings_of(self._services, call.principal, "lookup")
        url = body.lookup_callback_url or own.get("lookupCallback") or None
        try:
            job, wanted, invalid = await self._services.numbers.look_up_many(
                call.account,
                numbers,
                protocol=PROTOCOL,
                region=reading.country(body.country_iso),
                callback_url=url,
                on_invalid=lambda wrong: invalid_param(
                    Code.NOTHING_TO_LOOK_UP, "There is no number here to look up.", wrong
                ),
            )
        except InvalidCallbackUrl as error:
            raise invalid_param(Code.LOOKUP_CALLBACK_URL_INVALID, error.message) from error
        return _accepted(job, wanted, invalid)

    async def get_bulk_lookup_campaigns(self, call: Call[common.PageQuery, None]) -> wire.LookupCampaigns:
        at = place(call.query)
        found = await self._services.numbers.jobs(call.account, **at.range)
        page = at.page(found, key=lambda job: job.id)
        return wire.LookupCampaigns(
            data=[
                wire.LookupCampaign(
                    id=to_uuid(job.id),
                    total_phone_numbers=job.asked,
                    total_valid=job.accepted,
                    total_cost=shapes.money(job.price),
                    datetime_added=shapes.when(job.created_at),
                )
                for job in page.rows
            ],
            paging=page.paging,
        )

    async def get_bulk_lookup_status(self, call: Call[common.PageQuery, None]) -> wire.LookupResult:
        job_id = reading.identifier(call.path["lookup_bulk_id"], Code.BULK_LOOKUP_ID_INVALID)
        job, countries = await self._services.numbers.job(call.account, job_id)
        at = place(call.query)
        found = await self._services.numbers.lookups(call.account, job_id, **at.range)
        page = at.page(found, key=lambda stored: stored.id)
        return wire.LookupResult(
            info=wire.LookupResultInfo(
                lookup_bulk_id=to_uuid(job.id),
                total_phone_numbers=job.asked,
                total_valid=job.accepted,
                total_cost=shapes.money(job.price),
                phone_numbers_by_country=shapes.by_country(countries),
            ),
            data=[lookup_row(stored) for stored in page.rows],
            paging=page.paging,
        )

    async def export_number_lookup_report_to_csv(self, call: Call[common.ExportQuery, None]) -> Response:
        return csv_file(call, "lookup", _HEADER, await self._lookup_cells(call))

    async def export_number_lookup_report_to_xlsx(self, call: Call[common.ExportQuery, None]) -> Response:
        return xlsx_file("lookup", _HEADER, await self._lookup_cells(call))

    async def _lookup_cells(self, call: AnyCall) -> Chunks:
        job_id = reading.identifier(call.path["lookup_bulk_id"], Code.BULK_LOOKUP_ID_INVALID)
        await self._services.numbers.job(call.account, job_id)

        async def cells() -> Chunks:
            async for page in self._services.numbers.all_lookups(call.account, job_id):
                yield [_cells(each) for each in page]

        return cells()


def _accepted(job: LookupJob, wanted: Sequence[Lookup], invalid: Sequence[str]) -> wire.LookupsReply:
    return wire.LookupsReply(
        info=wire.LookupsInfo(
            lookup_bulk_id=to_uuid(job.id),
            total_phone_numbers=job.asked,
            total_valid=job.accepted,
            total_invalid=len(invalid),
            total_cost=shapes.money(job.price),
            invalid=invalid,
            phone_numbers_by_country=shapes.by_country([each.country for each in wanted]),
        ),
        data=[
            wire.LookupRow(
                phone_number=f"+{each.msisdn}",
                country_iso=each.country or shapes.NO_COUNTRY,
                cost=shapes.money(each.price),
                lookup_id=to_uuid(each.id),
                datetime=shapes.when(each.created_at),
            )
            for each in wanted
        ],
    )


def _cells(stored: Lookup) -> list[Cell]:
    row = lookup_row(stored)
    return [
        row.lookup_id,
        row.phone_number,
        row.country_iso,
        row.status,
        row.status_description,
        row.mccmnc,
        row.original_network.name,
        "yes" if row.ported else "no",
        row.ported_network.name,
        "yes" if row.roaming else "no",
        row.roaming_network.name,
        row.roaming_network.country_iso,
        row.cost,
        row.datetime,
    ]
