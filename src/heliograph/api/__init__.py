"""The native API, version 1: all of Heliograph in one consistent shape. The SDK and the CLI speak it.

wire/            the shapes of requests and answers, a module for each resource. No I/O. Used by both sides
server.py        the door: who is calling, and what an error looks like
operations.py    the resources that the door is made of
messages.py, groups.py, …  one resource each: its operations with their handlers, and how it is shown
sandbox.py       the same of the sandbox's phones and chaos, served where there is a sandbox
drafts.py        from a request to send to the draft of a batch
callbacks.py     what a customer's server is told; told.py: what it was told, and telling it anew
exports.py       lists as files
description.py   the OpenAPI document, with descriptions.py, what each field means; reference.py: the same as a page
"""
