"""One folder for each wire protocol, always with the same few files; `contract.py` is what they have in common.

wire.py          the codec: typed requests and responses, to and from bytes. No I/O. Used by both sides
errors.py        that protocol's codes, mapped from and to our words
server.py        the door: what we answer when somebody else's client calls us; its table is operations.py
shapes.py        from our nouns to the door's shapes, and back
callbacks.py     what we tell a customer's server, in this protocol's shape
model.py         what the client takes and gives
calls.py         each call of the API, as a generator of requests
async_client.py  the typed client of that API; client.py, its synchronous twin, is generated from it
provider.py      the line out: how a message is sent through it, and how its receipts are read

batching.py, singly.py, xml_gateway.py and far_server.py are what providers share.
`registry.py` has the one line for each side that a new protocol adds.
"""
