"""The numbers that every country publishes as examples, by way of phonenumbers."""

from __future__ import annotations

import pytest
from phonenumbers import COUNTRY_CODES_FOR_NON_GEO_REGIONS, SUPPORTED_REGIONS, PhoneMetadata

FIELDS = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


def _examples() -> dict[str, list[str]]:
    plans = {name: PhoneMetadata.metadata_for_region(name) for name in sorted(SUPPORTED_REGIONS)}
    plans |= {
        f"+{code}": PhoneMetadata.metadata_for_nongeo_region(code) for code in sorted(COUNTRY_CODES_FOR_NON_GEO_REGIONS)
    }
    return {
        name: [
            f"{plan.country_code}{desc.example_number}"
            for field in FIELDS
            if (desc := getattr(plan, field)) is not None and desc.example_number
        ]
        for name, plan in plans.items()
    }


@pytest.fixture(scope="session")
def examples() -> dict[str, list[str]]:
    """MSISDNs of every type, by region (or by +code for the services that have a calling code of their own)."""
    return _examples()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that asks for `country_examples` runs once a region."""
    if "country_examples" in metafunc.fixturenames:
        by_region = _examples()
        metafunc.parametrize("country_examples", by_region.values(), ids=by_region.keys())
