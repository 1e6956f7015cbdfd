"""Settings: which source wins, and what is said of a value that cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from heliograph.domain.errors import SetupError
from heliograph.domain.prices import FREE, TRIAL, Tariff
from heliograph.domain.rents import FICTIONAL
from heliograph.protocols.registry import PROVIDED
from heliograph.protocols.xms.provider import XmsConfig
from heliograph.runtime.platform import running
from heliograph.runtime.settings import described, load


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text('port = 1\nlease_s = 10\nwindow = 7\ncallback_networks = ["10.1.0.0/16"]\ndata_dir = "~/x"\n')

    loaded = load(
        file=file,
        environment={"HELIOGRAPH_PORT": "2", "HELIOGRAPH_LEASE_S": "20.5", "HELIOGRAPH_URL": "http://x", "HOME": "/"},
        flags={"port": 3, "host": None},
    )

    assert (loaded.settings.port, loaded.settings.lease_s, loaded.settings.window) == (3, 20.5, 7)
    assert loaded.settings.data_dir == Path("~/x").expanduser()
    assert [str(network) for network in loaded.settings.callback_networks] == ["10.1.0.0/16"]
    assert {name: loaded.sources[name] for name in ("port", "lease_s", "window", "host")} == {
        "port": "option --port",
        "lease_s": "environment variable HELIOGRAPH_LEASE_S",
        "window": str(file),
        "host": "default",
    }


TYPES = ", ".join(sorted(protocol.name for protocol in PROVIDED))
BAD = [
    ("port = 1.5", "`port` must be a whole number, not 1.5"),
    ("port = true", "`port` must be a whole number, not True"),
    ('port = ""', "`port` must be a whole number, not ''"),
    ("port = []", "`port` must be a whole number, not []"),
    ("port = -1", "`port` must be at least 0, not -1"),
    ("port = 65536", "`port` must be at most 65535, not 65536"),
    ("lease_s = nan", "`lease_s` must be a number, not nan"),
    ("lease_s = inf", "`lease_s` must be a number, not inf"),
    ("lease_s = 0.5", "`lease_s` must be at least 1, not 0.5"),
    ("sandbox_rate = inf", "`sandbox_rate` must be a number, not inf"),
    ("max_body_bytes = 1", "`max_body_bytes` must be at least 1024, not 1"),
    ("host = 5", "`host` must be text, not 5"),
    ("data_dir = 5", "`data_dir` "),
    ("callback_networks = 5", "`callback_networks` must list networks such as 10.1.0.0/16"),
    ('callback_networks = ["10.0.0.1/8"]', "10.0.0.1/8 has host bits set"),
    ('log_level = "loud"', "log_level must be one of debug, error, info, warning, not 'loud'"),
    ('log_format = "xml"', "log_format must be one of json, text, not 'xml'"),
    ('store = "mysql://u:secret@h/d"', "store must be a postgresql:// URL, or empty for the embedded store"),
    ('public_url = "example.org"', "public_url must begin with https:// or http://, not 'example.org'"),
    ("prot = 1", "there is no setting `prot`; did you mean `port`?"),
    ("colour = 1", "there is no setting `colour`; `heliograph config` lists them all"),
    ("[serve]\nport = 1", "there is no setting `serve`"),
    ('default_provider = "nobody"', "default_provider names no provider that is set up: 'nobody'"),
    ("prices = 5", "`prices` must be a table of channels"),
    ("[prices]\nsms = 5", "`prices` must be a table of channels"),
    ("[prices.sms]\nFR = -1", "`prices` must be a table of channels"),
    ('[prices.sms]\nFR = "free"', "`prices` must be a table of channels"),
    ("[prices.sms]\nFrance = 1", "`prices` has what is neither a country (FR) nor `default`: ['France']"),
    ('[prices]\ncurrency = "euro"', "`prices` has a currency that is none"),
    ('link_url = "go.example.org"', "link_url must begin with https:// or http://, not 'go.example.org'"),
    ('attachments = "bucket"', "attachments must be an address such as s3://BUCKET/PREFIX, not 'bucket'"),
    ("attachment_bytes = 1", "`attachment_bytes` must be at least 1024, not 1"),
    ("numbers = 5", "`numbers` Expected `array`, got `int`"),
    ('[[numbers]]\nnumber = "+33639980001"', "`numbers` The field `prices` is required"),
    ('[[numbers]]\nnumber = "hello"\nprices = {7 = 1}', "`numbers` has a number or a price that is none"),
    ('[[numbers]]\nnumber = "+33639980001"\nprices = {2 = 1}', "`numbers` +33639980001 needs a country, and prices"),
    (
        '[[numbers]]\nnumber = "+33639980001"\nprices = {7 = 1}\nrent = 1',
        "`numbers` Object contains unknown field `rent`",
    ),
    ("balance = -1", "`balance` must be at least 0, not -1"),
    ("rate_limit = 0", "`rate_limit` must be at least 1, not 0"),
    ("providers = 5", "`providers` must be a table for each provider"),
    ("[providers.x]\nrate = 1", f"`providers` `x` needs a type: {TYPES}"),
    ('[providers.x]\ntype = "pigeon"', f"`x`: its type is one of {TYPES}, or package.module:Class of your own"),
    ('[providers.x]\ntype = "no.such:Thing"', "`x`: its type can't be loaded from no.such:Thing: ModuleNotFoundError"),
    ('[providers.x]\ntype = "pathlib:Path"', "`x`: its type pathlib:Path is no ProvidedProtocol"),
    ('[[routes]]\nproviders = "far"', "route 1 names a provider that is not set up: far"),
    ('[[routes]]\nname = "all"', "route `all` names no provider"),
    (
        '[[routes]]\nproviders = "sandbox"\n[[routes]]\ncountry = "FR"\nproviders = "sandbox"',
        "route 2 can never match: route 1 takes all of its messages",
    ),
    (
        '[[routes]]\nprefix = "33"\nproviders = "sandbox"\n[[routes]]\nprefix = ["336", "337"]\nproviders = "sandbox"',
        "route 2 can never match",
    ),
    (
        '[[routes]]\noriginator = "A*"\nproviders = "sandbox"\n[[routes]]\noriginator = "Acme"\nproviders = "sandbox"',
        "route 2 can never match",
    ),
    ('[[routes]]\nproviders = "sandbox"\nweights = { sandbox = 1 }', "route 1 has both `providers` and `weights`"),
    ("[[routes]]\nweights = { sandbox = 0 }", "route 1 has weights of which none is above 0"),
    ('[[routes]]\nproviders = "sandbox"\nfollow_health = true', "route 1 follows the providers' health"),
    (
        '[[routes]]\nproviders = "sandbox"\nmin_parts = 3\nmax_parts = 2',
        "route 1 asks for more than 2 and fewer than 3",
    ),
    ('[providers.x]\ntype = "console"\n[[routes]]\nproviders = "x"\ncheapest = true', "x has no prices (`costs`)"),
    ('[[routes]]\nwhere = "x"', "`routes` Object contains unknown field `where`"),
    ("routes = 5", "`routes` must be a list of tables"),
    ('quiet_hours = "late"', "quiet_hours must be two times of the day such as 20:00-08:00, not 'late'"),
    ('lookup_provider = "x"', "lookup_provider names no provider that is set up: 'x'"),
    ('[providers.x]\ntype = "twilio"\naccount_sid = "AC1"\nauth_token = "t"', "`x`: Expected `str` matching regex"),
    ('[providers.x]\ntype = "file"\npath = "/no/such/file"', "`x`: the directory of /no/such/file is not there"),
    ('[providers.x]\ntype = "webhook"\nurl = "example.org"', "`x`: `url` must begin with http:// or https://"),
    (
        '[providers.x]\ntype = "webhook"\nurl = "http://e/${nam}"',
        "`x`: `url` names a field that is none: nam; there are id,",
    ),
    (
        '[providers.x]\ntype = "webhook"\nurl = "http://e"\njson = { a = [{ b = "${x}" }] }',
        "`x`: `json` names a field that is none: x",
    ),
    (
        '[providers.x]\ntype = "webhook"\nurl = "http://e"\nform = { a = "b" }\njson = { a = "b" }',
        "`x`: it has both `form` and `json`",
    ),
    ('[providers.x]\ntype = "webhook"\nurl = "http://e"\nmethod = "GET"\nform = { a = "b" }', "`x`: a GET has no body"),
    ('[providers.sandbox]\ntype = "xms"', "can't have one named 'sandbox'"),
    ('[providers."A B"]\ntype = "xms"', "can't have one named 'A B': 1 to 32 of a-z, 0-9, - and _"),
    ('[providers.x]\ntype = "xms"\nendpoint = "http://e/xms"', "`x`: The field `service_plan_id` is required"),
    (
        '[providers.x]\ntype = "xms"\nendpoint = "http://e/xms"\nservice_plan_id = "p"\ntoken = "secret"\nrat = 1',
        "`x`: Object contains unknown field `rat`",
    ),
    (
        '[providers.x]\ntype = "xms"\nendpoint = "http://e/xms"\nservice_plan_id = "p"\ntoken = "secret"\nrate = -1',
        "`x`: Expected `float` >= 0.0 (in `rate`)",
    ),
]


@pytest.mark.parametrize(("line", "words"), BAD, ids=[line for line, _ in BAD])
def test_a_value_that_cannot_be_is_named_with_what_it_may_be(tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text(f"{line}\n")

    with pytest.raises(SetupError) as refused:
        load(file=file, environment={})

    assert words in refused.value.message
    assert "secret" not in refused.value.message
    assert refused.value.message[-1] in ".?" and refused.value.message[-2] not in ".?"


def test_an_unknown_variable_of_ours_is_a_mistake_and_anothers_is_not(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as refused:
        load(file=None, environment={"HELIOGRAPH_LEASE": "5", "OTHER_LEASE": "5"})

    assert refused.value.message == (
        "environment variable HELIOGRAPH_LEASE: there is no setting `lease`; did you mean `lease_s`?"
    )


def test_providers_are_tables_of_the_file_or_json_in_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text(
        'default_provider = "line"\n[providers.line]\ntype = "xms"\nendpoint = "http://e/xms"\n'
        'service_plan_id = "p"\ntoken = "secret"\nrate = 2.5\n'
    )
    table = '{"other": {"type": "xms", "endpoint": "http://e/xms", "service_plan_id": "p", "token": "secret"}}'

    from_file = load(file=file, environment={})
    from_environment = load(file=None, environment={"HELIOGRAPH_PROVIDERS": table})

    line = from_file.settings.providers["line"]
    assert isinstance(line, XmsConfig)
    assert (line.rate, line.token, line.account, line.delivery_report) == (2.5, "secret", "", "per_recipient")
    assert list(from_environment.settings.providers) == ["other"]
    shown = {name: value for name, value, _, _ in described(from_file)}
    assert shown["providers"] == "line"
    assert "secret" not in str(described(from_file))


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"type": "xms", "endpoint": "http://me:pass@e/xms", "service_plan_id": "p", "token": "t"}, "endpoint"),
        ({"type": "heliograph", "url": "https://me@e", "token": "t"}, "url"),
        ({"type": "webhook", "url": "https://me:pass@e/$to", "headers": {"AUTHORIZATION": "Bearer t"}}, "url"),
    ],
)
def test_a_user_name_beside_another_authorization_stops_the_start(line: dict[str, object], field: str) -> None:
    with pytest.raises(SetupError, match=f"`line`: `{field}` has a user name beside") as raised:
        load(file=None, environment={"HELIOGRAPH_PROVIDERS": json.dumps({"line": line})})

    assert "pass" not in str(raised.value)


def test_a_user_name_alone_is_what_a_webhook_is_told_by() -> None:
    line = {"type": "webhook", "url": "https://me:pass@e/$to", "headers": {"X-Key": "t"}}

    assert load(file=None, environment={"HELIOGRAPH_PROVIDERS": json.dumps({"line": line})}).settings.providers


async def test_a_provider_for_an_account_that_does_not_exist_stops_the_start(tmp_path: Path) -> None:
    line = {"type": "xms", "endpoint": "http://e/xms", "service_plan_id": "p", "token": "secret", "account": "nobody"}
    settings = load(file=None, environment={"HELIOGRAPH_PROVIDERS": json.dumps({"line": line})}).settings

    with pytest.raises(SetupError, match="`line` is for an account that does not exist: 'nobody'"):
        async with running(replace(settings, data_dir=tmp_path)):
            pass


def test_prices_are_a_table_or_the_sandboxs_own_or_none(tmp_path: Path) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text('[prices]\ncurrency = "USD"\n[prices.sms]\nFR = 0.045\ndefault = 1\n')

    priced = load(file=file, environment={}).settings.tariff
    from_environment = load(file=None, environment={"HELIOGRAPH_PRICES": '{"sms": {"DE": 0.07}}'}).settings.tariff
    sandbox = load(file=None, environment={}).settings

    assert (priced.currency, priced.channels) == ("USD", {"sms": {"FR": 45_000, "default": 1_000_000}})
    assert from_environment == Tariff(channels={"sms": {"DE": 70_000}})
    assert from_environment.price_of("sms", "FR") is None
    assert (sandbox.tariff, sandbox.balance) == (TRIAL, 100_000)
    line = XmsConfig(type="xms", endpoint="http://e/xms", service_plan_id="p", token="t")
    assert replace(sandbox, providers={"line": line}, default_provider="line").tariff == FREE


def test_numbers_to_be_rented_are_tables_or_the_sandboxs_own_or_none(tmp_path: Path) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text(
        '[[numbers]]\nnumber = "+33 6 39 98 00 01"\nfeatures = ["receive", "voice"]\nregistration = true\n'
        "setup_price = 1\nprices = { 7 = 2.5, 30 = 8 }\ninbound_price = 0.01\n"
    )
    provider = '{"x": {"type": "smscx", "api_key": "k"}}'

    (number,) = load(file=file, environment={}).settings.inventory
    sandbox = load(file=None, environment={}).settings.inventory
    elsewhere = load(
        file=None, environment={"HELIOGRAPH_PROVIDERS": provider, "HELIOGRAPH_DEFAULT_PROVIDER": "x"}
    ).settings.inventory

    assert (number.msisdn, number.country, number.prices) == ("33639980001", "FR", {7: 2_500_000, 30: 8_000_000})
    assert (number.receives, number.sends, number.speaks, number.needs_registration) == (True, False, True, True)
    assert (number.setup_price, number.inbound_price, number.outbound_price, number.shortest) == (
        (1_000_000, 10_000, None, 7)
    )
    assert sandbox == FICTIONAL
    assert elsewhere == ()
