//! One call's record as every door tells it: the same two parties, and the same conversation time to the second.

use crate::common::Office;
use crate::doors::{DOORS, Told};
use crate::phones::{answer, dial, hang_up, passes, reject};
use crate::room::{Room, STOPPED};

/// What the doors with records say of the newest call of 1001 and of 1002.
fn told(office: &Office, step: &str) -> Vec<(&'static str, Told)> {
    let mut all = Vec::new();
    for door in DOORS {
        let Some(records) = door.records else { continue };
        for number in ["1001", "1002"] {
            let newest = records(office, number).into_iter().next().map(|row| row.told);
            all.push((door.name, newest.unwrap_or_else(|| panic!("{step}: {} has no record of {number}", door.name))));
        }
    }
    all
}

#[test]
fn wire_every_door_tells_the_same_conversation_time() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    let mut minutes = 0;
    for maker in DOORS {
        // Ringing at the desk, ringing at the destination, and a conversation: each of a length of its own.
        minutes += 1;
        let talk_ms = 60_000 * minutes;
        maker.make(office, "1001", "1002");
        passes(office, 7_000);
        if !maker.lifts_itself {
            answer(office, "1001");
        }
        passes(office, 11_000);
        answer(office, "1002");
        passes(office, talk_ms);
        hang_up(office, if minutes % 2 == 0 { "1001" } else { "1002" });
        office.wait_idle();
        let expected = Told { caller: "1001".to_owned(), called: "1002".to_owned(), talk_s: talk_ms / 1_000 };
        for (door, told) in told(office, maker.name) {
            assert_eq!(told, expected, "made through {}, told by {door}", maker.name);
        }
    }
    // Dialled by hand.
    dial(office, "1001", "1002");
    passes(office, 5_000);
    answer(office, "1002");
    passes(office, 90_000);
    hang_up(office, "1001");
    office.wait_idle();
    for (door, told) in told(office, "dialled") {
        assert_eq!(told.talk_s, 90, "dialled by hand, told by {door}");
    }
}

#[test]
fn wire_a_call_that_was_not_answered_has_no_conversation_at_any_door() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    for maker in DOORS {
        maker.make(office, "1001", "1002");
        passes(office, 3_000);
        if !maker.lifts_itself {
            answer(office, "1001");
        }
        passes(office, 9_000);
        reject(office, "1002");
        // Whatever tone the maker's caller hears is over then.
        passes(office, 60_000);
        office.wait_idle();
        for (door, told) in told(office, maker.name) {
            assert_eq!(told.talk_s, 0, "made through {}, told by {door}: {told:?}", maker.name);
        }
    }
}
