//! A call from click to hang-up, as the API tells it; reads that wait for one's own writes; conventions of every answer.

use crate::common::Office;
use crate::watcher::Events;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How often each command's effect is read, over all threads: on its connection and on its device in turn.
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
    // A command with a key rings once it is on disk: the phone does by now.
    let mut told: Vec<Value> = (1..=3).map(|_| events.event().data).collect();
    assert_eq!(place(&office.post("/test/phones/1001/answer", json!({}))), (start + 3, start + 6));
    assert_eq!(place(&office.post("/test/phones/1002/answer", json!({}))), (start + 6, start + 7));
    let path = format!("/connections/{}/clear_connection", first.as_str().expect("an id"));
    assert_eq!(place(&office.post(&path, json!({}))), (start + 7, start + 12));

    told.extend((4..=12).map(|_| events.event().data));
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

/// One writer with two phones of its own.
struct Writer<'a> {
    office: &'a Office,
    from: String,
    to: String,
    /// How often the effect of each command was read.
    shown: BTreeMap<&'static str, u64>,
}

impl Writer<'_> {
    /// Gives a command; gives its result and where its effects end.
    fn write(&self, method: &str, path: &str, body: Value) -> (Value, u64) {
        let answer = self.office.console(method, path, Some(body));
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text);
        let body = answer.json();
        (body["result"].clone(), body["through"].as_u64().expect("through"))
    }

    /// Reads at once, from no earlier than where a command's effects end.
    fn read(&mut self, command: &'static str, path: &str, through: u64) -> Option<Value> {
        let read = self.office.console("GET", &format!("{path}?min_seq={through}"), None);
        *self.shown.entry(command).or_default() += 1;
        if read.status == 404 {
            return None;
        }
        assert_eq!(read.status, 200, "{path}: {}", read.text);
        let seq: u64 = read.header("hookswitch-seq").and_then(|seq| seq.parse().ok()).expect("a seq");
        assert!(seq >= through, "{path} shows {seq} and not {through}");
        Some(read.json())
    }

    fn make(&mut self, n: u64) -> (String, String) {
        let body = json!({ "from": self.from, "to": self.to, "prompt": "ring", "data": { "n": n.to_string() } });
        let (made, through) = self.write("POST", "/calls/make_call", body);
        let id = |field: &str| made[field].as_str().expect("an id").to_owned();
        let (call, connection) = (id("call"), id("connection"));
        let shown = self.read("make_call", &format!("/calls/{call}"), through).expect("it rings");
        assert_eq!(shown["data"]["custom"]["n"], json!(n.to_string()));
        (call, connection)
    }

    /// Every command once on its connection, or once on its device.
    fn round(&mut self, n: u64) {
        let by_device = n % 2 == 1;
        let (call, connection) = self.make(n);
        let target = if by_device { format!("/devices/{}", self.from) } else { format!("/connections/{connection}") };
        let body = |own: Value| {
            let mut body = own;
            if by_device {
                body["call"] = json!(call);
            }
            body
        };
        let (_, through) = self.write("POST", &format!("{target}/answer_call"), body(json!({})));
        let shown = self.read("answer_call", &format!("/connections/{connection}"), through).expect("it talks");
        assert_eq!(shown["state"], "connected");

        let named = json!({ "vars": { "k": n.to_string() }, "data": { "m": n.to_string() } });
        let (_, through) = self.write("POST", &format!("{target}/associate_data"), body(named));
        let shown = self.read("associate_data", &format!("/connections/{connection}"), through).expect("it talks");
        assert_eq!(shown["vars"]["k"], json!(n.to_string()));

        let own = format!("/extensions/{}", self.from);
        let (_, through) = self.write("PUT", &format!("{own}/do_not_disturb"), json!({ "on": !by_device }));
        let shown = self.read("set_do_not_disturb", &own, through).expect("a number");
        assert_eq!(shown["do_not_disturb"], json!(!by_device));

        let (_, through) = self.write("POST", &format!("{target}/clear_connection"), body(json!({})));
        let shown = self.read("clear_connection", &format!("/connections/{connection}"), through);
        assert_eq!(shown, None, "it is gone");

        let (call, _) = self.make(n);
        let (_, through) = self.write("POST", &format!("/calls/{call}/clear_call"), json!({}));
        let shown = self.read("clear_call", &format!("/calls/{call}"), through);
        assert_eq!(shown, None, "it is gone");
        let record = self.read("clear_call", &format!("/records/{call}"), through).expect("its record is there");
        assert_eq!(record["call"]["data"]["custom"]["n"], json!(n.to_string()));
    }
}

#[test]
fn wire_own_writes_are_read() {
    let office = Office::start();
    let all: Vec<BTreeMap<&str, u64>> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (from, to) = ((1001 + 2 * writer).to_string(), (1002 + 2 * writer).to_string());
                let mut writer = Writer { office: &office, from, to, shown: BTreeMap::new() };
                scope.spawn(move || {
                    (0..OWN_WRITES / WRITERS).for_each(|n| writer.round(n));
                    writer.shown
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().expect("no panic")).collect()
    });
    let described = office.http("GET", &format!("http://{}/api/v1/openapi.json", office.address("console")), None, &[]);
    for (path, operation) in described.json()["paths"].as_object().expect("paths") {
        for command in operation.as_object().expect("by method").values().filter(|it| it["x-scope"] == "calls:control")
        {
            let id = command["operationId"].as_str().expect("a name");
            let id = id.trim_end_matches("_of_device");
            let shown: u64 = all.iter().filter_map(|shown| shown.get(id)).sum();
            assert!(shown >= OWN_WRITES, "{path}: the effect of {id} was read {shown} times");
        }
    }
    conformance::proves("CON-07");
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

