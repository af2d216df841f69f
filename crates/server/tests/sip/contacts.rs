//! What the registrar keeps and how connections come and go: SIP-12 and SIP-17 over the wire, while the clock stands.

use crate::common::Office;
use crate::common::script::play;
use conformance::proves_partly;

fn office() -> Office {
    Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"])
}

#[test]
fn wire_contacts_expire_and_are_refreshed_listed_and_removed() {
    let office = office();
    for scenario in ["several", "expiry", "path", "translated", "keep_alives", "wrong"] {
        play(&office, "contacts", scenario);
        office.wait_idle();
    }
    proves_partly("SIP-12", "OPTIONS pings and DNS SRV failover come with trunks");
}

#[test]
fn wire_a_lost_connection_hangs_nothing_up_and_the_next_one_takes_over() {
    let office = office();
    play(&office, "contacts", "connections");
    office.wait_idle();
    proves_partly("SIP-17", "flows over TLS and WebSocket come with those transports");
}

#[test]
fn wire_a_phone_that_moves_in_a_call_is_found_at_its_next_connection() {
    let office = Office::start();
    play(&office, "contacts", "moves");
    office.wait_idle();
    proves_partly("SIP-17", "flows over TLS and WebSocket come with those transports");
}
