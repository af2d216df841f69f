//! Who may do what: account types, privileges, licences and services that are switched off (IPX-AUTH-02, IPX-AUTH-17, IPX-ADM-19).

use crate::client::{CODES, Login, ask, basic, error, house, house_with};
use crate::common::{Office, wait_for};
use conformance::{proves, proves_partly};
use serde_json::{Value, json};

fn is(status: u16, code: u64, message: &str) -> (u16, u64, String) {
    (status, code, message.to_owned())
}

fn denied() -> (u16, u64, String) {
    is(403, 143, "AccessDenied")
}

fn no_records() -> (u16, u64, String) {
    is(403, 299, "Access denied")
}

fn no_licence() -> (u16, u64, String) {
    is(403, 3, "License error")
}

/// What somebody is answered: nothing where it is done.
fn told(login: &Login<'_>, method: &str, path: &str, body: &Value) -> Option<(u16, u64, String)> {
    let answer = login.ask(method, path, &body.to_string());
    (answer.status != 200).then(|| error(&answer))
}

/// The code of a login that is refused.
fn kept_out(office: &Office, kind: &str, user: &str, password: &str) -> (u16, u64, String) {
    error(&ask(office, "GET", &format!("/ipxapi/{kind}/v1/users/{user}/login"), &basic(user, password), ""))
}

/// A whole call of 1001 to 1002.
fn a_call(office: &Office, login: &Login<'_>) -> u64 {
    let call = login.make("1001", "1002");
    wait_for("it rings", || (login.status("1002") == "ring").then_some(()));
    login.leg("call/clear_connection", "1001", call);
    office.wait_idle();
    call
}

#[test]
fn wire_each_account_does_what_its_type_and_its_privileges_allow() {
    let office = house();
    let click = json!({ "From": "1001", "To": "1002" });
    let monitor = json!({ "deviceNumber": ["1001"] });
    let not_for_servers = Some(is(403, 102, "Access denied"));
    // SMDR alone: records, their event, nothing of calls.
    let records = Login::server(&office, "smdr");
    let mut told_of_records = records.socket(&[]);
    for (method, path, body) in [
        ("POST", "call/make", json!({ "deviceNumber": "1001", "calledDN": "1002" })),
        ("POST", "call/answer", json!({})),
        ("POST", "call/clear_connection", json!({})),
        ("POST", "call/monitor", monitor.clone()),
        ("DELETE", "call/monitor", monitor.clone()),
        ("GET", "call/status?deviceNumber=1001", json!({})),
        ("GET", "call/terminals?startIndex=1&count=1", json!({})),
    ] {
        assert_eq!(told(&records, method, path, &body), Some(denied()), "SMDR: {method} {path}");
    }
    assert_eq!(told(&records, "GET", "smdr", &Value::Null), None);
    assert_eq!(told(&records, "POST", "clickcall", &click), not_for_servers);
    // CTI alone: calls and their events, no records.
    let calls = Login::server(&office, "cti");
    let mut told_of_calls = calls.socket(&["1001"]);
    assert_eq!(told(&calls, "GET", "smdr", &Value::Null), Some(no_records()));
    assert_eq!(told(&calls, "DELETE", "smdr", &json!({ "Index": 1 })), Some(no_records()));
    assert_eq!(told(&calls, "POST", "clickcall", &click), not_for_servers);
    // ACD alone: neither.
    let agents = Login::server(&office, "acd");
    assert_eq!(told(&agents, "GET", "smdr", &Value::Null), Some(no_records()));
    assert_eq!(told(&agents, "GET", "call/status?deviceNumber=1001", &Value::Null), Some(denied()));
    // A station: its own records to read, click to call; it is told nothing.
    let station = Login::station(&office, "1001");
    let mut told_of_nothing = station.socket(&[]);
    let first = a_call(&office, &calls);
    let record = told_of_records.record();
    assert_eq!(record["callRefID"], first);
    assert_eq!(told(&station, "GET", "smdr", &Value::Null), None);
    assert_eq!(told(&station, "DELETE", "smdr", &json!({})), Some(no_records()));
    assert_eq!(told(&station, "POST", "call/monitor", &monitor), Some(denied()));
    assert_eq!(told(&station, "GET", "call/status?deviceNumber=1001", &Value::Null), Some(denied()));
    // After the next call whoever watches calls has had call frames only, and the station nothing at all.
    let second = a_call(&office, &calls);
    assert_eq!(told_of_records.record()["callRefID"], second);
    loop {
        let frame = told_of_calls.any_frame().expect("frames of both calls");
        assert_eq!(frame["event"], "call", "{frame}");
        if frame["data"]["type"] == "released" && frame["data"]["callRefID"] == second {
            break;
        }
    }
    assert_eq!(told(&records, "DELETE", "smdr", &json!({ "Index": record["Index"] })), None);
    assert_eq!(told(&station, "POST", "clickcall", &click), None);
    assert_eq!(station.ask("POST", "logout", "").status, 200);
    assert_eq!(told_of_nothing.any_frame(), None, "its socket has carried nothing to its end");
    proves("IPX-AUTH-02");
    proves_partly("IPX-AUTH-17", "the acd event: there are no agents and groups yet");
}

