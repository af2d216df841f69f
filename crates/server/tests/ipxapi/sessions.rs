//! Login, tokens, check connection, logout, sockets (IPX-AUTH).

use crate::client::{Login, ask, basic, error, house};
use crate::common::Office;
use conformance::proves;
use serde_json::json;
use tungstenite::client::IntoClientRequest;

const MISMATCH: &str = "Login information mismatch";

fn is(status: u16, code: u64, message: &str) -> (u16, u64, String) {
    (status, code, message.to_owned())
}

#[test]
fn wire_login_gives_a_token_and_every_wrong_login_its_code() {
    let office = house();
    let base = "/ipxapi/server/v1/users/one";
    let wrong = |path: &str, authorization: &str| error(&ask(&office, "GET", path, authorization, ""));
    let login = format!("{base}/login");
    for authorization in [basic("one", "wrong"), basic("two", "house:two"), "Basic !!".to_owned(), String::new()] {
        assert_eq!(wrong(&login, &authorization), is(401, 4, MISMATCH), "{authorization}");
    }
    let refused = ask(&office, "GET", &login, "", "");
    assert_eq!(refused.header("www-authenticate"), Some("Basic realm=\"ipxapi\""));
    let right = basic("one", "house:one");
    assert_eq!(wrong("/ipxapi/server/v2/users/one/login", &right), is(404, 2, "Version error"));
    assert_eq!(wrong("/ipxapi/other/v1/users/one/login", &right), is(404, 99, "Unknown"));
    assert_eq!(wrong("/ipxapi/server/v1/users/one/nothing", &right), is(404, 99, "Unknown"));
    assert_eq!(error(&ask(&office, "POST", &login, &right, "")), is(404, 102, "serviceNotSupported"), "another method");
    // The account of a station is none of the server's.
    let station = basic("1001", "*1234Secr01$");
    assert_eq!(wrong("/ipxapi/server/v1/users/1001/login", &station), is(401, 4, MISMATCH));

    let one = Login::server(&office, "one");
    assert_eq!(one.token.split('.').count(), 3, "a JSON Web Token");
    assert_eq!(one.answer["checkConnectionTimer"], 120);
    assert_eq!(one.answer["apiVersion"], "1.0.0");
    assert_eq!(one.answer["terminalCount"], 5);
    assert!(one.answer["systemType"].is_string() && one.answer["systemVersion"].is_string());
    assert_eq!(wrong(&login, &right), is(401, 99, "Already Login"));
    proves("IPX-LIM-02");
    proves("IPX-AUTH-04");
    // Names of the path in any case, with a slash at the end.
    let checked = ask(&office, "POST", "/ipxapi/SERVER/V1/uSers/one/CheckConnection/", &one.bearer, "");
    assert_eq!((checked.status, checked.text.as_str()), (200, "{}"));
    assert_eq!(error(&ask(&office, "GET", &format!("{base}/call/nothing"), &one.bearer, "")).1, 102);
    proves("IPX-AUTH-01");
}

#[test]
fn wire_three_server_accounts_and_no_more_and_a_logout_frees_the_place() {
    let office = house();
    let logins: Vec<Login> = ["one", "two", "three"].into_iter().map(|user| Login::server(&office, user)).collect();
    let fourth = || ask(&office, "GET", "/ipxapi/server/v1/users/four/login", &basic("four", "house:four"), "");
    assert_eq!(error(&fourth()), is(403, 99, "Login limit exceeded"));
    let station = Login::of(&office, "client", "1001", "*1234Secr01$");
    assert!(station.answer.get("terminalCount").is_none(), "a station's account does not count, and has no terminals");
    let mut socket = logins[2].socket(&["1001"]);
    let out = logins[2].ask("POST", "logout", "");
    assert_eq!((out.status, out.text.as_str(), out.header("content-length")), (200, "", Some("0")));
    assert_eq!(socket.closed(), 1_000, "its socket is closed");
    assert_eq!(error(&logins[2].ask("POST", "checkconnection", "")), is(401, 4, MISMATCH));
    assert_eq!(fourth().status, 200, "the place is free at once");
    proves("IPX-AUTH-10");
    proves("IPX-AUTH-11");
    proves("IPX-LIM-01");
}

#[test]
fn wire_tokens_are_checked_on_every_request() {
    let office = house();
    let (one, two) = (Login::server(&office, "one"), Login::server(&office, "two"));
    let path = "/ipxapi/users/one/checkconnection";
    assert_eq!(ask(&office, "POST", path, &format!("Bearer {}", one.token), "{}").text, "{}");
    assert_eq!(ask(&office, "POST", path, &format!("BEARER {}", one.token), "").status, 200);
    let forged = format!("{}x", one.token);
    for token in ["", "nonsense", "a.b.c", forged.as_str()] {
        assert_eq!(error(&ask(&office, "POST", path, &format!("bearer {token}"), "")), is(401, 4, MISMATCH), "{token}");
    }
    assert_eq!(error(&ask(&office, "POST", path, &two.bearer, "")), is(403, 4, MISMATCH), "another user's");
    proves("IPX-AUTH-05");
    proves("IPX-AUTH-07");
}

