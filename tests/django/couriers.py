"""The courier's project in processes of its own, and the gateway that it sends by."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from heliograph.calling import Request, Response

COURIER = Path(__file__).parent / "courier"
DAY = json.loads((COURIER / "day.json").read_text())
"""What came of a day on pymess."""
BEFORE, AFTER = "courier.before", "courier.after"


def gateway(request: Request) -> Response:
    """SMS Operator's: what is sent is on its way, what is asked about is delivered."""
    ids = re.findall(rb"<SmsId>\s*([^<\s]+)\s*</SmsId>", request.body or b"")
    status = b"0" if b"SMS-Status" in (request.body or b"") else b"11"
    items = b"".join(b"<DataItem><SmsId>%s</SmsId><Status>%s</Status></DataItem>" % (each, status) for each in ids)
    return Response(200, b"<SmsServices>%s</SmsServices>" % items)


class Courier:
    """The project, in processes of its own."""

    def __init__(self, database: dict[str, Any], gateway_url: str, pymess: Path | None = None) -> None:
        """`pymess` is where it is installed."""
        self.environment = os.environ | {"COURIER_DATABASE": json.dumps(database), "COURIER_GATEWAY": f"{gateway_url}/"}
        self.pymess = pymess

    def command(self, settings: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
        environment = self.environment | {"DJANGO_SETTINGS_MODULE": settings}
        if settings == BEFORE:
            environment["PYTHONPATH"] = str(self.pymess)
        return [sys.executable, "manage.py", *arguments], environment

    def manage(self, settings: str, *arguments: str) -> str:
        command, environment = self.command(settings, *arguments)
        done = subprocess.run(command, cwd=COURIER, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout
