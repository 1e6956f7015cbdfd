"""What an account pays: what it was told, and never less than what a message costs the installation."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from heliograph.domain.channels import Channel
from heliograph.domain.prices import ELSEWHERE, Tariff

COUNTRIES = ("FR", "DE", "US", "GB")
tables = st.dictionaries(st.sampled_from((*COUNTRIES, ELSEWHERE)), st.integers(0, 100))
agreed = st.dictionaries(st.sampled_from(COUNTRIES), st.integers(0, 100))


@given(tables, agreed, st.sampled_from((*COUNTRIES, "CH")))
def test_nobody_pays_less_than_the_installation_and_what_is_closed_stays_closed(
    table: dict[str, int], own: dict[str, int], country: str
) -> None:
    installation = Tariff(channels={"sms": table})

    least = installation.price_of(Channel.SMS, country)
    price = installation.with_prices(own).price_of(Channel.SMS, country)

    assert price == (None if least is None else max(least, own.get(country, 0)))


@given(agreed, st.sampled_from(COUNTRIES))
def test_where_nothing_has_a_price_the_agreed_one_counts(own: dict[str, int], country: str) -> None:
    assert Tariff().with_prices(own).price_of(Channel.SMS, country) == own.get(country, 0)


@given(tables, agreed)
def test_other_channels_keep_their_prices(table: dict[str, int], own: dict[str, int]) -> None:
    installation = Tariff(channels={"sms": table, "viber": {"default": 7}})

    assert installation.with_prices(own).price_of(Channel.VIBER, "FR") == 7
