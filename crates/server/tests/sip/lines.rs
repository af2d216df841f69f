//! A phone's own dialling is bounded by the lines of its device (FUS-ADM-06 names the bound).

use crate::common::Office;
use crate::common::script::play;

#[test]
fn wire_a_phone_dials_no_more_calls_than_it_has_lines() {
    let office = Office::start();
    play(&office, "lines", "own_lines");
    office.wait_idle();
    let records = office.get("/records?limit=100")["items"].as_array().expect("a list").len();
    assert_eq!(records, 3, "what was refused was no call");
    conformance::proves_partly(
        "FUS-ADM-06",
        "hardware addresses, IAX, virtual phones; a SIP user is the number by default",
    );
}
