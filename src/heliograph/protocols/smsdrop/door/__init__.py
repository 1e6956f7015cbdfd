"""Serves the API of smsdrop to that provider's own clients."""
