"""Whatever is asked wrongly is answered in Twilio's shape, with a code that Twilio has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heliograph.protocols.twilio.codes import HTTP_STATUS, Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Server


@pytest.fixture(scope="module")
def raw(server: Server) -> Iterator[httpx2.Client]:
    entry = server.ready["protocols"]["twilio"]
    with httpx2.Client(
        base_url=entry["base_url"], auth=(entry["account_sid"], entry["auth_token"]), trust_env=False
    ) as client:
        yield client


def addresses(server: Server) -> list[str]:
    entry = server.ready["protocols"]["twilio"]
    account, service = f"/2010-04-01/Accounts/{entry['account_sid']}", f"/v2/Services/{entry['verify_service_sid']}"
    message = f"{account}/Messages/SM{'0' * 32}"
    return [
        f"{account}.json",
        f"{account}/Messages.json",
        f"{message}.json",
        f"{message}/Media.json",
        f"{message}/Media/ME{'0' * 32}.json",
        f"{message}/Feedback.json",
        f"{account}/Balance.json",
        f"{account}/Nothing.json",
        "/2010-04-01/Accounts/AC1/Messages.json",
        f"{service}/Verifications",
        f"{service}/Verifications/VE{'0' * 32}",
        f"{service}/VerificationCheck",
        "/v2/Services/VA1/Verifications",
        "/v2/nothing",
    ]


NAMES = ["To", "From", "Body", "MediaUrl", "StatusCallback", "ValidityPeriod", "SendAt", "ScheduleType", "Status"]
FIELDS = st.dictionaries(
    st.sampled_from(
        [*NAMES, "MessagingServiceSid", "Channel", "Code", "Outcome", "PageSize", "PageToken", "DateSent<"]
    ),
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(["sms", "+33612345678", "MG" + "1" * 32, "canceled", "fixed", "9999-12-31", "\0", "1" * 30]),
    ),
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.data(), st.sampled_from(["GET", "POST", "DELETE", "PUT"]), FIELDS)
def test_every_refusal_has_its_shape(
    server: Server, raw: httpx2.Client, data: st.DataObject, method: str, fields: dict[str, str]
) -> None:
    path = data.draw(st.sampled_from(addresses(server)))
    how = {"data": fields} if method in {"POST", "PUT"} else {"params": fields}

    answer = raw.request(method, path, **how)  # type: ignore[arg-type]

    if answer.status_code >= 300:
        said = answer.json()
        code = Code(said["code"])
        assert set(said) == {"code", "message", "more_info", "status"}
        assert said["status"] == answer.status_code == HTTP_STATUS.get(code, 400)
        assert said["more_info"] == f"https://www.twilio.com/docs/errors/{int(code)}"
        assert said["message"]
        assert answer.status_code < 500


@pytest.mark.parametrize("body", [b"\xff", b"To", b"To=%zz&&", b"{", b"To=" + b"x" * 2_000_000])
def test_so_have_bodies_that_are_no_forms(server: Server, raw: httpx2.Client, body: bytes) -> None:
    header = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = raw.post(addresses(server)[1], content=body, headers=header)

    assert (answer.status_code, answer.json()["status"]) == (400, 400)
