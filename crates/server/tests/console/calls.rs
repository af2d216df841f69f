//! A call from click to hang-up, as the API tells it; reads that wait for one's own writes; conventions of every answer.

use crate::common::{Office, wait_for};
use crate::watcher::{Events, let_phones_play};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

/// Reads of one's own writes, over all threads.
const OWN_WRITES: u64 = 1_000;
/// Threads that write and read at the same time.
const WRITERS: u64 = 4;

#[test]
fn wire_a_call_is_told_step_by_step() {
    let office = Office::start();
    let (status, mut events) = Events::open(&office, "?detail=facts", None);
    assert_eq!(status, 200);
    let hello = events.next().expect("it says at once where it stands");
    assert_eq!(hello.event, "heartbeat");
    let start = hello.data["seq"].as_u64().expect("a number");

    let body = json!({ "from": "1001", "to": "1002", "prompt": "ring" });
    let made = office.console_with("POST", "/calls/make_call", Some(body), &[("Idempotency-Key", "k1")]);
    assert_eq!(made.status, 200, "{}", made.text);
    let answer = made.json();
    assert_eq!(
        (&answer["before"], &answer["through"], &answer["replayed"]),
        (&json!(start), &json!(start + 2), &json!(false))
    );
    assert_eq!(made.header("hookswitch-through"), Some((start + 2).to_string().as_str()));
    assert_eq!(made.header("hookswitch-before"), Some(start.to_string().as_str()));
    assert_eq!(made.header("hookswitch-request"), answer["request"].as_str());
    let first = answer["result"]["connection"].clone();
    let call = answer["result"]["call"].as_str().expect("a call").to_owned();

    let place =
        |answer: &Value| (answer["before"].as_u64().expect("before"), answer["through"].as_u64().expect("through"));
    assert_eq!(place(&office.post("/test/phones/1001/answer", json!({}))), (start + 3, start + 6));
    assert_eq!(place(&office.post("/test/phones/1002/answer", json!({}))), (start + 6, start + 7));
    let path = format!("/connections/{}/clear_connection", first.as_str().expect("an id"));
    assert_eq!(place(&office.post(&path, json!({}))), (start + 7, start + 12));

    let told: Vec<Value> = (1..=12).map(|_| events.event().data).collect();
    let types: Vec<&str> = told.iter().map(|event| event["type"].as_str().expect("a type")).collect();
    assert_eq!(
        types,
        [
            "stage_opened",
            "service_initiated",
            "prompted",
            "originated",
            "stage_opened",
            "delivered",
            "established",
            "connection_cleared",
            "connection_cleared",
            "stage_closed",
            "stage_closed",
            "call_cleared",
        ]
    );
    for (n, event) in (1u64..).zip(&told) {
        assert_eq!((&event["seq"], &event["prev"]), (&json!(start + n), &json!(start + n - 1)));
        assert!(event.get("after").is_none(), "facts alone were asked for");
    }
    assert_eq!(told[1]["data"]["connection"], first);
    assert_eq!((&told[1]["data"]["prompt"], &told[1]["data"]["purpose"]), (&json!("ring"), &json!("two_leg")));
    assert_eq!((&told[3]["data"]["dialled"], &told[3]["data"]["prompted"]), (&json!("1002"), &json!(true)));
    assert_eq!(told[2]["data"], json!({ "connection": first }));
    assert_eq!(told[6]["data"]["peers"], json!([first]));
    assert_eq!(told[7]["data"]["connection"], first);
    assert_eq!(told[8]["data"]["connection"], told[5]["data"]["connection"]);
    assert_eq!(told[1]["request"], answer["request"]);

    let explained = office.get(&format!("/records/{call}/explain?min_seq={}", start + 12));
    assert_eq!(explained["balanced"], json!(true));
    assert_eq!(explained["events"].as_array().map(Vec::len), Some(12));
    let story = office.get(&format!("/calls/{call}/story"));
    assert_eq!(story["items"].as_array().map(Vec::len), Some(12));

    let refused = office.console("POST", "/devices/1002/answer_call", Some(json!({})));
    assert_eq!(refused.status, 409);
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    let problem = refused.json();
    for (field, value) in [
        ("type", json!("/problems/no_such_call")),
        ("refusal", json!("no_such_call")),
        ("wanted", json!("alerting")),
        ("blame", json!("caller")),
        ("outcome", json!("unchanged")),
        ("before", json!(start + 12)),
        ("through", json!(start + 12)),
    ] {
        assert_eq!(problem[field], value, "{field}: {problem}");
    }
    assert_eq!(office.get("/calls")["seq"], json!(start + 12), "a refusal is no event");
}

