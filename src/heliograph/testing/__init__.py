"""A sandbox for test suites: a server of the suite's own, and phones that its tests look at.

With pytest the fixture `sms` is there as soon as `heliograph[server]` is installed (`heliograph.pytest_plugin`); with
anything else, `sandbox()` is a context manager:

    with heliograph.testing.sandbox() as sms:
        my_application.register("+33612345678")
        my_application.confirm(sms.read_code())

The server is a process of its own, on a free port and with a data directory that goes with it, so that suites and the
workers of one suite do not meet. While it runs, HELIOGRAPH_URL and HELIOGRAPH_TOKEN lead to it: `Client()` in the
application finds it, and no test sends by another server by mistake.

What a test sees is its own: `clear()` empties the phones, and remembers which message was accepted last. What an
earlier test has sent and only arrives now is older than that, and is passed over.
"""

from __future__ import annotations

from heliograph.testing.phones import Inbox, Sms
from heliograph.testing.process import SandboxFailed, sandbox

__all__ = ["Inbox", "SandboxFailed", "Sms", "sandbox"]
