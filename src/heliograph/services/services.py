"""All services of one platform, for the doors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from heliograph.domain.channels import Channel
from heliograph.domain.fraud import CodeLimits
from heliograph.domain.issuers import IssuerConfig
from heliograph.domain.rents import Terms
from heliograph.engine.engine import Engine
from heliograph.services.account_admin import AccountAdmin
from heliograph.services.accounts import Accounts
from heliograph.services.attention import Attention
from heliograph.services.audit import AuditLog
from heliograph.services.batches import Batches
from heliograph.services.contacts import Contacts
from heliograph.services.conversations import Conversations
from heliograph.services.directory import Applications, ListenersOf, Originators, Templates
from heliograph.services.erasure import Erasures
from heliograph.services.federated import FederatedSigningIn
from heliograph.services.groups import Groups
from heliograph.services.history import History
from heliograph.services.idempotency import Idempotency
from heliograph.services.imports import Imports
from heliograph.services.inbound import InboundMessages
from heliograph.services.key_kinds import KeyKind
from heliograph.services.keys import Keys
from heliograph.services.links import Links
from heliograph.services.live import Live
from heliograph.services.messages import Messages
from heliograph.services.money import Money
from heliograph.services.numbers import Numbers
from heliograph.services.optouts import OptOuts
from heliograph.services.parking import Parking
from heliograph.services.people import People
from heliograph.services.places import Places
from heliograph.services.profile import Profile
from heliograph.services.provider_admin import ProviderAdmin
from heliograph.services.rates import RequestRates
from heliograph.services.rents import Rents
from heliograph.services.reports import Reports
from heliograph.services.sessions import ClientSessions
from heliograph.services.settings_in_force import SettingsInForce
from heliograph.services.signing_in import SigningIn
from heliograph.services.subaccounts import SubAccounts
from heliograph.services.told import Callbacks
from heliograph.services.verify import Verify
from heliograph.services.waits import Waits
from heliograph.store.files import Files


class Services:
    def __init__(
        self,
        engine: Engine,
        accounts: Accounts,
        *,
        inventory: Sequence[Terms],
        files: Files,
        largest_file: int,
        requests_per_second: int,
        code_limits: CodeLimits,
        listeners_of: ListenersOf,
        key_kinds: Sequence[KeyKind],
        issuers: Mapping[str, IssuerConfig],
        settings_in_force: SettingsInForce = list,
    ) -> None:
        """Put the services together.

        `inventory` has the numbers that can be rented; `largest_file` is in octets; an account may make
        `requests_per_second` by all doors; `listeners_of` reads the settings of applications; `key_kinds` is whatever
        accounts can have keys for; `issuers` are those of OpenID Connect,
        by name; `settings_in_force` lists the settings of this process.
        """
        self._engine = engine
        self.settings_in_force = settings_in_force
        store = engine.store
        self.access = accounts.access
        self.rates = RequestRates(store, requests_per_second)
        self.idempotency = Idempotency(store)
        self.accounts = accounts
        self.account_admin = AccountAdmin(store, accounts, lambda: engine.tariff)
        self.provider_admin = ProviderAdmin(engine)
        self.keys = Keys(store, accounts, key_kinds)
        self.people = People(store, accounts)
        self.signing_in = SigningIn(store, accounts, self.people)
        self.federated = FederatedSigningIn(store, accounts, self.people, self.signing_in, issuers)
        self.audit_log = AuditLog(store)
        self.subaccounts = SubAccounts(engine, accounts)
        self.profile = Profile(engine, self.accounts)
        self.batches = Batches(engine)
        self.parking = Parking(engine, self.batches)
        self.groups = Groups(engine)
        self.contacts = Contacts(engine)
        self.imports = Imports(engine, files)
        self.templates = Templates(store)
        self.originators = Originators(store)
        self.applications = Applications(store, accounts, listeners_of)
        self.waits = Waits()
        self.live = Live(engine, self.waits)
        self.messages = Messages(engine, self.waits)
        self.money = Money(engine)
        self.reports = Reports(store)
        self.history = History(store)
        self.inbound = InboundMessages(store)
        self.told = Callbacks(engine)
        self.sessions = ClientSessions(engine)
        self.places = Places(store)
        self.optouts = OptOuts(store)
        self.verify = Verify(engine, self.batches, accounts.seal.key_for("one-time codes"), code_limits)
        self.attention = Attention(engine, self.history, self.verify)
        self.numbers = Numbers(engine)
        self.rents = Rents(engine, inventory)
        self.erasures = Erasures(store)
        self.links = Links(engine, files, largest_file)
        self.conversations = Conversations(engine, self.batches, self.history)

    @property
    def channels(self) -> Set[Channel]:
        """Return the channels by which ordinary numbers can be reached."""
        return self._engine.router.channels
