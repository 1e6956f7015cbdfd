"""One folder for each wire protocol, always with the same few files, its two sides apart.

wire.py          the codec: typed requests and responses, to and from bytes. No I/O. Used by both sides
model.py         what the client takes and gives, where that is not what the wire has
calls.py         each call of the API, as a generator of requests
async_client.py  the typed client of that API; client.py, its synchronous twin, is generated from it
errors.py        what the client raises
provider.py      the way out: how a message is sent by it, and how its receipts and inbound messages are read
door/            where it is served, for somebody else's clients:
    protocol.py      its line of the registry: an HttpProtocol, or a ConnectedProtocol with a server of its own
    operations.py    the table of operations
    server.py        their handlers
    shapes.py        from our nouns to the protocol's shapes, and back
    refusals.py      our errors in the protocol's words
    callbacks.py     what a customer's server is told, in this protocol's shape

Where operations are many, as in smscx/, `wire.py` is a package, and it and door/ have a module for each resource: its
bodies in one, its operations with their handlers and shapes in the other.

Nothing outside of door/ loads a library of a server. `shared/` has what several protocols have in common.
`registry.py` has the one line of each that is served, `providers.py` that of each that messages go out by.
"""