#[test]
fn wire_without_the_licence_of_calls_or_clicks_there_are_none() {
    let office = house_with("\n[ipxapi]\nlicence_cti = false\nlicence_clickcall = false\nsession_timeout_min = 5\n");
    let login = Login::server(&office, "one");
    assert_eq!(login.answer["checkConnectionTimer"], 300, "as configured");
    // Privilege before licence, licence before parameters (IPX-CMD-42).
    for (path, body) in
        [("call/make", json!({})), ("call/monitor", json!({ "deviceNumber": ["1001"] })), ("call/answer", json!([]))]
    {
        assert_eq!(error(&login.post(path, body)), no_licence(), "{path}");
    }
    assert_eq!(login.ask("GET", "smdr", "").status, 200, "records have a licence of their own");
    let station = Login::station(&office, "1001");
    assert_eq!(error(&station.post("call/make", json!({}))), denied());
    assert_eq!(error(&station.post("clickcall", json!({ "From": "1001", "To": "1002" }))), no_licence());
    assert_eq!(kept_out(&office, "server", "cti", "house:cti"), no_licence(), "nothing that it may do is licensed");
    proves("IPX-ADM-07");
}

#[test]
fn wire_licences_of_terminals_and_stations_are_counted() {
    let more = "\n[ipxapi]\nlicence_smdr = false\nlicence_acd = false\ncti_terminals = 1\nclickcall_stations = 1\n";
    let office = house_with(more);
    let login = Login::server(&office, "one");
    let listed = login.ask("GET", "call/terminals?startIndex=1&count=3", "").json();
    let control = |index: usize| listed["data"]["terminals"][index]["callControl"].clone();
    assert_eq!([control(0), control(1), control(2)], [json!("enable"), json!("disable"), json!("disable")]);
    let call = login.make("1001", "1002");
    wait_for("it rings", || (login.status("1002") == "ring").then_some(()));
    for path in ["call/answer", "call/clear_connection"] {
        let body = json!({ "deviceNumber": "1002", "callRefID": call });
        assert_eq!(login.refused(path, body), no_licence(), "{path}: the phone can be watched, not controlled");
    }
    assert_eq!(login.refused("call/make", json!({ "deviceNumber": "1003", "calledDN": "1001" })), no_licence());
    login.leg("call/clear_connection", "1001", call);
    office.wait_idle();
    proves("IPX-CMD-01");
    // One station may click, the first whose service is on.
    let (first, second) = (Login::station(&office, "1001"), Login::station(&office, "1004"));
    assert_eq!(error(&second.post("clickcall", json!({ "From": "1004", "To": "1002" }))), no_licence());
    assert_eq!(first.post("clickcall", json!({ "From": "1001", "To": "1002" })).status, 200);
    proves("IPX-LIM-19");
    for (method, path) in [("GET", "smdr"), ("DELETE", "smdr?Index=1")] {
        assert_eq!(error(&login.ask(method, path, "")), no_licence(), "{method} {path}");
    }
    assert_eq!(error(&first.ask("GET", "smdr", "")), no_licence());
    for user in ["smdr", "acd"] {
        assert_eq!(kept_out(&office, "server", user, &format!("house:{user}")), no_licence(), "{user}");
    }
    proves("IPX-ADM-19");
}

#[test]
fn wire_services_and_classes_of_users_can_be_switched_off() {
    let more = "\n[ipxapi]\nsmdr_service = false\nstation_accounts = false\n";
    let office = house_with(more);
    let off = is(403, 299, "SMDR Web API Service off");
    let (one, records) = (Login::server(&office, "one"), Login::server(&office, "smdr"));
    for (method, path) in [("GET", "smdr"), ("GET", "smdr?countOnly=true"), ("DELETE", "smdr?Index=1")] {
        assert_eq!(error(&one.ask(method, path, "")), off, "{method} {path}");
        assert_eq!(error(&records.ask(method, path, "")), off, "{method} {path}");
    }
    for (number, code) in CODES {
        assert_eq!(kept_out(&office, "client", number, code), is(403, 102, "serviceNotSupported"), "{number}");
    }
    // No record is told of either: the call frames of the next call follow on those of this one.
    let mut socket = one.socket(&["1001"]);
    for _ in 0..2 {
        a_call(&office, &one);
    }
    for _ in 0..2 {
        for kind in ["proceeding", "alerting", "released"] {
            let frame = socket.any_frame().expect("a frame");
            assert_eq!((&frame["event"], &frame["data"]["type"]), (&json!("call"), &json!(kind)), "{frame}");
        }
    }
    proves("IPX-SMDR-14");
    let office = house_with("\n[ipxapi]\nserver_accounts = false\nlicence_smdr = false\nlicence_clickcall = false\n");
    assert_eq!(kept_out(&office, "server", "one", "house:one"), is(403, 102, "serviceNotSupported"));
    assert_eq!(kept_out(&office, "client", "1001", "*1234Secr01$"), no_licence());
    proves("IPX-AUTH-03");
}
