//! Two telephones that are none of ours hear each other, whichever door asked for the call.

use crate::common::baresip::{Baresip, station};
use crate::common::tone::Tone;
use crate::common::{Office, wait_for};
use crate::doors::DOORS;

const LOW: Tone = Tone { hz: 440.0, amplitude: 8_000.0 };
const HIGH: Tone = Tone { hz: 1_000.0, amplitude: 4_000.0 };

/// The accounts of the demo, in an office whose phones offer what baresip knows.
const ACCOUNTS: &str = "[[account]]\ndoor = \"clickcall\"\nuser = \"click1101\"\npassword = \"demo-clickcall\"\nstation = \"1101\"\n[[account]]\ndoor = \"voicenter\"\npassword = \"demo-voicenter\"\n[[account]]\ndoor = \"ipxapi\"\nuser = \"demo\"\npassword = \"demo-ipxapi\"\n";

#[test]
fn wire_baresip_hears_baresip_through_every_door() {
    let office = Office::configured(&(station("1101", "of-1101") + &station("1102", "of-1102") + ACCOUNTS));
    let one = Baresip::register(&office, "1101", "of-1101", LOW);
    let other = Baresip::register(&office, "1102", "of-1102", HIGH);
    for door in DOORS {
        door.make(&office, "1101", "1102");
        wait_for(&format!("both talk, asked for through {}", door.name), || {
            let all = office.get("/connections")["items"].as_array().expect("a list").clone();
            let first = all.first().is_some_and(|it| it["party"]["number"] == "1101" && it["placed"] == true);
            (all.len() == 2 && first && all.iter().all(|it| !it["answered_at"].is_null())).then_some(())
        });
        other.hears(LOW, HIGH.hz);
        one.hears(HIGH, LOW.hz);
        door.end_call(&office, "1101");
        office.wait_idle();
    }
}
