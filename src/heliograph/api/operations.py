"""All that the native door serves, resource by resource."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.api.account import AccountProfile
from heliograph.api.account_admin import AccountAdmin
from heliograph.api.applications import Applications
from heliograph.api.audit import Audit
from heliograph.api.batches import Batches
from heliograph.api.contacts import Contacts
from heliograph.api.conversations import Conversations
from heliograph.api.erasures import Erasures
from heliograph.api.exports import Exports
from heliograph.api.groups import Groups
from heliograph.api.imports import Imports
from heliograph.api.inbound import InboundMessages
from heliograph.api.key_admin import KeyAdmin
from heliograph.api.links import Links
from heliograph.api.messages import Messages
from heliograph.api.money import Money
from heliograph.api.numbers import Numbers
from heliograph.api.optouts import OptOuts
from heliograph.api.originators import Originators
from heliograph.api.people import OwnSession, PeopleAdmin
from heliograph.api.rents import Rents
from heliograph.api.reports import Reports
from heliograph.api.resource import NativeResource
from heliograph.api.sandbox import Sandbox
from heliograph.api.templates import Templates
from heliograph.api.told import Callbacks
from heliograph.api.verify import Verifications

RESOURCES: Sequence[type[NativeResource]] = (
    Messages,
    Batches,
    Groups,
    Contacts,
    Imports,
    Templates,
    Money,
    InboundMessages,
    AccountProfile,
    Applications,
    Verifications,
    Links,
    Numbers,
    Conversations,
    OptOuts,
    AccountAdmin,
    KeyAdmin,
    PeopleAdmin,
    OwnSession,
    Audit,
    Erasures,
    Exports,
    Callbacks,
    Originators,
    Rents,
    Reports,
)
"""The resources that every server has, in the order of the API's description."""
OPERATIONS = (
    *(operation for resource in RESOURCES for operation in resource.operations),
    *Sandbox.operations,
)
"""All operations of a server that has a sandbox."""
