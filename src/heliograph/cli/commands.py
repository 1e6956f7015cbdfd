"""All commands, put together. What takes long to import is imported by the command that needs it."""

from __future__ import annotations

from heliograph.cli import data, running, sending  # noqa: F401 - their commands are the program's own
from heliograph.cli.accounts import accounts
from heliograph.cli.audit import audit
from heliograph.cli.batches import batches
from heliograph.cli.contacts import contacts
from heliograph.cli.conversations import conversations
from heliograph.cli.data import db
from heliograph.cli.exporting import export
from heliograph.cli.groups import groups
from heliograph.cli.inbound import inbound
from heliograph.cli.inbox import inbox
from heliograph.cli.keys import keys
from heliograph.cli.links import links
from heliograph.cli.messages import messages
from heliograph.cli.numbers import numbers
from heliograph.cli.optouts import optouts
from heliograph.cli.people import people
from heliograph.cli.providers import providers, routes
from heliograph.cli.reports import reports
from heliograph.cli.root import root
from heliograph.cli.running import console
from heliograph.cli.smpp import smpp
from heliograph.cli.templates import templates
from heliograph.cli.verify import verify

root.add(messages, batches, groups, contacts, templates, optouts, inbound, conversations, verify, links, numbers)
root.add(reports, export, inbox, console, accounts, keys, people, audit, db, providers, routes, smpp)

program = root.program
"""Return the program `heliograph`: see `Commands.program`."""
