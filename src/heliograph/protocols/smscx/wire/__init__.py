"""The bodies of SMS.CX (reference: smscx.md and its models), for the server and for our client: a module a resource.

Fields have the names of the wire in snake case. A field that may be left out is UNSET, one that may be null is None.
"""

from heliograph.protocols.smscx.wire import (
    account,
    applications,
    attachments,
    callbacks,
    campaigns,
    common,
    contacts,
    conversations,
    errors,
    groups,
    hits,
    lookups,
    numbers,
    optouts,
    originators,
    otp,
    rents,
    reports,
    sending,
    shortlinks,
    summaries,
    templates,
)

__all__ = [
    "account",
    "applications",
    "attachments",
    "callbacks",
    "campaigns",
    "common",
    "contacts",
    "conversations",
    "errors",
    "groups",
    "hits",
    "lookups",
    "numbers",
    "optouts",
    "originators",
    "otp",
    "rents",
    "reports",
    "sending",
    "shortlinks",
    "summaries",
    "templates",
]
