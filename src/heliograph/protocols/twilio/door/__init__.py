"""Serves the API of Twilio to that provider's own clients."""
