//! Who is let in, how long, and what he sees.

use crate::channel::{CODE, Channel, called};
use crate::common::Office;
use serde_json::{Value, json};
use tungstenite::Message;

#[test]
fn wire_logins_filters_and_keep_alive() {
    let office = Office::start();
    let mut channel = Channel::connect(&office, "voicenter");
    // Nothing is told before a login.
    channel.emit("resync", json!({"cache": false}));
    channel.emit("keepalive", json!(null));
    channel.nothing();
    let refused = json!({"ErrorCode": 1, "ErrorDesc": "Authorization failed.", "Token": ""});
    for (name, payload) in [
        ("loginUserCode", json!({"code": "wrong"})),
        ("loginUserCode", json!(null)),
        ("loginUserCode", json!("x".repeat(1_000))),
        ("login", json!({"token": CODE})),
        ("loginUser", json!({"user": "a", "password": "b"})),
    ] {
        channel.emit(name, payload);
        assert_eq!(channel.event("loginResponse"), refused, "{name}");
    }
    office.post("/calls/make_call", json!({"from": "1005", "to": "1006", "prompt": "ring"}));
    channel.nothing();
    // A plain code will do too; what is already there is in the snapshot.
    channel.emit("loginUserCode", json!(CODE));
    assert_eq!(channel.event("loginResponse")["ErrorCode"], 0);
    channel.event("loginSuccess");
    let all = channel.state();
    channel.event("AllUsersStatus");
    let busy: Vec<&str> = all["extensions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|it| it["calls"] != json!([]))
        .filter_map(|it| it["extenUser"].as_str())
        .collect();
    assert_eq!(busy, ["1005"]);
    channel.emit("keepAlive", json!({"token": "x"}));
    let alive = channel.event("keepaliveResponse");
    assert_eq!((&alive["errorCode"], &alive["errorDesc"], &alive["isOk"]), (&json!(0), &json!("OK"), &json!(true)));
    // An acknowledgement follows what the event brought.
    channel.say("427[\"keepalive\",null]");
    assert_eq!(channel.event("keepaliveResponse")["isOk"], true);
    assert_eq!(channel.text(), "437[]");
    channel.say("2probe");
    assert_eq!(channel.text(), "3probe");
    // Only the extensions that are picked, from then on.
    channel.emit("updateMonitoredExtensions", json!({"extensionsString": "1007, 1008"}));
    channel.emit("resync", json!({"cache": true}));
    let codes: Vec<Value> =
        channel.state()["extensions"].as_array().expect("a list").iter().map(|it| it["extenUser"].clone()).collect();
    assert_eq!(codes, ["1007", "1008"]);
    called(&office, "phone=1009&target=1010");
    called(&office, "phone=1007&target=1010");
    assert_eq!(channel.next(), json!(["NEWCALL", "1007", "Dialing", 0, 1, null]));
    // What means nothing is passed over.
    for text in ["", "40", "42", "42{", "42[]", "42[1]", "43", "5", "é", "42[\"nothing\",1]"] {
        channel.say(text);
    }
    channel.nothing();
    channel.emit("closeme", json!(null));
    assert!(matches!(channel.0.read(), Ok(Message::Close(_)) | Err(_)));
    // The listener that all doors share has the channel too; polling is nowhere.
    let mut shared = Channel::connect(&office, "shared_http");
    shared.nothing();
    let polled = office.http(
        "GET",
        &format!("http://{}/socket.io/?EIO=3&transport=polling", office.address("voicenter")),
        None,
        &[],
    );
    assert_eq!(polled.status, 400);
    // Nor are other versions, and polling not over a WebSocket either.
    for (query, said) in [
        ("EIO=4&transport=websocket", "Unsupported protocol version"),
        ("EIO=&transport=websocket", "Unsupported protocol version"),
        ("EIO=3&transport=polling", "Transport unknown"),
    ] {
        let url = format!("ws://{}/socket.io/?{query}", office.address("voicenter"));
        match tungstenite::connect(url) {
            Err(tungstenite::Error::Http(refused)) => {
                let body = String::from_utf8(refused.body().clone().unwrap_or_default()).expect("text");
                assert!(refused.status() == 400 && body.contains(said), "{query}: {body}");
            }
            other => panic!("{query}: {other:?}"),
        }
    }
    conformance::proves("VOI-RT-04");
    conformance::proves("VOI-RT-05");
    conformance::proves("VOI-RT-16");
}

/// A house with two departments: 201 and 202 sell, 203 does so in the north, 204 helps, 205 is of none.
const DEPARTMENTS: &str = "[voicenter]\ntoken_min = 10\ndepartments = { Sales = \"2\", \"Sales/North\" = \"3\", Support = \"4\" }\n\
     [console]\ntest_control = true\n\
     [[station]]\nnumber = \"201\"\nkind = \"simulated\"\nfirst_name = \"Ann\"\ndirectory = { dep = \"Sales\" }\n\
     [[station]]\nnumber = \"202\"\nkind = \"simulated\"\nfirst_name = \"Bob\"\ndirectory = { dep = \"Sales\" }\n\
     [[station]]\nnumber = \"203\"\nkind = \"simulated\"\nfirst_name = \"Cid\"\ndirectory = { dep = \"Sales/North\" }\n\
     [[station]]\nnumber = \"204\"\nkind = \"simulated\"\nfirst_name = \"Dan\"\ndirectory = { dep = \"Support\" }\n\
     [[station]]\nnumber = \"205\"\nkind = \"simulated\"\nfirst_name = \"Eve\"\n\
     [[account]]\ndoor = \"voicenter\"\npassword = \"demo-voicenter\"\n\
     [[account]]\ndoor = \"voicenter\"\npassword = \"code-of-201\"\nstation = \"201\"\n\
     [[account]]\ndoor = \"voicenter\"\npassword = \"code-of-204\"\nstation = \"204\"\nsees_all = true\n\
     [[account]]\ndoor = \"voicenter\"\nuser = \"ann@example.net\"\npassword = \"anns own\"\nstation = \"201\"\n\
     [[account]]\ndoor = \"voicenter\"\nuser = \"house\"\npassword = \"the house\"\n";

/// The codes of a snapshot.
fn codes(all: &Value) -> Vec<String> {
    let extensions = all["extensions"].as_array().expect("a list");
    extensions.iter().map(|it| it["extenUser"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn wire_tokens_and_passwords_log_in_and_tokens_expire() {
    let file = tempfile::tempdir().expect("a directory");
    let path = file.path().join("office.toml");
    std::fs::write(&path, DEPARTMENTS).expect("written");
    let office =
        Office::start_with(&["--config", path.to_str().expect("utf-8"), "--ephemeral-ports", "--virtual-clock"]);
    let mut channel = Channel::connect(&office, "voicenter");
    let refused = json!({"ErrorCode": 1, "ErrorDesc": "Authorization failed.", "Token": ""});
    let login = |user: &str, password: &str| json!({"user": user, "password": password});
    for (name, payload) in [
        ("loginUser", login("ann@example.net", "wrong")),
        ("loginUser", login("house", "the house")),
        ("loginAccount", login("ann@example.net", "anns own")),
        ("loginUser", json!({"user": "ann@example.net"})),
        ("loginUserCode", json!({"code": "anns own"})),
        ("login", json!({"token": "0".repeat(48)})),
        ("login", json!({})),
    ] {
        channel.emit(name, payload.clone());
        assert_eq!(channel.event("loginResponse"), refused, "{name} {payload}");
    }
    channel.emit("resync", json!({"cache": false}));
    channel.nothing();
    channel.emit("loginUser", login("ann@example.net", "anns own"));
    let token = channel.logged_in();
    let own = codes(&channel.state());
    let users = channel.event("AllUsersStatus");
    let listed: Vec<(&str, u64)> = users["users"]
        .as_array()
        .expect("a list")
        .iter()
        .inspect(|user| assert!(user["userID"].is_u64(), "{user}"))
        .map(|user| (user["userName"].as_str().expect("text"), user["accountID"].as_u64().expect("a number")))
        .collect();
    assert_eq!(listed, [("Ann", 2), ("Bob", 2), ("Cid", 3), ("Dan", 4), ("Eve", 1)]);
    assert!(users["servertime"].is_i64() || users["servertime"].is_u64(), "{users}");
    // The token is hers: over another socket by the event, and in the address without any.
    let mut second = Channel::connect(&office, "voicenter");
    second.emit("LOGIN", json!({"token": token}));
    assert_eq!(second.logged_in(), token);
    assert_eq!(codes(&second.state()), own);
    second.event("AllUsersStatus");
    let mut third = Channel::connect_with(&office, "voicenter", &format!("&token={token}"));
    assert_eq!(third.event("loginSuccess")["errorDesc"], "OK");
    assert_eq!(codes(&third.state()), own);
    third.event("AllUsersStatus");
    let mut account = Channel::connect(&office, "voicenter");
    account.emit("loginAccount", login("house", "the house"));
    account.logged_in();
    assert_eq!(codes(&account.state()).len(), 5);
    account.event("AllUsersStatus");
    // An address with a token that is none waits for a login.
    let mut fourth = Channel::connect_with(&office, "voicenter", "&token=nonsense");
    fourth.nothing();
    // A keep-alive is answered in good time, until the token is over; then the client comes in anew and gets the whole state, not
    // what it missed.
    for payload in [json!(token), json!({"token": token}), json!(null)] {
        channel.emit("keepAlive", payload);
        let alive = channel.event("keepaliveResponse");
        assert_eq!((&alive["errorCode"], &alive["errorDesc"], &alive["isOk"]), (&json!(0), &json!("OK"), &json!(true)));
        assert!(alive["servertime"].is_number() && alive["servertimeoffset"] == 0, "{alive}");
    }
    office.advance(9 * 60_000);
    channel.emit("keepalive", json!(null));
    assert_eq!(channel.event("keepaliveResponse")["isOk"], true);
    office.advance(60_000);
    channel.emit("keepalive", json!(null));
    let over = channel.event("keepaliveResponse");
    assert_eq!((&over["errorCode"], &over["isOk"]), (&json!(1), &json!(false)), "{over}");
    let mut late = Channel::connect_with(&office, "voicenter", &format!("&token={token}"));
    late.nothing();
    late.emit("login", json!({"token": token}));
    assert_eq!(late.event("loginResponse"), refused);
    drop(channel);
    called(&office, "phone=201&target=202");
    late.emit("loginUserCode", json!("code-of-201"));
    assert_ne!(late.logged_in(), token);
    let all = late.state();
    assert_eq!(all["extensions"][0]["calls"].as_array().map(Vec::len), Some(1), "the call that began meanwhile");
    late.event("AllUsersStatus");
    late.nothing();
    late.emit("resync", json!({"cache": false}));
    assert_eq!(codes(&late.state()), own);
    late.nothing();
    conformance::proves("VOI-RT-07");
    conformance::proves("VOI-RT-12");
}

#[test]
fn wire_a_login_sees_its_department_or_all() {
    let office = Office::configured(DEPARTMENTS);
    let login = |name: &str, payload: Value| {
        let mut channel = Channel::connect(&office, "voicenter");
        channel.emit(name, payload);
        channel.logged_in();
        let all = channel.state();
        channel.event("AllUsersStatus");
        (channel, codes(&all))
    };
    let by_password = |user: &str, password: &str| json!({"user": user, "password": password});
    let (mut ann, seen) = login("loginUserCode", json!({"code": "code-of-201"}));
    assert_eq!(seen, ["201", "202"], "her account, and not the one below it");
    let (_, seen) = login("loginUser", by_password("ann@example.net", "anns own"));
    assert_eq!(seen, ["201", "202"]);
    let (mut dan, seen) = login("loginUserCode", json!("code-of-204"));
    assert_eq!(seen, ["201", "202", "203", "204", "205"], "he has the right to see all");
    let (_, seen) = login("loginUserCode", json!(CODE));
    assert_eq!(seen.len(), 5, "a code of nobody's is the organisation's");
    let (mut house, seen) = login("loginAccount", by_password("house", "the house"));
    assert_eq!(seen.len(), 5);
    called(&office, "phone=203&target=204");
    called(&office, "phone=202&target=204");
    assert_eq!(ann.next(), json!(["NEWCALL", "202", "Dialing", 0, 1, null]), "what others do is not told");
    for channel in [&mut dan, &mut house] {
        assert_eq!(channel.next(), json!(["NEWCALL", "203", "Dialing", 0, 1, null]));
        assert_eq!(channel.next(), json!(["NEWCALL", "202", "Dialing", 0, 1, null]));
    }
    // Picking narrows, and does not widen.
    ann.emit("updateMonitoredExtensions", json!({"extensionsString": "202,203,204"}));
    ann.emit("resync", json!({"cache": false}));
    assert_eq!(codes(&ann.state()), ["202"]);
    conformance::proves_partly("VOI-RT-13", "queues of a user's extension: there are none");
}
