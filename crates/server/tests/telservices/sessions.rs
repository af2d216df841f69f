//! Sessions: clients, levels, time-outs, closes now and later, who may open one, snapshots and long polls over TCP.

use super::{
    Events, LINE, Line, Office, STANDARD, ask, at_rest, closed_half, connect, device, error, make_call, moves_s, name,
    request, rest, session_event, wait_for,
};
use std::io::Write;

const NO_SESSION: &str = "noOpenSession";

fn snapshot(office: &Office, number: &str) -> String {
    ask(office, "snapshot", &device(number))
}

fn empty_snapshot(seq: &str) -> String {
    format!(
        "<TelServiceReturn><result><snapshot>{seq}<calls/><forwards/><msgWaiting><off/></msgWaiting>\
         <doNotDisturb><off/></doNotDisturb></snapshot></result></TelServiceReturn>"
    )
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
    conformance::proves_partly("TEL-SES-09", "a client that is not registered");
    conformance::proves_partly("TEL-SES-03", "users");
    conformance::proves_partly("TEL-REQ-02", "agents");
    conformance::proves_partly("TEL-EVT-07", "the link, the administrator");
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
    conformance::proves_partly("TEL-SES-07", "several clients with different times");
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
    conformance::proves("TEL-SES-11");
}

#[test]
fn wire_sessions_are_counted_and_the_first_may_need_a_password() {
    let text = "[telservices]\nsessions_max = 1\nauthenticate = true\n\
                [[station]]\nnumber = \"1001\"\nkind = \"simulated\"\n\
                [[station]]\nnumber = \"1002\"\nkind = \"simulated\"\n\
                [[account]]\ndoor = \"telservices\"\nuser = \"setup\"\npassword = \"once for all\"\n";
    let office = Office::configured(text);
    let with = |user: &str, password: &str| {
        let user = format!("<userID>{user}</userID><userPassword>{password}</userPassword>");
        ask(&office, "openSession", &format!("{}{user}", device("1001")))
    };
    assert_eq!(ask(&office, "openSession", &device("1001")), error("invalidCredentials"));
    assert_eq!(with("setup", "wrong"), error("invalidCredentials"));
    assert_eq!(with("nobody", "once for all"), error("invalidCredentials"));
    assert_eq!(with("setup", "once for all"), STANDARD);
    assert_eq!(ask(&office, "openSession", &device("1001")), STANDARD, "later ones need none");
    assert_eq!(with("setup", "wrong"), STANDARD);
    let other = "<userID>setup</userID><userPassword>once for all</userPassword>";
    let other = ask(&office, "openSession", &format!("{}{other}", device("1002")));
    assert_eq!(other, error("sessionLimitExceeded"));
    assert_eq!(Events::listen().open(&office, "1001", ""), STANDARD, "a session that is there takes more clients");
    conformance::proves_partly("TEL-SES-05", "kept on disk; one administrator's name");
    for row in ["TEL-ERR-06", "TEL-ERR-08", "TEL-ADM-09"] {
        conformance::proves(row);
    }
}

fn poll(number: &str, timeout_s: i64, seq: Option<u64>) -> String {
    let seq = seq.map(|seq| format!("<snapshotSeq>{seq}</snapshotSeq>")).unwrap_or_default();
    let inner = format!("<resultOnEvent><timeout>{timeout_s}</timeout>{seq}</resultOnEvent>");
    request("snapshot", &format!("{}{inner}", device(number)))
}

fn seq_of(answer: &str) -> u64 {
    let (_, rest) = answer.split_once("<snapshotSeq>").unwrap_or_else(|| panic!("{answer}"));
    rest.split('<').next().and_then(|text| text.parse().ok()).expect("a number")
}

#[test]
fn wire_a_long_poll_waits_for_a_change_for_its_time_or_for_the_end() {
    let office = at_rest();
    let ada = name(&office, "1001");
    assert_eq!(ask(&office, "openSession", &device("1002")), STANDARD);
    let asks = |timeout_s, seq| super::tcp(&office, &poll("1002", timeout_s, seq));
    let first = asks(100, None);
    let seq = seq_of(&first);
    assert_eq!(first, empty_snapshot(&format!("<snapshotSeq>{seq}</snapshotSeq>")));
    assert_eq!(asks(0, Some(seq)), first, "no time to wait");
    assert_eq!(asks(100, Some(seq + 9)), first, "an unknown number");
    assert_eq!(asks(100, Some(0)), first);

    let waits = |seq| {
        let mut socket = connect(&office, "telservices_tcp");
        socket.write_all(poll("1002", 100, Some(seq)).as_bytes()).expect("taken");
        closed_half(&socket);
        socket
    };
    // A change answers all that wait, also those that have shut down their sending side.
    let (mut one, mut two) = (waits(seq), waits(seq));
    let lost = waits(seq);
    drop(lost);
    // That they are in is seen by the one after them in line being answered.
    asks(0, Some(seq));
    make_call(&office, "1001", "1002");
    let rings = Line { device: "1002", other: ("1001", &ada), state: "alerting", services: "answerCall", ..LINE };
    let answer = rest(&mut one);
    assert!(seq_of(&answer) > seq && answer.contains(&rings.call()), "{answer}");
    assert_eq!(rest(&mut two), answer);

    // Calls that have ended since are shown once more.
    let seq = seq_of(&answer);
    ask(&office, "answerCall", &device("1002"));
    moves_s(&office, 5);
    ask(&office, "dropCall", &device("1002"));
    let ended = asks(100, Some(seq));
    let over = Line { state: "cleared", services: "", talk_s: 5, ..rings };
    assert!(ended.contains(&format!("<calls>{}</calls>", over.call())), "{ended}");
    let seq = seq_of(&ended);
    assert!(asks(0, Some(seq)).contains("<calls/>"));

    // Its time runs out, and nothing has changed.
    let mut idle = waits(seq);
    wait_for("it waits", || {
        moves_s(&office, 10);
        idle.set_nonblocking(true).expect("possible");
        let came = idle.peek(&mut [0; 1]).is_ok();
        idle.set_nonblocking(false).expect("possible");
        came.then_some(())
    });
    assert_eq!(seq_of(&rest(&mut idle)), seq);

    // The end of the session answers it.
    let mut last = waits(seq);
    asks(0, Some(seq));
    assert_eq!(ask(&office, "closeSession", &device("1002")), STANDARD);
    let answer = rest(&mut last);
    let closed = answer.contains("<session><sessionClosedByClient/></session>");
    assert!(closed || answer == error(NO_SESSION), "{answer}");
    conformance::proves_partly("TEL-TRN-09", "64 polls of a session; events of the link");
    conformance::proves_partly("TEL-REQ-26", "forwards, message lamp, agents");
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
