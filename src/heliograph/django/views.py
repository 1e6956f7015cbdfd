"""The webhooks' view: it checks whose an address is, and leaves the rest to the backend."""

from __future__ import annotations

import logging

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from heliograph.django.backends import get_backend
from heliograph.django.backends.provider import ProviderSMSBackend
from heliograph.django.webhooks import is_secret_of
from heliograph.domain.errors import NotNow, RequestError
from heliograph.engine.contract import WebhookRequest

log = logging.getLogger(__name__)


@csrf_exempt
@transaction.non_atomic_requests
@require_http_methods(["GET", "POST"])
def webhook(request: HttpRequest, backend_name: str, secret: str) -> HttpResponse:
    """Take in a receipt or an inbound message. Answers 404 for an address that is not one of ours.

    What does not have the provider's own signature or password is refused by the backend.
    """
    if not is_secret_of(backend_name, secret):
        return HttpResponse(status=404)
    try:
        backend = get_backend(backend_name)
    except ImproperlyConfigured:
        return HttpResponse(status=404)
    if not isinstance(backend, ProviderSMSBackend):
        return HttpResponse(status=404)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        query, query_string = request.GET.dict(), str(request.META.get("QUERY_STRING", ""))
        said = backend.handle_webhook(WebhookRequest(str(request.method), query, headers, request.body, query_string))
    except (NotNow, RequestError) as error:
        return HttpResponse(status=error.http_status)
    except Exception:
        log.exception("webhook failed: %s", backend_name)
        return HttpResponse(status=500)
    return HttpResponse(said.body, status=said.status, content_type=said.content_type)
