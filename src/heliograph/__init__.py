"""Heliograph: a self-hosted SMS platform that speaks your provider's own API and keeps every message."""

__version__ = "0.1.0"
