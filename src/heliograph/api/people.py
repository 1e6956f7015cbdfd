"""Operations on people: on all, for those who run the installation, and on oneself, for who signed in."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.api.resource import NativeResource, page
from heliograph.domain.accounts import Account, Principal, Scope
from heliograph.domain.errors import AccessError
from heliograph.domain.people import Person, Session, role_named
from heliograph.doors import Call, Operation
from heliograph.doors.door import AnyCall, address_of


class PeopleAdmin(NativeResource):
    operations = (
        Operation(
            name="list_people",
            method="GET",
            path="/people",
            scope=Scope.ADMIN,
            query=wire.PageQuery,
            response=wire.PersonPage,
            summary="List people, newest first",
        ),
        Operation(
            name="get_person",
            method="GET",
            path="/people/{person_id}",
            scope=Scope.ADMIN,
            response=wire.PersonInfo,
            summary="Read who a person is, and what to which account",
        ),
        Operation(
            name="change_person",
            method="PATCH",
            path="/people/{person_id}",
            scope=Scope.ADMIN,
            request=wire.ChangePerson,
            response=wire.PersonInfo,
            summary="Change a person's e-mail address, or let nobody sign in as this person",
        ),
        Operation(
            name="assign_role",
            method="PUT",
            path="/people/{person_id}/roles",
            scope=Scope.ADMIN,
            request=wire.AssignRole,
            response=wire.PersonInfo,
            summary="Make a person something to an account, or nothing",
        ),
        Operation(
            name="list_sessions_of",
            method="GET",
            path="/people/{person_id}/sessions",
            scope=Scope.ADMIN,
            response=wire.Sessions,
            summary="List the sessions that a person has",
        ),
        Operation(
            name="end_sessions_of",
            method="DELETE",
            path="/people/{person_id}/sessions",
            scope=Scope.ADMIN,
            status=204,
            summary="End all sessions of a person",
        ),
        Operation(
            name="unlink_person",
            method="DELETE",
            path="/people/{person_id}/issuers",
            scope=Scope.ADMIN,
            query=wire.UnlinkQuery,
            status=204,
            summary="Take away that an issuer of OpenID Connect says who a person is, and end all sessions",
        ),
        Operation(
            name="invite",
            method="POST",
            path="/invitations",
            scope=Scope.ADMIN,
            request=wire.Invite,
            response=wire.MadeInvitation,
            status=201,
            summary="Invite somebody to become a person with one role",
        ),
        Operation(
            name="list_invitations",
            method="GET",
            path="/invitations",
            scope=Scope.ADMIN,
            query=wire.PageQuery,
            response=wire.InvitationPage,
            summary="List invitations, newest first",
        ),
        Operation(
            name="withdraw_invitation",
            method="DELETE",
            path="/invitations/{invitation_id}",
            scope=Scope.ADMIN,
            status=204,
            summary="Take back an invitation that was not accepted",
        ),
    )

    async def list_people(self, call: Call[wire.PageQuery, None]) -> wire.PersonPage:
        query = call.query
        found = await self._services.people.page(limit=query.limit, before=query.before)
        return page(wire.PersonPage, [_shown(person) for person in found], query.limit)

    async def get_person(self, call: Call[None, None]) -> wire.PersonInfo:
        return _shown(await self._named(call.path["person_id"]))

    async def change_person(self, call: Call[None, wire.ChangePerson]) -> wire.PersonInfo:
        body, people = call.body, self._services.people
        person = await self._named(call.path["person_id"])
        if isinstance(body.email, str):
            person = await people.change(person, email=body.email)
        if isinstance(body.disabled, bool):
            person = await (people.disable if body.disabled else people.enable)(person)
        if body.totp is False:
            await self._services.signing_in.forget_totp(person.id)
        return _shown(await self._named(person.id))

    async def assign_role(self, call: Call[None, wire.AssignRole]) -> wire.PersonInfo:
        body = call.body
        person, account = await self._named(call.path["person_id"]), await self._account(body.account)
        role = None if body.role is None else role_named(body.role)
        return _shown(await self._services.people.assign(person, role, account))

    async def list_sessions_of(self, call: Call[None, None]) -> wire.Sessions:
        person = await self._named(call.path["person_id"])
        return _sessions(await self._services.signing_in.sessions(person.id), call.principal)

    async def end_sessions_of(self, call: Call[None, None]) -> None:
        await self._services.signing_in.end_all((await self._named(call.path["person_id"])).id)

    async def unlink_person(self, call: Call[wire.UnlinkQuery, None]) -> None:
        await self._services.people.unlink(await self._named(call.path["person_id"]), call.query.issuer)

    async def invite(self, call: Call[None, wire.Invite]) -> wire.MadeInvitation:
        body = call.body
        account, role = await self._account(body.account), role_named(body.role)
        made = await self._services.signing_in.invite(body.email, role, account, body.expires_s)
        return wire.MadeInvitation(id=made.id, email=made.email, token=made.token, expires_at=made.expires_at)

    async def list_invitations(self, call: Call[wire.PageQuery, None]) -> wire.InvitationPage:
        query = call.query
        found = await self._services.signing_in.invitations(limit=query.limit, before=query.before)
        shown = [
            wire.InvitationInfo(
                id=each.id,
                email=each.email,
                role=each.role.value,
                account=each.account_name,
                created_at=each.created_at,
                expires_at=each.expires_at,
                accepted_at=each.accepted_at,
            )
            for each in found
        ]
        return page(wire.InvitationPage, shown, query.limit)

    async def withdraw_invitation(self, call: Call[None, None]) -> None:
        await self._services.signing_in.withdraw(call.path["invitation_id"])

    async def _named(self, person_id: str) -> Person:
        return await self._services.people.named(person_id)

    async def _account(self, name: str | None) -> Account | None:
        return None if name is None else await self._services.accounts.named(name)


class OwnSession(NativeResource):
    operations = (
        Operation(
            name="sign_in",
            method="POST",
            path="/session",
            scope=None,
            request=wire.SignIn,
            response=wire.SignedIn,
            status=201,
            summary="Begin a session with an e-mail address and a password",
        ),
        Operation(
            name="get_own_person",
            method="GET",
            path="/session",
            scope=Scope.PERSON,
            response=wire.PersonInfo,
            summary="Read who one is, and what to which account",
        ),
        Operation(
            name="sign_out",
            method="DELETE",
            path="/session",
            scope=Scope.PERSON,
            status=204,
            summary="End the session that asks",
        ),
        Operation(
            name="change_password",
            method="PUT",
            path="/session/password",
            scope=Scope.PERSON,
            request=wire.ChangePassword,
            status=204,
            summary="Give oneself another password, and end one's other sessions",
        ),
        Operation(
            name="begin_totp",
            method="POST",
            path="/session/totp",
            scope=Scope.PERSON,
            request=wire.OwnPassword,
            response=wire.TotpSecret,
            summary="Make a secret for an authenticator app",
        ),
        Operation(
            name="confirm_totp",
            method="PUT",
            path="/session/totp",
            scope=Scope.PERSON,
            request=wire.ConfirmTotp,
            response=wire.RecoveryCodes,
            summary="Ask for a code of the app at each sign-in from now on",
        ),
        Operation(
            name="remove_totp",
            method="POST",
            path="/session/totp/remove",
            scope=Scope.PERSON,
            request=wire.OwnPassword,
            status=204,
            summary="Sign in with the password alone from now on",
        ),
        Operation(
            name="list_sessions",
            method="GET",
            path="/sessions",
            scope=Scope.PERSON,
            response=wire.Sessions,
            summary="List one's sessions, newest first",
        ),
        Operation(
            name="end_session",
            method="DELETE",
            path="/sessions/{session_id}",
            scope=Scope.PERSON,
            status=204,
            summary="End one of one's sessions",
        ),
        Operation(
            name="accept_invitation",
            method="POST",
            path="/invitations/accept",
            scope=None,
            request=wire.AcceptInvitation,
            response=wire.PersonInfo,
            status=201,
            summary="Become a person by an invitation, which is good once",
        ),
    )

    async def sign_in(self, call: Call[None, wire.SignIn]) -> wire.SignedIn:
        body = call.body
        started = await self._services.signing_in.sign_in(
            body.email,
            body.password,
            body.code,
            address=_address(call),
            agent=call.request.headers.get("user-agent", ""),
        )
        return wire.SignedIn(id=started.id, token=started.token, ends_at=started.ends_at, person=_shown(started.person))

    async def get_own_person(self, call: Call[None, None]) -> wire.PersonInfo:
        return _shown(await self._services.people.named(_person_id(call.principal)))

    async def sign_out(self, call: Call[None, None]) -> None:
        await self._services.signing_in.end(_person_id(call.principal), call.principal.credential_id)

    async def change_password(self, call: Call[None, wire.ChangePassword]) -> None:
        await self._services.signing_in.change_password(
            _person_id(call.principal),
            call.body.password,
            call.body.new_password,
            session_id=call.principal.credential_id,
            address=_address(call),
        )

    async def begin_totp(self, call: Call[None, wire.OwnPassword]) -> wire.TotpSecret:
        secret, uri = await self._services.signing_in.begin_totp(
            _person_id(call.principal), call.body.password, address=_address(call)
        )
        return wire.TotpSecret(secret=secret, uri=uri)

    async def confirm_totp(self, call: Call[None, wire.ConfirmTotp]) -> wire.RecoveryCodes:
        codes = await self._services.signing_in.confirm_totp(_person_id(call.principal), call.body.code)
        return wire.RecoveryCodes(recovery_codes=codes)

    async def remove_totp(self, call: Call[None, wire.OwnPassword]) -> None:
        await self._services.signing_in.remove_totp(
            _person_id(call.principal), call.body.password, address=_address(call)
        )

    async def list_sessions(self, call: Call[None, None]) -> wire.Sessions:
        found = await self._services.signing_in.sessions(_person_id(call.principal))
        return _sessions(found, call.principal)

    async def end_session(self, call: Call[None, None]) -> None:
        await self._services.signing_in.end(_person_id(call.principal), call.path["session_id"])

    async def accept_invitation(self, call: Call[None, wire.AcceptInvitation]) -> wire.PersonInfo:
        return _shown(await self._services.signing_in.accept(call.body.token, call.body.password))


def _person_id(principal: Principal) -> str:
    """Return who signed in. Raises AccessError for a key."""
    if principal.person_id is None:
        raise AccessError("This is for people who signed in, not for keys.")
    return principal.person_id


def _address(call: AnyCall) -> str:
    return address_of(call.request) or ""


def _shown(person: Person) -> wire.PersonInfo:
    return wire.PersonInfo(
        id=person.id,
        email=person.email,
        created_at=person.created_at,
        disabled_at=person.disabled_at,
        totp=person.has_totp,
        issuers=person.issuers,
        roles=[
            wire.RoleAt(account_id=held.account_id, account=held.account_name, role=held.role.value)
            for held in person.roles
        ],
    )


def _sessions(found: Sequence[Session], asking: Principal) -> wire.Sessions:
    return wire.Sessions(
        items=[
            wire.SessionInfo(
                id=each.id,
                current=each.id == asking.credential_id,
                created_at=each.created_at,
                seen_at=each.seen_at,
                address=each.address,
                agent=each.agent,
                ends_at=each.ends_at,
            )
            for each in found
        ]
    )
