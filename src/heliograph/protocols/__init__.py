"""One folder for each wire protocol, always with the same few files; `contract.py` is what they have in common.

wire.py      the codec: typed requests and responses, to and from bytes. No I/O. Used by both sides
server.py    the door: what we answer when somebody else's client calls us
callbacks.py what we tell a customer's server, in this protocol's shape
client.py    the typed client of that API
provider.py  the line out: how a message is sent through it, and how its receipts are read
errors.py    that protocol's codes, mapped from the domain's errors

`registry.py` has the one line that a new protocol adds.
"""