#[test]
fn wire_own_writes_are_read() {
    let office = Office::start();
    let_phones_play(&office);
    let shown = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (office, shown) = (&office, &shown);
            scope.spawn(move || {
                for n in 0..OWN_WRITES / WRITERS {
                    let from = 1001 + 2 * writer;
                    let body = json!({ "from": from.to_string(), "to": "1011", "prompt": "ring", "data": { "n": n.to_string() } });
                    let made = office.post("/calls/make_call", body);
                    let through = made["through"].as_u64().expect("through");
                    let call = made["result"]["call"].as_str().expect("a call");
                    let read = office.console("GET", &format!("/calls/{call}?min_seq={through}"), None);
                    let seq: u64 = read.header("hookswitch-seq").and_then(|seq| seq.parse().ok()).unwrap_or(through);
                    assert!(seq >= through);
                    match read.status {
                        200 => assert_eq!(read.json()["data"]["custom"]["n"], json!(n.to_string())),
                        // It may have run its course meanwhile; then its record shows the effect.
                        404 => {
                            let record = wait_for("its record", || {
                                let record = office.console("GET", &format!("/records/{call}?min_seq={through}"), None);
                                (record.status == 200).then(|| record.json())
                            });
                            assert_eq!(record["call"]["data"]["custom"]["n"], json!(n.to_string()));
                        }
                        other => panic!("{other}: {}", read.text),
                    }
                    let cleared = office.console("POST", &format!("/calls/{call}/clear_call"), Some(json!({})));
                    if cleared.status == 200 {
                        let through = cleared.json()["through"].as_u64().expect("through");
                        let gone = office.console("GET", &format!("/calls/{call}?min_seq={through}"), None);
                        assert_eq!(gone.status, 404, "{}", gone.text);
                    }
                    shown.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(shown.load(Ordering::Relaxed), OWN_WRITES);
    conformance::proves_partly("CON-07", "make_call and clear_call; the other commands once each");
}

#[test]
fn wire_lists_page_and_configuration_has_revisions() {
    let office = Office::start();
    let whole = office.get("/devices?limit=1000&count=true");
    let all = whole["items"].as_array().expect("items").len();
    assert_eq!(whole["count"], json!(all));
    let (mut found, mut path) = (Vec::new(), "/devices?limit=7".to_owned());
    loop {
        let page = office.console("GET", &path, None);
        let body = page.json();
        found.extend(body["items"].as_array().expect("items").iter().map(|item| item["id"].clone()));
        match body["next"].as_str() {
            Some(next) => {
                path = format!("/devices?limit=7&cursor={next}");
                assert!(page.header("link").is_some_and(|link| link.contains(next) && link.contains("rel=\"next\"")));
            }
            None => break,
        }
    }
    assert_eq!(found.len(), all);
    assert!(
        office.get("/devices?kind=sip&limit=1000")["items"]
            .as_array()
            .expect("items")
            .iter()
            .all(|it| it["kind"] == "sip")
    );

    let made = office.console("POST", "/devices", Some(json!({ "kind": "sip", "number": "1301", "sip": "u1301" })));
    assert_eq!(made.status, 201, "{}", made.text);
    let id = made.json()["result"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(made.header("location"), Some(format!("/api/v1/devices/{id}").as_str()));
    let one = office.console("GET", &format!("/devices/{id}"), None);
    let etag = one.header("etag").expect("a revision").to_owned();
    let change = |name: &str, etag: &str| {
        let body = Some(json!({ "display_name": name }));
        office.console_with("PATCH", &format!("/devices/{id}"), body, &[("If-Match", etag)])
    };
    assert_eq!(change("first", &etag).status, 200);
    let stale = change("second", &etag);
    assert_eq!((stale.status, stale.json()["refusal"].clone()), (412, json!("precondition")));
    assert_eq!(office.get("/devices/number:1301")["display_name"], "first");
    assert_eq!(office.get("/devices/sip:u1301")["id"], json!(id));
    assert_eq!(office.console("DELETE", &format!("/devices/{id}"), None).status, 200);
    assert_eq!(office.console("GET", &format!("/devices/{id}"), None).status, 404);

    let dnd = office.console("PUT", "/extensions/1003/do_not_disturb", Some(json!({ "on": true })));
    assert_eq!(dnd.status, 200, "{}", dnd.text);
    assert_eq!(office.get("/extensions/1003")["do_not_disturb"], json!(true));
}
