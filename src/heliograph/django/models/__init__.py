"""The models, under pymess's names where it has them."""

from heliograph.django.models.inbound import InboundSMSMessage, SMSOptOut
from heliograph.django.models.messages import EarlySMSReceipt, OutputSMSMessage
from heliograph.django.models.related import OutputSMSRelatedObject, SMSTemplateDisallowedObject
from heliograph.django.models.templates import AbstractSMSTemplate, SMSTemplate

__all__ = [
    "AbstractSMSTemplate",
    "EarlySMSReceipt",
    "InboundSMSMessage",
    "OutputSMSMessage",
    "OutputSMSRelatedObject",
    "SMSOptOut",
    "SMSTemplate",
    "SMSTemplateDisallowedObject",
]
