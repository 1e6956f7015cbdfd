"""Contacts: groups, who is in them and what is known of them, and the files that they are read from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

from starlette.responses import Response

from heliograph.console.live import live
from heliograph.console.texts import text
from heliograph.console.visits import Flash, Page, Typed, Undo, View, Visit
from heliograph.domain.accounts import Scope
from heliograph.domain.contacts import OWN_FIELDS, Contact, ContactDraft, Details
from heliograph.domain.errors import HeliographError, InvalidField, InvalidRecipient
from heliograph.domain.groups import Group, GroupDraft
from heliograph.domain.imports import WHY_REJECTED, Import, ImportState, ImportWish
from heliograph.doors.bodies import body_pieces
from heliograph.doors.downloads import csv_download
from heliograph.numbers import InvalidRow
from heliograph.services.exports import Cell

ON_A_PAGE = 50
_REJECTED_SHOWN = 20
_REJECTED_AT_ONCE = 1_000
_COLUMN = "column-"
"""How the names of fields begin that say what a column is; its place follows, from 1."""
_LEFT_OUT = "-"
"""What a mapping says of a column that is left out."""
_FIELDS = {"msisdn": "number", "contacts": "fields"}


async def listed(visit: Visit, status: int = 200) -> Response:
    """Show all groups, newest first, and the files that were read last."""
    before = visit.query.get("before") or None
    groups, total = await visit.services.groups.page(visit.account, limit=ON_A_PAGE, before=before)
    return visit.page(
        "groups.html",
        status,
        groups=groups,
        total=total,
        next=groups[-1].id if len(groups) == ON_A_PAGE else None,
        first=before is None,
        imports=await visit.services.imports.page(visit.account, limit=10),
        may_write=visit.may(Scope.GROUPS_WRITE),
    )


async def made(visit: Visit) -> Response:
    """Make a group."""
    typed = visit.typed
    try:
        if not typed.text("name"):
            raise InvalidField("Give the group a name.", field="name")
        group = await visit.services.groups.create(visit.account, GroupDraft(name=typed.text("name")))
    except HeliographError as error:
        typed.refuse(error, at="name")
        return await listed(visit, error.http_status)
    return visit.go(f"/groups/{group.id}", Flash("groups.made", {"name": group.name or ""}))


async def one(visit: Visit, status: int = 200) -> Response:
    """Show who is in a group."""
    services, account = visit.services, visit.account
    group = await services.groups.get(account, visit.named("group_id"))
    before = visit.query.get("before") or None
    contacts = await services.contacts.page(account, group, limit=ON_A_PAGE, before=before)
    return visit.page(
        "group.html",
        status,
        group=group,
        contacts=contacts,
        fields=list(dict.fromkeys(name for each in contacts for name in each.details.fields))[:8],
        next=contacts[-1].id if len(contacts) == ON_A_PAGE else None,
        first=before is None,
        may_write=visit.may(Scope.GROUPS_WRITE),
        may_send=visit.may(Scope.MESSAGES_SEND),
        region=account.default_region or "",
    )


async def deleted(visit: Visit) -> Response:
    """Delete a group with all that it knows."""
    group = await visit.services.groups.get(visit.account, visit.named("group_id"))
    await visit.services.groups.delete(visit.account, group.id)
    return visit.go("/groups", Flash("groups.deleted", {"name": group.name or group.id}))


async def exported(visit: Visit) -> Response:
    """Write a group into a file that can be read again, newest first."""
    group = await visit.services.groups.get(visit.account, visit.named("group_id"))
    header, rows = await visit.services.contacts.table(visit.account, group)
    return csv_download("contacts", header, rows, bom=True)


async def added(visit: Visit) -> Response:
    """Add somebody to a group."""
    typed = visit.typed
    group = await visit.services.groups.get(visit.account, visit.named("group_id"))
    try:
        draft = ContactDraft(number=typed.text("number"), details=_details(typed))
        done = await visit.services.contacts.add(visit.account, group, [draft], on_invalid=_not_a_number)
    except HeliographError as error:
        typed.refuse(error, at="number", fields=_FIELDS)
        return await one(visit, error.http_status)
    said = Flash("groups.added" if done.new else "groups.was_there", {"number": f"+{done.msisdns[0]}"})
    return visit.go(f"/groups/{group.id}", said)


def _not_a_number(rows: Sequence[InvalidRow]) -> Exception:
    return InvalidRecipient(f"{rows[0].text!r} is not a phone number: {rows[0].reason}.", field="number")


def _details(typed: Typed) -> Details:
    """Read what is known of somebody. Raises InvalidField for a line that names no field."""
    fields: dict[str, str] = {}
    for line in filter(str.strip, typed.raw("fields").split("\n")):
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise InvalidField(f"A line is written as in “city: Lyon”, not {line[:40]!r}.", field="fields")
        fields[name.strip()] = value.strip()
    own = {name: typed.text(name) or None for name in OWN_FIELDS}
    return Details(**own, fields=fields)


def _typed(contact: Contact) -> dict[str, str]:
    """Write what is known of somebody into the fields of the form."""
    details = contact.details
    lines = (f"{name}: {' '.join(value.split())}" for name, value in details.fields.items())
    own = {name: getattr(details, name) or "" for name in OWN_FIELDS}
    return {"number": f"+{contact.msisdn}", **own, "fields": "\n".join(lines)}


async def contact(visit: Visit) -> Response:
    """Show somebody, to be changed."""
    group, found = await visit.services.contacts.find(visit.account, visit.named("contact_id"))
    return _contact(visit._replace(typed=Typed(values=_typed(found))), group, found)


def _contact(visit: Visit, group: Group, found: Contact, status: int = 200) -> Response:
    return visit.page("contact.html", status, group=group, contact=found, may_write=visit.may(Scope.GROUPS_WRITE))


async def changed(visit: Visit) -> Response:
    """Change what is known of somebody."""
    typed, services = visit.typed, visit.services
    group, found = await services.contacts.find(visit.account, visit.named("contact_id"))
    try:
        details = _details(typed)
        after = await services.contacts.change(
            visit.account, group, found.id, lambda _: details, number=typed.text("number")
        )
    except HeliographError as error:
        typed.refuse(error, at="number", fields=_FIELDS)
        return _contact(visit, group, found, error.http_status)
    said = Flash("groups.changed", {"number": f"+{after.msisdn}"}, Undo(f"/contacts/{found.id}", _typed(found)))
    return visit.go(f"/groups/{group.id}", said)


async def removed(visit: Visit) -> Response:
    """Take somebody out of a group."""
    group, found = await visit.services.contacts.find(visit.account, visit.named("contact_id"))
    await visit.services.contacts.delete(visit.account, group, found.id)
    undo = Undo(f"/groups/{group.id}/contacts", _typed(found))
    return visit.go(f"/groups/{group.id}", Flash("groups.removed", {"number": f"+{found.msisdn}"}, undo))


async def checked(visit: Visit) -> Response:
    """Read a file without adding anything, and show how it was understood."""
    group = await visit.services.groups.get(visit.account, visit.named("group_id"))
    try:
        begun = await _begun(visit, group, dry_run=True)
    except HeliographError as error:
        return visit.fragment("import_check.html", error=error)
    chosen = {str(place): each.field or _LEFT_OUT for place, each in enumerate(begun.understood.columns, 1)}
    fields = ("number", *OWN_FIELDS)
    options = [*((each, text(f"groups.field_{each}")) for each in fields), (_LEFT_OUT, text("groups.field_none"))]
    import_at = visit.place(f"/groups/{group.id}/import")
    shown = {"error": None, "chosen": chosen, "options": options, "import_at": import_at}
    return visit.fragment("import_check.html", **shown, **_progress(begun))


async def taken(visit: Visit) -> Response:
    """Begin to read a file into a group, and show how far that is."""
    group = await visit.services.groups.get(visit.account, visit.named("group_id"))
    try:
        begun = await _begun(visit, group, dry_run=False)
    except HeliographError as error:
        return visit.fragment("import_check.html", error=error)
    return visit.go(f"/imports/{begun.id}")


async def _begun(visit: Visit, group: Group, *, dry_run: bool) -> Import:
    typed = visit.typed
    mapping = {name.removeprefix(_COLUMN): typed.text(name) for name in typed.fields if name.startswith(_COLUMN)}
    wish = ImportWish(
        group=group.name or "",
        mapping=mapping,
        region=typed.text("region").upper() or None,
        update=bool(typed.text("update")),
        dry_run=dry_run,
        file_name=typed.text("file_name") or None,
    )
    imports = visit.services.imports
    return await imports.begin(visit.account, body_pieces(visit.request, imports.largest_file), wish)


async def imported(visit: Visit) -> Response:
    """Show how far the reading of a file is, and what came of it."""
    found = await visit.services.imports.get(visit.account, visit.named("import_id"))
    rejected = await visit.services.imports.rejected(visit.account, found.id, limit=_REJECTED_SHOWN)
    return visit.page("import.html", rejected=rejected, may_write=visit.may(Scope.GROUPS_WRITE), **_progress(found))


def _progress(found: Import) -> Mapping[str, object]:
    may_undo = found.state in {ImportState.DONE, ImportState.FAILED} and not found.wish.dry_run
    return {"read": found, "counts": found.counts, "may_undo": may_undo}


async def events(visit: Visit) -> Response:
    """Show how far the reading of a file is, until it is over."""
    services, account, import_id = visit.services, visit.account, visit.named("import_id")
    await services.imports.get(account, import_id)
    ended = False

    async def fragments() -> Mapping[str, str]:
        nonlocal ended
        if ended:
            return {}
        found = await services.imports.get(account, import_id)
        ended = found.is_over
        return {"import": visit.rendered("import_progress.html", **_progress(found))}

    return live(visit, f"import:{import_id}", fragments)


async def undone(visit: Visit) -> Response:
    """Take away what a file has brought."""
    found = await visit.services.imports.undo(visit.account, visit.named("import_id"))
    return visit.go(f"/imports/{found.id}", Flash("groups.undoing"))


async def rejected(visit: Visit) -> Response:
    """Write the rows that were not taken into a file, with why, to be mended and read again."""
    found = await visit.services.imports.get(visit.account, visit.named("import_id"))

    async def rows() -> AsyncIterator[Sequence[Sequence[Cell]]]:
        after = 0
        while page := await visit.services.imports.rejected(
            visit.account, found.id, limit=_REJECTED_AT_ONCE, after=after
        ):
            yield [[each.reason, *each.cells] for _, each in page]
            after = page[-1][0]

    header = [WHY_REJECTED, *(each.name for each in found.understood.columns)]
    return csv_download("rejected", header, rows(), bom=True)


PAGE = Page(
    "groups",
    (
        View("/groups", Scope.GROUPS_READ, listed),
        View("/groups", Scope.GROUPS_WRITE, made, "POST"),
        View("/groups/{group_id}", Scope.GROUPS_READ, one),
        View("/groups/{group_id}/export", Scope.GROUPS_READ, exported),
        View("/groups/{group_id}/contacts", Scope.GROUPS_WRITE, added, "POST"),
        View("/contacts/{contact_id}", Scope.GROUPS_READ, contact),
        View("/contacts/{contact_id}", Scope.GROUPS_WRITE, changed, "POST"),
        View("/contacts/{contact_id}/remove", Scope.GROUPS_WRITE, removed, "POST"),
        View("/groups/{group_id}/check", Scope.GROUPS_WRITE, checked, "POST", takes_file=True),
        View("/groups/{group_id}/import", Scope.GROUPS_WRITE, taken, "POST", takes_file=True),
        View("/imports/{import_id}", Scope.GROUPS_READ, imported),
        View("/imports/{import_id}/events", Scope.GROUPS_READ, events),
        View("/imports/{import_id}/rejected", Scope.GROUPS_READ, rejected),
        View("/imports/{import_id}/undo", Scope.GROUPS_WRITE, undone, "POST"),
        View("/groups/{group_id}/delete", Scope.GROUPS_WRITE, deleted, "POST"),
    ),
)
