//! Who may: without a credential nothing but health and descriptions; every operation asks for what the table says.

use crate::common::Office;
use crate::watcher::Socket;
use serde_json::json;

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
