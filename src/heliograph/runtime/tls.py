"""TLS of the servers' own: certificates and their keys, read again when the files change.

New connections get what was read last; those that are open keep what they began with. A pair that can't be used, as in
the moment between two files that are replaced one after the other, is said in the log, and the one before stays. One
whose time is over is used, since to serve nobody would be worse for clients that don't look at it; the log says it.
"""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from heliograph.domain.errors import SetupError
from heliograph.runtime.settings import Settings

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
SOON = timedelta(days=7)
"""Before the end of a certificate, in which the log says so at each start."""
_RENEW = "put a new one in its place, and it is read without a restart"
_CERTIFICATE, _KEY = "CERTIFICATE", "PRIVATE KEY"
"""What stands in PEM at the begin of each."""
_State = tuple[tuple[int, int, int], ...]


class Certificate:
    """The certificate and the key of this process."""

    def __init__(self, certificate: str, key: str, *, setting: str) -> None:
        """Read both files; `setting` names the certificate's. Raises SetupError if they can't be used."""
        self._files = Path(certificate).expanduser(), Path(key).expanduser()
        self._settings = setting, setting.replace("certificate", "key")
        self._state = self._seen()
        self.context = self._loaded()
        self._look_at_its_time()

    async def keep_current(self) -> None:
        """Look every second whether the files have changed, until it is canceled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.reload()

    def reload(self) -> None:
        """Read the files again if they have changed."""
        try:
            if (state := self._seen()) == self._state:
                return
            self._state = state
            self._loaded()  # tried apart: a pair that fits only half must not come into force
            self._load_into(self.context)
        except SetupError as error:
            log.error(f"{error.message} The certificate that was read before stays in force.")
        else:
            log.info("the certificate was read anew", file=str(self._files[0]))
            self._look_at_its_time()

    def _seen(self) -> _State:
        return tuple(_state_of(file) for file in self._files)

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load_into(context)
        return context

    def _load_into(self, context: ssl.SSLContext) -> None:
        certificate, key = self._files
        for file, setting, begin in zip(self._files, self._settings, (_CERTIFICATE, _KEY), strict=True):
            if begin not in _content(file, setting):
                raise SetupError(f"There is no {begin.lower()} in {file}: {setting} must be a file of one in PEM.")
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                told = f"The certificate {certificate} does not fit the key {key}"
                raise SetupError(f"{told}: {self._settings[1]} must be the key that it was made for.") from error
            told = f"The certificate {certificate} with the key {key} cannot be used"
            raise SetupError(f"{told} ({error.reason or 'one of them is not whole'}).") from error
        except ValueError as error:  # of `_no_password`
            told = f"The key {key} is encrypted; {self._settings[1]} must be one without a password."
            raise SetupError(told) from error

    def _look_at_its_time(self) -> None:
        """Say in the log if the certificate is not good at this moment, or will not be for long."""
        from cryptography import x509  # takes long to import, and only those need it who serve TLS themselves

        certificate = self._files[0]
        try:
            first = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        except (ValueError, OSError):  # one that OpenSSL takes all the same; or they are just being replaced
            return
        begins, ends, now = first.not_valid_before_utc, first.not_valid_after_utc, datetime.now(UTC)
        if now < begins:
            log.warning(
                f"The certificate {certificate} is good from {begins:%Y-%m-%d %H:%M} UTC on: clients refuse it."
            )
        elif now > ends:
            log.warning(f"The certificate {certificate} ended on {ends:%Y-%m-%d}: clients refuse it; {_RENEW}.")
        elif now > ends - SOON:
            log.warning(f"The certificate {certificate} ends on {ends:%Y-%m-%d}; {_RENEW}.")


def certificate_of(settings: Settings) -> Certificate | None:
    """Read the certificate by which HTTP is served; None if there is none. Raises SetupError."""
    if not settings.tls_certificate:
        return None
    return Certificate(settings.tls_certificate, settings.tls_key, setting="tls_certificate")


def smpp_certificate_of(settings: Settings) -> Certificate | None:
    """Read the certificate by which SMPP is served; None if there is none. Raises SetupError."""
    if not settings.smpp_tls_certificate:
        return None
    return Certificate(settings.smpp_tls_certificate, settings.smpp_tls_key, setting="smpp_tls_certificate")


def _state_of(file: Path) -> tuple[int, int, int]:
    try:
        found = file.stat()
    except OSError:  # said by who reads it
        return 0, 0, 0
    return found.st_mtime_ns, found.st_ino, found.st_size


def _content(file: Path, setting: str) -> str:
    try:
        return file.read_text("latin-1")
    except OSError as error:
        raise SetupError(f"The file {file} of {setting} cannot be read: {error.strerror}.") from error


def _no_password() -> str:
    raise ValueError("nobody is asked for a password")
