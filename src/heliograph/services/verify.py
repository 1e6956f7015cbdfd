"""Verifying numbers by one-time codes.

A verification and the message with its code are stored in one commit (`also` of `Batches.create`), and what bounds
codes (`domain/fraud.py`) is looked at and counted in the same transaction, with other requests of the account waiting
their turn: two who ask at once can't both be the last one allowed. The code itself is not stored. It follows from a key
outside the store, the verification's identifier and how often one was sent, so it can be made again; what is stored is
its HMAC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from heliograph.domain.accounts import Account, same_secret
from heliograph.domain.batches import Batch, Draft, Options
from heliograph.domain.errors import (
    AlreadyVerified,
    CodesRefused,
    InvalidField,
    NoCoverage,
    NotFound,
    OptedOut,
    TooManyCodes,
    VerificationCanceled,
    VerificationExpired,
    VerificationFailed,
    VerificationOver,
    WrongCode,
)
from heliograph.domain.fraud import (
    HOUR,
    MINUTE_MS,
    CodeCount,
    CodeLimits,
    Guarded,
    Verdict,
    limits_with,
    refused,
    refused_person,
    refused_place,
)
from heliograph.domain.ids import new_id
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.priorities import Priority
from heliograph.domain.verifications import (
    ATTEMPTS,
    LENGTHS,
    PLACEHOLDER,
    RESEND_AFTER,
    SENDS,
    TIMES_TO_LIVE_S,
    CodeFate,
    Verification,
    VerificationDraft,
    VerificationStatus,
    Wording,
    code_of,
    hash_code,
)
from heliograph.engine.engine import Engine
from heliograph.numbers import Check, country_of
from heliograph.services.batches import Batches, Created
from heliograph.services.recipients import parse_msisdns
from heliograph.store.optouts import opted_out_among
from heliograph.store.tx import Tx
from heliograph.store.verifications import (
    CodeSums,
    add_verification,
    busy_prefixes,
    check_code,
    code_counts_of,
    code_sums_of,
    codes_sent,
    count_codes,
    end_verification,
    pending_verification,
    put_further,
    verification_by_id,
)
from heliograph.text import Template

MOST_LOOKED_AT = 50
"""How many prefixes are looked at for those to which no code is sent: those with the most within an hour."""
_OVER: dict[VerificationStatus, type[VerificationOver]] = {
    VerificationStatus.VERIFIED: AlreadyVerified,
    VerificationStatus.EXPIRED: VerificationExpired,
    VerificationStatus.CANCELED: VerificationCanceled,
    VerificationStatus.FAILED: VerificationFailed,
}


_Store = Callable[[Tx, Batch], None]


class _IsPending(Exception):
    """Somebody else has begun to verify this number at the same moment."""


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to whether a number would be sent a code now."""

    msisdn: str
    verdict: Verdict | None
    """The reason why it would not; None if it would."""
    counts: Mapping[str, CodeCount]
    """Codes by prefix of the number; none for numbers of the sandbox."""


