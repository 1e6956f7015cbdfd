"""The zone of a number is one of its country, by the table that comes with the zones themselves."""

from __future__ import annotations

import importlib.resources
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import timezone
from phonenumbers.tzdata import TIMEZONE_DATA

from heliograph.numbers import NumberType, country_of, time_zone_of, type_of
from heliograph.numbers.zones import MAIN_ZONES

NOT_IN_ZONE_TAB = {"AC": "Atlantic/St_Helena", "TA": "Atlantic/St_Helena", "XK": "Europe/Belgrade"}


@cache
def zones_of() -> dict[str, set[str]]:
    """IANA's zone.tab, by country."""
    lines = (importlib.resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text().splitlines()
    zones = {country: {zone} for country, zone in NOT_IN_ZONE_TAB.items()}
    for country, _, zone in (line.split("\t")[:3] for line in lines if not line.startswith("#")):
        zones.setdefault(country, set()).add(zone)
    return zones


KNOWN = [
    # MSISDN, zone
    ("351912345678", "Europe/Lisbon"),  # mobile in Portugal, the Azores included
    ("351295412345", "Atlantic/Azores"),
    ("447400123456", "Europe/London"),
    ("447781123456", "Europe/Guernsey"),
    ("353850123456", "Europe/Dublin"),
    ("212650123456", "Africa/Casablanca"),
    ("213551234567", "Africa/Algiers"),
    ("218912345678", "Africa/Tripoli"),
    ("50581234567", "America/Managua"),
    ("211977123456", "Africa/Juba"),
    ("393123456789", "Europe/Rome"),
    ("34612345678", "Europe/Madrid"),
    ("34928123456", "Atlantic/Canary"),
    ("60123456789", "Asia/Kuala_Lumpur"),
    ("61412345678", "Australia/Sydney"),
    ("61893201234", "Australia/Perth"),
    ("61882123456", "Australia/Adelaide"),
    ("77710009998", "Asia/Almaty"),
    ("79123456789", "Europe/Moscow"),
    ("74012345678", "Europe/Kaliningrad"),
    ("74232345678", "Asia/Vladivostok"),
    ("12025550123", "America/New_York"),
    ("13105550123", "America/Los_Angeles"),
    ("19862012345", "America/Boise"),
    ("17097262345", "America/St_Johns"),
    ("18002345678", "America/New_York"),
    ("5511961234567", "America/Sao_Paulo"),
    ("5592961234567", "America/Manaus"),
    ("524421234567", "America/Mexico_City"),
    ("919876543210", "Asia/Kolkata"),
    ("80012345678", "Etc/UTC"),
    ("9991234567", "Etc/UTC"),
    ("17551234567", "America/New_York"),  # nobody's, but of the numbers with +1 most are there
    ("+33612345678", "Etc/UTC"),  # no MSISDN
]


@pytest.mark.parametrize(("msisdn", "zone"), KNOWN)
def test_a_number_has_the_zone_where_most_people_with_such_a_number_are(msisdn, zone):
    assert time_zone_of(msisdn) == zone


def test_the_zone_of_every_example_number_is_one_of_its_country(country_examples):
    for msisdn in country_examples:
        country = country_of(msisdn)
        zones = zones_of()[country] if country else {"Etc/UTC"}
        if len(msisdn) >= 7:
            assert time_zone_of(msisdn) in zones


def test_every_region_has_a_zone_of_its_own():
    assert set(MAIN_ZONES) == set(phonenumbers.SUPPORTED_REGIONS)
    for region, zone in MAIN_ZONES.items():
        assert zone in zones_of()[region]


@settings(max_examples=3000, deadline=None)
@given(st.sampled_from(sorted(map(str, TIMEZONE_DATA))), st.text("123456789", min_size=11, max_size=11), st.data())
def test_an_area_of_one_zone_keeps_it(prefix, rest, data):
    msisdn = (prefix + rest)[: data.draw(st.integers(8, 13))]
    country = country_of(msisdn)
    if country is None:
        return
    zone = time_zone_of(msisdn)
    assert zone in zones_of()[country]
    theirs = timezone.time_zones_for_geographical_number(phonenumbers.parse(f"+{msisdn}"))
    fixed = type_of(msisdn) in {NumberType.FIXED, NumberType.FIXED_OR_MOBILE}
    if fixed and len(theirs) == 1 and theirs[0] in zones_of()[country]:
        assert zone == theirs[0]


#: Where the one zone that phonenumbers has for the country keeps another time than the country does.
ANOTHER_CLOCK = {"DZ", "EH", "LY", "MA", "NI", "SS"}


def offsets(zone: str) -> list[object]:
    """In March it is Ramadan in Morocco, for which its clock goes back."""
    return [ZoneInfo(zone).utcoffset(datetime(2026, month, 15)) for month in (1, 3, 7)]


def test_the_table_has_the_clock_of_phonenumbers_where_that_has_one_for_a_country_and_knows_it():
    differ = {
        region
        for region, zone in MAIN_ZONES.items()
        for theirs in [TIMEZONE_DATA.get(str(phonenumbers.country_code_for_region(region)), ())]
        if len(theirs) == 1 and offsets(theirs[0]) != offsets(zone)
    }
    assert differ == ANOTHER_CLOCK
