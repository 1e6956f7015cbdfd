from django.contrib import admin
from tests.django.tailored.models import Wording

from heliograph.django.admin import SMSTemplateAdmin

admin.site.register(Wording, SMSTemplateAdmin)
