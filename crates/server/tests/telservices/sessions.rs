//! Sessions: clients, levels, time-outs, closes now and later.

use super::{
    Events, LINE, Line, Office, STANDARD, ask, at_rest, device, empty_snapshot, error, make_call, moves_s, name,
    request, session_event, wait_for,
};

const NO_SESSION: &str = "noOpenSession";

fn snapshot(office: &Office, number: &str) -> String {
    ask(office, "snapshot", &device(number))
}

#[test]
fn wire_services_of_a_device_need_its_session() {
    let office = at_rest();
    for service in [
        "answerCall",
        "dropCall",
        "snapshot",
        "closeSession",
        "addPartyToCall",
        "alternateCall",
        "conferenceCall",
        "consultationCall",
        "divertCall",
        "holdCall",
        "qualifyCall",
        "reconnectCall",
        "retrieveCall",
        "transferCall",
        "agentState",
        "queryAgentState",
    ] {
        assert_eq!(ask(&office, service, &device("1001")), error(NO_SESSION), "{service}");
    }
    assert_eq!(ask(&office, "openSession", &device("1001")), STANDARD);
    assert_eq!(snapshot(&office, "1001"), empty_snapshot(""));
    assert_eq!(ask(&office, "holdCall", &device("1001")), error("pbxReject"), "the exchange cannot");
    assert_eq!(ask(&office, "forward", &device("1001")), error("pbxReject"));
    assert_eq!(ask(&office, "searchName", ""), error("reject"));
    assert_eq!(ask(&office, "closeSession", &device("1001")), STANDARD);
    assert_eq!(snapshot(&office, "1001"), error(NO_SESSION));
    assert_eq!(ask(&office, "openSession", &device("5555")), error("pbxReject"), "no such device");
    assert_eq!(snapshot(&office, "5555"), error(NO_SESSION));
    conformance::proves("TEL-ERR-05");
    conformance::proves_partly("TEL-SES-02", "services that are not there");
    conformance::proves_partly("TEL-REQ-01", "agents, statistics");
}

#[test]
fn wire_clients_of_one_session_come_and_go() {
    let office = at_rest();
    let (first, second) = (Events::of(&office, "1001"), Events::of(&office, "1001"));
    assert_eq!(first.open(&office, "1001", ""), STANDARD, "the same client again");
    make_call(&office, "1001", "1002");
    for _ in 0..3 {
        assert_eq!(first.next(), second.next());
    }
    // The one that registered last goes; the other stays.
    assert_eq!(ask(&office, "closeSession", &device("1001")), STANDARD);
    ask(&office, "dropCall", &device("1001"));
    assert!(second.next().contains("<cleared/>"));
    first.nothing();
    assert_eq!(first.open(&office, "1001", ""), STANDARD);
    let all = format!("{}<clientOnly><false/></clientOnly>", device("1001"));
    assert_eq!(ask(&office, "closeSession", &all), STANDARD);
    assert_eq!(second.next(), session_event("1001", "sessionClosedByClient"));
    first.nothing();
    assert_eq!(snapshot(&office, "1001"), error(NO_SESSION));
    assert_eq!(ask(&office, "closeSession", &all), error(NO_SESSION));
    // Who is no client of the session may use it, and closes it only for all.
    let only = Events::of(&office, "1001");
    assert_eq!(super::from_elsewhere(&office, "closeSession", &device("1001")), STANDARD, "without effect");
    assert_eq!(snapshot(&office, "1001"), empty_snapshot(""));
    assert_eq!(super::from_elsewhere(&office, "closeSession", &device("1002")), error(NO_SESSION));
    assert_eq!(super::from_elsewhere(&office, "closeSession", &all), STANDARD);
    assert_eq!(only.next(), session_event("1001", "sessionClosedByClient"));
    assert_eq!(snapshot(&office, "1001"), error(NO_SESSION));
    conformance::proves("TEL-SES-09");
    conformance::proves_partly("TEL-SES-03", "users");
    conformance::proves_partly("TEL-REQ-02", "agents");
    conformance::proves_partly("TEL-EVT-07", "the link is lost only with the whole program");
}

