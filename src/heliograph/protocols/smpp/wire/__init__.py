"""The codec of SMPP 3.4, for both sides. No I/O.

`pdus.py` has what is said, `codec.py` turns it into octets and back, `tlvs.py` has the optional parameters, `status.py`
the codes of answers. `coding.py` is about texts and their parts, `receipts.py` about delivery receipts, `ids.py` about
the names of messages in them, `times.py` and `addresses.py` about those fields. Sections are those of the SMPP Protocol
Specification v3.4, issue 1.2.
"""
