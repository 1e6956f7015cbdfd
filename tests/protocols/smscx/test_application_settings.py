"""What an application has set for SMS is obeyed when it sends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from heliograph.protocols.smscx.door.applications import SCOPES
from heliograph.runtime.platform import running
from heliograph.runtime.settings import Settings

URL = "http://127.0.0.1:9/receipts"
ALL_DAY = {"start": "00:00", "stop": "23:58"}


async def sent(tmp_path: Path, settings: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The answer to a send by an application with these settings for SMS, a day from now."""
    async with running(Settings(data_dir=tmp_path)) as platform:
        services = platform.services
        account = await services.accounts.ensure("sandbox")
        made = await services.applications.put(account, "Shop", SCOPES, settings={"sms": settings})
        _, _, issued = await services.applications.issue_token(made.id, made.secret, None)
        headers = {"Authorization": f"Bearer {issued.secret}"}
        transport = httpx2.ASGITransport(app=platform.web())
        async with httpx2.AsyncClient(transport=transport, base_url="http://test/smscx", headers=headers) as client:
            body = {"to": ["+33612345678"], "from": "Acme", "text": "Привет", "scheduledDate": "2031-01-01 12:00:00"}
            answer = await client.post("/sms", json=body | fields)
            shown = await client.get(f"/applications/{made.id}")
    assert answer.status_code == 200, answer.text
    assert shown.json()["settings"]["sms"] | settings == shown.json()["settings"]["sms"]
    found: dict[str, Any] = answer.json()
    return found


async def test_without_settings_the_request_alone_counts(tmp_path: Path) -> None:
    found = await sent(tmp_path, {})

    (row,) = found["data"]
    assert (row["from"], row["text"], row["inQuietHours"]) == ("Acme", "Привет", False)
    assert found["info"]["dlrCallbackUrl"] is None


async def test_its_originator_alphabet_and_callback_are_taken(tmp_path: Path) -> None:
    transliteration = {"alphabet": "RUSSIAN_CYRILLIC", "removeEmojis": False}
    found = await sent(tmp_path, {"enforceOriginator": "Shop", "transliteration": transliteration, "dlrCallback": URL})

    (row,) = found["data"]
    assert (row["from"], row["text"]) == ("Shop", "Privet")
    assert found["info"]["dlrCallbackUrl"] == URL


async def test_what_the_request_says_of_both_wins(tmp_path: Path) -> None:
    found = await sent(
        tmp_path,
        {"transliteration": {"alphabet": "RUSSIAN_CYRILLIC"}, "dlrCallback": URL},
        transliteration={"alphabet": "NONE"},
        dlrCallbackUrl=f"{URL}/own",
    )

    assert found["data"][0]["text"] == "Привет"
    assert found["info"]["dlrCallbackUrl"] == f"{URL}/own"


@pytest.mark.parametrize(("quiet", "minute"), [(ALL_DAY, "22:59:00"), ({"start": "", "stop": ""}, "12:00:00")])
async def test_its_quiet_hours_move_what_falls_into_them(tmp_path: Path, quiet: dict[str, str], minute: str) -> None:
    found = await sent(tmp_path, {"quietHours": quiet})

    (row,) = found["data"]
    assert row["scheduledAt"] == f"2031-01-01 {minute}"  # 23:59 in Paris
    assert row["inQuietHours"] is (minute != "12:00:00")
    assert found["info"]["totalInQuietHours"] == row["inQuietHours"]
