"""Serves the API of XMS to that provider's own clients."""
