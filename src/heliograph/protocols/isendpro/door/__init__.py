"""Serves the API of iSendPro to that provider's own clients."""