/// The items of a list, in its order.
fn listed(office: &Office, path: &str, field: &str) -> Vec<String> {
    let items = office.get(path)["items"].as_array().expect("items").clone();
    items.iter().map(|item| item[field].as_str().unwrap_or("null").to_owned()).collect()
}

#[test]
fn wire_lists_are_filtered_sorted_and_expanded() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let numbers = |query: &str| listed(&office, &format!("/devices?limit=1000&{query}"), "number");
    let stations: Vec<String> = (1001..=1020).map(|number| number.to_string()).collect();
    assert_eq!(numbers("number.prefix=10&sort=number"), stations);
    assert_eq!(numbers("number.in=1003,1001&sort=-number"), ["1003", "1001"]);
    assert_eq!(numbers("kind.ne=sip&kind.ne=trunk&number.prefix=10&sort=number"), stations);
    assert!(numbers("kind.in=sip,trunk").iter().all(|number| !number.starts_with("10")));

    // Pages of an order hang together, with the null ones last.
    let whole = listed(&office, "/devices?limit=1000&sort=-display_name", "id");
    let (mut found, mut path) = (Vec::new(), "/devices?limit=7&sort=-display_name".to_owned());
    loop {
        let page = office.get(&path);
        found.extend(
            page["items"].as_array().expect("items").iter().map(|it| it["id"].as_str().expect("id").to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => path = format!("/devices?limit=7&sort=-display_name&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(found, whole);
    let by_number = listed(&office, "/devices?limit=1000&sort=number", "number");
    assert!(by_number.iter().skip_while(|number| *number != "null").all(|number| number == "null"), "{by_number:?}");
    assert_eq!(listed(&office, "/devices?limit=1000&sort=id", "id"), listed(&office, "/devices?limit=1000", "id"));
    for wrong in
        ["sort=colour", "number.like=1", "kind.in=sip,horse", "sort=number&cursor=dev_1", "created_at.gte=today"]
    {
        assert_eq!(office.console("GET", &format!("/devices?{wrong}"), None).status, 422, "{wrong}");
    }
    assert_eq!(listed(&office, "/extensions?number.prefix=100&sort=-number&limit=2", "number"), ["1009", "1008"]);

    // Three calls, ten seconds apart.
    let mut calls = Vec::new();
    for from in ["1001", "1003", "1005"] {
        let made = office.post("/calls/make_call", json!({ "from": from, "to": "1011", "prompt": "ring" }));
        calls.push(made["result"]["call"].as_str().expect("a call").to_owned());
        office.post("/test/clock/advance", json!({ "by_ms": 10_000 }));
    }
    let all = office.get("/calls?sort=-created_at&expand=connections,stages&count=true");
    assert_eq!(all["count"], json!(3));
    let items = all["items"].as_array().expect("items");
    assert_eq!(items.iter().map(|it| it["id"].as_str().expect("id")).rev().collect::<Vec<_>>(), calls);
    for call in items {
        let whole = &call["expanded"];
        let ids = |kind: &str| -> Vec<Value> {
            whole[kind].as_array().expect("expanded").iter().map(|it| it["id"].clone()).collect()
        };
        assert_eq!(
            (json!(ids("connections")), json!(ids("stages"))),
            (call["connections"].clone(), call["open_stages"].clone())
        );
        assert_eq!(whole["connections"][0]["call"], call["id"]);
    }
    let began = office.get(&format!("/calls/{}", calls[1]))["created_at"].as_str().expect("an instant").to_owned();
    assert_eq!(listed(&office, &format!("/calls?created_at.gte={began}"), "id"), calls[1..]);
    assert_eq!(listed(&office, &format!("/calls?created_at.lt={began}"), "id"), calls[..1]);
    let one = office.get(&format!("/calls/{}?expand=connections", calls[0]));
    assert!(one["expanded"]["connections"].is_array() && one["expanded"].get("stages").is_none(), "{one}");
    assert!(office.get(&format!("/calls/{}", calls[0])).get("expanded").is_none());
    let ringing = listed(&office, "/connections?state.in=initiated,alerting&sort=created_at", "call");
    assert_eq!(ringing, calls);
    assert!(listed(&office, "/connections?state.ne=initiated", "call").is_empty());
    assert!(
        listed(&office, "/connections?answered_at.gte=2020-01-01T00:00:00Z", "call").is_empty(),
        "none was answered"
    );

    for call in &calls {
        office.post(&format!("/calls/{call}/clear_call"), json!({}));
    }
    let mut newest_first = calls.clone();
    newest_first.reverse();
    assert_eq!(listed(&office, "/records", "id"), newest_first);
    assert_eq!(listed(&office, "/records?sort=-started_at", "id"), newest_first);
    let first = office.get("/records?sort=started_at&limit=2");
    assert_eq!(first["items"][0]["id"], json!(calls[0]));
    let next = first["next"].as_str().expect("another page");
    assert_eq!(listed(&office, &format!("/records?sort=started_at&limit=2&cursor={next}"), "id"), calls[2..]);
    let range = format!("/records?sort=started_at&started_at.gte={began}");
    assert_eq!(listed(&office, &range, "id"), calls[1..]);
}
