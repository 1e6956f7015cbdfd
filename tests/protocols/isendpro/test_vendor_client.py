"""The vendor's generated client, where it is installed: it is in no package index (github.com/iSendPro/api-sms-python).

PYTHONPATH=.../python-client python -m pytest tests/protocols/isendpro/test_vendor_client.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from .conftest import Caller

if TYPE_CHECKING:
    from tests.conftest import Server

swagger_client = pytest.importorskip("swagger_client", reason="the vendor's client is not installed")
pytestmark = pytest.mark.filterwarnings("ignore")

NewNumber = Callable[[], str]


def filled(model: str, **fields: Any) -> Any:
    made = getattr(swagger_client, model)()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def keyid(isendpro: Caller) -> str:
    swagger_client.configuration.host = isendpro.host
    return isendpro.keyid


def test_sending(server: Server, keyid: str, new_number: NewNumber) -> None:
    api, numbers = swagger_client.SmsApi(), [new_number() for _ in range(3)]

    one = api.send_sms(filled("SmsUniqueRequest", keyid=keyid, num=numbers[0], sms="Un"))
    many = api.send_sms_multi(
        filled("SMSRequest", keyid=keyid, num=numbers[1:], sms=["Deux", "Trois"], emetteur="Marque", tracker=["a", "b"])
    )

    assert [entry.code for entry in one.etat.etat + many.etat.etat] == [0, 0, 0]
    with server.client() as client:
        assert client.sandbox.wait_for_message(numbers[2]).text == "Trois STOP 36111"


def test_a_wrong_key(keyid: str) -> None:
    with pytest.raises(swagger_client.rest.ApiException) as refused:
        swagger_client.SmsApi().send_sms(filled("SmsUniqueRequest", keyid="wrong", num="0612345678", sms="Un"))

    assert (refused.value.status, '"3"' in refused.value.body) == (400, True)


def test_counting_credit_and_lookups(keyid: str) -> None:
    counted = swagger_client.ComptageApi().comptage(
        filled("ComptageRequest", keyid=keyid, num="0612345678", sms="x" * 161)
    )
    credit = swagger_client.CreditApi().get_credit(keyid, "2")
    found = swagger_client.HlrApi().get_hlr(filled("HLRrequest", keyid=keyid, num=["0612345678"], get_hlr="1"))

    assert counted.etat.etat[0].nb_sms == "2"
    assert credit.etat.credit > 0
    assert int(credit.etat.quantite) > 0
    assert found.etat.etat[0].operateur == "SFR"


def test_address_books_and_the_blacklist(keyid: str, new_number: NewNumber) -> None:
    api, number = swagger_client.RepertoireApi(), new_number()
    made = api.repertoire_crea(
        filled("REPERTOIREcreaterequest", keyid=keyid, repertoire_edit="create", repertoire_nom=f"Vendor {number}")
    )
    book = made.etat.etat[0].repertoire_id
    added = api.repertoire(
        filled("REPERTOIREmodifrequest", keyid=keyid, repertoire_edit="add", repertoire_id=book, num=[number])
    )
    silenced = swagger_client.SetListeNoireApi().set_liste_noire(keyid, "1", number)

    assert (added.etat.etat[0].code, added.etat.etat[0].tel) == ("0", number)
    assert silenced.etat.etat[0].liste_noire == "OK"
