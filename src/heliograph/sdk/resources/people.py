"""Who signs in, for those who run the installation, and for who signed in."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api import wire
from heliograph.sdk import calls
from heliograph.sdk.resources.listing import Listing, items
from heliograph.sdk.transport import SyncTransport


class People:
    """All people, for those who run the installation: the client's token needs the scope `admin`."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def list(self, *, page_size: int = 100) -> Listing[wire.PersonInfo]:
        """List people, newest first, those who are disabled among them; pages are fetched as they are needed."""
        return items(self._transport, wire.PersonPage, "people", limit=page_size)

    def get(self, person: str) -> wire.PersonInfo:
        """Read who a person is, by e-mail address or id, and what to which account."""
        return self._transport.run(calls.get(wire.PersonInfo, "people", person))

    def change(self, person: str, change: wire.ChangePerson) -> wire.PersonInfo:
        """Change what is given; what is absent stays."""
        return self._transport.run(calls.patch(wire.PersonInfo, change, "people", person))

    def assign(self, person: str, role: str | None, account: str | None = None) -> wire.PersonInfo:
        """Make a person this to an account, instead of what it was before; None takes the role away."""
        body = wire.AssignRole(role=role, account=account)
        return self._transport.run(calls.put(wire.PersonInfo, body, "people", person, "roles"))

    def unlink(self, person: str, issuer: str | None = None) -> None:
        """Take away that an issuer of OpenID Connect says who this is, and end all sessions.

        The issuer is named by its address, and need not be where there is one.
        """
        call = calls.without_answer("DELETE", "people", person, "issuers", issuer=issuer)
        self._transport.run(call)

    def sessions(self, person: str) -> Sequence[wire.SessionInfo]:
        """List the sessions that a person has now."""
        return (self._transport.run(calls.get(wire.Sessions, "people", person, "sessions"))).items

    def end_sessions(self, person: str) -> None:
        """End all sessions of a person, in every process within two seconds."""
        self._transport.run(calls.without_answer("DELETE", "people", person, "sessions"))

    def invite(self, invitation: wire.Invite) -> wire.MadeInvitation:
        """Invite somebody; the token is told this once."""
        return self._transport.run(calls.post(wire.MadeInvitation, invitation, "invitations"))

    def invitations(self, *, page_size: int = 100) -> Listing[wire.InvitationInfo]:
        """List invitations, newest first, those that were accepted among them."""
        return items(self._transport, wire.InvitationPage, "invitations", limit=page_size)

    def withdraw(self, invitation_id: str) -> None:
        """Take back an invitation that was not accepted."""
        self._transport.run(calls.without_answer("DELETE", "invitations", invitation_id))


class Session:
    """Who signed in: the client's token is that of a session. `sign_in` and `accept` need none that is good."""

    def __init__(self, transport: SyncTransport) -> None:
        self._transport = transport

    def sign_in(self, email: str, password: str, code: str | None = None) -> wire.SignedIn:
        """Begin a session. Its token is what another client is made with."""
        body = wire.SignIn(email=email, password=password, code=code)
        return self._transport.run(calls.post(wire.SignedIn, body, "session"))

    def accept(self, token: str, password: str) -> wire.PersonInfo:
        """Accept an invitation, and so become a person, with a password of one's own."""
        body = wire.AcceptInvitation(token=token, password=password)
        return self._transport.run(calls.post(wire.PersonInfo, body, "invitations", "accept"))

    def get(self) -> wire.PersonInfo:
        """Read who one is, and what to which account."""
        return self._transport.run(calls.get(wire.PersonInfo, "session"))

    def sign_out(self) -> None:
        """End the session."""
        self._transport.run(calls.without_answer("DELETE", "session"))

    def list(self) -> Sequence[wire.SessionInfo]:
        """List one's sessions, newest first."""
        return (self._transport.run(calls.get(wire.Sessions, "sessions"))).items

    def end(self, session_id: str) -> None:
        """End one of one's sessions."""
        self._transport.run(calls.without_answer("DELETE", "sessions", session_id))

    def change_password(self, password: str, new_password: str) -> None:
        """Give oneself another password, and end one's other sessions."""
        body = wire.ChangePassword(password=password, new_password=new_password)
        self._transport.run(calls.without_answer("PUT", "session", "password", body=body))

    def begin_totp(self, password: str) -> wire.TotpSecret:
        """Make a secret for an authenticator app; `confirm_totp` puts it in force."""
        return self._transport.run(calls.post(wire.TotpSecret, wire.OwnPassword(password=password), "session", "totp"))

    def confirm_totp(self, code: str) -> Sequence[str]:
        """Ask for a code of the app at each sign-in from now on; the answer is recovery codes."""
        body = wire.ConfirmTotp(code=code)
        return (self._transport.run(calls.put(wire.RecoveryCodes, body, "session", "totp"))).recovery_codes

    def remove_totp(self, password: str) -> None:
        """Sign in with the password alone from now on."""
        body = wire.OwnPassword(password=password)
        self._transport.run(calls.without_answer("POST", "session", "totp", "remove", body=body))
