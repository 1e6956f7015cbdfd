"""The members of groups, with what is known of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from heliograph.domain.accounts import Account
from heliograph.domain.contacts import OWN_FIELDS, Added, Contact, ContactDraft, Details, together
from heliograph.domain.errors import InvalidRecipient, NotFound
from heliograph.domain.groups import Group
from heliograph.domain.lengths import LONGEST_VALUE, require_short
from heliograph.engine.engine import Engine
from heliograph.numbers import Check, InvalidNumber, InvalidRow, normalise, normalise_many
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.store.contacts import (
    Census,
    Put,
    census_of,
    change_contact,
    contact_by_id,
    contacts_in,
    contacts_of,
    delete_contact,
    group_of_contact,
)
from heliograph.store.groups import group_by_id, groups_by_numbers, page_of_groups
from heliograph.store.membership import Behind, Brought, add_contacts, empty_group, moving
from heliograph.store.tx import Tx
from heliograph.store.works import Holder, Slice

T = TypeVar("T")

_EXPORTED_AT_ONCE = 5_000
_ALL = 1_000_000


class Headcount(NamedTuple):
    """A group, who is in it, and what one message of one part to all of them would cost."""

    group: Group
    census: Census
    price: int
    """Millionths of the currency."""


class Contacts:
    """The members of an account's groups.

    Raises NotFound for a group or a contact that the account does not have.
    """

    def __init__(self, engine: Engine) -> None:
        self._store = engine.store
        self._works = engine.works
        self._engine = engine

    async def group(self, account: Account, number: int) -> Group:
        """Read a group by its number."""
        return (await self.groups(account, [number]))[0]

    async def groups(self, account: Account, numbers: Sequence[int]) -> list[Group]:
        """Read groups by their numbers, in the order given."""
        found = await self._store.read(groups_by_numbers, account.id, numbers)
        for number in numbers:
            if number not in found:
                raise NotFound(f"There is no group {number} in this account.")
        return [found[number] for number in numbers]

    async def headcounts(self, account: Account) -> list[Headcount]:
        """Count the members of all groups, newest group first."""
        groups, _ = await self._store.read(page_of_groups, account.id, limit=_ALL)
        return await self._counted(account, groups)

    async def headcount(self, account: Account, number: int) -> Headcount:
        """Count the members of one group."""
        (found,) = await self._counted(account, [await self.group(account, number)])
        return found

    async def _counted(self, account: Account, groups: Sequence[Group]) -> list[Headcount]:
        censuses = await self._store.read(census_of, account.id, [group.id for group in groups])
        nobody = Census(0, 0, {})
        return [
            Headcount(group, census, self.price_of(account, census.by_country))
            for group in groups
            for census in [censuses.get(group.id, nobody)]
        ]

    def price_of(self, account: Account, by_country: Mapping[str | None, int]) -> int:
        """Return what a message of one part to so many recipients in each country costs an account, in millionths."""
        tariff = self._engine.tariff.under(account.terms)
        prices = {country: tariff.price_of("sms", country) or 0 for country in by_country}
        return sum(prices[country] * count for country, count in by_country.items())

    async def add(
        self,
        account: Account,
        group: Group,
        drafts: Sequence[ContactDraft],
        *,
        update: bool = False,
        on_invalid: Callable[[Sequence[InvalidRow]], Exception] | None,
    ) -> Added:
        """Add contacts with new numbers; `update` writes what is not blank over what was known of the others.

        If two have the same number the first counts, and the second where the first is blank. `on_invalid` makes the
        error that is raised if something is not a number; None: the others are added.
        """
        many = len(drafts) > MANY_NUMBERS
        await aside(many, _check_details, [draft.details for draft in drafts])
        asked, invalid = await aside(many, _numbers, drafts, account.default_region)
        if invalid and on_invalid is not None:
            raise on_invalid(invalid)
        puts: dict[int, Put] = {}

        def decide(tx: Tx, holder: Holder) -> Brought | None:
            return add_contacts(tx, account.id, group.id, list(asked.items()), update=update, holder=holder)

        def slices(begun: Brought | None) -> list[Slice]:
            return [] if begun is None or begun.work is None else moving(begun.work, Behind(begun.asked, ()), puts)

        brought = await self._works.decided(decide, slices, rows=len(asked))
        if brought is None:
            raise NotFound("This group is gone.")
        done = [brought.put, *(put for _, put in sorted(puts.items()))]
        return Added(
            asked=len(drafts),
            msisdns=list(asked),
            new=[msisdn for put in done for msisdn in put.new],
            updated=[msisdn for put in done for msisdn in put.updated],
            invalid=invalid,
        )

    async def page(
        self, account: Account, group: Group, *, limit: int, before: str | None = None, after: str | None = None
    ) -> list[Contact]:
        """Read a page, newest first, of contacts older than `before`, or newer than `after`."""
        return await self._store.read(contacts_of, account.id, group.id, limit=limit, before=before, after=after)

    async def everybody(self, account: Account, group: Group) -> AsyncIterator[list[Contact]]:
        """Read all contacts of a group, newest first, some thousands at a time, as they are asked for."""
        before: str | None = None
        while page := await self.page(account, group, limit=_EXPORTED_AT_ONCE, before=before):
            yield page
            before = page[-1].id

    async def table(
        self, account: Account, group: Group
    ) -> tuple[list[str], AsyncIterator[Sequence[Sequence[str | None]]]]:
        """Return a group as a table that can be imported again: its header, and its rows as they are read.

        The customer's own fields have a column each: so the contacts are read twice.
        """
        names: dict[str, None] = {}
        async for some in self.everybody(account, group):
            names.update(dict.fromkeys(name for each in some for name in each.details.fields))
        own = [name for name in names if name not in {*OWN_FIELDS, "number"}]

        async def rows() -> AsyncIterator[Sequence[Sequence[str | None]]]:
            async for some in self.everybody(account, group):
                yield [
                    [
                        *(getattr(each.details, name) for name in OWN_FIELDS),
                        f"+{each.msisdn}",
                        *map(each.details.fields.get, own),
                    ]
                    for each in some
                ]

        return [*OWN_FIELDS, "number", *own], rows()

    async def within(self, account: Account, groups: Sequence[Group]) -> list[Contact]:
        """Read all contacts of several groups; who is in several comes several times."""
        return await self._store.read(contacts_in, account.id, [group.id for group in groups])

    async def find(self, account: Account, contact_id: str) -> tuple[Group, Contact]:
        """Read a contact, and the group that it is in."""
        found = await self._store.read(_find, account.id, contact_id)
        if found is None:
            raise NotFound(f"There is no contact {contact_id} in this account.")
        return found

    async def change(
        self,
        account: Account,
        group: Group,
        contact_id: str,
        edit: Callable[[Details], Details],
        *,
        number: str | None = None,
        check: Callable[[Contact], None] | None = None,
    ) -> Contact:
        """Give a contact what `edit` makes of its details, and a new number if there is one.

        `check` looks at the contact as it is in the transaction of the change, which it can refuse. Raises
        InvalidRecipient; NameTaken if the group has that number already.
        """
        try:
            msisdn = None if number is None else normalise(number, region=account.default_region)
        except InvalidNumber as error:
            raise InvalidRecipient(f"{number!r} is not a phone number: {error.reason}.", field="msisdn") from error

        def edited(before: Contact) -> Details:
            if check is not None:
                check(before)
            details = edit(before.details)
            _check_details([details])
            return details

        return _found(await self._store.write(change_contact, account.id, group.id, contact_id, msisdn, edited))

    async def get(self, account: Account, group: Group, contact_id: str) -> Contact:
        """Read a contact of a group."""
        return _found(await self._store.read(contact_by_id, account.id, group.id, contact_id))

    async def delete(self, account: Account, group: Group, contact_id: str) -> Contact:
        """Delete a contact and return it."""
        return _found(await self._store.write(delete_contact, account.id, group.id, contact_id))

    async def empty(self, account: Account, group: Group) -> int:
        """Take out all contacts, and return how many there were."""
        emptied = await self._works.decided(lambda tx, holder: empty_group(tx, account.id, group.id, holder))
        if emptied is None:
            raise NotFound("This group is gone.")
        return emptied.members


def _find(tx: Tx, account_id: str, contact_id: str) -> tuple[Group, Contact] | None:
    group_id = group_of_contact(tx, account_id, contact_id)
    group = None if group_id is None else group_by_id(tx, account_id, group_id)
    contact = None if group is None else contact_by_id(tx, account_id, group.id, contact_id)
    return None if group is None or contact is None else (group, contact)


def _found(contact: Contact | None) -> Contact:
    if contact is None:
        raise NotFound("There is no such contact in this group.")
    return contact


def _check_details(several: Sequence[Details]) -> None:
    for details in several:
        require_short([details.first_name, details.last_name, details.email, *details.fields], "contacts")
        require_short(details.fields.values(), "contacts", LONGEST_VALUE)


def _numbers(drafts: Sequence[ContactDraft], region: str | None) -> tuple[dict[str, Details], list[InvalidRow]]:
    """Read drafts: what is said of each number, and what is not a number, both in the order of the drafts."""
    by_region: dict[str | None, list[int]] = {}
    for index, draft in enumerate(drafts):
        by_region.setdefault(draft.region or region, []).append(index)
    msisdns: dict[int, str] = {}
    invalid: list[InvalidRow] = []
    for place, those in by_region.items():
        read = normalise_many([drafts[index].number for index in those], region=place, check=Check.POSSIBLE)
        wrong = {those[row.index]: row for row in read.invalid}
        invalid += [replace(row, index=index) for index, row in wrong.items()]
        msisdns.update(zip([index for index in those if index not in wrong], read.msisdns, strict=True))
    said: dict[str, list[Details]] = {}
    for index in sorted(msisdns):
        said.setdefault(msisdns[index], []).append(drafts[index].details)
    found = {msisdn: together(details) for msisdn, details in said.items()}
    return found, sorted(invalid, key=lambda row: row.index)
