"""What sending has in common for all channels: estimates, the send itself, and taking back what is scheduled."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Generic, TypeVar
from uuid import uuid4

import msgspec

from heliograph.domain.accounts import Account, Principal
from heliograph.domain.errors import AlreadyDispatched, InsufficientCredit, NotFound
from heliograph.domain.statuses import Status
from heliograph.doors import AnyCall, Call
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.drafts import Content, Wanted, anew, wanted
from heliograph.protocols.smscx.door.refusals import Codes, SmscxRefusal
from heliograph.protocols.smscx.door.replies import as_if_sent, send_reply
from heliograph.protocols.smscx.door.resource import SmscxOperation, SmscxResource, operation
from heliograph.protocols.smscx.wire import sending as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.aside import MANY_NUMBERS, aside

_CODES = Codes(
    fields={
        "to": Code.TO_MISSING,
        "from": (Code.FROM_MISSING, Code.FROM_INVALID),
        "text": Code.TEXT_MISSING,
        "groups": (Code.GROUPS_MISSING, Code.GROUP_TO_SEND_TO_UNKNOWN),
        "scheduledDate": Code.SCHEDULED_DATE_INVALID,
        "dlrCallbackUrl": Code.DLR_CALLBACK_URL_INVALID,
        "callback_url": Code.DLR_CALLBACK_URL_INVALID,
        "idempotencyId": Code.IDEMPOTENCY_ID_INVALID,
        "transliteration": Code.TRANSLITERATION_INVALID,
        "templateId": (Code.TEMPLATE_ID_MISSING, Code.TEMPLATE_ID_INVALID),
        "strategy": Code.STRATEGY_MISSING,
        "channel": Code.STRATEGY_CHANNEL_UNKNOWN,
        "ttl": Code.STRATEGY_TTL_INVALID,
        "alphabet": Code.ALPHABET_UNKNOWN,
        "removeEmojis": Code.REMOVE_EMOJIS_INVALID,
    }
)
Body = TypeVar("Body", bound=wire.ToNumbers | wire.ToGroups)


def to_numbers(channel: str, message: str, request: type[wire.ToNumbers]) -> tuple[SmscxOperation, ...]:
    """Describe sending to numbers, with its estimate and its way back; `message` is what the names end in."""
    return (
        *_pair(f"/{channel}", message, request, "Send to numbers."),
        operation(
            "DELETE",
            f"/{channel}/scheduled/{{msg_id}}",
            f"delete_scheduled_{message}",
            "Take back one message whose time has not come.",
            response=wire.DeletedMessage,
            codes=Codes(not_found=Code.MESSAGE_UNKNOWN),
        ),
    )


def to_groups(channel: str, request: type[wire.ToGroups]) -> tuple[SmscxOperation, ...]:
    """Describe sending to groups, with its estimate and its way back."""
    campaign = f"{channel}_campaign"
    return (
        *_pair(f"/{channel}/campaign", campaign, request, "Send to the contacts of groups."),
        operation(
            "DELETE",
            f"/{channel}/scheduled/campaign/{{campaign_id}}",
            f"delete_scheduled_{campaign}",
            "Take back all messages of a campaign whose time has not come.",
            response=wire.DeletedCampaign,
            codes=Codes(not_found=Code.CAMPAIGN_UNKNOWN),
        ),
    )


def _pair(path: str, name: str, request: type[wire.AnySending], summary: str) -> tuple[SmscxOperation, SmscxOperation]:
    send, estimate = (
        operation("POST", where, f"{verb}_{name}", said, request=request, response=wire.SendReply, codes=_CODES)
        for verb, where, said in (
            ("send", path, f"{summary} When this returns, the server has it."),
            ("estimate", f"{path}/estimate", "Get how many messages and parts sending would make, and their price."),
        )
    )
    return send, estimate


class Sending(SmscxResource, Generic[Body]):
    """Sending by one channel, or by several one after the other."""

    area: ClassVar[str]
    """What it is called in the settings of applications, and in reports: a channel, or multichannel."""

    @abstractmethod
    async def content(self, caller: Principal, body: Body) -> Content:
        """Find what a request says. Raises a refusal for what can't be said by this channel."""

    async def _wanted(self, call: Call[None, Body]) -> Wanted:
        content = await self.content(call.principal, call.body)
        return await wanted(self._services, call.principal, call.body, self.area, content, self.places(call))

    async def _send(self, call: Call[None, Body]) -> wire.SendReply:
        """Answer when everything is stored; a repeated request with what the first one made."""
        asked = await self._wanted(call)
        call.request.state.idempotency_id = asked.draft.idempotency_key or str(uuid4())
        try:
            created = await self._services.batches.create(call.account, asked.draft)
        except InsufficientCredit:
            await self._refuse_fallback(call.account, asked)
            raise
        sent = await self._services.history.of_batch(call.account, created.batch.id)
        return await send_reply(self._services, call.account, asked, call.body, sent)

    async def _estimate(self, call: Call[None, Body]) -> wire.SendReply:
        """Answer with what sending would come to, and refuse what sending would refuse."""
        asked = await self._wanted(call)
        run = await self._services.batches.dry_run(call.account, asked.draft, list_first=wire.MAX_RECIPIENTS)
        balance = await self._services.money.balance(call.account)
        if balance is not None and run.price > balance:
            await self._refuse_fallback(call.account, asked)
            raise InsufficientCredit()
        sent = await aside(run.recipients > MANY_NUMBERS, as_if_sent, run)
        return await send_reply(self._services, call.account, asked, call.body, sent)

    async def _refuse_fallback(self, account: Account, asked: Wanted) -> None:
        """Raise SmscxRefusal if the balance covers the first channel, and so only lacks the fallback's price.

        Otherwise return: the general refusal for a lack of credit is right.
        """
        options = asked.draft.options
        if not options.fallbacks:
            return
        first = anew(asked.draft)
        first.options = msgspec.structs.replace(options, fallbacks=())
        run = await self._services.batches.dry_run(account, first)
        balance = await self._services.money.balance(account)
        if balance is not None and run.price <= balance:
            code, message = Code.BALANCE_TOO_LOW_FOR_FALLBACK, "The balance does not cover the fallback."
            raise SmscxRefusal(400, "insufficient_credit", code, message)

    async def _delete_message(self, call: AnyCall) -> wire.DeletedMessage:
        message_id = reading.identifier(call.path["msg_id"], Code.MESSAGE_ID_INVALID)
        sent = await self._services.history.get(call.account, message_id)
        if shapes.channel_of(sent.batch) != self.area:
            raise NotFound(f"There is no such {self.area} message.")
        await self._services.messages.cancel(call.account, message_id)
        return wire.DeletedMessage(
            info=wire.DeletedMessageInfo(
                msg_id=call.path["msg_id"],
                parts=max(sent.rendered.parts, 1),
                credit_returned=shapes.money(sent.message.price),
                channel=self.area,
            )
        )

    async def _delete_campaign(self, call: AnyCall) -> wire.DeletedCampaign:
        batch_id = reading.identifier(call.path["campaign_id"], Code.CAMPAIGN_ID_INVALID)
        before = await self._services.history.campaign(call.account, batch_id)
        if shapes.channel_of(before.batch) != self.area:
            raise NotFound(f"There is no such {self.area} campaign.")
        if not any(status is Status.QUEUED and scheduled for status, _, scheduled, _ in before.standings):
            raise AlreadyDispatched("This campaign is not scheduled any more.")
        await self._services.batches.cancel(call.account, batch_id)
        after = await self._services.history.campaign(call.account, batch_id)
        gone_before, gone = (campaign.sums_of({Status.CANCELED}) for campaign in (before, after))
        return wire.DeletedCampaign(
            info=wire.DeletedCampaignInfo(
                campaign_id=call.path["campaign_id"],
                total_phone_numbers=before.sums.count,
                total_parts=before.sums.parts,
                phone_numbers_deleted=gone.count - gone_before.count,
                parts_deleted=gone.parts - gone_before.parts,
                credit_returned=shapes.money(before.sums.price - after.sums.price),
                channel=self.area,
            )
        )
