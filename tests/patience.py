"""How long tests wait."""

from __future__ import annotations

HANG_S = 240.0
"""Seconds after which what has not come does not come. No limit for what is slow: everything that is waited for comes
within a second or two on a quick machine, and nothing is expected to be quick on a busy one."""