#[test]
fn wire_who_asks_for_little_hears_of_calls_that_ring() {
    let office = at_rest();
    let little = Events::with(&office, "1002", "<eventUpdate><restricted/></eventUpdate>");
    let all = Events::of(&office, "1002");
    let ada = name(&office, "1001");
    make_call(&office, "1001", "1002");
    let rings = Line { device: "1002", other: ("1001", &ada), state: "alerting", services: "answerCall", ..LINE };
    assert_eq!(little.next(), rings.event());
    assert_eq!(all.next(), rings.event());
    ask(&office, "answerCall", &device("1002"));
    ask(&office, "dropCall", &device("1002"));
    assert!(all.next().contains("<connected/>"));
    assert!(all.next().contains("<cleared/>"));
    little.nothing();
    let close = format!("{}<clientOnly>false</clientOnly>", device("1002"));
    ask(&office, "closeSession", &close);
    assert_eq!(little.next(), session_event("1002", "sessionClosedByClient"));
    conformance::proves("TEL-SES-10");
}

#[test]
fn wire_a_silent_client_is_let_go_and_a_busy_one_is_not() {
    let office = at_rest();
    let timed = Events::with(&office, "1001", "<sessionTimeout>30</sessionTimeout>");
    moves_s(&office, 29);
    assert_eq!(snapshot(&office, "1001"), empty_snapshot(""), "which starts its time anew");
    moves_s(&office, 29);
    assert_eq!(ask(&office, "dropCall", &device("1001")), error("noCall"));
    timed.nothing();
    moves_s(&office, 30);
    assert_eq!(timed.next(), session_event("1001", "sessionClosedByTimeout"));
    assert_eq!(snapshot(&office, "1001"), error(NO_SESSION));
    for never in ["<sessionTimeout>0</sessionTimeout>", "<sessionTimeout>-5</sessionTimeout>", ""] {
        let lasting = Events::with(&office, "1001", never);
        moves_s(&office, 86_400);
        lasting.nothing();
        assert_eq!(snapshot(&office, "1001"), empty_snapshot(""), "{never}");
        ask(&office, "closeSession", &device("1001"));
    }
    // Each client has a time of its own, and who has none keeps the session alive. A request from an address is of all its clients.
    let here = Events::with(&office, "1001", "<sessionTimeout>30</sessionTimeout>");
    let also_here = Events::with(&office, "1001", "<sessionTimeout>50</sessionTimeout>");
    let there = super::elsewhere(&office, "1001", "<sessionTimeout>90</sessionTimeout>");
    let lasting = super::elsewhere(&office, "1002", "");
    moves_s(&office, 25);
    assert_eq!(snapshot(&office, "1001"), empty_snapshot(""));
    moves_s(&office, 30);
    assert_eq!(here.next(), session_event("1001", "sessionClosedByTimeout"));
    also_here.nothing();
    moves_s(&office, 20);
    assert_eq!(also_here.next(), session_event("1001", "sessionClosedByTimeout"));
    there.nothing();
    here.nothing();
    make_call(&office, "1001", "1003");
    assert!(there.next().contains("<initiated/>"), "the session is there for the other one");
    assert!(super::from_elsewhere(&office, "dropCall", &device("1001")).contains("<standard/>"));
    for state in ["originated", "delivered", "cleared"] {
        assert!(there.next().contains(&format!("<{state}/>")));
    }
    moves_s(&office, 89);
    there.nothing();
    moves_s(&office, 1);
    assert_eq!(there.next(), session_event("1001", "sessionClosedByTimeout"));
    assert_eq!(snapshot(&office, "1001"), error(NO_SESSION), "with its last client");
    assert_eq!(snapshot(&office, "1002"), empty_snapshot(""));
    lasting.nothing();
    conformance::proves("TEL-SES-07");
}

