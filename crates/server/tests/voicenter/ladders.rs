//! The ladders of the vendor's document, to the second, on a virtual clock.

use crate::common::Office;
use crate::request::{FIELDS, called, click2call, ladder, log, rows, script};
use serde_json::json;

#[test]
fn wire_the_ladders_hold_to_the_second() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let pass = |seconds: u64| {
        office.post("/test/clock/advance", json!({"by_ms": seconds * 1_000}));
    };
    let answers = |phone: &str, after_s: u64| {
        script(&office, phone, json!({"ring": {"answer": {"after_ms": after_s * 1_000}}}));
    };
    // V1: answered after 6 and 12 seconds, the second one hangs up after a minute.
    answers("1001", 6);
    let hanging_up = json!({"ring": {"answer": {"after_ms": 12_000}}, "talk": {"hang_up": {"after_ms": 60_000}}});
    script(&office, "1002", hanging_up);
    let id = called(&office, "phone=1001&target=1002&record=true&var_customer=2342");
    pass(90);
    let v1 = rows(&office, &id);
    assert_eq!(
        ladder(&v1),
        [
            json!(["Click2Call leg1", "ANSWER", "1002", "1001", "", "1001", 0, 72, 6]),
            json!(["Click2Call leg2", "ANSWER", "1001", "1002", "1001", "1002", 6, 60, 12]),
        ]
    );
    assert!(v1.iter().all(|row| row["CustomData"] == json!({"var_customer": "2342"})), "{v1:?}");
    // All records of that call tell the same conversation time.
    let record = &office.get("/records?limit=1")["items"][0];
    let fusion = office.fusion("/xml/dbGetCallHistory.json?ext=1001&limit=1&start_date=2000-01-01").json();
    let billed = &fusion["CallHistory"][0]["billsec"];
    assert_eq!(
        (&record["talk_ms"], billed, &v1[1]["Duration"]),
        (&json!(60_000), &json!("60"), &json!(60)),
        "{record}"
    );
    // V2: nobody answers leg 1; it declines; it is busy; it is unplugged.
    script(&office, "1001", json!({"ring": "never"}));
    let id = called(&office, "phone=1001&target=1002&phonemaxdialtime=45");
    pass(50);
    let not_called = |at: u64| json!(["Click2Call leg2", "NOTCALLED", "1001", "1002", "1001", "1002", at, 0, 0]);
    let first = |status: &str, dial: u64| json!(["Click2Call leg1", status, "1002", "1001", "", "1001", 0, 0, dial]);
    assert_eq!(ladder(&rows(&office, &id)), [first("NOANSWER", 45), not_called(45)]);
    script(&office, "1001", json!({"ring": {"reject": {"after_ms": 4_000}}}));
    let id = called(&office, "phone=1001&target=1002");
    pass(10);
    assert_eq!(ladder(&rows(&office, &id)), [first("BUSY", 4), not_called(4)]);
    script(&office, "1001", json!({"ring": "busy"}));
    let id = called(&office, "phone=1001&target=1002");
    pass(10);
    assert_eq!(ladder(&rows(&office, &id)), [first("BUSY", 0), not_called(0)]);
    office.hand("1001", "unplug", json!({}));
    let id = called(&office, "phone=1001&target=1002");
    assert_eq!(ladder(&rows(&office, &id)), [first("CHANUNAVAIL", 0), not_called(0)]);
    let refused = click2call(&office, "phone=1001&target=1002&checkphonedevicestate=true");
    assert_eq!(refused, (3, "Extension representative offline".to_owned(), String::new()));
    let refused = click2call(&office, "phone=1002&target=1001&checktargetdevicestate=1");
    assert_eq!(refused.0, 3);
    office.hand("1001", "plug_in", json!({}));
    // V3: leg 2 declines after 3 seconds, and leg 1 hears it for five.
    answers("1001", 6);
    script(&office, "1002", json!({"ring": {"reject": {"after_ms": 3_000}}}));
    let id = called(&office, "phone=1001&target=1002");
    pass(20);
    assert_eq!(
        ladder(&rows(&office, &id)),
        [
            json!(["Click2Call leg1", "ANSWER", "1002", "1001", "", "1001", 0, 8, 6]),
            json!(["Click2Call leg2", "BUSY", "1001", "1002", "1001", "1002", 6, 0, 3]),
        ]
    );
    // V4: the first one hangs up while the second rings.
    script(&office, "1002", json!({"ring": "never"}));
    let id = called(&office, "phone=1001&target=1002");
    pass(12);
    office.hand("1001", "hang_up", json!({}));
    assert_eq!(
        ladder(&rows(&office, &id)),
        [
            json!(["Click2Call leg1", "ANSWER", "1002", "1001", "", "1001", 0, 6, 6]),
            json!(["Click2Call leg2", "CANCEL", "1001", "1002", "1001", "1002", 6, 0, 6]),
        ]
    );
    // No such number, and nobody answers leg 2.
    let id = called(&office, "phone=1001&target=0544444444&targetcallerid=0722776772");
    pass(20);
    assert_eq!(
        ladder(&rows(&office, &id))[1],
        json!(["Click2Call leg2", "CONGESTION", "0722776772", "972544444444", "1001", "", 6, 0, 0])
    );
    // Both are found by any spelling of the numbers that were dialled and shown, and by no other.
    for (number, rows) in [("%2B972-54-4444444", 2), ("00972544444444", 2), ("972722776772", 1), ("0544444445", 0)] {
        assert_eq!(
            log(&office, &format!("fields=CallID&phones={number}")),
            vec![json!({"CallID": id}); rows],
            "{number}"
        );
    }
    let id = called(&office, "phone=1001&target=1002&targetmaxdialtime=20");
    pass(60);
    assert_eq!(
        ladder(&rows(&office, &id)),
        [
            json!(["Click2Call leg1", "ANSWER", "1002", "1001", "", "1001", 0, 25, 6]),
            json!(["Click2Call leg2", "NOANSWER", "1001", "1002", "1001", "1002", 6, 0, 20]),
        ]
    );
    // V20, inside.
    script(
        &office,
        "1002",
        json!({"ring": {"answer": {"after_ms": 12_000}}, "talk": {"hang_up": {"after_ms": 33_500}}}),
    );
    office.hand("1003", "dial", json!({"to": "1002"}));
    pass(60);
    let outgoing = &log(&office, &format!("{FIELDS}&extensions=1003"))[..];
    assert_eq!(ladder(outgoing), [json!(["Extension Outgoing", "ANSWER", "1003", "1002", "1003", "1002", 0, 33, 12])]);
    conformance::proves_partly("VOI-CDR-11", "queues, menus and voicemail do not exist");
    conformance::proves_partly("VOI-CDR-07", "VOEND, TE, ABANDONE, VOICEMAIL, INVALIDARGS, NOTDIALED");
    conformance::proves_partly("VOI-CDR-06", "Incoming Call, Extension Outgoing and both Click2Call legs only");
}
