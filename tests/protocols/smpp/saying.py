"""PDUs of every kind, for tests of properties."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from heliograph.protocols.smpp.wire.pdus import OPERATIONS, DistributionList, Pdu, SmeAddress, Unsuccessful
from heliograph.protocols.smpp.wire.tlvs import Tlv

octets = st.integers(0, 255)
texts = st.text(st.characters(min_codepoint=1, max_codepoint=255), max_size=30)
tlvs = st.lists(st.builds(Tlv, st.integers(0, 0xFFFF), st.binary(max_size=20)), max_size=4).map(tuple)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "s": texts,
    "b": octets,
    "m": st.binary(max_size=255),
    "d": st.lists(
        st.one_of(st.builds(SmeAddress, octets, octets, texts), st.builds(DistributionList, texts)), max_size=5
    ).map(tuple),
    "u": st.lists(st.builds(Unsuccessful, octets, octets, texts, st.integers(0, 2**32 - 1)), max_size=4).map(tuple),
}


def pdus_of(kind: type[Pdu]) -> st.SearchStrategy[Pdu]:
    names = kind.__struct_fields__[len(Pdu.__struct_fields__) :]
    fields = {name: FIELDS[letter] for name, letter in zip(names, kind.layout, strict=True)}
    return st.builds(kind, sequence=st.integers(0, 2**32 - 1), status=st.integers(0, 2**32 - 1), tlvs=tlvs, **fields)


pdus = st.sampled_from(OPERATIONS).flatmap(pdus_of)
