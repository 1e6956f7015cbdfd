"""All that the SMS.CX door serves, resource by resource."""

from __future__ import annotations

from collections.abc import Sequence

from heliograph.protocols.smscx.door.account import AccountOverview
from heliograph.protocols.smscx.door.applications import Applications
from heliograph.protocols.smscx.door.attachments import Attachments
from heliograph.protocols.smscx.door.campaigns import Campaigns
from heliograph.protocols.smscx.door.contacts import Contacts
from heliograph.protocols.smscx.door.conversations import Conversations
from heliograph.protocols.smscx.door.groups import Groups
from heliograph.protocols.smscx.door.lookup_jobs import LookupJobs
from heliograph.protocols.smscx.door.lookups import Lookups
from heliograph.protocols.smscx.door.multichannel import Multichannel
from heliograph.protocols.smscx.door.numbers import Numbers
from heliograph.protocols.smscx.door.optouts import Optouts
from heliograph.protocols.smscx.door.originators import Originators
from heliograph.protocols.smscx.door.otp import OneTimeCodes
from heliograph.protocols.smscx.door.rent_lists import RentLists
from heliograph.protocols.smscx.door.rents import Rents
from heliograph.protocols.smscx.door.reports import Reports
from heliograph.protocols.smscx.door.resource import SmscxResource
from heliograph.protocols.smscx.door.shortlinks import Shortlinks
from heliograph.protocols.smscx.door.sms import Sms
from heliograph.protocols.smscx.door.summaries import Summaries
from heliograph.protocols.smscx.door.templated import Viber, Whatsapp
from heliograph.protocols.smscx.door.templates import Templates

RESOURCES: Sequence[type[SmscxResource]] = (
    Applications,
    AccountOverview,
    Originators,
    Templates,
    Groups,
    Contacts,
    Optouts,
    Sms,
    Viber,
    Whatsapp,
    Multichannel,
    OneTimeCodes,
    Numbers,
    LookupJobs,
    Lookups,
    RentLists,
    Rents,
    Shortlinks,
    Attachments,
    Conversations,
    Reports,
    Campaigns,
    Summaries,
)
OPERATIONS = tuple(operation for resource in RESOURCES for operation in resource.operations)
