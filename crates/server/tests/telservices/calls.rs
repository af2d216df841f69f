//! Calls and their events, field by field with the ladders of the behaviour list.

use super::{
    Events, LINE, Line, Office, STANDARD, answer, ask, at_rest, device, error, make_call, moves_s, name, wait_for,
};
use serde_json::json;

/// The lines of H1 up to the answer: A calls B.
fn talk<'a>(a: &'a str, b: &'a str, names: (&'a str, &'a str)) -> [Line<'a>; 6] {
    let out = Line { device: a, outgoing: true, other: (b, names.1), services: "dropCall", ..LINE };
    let into = Line { device: b, other: (a, names.0), ..LINE };
    [
        Line { state: "initiated", other: ("", ""), ..out },
        Line { state: "originated", ..out },
        Line { state: "delivered", ..out },
        Line { state: "alerting", services: "answerCall", ..into },
        Line { state: "connected", services: "dropCall", ..into },
        Line { state: "connected", ..out },
    ]
}

#[test]
fn wire_a_call_made_answered_and_dropped_is_told_as_the_ladder_has_it() {
    let office = at_rest();
    let (ada, bob) = (name(&office, "1001"), name(&office, "1002"));
    let (a, b) = (Events::of(&office, "1001"), Events::of(&office, "1002"));
    assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
    let lines = talk("1001", "1002", (&ada, &bob));
    for line in &lines[..3] {
        assert_eq!(a.next(), line.event());
    }
    assert_eq!(b.next(), lines[3].event());
    moves_s(&office, 4);
    assert_eq!(ask(&office, "answerCall", &device("1002")), STANDARD);
    assert_eq!(b.next(), lines[4].event());
    assert_eq!(a.next(), lines[5].event());
    moves_s(&office, 7);
    assert_eq!(ask(&office, "dropCall", &device("1002")), STANDARD);
    let over = Line { state: "cleared", talk_s: 7, services: "", ..lines[4] };
    assert_eq!(b.next(), over.event());
    let left = Line { state: "cleared", talk_s: 7, services: "", cause: "droppedByOtherParty", ..lines[5] };
    assert_eq!(a.next(), left.event());
    a.nothing();
    b.nothing();
    for row in ["TEL-EVT-01", "TEL-CALL-02", "TEL-CALL-12"] {
        conformance::proves(row);
    }
}
