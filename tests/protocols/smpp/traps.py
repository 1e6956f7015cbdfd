"""The traps of SMPP: what users of other systems saw peers do wrong, and the tests that say what ours does then.

`tests/house/test_smpp_traps.py` holds that each has its tests, and that each test that is named after one stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Trap(NamedTuple):
    """What goes wrong, and the names of tests by their files."""

    seen: str
    tests: Mapping[str, Sequence[str]]


TRAPS: Mapping[int, Trap] = {
    1: Trap(
        "An id is decimal in the response and hexadecimal in the receipt, or the reverse.",
        {
            "tests/protocols/smpp/test_provider.py": ("test_trap_1_a_receipt_may_mean_an_id_in_another_form",),
            "tests/protocols/smpp/test_receipts.py": (
                "test_trap_1_a_form_that_is_told_is_the_only_one",
                "test_trap_1_and_2_the_same_number_is_found_in_either_form",
                "test_trap_1_every_number_is_found_in_every_form",
                "test_trap_1_whoever_was_found_would_find_the_other",
            ),
        },
    ),
    2: Trap(
        "Ids differ in zeros, capitals or width; what is no number is never folded.",
        {
            "tests/engine/test_references.py": (
                "test_trap_2_a_message_is_found_by_its_key",
                "test_trap_2_the_very_name_comes_first",
            ),
            "tests/protocols/smpp/test_receipts.py": (
                "test_trap_1_and_2_the_same_number_is_found_in_either_form",
                "test_trap_2_what_is_no_number_is_never_folded",
            ),
        },
    ),
    3: Trap(
        "Two ids are the same number in two forms: nobody knows which is meant, and nothing is guessed.",
        {
            "tests/engine/test_references.py": (
                "test_trap_3_a_key_of_another_number_means_nothing_here",
                "test_trap_3_the_number_says_which_of_several_is_meant",
                "test_trap_3_two_that_may_be_meant_are_kept_and_counted",
            ),
            "tests/protocols/smpp/test_receipts.py": ("test_trap_3_canonical_forms_collide",),
        },
    ),
    4: Trap(
        "A receipt comes before the response to its message.",
        {
            "tests/engine/test_receipts.py": (
                "test_a_receipt_that_arrives_before_the_submits_answer_is_kept_and_applied",
            ),
            "tests/engine/test_references.py": (
                "test_trap_4_an_early_receipt_about_another_number_waits_on",
                "test_trap_4_an_early_receipt_waits_under_all_of_its_names",
            ),
            "tests/protocols/smpp/door/test_hostile.py": (
                "test_a_response_comes_behind_its_receipt",
                "test_our_provider_bears_every_fault",
            ),
        },
    ),
    5: Trap(
        "A receipt comes by another bind, or to another process, than its message.",
        {
            "tests/durability/test_smpp.py": ("test_trap_5_a_receipt_may_come_to_another_process",),
            "tests/protocols/smpp/door/test_hostile.py": ("test_a_receipt_comes_by_another_connection",),
            "tests/protocols/smpp/test_provider.py": ("test_trap_5_a_receipt_may_come_by_another_bind",),
        },
    ),
    6: Trap(
        "Texts of receipts lack fields, or have them in another order.",
        {
            "tests/protocols/smpp/test_receipts.py": (
                "test_trap_6_fields_may_be_missing_or_in_any_order",
                "test_trap_6_what_names_no_message_is_no_receipt",
            ),
        },
    ),
    7: Trap(
        "Dates have other lengths, zones, or can't be.",
        {
            "tests/protocols/smpp/test_provider.py": ("test_trap_7_a_receipt_of_the_future_has_no_time",),
            "tests/protocols/smpp/test_receipts.py": (
                "test_trap_7_a_date_that_can_not_be_is_none",
                "test_trap_7_an_smsc_may_have_a_clock_of_its_own",
            ),
        },
    ),
    8: Trap(
        "Errors are of any length, hexadecimal, or blank.",
        {
            "tests/protocols/smpp/test_receipts.py": (
                "test_trap_8_a_networks_error_stands_in_a_parameter",
                "test_trap_8_an_error_is_a_text",
            ),
        },
    ),
    9: Trap(
        "Words of receipts are cut, or others than the specification's.",
        {
            "tests/protocols/smpp/test_provider.py": ("test_trap_9_each_word_of_a_receipt_has_its_status",),
            "tests/protocols/smpp/test_receipts.py": ("test_trap_9_words_are_cut_and_there_are_others",),
        },
    ),
    10: Trap(
        "What the message said stands in its receipt, and looks like one.",
        {
            "tests/protocols/smpp/test_receipts.py": ("test_trap_10_the_text_is_only_a_text",),
        },
    ),
    11: Trap(
        "A receipt is in parameters alone, or they and the text disagree.",
        {
            "tests/engine/test_references.py": (
                "test_trap_11_a_second_name_is_looked_up_where_the_first_means_nothing",
            ),
            "tests/protocols/smpp/test_receipts.py": (
                "test_trap_11_a_receipt_may_be_in_parameters_alone",
                "test_trap_11_where_both_speak_the_parameter_comes_first",
            ),
        },
    ),
    12: Trap(
        "A receipt is in message_payload, or in a data_sm.",
        {
            "tests/protocols/smpp/test_provider.py": ("test_trap_12_a_receipt_may_come_by_a_data_sm",),
            "tests/protocols/smpp/test_receipts.py": ("test_trap_12_a_receipt_may_be_in_a_payload_or_in_a_data_sm",),
        },
    ),
    13: Trap(
        "esm_class does not say that it is a receipt, or says more than that.",
        {
            "tests/protocols/smpp/test_provider.py": ("test_trap_13_an_unmarked_receipt_is_a_message_unless_told",),
            "tests/protocols/smpp/test_receipts.py": (
                "test_trap_13_a_receipt_that_is_not_marked_is_found_by_its_text_if_asked",
                "test_trap_13_the_kind_is_in_bits_2_to_5",
            ),
        },
    ),
    14: Trap(
        "Responses have a body or none, whatever their status.",
        {
            "tests/protocols/smpp/test_codec.py": (
                "test_trap_14_a_response_may_have_a_body_or_none_whatever_its_status",
                "test_trap_14_an_error_response_may_be_nothing_but_parameters",
                "test_trap_14_an_error_response_to_many_may_end_behind_its_id",
            ),
        },
    ),
    15: Trap(
        "Statuses are of the vendor's own.",
        {
            "tests/protocols/smpp/test_codec.py": ("test_trap_15_a_vendors_status_is_a_number_with_words",),
            "tests/protocols/smpp/test_provider.py": ("test_trap_15_what_a_vendors_status_means_can_be_told",),
        },
    ),
    16: Trap(
        "Parameters are unknown, cut or without an end; octets stand behind the last one.",
        {
            "tests/protocols/smpp/door/test_hostile.py": (
                "test_responses_and_receipts_have_parameters_that_are_cut_or_have_no_end",
            ),
            "tests/protocols/smpp/test_codec.py": (
                "test_trap_16_a_text_without_its_end_is_a_text",
                "test_trap_16_parameters_that_can_not_be_read_cost_no_pdu",
            ),
        },
    ),
    17: Trap(
        "data_coding, types and plans are none of the specification's.",
        {
            "tests/protocols/smpp/test_addresses.py": ("test_trap_17_addresses_of_any_type_are_read",),
            "tests/protocols/smpp/test_codec.py": (
                "test_trap_17_numbers_that_the_specification_does_not_have_are_read",
            ),
            "tests/protocols/smpp/test_texts.py": ("test_trap_17_what_is_reserved_is_as_usual",),
        },
    ),
    18: Trap(
        "data_coding is a group of GSM's, whose low bits alone say nothing.",
        {
            "tests/protocols/smpp/test_texts.py": ("test_trap_18_data_coding_is_read_by_its_group",),
        },
    ),
    19: Trap(
        "data_coding 0 is another alphabet, by operator and by direction.",
        {
            "tests/protocols/smpp/test_texts.py": (
                "test_trap_19_it_may_be_another_one_in_what_the_smsc_sends",
                "test_trap_19_nought_is_what_the_smsc_takes_for_usual",
                "test_trap_19_what_latin1_lacks_goes_as_ucs2",
            ),
        },
    ),
    20: Trap(
        "Septets are packed, or not.",
        {
            "tests/protocols/smpp/test_texts.py": (
                "test_trap_20_a_filling_is_no_letter",
                "test_trap_20_packed_septets_begin_at_a_septet_behind_a_header",
                "test_trap_20_septets_are_packed_only_if_told",
            ),
        },
    ),
    21: Trap(
        "A pair of septets or code units is cut between parts; octets of UCS-2 are odd.",
        {
            "tests/engine/test_long_inbound.py": ("test_trap_21_what_was_cut_in_the_middle_of_a_character_is_whole",),
            "tests/protocols/smpp/test_texts.py": (
                "test_trap_21_a_stray_octet_of_ucs2_is_left_out",
                "test_trap_21_pairs_stay_together",
                "test_trap_21_pairs_that_others_cut_come_together_again",
            ),
        },
    ),
    22: Trap(
        "UCS-2 is UTF-16.",
        {
            "tests/protocols/smpp/test_texts.py": ("test_trap_22_ucs2_is_utf16",),
        },
    ),
    23: Trap(
        "Parts are told apart in four ways, and have sequence numbers of their own.",
        {
            "tests/protocols/smpp/test_provider.py": (
                "test_trap_23_long_messages_go_as_they_are_wanted",
                "test_trap_23_the_parts_of_a_message_share_a_reference_and_no_number",
            ),
            "tests/protocols/smpp/test_texts.py": (
                "test_trap_23_a_header_of_ones_own_goes_with_each_way",
                "test_trap_23_a_part_that_can_not_be_is_a_message",
                "test_trap_23_each_way_to_say_which_part_it_is",
                "test_trap_23_parts_are_told_apart_by_each_kind_of_reference",
            ),
        },
    ),
    24: Trap(
        "A header is not marked as one, and shown as text.",
        {
            "tests/protocols/smpp/test_texts.py": ("test_trap_24_a_header_is_marked_and_is_no_text",),
        },
    ),
    25: Trap(
        "Parts of inbound messages come in any order, twice, or never.",
        {
            "tests/durability/test_smpp.py": ("test_trap_25_a_process_that_is_killed_forgets_no_part",),
            "tests/engine/test_long_inbound.py": (
                "test_trap_25_parts_come_in_any_order_and_again",
                "test_trap_25_what_is_there_is_a_message_after_a_while_and_marked",
            ),
            "tests/protocols/smpp/door/test_chain.py": (
                "test_a_long_answer_is_put_together_whatever_becomes_of_its_parts",
            ),
            "tests/protocols/smpp/test_provider.py": ("test_trap_25_a_part_says_which_it_is",),
        },
    ),
    26: Trap(
        "Sequence numbers are 0, too large, or begin again while one is in flight.",
        {
            "tests/protocols/smpp/test_session.py": (
                "test_trap_26_a_peer_may_count_as_it_likes",
                "test_trap_26_sequence_numbers_wrap_and_pass_over_those_in_flight",
            ),
        },
    ),
    27: Trap(
        "A response is to nothing that was asked, or comes twice.",
        {
            "tests/protocols/smpp/test_session.py": ("test_trap_27_responses_to_nothing_are_counted",),
        },
    ),
    28: Trap(
        "A response is quicker than whoever notes that it was asked for.",
        {
            "tests/protocols/smpp/test_session.py": ("test_trap_28_a_request_is_known_before_it_can_be_answered",),
        },
    ),
    29: Trap(
        "What is read at once is no PDU, or several; messages come glued to the response to the bind.",
        {
            "tests/protocols/smpp/door/test_hostile.py": ("test_a_pipe_cuts_and_glues_and_keeps_the_order",),
            "tests/protocols/smpp/test_codec.py": (
                "test_trap_29_every_place_to_cut_at_will_do",
                "test_trap_29_one_read_is_not_one_pdu",
            ),
            "tests/protocols/smpp/test_provider.py": ("test_trap_29_what_is_glued_to_the_bind_response_is_heard",),
        },
    ),
    30: Trap(
        "A command_length is huge, too small, or its PDU never ends.",
        {
            "tests/protocols/smpp/door/test_binding.py": (
                "test_a_length_that_can_not_be_is_nacked_and_ends_the_connection",
                "test_a_flood_of_halves_of_pdus_keeps_nobody_from_being_served",
            ),
            "tests/protocols/smpp/test_codec.py": (
                "test_trap_30_a_length_that_can_not_be_ends_the_stream",
                "test_trap_30_no_more_is_held_than_one_pdu",
            ),
            "tests/protocols/smpp/test_session.py": (
                "test_trap_30_a_length_that_can_not_be_is_answered_and_ends_the_session",
                "test_trap_30_a_pdu_that_never_ends_ends_the_session",
            ),
        },
    ),
    31: Trap(
        "The SMSC says that it is sent too much, in words of its own.",
        {
            "tests/protocols/smpp/test_provider.py": (
                "test_trap_31_a_line_that_is_too_fast_slows_down_and_says_the_same_again",
                "test_trap_31_order_is_kept_where_it_is_asked_for",
            ),
        },
    ),
    32: Trap(
        "More is unanswered than the SMSC bears.",
        {
            "tests/protocols/smpp/test_provider.py": (
                "test_trap_32_no_more_is_unanswered_than_the_window_has_room_for",
            ),
            "tests/protocols/smpp/test_session.py": (
                "test_trap_32_the_window_halves_once_for_all_that_was_on_its_way_and_creeps_up",
            ),
        },
    ),
    33: Trap(
        "What is counted in a second are parts, not messages.",
        {
            "tests/protocols/smpp/test_provider.py": (
                "test_trap_33_a_rate_holds_nothing_up_for_ever",
                "test_trap_33_parts_are_what_is_paced",
            ),
        },
    ),
    34: Trap(
        "A rate of nought divides nothing.",
        {
            "tests/protocols/smpp/test_provider.py": ("test_trap_34_a_rate_of_nought_is_no_limit",),
        },
    ),
    35: Trap(
        "enquire_link is to be answered, not to come too often nor before the bind; any PDU is a sign of life.",
        {
            "tests/protocols/smpp/test_connection.py": ("test_a_silent_peer_is_asked_and_then_left",),
            "tests/protocols/smpp/test_session.py": (
                "test_trap_35_a_peers_enquire_link_is_answered_in_every_state",
                "test_trap_35_any_pdu_is_a_sign_of_life",
                "test_trap_35_nothing_is_asked_before_the_bind_nor_while_something_is_heard",
                "test_trap_35_who_is_silent_is_asked_once_and_then_left",
            ),
        },
    ),
    36: Trap(
        "Who is refused binds again and again; binds are more than there may be.",
        {
            "tests/protocols/smpp/door/test_binding.py": ("test_a_key_is_bound_as_often_as_is_set_and_no_oftener",),
            "tests/protocols/smpp/test_provider.py": (
                "test_trap_36_only_so_many_binds_are_held_and_they_end_with_an_unbind",
                "test_trap_36_who_is_refused_does_not_knock_again_and_again",
            ),
        },
    ),
    37: Trap(
        "Who is to be told is not bound: it is neither lost, nor offered for ever.",
        {
            "tests/engine/test_outbox.py": (
                "test_trap_37_what_nobody_comes_for_is_given_up_when_it_is_too_old",
                "test_trap_37_what_nobody_is_connected_for_waits_without_an_attempt_and_is_told_in_order",
            ),
            "tests/protocols/smpp/door/test_processes.py": (
                "test_trap_37_receipts_owed_to_a_client_that_is_not_bound_outlive_the_process",
                "test_what_a_client_had_not_answered_is_told_again_by_the_next_process",
            ),
        },
    ),
    38: Trap(
        "Names have type 5, plan 0, and eleven octets.",
        {
            "tests/protocols/smpp/test_addresses.py": (
                "test_trap_38_they_can_be_told",
                "test_trap_38_twelve_letters_are_none",
                "test_trap_38_type_and_plan_follow_from_how_an_originator_looks",
            ),
            "tests/protocols/smpp/test_provider.py": ("test_each_setting_is_said",),
        },
    ),
    39: Trap(
        "The response to a delivery has an id that is empty.",
        {
            "tests/protocols/smpp/test_codec.py": ("test_trap_39_the_response_to_a_delivery_has_an_empty_id",),
        },
    ),
    40: Trap(
        "Ids are longer than 64 octets; versions are not said, and who speaks 3.3 gets no parameters.",
        {
            "tests/protocols/smpp/door/test_messages.py": ("test_a_client_of_the_version_before_gets_no_parameters",),
            "tests/protocols/smpp/test_codec.py": (
                "test_trap_40_long_ids_are_read_and_a_bind_response_may_not_say_its_version",
            ),
            "tests/protocols/smpp/test_session.py": (
                "test_trap_40_a_bind_response_without_a_version_is_of_3_3",
                "test_trap_40_who_speaks_3_3_gets_no_parameters",
            ),
        },
    ),
    41: Trap(
        "Clients are answered in the specification's codes, and no other's.",
        {
            "tests/protocols/smpp/door/test_binding.py": (
                "test_trap_41_every_error_of_ours_has_a_code_of_the_specification",
                "test_trap_41_what_can_not_be_is_answered_in_the_codes_of_the_specification",
            ),
            "tests/protocols/smpp/test_codec.py": ("test_trap_41_the_codes_are_those_of_the_specification",),
        },
    ),
    42: Trap(
        "Small writes wait for each other.",
        {
            "tests/protocols/smpp/test_connection.py": (
                "test_trap_42_small_writes_do_not_wait_for_each_other",
                "test_trap_42_what_arrives_together_is_answered_together",
                "test_trap_42_what_is_said_in_one_turn_is_written_together",
            ),
        },
    ),
    43: Trap(
        "alert_notification, outbind, and query_sm with any state.",
        {
            "tests/protocols/smpp/door/test_binding.py": (
                "test_an_outbind_has_no_answer_and_an_unknown_command_is_nacked",
            ),
            "tests/protocols/smpp/test_codec.py": (
                "test_trap_43_query_sm_answers_with_any_state",
                "test_trap_43_what_nobody_has_much_use_for_is_read",
            ),
            "tests/protocols/smpp/test_provider.py": ("test_trap_43_what_needs_no_answer_disturbs_nothing",),
            "tests/protocols/smpp/test_session.py": ("test_trap_43_what_needs_no_answer_gets_none",),
        },
    ),
}
