"""Every field of what customers can ask for is filled in by every door, or named here as one that it has no words for.

So whoever adds a field meets each door, and decides.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from tests.importing import ROOT, parsed

from heliograph.domain.batches import Draft, Options
from heliograph.domain.contacts import ContactDraft
from heliograph.domain.directory import TemplateDraft
from heliograph.domain.groups import GroupDraft
from heliograph.domain.verifications import VerificationDraft

SOURCE = ROOT / "src" / "heliograph"
DRAFTS = {
    struct.__name__: struct for struct in (Draft, Options, ContactDraft, GroupDraft, TemplateDraft, VerificationDraft)
}
#: What no door can ask for in a draft.
NOBODYS = {"despite_optout", "release"}
#: What only protocols that keep connections can ask for: every other says an address.
OF_CONNECTIONS = {"sink"}
#: What only a door with facts of its own keeps.
OWN_FACTS = {"door_facts", "recipient_facts"}
FIELDS = {name: {*struct.__struct_fields__} - NOBODYS for name, struct in DRAFTS.items()}

DOORS = sorted(
    [path.parent.relative_to(SOURCE).as_posix() for path in SOURCE.glob("protocols/*/door/server.py")] + ["api"]
)

#: What a door has no words for, of the drafts that it makes.
UNMAPPED: dict[str, dict[str, str]] = {
    "api": {
        "ContactDraft": "region",
        "Options": "smpp_parameters originator_ton originator_npi local_time quiet media campaign_id ucs2 as_given",
        "TemplateDraft": "rich_media",
        "VerificationDraft": "region",
    },
    "protocols/isendpro/door": {
        "ContactDraft": "region",
        "Draft": "groups links template data udh expire_at tags title client_reference idempotency_key request flash",
        "GroupDraft": "members children auto_update tags",
        "Options": "smpp_parameters truncate originator_ton originator_npi feedback local_time marketing priority"
        " pause_share pause_after media campaign_id channel rich_media"
        " fallbacks fall_back_after_s",
    },
    "protocols/smpp/door": {
        "Draft": "groups links template callback_url tags title idempotency_key request max_parts",
        "Options": "truncate feedback local_time quiet marketing pause_share pause_after media campaign_id"
        " as_given channel rich_media fallbacks fall_back_after_s",
    },
    "protocols/smscx/door": {
        "Draft": "groups template data udh expire_at tags title flash",
        "GroupDraft": "members children auto_update tags",
        "Options": "smpp_parameters truncate originator_ton originator_npi feedback marketing priority pause_share"
        " pause_after media campaign_id ucs2",
        "VerificationDraft": "region address",
    },
    "protocols/smsdrop/door": {
        "Draft": "groups links template data udh expire_at callback_url report tags client_reference"
        " idempotency_key request max_parts",
        "Options": "smpp_parameters truncate originator_ton originator_npi feedback local_time quiet marketing priority"
        " pause_share pause_after media campaign_id channel rich_media fallbacks"
        " fall_back_after_s",
    },
    "protocols/twilio/door": {
        "Draft": "groups links template data udh tags title client_reference idempotency_key request flash max_parts",
        "Options": "smpp_parameters truncate originator_ton originator_npi local_time quiet marketing priority"
        " pause_share pause_after campaign_id ucs2 rich_media fallbacks fall_back_after_s",
        "VerificationDraft": "region address client_reference callback_url",
    },
    "protocols/xms/door": {
        "Draft": "links template title idempotency_key request",
        "Options": "smpp_parameters local_time quiet marketing priority pause_share pause_after media ucs2 as_given"
        " channel rich_media fallbacks fall_back_after_s",
    },
}


def made_by(door: str) -> dict[str, set[str]]:
    """The drafts that a door makes, and the fields that it fills in."""
    found: dict[str, set[str]] = {}
    for path in (SOURCE / door).rglob("*.py"):
        for call in filling_in(parsed(path)):
            given = {keyword.arg for keyword in call.keywords if keyword.arg}
            name = ast.unparse(call.func)
            for struct in [name] if name in DRAFTS else ["Draft", "Options"]:
                found.setdefault(struct, set()).update(given & FIELDS[struct])
    return found


def filling_in(tree: ast.Module) -> Iterator[ast.Call]:
    """Where a draft is made, and where a function that makes one changes another: `msgspec.structs.replace`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in DRAFTS:
            yield node
        elif (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and node.returns is not None
            and ast.unparse(node.returns) == "Draft"
        ):
            calls = (part for part in ast.walk(node) if isinstance(part, ast.Call))
            yield from (call for call in calls if ast.unparse(call.func) == "msgspec.structs.replace")


@pytest.mark.parametrize("door", DOORS)
def test_a_door_fills_in_every_field_or_says_that_it_does_not(door: str) -> None:
    made = made_by(door)
    unmapped = {struct: set(fields.split()) for struct, fields in UNMAPPED.get(door, {}).items()}

    left = {struct: FIELDS[struct] - given - OF_CONNECTIONS - OWN_FACTS for struct, given in made.items()}

    assert made.keys() >= {"Draft", "Options"}
    assert {struct: fields for struct, fields in left.items() if fields} == unmapped


def test_a_batch_makes_the_draft_that_it_was_made_of() -> None:
    """A batch that is changed or tried again is written anew by what `draft_of` says of it."""
    (call,) = (
        call for call in filling_in(parsed(SOURCE / "domain" / "batches.py")) if ast.unparse(call.func) == "Draft"
    )

    assert FIELDS["Draft"] - {keyword.arg for keyword in call.keywords} == {
        "recipient_facts",  # its messages have them
        "links",  # they are stored, with the batch that they were made for
        "template",  # its text is in the batch
        "idempotency_key",  # of the request, as the next one is
        "request",
    }
