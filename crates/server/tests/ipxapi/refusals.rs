//! Every error of the slice's rows, bad input, and that the next call works.

use crate::client::{Login, ask, error, house};
use conformance::{proves, proves_partly};
use serde_json::{Value, json};

fn is(status: u16, code: u64, message: &str) -> (u16, u64, String) {
    (status, code, message.to_owned())
}

#[test]
fn wire_call_commands_are_refused_by_their_codes() {
    let office = house();
    let login = Login::server(&office, "one");
    let make = |from: &str, to: &str| login.refused("call/make", json!({ "deviceNumber": from, "calledDN": to }));
    assert_eq!(make("7777", "1002"), is(404, 104, "invalidCallingDeviceIdentifier"));
    assert_eq!(make("1001", "7777"), is(404, 105, "invalidCalledDeviceIdentifier"));
    assert_eq!(make("1001", ""), is(404, 105, "invalidCalledDeviceIdentifier"));
    assert_eq!(make("1101", "1002"), is(403, 150, "unregistered"));
    assert_eq!(login.refused("call/make", json!({ "deviceNumber": "1001" })), is(403, 111, "invalidParameterValue"));
    assert_eq!(make("10 01", "1002"), is(403, 111, "invalidParameterValue"));
    let leg = |path: &str, device: &str, call: Value| {
        login.refused(path, json!({ "deviceNumber": device, "callRefID": call }))
    };
    for path in ["call/answer", "call/clear_connection"] {
        assert_eq!(leg(path, "1001", json!(4_711)), is(404, 106, "invalidConnectionIdentifier"), "{path}");
        assert_eq!(leg(path, "1001", json!(0)), is(403, 111, "invalidParameterValue"), "{path}");
        assert_eq!(leg(path, "7777", json!(1)), is(404, 104, "invalidCallingDeviceIdentifier"), "{path}");
        assert_eq!(leg(path, "1101", json!(1)), is(403, 150, "unregistered"), "{path}");
    }
    let call = login.make("1001", "1004");
    assert_eq!(make("1001", "1002"), is(403, 147, "InvalidState"));
    assert_eq!(leg("call/answer", "1001", json!(call)), is(403, 204, "noCallToAnswer"));
    assert_eq!(leg("call/clear_connection", "1002", json!(call)), is(404, 106, "invalidConnectionIdentifier"));
    assert_eq!(leg("call/answer", "1004", json!(call)), is(403, 148, "InvalidOperation"), "it has no means to");
    login.leg("call/clear_connection", "1001", call);
    office.wait_idle();
    assert_eq!(leg("call/clear_connection", "1001", json!(call)), is(403, 205, "noConnectionToClear"));
    let station = Login::of(&office, "client", "1001", "*1234Secr01$");
    assert_eq!(error(&station.post("call/make", json!({}))), is(403, 143, "AccessDenied"));
    proves_partly("IPX-CMD-02", "feature codes (108), no free line (301), analog phones, licences");
    proves_partly("IPX-CMD-03", "a waiting call beside an active one, personal groups, licences");
    proves_partly("IPX-ERR-05", "the codes of commands that this version does not have");
    proves("IPX-ERR-01");
}

#[test]
fn wire_monitors_and_terminals_are_listed_one_by_one() {
    let office = house();
    let login = Login::server(&office, "one");
    let watched = login.done("call/monitor", json!({ "deviceNumber": ["1001", "9999", "1001"] }));
    assert_eq!(watched, json!({ "result": [{ "1001": "OK" }, { "9999": "invalidParameterValue" }, { "1001": "OK" }] }));
    for wrong in [json!({}), json!({ "deviceNumber": [] }), json!({ "deviceNumber": vec!["1001"; 101] })] {
        assert_eq!(login.refused("call/monitor", wrong), is(403, 111, "invalidParameterValue"));
    }
    let stop = |path: &str, body: &str| login.ask("DELETE", path, body).json();
    assert_eq!(stop("call/monitor", r#"{"deviceNumber":["1002"]}"#), json!({ "result": [{ "1002": "OK" }] }));
    let stopped = stop("call/monitor?deviceNumber=1001&deviceNumber=9999", "");
    assert_eq!(stopped, json!({ "result": [{ "1001": "OK" }, { "9999": "invalidParameterValue" }] }));
    proves("IPX-LIM-04");
    proves("IPX-CMD-38");
    proves_partly("IPX-CMD-37", "groups, conference rooms, licences");

    let listed = login.done("call/make", json!({ "startIndex": 2, "count": 2, "transactionID": "a" }));
    let phone = |index: u64, number: &str| {
        json!({ "deviceIndex": index, "deviceNumber": number, "deviceType": "Simulated phone", "tenantNumber": 1,
            "callControl": "enable" })
    };
    assert_eq!(listed, json!({ "transactionID": "a", "data": { "terminals": [phone(2, "1002"), phone(3, "1003")] } }));
    let got = login.ask("GET", "call/terminals?startIndex=5&count=100", "").json();
    assert_eq!(got["data"]["terminals"].as_array().map(Vec::len), Some(1), "{got}");
    assert_eq!(
        login.done("call/make", json!({ "startIndex": 99, "count": 1 })),
        json!({ "data": { "terminals": [] } })
    );
    for wrong in [json!({ "startIndex": 0, "count": 1 }), json!({ "startIndex": 1, "count": 101 })] {
        assert_eq!(login.refused("call/make", wrong), is(403, 111, "invalidParameterValue"));
    }
    proves("IPX-LIM-06");
    proves_partly("IPX-CMD-01", "licences per terminal");

    let status = |query: &str| login.ask("GET", &format!("call/status{query}"), "");
    assert_eq!(status("?deviceNumber=1001").json(), json!({ "data": { "state": "idle" } }));
    assert_eq!(status("?q=%7B%22deviceNumber%22%3A1101%7D").json(), json!({ "data": { "state": "block" } }));
    assert_eq!(error(&status("?deviceNumber=7777")), is(404, 104, "invalidCallingDeviceIdentifier"));
    assert_eq!(error(&status("")), is(403, 111, "invalidParameterValue"));
    proves_partly("IPX-CMD-22", "held, diverted and conference calls");
    proves("IPX-CMD-41");
}

#[test]
fn wire_click_to_call_is_refused_by_its_own_codes() {
    let office = house();
    let station = Login::of(&office, "client", "1001", "*1234Secr01$");
    let click = |body: Value| error(&station.post("clickcall", body));
    assert_eq!(click(json!({ "From": "1002", "To": "1003" })), is(403, 102, "Access denied"));
    for wrong in [json!({}), json!({ "from": "1001" }), json!({ "From": "1001", "To": "abc" })] {
        assert_eq!(click(wrong), is(403, 105, "Parameter error"));
    }
    let server = Login::server(&office, "one");
    assert_eq!(
        error(&server.post("clickcall", json!({ "From": "1001", "To": "1002" }))),
        is(403, 102, "Access denied")
    );
    let path = "/ipxapi/client/v1/users/1001/clickcall";
    assert_eq!(error(&ask(&office, "POST", path, "bearer nonsense", "{}")), is(401, 101, "Authentication failure"));
    assert_eq!(station.post("clickcall", json!({ "FROM": "1001", "to": "1002" })).status, 200);
    assert_eq!(click(json!({ "From": "1001", "To": "1003" })), is(403, 110, "Caller busy"));
    proves_partly("IPX-C2C-01", "the voice store's codes and licences, which this version does not have");
    proves_partly("IPX-ERR-03", "106 to 108: there is no voice store");
}