class Verify:
    """The verifications of an account. Raises NotFound for one that it does not have."""

    def __init__(self, engine: Engine, batches: Batches, key: bytes, limits: CodeLimits) -> None:
        """Make codes, and what is stored of them, from the `key`, which is not in the store."""
        self._key = key
        self._engine = engine
        self._store = engine.store
        self._batches = batches
        self._limits = limits

    async def start(self, account: Account, draft: VerificationDraft) -> Verification:
        """Send a code. When this returns, message and verification are committed.

        Raises InvalidRecipient; InvalidField by name; InvalidCallbackUrl; NoCoverage; OptedOut; TooManyCodes;
        CodesRefused; and what sending a message raises: then nothing is stored.
        """
        return await self._start(account, draft, _nothing_else)

    async def start_or_send_again(self, account: Account, draft: VerificationDraft) -> Verification:
        """Send a code as `start` does, or the code of a pending verification of this door and number once more.

        So it is also if two ask at the same moment. The code stays good for as long as it was, and wrong ones stay
        counted. Raises what `start` raises, and TooManyCodes for the sixth time.
        """
        while True:
            msisdn = _msisdn(account, draft.number, draft.region)
            pending = await self._store.read(pending_verification, account.id, msisdn, draft.protocol, now_ms())
            try:
                if pending is None:
                    return await self._start(account, draft, _check_none_is_pending)
                return await self._send_again(account, pending, draft.wording)
            except (_IsPending, VerificationOver):  # it is another one's turn now, or nobody's
                continue

    async def _start(
        self, account: Account, draft: VerificationDraft, check: Callable[[Tx, Verification, int], None]
    ) -> Verification:
        self._check(draft)
        msisdn = _msisdn(account, draft.number, draft.region)
        if self._engine.tariff.under(account.terms).price_of(draft.wording.channel, country_of(msisdn)) is None:
            raise NoCoverage()
        now = now_ms()
        verification_id = new_id()
        code = code_of(self._key, verification_id, 1, draft.wording)
        wanted = Verification(
            id=verification_id,
            account_id=account.id,
            msisdn=msisdn,
            address=draft.address,
            client_reference=draft.client_reference,
            status=VerificationStatus.PENDING,
            code_hash=hash_code(self._key, verification_id, code),
            attempts=0,
            max_attempts=draft.max_attempts,
            sends=1,
            ttl_s=draft.ttl_s,
            expires_at=from_ms(now) + timedelta(seconds=draft.ttl_s),
            settled_at=None,
            batch_id="",
            price=0,
            parts=1,
            callback_url=draft.callback_url,
            protocol=draft.protocol,
            wording=draft.wording,
            created_at=from_ms(now),
        )

        def store(tx: Tx, batch: Batch) -> None:
            check(tx, wanted, now)
            self._check_limits(tx, account, wanted, now)
            add_verification(tx, self._sent_by(account, wanted, batch))

        created = await self._send(account, wanted, code, store)
        return self._sent_by(account, wanted, created.batch)

    async def resend(self, account: Account, verification_id: str) -> Verification:
        """Send another code in the place of the last one, which is good no longer; wrong codes stay counted.

        Raises VerificationOver; OptedOut; CodesRefused; TooManyCodes, also for the second within some seconds.
        """
        wanted = await self.get(account, verification_id)
        now = now_ms()
        if wanted.status is not VerificationStatus.PENDING:
            raise _over(wanted)
        code = code_of(self._key, wanted.id, wanted.sends + 1, wanted.wording)
        expires_at = from_ms(now) + timedelta(seconds=wanted.ttl_s)

        def check(before: Verification) -> None:
            if from_ms(now) - _last_sent(before) < RESEND_AFTER:
                raise TooManyCodes("The last code has only just been sent.", why=Guarded.NUMBER)

        return await self._send_further(account, msgspec.structs.replace(wanted, expires_at=expires_at), code, check)

    async def _send_again(self, account: Account, wanted: Verification, wording: Wording) -> Verification:
        """Send the pending code once more, in other words if these are others."""
        code = self._code_of(wanted)
        wording = msgspec.structs.replace(wording, kind=wanted.wording.kind, length=wanted.wording.length)

        def check(before: Verification) -> None:
            if before.sends >= SENDS:
                raise TooManyCodes(
                    f"The code was sent {before.sends} times, and has neither been used nor expired.",
                    why=Guarded.NUMBER,
                )

        return await self._send_further(account, msgspec.structs.replace(wanted, wording=wording), code, check)

    def _code_of(self, verification: Verification) -> str:
        """Make the code that is good; another one if this was made from another secret."""
        for nth in range(verification.sends, 0, -1):
            code = code_of(self._key, verification.id, nth, verification.wording)
            if same_secret(verification.code_hash, hash_code(self._key, verification.id, code)):
                return code
        return code_of(self._key, verification.id, verification.sends + 1, verification.wording)

    async def _send_further(
        self, account: Account, wanted: Verification, code: str, check: Callable[[Verification], None]
    ) -> Verification:
        """Store `wanted` with what the message adds to it; `check` is asked about what is stored before."""
        now = now_ms()
        stored: list[Verification] = []

        def store(tx: Tx, batch: Batch) -> None:
            def renew(before: Verification) -> Verification:
                check(before)
                self._check_limits(tx, account, before, now)
                return msgspec.structs.replace(
                    self._sent_by(account, before, batch),
                    code_hash=hash_code(self._key, before.id, code),
                    sends=before.sends + 1,
                    expires_at=wanted.expires_at,
                    wording=wanted.wording,
                )

            after = put_further(tx, account.id, wanted.id, renew, now)
            if after is None:
                raise VerificationOver()
            stored[:] = [after]

        await self._send(account, wanted, code, store)
        return stored[0]

    async def why(self, account: Account, number: str) -> Outlook:
        """Say whether a number would be sent a code now, whoever asks for it, and why not. Raises InvalidRecipient."""
        msisdn = _msisdn(account, number)
        return await self._store.read(self._outlook, account, msisdn, None, now_ms())

    async def sums(self, account: Account, *, limit: int) -> list[CodeSums]:
        """Sum the codes of the last day by prefix of the numbers, those with the most first."""
        return await self._store.read(code_sums_of, account.id, now_ms(), limit=limit)

    async def guarded(self, account: Account) -> list[Verdict]:
        """Say to which prefixes no code would be sent at this moment, of those that were sent the most lately."""
        now, limits = now_ms(), limits_with(self._limits, account.terms.codes)
        counts = await self._store.read(busy_prefixes, account.id, now, limit=MOST_LOOKED_AT)
        into_minute = now % MINUTE_MS / MINUTE_MS
        found = [refused({prefix: count}, limits, into_minute) for prefix, count in counts.items()]
        return [verdict for verdict in found if verdict is not None]

    def _outlook(self, tx: Tx, account: Account, msisdn: str, address: str | None, now: int) -> Outlook:
        limits = limits_with(self._limits, account.terms.codes)
        since = now - HOUR * MINUTE_MS
        counts = code_counts_of(tx, account.id, msisdn, now)
        verdict = (
            refused_place(msisdn, limits)
            or refused_person(
                codes_sent(tx, account.id, since, msisdn=msisdn),
                codes_sent(tx, account.id, since, address=address) if address else 0,
                limits,
            )
            or refused(counts, limits, now % MINUTE_MS / MINUTE_MS)
        )
        return Outlook(msisdn=msisdn, verdict=verdict, counts=counts)

    def _check_limits(self, tx: Tx, account: Account, wanted: Verification, now: int) -> None:
        """Check the limits, and count the code that is to be sent: of several at once each counts after the one before.

        Raises OptedOut, TooManyCodes and CodesRefused.
        """
        if opted_out_among(tx, [(account.id, [wanted.msisdn])]):
            raise OptedOut()
        tx.take_turns_about(f"codes {account.id}")
        verdict = self._outlook(tx, account, wanted.msisdn, wanted.address, now).verdict
        if verdict is not None:
            error = TooManyCodes if verdict.why.passes else CodesRefused
            raise error(verdict.sentence, why=verdict.why)
        count_codes(tx, account.id, wanted.msisdn, now, sent=1)

    async def pending(self, account: Account, number: str, protocol: str) -> Verification | None:
        """Find the newest verification of one door that can still be ended by its code. Raises InvalidRecipient."""
        msisdn = _msisdn(account, number)
        return await self._store.read(pending_verification, account.id, msisdn, protocol, now_ms())

    async def get(self, account: Account, verification_id: str) -> Verification:
        found = await self._store.read(verification_by_id, account.id, verification_id)
        if found is None:
            raise NotFound("There is no such verification in this account.")
        if found.status is VerificationStatus.PENDING and found.expires_at <= from_ms(now_ms()):
            return msgspec.structs.replace(found, status=VerificationStatus.EXPIRED)
        return found

    async def check(self, account: Account, verification_id: str, code: str) -> Verification:
        """Check a code, however it is typed (`hash_code`), and return the verified verification.

        Raises WrongCode; VerificationFailed for the last wrong one; VerificationOver in its kinds once there is nothing
        to verify. A wrong code is counted when this raises.
        """
        code_hash = hash_code(self._key, verification_id, code)
        found = await self._store.write(check_code, account.id, verification_id, code_hash, now_ms())
        if found is None:
            raise NotFound("There is no such verification in this account.")
        after, fate = found
        if fate is CodeFate.WRONG:
            raise WrongCode(attempts_left=after.max_attempts - after.attempts)
        self._engine.wake_callbacks()
        if fate is not CodeFate.RIGHT:
            raise _over(after, just_now=fate is not CodeFate.OVER)
        return after

    async def cancel(self, account: Account, verification_id: str) -> Verification:
        """Make the code worthless, and call its message back if it has not gone. Raises VerificationOver."""
        return await self._end(account, verification_id, VerificationStatus.CANCELED)

    async def approve(self, account: Account, verification_id: str) -> Verification:
        """End a verification as verified: the customer knows by other means. Raises VerificationOver in its kinds.

        The code becomes worthless, and the message is called back if it has not gone.
        """
        return await self._end(account, verification_id, VerificationStatus.VERIFIED)

    async def _end(self, account: Account, verification_id: str, status: VerificationStatus) -> Verification:
        found = await self._store.write(end_verification, account.id, verification_id, status, now_ms())
        if found is None:
            raise NotFound("There is no such verification in this account.")
        before, after = found
        self._engine.wake_callbacks()
        if before.status is not VerificationStatus.PENDING or after.status is not status:
            raise _over(after)
        return after

    def _check(self, draft: VerificationDraft) -> None:
        wording = draft.wording
        names = set(Template(wording.text).names)
        if PLACEHOLDER not in names:
            raise InvalidField(f"The text has no ${{{PLACEHOLDER}}} in it.", field="text")
        if strangers := names - {PLACEHOLDER, *wording.values}:
            raise InvalidField(f"The text has a parameter without a value: {min(strangers)}.", field="text")
        for name, value, allowed in (
            ("length", wording.length, LENGTHS),
            ("ttl_s", draft.ttl_s, TIMES_TO_LIVE_S),
            ("max_attempts", draft.max_attempts, ATTEMPTS),
        ):
            if value not in allowed:
                raise InvalidField(f"`{name}` is from {allowed.start} to {allowed.stop - 1}.", field=name)
        self._engine.guard.require(draft.callback_url)

    async def _send(self, account: Account, wanted: Verification, code: str, store: _Store) -> Created:
        draft = Draft(
            protocol=wanted.protocol,
            to=[f"+{wanted.msisdn}"],
            originator=wanted.wording.originator,
            text=wanted.wording.text,
            parameters={
                PLACEHOLDER: {"default": code},
                **{name: {"default": value} for name, value in wanted.wording.values.items()},
            },
            expire_at=wanted.expires_at,
            options=Options(priority=Priority.URGENT, channel=wanted.wording.channel, as_given=True),
        )
        try:
            return await self._batches.create(account, draft, also=store)
        except (TooManyCodes, CodesRefused) as error:
            self._engine.metrics.code_refused(str(error.facts["why"]))
            raise

    def _sent_by(self, account: Account, wanted: Verification, batch: Batch) -> Verification:
        (quote,) = self._engine.tariff.under(account.terms).quotes(batch, batch.recipients)
        return msgspec.structs.replace(
            wanted, batch_id=batch.id, price=wanted.price + quote.price, parts=max(quote.parts, 1)
        )


def _msisdn(account: Account, number: str, region: str | None = None) -> str:
    (msisdn,) = parse_msisdns([number], region or account.default_region, Check.POSSIBLE, field="number")
    return msisdn


def _last_sent(verification: Verification) -> datetime:
    """Return when the last code was made."""
    return verification.expires_at - timedelta(seconds=verification.ttl_s)


def _nothing_else(_tx: Tx, _wanted: Verification, _now: int) -> None:
    """Check nothing: several verifications may be pending for a number."""


def _check_none_is_pending(tx: Tx, wanted: Verification, now: int) -> None:
    """Check that none of this door is pending for the number: of two at once the second finds one.

    Raises _IsPending.
    """
    tx.take_turns_about(f"verification {wanted.account_id} {wanted.msisdn}")
    if pending_verification(tx, wanted.account_id, wanted.msisdn, wanted.protocol, now) is not None:
        raise _IsPending()


def _over(verification: Verification, *, just_now: bool = False) -> VerificationOver:
    return _OVER.get(verification.status, VerificationExpired)(just_now=just_now)
