//! Who may: without a credential nothing but health and descriptions; every operation asks for what the table says.

use crate::common::{Office, wait_for};
use crate::watcher::{Came, Events, Socket};
use serde_json::{Value, json};

#[test]
fn wire_every_operation_asks_for_a_credential() {
    let office = Office::start();
    let root = format!("http://{}", office.address("console"));
    let described = office.http("GET", &format!("{root}/api/v1/openapi.json"), None, &[]).json();
    let (mut open, mut closed) = (Vec::new(), 0);
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            let url = format!("{root}{}", path.replace(['{', '}'], ""));
            let id = operation["operationId"].as_str().expect("a name").to_owned();
            let body = operation.get("requestBody").map(|_| "{}");
            for headers in [&[][..], &[("Authorization", "Bearer hsk_operator_wrong")][..]] {
                let answer = office.http(&method.to_uppercase(), &url, body, headers);
                if operation["security"] == json!([]) {
                    assert_ne!(answer.status, 401, "{id}");
                    open.push(id.clone());
                } else {
                    assert_eq!(
                        (answer.status, answer.json()["refusal"].clone()),
                        (401, json!("unauthenticated")),
                        "{id}"
                    );
                    closed += 1;
                }
            }
        }
    }
    open.dedup();
    assert_eq!(open, ["get_asyncapi", "get_openapi", "open_session", "get_health", "get_readiness"]);
    assert!(closed > 80, "{closed}");
    let page = office.http("GET", &format!("{root}/"), None, &[]);
    assert!(page.text.contains("<form") && !page.text.contains("1001"), "the page shows nothing to nobody");
    let bearer = format!("Bearer {}", office.token());
    let page = office.http("GET", &format!("{root}/"), None, &[("Authorization", &bearer)]);
    assert!(page.text.contains("1001") && !page.text.contains("<script"));
}

