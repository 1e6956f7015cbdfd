"""The asynchronous client. `client.py` is generated from this file by `make generate`; edit this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from heliograph.calling import AsyncDriver, AsyncTransport
from heliograph.protocols.isendpro import wire
from heliograph.protocols.isendpro.calls import Calls

DEFAULT_HOST = "https://apirest.isendpro.com/cgi-bin"
DEFAULT_TIMEOUT_S = 30.0
HOME_ZONE = ZoneInfo("Europe/Paris")


class AsyncClient:
    """One account of an iSendPro server, for code that awaits. Close it, or use it as a context manager.

    Operations are named as in the vendor's clients. What is wrong with one number is said in its entry, by its code;
    what is wrong with the request raises the IsendproExceptions of `errors`, and `calling.Unreachable` says that the
    server can't be reached.
    """

    def __init__(
        self,
        keyid: str,
        host: str = DEFAULT_HOST,
        timeout: float = DEFAULT_TIMEOUT_S,
        *,
        driver: AsyncDriver | None = None,
    ) -> None:
        """Log in by `keyid` at `host`, which ends in /cgi-bin.

        `timeout` is in seconds. A `driver` is used instead of a transport of its own.
        """
        self._calls = Calls(keyid)
        self._driver = driver or AsyncTransport(host.rstrip("/"), {"Accept": "application/json"}, answer_s=timeout)

    async def close(self) -> None:
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def send_sms(self, num: str, sms: str, **options: str) -> wire.Entry:
        """Send a text to one number.

        Options are those of the protocol: `emetteur`, `tracker`, `smslong`, `nostop`, `ucs2`, `date_envoi` and
        `gmt_zone`, `sandbox`.
        """
        entries = await self._driver.run(self._calls.entries("POST", "/sms", {"num": num, "sms": sms} | options))
        return entries[0]

    async def send_sms_multi(
        self,
        num: Sequence[str],
        sms: Sequence[str],
        *,
        tracker: Sequence[str] | None = None,
        repertoire_id: str | None = None,
        **options: str,
    ) -> list[wire.Entry]:
        """Send one text for all numbers, or one for each; to these numbers, or to an address book."""
        wanted = {"num": num or None, "sms": sms, "tracker": tracker, "repertoireId": repertoire_id}
        return await self._driver.run(self._calls.entries("POST", "/smsmulti", wanted | options))

    async def comptage(self, num: str, sms: str, **options: str) -> wire.Entry:
        """Count the characters and parts of a text without sending it."""
        wanted = {"comptage": "1", "num": num, "sms": sms} | options
        return (await self._driver.run(self._calls.entries("POST", "/comptage", wanted)))[0]

    async def get_credit(self, credit: str = "1") -> wire.Credit:
        """Get the account's balance in euros; with `"2"`, also how many SMS to metropolitan France it buys."""
        return await self._driver.run(self._calls.credit(credit))

    async def get_hlr(self, num: Sequence[str]) -> list[wire.Entry]:
        """Ask the networks which of them each number is with now."""
        return await self._driver.run(self._calls.entries("POST", "/hlr", {"getHLR": "1", "num": num}))

    async def get_operateur(self, num: Sequence[str]) -> list[wire.Entry]:
        """Tell which network each number is with by the numbering plan, without asking the networks."""
        return await self._driver.run(self._calls.entries("POST", "/qualification", {"getOperateur": "1", "num": num}))

    async def repertoire_crea(self, repertoire_nom: str) -> wire.Entry:
        """Create an address book; its `repertoire_id` is in the entry."""
        wanted = {"repertoireEdit": "create", "repertoireNom": repertoire_nom}
        return (await self._driver.run(self._calls.entries("POST", "/repertoire", wanted)))[0]

    async def repertoire(
        self,
        repertoire_edit: str,
        repertoire_id: str,
        num: Sequence[str],
        champs: Mapping[int, Sequence[str]] | None = None,
    ) -> list[wire.Entry]:
        """Add numbers to an address book (`add`) or remove them (`del`).

        `champs` are columns beside `num`: 1 is the name, 2 to 27 are free to use.
        """
        wanted = {"repertoireEdit": repertoire_edit, "repertoireId": repertoire_id, "num": num}
        columns = {f"champ{place}": values for place, values in (champs or {}).items()}
        return await self._driver.run(self._calls.entries("PUT", "/repertoire", wanted | columns))

    async def set_liste_noire(self, num: str) -> wire.Entry:
        """Put a number on the account's blacklist."""
        wanted = {"setlisteNoire": "1", "num": num}
        return (await self._driver.run(self._calls.queried("/setlistenoire", wanted)))[0]

    async def del_liste_noire(self, num: str) -> wire.Entry:
        """Take a number off the account's blacklist."""
        wanted = {"delListeNoire": "1", "num": num}
        return (await self._driver.run(self._calls.queried("/dellistenoire", wanted)))[0]

    async def get_liste_noire(self) -> bytes:
        """Download the blacklist: a ZIP with a CSV file."""
        return await self._driver.run(self._calls.file("POST", "/getlistenoire", {"getListeNoire": "1"}))

    async def get_campagne(self, date_deb: datetime, date_fin: datetime) -> bytes:
        """Download what was sent in a period: a ZIP with a CSV file. Times without a zone are those of France."""
        wanted = {"rapportCampagne": "1", "date_deb": _wall(date_deb), "date_fin": _wall(date_fin)}
        return await self._driver.run(self._calls.file("GET", "/campagne", wanted))

    async def add_shortlink(self, shortlink: str) -> wire.Entry:
        """Make a short address for a long one. The one returned has no scheme."""
        return (await self._driver.run(self._calls.entries("POST", "/shortlink", {"shortlink": shortlink})))[0]

    async def add_subaccount(self, login: str, password: str) -> wire.Entry:
        """Create an account below this one; its key is in the entry."""
        wanted = {"subAccountEdit": "addAccount", "subAccountLogin": login, "subAccountPassword": password}
        return (await self._driver.run(self._calls.entries("POST", "/subaccount", wanted)))[0]

    async def set_subaccount_price(self, key_id: str, country_code: str, price: str) -> wire.Entry:
        """Set what a sub-account pays for an SMS to a country (ISO 3166 alpha-2)."""
        wanted = {"subAccountPrice": price, "subAccountCountryCode": country_code}
        return await self._edit_subaccount("setPrice", key_id, wanted)

    async def add_subaccount_credit(self, key_id: str, credit: str) -> wire.Entry:
        """Move credit from this account to a sub-account."""
        return await self._edit_subaccount("addCredit", key_id, {"subAccountAddCredit": credit})

    async def set_subaccount_restriction(
        self, key_id: str, *, stop: bool | None = None, time: bool | None = None
    ) -> wire.Entry:
        """Set whether a sub-account must say how to opt out (`stop`) and keep quiet at night (`time`).

        None leaves a restriction as it is.
        """
        flags = {"subAccountRestrictionStop": stop, "subAccountRestrictionTime": time}
        wanted = {name: str(int(flag)) for name, flag in flags.items() if flag is not None}
        return await self._edit_subaccount("setRestriction", key_id, wanted)

    async def _edit_subaccount(self, edit: str, key_id: str, wanted: Mapping[str, str]) -> wire.Entry:
        asked = {"subAccountEdit": edit, "subAccountKeyId": key_id} | dict(wanted)
        return (await self._driver.run(self._calls.entries("PUT", "/subaccount", asked)))[0]


def _wall(at: datetime) -> str:
    """Format an instant as a clock in France shows it; one without a zone is taken to be from there."""
    return f"{at if at.tzinfo is None else at.astimezone(HOME_ZONE):%Y-%m-%d %H:%M}"
