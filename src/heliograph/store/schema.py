"""The tables, as they are after all migrations.

Two column types are enough, so that a row looks the same on both engines and can travel as JSON: text, and
64-bit integers. Instants are milliseconds since 1970, lists and parameters are JSON text, binary is base64.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
)
from sqlalchemy.dialects.postgresql import TEXT

from heliograph.domain.statuses import UNDELIVERED, Status

metadata = MetaData()


#: Compared byte by byte on both engines: the same order everywhere, and no locale to ask at each step in an index.
Words = Text().with_variant(TEXT(collation="C"), "postgresql")


FILLED = "filled"


def text(name: str, *, key: bool = False, required: bool = True, default: str | None = None) -> Column[str]:
    return Column(name, Words, primary_key=key, nullable=not required, server_default=default)


def filled(name: str) -> Column[str]:
    """Declare a text that every row has which is still read, though the database does not enforce it: SQLite adds no
    column to rows that are there which must not be NULL."""
    return Column(name, Words, nullable=True, info={FILLED: True})


def number(name: str, *, required: bool = True, default: int | None = None) -> Column[int]:
    server_default = None if default is None else str(default)
    return Column(name, BigInteger, nullable=not required, server_default=server_default)


accounts = Table(
    "accounts",
    metadata,
    text("id", key=True),
    text("name"),
    number("created_at"),
    text("callback_url", required=False),
    text("callback_protocol"),
    text("callback_secret"),
    text("default_originator", required=False),
    text("default_region", required=False),
    text("optout_page", required=False),  # names the account in addresses that recipients see
    text("terms", required=False),  # JSON
    text("parent_id", required=False),
    text("receipt_url", required=False),
    text("consent_words", required=False),  # JSON
    number("closed_at", required=False),
    # The callback secret before the last change, and until when it signs beside the new one.
    text("former_callback_secret", required=False),
    number("former_callback_until", required=False),
    text("optout_secret", required=False),  # seals opt-out links; NULL: the callback secret does
    UniqueConstraint("name", name="accounts_name"),
)
Index("accounts_by_parent", accounts.c.parent_id)

credentials = Table(
    "credentials",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("kind"),
    text("public_id"),
    text("secret_hash"),
    text("scopes"),  # separated by spaces
    number("created_at"),
    number("revoked_at", required=False),
    number("expires_at", required=False),
    text("application_id", required=False),
    text("networks", required=False),  # separated by spaces; NULL: it is good from everywhere
    text("sealed", required=False),  # the secret itself, sealed, of kinds whose protocol signs with it
    # The protocol whose connected clients, with this, are told of the account's inbound messages; NULL: none.
    text("listens", required=False),
    text("login_id", required=False),  # of a token: the credential whose password was exchanged for it
    number("last_used_at", required=False),
    text("last_used_from", required=False),
    UniqueConstraint("kind", "public_id", name="credentials_public_id"),
)
listens = credentials.c.listens.is_not(None)
Index("credentials_that_listen", credentials.c.account_id, sqlite_where=listens, postgresql_where=listens)
Index("credentials_by_account", credentials.c.account_id, credentials.c.id)
is_of_login = credentials.c.login_id.is_not(None)
Index("credentials_by_login", credentials.c.login_id, sqlite_where=is_of_login, postgresql_where=is_of_login)

# What credentials were before they were given other secrets, as long as both are good.
former_secrets = Table(
    "former_secrets",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("credential_id"),
    text("kind"),
    text("public_id"),
    text("secret_hash"),
    text("sealed", required=False),
    number("good_until"),
)
Index("former_secrets_by_name", former_secrets.c.kind, former_secrets.c.public_id)
Index("former_secrets_by_credential", former_secrets.c.credential_id)

# What was administered, by whom: a chain that triggers let nobody change. See store/audit.py.
audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    number("at"),
    text("actor_kind"),
    text("actor_id"),
    text("actor_name"),
    text("address", required=False),
    text("action"),
    text("object_id"),
    text("account_id", required=False),
    text("before"),  # JSON; so is what is after it
    text("after"),
    text("previous"),
    text("hash"),
)
Index("audit_by_account", audit.c.account_id, audit.c.seq)
Index("audit_by_object", audit.c.object_id, audit.c.seq)

# Where the chain ends, and where what is kept of it begins: one row, locked by whoever adds to it.
audit_head = Table(
    "audit_head",
    metadata,
    number("seq"),
    text("hash"),
    number("cut_seq"),
    text("cut_hash"),
)

batches = Table(
    "batches",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("protocol"),
    text("kind"),
    text("originator", required=False),
    text("body"),
    text("udh"),
    text("parameters", required=False),
    text("recipients"),
    text("groups", default="[]"),
    number("recipient_count"),
    number("send_at"),
    number("expire_at"),
    text("callback_url", required=False),
    text("report"),
    text("tags"),
    text("title", required=False),
    text("client_reference", required=False),
    text("idempotency_key", required=False),
    text("fingerprint", required=False),
    number("flash"),
    number("max_parts", required=False),
    number("created_at"),
    number("modified_at"),
    number("canceled_at", required=False),
    # Messages not settled yet, and one more while groups are not looked up; kept only where the end is called back.
    number("open_count", required=False),
    text("options", required=False),
    number("expand_at", required=False),
    number("used_ids", default=0),  # identifiers behind its own that messages have, or had
    text("pause", required=False),  # pausing, paused, resuming
    text("pause_reason", required=False),
    # Kept only where it pauses by itself when too many fail.
    number("settled_count", required=False),
    number("failed_count", required=False),
    text("fields", required=False),  # what contacts' fields fill in: as parameters, by bare MSISDN
    text("sink", required=False),  # where its facts go, if not to a URL
    text("door_facts", required=False),  # of the door that made it: nobody else looks into it
    text("recipient_facts", required=False),  # those of its messages, by MSISDN, for those that are not stored yet
)
is_pausing_or_resuming = batches.c.pause.in_([literal_column("'pausing'"), literal_column("'resuming'")])
Index("batches_pausing", batches.c.id, sqlite_where=is_pausing_or_resuming, postgresql_where=is_pausing_or_resuming)
is_held_for_share = batches.c.pause_reason == literal_column("'share'")
Index("batches_held_for_share", batches.c.id, sqlite_where=is_held_for_share, postgresql_where=is_held_for_share)
has_groups_to_expand = batches.c.expand_at.is_not(None)
Index(
    "batches_to_expand",
    batches.c.expand_at,
    sqlite_where=has_groups_to_expand,
    postgresql_where=has_groups_to_expand,
)
Index("batches_by_account", batches.c.account_id, batches.c.id)
Index(
    "batches_idempotency",
    batches.c.account_id,
    batches.c.idempotency_key,
    unique=True,
    sqlite_where=batches.c.idempotency_key.is_not(None),
    postgresql_where=batches.c.idempotency_key.is_not(None),
)

# Requests that are kept although nothing is sent yet: their account can't pay for them.
parked = Table(
    "parked",
    metadata,
    text("id", key=True),  # the batch's, once there is one
    text("account_id"),
    text("protocol"),
    text("draft"),
    number("created_at"),
)
Index("parked_by_account", parked.c.account_id, parked.c.id)

messages = Table(
    "messages",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("batch_id"),
    text("msisdn"),
    text("status"),
    text("reason", required=False),
    text("detail", required=False),
    text("provider_code", required=False),
    number("notify", default=0),
    number("due_at"),
    number("expire_at"),
    number("attempts", default=0),
    text("worker", required=False),
    number("lease_until", required=False),
    text("encoding", required=False),
    number("parts", required=False),
    text("provider", required=False),
    text("provider_ref", required=False),
    number("created_at"),
    number("sent_at", required=False),
    number("settled_at", required=False),
    number("confirmed_at", required=False),
    number("price", default=0),  # what was charged for it, in millionths
    text("country", required=False),
    text("channel", default="sms"),
    number("leg", default=0),  # of the plan: 0 is the batch's own body, n its nth fallback
    text("plan", required=False),  # of a message that may go by several channels, one after the other
    number("fall_back_at", required=False),
    number("priority", default=1),
    text("waits_at", required=False),  # the line that it waits at, due as it is; NULL: nobody has looked at it yet
    text("passed_on_by", required=False),  # providers that are not to be asked again, separated by spaces
    text("why_queued", required=False),  # a `Waiting`, until it has been sent or has ended; `reason` is why it ended
    text("recipient_facts", required=False),  # of the door that made its batch
    number("set_aside", required=False),  # 1 while it is kept out of the queue, since its batch is paused
)
# Literals, not parameters: a plan made for any parameter could not use the partial indexes below.
is_queued = messages.c.status == literal_column("'queued'")
is_sending = messages.c.status == literal_column("'sending'")
is_free = and_(messages.c.waits_at.is_(None), messages.c.set_aside.is_(None))
is_at_line = messages.c.waits_at.is_not(None)
is_set_aside = messages.c.set_aside.is_not(None)
Index("messages_by_account", messages.c.account_id, messages.c.id)
# The queue: partial, so that PostgreSQL never sorts due rows, analysed or not (docs/decisions/0004-queue.md).
Index(
    "messages_due",
    messages.c.priority,
    messages.c.due_at,
    messages.c.id,
    sqlite_where=and_(is_queued, is_free),
    postgresql_where=and_(is_queued, is_free),
)
Index(
    "messages_at_lines",
    messages.c.waits_at,
    messages.c.priority,
    messages.c.due_at,
    messages.c.id,
    sqlite_where=and_(is_queued, is_at_line),
    postgresql_where=and_(is_queued, is_at_line),
)
Index(
    "messages_set_aside",
    messages.c.batch_id,
    messages.c.id,
    sqlite_where=and_(is_queued, is_set_aside),
    postgresql_where=and_(is_queued, is_set_aside),
)
Index(
    "messages_leased",
    messages.c.lease_until,
    sqlite_where=is_sending,
    postgresql_where=is_sending,
)
Index(
    "messages_by_provider_ref",
    messages.c.provider_ref,
    sqlite_where=messages.c.provider_ref.is_not(None),
    postgresql_where=messages.c.provider_ref.is_not(None),
)

is_falling_back = messages.c.fall_back_at.is_not(None)
Index(
    "messages_falling_back",
    messages.c.fall_back_at,
    sqlite_where=is_falling_back,
    postgresql_where=is_falling_back,
)
Index("messages_by_msisdn", messages.c.msisdn, messages.c.id)
# Few among many, and looked for: a message pays for this index only if it ends like that. It is said by the others,
# since SQLite would read a list of these as five ranges of the index, and sort.
is_undelivered = messages.c.status.not_in(
    [literal_column(f"'{status}'") for status in Status if status not in UNDELIVERED]
)
Index(
    "messages_undelivered",
    messages.c.account_id,
    messages.c.status,
    messages.c.id,
    sqlite_where=is_undelivered,
    postgresql_where=is_undelivered,
)

# Which batches have a word in their text: of accounts that look for words (`store/indexing.py`).
text_words = Table(
    "text_words",
    metadata,
    number("word"),  # a hash of the account and the word
    text("batch_id"),
    PrimaryKeyConstraint("word", "batch_id", name="text_words_key"),
    sqlite_with_rowid=False,
)

# The accounts that look for words, and how far their texts are indexed.
text_indexes = Table(
    "text_indexes",
    metadata,
    text("account_id", key=True),
    text("after"),  # the last batch that is
    number("searched_at"),
    number("next_at"),  # when it is to be looked at again
)
Index("text_indexes_due", text_indexes.c.next_at)

# What was answered to requests that named a key, for a day.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    text("account_id"),
    text("idempotency_key"),
    text("fingerprint"),
    number("begun_at"),
    number("lease_until"),
    text("answer", required=False),  # JSON; NULL: it is being carried out
    PrimaryKeyConstraint("account_id", "idempotency_key", name="idempotency_keys_key"),
)
Index("idempotency_keys_by_age", idempotency_keys.c.begun_at)

# Attempts that were not the last: what came of the last one is in the message.
attempts = Table(
    "attempts",
    metadata,
    text("id", key=True),
    text("message_id"),
    text("provider"),
    text("provider_ref", required=False),
    text("outcome"),
    text("reason", required=False),
    text("provider_code", required=False),
    text("detail", required=False),
    number("at"),
)
Index("attempts_by_message", attempts.c.message_id, attempts.c.id)
attempt_was_taken = attempts.c.provider_ref.is_not(None)
Index(
    "attempts_by_provider_ref",
    attempts.c.provider_ref,
    sqlite_where=attempt_was_taken,
    postgresql_where=attempt_was_taken,
)

# Changes of batches and groups that are too large for one transaction, while they are carried out (`store/works.py`).
works = Table(
    "works",
    metadata,
    text("id", key=True),  # of the batch or the group
    text("account_id"),
    text("kind"),
    text("worker"),
    number("lease_until"),
    number("amount"),  # charged for what is not written yet, in millionths
    text("members", required=False),  # who comes into the group and who goes
)
Index("works_by_lease", works.c.lease_until)

# Lines at which messages wait because no more may be sent for the moment; all workers take their places here.
paces = Table(
    "paces",
    metadata,
    text("line", key=True),
    text("provider"),
    number("free_at_us"),  # the first place that no message has taken, in microseconds since 1970
)
Index("paces_by_provider", paces.c.provider, paces.c.line)

# Of an account's current second: what its processes have taken of its limit.
request_rates = Table(
    "request_rates",
    metadata,
    text("account_id", key=True),
    number("second"),
    number("taken"),
)

early_receipts = Table(
    "early_receipts",
    metadata,
    text("id", key=True),
    text("provider"),
    text("provider_ref"),
    text("status"),
    text("reason", required=False),
    text("provider_code", required=False),
    text("detail", required=False),
    number("at_ms"),
    number("received_at"),
    text("receipt_id", required=False),  # of one that has several names, each in a row: the identifier of the first row
    text("msisdns", required=False),  # in it, separated by spaces: one of them is the recipient's
)
Index("early_receipts_by_ref", early_receipts.c.provider_ref)
Index("early_receipts_by_age", early_receipts.c.received_at)
of_several = early_receipts.c.receipt_id.is_not(None)
Index("early_receipts_by_receipt", early_receipts.c.receipt_id, sqlite_where=of_several, postgresql_where=of_several)

# Under which other name receipts may speak of a message that a provider took as `provider_ref`.
ref_keys = Table(
    "ref_keys",
    metadata,
    text("ref_key"),
    text("provider"),
    text("provider_ref"),
    number("created_at"),
    PrimaryKeyConstraint("ref_key", "provider", "provider_ref", name="ref_keys_key"),
)
Index("ref_keys_by_age", ref_keys.c.created_at)

events = Table(
    "events",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("protocol"),
    text("sink"),  # a URL, or session:PROTOCOL/KEY
    text("kind"),
    text("subject_id"),
    text("facts", required=False),
    text("state"),  # waiting, delivered, given_up
    number("due_at"),
    number("attempts", default=0),
    number("lease_until", required=False),
    text("last_error", required=False),
    number("created_at"),
    number("done_at", required=False),
    filled("receiver"),  # who it is for: of all that wait
)
is_waiting = events.c.state == literal_column("'waiting'")
Index(
    "events_due",
    events.c.receiver,
    events.c.due_at,
    events.c.id,
    sqlite_where=is_waiting,
    postgresql_where=is_waiting,
)
Index("events_by_account", events.c.account_id, events.c.id)
Index("events_by_subject", events.c.subject_id, events.c.id)

optouts = Table(
    "optouts",
    metadata,
    text("msisdn"),
    text("account_id"),
    text("source"),
    number("created_at"),
    number("number", default=0),
    PrimaryKeyConstraint("msisdn", "account_id", name="optouts_key"),
)
Index("optouts_by_account", optouts.c.account_id, optouts.c.msisdn)
Index("optouts_by_number", optouts.c.account_id, optouts.c.number)

inbound = Table(
    "inbound",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("kind"),
    text("msisdn"),
    text("recipient"),
    text("body"),
    text("udh"),
    text("provider"),
    text("provider_ref", required=False),
    text("keyword", required=False),
    number("received_at"),
    number("sent_at", required=False),
    text("operator", required=False),
    text("channel", default="sms"),
    number("price", default=0),  # what receiving it cost, in millionths
    text("rent_id", required=False),
    number("missing_parts", default=0),
    text("provider_facts", required=False),  # what else the provider said, in its own terms
)
Index("inbound_by_account", inbound.c.account_id, inbound.c.id)
Index("inbound_by_msisdn", inbound.c.msisdn, inbound.c.id)
Index("inbound_by_recipient", inbound.c.account_id, inbound.c.recipient, inbound.c.id)
has_rent = inbound.c.rent_id.is_not(None)
Index("inbound_by_rent", inbound.c.rent_id, inbound.c.id, sqlite_where=has_rent, postgresql_where=has_rent)
Index(
    "inbound_by_provider_ref",
    inbound.c.provider,
    inbound.c.provider_ref,
    unique=True,
    sqlite_where=inbound.c.provider_ref.is_not(None),
    postgresql_where=inbound.c.provider_ref.is_not(None),
)

# Messages of which more parts are awaited, or were a while ago: who repeats one then has been heard.
long_inbound = Table(
    "long_inbound",
    metadata,
    text("id", key=True),
    text("provider"),
    text("msisdn"),  # as the provider writes it
    text("recipient"),
    text("reference"),
    number("total"),
    text("facts"),  # JSON: what else the first part to come said
    number("due_at"),  # what is there by then is a message
    number("joined_at", required=False),
    UniqueConstraint("provider", "msisdn", "recipient", "reference", "total", name="long_inbound_reference"),
)
is_awaited = long_inbound.c.joined_at.is_(None)
Index("long_inbound_due", long_inbound.c.due_at, sqlite_where=is_awaited, postgresql_where=is_awaited)
Index("long_inbound_by_age", long_inbound.c.joined_at)

inbound_parts = Table(
    "inbound_parts",
    metadata,
    text("long_id"),
    number("sequence"),
    text("encoding"),
    text("payload"),  # base64
    PrimaryKeyConstraint("long_id", "sequence", name="inbound_parts_key"),
)

balances = Table(
    "balances",
    metadata,
    text("account_id", key=True),
    number("amount"),  # in millionths; what is reserved for waiting messages is taken off already
    number("credit", default=0),  # how far below nothing it may go, in millionths
)

# What an account with caps has sent in the current day and month, both of UTC.
usage = Table(
    "usage",
    metadata,
    text("account_id", key=True),
    number("day"),  # since 1970
    number("day_messages"),
    number("day_amount"),  # in millionths
    number("month"),  # since 1970
    number("month_messages"),
    number("month_amount"),
)

ledger = Table(
    "ledger",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("kind"),  # as domain/ledger.py names them
    number("amount"),  # added to the balance; negative for charges
    text("batch_id", required=False),
    number("created_at"),
    text("note", required=False),  # of who changed it by hand
)
Index("ledger_by_account", ledger.c.account_id, ledger.c.id)

groups = Table(
    "groups",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("name", required=False),
    text("tags"),
    text("auto_to", required=False),
    text("auto_add", required=False),
    text("auto_remove", required=False),
    number("created_at"),
    number("modified_at"),
    number("number", default=0),
    UniqueConstraint("account_id", "name", name="groups_name"),
)
Index("groups_by_account", groups.c.account_id, groups.c.id)
Index(
    "groups_by_auto_to",
    groups.c.account_id,
    groups.c.auto_to,
    sqlite_where=groups.c.auto_to.is_not(None),
    postgresql_where=groups.c.auto_to.is_not(None),
)

group_members = Table(
    "group_members",
    metadata,
    text("group_id"),
    text("msisdn"),
    filled("id"),
    text("country", required=False),
    text("details", required=False),
    number("import_number", required=False),  # the import that added or updated it, until something else changes it
    PrimaryKeyConstraint("group_id", "msisdn", name="group_members_key"),
)
Index("group_members_by_id", group_members.c.group_id, group_members.c.id)
is_somebody = group_members.c.details.is_not(None)
Index("group_members_known", group_members.c.msisdn, sqlite_where=is_somebody, postgresql_where=is_somebody)

group_children = Table(
    "group_children",
    metadata,
    text("group_id"),
    text("child_id"),
    PrimaryKeyConstraint("group_id", "child_id", name="group_children_key"),
)
Index("group_children_by_child", group_children.c.child_id)

imports = Table(
    "imports",
    metadata,
    text("id", key=True),
    text("account_id"),
    number("number"),
    text("group_id", required=False),
    text("state"),
    text("wish"),  # JSON, as the next
    text("understood"),
    text("file", required=False),
    text("counts"),  # JSON
    number("undone"),
    text("error", required=False),
    text("worker"),
    number("lease_until"),  # 0 when there is nothing to do
    number("created_at"),
    number("finished_at", required=False),
)
Index("imports_of_account", imports.c.account_id, imports.c.id)
Index("imports_by_lease", imports.c.lease_until)

import_rejects = Table(
    "import_rejects",
    metadata,
    text("import_id"),
    number("place"),
    number("row"),
    text("value"),
    text("reason"),
    text("cells"),  # JSON
    PrimaryKeyConstraint("import_id", "place", name="import_rejects_key"),
)

# What was known of members before an import updated them, and which import had written that.
import_changes = Table(
    "import_changes",
    metadata,
    text("import_id"),
    text("msisdn"),
    text("details", required=False),
    number("number", required=False),
    PrimaryKeyConstraint("import_id", "msisdn", name="import_changes_key"),
)

# The last number given to each kind of thing that an account counts: numbers are not used again.
numbering = Table(
    "numbering",
    metadata,
    text("account_id"),
    text("kind"),
    number("last"),
    PrimaryKeyConstraint("account_id", "kind", name="numbering_key"),
)

templates = Table(
    "templates",
    metadata,
    text("account_id"),
    number("number"),
    text("name"),
    text("channel"),
    text("body"),
    text("rich_media", required=False),
    number("approved_at", required=False),
    number("created_at"),
    PrimaryKeyConstraint("account_id", "number", name="templates_key"),
    UniqueConstraint("account_id", "name", name="templates_name"),
)

originators = Table(
    "originators",
    metadata,
    text("account_id"),
    number("number"),
    text("value"),
    number("approved_at", required=False),
    number("created_at"),
    PrimaryKeyConstraint("account_id", "number", name="originators_key"),
    UniqueConstraint("account_id", "value", name="originators_value"),
)

# The secret is in clear: its owner may read it again (SMS.CX's list of applications has it).
applications = Table(
    "applications",
    metadata,
    text("id", key=True),
    text("account_id"),
    number("number"),
    text("name"),
    text("secret"),
    text("scopes"),
    number("token_lifetime_s", required=False),
    text("settings"),
    number("created_at"),
    text("callbacks", required=False),  # where it is told of what is not about one of its requests: kind -> URL
)
Index("applications_by_account", applications.c.account_id, applications.c.number)

# One-time codes: of the code itself there is only a hash.
verifications = Table(
    "verifications",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("msisdn"),
    text("address", required=False),  # of whoever is to prove that the number is theirs
    text("client_reference", required=False),
    text("status"),
    text("code_hash"),
    number("attempts", default=0),
    number("max_attempts"),
    number("sends", default=1),
    number("ttl_s"),
    number("expires_at"),
    number("settled_at", required=False),
    text("batch_id"),  # of the latest message with a code
    number("price"),
    number("parts"),
    text("callback_url", required=False),
    text("protocol"),
    text("wording"),  # what a further message is made from
    number("created_at"),
    text("earlier_batches", default="[]"),  # of earlier messages with the same code
)
is_pending = verifications.c.status == literal_column("'pending'")
Index(
    "verifications_expiring",
    verifications.c.expires_at,
    sqlite_where=is_pending,
    postgresql_where=is_pending,
)
Index("verifications_by_msisdn", verifications.c.account_id, verifications.c.msisdn, verifications.c.id)
has_address = verifications.c.address.is_not(None)
Index(
    "verifications_by_address",
    verifications.c.account_id,
    verifications.c.address,
    verifications.c.id,
    sqlite_where=has_address,
    postgresql_where=has_address,
)

# Of the last day only.
code_counts = Table(
    "code_counts",
    metadata,
    text("account_id"),
    text("prefix"),  # what their numbers begin with; empty: any
    number("minute"),  # since 1970
    number("sent"),
    number("entered"),
    PrimaryKeyConstraint("account_id", "prefix", "minute", name="code_counts_key"),
)
Index("code_counts_by_minute", code_counts.c.minute)

# A job's lookups have the identifiers that follow its own; one that was asked alone has no job.
lookup_jobs = Table(
    "lookup_jobs",
    metadata,
    text("id", key=True),
    text("account_id"),
    number("asked"),
    number("accepted"),
    number("price"),
    number("created_at"),
)
Index("lookup_jobs_by_account", lookup_jobs.c.account_id, lookup_jobs.c.id)

lookups = Table(
    "lookups",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("job_id", required=False),
    text("msisdn"),
    text("country", required=False),
    number("price"),
    text("facts", required=False),
    text("callback_url", required=False),
    text("protocol"),
    number("due_at", required=False),  # none once it is answered
    number("attempts", default=0),
    number("created_at"),
    number("done_at", required=False),
)
is_asked = lookups.c.due_at.is_not(None)
Index("lookups_due", lookups.c.due_at, lookups.c.id, sqlite_where=is_asked, postgresql_where=is_asked)

rents = Table(
    "rents",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("number_id"),
    text("msisdn"),
    text("terms"),  # as they were when it was rented
    number("days"),
    number("begins_at"),
    number("ends_at"),
    number("auto_renew"),
    text("callback_url", required=False),
    text("protocol"),
    text("registration_id", required=False),
    number("price"),
    number("setup_price"),
    number("active"),
    number("created_at"),
)
is_rented = rents.c.active == literal_column("1")
Index("rents_of_number", rents.c.number_id, unique=True, sqlite_where=is_rented, postgresql_where=is_rented)
Index("rents_by_msisdn", rents.c.msisdn, sqlite_where=is_rented, postgresql_where=is_rented)
Index("rents_ending", rents.c.ends_at, sqlite_where=is_rented, postgresql_where=is_rented)
Index("rents_by_account", rents.c.account_id, rents.c.id)

# Short addresses: of places elsewhere, and of files that are kept here.
links = Table(
    "links",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("kind"),  # shortlink, attachment
    number("number"),
    text("name"),
    text("target"),  # an address; of a file: the key under which it is kept
    text("media_type", required=False),
    number("size", required=False),
    number("hits", default=0),
    number("created_at"),
    number("passes_query", default=0),  # whether the query of the short address is handed on
    UniqueConstraint("account_id", "kind", "name", name="links_name"),
)
Index("links_by_account", links.c.account_id, links.c.kind, links.c.number)
Index(
    "links_by_target",
    links.c.target,
    sqlite_where=links.c.kind == literal_column("'attachment'"),
    postgresql_where=links.c.kind == literal_column("'attachment'"),
)

# Files that are kept here, where the setting `attachments` says so.
files = Table("files", metadata, text("key", key=True), number("created_at"), number("is_whole", default=0))
is_unfinished_file = files.c.is_whole == literal_column("0")
Index("files_unfinished", files.c.created_at, sqlite_where=is_unfinished_file, postgresql_where=is_unfinished_file)
file_pieces = Table(
    "file_pieces",
    metadata,
    text("key"),
    number("position"),
    text("content"),
    PrimaryKeyConstraint("key", "position", name="file_pieces_key"),
)

# The ends of addresses that say which message they were in.
link_tokens = Table(
    "link_tokens",
    metadata,
    text("link_id"),
    text("token"),
    text("account_id"),
    text("batch_id"),
    text("msisdn"),
    PrimaryKeyConstraint("link_id", "token", name="link_tokens_key"),
)
Index("link_tokens_by_batch", link_tokens.c.batch_id, link_tokens.c.msisdn)

hits = Table(
    "hits",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("link_id"),
    number("number"),
    number("at"),
    text("user_agent", required=False),
    text("address", required=False),  # its last octet is 0
    text("language", required=False),
    text("referrer", required=False),
    text("msisdn", required=False),
    text("batch_id", required=False),
    number("preview", default=0),  # 1 if a program asked for it, not a person
)
Index("hits_by_link", hits.c.link_id, hits.c.id)

# A number that has written to an account.
conversations = Table(
    "conversations",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("msisdn"),
    number("unread"),
    text("last_text"),
    number("last_at"),
    text("heard", default="{}"),  # channel -> when it was last written by, and to which originator
    text("assignee_id", required=False),  # the person who answers
    number("closed_at", required=False),  # until somebody writes again
    UniqueConstraint("account_id", "msisdn", name="conversations_msisdn"),
)
Index("conversations_by_account", conversations.c.account_id, conversations.c.last_at)
is_unread = conversations.c.unread > literal_column("0")
is_assigned = conversations.c.assignee_id.is_not(None)
is_open_talk = conversations.c.closed_at.is_(None)
Index(
    "conversations_unread",
    conversations.c.account_id,
    conversations.c.last_at,
    sqlite_where=is_unread,
    postgresql_where=is_unread,
)
Index(
    "conversations_assigned",
    conversations.c.account_id,
    conversations.c.assignee_id,
    conversations.c.last_at,
    sqlite_where=is_assigned,
    postgresql_where=is_assigned,
)
Index(
    "conversations_open",
    conversations.c.account_id,
    conversations.c.last_at,
    sqlite_where=is_open_talk,
    postgresql_where=is_open_talk,
)

# What the people of an account tell each other about a number that has written to it.
conversation_notes = Table(
    "conversation_notes",
    metadata,
    text("id", key=True),
    text("account_id"),
    text("msisdn"),
    text("author"),  # the e-mail address of a person, or whose key it was
    text("body"),
    number("at"),
)
Index(
    "conversation_notes_by_number",
    conversation_notes.c.account_id,
    conversation_notes.c.msisdn,
    conversation_notes.c.id,
)

# What providers are to be asked about, because they don't tell by themselves.
polls = Table(
    "polls",
    metadata,
    text("id", key=True),  # both that follow: the same question is asked once
    text("provider"),
    text("handle"),
    number("due_at"),
    number("attempts", default=0),
    number("give_up_at", required=False),
)
Index("polls_due", polls.c.due_at)

# What the sandbox operator knows: its simulated phones and what each has on its screen.
phone_messages = Table(
    "phone_messages",
    metadata,
    text("id", key=True),
    text("msisdn"),
    text("peer"),  # the originator of a received message, the recipient of one sent from the phone
    text("direction"),  # received, sent
    text("body"),
    text("udh"),
    text("encoding"),
    number("parts"),
    text("message_id", required=False),  # ours, of a received one
    text("account_id"),
    text("provider_ref", required=False),
    text("outcome"),
    number("at"),
    text("channel", default="sms"),
    text("rich_media", required=False),
)
Index("phone_messages_by_phone", phone_messages.c.msisdn, phone_messages.c.id)
Index("phone_messages_by_account", phone_messages.c.account_id, phone_messages.c.id)

# Who signs in; what a person is to which account stands in `roles`.
people = Table(
    "people",
    metadata,
    text("id", key=True),
    text("email"),
    text("password_hash", required=False),
    number("created_at"),
    number("disabled_at", required=False),
    # Secrets of TOTP, sealed: what is in force, and what a first code is awaited for; and the step of the last code.
    text("totp", required=False),
    text("totp_pending", required=False),
    number("totp_step", required=False),
    UniqueConstraint("email", name="people_email"),
)

# Codes that stand in for one of TOTP, each once.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    text("person_id"),
    text("code_hash"),
    PrimaryKeyConstraint("person_id", "code_hash", name="recovery_codes_key"),
)

# Who an issuer of OpenID Connect says that a person is.
person_links = Table(
    "person_links",
    metadata,
    text("issuer"),
    text("subject"),
    text("person_id"),
    number("created_at"),
    PrimaryKeyConstraint("issuer", "subject", name="person_links_key"),
    UniqueConstraint("person_id", "issuer", name="person_links_person"),
)

# Attempts to sign in by an issuer that came back from there, until nobody could come back any more.
used_states = Table("used_states", metadata, text("state_hash", key=True), number("expires_at"))
Index("used_states_by_end", used_states.c.expires_at)

# What people who signed in have; one that has ended is not here.
sessions = Table(
    "sessions",
    metadata,
    text("id", key=True),
    text("person_id"),
    text("secret_hash"),
    number("created_at"),
    number("seen_at"),
    number("idle_until"),
    number("last_until"),
    text("address", required=False),
    text("agent"),
    UniqueConstraint("secret_hash", name="sessions_secret"),
)
Index("sessions_by_person", sessions.c.person_id, sessions.c.id)

invitations = Table(
    "invitations",
    metadata,
    text("id", key=True),
    text("email"),
    text("account_id"),
    text("role"),
    text("secret_hash"),
    number("created_at"),
    number("expires_at"),
    number("accepted_at", required=False),
    UniqueConstraint("secret_hash", name="invitations_secret"),
)

roles = Table(
    "roles",
    metadata,
    text("person_id"),
    text("account_id"),
    text("role"),
    PrimaryKeyConstraint("person_id", "account_id", name="roles_key"),
)
Index("roles_by_account", roles.c.account_id, roles.c.person_id)

settings = Table("settings", metadata, text("name", key=True), text("value"))

# The processes that share this store, each until its orderly end.
processes = Table(
    "processes",
    metadata,
    text("id", key=True),
    text("host"),
    number("pid"),
    text("role"),  # all, api, worker
    text("version"),
    number("started_at"),
    number("seen_at"),
    text("agreed"),  # JSON: what all should have alike, by name, as fingerprints
)

# What one process at a time may do, and until when it does.
leases = Table("leases", metadata, text("name", key=True), text("holder"), number("good_until"))

# How often each key is connected, by the process that counts it.
connected_keys = Table(
    "connected_keys",
    metadata,
    text("credential_id"),
    text("holder"),
    number("connections"),
    number("seen_at"),  # a holder that has not said it for a while is dead
    PrimaryKeyConstraint("credential_id", "holder", name="connected_keys_key"),
)

# How far each walk of the retention has come (`domain/retention.py`).
retention_walks = Table(
    "retention_walks",
    metadata,
    text("id", key=True),
    text("accounts"),  # JSON: those that it is for, or that it is not for
    text("after"),  # the last row that it has dealt with
    text("checked", required=False),  # the last of what was held that this run has looked at again; NULL: it has all
    text("within", required=False),  # the last message that it has dealt with of a batch that is too large for one step
    number("steps"),
    number("next_at"),
    number("run_rows"),
    number("all_rows"),
    number("began_at", required=False),
    number("done_at", required=False),
)

# What walks have passed over since it may not be touched yet.
retention_held = Table(
    "retention_held",
    metadata,
    text("walk"),
    text("id"),
    PrimaryKeyConstraint("walk", "id", name="retention_held_key"),
)
