"""The models in the admin: messages can be found and sent again, templates tried before anybody gets them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from heliograph.django import conf
from heliograph.django.checking import check_some
from heliograph.django.models import (
    InboundSMSMessage,
    OutputSMSMessage,
    OutputSMSRelatedObject,
    SMSOptOut,
    SMSTemplate,
    SMSTemplateDisallowedObject,
)
from heliograph.django.models.messages import in_key_order
from heliograph.django.models.related import fields_of
from heliograph.django.preview import PreviewForm, preview
from heliograph.django.sending import send_again
from heliograph.django.states import PUBLISHABLE, SMSState
from heliograph.services.exports import csv_beginning, csv_lines

COLOURS = {
    SMSState.DELIVERED: "#1e7e34",
    SMSState.SENT: "#1e7e34",
    SMSState.SENDING: "#1c5fb0",
    SMSState.WAITING: "#6c757d",
    SMSState.DEBUG: "#6c757d",
    SMSState.UNKNOWN: "#a35b00",
    SMSState.ERROR_RETRY: "#a35b00",
    SMSState.ERROR: "#b3261e",
    SMSState.ERROR_UPDATE: "#b3261e",
}
EXPORTED = (
    "id",
    "created_at",
    "sent_at",
    "recipient",
    "sender",
    "content",
    "parts",
    "state",
    "error",
    "tag",
    "template_slug",
    "backend_name",
    "provider_ref",
    "number_of_send_attempts",
)
"""The columns of the exported CSV."""
SHOWN = 60
"""How many characters of a text lists show."""
REFUSALS_TOLD = 20


def shortened(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}\N{HORIZONTAL ELLIPSIS}"


class ReadOnlyAdmin(admin.ModelAdmin):
    """An admin without adding, changing or deleting: its rows are records of what has happened."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class RelatedObjectInline(admin.TabularInline):
    model = OutputSMSRelatedObject
    fields = readonly_fields = ("content_type", "object_id", "content_object")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(OutputSMSMessage)
class OutputSMSMessageAdmin(ReadOnlyAdmin):
    list_display = (
        "recipient",
        "text",
        "coloured_state",
        "created_at",
        "backend_name",
        "template_slug",
        "tag",
        "attempts",
    )
    list_filter = ("state", "backend_name", "tag", "template_slug", "priority", "created_at")
    search_fields = ("recipient", "content", "tag", "template_slug", "provider_ref", "uid")
    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False
    inlines = (RelatedObjectInline,)
    actions = ("resend", "check_delivery", "export")
    fieldsets = (
        (None, {"fields": ("recipient", "sender", "content", "coloured_state", "error")}),
        ("From", {"fields": ("template", "template_slug", "tag", "priority", "extra_data")}),
        ("By", {"fields": ("backend_name", "backend", "provider_ref", "uid", "extra_sender_data", "parts")}),
        (
            "When",
            {"fields": ("created_at", "changed_at", "sent_at", "number_of_send_attempts", "next_attempt_at")},
        ),
    )

    def has_send_permission(self, request: HttpRequest) -> bool:
        """Say whether the user may send: whoever could add messages by hand may."""
        return bool(request.user.has_perm("heliograph.add_outputsmsmessage"))

    @admin.display(description="content", ordering="content")
    def text(self, message: OutputSMSMessage) -> str:
        return shortened(message.content)

    @admin.display(description="attempts", ordering="number_of_send_attempts")
    def attempts(self, message: OutputSMSMessage) -> int:
        return int(message.number_of_send_attempts)

    @admin.display(description="state", ordering="state")
    def coloured_state(self, message: OutputSMSMessage) -> str:
        state = SMSState(message.state)
        return format_html(
            '<span data-state="{}" style="color: {}; font-weight: bold">{}</span>',
            state.name.lower(),
            COLOURS[state],
            state.label,
        )

    @admin.action(description="Send again, as new messages", permissions=["send"])
    def resend(self, request: HttpRequest, chosen: QuerySet) -> None:
        """Send the chosen messages again; those that still wait are left alone, since they go out by themselves."""
        sent = waiting = 0
        refusals: list[str] = []
        for chunk in in_key_order(chosen):
            over = [message for message in chunk if message.state not in PUBLISHABLE]
            waiting += len(chunk) - len(over)
            again = send_again(over)
            sent += len(again.sent)
            refusals += [f"{message.recipient}: {error}" for message, error in again.refused]
        if sent:
            self.message_user(request, f"{sent} sent again.", messages.SUCCESS)
        if waiting:
            self.message_user(request, f"{waiting} still waiting, and left alone.", messages.WARNING)
        for refusal in refusals[:REFUSALS_TOLD]:
            self.message_user(request, refusal, messages.ERROR)
        if len(refusals) > REFUSALS_TOLD:
            self.message_user(request, f"... and {len(refusals) - REFUSALS_TOLD} more.", messages.ERROR)

    @admin.action(description="Ask what became of them", permissions=["send"])
    def check_delivery(self, request: HttpRequest, chosen: QuerySet) -> None:
        sending = list(chosen.filter(state=SMSState.SENDING))
        for mistake in check_some(sending):
            self.message_user(request, mistake, messages.ERROR)
        left = chosen.filter(state=SMSState.SENDING).count()
        settled = len(sending) - left
        self.message_user(request, f"{len(sending)} were on their way; {settled} of them are settled now.")

    @admin.action(description="Export as CSV", permissions=["view"])
    def export(self, request: HttpRequest, chosen: QuerySet) -> StreamingHttpResponse:
        """Stream all chosen messages as CSV, however many, a chunk at a time."""
        return StreamingHttpResponse(
            _csv_of(chosen), content_type="text/csv", headers={"Content-Disposition": 'attachment; filename="sms.csv"'}
        )


