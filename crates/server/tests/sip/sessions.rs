//! What happens while a call is up: SIP-03, 05 to 08, 18, 19 and 21 over the wire.

use crate::common::Office;
use crate::common::script::play;
use conformance::{proves, proves_partly};

fn plays(script: &str, scenario: &str) -> Office {
    let office = Office::start();
    play(&office, script, scenario);
    office.wait_idle();
    office
}

#[test]
fn wire_answers_refusals_and_byes_are_repeated_in_their_time() {
    plays("repeats", "repeats");
    proves("SIP-03");
}

#[test]
fn wire_a_stalled_exchange_hears_first_and_gives_nobody_up() {
    plays("repeats", "stalls");
    proves("SIP-18");
}

#[test]
fn wire_changes_that_cross_and_numbers_out_of_order() {
    plays("changes", "crossing");
    proves("SIP-05");
}

#[test]
fn wire_keys_by_info_are_all_answered_and_passed_in_order() {
    plays("changes", "keys");
    proves("SIP-06");
}

#[test]
fn wire_early_sound_reliable_responses_and_update() {
    plays("changes", "early");
    proves("SIP-07");
}

#[test]
fn wire_session_timers_in_both_roles() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    play(&office, "timers", "session_timers");
    office.wait_idle();
    proves("SIP-08");
}

#[test]
fn wire_a_change_goes_to_the_peer_and_gets_its_answer() {
    plays("changes", "held");
    proves_partly("SIP-19", "a change of direction is answered here once there is hold");
}

#[test]
fn wire_two_ordered_legs_agree_without_transcoding() {
    plays("changes", "ordered");
    proves("SIP-21");
}
