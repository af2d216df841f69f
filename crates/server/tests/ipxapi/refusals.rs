//! Every error of the slice's rows by table, and the answers that name an error for each device.

use crate::client::{Login, ask, error, house, house_with};
use conformance::{proves, proves_partly};
use serde_json::{Value, json};

fn is(status: u16, code: u64, message: &str) -> (u16, u64, String) {
    (status, code, message.to_owned())
}

const PARAMETER: (u16, u64, &str) = (400, 1, "Parameter error");
const MISMATCH: (u16, u64, &str) = (401, 4, "Login information mismatch");
const NO_DEVICE: (u16, u64, &str) = (404, 104, "invalidCallingDeviceIdentifier");
const NO_CALLED: (u16, u64, &str) = (404, 105, "invalidCalledDeviceIdentifier");
const NO_CONNECTION: (u16, u64, &str) = (404, 106, "invalidConnectionIdentifier");
const VALUE: (u16, u64, &str) = (403, 111, "invalidParameterValue");
const UNREGISTERED: (u16, u64, &str) = (403, 150, "unregistered");

/// A command as it may be given: method, path, and parameters with which it is carried out or refused for their own sake.
type Command = (&'static str, &'static str, &'static str);
/// The row, what is asked, and what is answered.
type Case = (&'static str, Command, (u16, u64, &'static str));