#[test]
fn wire_a_session_has_one_socket_and_the_newer_one_wins() {
    let office = house();
    let one = Login::server(&office, "one");
    let refused = |path: &str, bearer: Option<&str>| {
        let mut request = format!("wss://localhost{path}").into_client_request().expect("a request");
        if let Some(bearer) = bearer {
            request.headers_mut().insert("Authorization", bearer.parse().expect("a header"));
        }
        match tungstenite::client(request, office.tls("ipxapi")) {
            Ok(_) => None,
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                let body = answer.body().as_deref().unwrap_or_default();
                let body: serde_json::Value = serde_json::from_slice(body).expect("JSON");
                Some((answer.status().as_u16(), body["error"]["code"].clone()))
            }
            Err(error) => panic!("{error}"),
        }
    };
    let mismatch = |status| Some((status, json!(4)));
    assert_eq!(refused("/ipxapi", None), mismatch(401));
    assert_eq!(refused("/ipxapi?token=nonsense", None), mismatch(401));
    let with = Some(one.bearer.as_str());
    assert_eq!(refused("/ipxapi/server/v1/users/two/acd", with), mismatch(403));
    for version in ["acd", "", "other/more"] {
        assert_eq!(
            refused(&format!("/ipxapi/server/v2/users/one/{version}"), with),
            Some((404, json!(2))),
            "{version}"
        );
    }
    for path in
        ["server/v1/users/one/other", "other/v1/users/one/acd", "server/v1/people/one", "server/v1/users/one/acd/x"]
    {
        assert_eq!(refused(&format!("/ipxapi/{path}"), with), Some((404, json!(99))), "{path}");
    }
    for path in ["", "/", "/server/v1/users/one", "/Server/V1/USERS/one/ACD/", "/server/v1/users/one/smdr"] {
        assert_eq!(refused(&format!("/ipxapi{path}"), with), None, "{path}");
    }
    for resource in ["call", "login?token="] {
        let path = format!("/ipxapi/server/v1/users/one/{resource}");
        let (path, with) = if resource == "call" { (path, with) } else { (format!("{path}{}", one.token), None) };
        assert_eq!(refused(&path, with), None, "{path}");
    }
    let mut older = one.socket(&["1001"]);
    let mut newer = one.socket(&[]);
    assert_eq!(older.closed(), 1_000);
    newer.socket.send(tungstenite::Message::text("nobody reads this")).expect("taken");
    let call = one.make("1001", "1002");
    assert_eq!(newer.frame().map(|frame| frame["callRefID"].clone()), Some(json!(call)), "the monitors stay");
    proves("IPX-AUTH-08");
    proves("IPX-LIM-03");
}

#[test]
fn wire_a_session_slides_and_a_socket_keeps_it() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let advance = |seconds: u64| drop(office.post("/test/clock/advance", json!({ "by_ms": seconds * 1_000 })));
    let login = Login::of(&office, "server", "demo", "demo-ipxapi");
    let check = || login.ask("POST", "checkconnection", "");
    for _ in 0..3 {
        advance(119);
        assert_eq!(check().status, 200, "each request begins the time anew");
    }
    let socket = login.socket(&["1001"]);
    for _ in 0..3 {
        advance(59);
    }
    assert_eq!(check().status, 200, "a socket is open");
    drop(socket);
    advance(119);
    assert_eq!(check().status, 200);
    advance(121);
    assert_eq!(error(&check()), is(401, 4, MISMATCH));
    let again = Login::of(&office, "server", "demo", "demo-ipxapi");
    assert_eq!(again.ask("POST", "checkconnection", "").status, 200, "a new login is let in");
}

#[test]
fn wire_frames_missed_without_a_socket_show_as_a_gap() {
    let office = house();
    let one = Login::server(&office, "one");
    let socket = one.socket(&["1001", "1002"]);
    drop(socket);
    let call = one.make("1001", "1002");
    one.leg("call/clear_connection", "1001", call);
    office.wait_idle();
    let mut socket = one.socket(&[]);
    let request = json!({ "deviceNumber": "1001", "calledDN": "1002", "transactionID": 1_699_999_999_999_u64 });
    let made = one.done("call/make", request);
    assert_eq!(made["transactionID"], 1_699_999_999_999_u64);
    let text = loop {
        if let Ok(tungstenite::Message::Text(text)) = socket.socket.read() {
            break text;
        }
    };
    let frame: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert!(frame["data"]["evtSerialNum"].as_u64().is_some_and(|serial| serial > 3), "{frame}");
    assert_eq!(frame["data"]["type"], "proceeding");
    proves("IPX-AUTH-15");
}
