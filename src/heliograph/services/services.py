"""All services of one platform, for the doors."""

from __future__ import annotations

from heliograph.engine.engine import Engine
from heliograph.protocols.sandbox.operator import SandboxOperator
from heliograph.services.access import Access
from heliograph.services.accounts import Accounts
from heliograph.services.batches import Batches
from heliograph.services.contacts import Contacts
from heliograph.services.directory import Applications, Originators, Templates
from heliograph.services.groups import Groups
from heliograph.services.history import History
from heliograph.services.inbound import InboundMessages
from heliograph.services.messages import Messages
from heliograph.services.money import Money
from heliograph.services.optouts import OptOuts
from heliograph.services.phones import Phones
from heliograph.services.reports import Reports


class Services:
    def __init__(self, engine: Engine, operator: SandboxOperator) -> None:
        store = engine.store
        self.access = Access(store)
        self.accounts = Accounts(store, self.access)
        self.batches = Batches(engine)
        self.groups = Groups(store)
        self.contacts = Contacts(engine)
        self.templates = Templates(store)
        self.originators = Originators(store)
        self.applications = Applications(store, self.accounts, self.access)
        self.messages = Messages(engine)
        self.money = Money(engine)
        self.reports = Reports(store)
        self.history = History(store)
        self.inbound = InboundMessages(store)
        self.optouts = OptOuts(store)
        self.phones = Phones(engine, operator)
