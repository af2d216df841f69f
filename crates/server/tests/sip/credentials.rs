//! SIP-11 over the wire: digest with both algorithms by a client that is not ours, nonces over a restart, bans.

use crate::common::Office;
use crate::common::script::{play, play_with};
use conformance::proves;
use serde_json::json;

#[test]
fn wire_digest_with_both_algorithms_nonces_and_bans() {
    let mut office = Office::start();
    play(&office, "credentials", "both_algorithms");
    office.wait_idle();
    let challenge = play(&office, "credentials", "nonces");
    office.restart();
    play_with(&office, "credentials", "after_a_restart", json!({ "challenge": challenge }));
    play(&office, "credentials", "guesses");
    proves("SIP-11");
}
