"""One-time codes, which prove that a number is somebody's."""

from __future__ import annotations

from typing import Literal

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.transport import SyncTransport


class Verify:
    """Verifications: one-time codes, which prove that a number is somebody's."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def start(
        self,
        *,
        to: str,
        text: str = "Your code is ${code}",
        originator: str | None = None,
        from_: str | None = None,
        kind: Literal["digits", "letters", "alphanumeric"] = "digits",
        length: int = 6,
        ttl_s: int = 300,
        max_attempts: int = 3,
        address: str | None = None,
        client_reference: str | None = None,
        callback_url: str | None = None,
    ) -> wire.Verification:
        """Send a one-time code and start its verification.

        `length` is 4 to 10, `ttl_s` 60 to 1800 seconds, `max_attempts` 1 to 10. `address` is of whoever is to prove
        that the number is theirs (their IP address, say): TooManyCodes is raised if too many were asked for on its
        behalf, or for this number, or in all. CodesRefused is raised for numbers of costly kinds, countries that are
        sent none, and ranges where nobody enters them.
        """
        body = wire.StartVerification(
            to=to,
            text=text,
            originator=calls.sender(originator, from_),
            kind=kind,
            length=length,
            ttl_s=ttl_s,
            max_attempts=max_attempts,
            address=address,
            client_reference=client_reference,
            callback_url=callback_url,
        )
        return self._transport.run(calls.post(wire.Verification, body, "verifications"))

    def check(self, verification_id: str, code: str) -> wire.Verification:
        """Check a code, and return the verification if it is the right one.

        Raises WrongCode if it is not, and VerificationFailed once too many were wrong; AlreadyVerified,
        VerificationExpired or VerificationCanceled if there is nothing to verify any more.
        """
        body = wire.CheckCode(code=code)
        return self._transport.run(calls.post(wire.Verification, body, "verifications", verification_id, "check"))

    def resend(self, verification_id: str) -> wire.Verification:
        """Send another code; the last one is no longer good. Raises TooManyCodes within some seconds of it."""
        return self._transport.run(calls.act(wire.Verification, "verifications", verification_id, "resend"))

    def cancel(self, verification_id: str) -> wire.Verification:
        """Cancel a verification: its code is no longer good."""
        return self._transport.run(calls.act(wire.Verification, "verifications", verification_id, "cancel"))

    def why(self, number: str) -> wire.CodeOutlook:
        """Say whether a number would be sent a code now, and why not, with how many its like were sent."""
        return self._transport.run(calls.get(wire.CodeOutlook, "verifications", "why", calls.bare(number)))

    def get(self, verification_id: str) -> wire.Verification:
        """Get a verification. Raises NotFound if the account has no such verification."""
        return self._transport.run(calls.get(wire.Verification, "verifications", verification_id))
