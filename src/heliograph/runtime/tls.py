"""TLS of the servers' own: certificates and their keys, read again when the files change.

New connections get what was read last; those that are open keep what they began with. A pair that can't be used, as in
the moment between two files that are replaced one after the other, is said in the log, and the one before stays.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import structlog

from heliograph.domain.errors import SetupError
from heliograph.runtime.settings import Settings

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
_State = tuple[tuple[int, int, int], ...]


class Certificate:
    """The certificate and the key of this process."""

    def __init__(self, certificate: str, key: str, *, setting: str) -> None:
        """Read both files; `setting` names the key's. Raises SetupError, in one sentence, if they can't be used."""
        self._files = Path(certificate).expanduser(), Path(key).expanduser()
        self._setting = setting
        self._state = self._seen()
        self.context = self._loaded()

    async def keep_current(self) -> None:
        """Look every second whether the files have changed, until it is canceled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.reload()

    def reload(self) -> None:
        """Read the files again if they have changed."""
        try:
            state = self._seen()
            if state == self._state:
                return
            self._state = state
            self._loaded()  # tried apart: a pair that fits only half must not come into force
            self._load_into(self.context)
        except SetupError as error:
            log.error(f"{error.message} The certificate that was read before stays in force.")
        else:
            log.info("the certificate was read anew", file=str(self._files[0]))

    def _seen(self) -> _State:
        try:
            found = [file.stat() for file in self._files]
        except OSError as error:
            raise SetupError(f"The file {error.filename} cannot be read: {error.strerror}.") from error
        return tuple((each.st_mtime_ns, each.st_ino, each.st_size) for each in found)

    def _loaded(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._load_into(context)
        return context

    def _load_into(self, context: ssl.SSLContext) -> None:
        certificate, key = self._files
        try:
            context.load_cert_chain(certificate, key, password=_no_password)
        except ssl.SSLError as error:
            if error.reason == "KEY_VALUES_MISMATCH":
                told = f"The certificate {certificate} does not fit the key {key}"
                raise SetupError(f"{told}: {self._setting} must be the key that it was made for.") from error
            told = f"The certificate {certificate} with the key {key} cannot be used"
            raise SetupError(f"{told} ({error.reason or 'no certificate or no key is in them'}).") from error
        except ValueError as error:  # of `_no_password`
            raise SetupError(f"The key {key} is encrypted; {self._setting} must be one without a password.") from error
        except OSError as error:
            name = error.filename or f"{certificate} or {key}"
            raise SetupError(f"The file {name} cannot be read: {error.strerror}.") from error


def certificate_of(settings: Settings) -> Certificate | None:
    """Read the certificate by which HTTP is served; None if there is none. Raises SetupError."""
    if not settings.tls_certificate:
        return None
    return Certificate(settings.tls_certificate, settings.tls_key, setting="tls_key")


def smpp_certificate_of(settings: Settings) -> Certificate | None:
    """Read the certificate by which SMPP is served; None if there is none. Raises SetupError."""
    if not settings.smpp_tls_certificate:
        return None
    return Certificate(settings.smpp_tls_certificate, settings.smpp_tls_key, setting="smpp_tls_key")


def _no_password() -> str:
    raise ValueError("nobody is asked for a password")
