"""People: who signs in, what each of them may do and where, and who has been invited. For who runs the installation."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from heliograph.console.texts import text
from heliograph.console.visits import Choice, Flash, Page, Undo, View, Visit
from heliograph.domain.accounts import ADMINISTRATORS, Account, Scope
from heliograph.domain.errors import HeliographError, NotFound
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.people import Invitation, Person, Role, role_named
from heliograph.services.signing_in import Invited

ON_A_PAGE = 50


async def listed(visit: Visit, status: int = 200, invited: Invited | None = None) -> Response:
    """Show everybody, newest first, or one e-mail address; an invitation that was made with its link, shown once."""
    people = visit.services.people
    before, q = visit.query.get("before") or None, visit.query.get("q", "").strip()
    if q:
        try:
            found = [await people.named(q)]
        except NotFound:
            found = []
    else:
        found = await people.page(limit=ON_A_PAGE, before=before)
    if not visit.typed.fields:
        visit.typed.put("account", visit.account.id)
    return visit.page(
        "people.html",
        status,
        asked={"q": q},
        people=found,
        next=found[-1].id if len(found) == ON_A_PAGE else None,
        first=before is None,
        invitations=await _open_invitations(visit) if before is None and not q else [],
        invited=invited,
        link=f"{visit.here}/invitation/{invited.token}" if invited else "",
        roles=list(Role),
        places=_places(visit),
        installation=ADMINISTRATORS,
    )


async def _open_invitations(visit: Visit) -> Sequence[Invitation]:
    found = await visit.services.signing_in.invitations(limit=ON_A_PAGE)
    return [each for each in found if each.accepted_at is None and each.expires_at > from_ms(now_ms())]


def _places(visit: Visit) -> Sequence[Choice]:
    """List the accounts where somebody can be something, this one first."""
    this = Choice(visit.account.id, visit.account.name)
    return [this, *(each for each in visit.visitor.accounts if each.id != this.id)]


async def invited(visit: Visit) -> Response:
    """Invite somebody, and show the link once."""
    typed = visit.typed
    try:
        role = role_named(typed.text("role"))
        made = await visit.services.signing_in.invite(typed.text("email"), role, await _where(visit, role))
    except HeliographError as error:
        typed.refuse(error, at="email")
        return await listed(visit, error.http_status)
    typed.clear()
    return await listed(visit, invited=made)


async def _where(visit: Visit, role: Role | None) -> Account | None:
    """Read the account of a form; an administrator is one of none."""
    named = visit.typed.text("account")
    if role is Role.ADMINISTRATOR or not named:
        return None
    return await visit.services.accounts.named(named)


async def withdrawn(visit: Visit) -> Response:
    """Take back an invitation."""
    await visit.services.signing_in.withdraw(visit.named("invitation_id"))
    return visit.go("/people", Flash("people.withdrawn"))


async def one(visit: Visit, status: int = 200) -> Response:
    """Show a person: roles, sessions, and what can be done."""
    person = await _person(visit)
    if not visit.typed.fields:
        visit.typed.put("email", person.email)
        visit.typed.put("account", visit.account.id)
    return visit.page(
        "person.html",
        status,
        person=person,
        sessions=await visit.services.signing_in.sessions(person.id),
        roles=list(Role),
        places=_places(visit),
        installation=ADMINISTRATORS,
    )


async def _person(visit: Visit) -> Person:
    return await visit.services.people.named(visit.named("person_id"))


async def changed(visit: Visit) -> Response:
    """Give a person another e-mail address."""
    person = await _person(visit)
    try:
        after = await visit.services.people.change(person, email=visit.typed.text("email"))
    except HeliographError as error:
        visit.typed.refuse(error, at="email")
        return await one(visit, error.http_status)
    undo = Undo(f"/people/{person.id}", {"email": person.email})
    return visit.go(f"/people/{person.id}", Flash("people.changed", {"email": after.email}, undo))


async def assigned(visit: Visit) -> Response:
    """Make a person something to an account, or, without a role, nothing."""
    person, typed = await _person(visit), visit.typed
    try:
        role = role_named(typed.text("role")) if typed.text("role") else None
        account = await _where(visit, role)
        await visit.services.people.assign(person, role, account)
    except HeliographError as error:
        typed.refuse(error, at="account")
        return await one(visit, error.http_status)
    where = ADMINISTRATORS if account is None else account.name
    before = next((held for held in person.roles if held.account_name == where), None)
    fields = {"account": "" if account is None else account.id, "role": before.role.value if before else ""}
    said = Flash(
        "people.assigned" if role else "people.role_taken",
        {
            "email": person.email,
            "role": role or "",
            "account": account.name if account else text("people.installation"),
        },
        Undo(f"/people/{person.id}/roles", fields),
    )
    return visit.go(f"/people/{person.id}", said)


async def disabled(visit: Visit) -> Response:
    """Let nobody sign in as a person."""
    person = await visit.services.people.disable(await _person(visit))
    undo = Undo(f"/people/{person.id}/enable")
    return visit.go(f"/people/{person.id}", Flash("people.is_disabled", {"email": person.email}, undo))


async def enabled(visit: Visit) -> Response:
    """Let a person sign in again."""
    person = await visit.services.people.enable(await _person(visit))
    undo = Undo(f"/people/{person.id}/disable")
    return visit.go(f"/people/{person.id}", Flash("people.is_enabled", {"email": person.email}, undo))


async def signed_out(visit: Visit) -> Response:
    """End all sessions of a person."""
    person = await _person(visit)
    count = await visit.services.signing_in.end_all(person.id)
    return visit.go(f"/people/{person.id}", Flash("people.signed_out", {"count": count}))


async def app_forgotten(visit: Visit) -> Response:
    """Ask a person for no code of an app any more, such as when the phone is lost."""
    person = await _person(visit)
    await visit.services.signing_in.forget_totp(person.id)
    return visit.go(f"/people/{person.id}", Flash("people.app_forgotten", {"email": person.email}))


async def unlinked(visit: Visit) -> Response:
    """Take away that an issuer says who a person is."""
    person = await _person(visit)
    issuer = visit.typed.text("issuer")
    await visit.services.people.unlink(person, issuer)
    return visit.go(f"/people/{person.id}", Flash("people.unlinked", {"issuer": issuer}))


PAGE = Page(
    "people",
    (
        View("/people", Scope.ADMIN, listed),
        View("/people", Scope.ADMIN, invited, "POST"),
        View("/people/invitations/{invitation_id}/withdraw", Scope.ADMIN, withdrawn, "POST"),
        View("/people/{person_id}", Scope.ADMIN, one),
        View("/people/{person_id}", Scope.ADMIN, changed, "POST"),
        View("/people/{person_id}/roles", Scope.ADMIN, assigned, "POST"),
        View("/people/{person_id}/disable", Scope.ADMIN, disabled, "POST"),
        View("/people/{person_id}/enable", Scope.ADMIN, enabled, "POST"),
        View("/people/{person_id}/sessions/end", Scope.ADMIN, signed_out, "POST"),
        View("/people/{person_id}/app/forget", Scope.ADMIN, app_forgotten, "POST"),
        View("/people/{person_id}/unlink", Scope.ADMIN, unlinked, "POST"),
    ),
)