#[test]
fn wire_a_close_can_wait_and_be_taken_back() {
    let office = at_rest();
    let client = Events::of(&office, "1001");
    let later = format!("{}<actualCloseSessionTimeout>20</actualCloseSessionTimeout>", device("1001"));
    assert_eq!(ask(&office, "closeSession", &later), STANDARD);
    moves_s(&office, 19);
    assert_eq!(snapshot(&office, "1001"), empty_snapshot(""), "as before");
    assert_eq!(client.open(&office, "1001", ""), STANDARD, "taken back");
    moves_s(&office, 60);
    assert_eq!(snapshot(&office, "1001"), empty_snapshot(""));
    assert_eq!(ask(&office, "closeSession", &later), STANDARD);
    moves_s(&office, 20);
    wait_for("it is closed", || (snapshot(&office, "1001") == error(NO_SESSION)).then_some(()));
    let negative = format!("{}<actualCloseSessionTimeout>-1</actualCloseSessionTimeout>", device("1001"));
    client.open(&office, "1001", "");
    assert_eq!(ask(&office, "closeSession", &negative), STANDARD);
    assert_eq!(snapshot(&office, "1001"), error(NO_SESSION));
    conformance::proves("TEL-SES-08");
}

#[test]
fn wire_watching_may_be_put_off() {
    let office = at_rest();
    let off = "<startPbxMonitor><false/></startPbxMonitor>";
    let client = Events::with(&office, "1001", off);
    make_call(&office, "1001", "1002");
    client.nothing();
    assert!(snapshot(&office, "1001").contains("<delivered/>"), "which begins to watch");
    ask(&office, "dropCall", &device("1001"));
    assert!(client.next().contains("<cleared/>"));
    let nobody = Events::with(&office, "5555", off);
    assert_eq!(snapshot(&office, "5555"), error("pbxReject"));
    assert_eq!(nobody.next(), session_event("5555", "sessionClosedByMonitoringReject"));
    assert_eq!(snapshot(&office, "5555"), error(NO_SESSION));
    // Another client that wants it watched at once: the same for the one that did not.
    assert_eq!(nobody.open(&office, "5555", off), STANDARD);
    assert_eq!(Events::listen().open(&office, "5555", ""), error("pbxReject"));
    assert_eq!(nobody.next(), session_event("5555", "sessionClosedByMonitoringReject"));
    assert_eq!(snapshot(&office, "5555"), error(NO_SESSION));
    conformance::proves("TEL-SES-11");
}

#[test]
fn wire_a_device_that_is_taken_away_ends_its_session() {
    let office = at_rest();
    let client = Events::of(&office, "1020");
    let device = office.get("/devices/number:1020");
    let id = device["id"].as_str().expect("an id").to_owned();
    let extension = office.get("/extensions/number:1020")["id"].as_str().expect("an id").to_owned();
    for path in [format!("/extensions/{extension}"), format!("/devices/{id}")] {
        let gone = office.console("DELETE", &path, None);
        assert!(gone.status < 300, "{path}: {}", gone.text);
    }
    assert_eq!(client.next(), session_event("1020", "sessionClosedByMonitoringReject"));
}

#[test]
fn wire_each_pdu_may_have_an_end_of_its_own() {
    let text = "[telservices]\nend_of_pdu = '\\r\\n\\x03'\n[console]\ntest_control = true\n\
                [[station]]\nnumber = \"1001\"\nkind = \"simulated\"\n";
    let office = Office::configured(text);
    let end = "\r\n\u{3}";
    let events = Events::listen();
    assert_eq!(events.open(&office, "1001", ""), format!("{STANDARD}{end}"));
    assert_eq!(
        super::tcp(&office, &format!("{}{end}", request("snapshot", &device("1001")))),
        empty_snapshot("") + end
    );
    assert_eq!(super::tcp(&office, "x"), error("reject") + end);
    make_call(&office, "1001", "1002");
    assert!(events.next().ends_with(&format!("</TelServiceEvent>{end}")));
    let url = format!("http://{}/", office.address("telservices_tcp"));
    let by_http = office.http("POST", &url, Some(&request("dropCall", &device("1002"))), &[]);
    assert_eq!(by_http.text, error(NO_SESSION), "never by HTTP");
    for row in ["TEL-TRN-03", "TEL-ADM-01"] {
        conformance::proves(row);
    }
}
