"""What answers say: `command_status` (5.1.3).

Any number may come: the specification keeps 0x400 to 0x4FF for SMSCs' vendors, and they use others, too. So a status
is an int everywhere, and `told` has words for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

_VENDORS = range(0x400, 0x500)


class CommandStatus(IntEnum):
    """The codes of the specification, by its names without ESME_."""

    ROK = 0x00
    RINVMSGLEN = 0x01
    RINVCMDLEN = 0x02
    RINVCMDID = 0x03
    RINVBNDSTS = 0x04
    RALYBND = 0x05
    RINVPRTFLG = 0x06
    RINVREGDLVFLG = 0x07
    RSYSERR = 0x08
    RINVSRCADR = 0x0A
    RINVDSTADR = 0x0B
    RINVMSGID = 0x0C
    RBINDFAIL = 0x0D
    RINVPASWD = 0x0E
    RINVSYSID = 0x0F
    RCANCELFAIL = 0x11
    RREPLACEFAIL = 0x13
    RMSGQFUL = 0x14
    RINVSERTYP = 0x15
    RINVNUMDESTS = 0x33
    RINVDLNAME = 0x34
    RINVDESTFLAG = 0x40
    RINVSUBREP = 0x42
    RINVESMCLASS = 0x43
    RCNTSUBDL = 0x44
    RSUBMITFAIL = 0x45
    RINVSRCTON = 0x48
    RINVSRCNPI = 0x49
    RINVDSTTON = 0x50
    RINVDSTNPI = 0x51
    RINVSYSTYP = 0x53
    RINVREPFLAG = 0x54
    RINVNUMMSGS = 0x55
    RTHROTTLED = 0x58
    RINVSCHED = 0x61
    RINVEXPIRY = 0x62
    RINVDFTMSGID = 0x63
    RX_T_APPN = 0x64
    RX_P_APPN = 0x65
    RX_R_APPN = 0x66
    RQUERYFAIL = 0x67
    RINVOPTPARSTREAM = 0xC0
    ROPTPARNOTALLWD = 0xC1
    RINVPARLEN = 0xC2
    RMISSINGOPTPARAM = 0xC3
    RINVOPTPARAMVAL = 0xC4
    RDELIVERYFAILURE = 0xFE
    RUNKNOWNERR = 0xFF


_S = CommandStatus
WORDS: Mapping[CommandStatus, str] = {
    _S.ROK: "no error",
    _S.RINVMSGLEN: "the message's length is wrong",
    _S.RINVCMDLEN: "the command's length is wrong",
    _S.RINVCMDID: "unknown command",
    _S.RINVBNDSTS: "not bound, or not bound for that",
    _S.RALYBND: "already bound",
    _S.RINVPRTFLG: "wrong priority",
    _S.RINVREGDLVFLG: "wrong registered_delivery",
    _S.RSYSERR: "a fault of the system",
    _S.RINVSRCADR: "wrong source address",
    _S.RINVDSTADR: "wrong destination address",
    _S.RINVMSGID: "no message has this id",
    _S.RBINDFAIL: "the bind failed",
    _S.RINVPASWD: "wrong password",
    _S.RINVSYSID: "wrong system id",
    _S.RCANCELFAIL: "the message could not be cancelled",
    _S.RREPLACEFAIL: "the message could not be replaced",
    _S.RMSGQFUL: "the queue is full",
    _S.RINVSERTYP: "wrong service type",
    _S.RINVNUMDESTS: "wrong number of destinations",
    _S.RINVDLNAME: "no distribution list has this name",
    _S.RINVDESTFLAG: "wrong destination flag",
    _S.RINVSUBREP: "this submit must not replace a message",
    _S.RINVESMCLASS: "wrong esm_class",
    _S.RCNTSUBDL: "nothing can be sent to a distribution list",
    _S.RSUBMITFAIL: "the message was not taken",
    _S.RINVSRCTON: "wrong type of number of the source",
    _S.RINVSRCNPI: "wrong numbering plan of the source",
    _S.RINVDSTTON: "wrong type of number of the destination",
    _S.RINVDSTNPI: "wrong numbering plan of the destination",
    _S.RINVSYSTYP: "wrong system type",
    _S.RINVREPFLAG: "wrong replace_if_present_flag",
    _S.RINVNUMMSGS: "wrong number of messages",
    _S.RTHROTTLED: "too many messages a second",
    _S.RINVSCHED: "wrong time to deliver at",
    _S.RINVEXPIRY: "wrong validity period",
    _S.RINVDFTMSGID: "no predefined message has this id",
    _S.RX_T_APPN: "the receiver can't take it for the moment",
    _S.RX_P_APPN: "the receiver will never take it",
    _S.RX_R_APPN: "the receiver rejects it",
    _S.RQUERYFAIL: "the message could not be asked about",
    _S.RINVOPTPARSTREAM: "the optional parameters can't be read",
    _S.ROPTPARNOTALLWD: "an optional parameter that is not allowed here",
    _S.RINVPARLEN: "wrong length of a parameter",
    _S.RMISSINGOPTPARAM: "an optional parameter is missing",
    _S.RINVOPTPARAMVAL: "wrong value of an optional parameter",
    _S.RDELIVERYFAILURE: "the message was not delivered",
    _S.RUNKNOWNERR: "an error that has no name",
}

_BY_NUMBER: Mapping[int, CommandStatus] = {int(status): status for status in CommandStatus}


def code(status: int) -> str:
    """Write a status as operators do: `RTHROTTLED`, or `0x00000411` where the specification has no name for it."""
    known = _BY_NUMBER.get(status)
    return f"0x{status:08X}" if known is None else known.name


def told(status: int) -> str:
    """Say in a few words what a status means, any number at all."""
    known = _BY_NUMBER.get(status)
    if known is not None:
        return WORDS[known]
    return "a code of the vendor's own" if status in _VENDORS else "a code that the specification does not have"
