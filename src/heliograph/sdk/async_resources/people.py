"""Who signs in, for those who run the installation, and for who signed in."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.async_resources.listing import AsyncListing, items
from heliograph.sdk.transport import AsyncTransport


class AsyncPeople:
    """All people, for those who run the installation: the client's token needs the scope `admin`."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    def list(self, *, page_size: int = 100) -> AsyncListing[wire.PersonInfo]:
        """List people, newest first, those who are disabled among them; pages are fetched as they are needed."""
        return items(self._transport, wire.PersonPage, "people", limit=page_size)

    async def get(self, person: str) -> wire.PersonInfo:
        """Read who a person is, by e-mail address or id, and what to which account."""
        return await self._transport.run(calls.get(wire.PersonInfo, "people", person))

    async def change(self, person: str, change: wire.ChangePerson) -> wire.PersonInfo:
        """Change what is given; what is absent stays."""
        return await self._transport.run(calls.patch(wire.PersonInfo, change, "people", person))

    async def assign(self, person: str, role: str | None, account: str | None = None) -> wire.PersonInfo:
        """Make a person this to an account, instead of what it was before; None takes the role away."""
        body = wire.AssignRole(role=role, account=account)
        return await self._transport.run(calls.put(wire.PersonInfo, body, "people", person, "roles"))

    async def unlink(self, person: str, issuer: str | None = None) -> None:
        """Take away that an issuer of OpenID Connect says who this is, and end all sessions.

        The issuer is named by its address, and need not be where there is one.
        """
        call = calls.without_answer("DELETE", "people", person, "issuers", issuer=issuer)
        await self._transport.run(call)

    async def sessions(self, person: str) -> Sequence[wire.SessionInfo]:
        """List the sessions that a person has now."""
        return (await self._transport.run(calls.get(wire.Sessions, "people", person, "sessions"))).items

    async def end_sessions(self, person: str) -> None:
        """End all sessions of a person, in every process within two seconds."""
        await self._transport.run(calls.without_answer("DELETE", "people", person, "sessions"))

    async def invite(self, invitation: wire.Invite) -> wire.MadeInvitation:
        """Invite somebody; the token is told this once."""
        return await self._transport.run(calls.post(wire.MadeInvitation, invitation, "invitations"))

    def invitations(self, *, page_size: int = 100) -> AsyncListing[wire.InvitationInfo]:
        """List invitations, newest first, those that were accepted among them."""
        return items(self._transport, wire.InvitationPage, "invitations", limit=page_size)

    async def withdraw(self, invitation_id: str) -> None:
        """Take back an invitation that was not accepted."""
        await self._transport.run(calls.without_answer("DELETE", "invitations", invitation_id))


class AsyncSession:
    """Who signed in: the client's token is that of a session. `sign_in` and `accept` need none that is good."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def sign_in(self, email: str, password: str, code: str | None = None) -> wire.SignedIn:
        """Begin a session. Its token is what another client is made with."""
        body = wire.SignIn(email=email, password=password, code=code)
        return await self._transport.run(calls.post(wire.SignedIn, body, "session"))

    async def accept(self, token: str, password: str) -> wire.PersonInfo:
        """Accept an invitation, and so become a person, with a password of one's own."""
        body = wire.AcceptInvitation(token=token, password=password)
        return await self._transport.run(calls.post(wire.PersonInfo, body, "invitations", "accept"))

    async def get(self) -> wire.PersonInfo:
        """Read who one is, and what to which account."""
        return await self._transport.run(calls.get(wire.PersonInfo, "session"))

    async def sign_out(self) -> None:
        """End the session."""
        await self._transport.run(calls.without_answer("DELETE", "session"))

    async def list(self) -> Sequence[wire.SessionInfo]:
        """List one's sessions, newest first."""
        return (await self._transport.run(calls.get(wire.Sessions, "sessions"))).items

    async def end(self, session_id: str) -> None:
        """End one of one's sessions."""
        await self._transport.run(calls.without_answer("DELETE", "sessions", session_id))

    async def change_password(self, password: str, new_password: str) -> None:
        """Give oneself another password, and end one's other sessions."""
        body = wire.ChangePassword(password=password, new_password=new_password)
        await self._transport.run(calls.without_answer("PUT", "session", "password", body=body))

    async def begin_totp(self, password: str) -> wire.TotpSecret:
        """Make a secret for an authenticator app; `confirm_totp` puts it in force."""
        return await self._transport.run(
            calls.post(wire.TotpSecret, wire.OwnPassword(password=password), "session", "totp")
        )

    async def confirm_totp(self, code: str) -> Sequence[str]:
        """Ask for a code of the app at each sign-in from now on; the answer is recovery codes."""
        body = wire.ConfirmTotp(code=code)
        return (await self._transport.run(calls.put(wire.RecoveryCodes, body, "session", "totp"))).recovery_codes

    async def remove_totp(self, password: str) -> None:
        """Sign in with the password alone from now on."""
        body = wire.OwnPassword(password=password)
        await self._transport.run(calls.without_answer("POST", "session", "totp", "remove", body=body))
