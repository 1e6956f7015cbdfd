"""Serves the API of SMS.CX to that provider's own clients."""