const COMMANDS: &[Command] = &[
    ("POST", "call/make", r#"{"deviceNumber":"1001","calledDN":"1002"}"#),
    ("POST", "call/answer", r#"{"deviceNumber":"1001","callRefID":1}"#),
    ("POST", "call/clear_connection", r#"{"deviceNumber":"1001","callRefID":1}"#),
    ("POST", "call/monitor", r#"{"deviceNumber":["1001"]}"#),
    ("DELETE", "call/monitor", r#"{"deviceNumber":["1001"]}"#),
    ("POST", "call/presence", r#"{"deviceNumber":["1001"]}"#),
    ("DELETE", "call/presence", r#"{"deviceNumber":["1001"]}"#),
    ("GET", "call/status", r#"{"deviceNumber":"1001"}"#),
    ("GET", "call/terminals", r#"{"startIndex":1,"count":1}"#),
];

/// While nobody calls.
const IDLE: &[Case] = &[
    ("IPX-AUTH-01", ("POST", "call/nothing", "{}"), (404, 102, "serviceNotSupported")),
    ("IPX-AUTH-01", ("PUT", "call/make", "{}"), (404, 102, "serviceNotSupported")),
    ("IPX-AUTH-01", ("GET", "nothing", ""), (404, 99, "Unknown")),
    ("IPX-AUTH-01", ("GET", "smdr/nothing", ""), (404, 99, "Unknown")),
    ("IPX-AUTH-07", ("GET", "checkconnection", ""), (404, 102, "serviceNotSupported")),
    ("IPX-AUTH-10", ("GET", "logout", ""), (404, 102, "serviceNotSupported")),
    ("IPX-SMDR-01", ("POST", "smdr", "{}"), (404, 102, "serviceNotSupported")),
    ("IPX-SMDR-01", ("GET", "smdr?q=%7B", ""), PARAMETER),
    ("IPX-SMDR-01", ("GET", "smdr?Colour=red", ""), PARAMETER),
    ("IPX-QRY-01", ("GET", "smdr?q=%7B%22%24xor%22%3A%5B%5D%7D", ""), PARAMETER),
    ("IPX-SMDR-03", ("GET", "smdr?maxCount=-1", ""), PARAMETER),
    ("IPX-SMDR-04", ("DELETE", "smdr", ""), PARAMETER),
    ("IPX-CMD-01", ("POST", "call/make", r#"{"startIndex":0,"count":1}"#), VALUE),
    ("IPX-CMD-01", ("POST", "call/make", r#"{"startIndex":1,"count":101}"#), VALUE),
    ("IPX-CMD-01", ("GET", "call/terminals?startIndex=1", ""), VALUE),
    ("IPX-CMD-02", ("POST", "call/make", r#"{"deviceNumber":"1001"}"#), VALUE),
    ("IPX-CMD-02", ("POST", "call/make", r#"{"deviceNumber":"10 01","calledDN":"1002"}"#), VALUE),
    ("IPX-CMD-02", ("POST", "call/make", r#"{"deviceNumber":"7777","calledDN":"1002"}"#), NO_DEVICE),
    ("IPX-CMD-02", ("POST", "call/make", r#"{"deviceNumber":"7777","calledDN":""}"#), NO_DEVICE),
    ("IPX-CMD-02", ("POST", "call/make", r#"{"deviceNumber":"1001","calledDN":"7777"}"#), NO_CALLED),
    ("IPX-CMD-02", ("POST", "call/make", r#"{"deviceNumber":"1001","calledDN":""}"#), NO_CALLED),
    ("IPX-CMD-02", ("POST", "call/make", r#"{"deviceNumber":"1101","calledDN":"1002"}"#), UNREGISTERED),
    ("IPX-CMD-03", ("POST", "call/answer", r#"{"deviceNumber":"1001","callRefID":0}"#), VALUE),
    ("IPX-CMD-03", ("POST", "call/answer", r#"{"deviceNumber":"1001","callRefID":"x"}"#), VALUE),
    ("IPX-CMD-03", ("POST", "call/answer", r#"{"deviceNumber":"7777","callRefID":1}"#), NO_DEVICE),
    ("IPX-CMD-03", ("POST", "call/answer", r#"{"deviceNumber":"1101","callRefID":1}"#), UNREGISTERED),
    ("IPX-CMD-03", ("POST", "call/answer", r#"{"deviceNumber":"1001","callRefID":4711}"#), NO_CONNECTION),
    ("IPX-CMD-04", ("POST", "call/clear_connection", r#"{"deviceNumber":"1001","callRefID":-1}"#), VALUE),
    ("IPX-CMD-04", ("POST", "call/clear_connection", r#"{"deviceNumber":"7777","callRefID":1}"#), NO_DEVICE),
    ("IPX-CMD-04", ("POST", "call/clear_connection", r#"{"deviceNumber":"1101","callRefID":1}"#), UNREGISTERED),
    ("IPX-CMD-04", ("POST", "call/clear_connection", r#"{"deviceNumber":"1001","callRefID":4711}"#), NO_CONNECTION),
    ("IPX-CMD-22", ("GET", "call/status?deviceNumber=7777", ""), NO_DEVICE),
    ("IPX-CMD-22", ("GET", "call/status?deviceNumber=x", ""), VALUE),
    ("IPX-CMD-37", ("POST", "call/monitor", r#"{"deviceNumber":[]}"#), VALUE),
    ("IPX-CMD-37", ("POST", "call/monitor", r#"{"deviceNumber":{"1001":1}}"#), VALUE),
    ("IPX-CMD-38", ("DELETE", "call/monitor", r#"{"deviceNumber":true}"#), VALUE),
];

fn expect(login: &Login<'_>, (row, (method, path, body), expected): &Case) {
    let (status, code, message) = *expected;
    assert_eq!(error(&login.ask(method, path, body)), is(status, code, message), "{row}: {method} {path} {body}");
}

#[test]
fn wire_every_error_of_the_commands_by_table() {
    let office = house();
    let (login, station) = (Login::server(&office, "one"), Login::station(&office, "1001"));
    let stranger = Login::with_token(&office, "server", "one", "a.b.c".to_owned());
    let other = Login {
        base: login.base.replace("/one", "/two"),
        ..Login::with_token(&office, "server", "one", login.token.clone())
    };
    let later = Login {
        base: login.base.replace("/v1/", "/v2/"),
        ..Login::with_token(&office, "server", "one", login.token.clone())
    };
    // The set that all call commands have in common.
    for command @ (method, path, body) in COMMANDS {
        expect(&stranger, &("the token", *command, MISMATCH));
        expect(&other, &("the token of another", *command, (403, 4, MISMATCH.2)));
        expect(&later, &("the version", *command, (404, 2, "Version error")));
        expect(&station, &("the right", *command, (403, 143, "AccessDenied")));
        let broken = if *method == "GET" { (*method, "call/status?q=%7B", *body) } else { (*method, *path, "{") };
        expect(&login, &("what cannot be read", broken, PARAMETER));
        expect(&login, &("nothing said", (method, path, "{}"), VALUE));
    }
    IDLE.iter().for_each(|case| expect(&login, case));
    // While 1001 calls 1004, which has no means to answer by itself.
    let call = login.make("1001", "1004");
    let leg = |path: &str, device: &str| login.refused(path, json!({ "deviceNumber": device, "callRefID": call }));
    let busy = login.refused("call/make", json!({ "deviceNumber": "1001", "calledDN": "1002" }));
    assert_eq!(busy, is(403, 147, "InvalidState"));
    assert_eq!(leg("call/answer", "1001"), is(403, 204, "noCallToAnswer"));
    assert_eq!(leg("call/answer", "1004"), is(403, 148, "InvalidOperation"));
    assert_eq!(leg("call/answer", "1002"), is(404, 106, "invalidConnectionIdentifier"));
    assert_eq!(leg("call/clear_connection", "1002"), is(404, 106, "invalidConnectionIdentifier"));
    login.leg("call/clear_connection", "1001", call);
    office.wait_idle();
    assert_eq!(leg("call/clear_connection", "1001"), is(403, 205, "noConnectionToClear"));
    // The number of the transaction comes back with errors too.
    let told =
        login.post("call/make", json!({ "transactionID": 7, "data": { "deviceNumber": "7777", "calledDN": "1" } }));
    let body = json!({ "transactionID": 7, "error": { "code": 104, "message": "invalidCallingDeviceIdentifier" } });
    assert_eq!((told.status, told.json()), (404, body));
    proves_partly("IPX-CMD-03", "a waiting call beside an active one, personal groups");
    proves_partly(
        "IPX-ERR-05",
        "107 to 110, 112, 140 to 142, 145, 146, 149, 201 and 202 belong to hold, diversion, conference and agents, which are not there",
    );
    proves("IPX-ERR-01");
}

#[test]
fn wire_when_no_line_is_free_the_resource_is_busy() {
    let office = house_with("\n[limits]\ncalls = 1\n");
    let login = Login::server(&office, "one");
    let call = login.make("1001", "1002");
    let refused = login.refused("call/make", json!({ "deviceNumber": "1003", "calledDN": "1002" }));
    assert_eq!(refused, is(403, 301, "resourceBusy"));
    login.leg("call/clear_connection", "1001", call);
    office.wait_idle();
    login.make("1003", "1002");
    proves_partly(
        "IPX-CMD-02",
        "feature codes (108), group pickup, paging, groups and rooms as targets: there are none",
    );
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
    proves_partly("IPX-CMD-37", "groups and conference rooms");

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

    let status = |query: &str| login.ask("GET", &format!("call/status{query}"), "");
    assert_eq!(status("?deviceNumber=1001").json(), json!({ "data": { "state": "idle" } }));
    assert_eq!(status("?q=%7B%22deviceNumber%22%3A1101%7D").json(), json!({ "data": { "state": "block" } }));
    assert_eq!(error(&status("?deviceNumber=7777")), is(404, 104, "invalidCallingDeviceIdentifier"));
    assert_eq!(error(&status("")), is(403, 111, "invalidParameterValue"));
    proves_partly("IPX-CMD-22", "held, diverted and conference calls");
    proves("IPX-CMD-41");
}

#[test]
fn wire_every_error_of_click_to_call_by_table() {
    let off =
        "\n[[station]]\nnumber = \"1201\"\nkind = \"simulated\"\nno_click_to_call = true\nsuffix_code = \"Secr12$\"\n";
    let office = house_with(off);
    let (station, barred) = (Login::station(&office, "1001"), Login::station(&office, "1004"));
    let away = Login::station(&office, "1101");
    let switched_off = Login::of(&office, "client", "1201", "Secr12$");
    let server = Login::server(&office, "one");
    let stranger = Login::with_token(&office, "client", "1001", "nonsense".to_owned());
    let denied = is(403, 102, "Access denied");
    let wrong = is(403, 105, "Parameter error");
    for (what, login, body, expected) in [
        ("no token", &stranger, json!({ "From": "1001", "To": "1002" }), is(401, 101, "Authentication failure")),
        ("a server's account", &server, json!({ "From": "1001", "To": "1002" }), denied.clone()),
        ("another's phone", &station, json!({ "From": "1002", "To": "1003" }), denied),
        ("a forbidden number", &barred, json!({ "From": "1004", "To": "1003" }), is(403, 103, "Call restricted")),
        ("a phone that is away", &away, json!({ "From": "1101", "To": "1002" }), is(403, 104, "Not OK")),
        ("nothing", &station, json!({}), wrong.clone()),
        ("nobody", &station, json!({ "from": "1001" }), wrong.clone()),
        ("no number", &station, json!({ "From": "1001", "To": "abc" }), wrong.clone()),
        ("no body", &station, Value::Null, wrong.clone()),
        ("a list", &station, json!([]), wrong),
        ("switched off", &switched_off, json!({ "From": "1201", "To": "1002" }), is(403, 121, "Feature not set")),
    ] {
        assert_eq!(error(&login.post("clickcall", body)), expected, "{what}");
    }
    let get = error(&station.ask("GET", "clickcall", ""));
    assert_eq!(get, is(404, 102, "serviceNotSupported"), "there is only one method");
    // Separators of people, names in any case; then the phone is not idle.
    assert_eq!(station.post("clickcall", json!({ "FROM": "1001", "to": "(10) 02" })).status, 200);
    let again = error(&station.post("clickcall", json!({ "From": "1001", "To": "1003" })));
    assert_eq!(again, is(403, 110, "Caller busy"));
    let path = "/ipxapi/server/v1/users/one/clickcall";
    assert_eq!(
        error(&ask(&office, "POST", path, &station.bearer, "{}")),
        is(403, 102, "Access denied"),
        "not its place"
    );
    assert_eq!(error(&ask(&office, "POST", path, "bearer none", "{}")), is(401, 101, "Authentication failure"));
    proves_partly("IPX-C2C-01", "106 to 108: there is no voice store");
    proves_partly("IPX-ERR-03", "106 to 108: there is no voice store");
}
