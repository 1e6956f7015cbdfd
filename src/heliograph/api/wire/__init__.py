"""The shapes of the native API, a module for each resource. No I/O; the SDK decodes the same structs.

Numbers are written with a plus (`+33612345678`), instants as RFC 3339 in UTC, binary as standard base64, headers as
hexadecimal. A listing is `{"items": [...], "next": CURSOR}`; hand `next` back as `before` for the next page, until it
is null.
"""

from heliograph.api.wire.account import *
from heliograph.api.wire.accounts import *
from heliograph.api.wire.applications import *
from heliograph.api.wire.audit import *
from heliograph.api.wire.batches import *
from heliograph.api.wire.callbacks import *
from heliograph.api.wire.contacts import *
from heliograph.api.wire.conversations import *
from heliograph.api.wire.erasures import *
from heliograph.api.wire.errors import *
from heliograph.api.wire.events import *
from heliograph.api.wire.exports import *
from heliograph.api.wire.fields import *
from heliograph.api.wire.groups import *
from heliograph.api.wire.imports import *
from heliograph.api.wire.inbound import *
from heliograph.api.wire.keys import *
from heliograph.api.wire.links import *
from heliograph.api.wire.messages import *
from heliograph.api.wire.money import *
from heliograph.api.wire.numbers import *
from heliograph.api.wire.optouts import *
from heliograph.api.wire.originators import *
from heliograph.api.wire.pages import *
from heliograph.api.wire.people import *
from heliograph.api.wire.rents import *
from heliograph.api.wire.reports import *
from heliograph.api.wire.sandbox import *
from heliograph.api.wire.streams import *
from heliograph.api.wire.templates import *
from heliograph.api.wire.verify import *
