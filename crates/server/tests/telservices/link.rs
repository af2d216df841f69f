//! When the exchange is slow or stops: `pbxTimeout`, `pbxlinkOutOfService`.

use super::common::sipp::{Does, SipPhone};
use super::{
    Events, Office, STANDARD, ask, at_rest, closed_half, connect, device, error, make_call, request, rest, wait_for,
};
use serde_json::json;
use std::io::Write;

#[test]
fn wire_a_phone_that_does_not_react_is_a_time_out_and_events_tell_the_rest() {
    let office = at_rest();
    let set = office.console("PATCH", "/test/phones/1002", Some(json!({"ring": "never"})));
    assert_eq!(set.status, 200, "{}", set.text);
    let events = Events::of(&office, "1002");
    assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
    assert!(events.next().contains("<alerting/>"));
    let mut waiting = connect(&office, "telservices_tcp");
    waiting.write_all(request("answerCall", &device("1002")).as_bytes()).expect("taken");
    closed_half(&waiting);
    let mut passed_ms = 0;
    // In steps so small that the phone still rings when the request comes in, however slow the machine is.
    wait_for("the link's time is over", || {
        office.advance(100);
        passed_ms += 100;
        waiting.set_nonblocking(true).expect("possible");
        let came = waiting.peek(&mut [0; 1]).is_ok();
        waiting.set_nonblocking(false).expect("possible");
        came.then_some(())
    });
    assert_eq!(rest(&mut waiting), error("pbxTimeout"));
    assert!(passed_ms >= 10_000, "{passed_ms} ms");
    // Nothing was undone, and what happens later is told.
    assert!(ask(&office, "snapshot", &device("1002")).contains("<alerting/>"));
    events.nothing();
    assert_eq!(ask(&office, "dropCall", &device("1001")), error("noOpenSession"), "there is none on that one");
    office.hand("1001", "hang_up", json!({}));
    assert!(events.next().contains("<cause><droppedByOtherParty/></cause>"));
    conformance::proves("TEL-ERR-03");
}

#[test]
fn wire_an_exchange_that_stops_says_so_until_it_is_gone() {
    let office = Office::start();
    let phones = ["1101", "1102"].map(|number| SipPhone::of(&office, number));
    phones.iter().for_each(|phone| phone.register(200));
    let events = Events::of(&office, "1102");
    let playing = [phones[0].answer(Does::Answers(50)), phones[1].answer(Does::Answers(50))];
    assert_eq!(make_call(&office, "1101", "1102"), STANDARD);
    assert!(events.next().contains("<alerting/>"));
    assert!(events.next().contains("<connected/>"));
    assert_eq!(ask(&office, "openSession", &device("1001")), STANDARD);
    // The exchange waits a moment for its phones to hear that their calls are over, and these do not answer.
    playing.iter().for_each(super::common::sipp::Playing::stall);
    let url =
        format!("http://{}/makeCall?deviceNumber=1003&calledDeviceNumber=1004", office.address("telservices_http"));
    office.tell_to_stop();
    wait_for("the link is down", || {
        let answer = make_call(&office, "1003", "1004");
        (answer == error("pbxlinkOutOfService")).then_some(())
    });
    let told = [
        office.http("GET", &url, None, &[]).text,
        ask(&office, "openSession", &device("1002")),
        ask(&office, "dropCall", &device("1001")),
    ];
    assert_eq!(told, [(); 3].map(|()| error("pbxlinkOutOfService")));
    let snapshot = ask(&office, "snapshot", &device("1001"));
    assert!(snapshot.contains("<snapshot>"), "answered from the state of the session: {snapshot}");
    conformance::proves("TEL-ERR-01");
}
