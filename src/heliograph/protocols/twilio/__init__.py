"""Twilio's Messages API and the two calls of Verify, on both sides (reference: providers.md, section A)."""
