"""What the courier does on a day, and, as JSON, what came of it."""

import json

from django.core.management import call_command
from django.core.management.base import BaseCommand
from pymess.backend.sms import SMSController, send, send_template
from pymess.config import get_sms_template_model
from pymess.models.sms import OutputSMSMessage, SMSTemplate

from deliveries.models import Delivery


class Command(BaseCommand):
    def handle(self, *args, **options):
        before = OutputSMSMessage.objects.count()
        first, second = Delivery.objects.create(number="D1"), Delivery.objects.create(number="D2")
        SMSTemplate.objects.get_or_create(slug="coming", defaults={"body": "Zásilka {{ number }} přijde v {{ at }}"})

        send("777 111 222", "Příliš žluťoučký kůň", related_objects=[first], tag="test", campaign="spring")
        send("00420777111223", "Ahoj")
        send("+421900111222", "On the board", related_objects=[first, second])
        send("+421900111222", "Washed away by rain")
        send("+420601111222", "By the operator")
        template = send_template(
            "777111224", slug="coming", context_data={"number": "D2", "at": "12:30"}, related_objects=[second]
        )
        refusals = [self.refused(send, each, "Hello") for each in ("", "+4207771112223334445556")]
        refusals.append(self.refused(send_template, "777111222", slug="nothing", context_data={}))
        many = SMSController().bulk_send(["777111225", "777111226"], "To all")
        call_command("check_sms_delivery", stdout=self.stderr)

        messages = OutputSMSMessage.objects.order_by("pk")[before:]
        outcome = {
            "messages": [self.shown(message) for message in messages],
            "template": template.content,
            "refusals": refusals,
            "many": len(many),
            "about first": [each.content for each in OutputSMSMessage.objects.filter_related_object(first)],
            "about second": sorted(
                each.content
                for each in OutputSMSMessage.objects.filter_related_objects(Delivery.objects.filter(pk=second.pk))
            ),
            "was sent": [
                OutputSMSMessage.objects.filter(template_slug="coming").filter_related_object(each).exists()
                for each in (first, second)
            ],
            "model": get_sms_template_model() is SMSTemplate,
        }
        self.stdout.write(json.dumps(outcome))

    def refused(self, act, *arguments, **named):
        try:
            act(*arguments, **named)
        except Exception as error:
            return type(error).__name__
        return None

    def shown(self, message):
        return {
            "recipient": message.recipient,
            "content": message.content,
            "state": message.State(message.state).name,
            "failed": message.failed,
            "error": message.error,
            "tag": message.tag,
            "slug": message.template_slug,
            "template": message.template and message.template.body,
            "attempts": message.number_of_send_attempts,
            "priority": message.priority,
            "extra": message.extra_data,
            "is sent": message.sent_at is not None,
            "related": sorted(str(each.content_object) for each in message.related_objects.all()),
        }
