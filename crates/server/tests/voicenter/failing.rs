//! When the house itself fails: the disk gives back other octets than it was given, or the program is stopping. Each form of this
//! door has its words for that.

use crate::common::sipp::{Does, Playing, SipPhone};
use crate::common::{Office, SOON, wait_for};
use crate::request::{C2C, CODE, called, get, log, wait_live, xml};
use serde_json::json;

#[test]
fn wire_a_store_that_fails_is_no_answer_to_the_call_log_and_calls_go_on() {
    let office = Office::start();
    let ring = || {
        let id = called(&office, "phone=1001&target=1002");
        assert_eq!(called(&office, "action=terminate&phone=1001"), id);
        office.wait_idle();
    };
    ring();
    let whole = wait_for("the rows are there", || Some(log(&office, "")).filter(|rows| rows.len() == 2));
    let file = rusqlite::Connection::open(office.data().join("hookswitch.db")).expect("the database");
    file.busy_timeout(SOON).expect("a time-out");
    let kept: Vec<u8> = file.query_row("SELECT bytes FROM record", [], |row| row.get(0)).expect("one record");
    let write = |octets: &[u8]| file.execute("UPDATE record SET bytes = ?1 WHERE bytes IS NOT NULL", [octets]);
    assert_eq!(write(&kept[1..]), Ok(1));
    let refused = get(&office, &format!("/hub/cdr/?code={CODE}")).json();
    assert_eq!(
        (&refused["ERROR_NUMBER"], &refused["STATUS_CODE"], &refused["CDR_LIST"]),
        (&json!(1), &json!(500), &json!([])),
        "{refused}"
    );
    assert_eq!(refused["ERROR_DESCRIPTION"], "Request limit exceeded. Please try again later.");
    assert_eq!(write(&kept), Ok(1));
    assert_eq!(log(&office, ""), whole);
    ring();
}

#[test]
fn wire_a_program_that_stops_says_so_in_each_form() {
    let office = Office::start();
    let phones = ["1101", "1102"].map(|number| SipPhone::of(&office, number));
    phones.iter().for_each(|phone| phone.register(200));
    let playing = [phones[0].answer(Does::Answers(50)), phones[1].answer(Does::Answers(50))];
    called(&office, "phone=1101&target=1102");
    wait_live(&office, "1102", "Talking", 1);
    // The exchange waits a moment for its phones to hear that their calls are over, and these do not answer.
    playing.iter().for_each(Playing::stall);
    office.tell_to_stop();
    let call = format!("{C2C}?code={CODE}&phone=1003&target=1004");
    wait_for("it is out of service", || {
        (get(&office, &call).text == xml(2, "The platform is not in service", "")).then_some(())
    });
    let json = get(&office, &format!("{call}&format=json")).text;
    assert_eq!(json, "{\"ERRORCODE\":2,\"ERRORMESSAGE\":\"The platform is not in service\",\"CALLID\":\"\"}");
}
