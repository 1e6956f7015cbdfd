"""The asynchronous client. `client.py` is generated from this file by `make generate`; edit this one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from heliograph.calling import AsyncDriver, AsyncTransport, basic
from heliograph.protocols.twilio import calls, wire

DEFAULT_BASE_URL = "https://api.twilio.com"
DEFAULT_VERIFY_URL = "https://verify.twilio.com"
DEFAULT_TIMEOUT_S = 30.0


def credentials(user: str, password: str) -> dict[str, str]:
    """Return the headers that say who asks, and that the answer is to be JSON."""
    return {"Authorization": basic(user, password), "Accept": "application/json"}


class AsyncClient:
    """One account of a Twilio server, for code that awaits. Close it, or use it as a context manager.

    Refusals raise the TwilioExceptions of `errors`, with Twilio's own code; `calling.Unreachable` says that the server
    can't be reached, and whether the request may have arrived.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        base_url: str = DEFAULT_BASE_URL,
        *,
        api_key: tuple[str, str] | None = None,
        verify_url: str | None = None,
        timeout: float = DEFAULT_TIMEOUT_S,
        driver: AsyncDriver | None = None,
        verify_driver: AsyncDriver | None = None,
    ) -> None:
        """Take an account's sid and token, or an API key of its own.

        An `api_key`, its sid and secret, is used instead of the account's token. `verify_url` is Verify's server if
        that is another than `base_url`, as Twilio's own is. `timeout` is in seconds. Drivers are used instead of
        transports of its own.
        """
        headers = credentials(*(api_key or (account_sid, auth_token)))
        if verify_url is None:
            verify_url = DEFAULT_VERIFY_URL if base_url == DEFAULT_BASE_URL else base_url
        self._account = f"{wire.API}/Accounts/{account_sid}"
        self._driver = driver or AsyncTransport(base_url.rstrip("/"), headers, answer_s=timeout)
        self._verify = verify_driver or driver or AsyncTransport(verify_url.rstrip("/"), headers, answer_s=timeout)

    async def close(self) -> None:
        await self._driver.close()
        await self._verify.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def create_message(
        self,
        to: str,
        *,
        body: str | None = None,
        from_: str | None = None,
        messaging_service_sid: str | None = None,
        media_url: Sequence[str] = (),
        status_callback: str | None = None,
        validity_period: int | None = None,
        send_at: datetime | None = None,
        provide_feedback: bool | None = None,
        smart_encoded: bool | None = None,
        **others: Any,
    ) -> wire.Message:
        """Send a message from a number or name, or by a messaging service.

        `validity_period` is in seconds; `send_at` must be aware, and needs a messaging service. `others` are Twilio's
        further parameters, by their own names (`MaxPrice="0.50"`). There is no key that makes a repetition harmless:
        after a time-out the message may have been taken.
        """
        fields = {
            "To": to,
            "From": from_,
            "MessagingServiceSid": messaging_service_sid,
            "Body": body,
            "MediaUrl": list(media_url),
            "StatusCallback": status_callback,
            "ProvideFeedback": provide_feedback,
            "ValidityPeriod": validity_period,
            "SmartEncoded": smart_encoded,
            "ScheduleType": None if send_at is None else "fixed",
            "SendAt": send_at,
        }
        path = f"{self._account}/Messages.json"
        return await self._driver.run(calls.post(path, wire.Message, fields | others))

    async def fetch_message(self, sid: str) -> wire.Message:
        return await self._driver.run(calls.get(self._message(sid), wire.Message))

    async def list_messages(
        self,
        *,
        to: str | None = None,
        from_: str | None = None,
        date_sent: datetime | None = None,
        date_sent_before: datetime | None = None,
        date_sent_after: datetime | None = None,
        page_size: int = wire.USUAL_PAGE,
    ) -> AsyncIterator[wire.Message]:
        """Yield all messages that match, newest first; pages are fetched as they are needed."""
        query = {
            "To": to,
            "From": from_,
            "DateSent": date_sent,
            "DateSent<": date_sent_before,
            "DateSent>": date_sent_after,
            "PageSize": page_size,
        }
        page = await self._driver.run(calls.get(f"{self._account}/Messages.json", wire.MessagePage, query))
        while True:
            for message in page.messages:
                yield message
            if page.next_page_uri is None:
                return
            page = await self._driver.run(calls.get(page.next_page_uri, wire.MessagePage))

    async def redact_message(self, sid: str) -> wire.Message:
        """Delete the text of a message that is finished."""
        return await self._driver.run(calls.post(self._message(sid), wire.Message, {"Body": ""}))

    async def cancel_message(self, sid: str) -> wire.Message:
        """Cancel a scheduled message."""
        return await self._driver.run(calls.post(self._message(sid), wire.Message, {"Status": "canceled"}))

    async def delete_message(self, sid: str) -> None:
        """Delete a message that is finished."""
        await self._driver.run(calls.delete(self._message(sid)))

    async def list_media(self, sid: str) -> Sequence[wire.Media]:
        """List the media of a message."""
        path = self._message(sid).removesuffix(".json") + "/Media.json"
        return (await self._driver.run(calls.get(path, wire.MediaPage))).media_list

    async def fetch_media(self, sid: str, media_sid: str) -> wire.Media:
        return await self._driver.run(calls.get(self._medium(sid, media_sid), wire.Media))

    async def delete_media(self, sid: str, media_sid: str) -> None:
        await self._driver.run(calls.delete(self._medium(sid, media_sid)))

    async def create_feedback(self, sid: str, outcome: str = "confirmed") -> wire.Feedback:
        """Tell whether the recipient has the message: `confirmed` or `unconfirmed`."""
        path = self._message(sid).removesuffix(".json") + "/Feedback.json"
        return await self._driver.run(calls.post(path, wire.Feedback, {"Outcome": outcome}))

    async def fetch_balance(self) -> wire.Balance:
        return await self._driver.run(calls.get(f"{self._account}/Balance.json", wire.Balance))

    async def fetch_account(self) -> wire.AccountInfo:
        return await self._driver.run(calls.get(f"{self._account}.json", wire.AccountInfo))

    async def start_verification(
        self, service_sid: str, to: str, channel: str = "sms", **others: Any
    ) -> wire.Verification:
        """Send a one-time code; while one is pending, another for the same verification."""
        path = f"/v2/Services/{service_sid}/Verifications"
        fields = {"To": to, "Channel": channel} | others
        return await self._verify.run(calls.post(path, wire.Verification, fields))

    async def check_verification(
        self, service_sid: str, code: str, *, to: str | None = None, verification_sid: str | None = None
    ) -> wire.VerificationCheck:
        """Check a code: the status is `approved` if it is right and `pending` if it is wrong.

        Raises TwilioException with status 404 once there is none to check.
        """
        path = f"/v2/Services/{service_sid}/VerificationCheck"
        fields = {"Code": code, "To": to, "VerificationSid": verification_sid}
        return await self._verify.run(calls.post(path, wire.VerificationCheck, fields))

    async def fetch_verification(self, service_sid: str, sid: str) -> wire.Verification:
        return await self._verify.run(calls.get(f"/v2/Services/{service_sid}/Verifications/{sid}", wire.Verification))

    async def update_verification(self, service_sid: str, sid: str, status: str) -> wire.Verification:
        """Set a verification's status: `canceled` voids the code, `approved` says it was verified by other means."""
        path = f"/v2/Services/{service_sid}/Verifications/{sid}"
        return await self._verify.run(calls.post(path, wire.Verification, {"Status": status}))

    def _message(self, sid: str) -> str:
        return f"{self._account}/Messages/{sid}.json"

    def _medium(self, sid: str, media_sid: str) -> str:
        return f"{self._account}/Messages/{sid}/Media/{media_sid}.json"
