"""What `manage.py check` finds, and which names of settings are understood."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import override_settings
from tests.django.conftest import PIGEON

from heliograph.django import conf
from heliograph.django.backends import get_backend

PROVIDER = "heliograph.django.backends.provider.ProviderSMSBackend"


def found(**checks: Any) -> list[tuple[str, str]]:
    return [(each.id, each.msg) for each in run_checks(tags=["heliograph"], **checks)]


def backend(path: str, **config: Any) -> dict[str, Any]:
    return {"BACKENDS": {"default": {"backend": path, "config": config}}}


@pytest.mark.parametrize(
    ("ours", "identifier", "words"),
    [
        ([], "E001", "no dictionary"),
        ({"USE_ACENT": True}, "W001", "unknown key 'USE_ACENT'"),
        ({"BATCH_SIZE": "20"}, "E002", "should be int"),
        ({"BATCH_SIZE": 0}, "E002", "at least 1"),
        ({"BATCH_SIZE": True}, "E002", "should be int"),
        ({"PRICES": {"CZ": "much"}}, "E002", "a price that is none"),
        ({"BACKENDS": {"default": {}}}, "E003", "needs a dotted path"),
        ({"BACKENDS": {"default": {"backend": "x.Y", "config": []}}}, "E005", "can't be imported"),
        ({"BACKENDS": {"default": {"backend": "x.Y", "config": [1]}}}, "E003", "is no dictionary"),
        ({"DEFAULT_BACKEND": "other"}, "E004", "no SMS backend 'other'"),
        (backend("nowhere.Backend"), "E005", "can't be imported"),
        (backend("collections.OrderedDict"), "E005", "is no SMSBackend"),
        (backend(PROVIDER), "E006", "type must be one of ats, console"),
        (backend(PROVIDER, type="twilio"), "E006", "missing required field"),
        (backend(PROVIDER, type="twilio", sid="x"), "E006", "unknown field"),
        (backend("pymess.backend.sms.sns.SNSSMSBackend", AWS_REGION="eu-west-1"), "E006", "access_key_id"),
        (backend("pymess.backend.sms.twilio.TwilioSMSBackend"), "E006", "account_sid"),
        (backend("pymess.backend.sms.ats_sms_operator.ATSSMSBackend", USERNAME="u"), "E006", "password"),
        ({"ROUTER": "nowhere.Router"}, "E007", "can't be imported"),
        ({"ROUTER": "collections.OrderedDict"}, "E007", "no get_backend_name"),
        ({"TEMPLATE_MODEL": "nothing.Template"}, "E008", "can't be found"),
        ({"TEMPLATE_MODEL": "shop.Parcel"}, "E008", "does not extend AbstractSMSTemplate"),
        ({"SHUTDOWN_DETECTION_FUNCTION": "nowhere.stop"}, "E009", "can't be imported"),
    ],
)
def test_a_wrong_setting_is_found_at_the_start(ours: Any, identifier: str, words: str) -> None:
    with override_settings(HELIOGRAPH=ours):
        told = found()

    assert [each for each in told if each[0] == f"heliograph.{identifier}" and words in each[1]], told


def test_secrets_are_not_in_what_is_found() -> None:
    with override_settings(HELIOGRAPH=backend(PROVIDER, type="twilio", account_sid="AC1", auth_token="5ecret")):
        (told,) = found()

    assert "5ecret" not in told[1]


def test_right_settings_have_nothing_to_be_found() -> None:
    assert found() == []


def test_a_project_that_would_send_nothing_is_warned_before_it_is_deployed() -> None:
    assert [each[0] for each in found(include_deployment_checks=True)] == ["heliograph.W002"]

    with override_settings(HELIOGRAPH={"BACKENDS": {"default": PIGEON}}):
        assert found(include_deployment_checks=True) == []


def test_webhooks_that_are_not_included_are_noticed(settings: Any) -> None:
    settings.HELIOGRAPH = {"PUBLIC_URL": "https://shop.example.org"}
    assert found() == []
    settings.ROOT_URLCONF = "tests.django.shop.bare_urls"

    assert [each[0] for each in found()] == ["heliograph.W003"]


@pytest.mark.parametrize("name", [name for name, setting in conf.SETTINGS.items() if setting.pymess])
def test_each_name_of_pymess_is_understood_and_ours_comes_first(name: str) -> None:
    theirs = f"PYMESS_{conf.SETTINGS[name].pymess}"

    assert conf.get(name) == conf.SETTINGS[name].default
    with override_settings(**{theirs: "theirs"}):
        assert conf.get(name) == "theirs"
        with override_settings(HELIOGRAPH={name: "ours"}):
            assert conf.get(name) == "ours"


@pytest.mark.parametrize(
    ("path", "name", "config", "read"),
    [
        ("sns.SNSSMSBackend", "SMS_SNS_CONFIG", {"AWS_REGION": "eu-west-1"}, ("AWS_REGION", "eu-west-1")),
        ("sms_operator.SMSOperatorBackend", "SMS_OPERATOR_CONFIG", {"USERNAME": "u"}, ("UNIQ_PREFIX", "")),
        ("ats_sms_operator.ATSSMSBackend", "ATS_SMS_CONFIG", {"VALIDITY": 30}, ("VALIDITY", 30)),
        ("ats_sms_operator.ATSSMSBackend", "SMS_ATS_CONFIG", {"USERNAME": "u"}, ("VALIDITY", 60)),
    ],
)
def test_the_first_line_keeps_a_backends_config_beside_it(path: str, name: str, config: Any, read: Any) -> None:
    theirs = {"PYMESS_SMS_SENDER_BACKEND": f"pymess.backend.sms.{path}", f"PYMESS_{name}": config}

    with override_settings(**theirs):
        made = get_backend("default")

    assert made.config[read[0]] == read[1]
    assert made.config.items() >= config.items()