#[test]
fn wire_an_account_without_scopes_may_nothing_more() {
    let dir = tempfile::tempdir().expect("a directory");
    let config = dir.path().join("office.toml");
    let text = "[listen]\nsip_udp = []\nsip_tcp = []\nconsole = \"127.0.0.1:0\"\nfusion = \"none\"\nfusion_events = \"none\"\n\
        [[account]]\ndoor = \"console\"\nuser = \"app\"\npassword = \"app-password\"\nrole = \"application\"\n\
        [console]\ncommands_per_min = 5\nreads_per_min = 50\n";
    std::fs::write(&config, text).expect("written");
    let office = Office::start_with(&["--config", config.to_str().expect("utf-8"), "--ephemeral-ports"]);
    let root = format!("http://{}", office.address("console"));
    let opened = office.http(
        "POST",
        &format!("{root}/api/v1/sessions"),
        Some(r#"{"user":"app","password":"app-password"}"#),
        &[],
    );
    assert_eq!(opened.status, 201, "{}", opened.text);
    let cookie = opened.header("set-cookie").and_then(|it| it.split(';').next()).expect("a cookie").to_owned();
    let refused = office.http(
        "POST",
        &format!("{root}/api/v1/devices"),
        Some(r#"{"kind":"sip"}"#),
        &[("Cookie", &cookie), ("Origin", &root)],
    );
    assert_eq!((refused.status, refused.json()["refusal"].clone()), (403, json!("scope")), "{}", refused.text);
    assert_eq!(refused.json()["scope"], "config:write");
    // Test control is off here, and what is off does not exist.
    assert_eq!(office.console("POST", "/test/phones/1001/answer", Some(json!({}))).status, 404);

    let limited =
        (0..20).map(|_| office.console("POST", "/backups", Some(json!({ "name": "/" })))).find(|it| it.status == 429);
    let limited = limited.expect("six commands are too many");
    assert_eq!(limited.json()["refusal"], "rate_limited");
    assert!(limited.header("retry-after").is_some());
    assert_eq!(limited.header("ratelimit-policy"), Some("\"commands\";q=5;w=60"));

    // Each subscription is a read, so one socket cannot ask for snapshots without end.
    let mut socket = Socket::open(&office);
    let limited = (0..60).find_map(|_| {
        socket.say(&json!({ "op": "subscribe", "id": "s1", "collections": ["calls"], "snapshot": true }));
        let first = socket.frame();
        if first["op"] == "error" {
            return Some(first);
        }
        assert_eq!(socket.frame()["op"], "heartbeat");
        socket.say(&json!({ "op": "unsubscribe", "id": "s1" }));
        None
    });
    let limited = limited.expect("fifty reads are allowed");
    assert_eq!((&limited["id"], &limited["problem"]["refusal"]), (&json!("s1"), &json!("rate_limited")));

    let wrong = |password: &str| {
        let body = json!({ "user": "app", "password": password }).to_string();
        office.http("POST", &format!("{root}/api/v1/sessions"), Some(&body), &[]).status
    };
    assert!((0..10).all(|_| wrong("guess") == 401));
    assert_eq!(wrong("app-password"), 429, "locked, also for the right one");
}

/// A request with a token of its own.
fn with(office: &Office, token: &str, method: &str, path: &str, body: Option<Value>) -> crate::common::Answer {
    let url = format!("http://{}/api/v1{path}", office.address("console"));
    let body = body.map(|body| body.to_string());
    office.http(method, &url, body.as_deref(), &[("Authorization", &format!("Bearer {token}"))])
}

#[test]
fn wire_tokens_are_shown_once_and_end_at_once() {
    let mut office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let made =
        office.console("POST", "/tokens", Some(json!({ "label": "wall", "scopes": ["calls:read", "records:read"] })));
    assert_eq!(made.status, 201, "{}", made.text);
    let (token, id) = {
        let body = made.json();
        (body["token"].as_str().expect("it is shown").to_owned(), body["id"].as_str().expect("an id").to_owned())
    };
    assert_eq!(made.header("location"), Some(format!("/api/v1/tokens/{id}").as_str()));
    let secret = token.rsplit('_').next().expect("a secret");
    assert!(token.starts_with("hsk_") && secret.len() == 32, "{token}");
    assert_eq!(with(&office, &token, "GET", "/me", None).json()["scopes"], json!(["calls:read", "records:read"]));
    assert_eq!(with(&office, &token, "GET", "/calls", None).status, 200);
    let beyond = with(&office, &token, "GET", "/tokens", None);
    assert_eq!((beyond.status, beyond.json()["scope"].clone()), (403, json!("tokens:write")));

    // It is shown once, and what is kept of it does not tell it.
    // Its use is noted behind the requests' backs.
    let noted = || Some(office.get(&format!("/tokens/{id}"))).filter(|one| !one["last_used_at"].is_null());
    let one = wait_for("its use is noted", noted);
    let listed = office.console("GET", "/tokens", None);
    assert!(listed.json()["items"].as_array().expect("items").contains(&one) && one.get("token").is_none(), "{one}");
    assert!(!listed.text.contains(secret));
    for name in std::fs::read_dir(office.data()).expect("its data").map(|entry| entry.expect("an entry").path()) {
        let kept = std::fs::read(&name).unwrap_or_default();
        assert!(!kept.windows(secret.len()).any(|octets| octets == secret.as_bytes()), "{} tells it", name.display());
    }

    // Nobody gives more than they have.
    let wanted = json!({ "label": "clerk", "scopes": ["tokens:write", "calls:read"] });
    let clerk = office.post("/tokens", wanted)["token"].as_str().expect("shown").to_owned();
    let more = with(&office, &clerk, "POST", "/tokens", Some(json!({ "label": "more", "scopes": ["calls:control"] })));
    assert_eq!((more.status, more.json()["scope"].clone()), (403, json!("calls:control")));
    let system = office.console("POST", "/tokens", Some(json!({ "label": "more", "scopes": ["system"] })));
    assert_eq!(system.status, 403, "the operator has no such right either");
    let past = json!({ "label": "late", "scopes": [], "expires_at": "2020-01-01T00:00:00Z" });
    assert_eq!(office.console("POST", "/tokens", Some(past)).status, 422);

    // From elsewhere it is not known.
    let near = json!({ "label": "near", "scopes": ["calls:read"], "networks": ["192.0.2.0/24", "127.0.0.0/8"] });
    let far = json!({ "label": "far", "scopes": ["calls:read"], "networks": ["192.0.2.0/24"] });
    for (wanted, status) in [(near, 200), (far, 401)] {
        let token = office.post("/tokens", wanted)["token"].as_str().expect("shown").to_owned();
        assert_eq!(with(&office, &token, "GET", "/calls", None).status, status);
    }
    let wrong = json!({ "label": "x", "scopes": [], "networks": ["not a network"] });
    assert_eq!(office.console("POST", "/tokens", Some(wrong)).status, 422);

    // It lapses when its time has come, also for its streams.
    let now: jiff::Timestamp = office.post("/test/clock/advance", json!({ "by_ms": 0 }))["now"]
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("an instant");
    let soon = (now + jiff::SignedDuration::from_secs(60)).to_string();
    let wanted = json!({ "label": "short", "scopes": ["calls:read"], "expires_at": soon });
    let short = office.post("/tokens", wanted)["token"].as_str().expect("shown").to_owned();
    assert_eq!(with(&office, &short, "GET", "/calls", None).status, 200);
    office.post("/test/clock/advance", json!({ "by_ms": 60_000 }));
    assert_eq!(with(&office, &short, "GET", "/calls", None).status, 401);

    // It outlives a crash; deleted, it ends at once, and so do its streams and the tickets bought with it.
    office.crash_and_restart_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let bearer = format!("Bearer {token}");
    let mut socket = Socket::open_as(&office, "", &[("Authorization", &bearer)]);
    socket.say(&json!({ "op": "subscribe", "id": "s1" }));
    assert_eq!(socket.frame()["op"], "heartbeat");
    let (status, mut events) = Events::open_as(&office, "?detail=facts", None, &token);
    assert_eq!(status, 200);
    assert_eq!(events.next().expect("it begins").event, "heartbeat");
    let ticket = with(&office, &token, "POST", "/stream_tickets", Some(json!({})));
    let ticket = ticket.json()["ticket"].as_str().expect("a ticket").to_owned();
    assert!(office.get(&format!("/tokens/{id}"))["last_used_at"].is_string());
    assert_eq!(office.console("DELETE", &format!("/tokens/{id}"), None).status, 204);
    assert_eq!(with(&office, &token, "GET", "/calls", None).status, 401);
    match socket.next() {
        Came::Closed(why) => assert_eq!(why.map(|why| u16::from(why.code)), Some(4401)),
        Came::Frame(frame) => panic!("{frame}"),
    }
    let last = events.next().expect("it says why it ends");
    assert_eq!((last.event.as_str(), &last.data["reason"]), ("gap", &json!("rights")));
    assert!(events.next().is_none(), "it has ended");
    let url = format!("http://{}/api/v1/events?ticket={ticket}", office.address("console"));
    assert_eq!(office.http("GET", &url, None, &[]).status, 401);
    assert_eq!(office.console("GET", &format!("/tokens/{id}"), None).status, 404);
}
