"""Operations on verifications: one-time codes, which prove that a number is somebody's."""

from __future__ import annotations

import msgspec

from heliograph.api import wire
from heliograph.api.resource import PROTOCOL, NativeResource
from heliograph.api.values import money
from heliograph.domain.accounts import Scope
from heliograph.domain.verifications import CodeKind, Verification, VerificationDraft, Wording
from heliograph.doors import Call, Operation
from heliograph.services.verify import Outlook


class Verifications(NativeResource):
    operations = (
        Operation(
            name="start_verification",
            method="POST",
            path="/verifications",
            scope=Scope.VERIFY,
            request=wire.StartVerification,
            response=wire.Verification,
            status=201,
            summary="Send a one-time code to a number",
        ),
        Operation(
            name="get_verification",
            method="GET",
            path="/verifications/{verification_id}",
            scope=Scope.VERIFY,
            response=wire.Verification,
            summary="Where a verification stands",
        ),
        Operation(
            name="why_verification",
            method="GET",
            path="/verifications/why/{number}",
            scope=Scope.VERIFY,
            response=wire.CodeOutlook,
            summary="Whether a number would be sent a code now, and why not",
        ),
        Operation(
            name="check_verification",
            method="POST",
            path="/verifications/{verification_id}/check",
            scope=Scope.VERIFY,
            request=wire.CheckCode,
            response=wire.Verification,
            summary="Hold a code against the one that was sent; a wrong one is an error, and counted",
        ),
        Operation(
            name="resend_verification",
            method="POST",
            path="/verifications/{verification_id}/resend",
            scope=Scope.VERIFY,
            response=wire.Verification,
            summary="Send another code in the place of the last one",
        ),
        Operation(
            name="cancel_verification",
            method="POST",
            path="/verifications/{verification_id}/cancel",
            scope=Scope.VERIFY,
            response=wire.Verification,
            summary="Make a code worthless",
        ),
    )

    async def start_verification(self, call: Call[None, wire.StartVerification]) -> wire.Verification:
        return shown_verification(await self._services.verify.start(call.account, verification_draft(call.body)))

    async def get_verification(self, call: Call[None, None]) -> wire.Verification:
        return shown_verification(await self._services.verify.get(call.account, call.path["verification_id"]))

    async def why_verification(self, call: Call[None, None]) -> wire.CodeOutlook:
        return shown_outlook(await self._services.verify.why(call.account, call.path["number"]))

    async def check_verification(self, call: Call[None, wire.CheckCode]) -> wire.Verification:
        return shown_verification(
            await self._services.verify.check(call.account, call.path["verification_id"], call.body.code)
        )

    async def resend_verification(self, call: Call[None, None]) -> wire.Verification:
        return shown_verification(await self._services.verify.resend(call.account, call.path["verification_id"]))

    async def cancel_verification(self, call: Call[None, None]) -> wire.Verification:
        return shown_verification(await self._services.verify.cancel(call.account, call.path["verification_id"]))


def verification_draft(wanted: wire.StartVerification) -> VerificationDraft:
    return VerificationDraft(
        number=wanted.to,
        wording=Wording(
            text=wanted.text, originator=wanted.originator, kind=CodeKind(wanted.kind), length=wanted.length
        ),
        ttl_s=wanted.ttl_s,
        max_attempts=wanted.max_attempts,
        address=wanted.address,
        client_reference=wanted.client_reference,
        callback_url=wanted.callback_url,
        protocol=PROTOCOL,
    )


def shown_verification(stored: Verification) -> wire.Verification:
    return wire.Verification(
        id=stored.id,
        to=f"+{stored.msisdn}",
        status=stored.status.value,
        attempts=stored.attempts,
        max_attempts=stored.max_attempts,
        sends=stored.sends,
        expires_at=stored.expires_at,
        settled_at=stored.settled_at,
        price=money(stored.price),
        client_reference=stored.client_reference,
        created_at=stored.created_at,
    )


def shown_outlook(found: Outlook) -> wire.CodeOutlook:
    verdict = found.verdict
    return wire.CodeOutlook(
        to=f"+{found.msisdn}",
        allowed=verdict is None,
        why=None if verdict is None else verdict.why.value,
        explanation=None if verdict is None else verdict.sentence,
        counts=[
            wire.CodeCount(prefix=prefix, **msgspec.structs.asdict(count)) for prefix, count in found.counts.items()
        ],
    )
