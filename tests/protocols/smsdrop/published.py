"""Runs a published client in a process of its own, for its dependencies are older than ours.

python published.py BASE EMAIL PASSWORD < calls > answers: each line of either is JSON. A call has a `method` and its
`arguments`, a `campaign` among them as a dict; `log_in` makes the client. An answer has a `value` or an `error`.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import types
from datetime import datetime
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 12):
    import setuptools  # noqa: F401 - brings distutils back, which their redis imports

_base, _email, _password = sys.argv[1:]
_places = [str(Path(place) / "smsdrop") for place in sys.path if (Path(place) / "smsdrop").is_dir()]


def _imported() -> Any:
    """The package, whose dataclasses have a default that Python 3.11 takes only if it has a hash."""
    parent = types.ModuleType("smsdrop")
    parent.__path__ = _places
    sys.modules["smsdrop"] = parent
    import smsdrop.storages

    smsdrop.storages.DictStorage.__hash__ = object.__hash__
    del sys.modules["smsdrop"]
    import smsdrop

    return smsdrop


smsdrop = _imported()
first_version = hasattr(smsdrop, "CampaignCreate")


def _client(email: str, password: str) -> Any:
    if not first_version:
        return smsdrop.Client(email, password, base_url=_base)
    # Its requests go to the public host, whatever `context` says, which is for logging in only.
    smsdrop.Client._http_client.base_url = _base
    return smsdrop.Client(email, password, context=_base)


def _campaign(fields: dict[str, Any]) -> Any:
    if "defer_until" in fields:
        fields["defer_until"] = datetime.fromisoformat(fields["defer_until"])
    if "message_type" in fields:
        fields["message_type"] = smsdrop.MessageType(fields["message_type"])
    return (smsdrop.CampaignCreate if first_version else smsdrop.Campaign)(**fields)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value


def _done(client: Any, call: dict[str, Any]) -> Any:
    arguments = call["arguments"]
    if "campaign" in arguments:
        campaign = arguments["campaign"] = _campaign(arguments["campaign"])
        result = getattr(client, call["method"])(**arguments)
        return campaign if result is None else result
    return getattr(client, call["method"])(**arguments)


def main() -> None:
    client = None
    for line in sys.stdin:
        try:
            if client is None:
                client = _client(_email, _password)
            answer = {"value": _plain(_done(client, json.loads(line)))}
        except Exception as error:
            answer = {"error": type(error).__name__, "text": str(error), "id": getattr(error, "id", None)}
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


main()
