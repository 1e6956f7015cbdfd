"""Checking a foreign SMSC: `suite.py` has what is tried, `peer.py` the connection that hears everything, `judging.py`
what receipts say about who writes them, `report.py` what is found, and the profile that suits it."""

from heliograph.protocols.smpp.checking.report import Finding, Report, Verdict, write_profile
from heliograph.protocols.smpp.checking.suite import Limits, check

__all__ = ["Finding", "Limits", "Report", "Verdict", "check", "write_profile"]
