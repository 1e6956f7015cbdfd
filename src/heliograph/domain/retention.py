"""For how long data are kept: what becomes of which table when the days of a class are over.

The problem. Numbers of days are given by class, for the installation (the setting `retention`) and by account (its
terms), and each class stands in several tables. What is forgotten here stays for ever, so `TREATMENTS` and `STAYS`
are one list of all of them, and a test asks of every column of the schema whether it is in it.

How it works. A walk is about one class, the table whose rows get old, and a number of days; it is done for all accounts
that have that number (`walks_of`). Identifiers begin with the time (`domain/ids.py`), so a walk goes along the primary
key, from where the last run ended to the bound, and never looks at what it has dealt with. What may not be touched yet
is noted aside and looked at again by each run. `store/retention.py` does it, `engine/retaining.py` sets it going.

What holds. Money is not touched: sums of the ledger, prices of messages and counts of batches are what they were. What
is still to be sent, or belongs to a batch that has not ended, waits until that has.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from heliograph.domain.accounts import Kept

MOST_DAYS = 100 * 366
DAY_MS = 24 * 3_600_000
LATE_MS = 7 * DAY_MS
"""How long after the end of its validity a message without a receipt still counts as under way."""


class Treatment(NamedTuple):
    """What becomes of the rows of a table when the days of a class are over."""

    kept: Kept
    table: str
    blanks: tuple[str, ...] = ()
    """The columns that lose what they say; none: the rows are deleted."""
    of: str = ""
    """The table whose rows get old, where these are only a part of them."""

    @property
    def aged_by(self) -> str:
        return self.of or self.table


TREATMENTS = (
    Treatment(Kept.TEXTS, "batches", ("body", "parameters", "fields", "options", "fingerprint")),
    Treatment(Kept.TEXTS, "verifications", ("wording",)),
    Treatment(Kept.TEXTS, "phone_messages", ("body", "udh", "rich_media")),
    Treatment(Kept.NUMBERS, "batches", ("recipients", "parameters", "fields", "recipient_facts", "fingerprint")),
    Treatment(Kept.NUMBERS, "messages", ("msisdn",), of="batches"),
    Treatment(Kept.NUMBERS, "link_tokens", of="batches"),
    Treatment(Kept.NUMBERS, "hits", ("msisdn",)),
    Treatment(Kept.NUMBERS, "events", ("facts",)),
    Treatment(Kept.NUMBERS, "verifications"),
    Treatment(Kept.NUMBERS, "lookups"),
    Treatment(Kept.NUMBERS, "imports"),
    Treatment(Kept.NUMBERS, "import_changes", of="imports"),
    Treatment(Kept.NUMBERS, "import_rejects", of="imports"),
    Treatment(Kept.NUMBERS, "phone_messages"),
    Treatment(Kept.RECEIPTS, "messages", ("provider_ref", "provider_code", "detail"), of="batches"),
    Treatment(Kept.RECEIPTS, "attempts", of="batches"),
    Treatment(Kept.CALLBACKS, "events"),
    Treatment(Kept.INBOUND, "inbound", ("msisdn", "body", "udh", "keyword", "provider_facts")),
    Treatment(Kept.INBOUND, "conversations"),
    Treatment(Kept.INBOUND, "conversation_notes"),
    Treatment(Kept.HITS, "hits", ("msisdn", "address", "user_agent", "language", "referrer")),
    Treatment(Kept.AUDIT, "audit"),
)

STAYS: Mapping[str, str] = {
    **dict.fromkeys(("accounts", "credentials", "former_secrets", "applications", "settings"), "the account's own"),
    **dict.fromkeys(("originators", "templates", "groups", "group_children", "links"), "the account's own"),
    **dict.fromkeys(("files", "file_pieces"), "the account's own: attachments"),
    **dict.fromkeys(("group_members", "optouts"), "the account's address book, and whom not to write to"),
    **dict.fromkeys(("people", "roles", "sessions", "recovery_codes", "invitations"), "of who signs in"),
    **dict.fromkeys(("person_links", "used_states"), "of who signs in"),
    **dict.fromkeys(("balances", "ledger", "usage", "rents", "lookup_jobs"), "money"),
    **dict.fromkeys(("numbering", "audit_head", "retention_walks", "retention_held"), "counts of its own"),
    **dict.fromkeys(
        ("processes", "leases", "connected_keys", "paces", "request_rates", "code_counts", "works"), "of the moment"
    ),
    **dict.fromkeys(("text_words", "text_indexes"), "made of texts, and gone with them"),
    **dict.fromkeys(("polls", "early_receipts", "ref_keys", "idempotency_keys"), "of the moment: a week at most"),
    **dict.fromkeys(("long_inbound", "inbound_parts"), "until their message is whole"),
    "parked": "waits to be sent",
}
"""Tables that no class is about, and why."""


class Walk(NamedTuple):
    """A class and a table to be gone through, and for whom."""

    kept: Kept
    table: str
    days: int
    accounts: frozenset[str]
    all_others: bool
    """Whether it is for all accounts but these, instead of for these."""

    @property
    def id(self) -> str:
        """Return its name, the same while days and table are: `texts/batches/30`, of the installation `…/30/all`."""
        return f"{self.kept}/{self.table}/{self.days}{'/all' if self.all_others else ''}"

    def is_for(self, account_id: str | None) -> bool:
        return (account_id in self.accounts) is not self.all_others

    def newly_for_some(self, before: Sequence[str]) -> bool:
        """Say whether it is for accounts that it was not for when it had these."""
        more, fewer = (set(before), self.accounts) if self.all_others else (self.accounts, set(before))
        return not more <= fewer


def walks_of(installation: Mapping[Kept, int], accounts: Mapping[str, Mapping[Kept, int]]) -> dict[str, Walk]:
    """Return the walks to be done, by their names, for the days of the installation and those of accounts."""
    walks = []
    for kept, table in dict.fromkeys((each.kept, each.aged_by) for each in TREATMENTS):
        own: defaultdict[int, set[str]] = defaultdict(set)
        for account_id, days in accounts.items():
            if kept in days:
                own[days[kept]].add(account_id)
        walks += [Walk(kept, table, days, frozenset(ids), all_others=False) for days, ids in own.items()]
        if kept in installation:
            others = frozenset(account_id for ids in own.values() for account_id in ids)
            walks.append(Walk(kept, table, installation[kept], others, all_others=True))
    return {walk.id: walk for walk in walks}


def stand_in(place: int) -> str:
    """Return what stands in for a number: no number begins with 0, and the place in the batch keeps them apart."""
    return f"0{place:08}"


NOBODY = stand_in(0)
"""What stands in for a number that nothing has to be told from."""
