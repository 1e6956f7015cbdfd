"""Settings: which source wins, and what is said of a value that cannot be."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runtime.line.protocol import Line

from heliograph.domain.errors import SetupError
from heliograph.domain.prices import FREE, TRIAL, Tariff
from heliograph.domain.rents import FICTIONAL
from heliograph.doors.servers import Place
from heliograph.protocols import registry
from heliograph.protocols.providers import PROVIDED
from heliograph.protocols.xms.provider import XmsConfig
from heliograph.runtime.platform import running
from heliograph.runtime.settings import Settings, described, load


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
    ("port = 1.5", "port must be a whole number, not 1.5"),
    ("port = true", "port must be a whole number, not true"),
    ('port = ""', 'port must be a whole number, not ""'),
    ("port = []", "port must be a whole number, not []"),
    ("port = -1", "port must be at least 0, not -1"),
    ("port = 65536", "port must be at most 65535, not 65536"),
    ("lease_s = nan", "lease_s must be a number, not NaN"),
    ("lease_s = inf", "lease_s must be a number, not Infinity"),
    ("lease_s = 0.5", "lease_s must be at least 1, not 0.5"),
    ("sandbox_rate = inf", "sandbox_rate must be a number, not Infinity"),
    ("max_body_bytes = 1", "max_body_bytes must be at least 1024, not 1"),
    ("host = 5", "host must be text, not 5"),
    ("data_dir = 5", "data_dir must be a path, not 5"),
    ("callback_networks = 5", "callback_networks must be a list of networks such as 10.1.0.0/16, not 5"),
    (
        'callback_networks = ["10.0.0.1/8"]',
        'callback_networks must be a list of networks such as 10.1.0.0/16, not "10.0.0.1/8"',
    ),
    ('log_level = "loud"', 'log_level must be one of debug, error, info, warning, not "loud"'),
    ('log_format = "xml"', 'log_format must be one of json, text, not "xml"'),
    ('store = "mysql://u:secret@h/d"', "store must be a postgresql:// URL, or empty for the embedded store"),
    *(
        (
            f'store = "postgresql://u:{password}@h/d"',
            "store must be a URL whose port is a number and whose password has its signs percent-encoded: @ as %40",
        )
        for password in ("secret@b", "secret/b", "secret:b/c", "secret#b", "secret?b@c", "secret]b")
    ),
    ('store = "postgresql://u:p@h:x/d"', "store must be a URL whose port is a number"),
    (
        'public_url = "example.org"',
        'public_url must be an address that begins with https:// or http://, not "example.org"',
    ),
    ("prot = 1", "there is no setting `prot`; did you mean `port`?"),
    ("colour = 1", "there is no setting `colour`; `heliograph config` lists them all"),
    ("[serve]\nport = 1", "there is no setting `serve`; did you mean `store`?"),
    (
        'default_provider = "nobody"',
        'default_provider must be the name of a table [providers.NAME], or sandbox, not "nobody"',
    ),
    ("prices = 5", "prices must be a table of channels, each a table of countries and prices, not 5"),
    ("[prices]\nsms = 5", "prices.sms must be a table of countries and prices, such as FR = 0.045, not 5"),
    ("[prices.sms]\nFR = -1", "prices.sms.FR must be a price from 0 to 1000000, not -1"),
    ('[prices.sms]\nFR = "free"', 'prices.sms.FR must be a price from 0 to 1000000, not "free"'),
    ("[prices.sms]\nFrance = 1", 'prices.sms must be countries such as FR, or default, not "France"'),
    ('[prices]\ncurrency = "euro"', 'prices.currency must be an ISO 4217 code such as EUR, not "euro"'),
    (
        'link_url = "go.example.org"',
        'link_url must be an address that begins with https:// or http://, not "go.example.org"',
    ),
    ('attachments = "bucket"', 'attachments must be database, or an address such as s3://BUCKET/PREFIX, not "bucket"'),
    ("attachment_bytes = 1", "attachment_bytes must be at least 1024, not 1"),
    ("numbers = 5", "numbers must be a list of tables, not 5"),
    ('[[numbers]]\nnumber = "+33639980001"', "numbers[1].prices must be given: a table, each value of it a number"),
    (
        '[[numbers]]\nnumber = "hello"\nprices = {7 = 1}',
        'numbers[1].number must be a number such as +33639980001, not "hello"',
    ),
    (
        '[[numbers]]\nnumber = "+33639980001"\nprices = {2 = 1}',
        'numbers[1].prices must be a table of prices for some of 1, 7, 30 days, not {"2": 1.0}',
    ),
    (
        '[[numbers]]\nnumber = "+33639980001"\nprices = {7 = 1}\nrent = 1',
        "numbers[1].rent is not a setting; there are any_originator, delayed, features, inbound_price, network",
    ),
    ("listen = 5", "listen must be a table of protocols, each HOST:PORT, not 5"),
    (
        '[listen]\nxms = "0.0.0.0:1"',
        "listen must name protocols that have servers of their own (smpp), not xms",
    ),
    ("balance = -1", "balance must be at least 0, not -1"),
    ("rate_limit = 0", "rate_limit must be at least 1, not 0"),
    ("providers = 5", "providers must be a table for each provider, not 5"),
    ("[providers.x]\nrate = 1", f"providers.x.type must be given: one of {TYPES}, or package.module:Class of your own"),
    (
        '[providers.x]\ntype = "pigeon"',
        f"providers.x.type must be one of {TYPES}, or package.module:Class of your own, not pigeon",
    ),
    (
        '[providers.x]\ntype = "no.such:Thing"',
        f"providers.x.type must be one of {TYPES}, or package.module:Class of your own, not no.such:Thing",
    ),
    (
        '[providers.x]\ntype = "pathlib:Path"',
        f"providers.x.type must be one of {TYPES}, or package.module:Class of your own, not pathlib:Path",
    ),
    ("oidc = 5", "oidc must be a table for each issuer, not 5"),
    (
        '[oidc.a]\nissuer = "http://login.example.com"\nclient_id = "x"',
        "oidc.a.issuer must be an address that begins with https:// (or http:// on this machine), without ? and #, "
        'not "http://login.example.com"',
    ),
    (
        '[oidc.a]\nissuer = "https://x"\nclient_id = "x"\nallow_sign_up = true',
        "oidc.a.roles must be given where allow_sign_up is on: tables of a value, a role and an account",
    ),
    ('[oidc.a]\nissuer = "https://x"', "oidc.a.client_id must be given: text"),
    (
        '[oidc.a]\nissuer = "http://127.0.0.1:1"\nclient_id = "x"\nscopes = ["email"]',
        'oidc.a.scopes must be a list of scopes with openid among them, not ["email"]',
    ),
    ('[[routes]]\nproviders = "far"', "routes[1].providers must name tables [providers.NAME], or sandbox, not far"),
    ('[[routes]]\nname = "all"', "routes[1].providers must name a provider, or `weights` must"),
    (
        '[[routes]]\nproviders = "sandbox"\n[[routes]]\ncountry = "FR"\nproviders = "sandbox"',
        "routes[2] must match what route 1, which comes before, does not: that takes all of it",
    ),
    (
        '[[routes]]\nprefix = "33"\nproviders = "sandbox"\n[[routes]]\nprefix = ["336", "337"]\nproviders = "sandbox"',
        "routes[2] must match what route 1, which comes before, does not: that takes all of it",
    ),
    (
        '[[routes]]\noriginator = "A*"\nproviders = "sandbox"\n[[routes]]\noriginator = "Acme"\nproviders = "sandbox"',
        "routes[2] must match what route 1, which comes before, does not: that takes all of it",
    ),
    (
        '[[routes]]\nproviders = "sandbox"\nweights = { sandbox = 1 }',
        "routes[1].providers must be left out beside `weights`: one of them says which providers there are",
    ),
    (
        "[[routes]]\nweights = { sandbox = 0 }",
        "routes[1].weights must be 0 or more, and one of them above 0, not sandbox = 0",
    ),
    (
        '[[routes]]\nproviders = "sandbox"\nfollow_health = true',
        "routes[1].follow_health must go with `weights`, which it moves, and there are none",
    ),
    (
        '[[routes]]\nproviders = "sandbox"\nmin_parts = 3\nmax_parts = 2',
        "routes[1].min_parts must be at most max_parts, 2, not 3",
    ),
    (
        '[providers.x]\ntype = "console"\n[[routes]]\nproviders = "x"\ncheapest = true',
        "routes[1].cheapest must compare prices, and x has no `costs`",
    ),
    (
        '[[routes]]\nwhere = "x"',
        "routes[1].where is not a setting; there are account, channel, cheapest, country, follow_health",
    ),
    ("routes = 5", "routes must be a list of tables, not 5"),
    (
        "[retention]\nall = 3",
        "retention must be a table of days for some of texts, numbers, receipts, callbacks, inbound, hits, audit, "
        'not "all"',
    ),
    ("[retention]\ntexts = 0", "retention.texts must be 1 to 36600 days, not 0"),
    ("[retention]\ntexts = true", "retention.texts must be 1 to 36600 days, not true"),
    ('[retention]\ntexts = "30d"', 'retention.texts must be 1 to 36600 days, not "30d"'),
    ("retention = 30", "retention must be a table of days for some of texts"),
    ('quiet_hours = "late"', 'quiet_hours must be two times of the day such as 20:00-08:00, not "late"'),
    ('lookup_provider = "x"', 'lookup_provider must be the name of a table [providers.NAME], or sandbox, not "x"'),
    (
        '[providers.x]\ntype = "twilio"\naccount_sid = "AC1"\nauth_token = "t"',
        'providers.x.account_sid must be text that matches ^AC[0-9a-f]{32}$, not "AC1"',
    ),
    (
        '[providers.x]\ntype = "file"\npath = "/no/such/file"',
        "providers.x.path must be in a directory that is there, not /no/such/file",
    ),
    (
        '[providers.x]\ntype = "webhook"\nurl = "example.org"',
        "providers.x.url must begin with http:// or https:// and a host, not example.org",
    ),
    (
        '[providers.x]\ntype = "webhook"\nurl = "http://e/${nam}"',
        "providers.x.url must name some of the fields id, attempt, to, msisdn, from, text, data, udh, parts",
    ),
    (
        '[providers.x]\ntype = "webhook"\nurl = "http://e"\njson = { a = [{ b = "${x}" }] }',
        "providers.x.json must name some of the fields id, attempt, to, msisdn, from, text, data, udh, parts",
    ),
    (
        '[providers.x]\ntype = "webhook"\nurl = "http://e"\nform = { a = "b" }\njson = { a = "b" }',
        "providers.x.form must be left out beside `json`: one of them is what is sent",
    ),
    (
        '[providers.x]\ntype = "webhook"\nurl = "http://e"\nmethod = "GET"\nform = { a = "b" }',
        "providers.x.method must be another than GET, which has no body: or put the fields into `url`",
    ),
    (
        '[providers.sandbox]\ntype = "xms"',
        "providers.sandbox must have another name: 1 to 32 of a-z, 0-9, - and _, and not sandbox",
    ),
    (
        '[providers."A B"]\ntype = "xms"',
        "providers.A B must have another name: 1 to 32 of a-z, 0-9, - and _, and not sandbox",
    ),
    (
        '[providers.x]\ntype = "xms"\nendpoint = "http://e/xms"',
        "providers.x.service_plan_id must be given: text of at least 1 character",
    ),
    (
        '[providers.x]\ntype = "xms"\nendpoint = "http://e/xms"\nservice_plan_id = "p"\ntoken = "secret"\nrat = 1',
        "providers.x.rat is not a setting; did you mean `rate`?",
    ),
    (
        '[providers.x]\ntype = "xms"\nendpoint = "http://e/xms"\nservice_plan_id = "p"\ntoken = "secret"\nrate = -1',
        "providers.x.rate must be a number of at least 0, not -1",
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


@pytest.mark.parametrize(
    ("key", "shown"), [("", '""'), ("set-up", "set-up"), ("a b", '"a b"'), ("`", '"`"'), ("x" * 99, "x" * 99)]
)
def test_a_key_that_is_not_a_setting_is_shown_as_it_is_written(key: str, shown: str) -> None:
    told = _told("numbers", [{"number": "+33600000001", key: False}])

    assert told is not None
    assert told.startswith(f"option --numbers: numbers[1].{shown} is not a setting; there are ")


_ODD = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=5,
)
_NAMES = [each.name for each in fields(Settings)]


@pytest.mark.parametrize("variable", ["HELIOGRAPH_PROVIDERS", "HELIOGRAPH_OIDC"])
@pytest.mark.parametrize(
    "written",
    [
        '{"a": {"token": "s3cret"',
        '{"a": {"token": "s3cret",}}',
        "a = s3cret",
        '"s3cret"',
        '["s3cret"]',
        '{"a": "s3cret"}',
        '{"a": ["s3cret"]}',
        '{"a": [{"token": "s3cret"}]}',
        '{"a": {"type": "webhook", "url": 5, "headers": {"Authorization": "Bearer s3cret"}}}',
        '{"a": {"issuer": "https://me:s3cret@example.org", "client_secret": ["s3cret"]}}',
    ],
)
def test_what_tables_with_secrets_are_mistaken_for_is_not_shown(variable: str, written: str) -> None:
    with pytest.raises(SetupError) as refused:
        load(file=None, environment={variable: written})

    assert variable in refused.value.message
    assert "s3cret" not in refused.value.message


SECRET = {each.name for each in fields(Settings) if each.metadata["secret"]}
"""What was found is not told of these."""
_CONFIGS = [(protocol.name, name) for protocol in PROVIDED for name in protocol.config.__struct_fields__]


def _told(name: str, raw: object) -> str | None:
    try:
        load(file=None, environment={}, flags={name: raw})
    except SetupError as refused:
        return refused.message
    return None


@given(st.sampled_from(_NAMES), _ODD)
def test_each_mistake_names_the_setting_and_what_would_be_right(name: str, raw: object) -> None:
    told = _told(name, raw)

    if told is not None:
        assert told.startswith(f"option --{name.replace('_', '-')}: {name}")
        assert " must " in told or "is not a setting" in told
        found = (", not ", "is not a setting", "must be given", "must have another name")
        assert any(words in told for words in found) or name in SECRET


@given(st.sampled_from(_CONFIGS), _ODD)
def test_each_mistake_in_a_providers_table_names_the_field(which: tuple[str, str], raw: object) -> None:
    kind, field = which

    told = _told("providers", {"far": {"type": kind, field: raw}})

    if told is not None:
        assert re.search(r"option --providers: providers\.far\.\w+", told)
        assert " must " in told or "is not a setting" in told


def test_a_wrong_provider_is_not_told_of_as_one_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "heliograph.toml"
    table = '[providers.{}]\ntype = "{}"\nendpoint = "http://e/xms"\nservice_plan_id = "p"\ntoken = "t"\n'
    rules = '[[routes]]\nproviders = ["good"]\n'
    file.write_text(f'default_provider = "good"\n{rules}{table.format("good", "xms")}{table.format("bad", "xm")}')

    with pytest.raises(SetupError) as refused:
        load(file=file, environment={})

    assert "providers.bad.type must be one of" in refused.value.message
    assert "default_provider" not in refused.value.message
    assert "routes" not in refused.value.message


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
    with pytest.raises(SetupError, match=f"providers.line.{field} must have no user name, because") as raised:
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


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("0.0.0.0:2775", Place("0.0.0.0", 2775)),
        ("sms.example.org:0", Place("sms.example.org", 0)),
        ("[::1]:65535", Place("::1", 65535)),
        ("2775", None),
        (2775, None),
        (":2775", None),
        ("::1:2775", None),
        ("127.0.0.1:65536", None),
        ("127.0.0.1:-1", None),
    ],
)
def test_a_protocol_that_is_not_http_is_served_at_a_host_and_a_port(
    monkeypatch: pytest.MonkeyPatch, written: object, place: Place | None
) -> None:
    monkeypatch.setattr(registry, "CONNECTED_PROTOCOLS", [Line()])

    told = _told("listen", {"line": written})

    if place is None:
        assert f"listen.line must be a host and a port such as 0.0.0.0:2775, not {json.dumps(written)}" in (told or "")
    else:
        loaded = load(file=None, environment={"HELIOGRAPH_LISTEN": json.dumps({"line": written})})
        assert loaded.settings.listen == {"line": place}


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
