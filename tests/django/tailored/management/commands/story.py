"""What a project does with a template model of its own."""

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.test import Client
from tests.django.shop.models import Parcel
from tests.django.tailored.models import Wording

from heliograph.django import send_template
from heliograph.django.models import OutputSMSMessage, SMSTemplateDisallowedObject


class Command(BaseCommand):
    def handle(self, *args, **options):
        call_command("migrate", verbosity=0)
        call_command("makemigrations", "--check", "--dry-run", "heliograph", "tailored")
        wording = Wording.objects.create(slug="hello", body="Hello {{ name }}.")
        message = send_template("+420777111222", "hello", {"name": "Ann"})
        assert message.content == "Hello Ann. Yours, Acme", message.content
        assert OutputSMSMessage.objects.get().template == wording

        parcel = Parcel.objects.create(name="A")
        wording.disallowed_objects.create_from_related_object(parcel)
        assert SMSTemplateDisallowedObject.objects.get().template == wording
        assert send_template("+420777111222", "hello", {"name": "Ann"}, [parcel]) is None

        browser = Client()
        browser.force_login(User.objects.create_superuser("boss"))
        index = browser.get("/admin/").content.decode()
        assert "/admin/tailored/wording/" in index
        assert "/admin/heliograph/smstemplate/" not in index
        page = browser.get(f"/admin/tailored/wording/{wording.pk}/preview/").content.decode()
        assert "Hello name. Yours, Acme" in page, page
        self.stdout.write("done")