def _csv_of(messages: QuerySet) -> Iterator[bytes]:
    """Yield the lines of the CSV in chunks, the oldest message first."""
    yield csv_beginning(EXPORTED, bom=conf.get("EXPORT_BOM"))
    for chunk in in_key_order(messages):
        yield csv_lines([[_cell(message, field) for field in EXPORTED] for message in chunk])


def _cell(message: OutputSMSMessage, field: str) -> str | int | None:
    value = getattr(message, field)
    if field == "state":
        return SMSState(value).name
    return value if value is None or isinstance(value, int) else str(value)


class SMSTemplateAdmin(admin.ModelAdmin):
    """The admin of templates, with a preview.

    It also serves a model of the project's own that extends AbstractSMSTemplate: register that with this class, or with
    one that extends it.
    """

    list_display = ("slug", "locale", "text", "is_active", "is_allowed_duplicate_messages", "changed_at")
    list_filter = ("is_active", "locale", "is_allowed_duplicate_messages")
    search_fields = ("slug", "body")
    fields = (
        "slug",
        "locale",
        "body",
        "sender_name",
        "is_active",
        "is_locked",
        "is_allowed_duplicate_messages",
        "try_it",
    )
    readonly_fields = ("try_it",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj is not None and obj.is_locked)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_locked)

    @admin.display(description="body")
    def text(self, template: Any) -> str:
        return shortened(template.body)

    @admin.display(description="preview")
    def try_it(self, template: Any) -> str:
        if template.pk is None:
            return "Save it first."
        return format_html(
            '<a href="{}">Preview, with parts and cost</a>', reverse(self._preview_name, args=[template.pk])
        )

    @property
    def _preview_name(self) -> str:
        return f"admin:{self.opts.app_label}_{self.opts.model_name}_preview"

    def get_urls(self) -> list[URLPattern]:
        name = self._preview_name.removeprefix("admin:")
        own = path("<path:key>/preview/", self.admin_site.admin_view(self.preview_view), name=name)
        return [own, *super().get_urls()]

    def preview_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """Show what the template makes of values that are tried. Nothing is sent or stored."""
        template = get_object_or_404(self.model, pk=key)
        if not self.has_view_permission(request, template):
            return HttpResponse(status=403)
        asked = request.method == "POST"
        form = PreviewForm(request.POST) if asked else PreviewForm(initial=PreviewForm.for_template(template))
        shown = None
        if not asked:
            shown = preview(template, **form.initial)
        elif form.is_valid():
            shown = preview(template, **form.cleaned_data)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": template,
            "title": f"Preview of {template}",
            "form": form,
            "shown": shown,
        }
        return render(request, "admin/heliograph/preview.html", context)


class DisallowedObjectForm(forms.ModelForm):
    object_id = forms.CharField()

    class Meta:
        model = SMSTemplateDisallowedObject
        fields = ("template", "content_type", "object_id")

    def clean(self) -> None:
        """Check that the object exists, and store its key as all other rows have it."""
        super().clean()
        content_type, key = self.cleaned_data.get("content_type"), self.cleaned_data.get("object_id")
        model = None if content_type is None else content_type.model_class()
        if model is None or key is None:
            return
        try:
            about = model._base_manager.get(pk=key)
        except (model.DoesNotExist, ValueError, OverflowError, ValidationError) as error:
            raise ValidationError({"object_id": f"There is no {model._meta.verbose_name} with this key."}) from error
        for name, value in fields_of(about).items():
            setattr(self.instance, name, value)
        self.cleaned_data["object_id"] = self.instance.object_id


if conf.template_model() == conf.TEMPLATE_MODEL:
    admin.site.register(SMSTemplate, SMSTemplateAdmin)


@admin.register(InboundSMSMessage)
class InboundSMSMessageAdmin(ReadOnlyAdmin):
    list_display = ("sender", "text", "recipient", "backend_name", "created_at")
    list_filter = ("backend_name", "recipient", "created_at")
    search_fields = ("sender", "recipient", "content", "provider_ref")
    date_hierarchy = "created_at"
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description="content")
    def text(self, message: InboundSMSMessage) -> str:
        return shortened(message.content)


@admin.register(SMSOptOut)
class SMSOptOutAdmin(admin.ModelAdmin):
    list_display = ("recipient", "inbound", "created_at")
    search_fields = ("recipient",)
    fields = ("recipient", "inbound", "created_at")
    readonly_fields = ("inbound", "created_at")


@admin.register(SMSTemplateDisallowedObject)
class SMSTemplateDisallowedObjectAdmin(admin.ModelAdmin):
    list_display = ("template", "content_type", "object_id", "content_object", "created_at")
    list_filter = ("content_type",)
    search_fields = ("object_id",)
    form = DisallowedObjectForm
