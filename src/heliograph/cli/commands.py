"""All commands, put together. What takes long to import is imported by the command that needs it."""

from __future__ import annotations

from heliograph.cli import data, running, sending  # noqa: F401 - their commands are the program's own
from heliograph.cli.accounts import accounts
from heliograph.cli.audit import audit
from heliograph.cli.batches import batches
from heliograph.cli.contacts import contacts
from heliograph.cli.data import db
from heliograph.cli.keys import keys
from heliograph.cli.messages import messages
from heliograph.cli.people import people
from heliograph.cli.providers import providers, routes
from heliograph.cli.root import root
from heliograph.cli.running import console
from heliograph.cli.smpp import smpp

root.add(messages, batches, contacts)
root.add(console, accounts, keys, people, audit, db, providers, routes, smpp)

app = root.typer
