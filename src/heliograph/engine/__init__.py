"""The engine: accept, claim, route, send, record; take receipts and inbound messages in; call customers back."""
