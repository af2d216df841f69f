//! Whose sound is believed and where it goes: SIP-13 over the wire.

use crate::common::Office;
use crate::common::script::play;
use conformance::proves_partly;
use serde_json::json;

#[test]
fn wire_sound_is_believed_goes_on_and_stays_in_its_call() {
    let office = Office::start();
    for scenario in ["believes", "goes_on", "apart"] {
        let rtcp = play(&office, "sound", scenario);
        assert_ne!(rtcp, json!(false), "no pair of ports was free to hear RTCP");
        office.wait_idle();
    }
    proves_partly("SIP-13", "continuity over hold and transfer comes with them");
}
