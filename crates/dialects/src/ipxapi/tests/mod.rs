//! Codes of refusals and failures that cannot be provoked from outside (IPX-ERR-03 to 06): each reason of the core's, at each command.

mod rig;

use super::IpxapiConfig;
use rig::{Rig, Says};
use serde_json::{Value, json};
use switching::model::ConnectionState;
use switching::refusal::{FirstLegFault, Refusal, Shortage};

/// A code, its text and its status.
type Told = (u16, u16, &'static str);

const GENERIC: Told = (403, 101, "generic");
const STATE: Told = (403, 147, "InvalidState");
const VALUE: Told = (403, 111, "invalidParameterValue");
const DENIED: Told = (403, 143, "AccessDenied");
const TIME_OUT: Told = (403, 144, "TimeOut");
const NO_CALL: Told = (403, 204, "noCallToAnswer");
const NOTHING: Told = (403, 205, "noConnectionToClear");
const WRONG_CALL: Told = (403, 203, "invalidConnectionState");
const BUSY: Told = (403, 301, "resourceBusy");
const NOT_OK: Told = (403, 104, "Not OK");

/// A reason, and what Make Call, Answer Call, Clear Connection and click to call say to it.
fn reasons() -> Vec<(Refusal, [Told; 4])> {
    let same = |told: Told, click: Told| [told, told, told, click];
    let over = [WRONG_CALL, NO_CALL, NOTHING, NOT_OK];
    vec![
        (Refusal::UnknownDevice, same((404, 104, "invalidCallingDeviceIdentifier"), NOT_OK)),
        (Refusal::UnknownNumber, same((404, 105, "invalidCalledDeviceIdentifier"), NOT_OK)),
        (Refusal::DestinationKind, same((403, 108, "invalidDestinationDeviceObject"), NOT_OK)),
        (Refusal::UnknownConnection, same((404, 106, "invalidConnectionIdentifier"), NOT_OK)),
        (Refusal::AlreadyOver, over),
        (Refusal::NoSuchCall { wanted: vec![ConnectionState::Alerting] }, over),
        (Refusal::ConnectionState { found: ConnectionState::Connected }, over),
        (Refusal::DeviceState { connections: 1 }, same(STATE, (403, 110, "Caller busy"))),
        (Refusal::SessionState, same(STATE, NOT_OK)),
        (Refusal::Value { field: "to".to_owned() }, same(VALUE, (403, 105, "Parameter error"))),
        (Refusal::KeyReused, same(VALUE, NOT_OK)),
        (Refusal::NameTaken, same(VALUE, NOT_OK)),
        (Refusal::InUse, same(VALUE, NOT_OK)),
        (Refusal::NotYours, same(DENIED, (403, 102, "Access denied"))),
        (Refusal::Restricted, same(DENIED, (403, 103, "Call restricted"))),
        (Refusal::FeatureOff, same((403, 102, "serviceNotSupported"), (403, 121, "Feature not set"))),
        (Refusal::Unregistered, same((403, 150, "unregistered"), NOT_OK)),
        (Refusal::DeviceCannot, same((403, 148, "InvalidOperation"), NOT_OK)),
        (Refusal::FirstLeg(FirstLegFault::Busy), same(GENERIC, NOT_OK)),
        (Refusal::PeerRejected, same(GENERIC, NOT_OK)),
        (Refusal::PeerTimeout, same(TIME_OUT, NOT_OK)),
        (Refusal::OutOfService, same(TIME_OUT, NOT_OK)),
        (Refusal::Resource(Shortage::Calls), same(BUSY, NOT_OK)),
        (Refusal::Internal, same((500, 101, "generic"), (500, 199, "Unknown"))),
    ]
}

const COMMANDS: [(&str, &str); 4] = [
    ("call/make", r#"{"deviceNumber":"1001","calledDN":"1002"}"#),
    ("call/answer", r#"{"deviceNumber":"1001","callRefID":1}"#),
    ("call/clear_connection", r#"{"deviceNumber":"1001","callRefID":1}"#),
    ("clickcall", r#"{"From":"1001","To":"1002"}"#),
];

fn told(expected: Told) -> (u16, Value) {
    let (status, code, message) = expected;
    (status, json!({ "error": { "code": code, "message": message } }))
}

#[tokio::test]
async fn every_reason_of_the_core_has_its_code_at_every_command() {
    let rig = Rig::start().await;
    rig.says(Says::StoreFails);
    let (app, station) = (rig.log_in("server", "app").await, rig.log_in("client", "1001").await);
    for (refusal, codes) in reasons() {
        rig.says(Says::Refused(refusal.clone()));
        for ((path, body), expected) in COMMANDS.iter().zip(codes) {
            let (base, bearer) = if *path == "clickcall" { &station } else { &app };
            let answer = rig.ask("POST", &format!("{base}/{path}"), bearer, body).await;
            assert_eq!(answer, told(expected), "{path}: {refusal:?}");
        }
    }
}

#[tokio::test]
async fn what_fails_within_is_told_by_each_resource_in_its_own_words() {
    let rig = Rig::start().await;
    rig.says(Says::StoreFails);
    let (app, station) = (rig.log_in("server", "app").await, rig.log_in("client", "1001").await);
    let unknown = told((500, 299, "Unknown"));
    for says in [Says::StoreFails, Says::Nothing] {
        rig.says(says.clone());
        for (method, path) in [("GET", "smdr"), ("GET", "smdr?countOnly=true"), ("DELETE", "smdr?Index=1")] {
            assert_eq!(rig.ask(method, &format!("{}/{path}", app.0), &app.1, "").await, unknown, "{says:?}");
        }
        assert_eq!(rig.ask("GET", &format!("{}/smdr", station.0), &station.1, "").await, unknown, "{says:?}");
    }
    // Nobody answers: calls time out, click to call and login have no better word.
    for (path, body) in &COMMANDS[..3] {
        assert_eq!(rig.ask("POST", &format!("{}/{path}", app.0), &app.1, body).await, told(TIME_OUT), "{path}");
    }
    let (path, body) = COMMANDS[3];
    let clicked = rig.ask("POST", &format!("{}/{path}", station.0), &station.1, body).await;
    assert_eq!(clicked, told((500, 199, "Unknown")));
    let login = rig.ask("GET", "/ipxapi/server/v1/users/b/login", "Basic Yjpi", "").await;
    assert_eq!(login, told((500, 99, "Unknown")));
    // A store that answers again is read again.
    rig.says(Says::Refused(Refusal::Internal));
    let empty = (200, json!({ "count": 0, "items": [] }));
    assert_eq!(rig.ask("GET", &format!("{}/smdr", app.0), &app.1, "").await, empty);
}

#[tokio::test]
async fn each_resource_has_one_status_for_each_kind_of_error() {
    let rig = Rig::start().await;
    rig.says(Says::Refused(Refusal::Internal));
    let (app, station) = (rig.log_in("server", "app").await, rig.log_in("client", "1001").await);
    let (base, bearer) = (app.0.as_str(), app.1.as_str());
    for (method, path, body, expected) in [
        ("GET", "smdr?q=7", "", (400, 1, "Parameter error")),
        ("POST", "call/make", "no JSON", (400, 1, "Parameter error")),
        ("GET", "call/status", "", (403, 111, "invalidParameterValue")),
        ("GET", "call/status?deviceNumber=7", "", (404, 104, "invalidCallingDeviceIdentifier")),
        ("GET", "login", "", (401, 4, "Login information mismatch")),
        ("GET", "nothing", "", (404, 99, "Unknown")),
        ("POST", "call/make", COMMANDS[0].1, (500, 101, "generic")),
    ] {
        assert_eq!(rig.ask(method, &format!("{base}/{path}"), bearer, body).await, told(expected), "{path}");
    }
    // Several devices: all is well, with an error for each that is not.
    let list = (200, json!({ "result": [{ "1001": "OK" }, { "7": "invalidParameterValue" }] }));
    let watched = r#"{"deviceNumber":["1001","7"]}"#;
    assert_eq!(rig.ask("POST", &format!("{base}/call/monitor"), bearer, watched).await, list);
    // Records have one code and tell the reason by its text.
    let denied = rig.ask("DELETE", &format!("{}/smdr", station.0), &station.1, "{}").await;
    assert_eq!(denied, told((403, 299, "Access denied")));
    rig.says(Says::StoreFails);
    assert_eq!(rig.ask("GET", &format!("{base}/smdr"), bearer, "").await, told((500, 299, "Unknown")));
    conformance::proves("IPX-ERR-06");
    let mut config = IpxapiConfig::default();
    config.smdr.service = false;
    let rig = Rig::with(config).await;
    rig.says(Says::StoreFails);
    let (base, bearer) = rig.log_in("server", "app").await;
    let off = told((403, 299, "SMDR Web API Service off"));
    assert_eq!(rig.ask("GET", &format!("{base}/smdr"), &bearer, "").await, off);
    conformance::proves("IPX-ERR-04");
}
