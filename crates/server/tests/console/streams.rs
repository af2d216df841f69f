//! Streams: mirrors that equal snapshots, cuts that lose nothing, gaps that say why.

use crate::common::{Office, wait_for};
use crate::mirror::{Mirror, of_snapshot};
use crate::watcher::{Came, Events, Socket, let_phones_play};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

const ALL: [&str; 5] = ["calls", "connections", "stages", "devices", "extensions"];
/// Subscriptions of differing filter.
const SUBSCRIPTIONS: usize = 20;
/// Calls while they watch.
const CALLS: usize = 300;
/// Cuts at random frames, and every so many a crash.
const CUTS: usize = 500;
const CRASH_EVERY: usize = 50;

fn call(office: &Office, from: u64, to: u64) -> Option<Value> {
    let body = json!({ "from": from.to_string(), "to": to.to_string(), "prompt": "ring" });
    let answer = office.console("POST", "/calls/make_call", Some(body));
    (answer.status == 200).then(|| answer.json())
}

/// Collections, devices and types of one subscription.
fn filter_of(n: usize) -> (Vec<&'static str>, Option<Vec<String>>) {
    let collections = match n % 4 {
        0 => ALL.to_vec(),
        1 => vec!["calls", "connections"],
        2 => vec!["stages", "devices"],
        _ => vec!["connections", "extensions"],
    };
    let devices = (!n.is_multiple_of(5)).then(|| (0..=n % 3).map(|m| (1001 + (n + 7 * m) % 20).to_string()).collect());
    (collections, devices)
}

#[test]
fn wire_mirrors_equal_snapshots() {
    let office = Office::start();
    let_phones_play(&office);
    let mut sockets: Vec<(Socket, Mirror)> = Vec::new();
    for n in 0..SUBSCRIPTIONS {
        let mut socket = Socket::open(&office);
        let (collections, devices) = filter_of(n);
        let mut filter = json!({});
        if let Some(devices) = &devices {
            filter["devices"] = json!(devices);
        }
        if n % 6 == 5 {
            filter["types"] = json!(["established"]);
        }
        socket.say(&json!({ "op": "subscribe", "id": format!("s{n}"), "collections": collections, "filter": filter, "snapshot": true }));
        sockets.push((socket, Mirror::default()));
    }
    let callers: Vec<_> = std::thread::scope(|scope| {
        let calling = scope.spawn(|| {
            (0..CALLS).filter_map(|n| call(&office, 1001 + (n as u64 * 3) % 20, 1001 + (n as u64 * 7 + 1) % 20)).count()
        });
        let readers: Vec<_> = sockets
            .iter_mut()
            .map(|(socket, mirror)| {
                scope.spawn(move || {
                    while mirror.events() < 5 {
                        mirror.take(&socket.frame());
                    }
                })
            })
            .collect();
        readers.into_iter().for_each(|reader| reader.join().expect("no panic"));
        vec![calling.join().expect("no panic")]
    });
    assert!(callers[0] > CALLS / 2, "most calls were made: {callers:?}");
    office.wait_idle();
    let seq = office.get("/calls")["seq"].as_u64().expect("a number");
    for (n, (socket, mirror)) in sockets.iter_mut().enumerate() {
        // A new subscription's heartbeat says that all before it has been sent on this socket.
        socket.say(&json!({ "op": "subscribe", "id": "mark", "collections": [] }));
        loop {
            let frame = socket.frame();
            let done = frame["op"] == "heartbeat" && frame["seq"].as_u64() >= Some(seq);
            if frame["id"] != "mark" {
                mirror.take(&frame);
            }
            if done {
                break;
            }
            if frame["op"] == "heartbeat" {
                socket.say(&json!({ "op": "unsubscribe", "id": "mark" }));
                socket.say(&json!({ "op": "subscribe", "id": "mark", "collections": [] }));
            }
        }
        let (collections, devices) = filter_of(n);
        let devices = devices.map(|devices| format!("&devices={}", devices.join(","))).unwrap_or_default();
        let snapshot = office.get(&format!("/snapshot?collections={}{devices}", collections.join(",")));
        assert_eq!(snapshot["seq"], json!(seq), "all is quiet");
        for (collection, items) in of_snapshot(&snapshot, &collections) {
            assert_eq!(mirror.at.get(&collection), Some(&items), "subscription {n}, {collection}");
        }
    }
    conformance::proves_partly("CON-01", "over the wire with 300 calls; in memory with over 1,000");
}

/// Reads some frames of a WebSocket that goes on at a place; gives where it stands then.
fn read_socket(office: &Office, epoch: &str, from: u64, frames: usize) -> (u64, Vec<u64>) {
    let mut socket = Socket::open(office);
    socket.say(&json!({ "op": "subscribe", "id": "s1", "from": from, "epoch": epoch }));
    let (mut at, mut seen) = (from, Vec::new());
    while seen.len() < frames {
        let frame = socket.frame();
        match frame["op"].as_str() {
            Some("event") => {
                assert_eq!(frame["prev"], json!(at), "the chain is whole");
                at = frame["seq"].as_u64().expect("a seq");
                seen.push(at);
            }
            Some("heartbeat") => at = at.max(frame["seq"].as_u64().expect("a seq")),
            other => panic!("{other:?}: {frame}"),
        }
    }
    (at, seen)
}

/// The same over server-sent events.
fn read_events(office: &Office, epoch: &str, from: u64, frames: usize) -> (u64, Vec<u64>) {
    let (status, mut events) = Events::open(office, "", Some(&format!("{epoch}.{from}")));
    assert_eq!(status, 200);
    let (mut at, mut seen) = (from, Vec::new());
    while seen.len() < frames {
        let sent = events.next().expect("the stream goes on");
        let seq = sent.data["seq"].as_u64().expect("a seq");
        assert_eq!(sent.id, Some(format!("{epoch}.{seq}")));
        if sent.event != "heartbeat" {
            assert_eq!(sent.data["prev"], json!(at), "the chain is whole");
            seen.push(seq);
        }
        at = at.max(seq);
    }
    (at, seen)
}

#[test]
fn wire_cuts_lose_nothing() {
    let mut office = Office::start();
    let_phones_play(&office);
    let hello = office.get("/events?detail=facts&limit=1");
    let epoch = hello["epoch"].as_str().expect("an epoch").to_owned();
    let (mut at, mut all) = (hello["seq"].as_u64().expect("a number"), Vec::new());
    let first = at + 1;
    for cut in 0..CUTS {
        let stop = AtomicBool::new(false);
        let frames = 1 + (cut * 13) % 29;
        let (reached, seen) = std::thread::scope(|scope| {
            let (office, stop) = (&office, &stop);
            scope.spawn(move || {
                let mut n = cut as u64;
                while !stop.load(Ordering::Relaxed) {
                    let _ = call(office, 1001 + n % 9, 1011 + n % 9);
                    n += 1;
                }
            });
            let read = if cut % 2 == 0 { read_socket } else { read_events };
            let result = read(office, &epoch, at, frames);
            stop.store(true, Ordering::Relaxed);
            result
        });
        at = reached;
        all.extend(seen);
        if cut % CRASH_EVERY == CRASH_EVERY - 1 {
            office.crash_and_restart();
            let_phones_play(&office);
        }
    }
    // Everything is watched, so every number comes, each once, over all cuts and crashes.
    let expected: Vec<u64> = (first..first + all.len() as u64).collect();
    assert_eq!(all, expected);
    conformance::proves("CON-02");
}

#[test]
fn wire_gaps_say_why() {
    let office = Office::start();
    let_phones_play(&office);
    let epoch = office.get("/events?limit=1")["epoch"].as_str().expect("an epoch").to_owned();
    other_epoch(&office, &epoch);
    let mut socket = Socket::open(&office);
    // The way out of a gap: the same subscription with a snapshot, which is exact.
    socket.say(&json!({ "op": "subscribe", "id": "s1", "collections": ["calls", "devices"], "snapshot": true }));
    let mut mirror = Mirror::default();
    call(&office, 1001, 1002).expect("a call");
    while mirror.events() < 5 {
        mirror.take(&socket.frame());
    }

    // From the log's beginning everything can still be had, and folds to what is.
    office.wait_idle();
    let seq = office.get("/calls")["seq"].as_u64().expect("a number");
    let mut from_log = Socket::open(&office);
    let mut folded = Mirror::default();
    folded.take(&from_log.subscribe_from(0, &epoch));
    while folded.seq < seq {
        folded.take(&from_log.frame());
    }
    let snapshot = office.get("/snapshot");
    for (collection, items) in of_snapshot(&snapshot, &ALL) {
        assert_eq!(folded.at.get(&collection).unwrap_or(&json!({})), &items, "{collection}");
    }
}

/// Hours beyond the demo's retention of events (72) and of the journal.
const LATER_MS: u64 = 80 * 3_600_000;

#[test]
fn wire_what_retention_deleted_is_a_gap() {
    let arguments = ["--demo", "--ephemeral-ports", "--virtual-clock"];
    let mut office = Office::start_with(&arguments);
    let made = call(&office, 1001, 1002).expect("a call");
    let path = format!("/calls/{}/clear_call", made["result"]["call"].as_str().expect("an id"));
    office.post(&path, json!({}));
    let page = office.get("/events?limit=1000");
    let (old, epoch) = (page["seq"].as_u64().expect("a number"), page["epoch"].as_str().expect("an epoch").to_owned());
    assert_eq!(page["items"][0]["seq"], json!(1), "all is there");
    // A planned stop keeps the state, so that what lies before it is needed by nobody but readers.
    office.terminate();
    office.start_again_with(&arguments);
    let still = office.get("/events?limit=1000");
    assert_eq!((&still["items"][0]["seq"], &still["epoch"]), (&json!(1), &json!(epoch)));
    call(&office, 1003, 1004).expect("a call");
    let before = office.get("/calls")["seq"].as_u64().expect("a number");
    office.post("/test/clock/advance", json!({ "by_ms": LATER_MS }));
    // Retention works beside the exchange.
    let gone = wait_for("the old events are deleted", || {
        let page = office.console("GET", "/events?from=0", None);
        (page.status == 410).then(|| page.json())
    });
    assert_eq!((&gone["refusal"], &gone["reason"]), (&json!("gap"), &json!("expired")), "{gone}");
    let oldest = gone["oldest"].as_u64().expect("the oldest that is there");
    assert!(oldest > 1 && oldest <= before, "{gone}");
    let (status, _) = Events::open(&office, "", Some(&format!("{epoch}.{}", old / 2)));
    assert_eq!(status, 410);
    let mut socket = Socket::open(&office);
    for from in [0, 1, old / 2] {
        let gap = socket.subscribe_from(from, &epoch);
        if gap["op"] == "heartbeat" {
            // It is read when its turn comes.
            let gap = socket.frame_of("gap");
            assert_eq!((&gap["id"], &gap["reason"]), (&json!("s1"), &json!("expired")), "{gap}");
            assert_eq!(gap["oldest"], json!(oldest));
        } else {
            assert_eq!((&gap["op"], &gap["reason"]), (&json!("gap"), &json!("expired")), "{gap}");
        }
    }
    // Facts need nothing of what is gone.
    let facts = office.get(&format!("/events?detail=facts&from={}", oldest - 1));
    assert_eq!(facts["items"][0]["seq"], json!(oldest));

    // The way out: a snapshot, which is exact, and frames from there on.
    socket.say(&json!({ "op": "subscribe", "id": "s1", "collections": ALL, "snapshot": true }));
    let mut mirror = Mirror::default();
    while mirror.at.len() < ALL.len() {
        mirror.take(&socket.frame());
    }
    call(&office, 1005, 1006).expect("a call");
    let seq = office.get("/calls")["seq"].as_u64().expect("a number");
    while mirror.seq < seq {
        mirror.take(&socket.frame());
    }
    let snapshot = office.get("/snapshot");
    assert_eq!(snapshot["seq"], json!(seq), "the clock stands");
    for (collection, items) in of_snapshot(&snapshot, &ALL) {
        assert_eq!(mirror.at.get(&collection), Some(&items), "{collection}");
    }

    // And a token that is deleted while its socket is open.
    let made = office.post("/tokens", json!({ "label": "wall", "scopes": ["calls:read"] }));
    let bearer = format!("Bearer {}", made["token"].as_str().expect("it is shown"));
    let mut socket = Socket::open_as(&office, "", &[("Authorization", &bearer)]);
    socket.say(&json!({ "op": "subscribe", "id": "s1" }));
    assert_eq!(socket.frame()["op"], "heartbeat");
    let path = format!("/tokens/{}", made["id"].as_str().expect("an id"));
    assert_eq!(office.console("DELETE", &path, None).status, 204);
    match socket.next() {
        Came::Closed(why) => assert_eq!(why.map(|why| u16::from(why.code)), Some(4401)),
        Came::Frame(frame) => panic!("{frame}"),
    }
    other_epoch(&office, &epoch);
    conformance::proves("CON-03");
}

/// A place of another life of the log, or of none yet.
fn other_epoch(office: &Office, epoch: &str) {
    let seq = office.get("/calls")["seq"].as_u64().expect("a number");
    let mut socket = Socket::open(office);
    for (from, other) in [(1, "ep_of_another_life"), (seq + 1_000_000, epoch)] {
        let gap = socket.subscribe_from(from, other);
        assert_eq!((&gap["op"], &gap["id"], &gap["reason"]), (&json!("gap"), &json!("s1"), &json!("epoch")));
    }
    for query in ["?from=1&epoch=other".to_owned(), format!("?from={}", seq + 1_000_000)] {
        let (status, _) = Events::open(office, &query, None);
        assert_eq!(status, 410);
        let answer = office.console("GET", &format!("/events{query}"), None);
        assert_eq!((answer.status, answer.json()["reason"].clone()), (410, json!("epoch")));
    }
    // A snapshot is the way out here too.
    socket.say(&json!({ "op": "subscribe", "id": "s1", "collections": ["devices"], "snapshot": true }));
    let first = socket.frame();
    assert_eq!((&first["op"], &first["seq"]), (&json!("snapshot"), &json!(seq)));
    let snapshot = office.get("/snapshot?collections=devices");
    assert_eq!((&snapshot["seq"], &snapshot["devices"]), (&first["seq"], &first["items"]));
}

#[test]
fn wire_a_login_that_ends_closes_its_streams() {
    let office = Office::start();
    let console = office.address("console");
    let own = format!("http://{console}");
    let account = &office.demo["accounts"]["console"];
    let body = json!({ "user": account["user"], "password": account["password"] }).to_string();
    let opened = office.http("POST", &format!("{own}/api/v1/sessions"), Some(&body), &[]);
    assert_eq!(opened.status, 201, "{}", opened.text);
    let cookie = opened.header("set-cookie").expect("a cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains("Path=/"), "{cookie}");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let with = |method: &str, path: &str, body: Option<&str>, origin: Option<&str>| {
        let mut headers = vec![("Cookie", cookie.as_str())];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        office.http(method, &format!("{own}/api/v1{path}"), body, &headers)
    };
    assert_eq!(with("GET", "/me", None, None).json()["by"], "login");
    let make = Some(r#"{"from":"1001","to":"1002"}"#);
    for foreign in [None, Some("http://evil.example"), Some("null")] {
        let refused = with("POST", "/calls/make_call", make, foreign);
        assert_eq!((refused.status, refused.json()["refusal"].clone()), (403, json!("origin")), "{foreign:?}");
    }
    assert_eq!(with("POST", "/calls/make_call", make, Some(&own)).status, 200);

    // A ticket opens one stream where no header can be set.
    let ticket =
        with("POST", "/stream_tickets", Some("{}"), Some(&own)).json()["ticket"].as_str().expect("a ticket").to_owned();
    let mut socket = Socket::open_as(&office, &format!("?ticket={ticket}"), &[]);
    socket.say(&json!({ "op": "subscribe", "id": "s1" }));
    assert_eq!(socket.frame()["op"], "heartbeat");
    let again = office.http("GET", &format!("{own}/api/v1/events?ticket={ticket}"), None, &[]);
    assert_eq!(again.status, 401, "a ticket is good once");

    assert_eq!(with("DELETE", "/sessions/current", None, Some(&own)).status, 204);
    assert_eq!(with("GET", "/me", None, None).status, 401);
    let closed = wait_for("it is closed", || match socket.next() {
        Came::Closed(why) => Some(why),
        Came::Frame(_) => None,
    });
    assert_eq!(closed.map(|why| u16::from(why.code)), Some(4401));
}

#[test]
fn wire_bad_messages_close_the_socket_or_are_told() {
    let office = Office::start();
    let mut socket = Socket::open(&office);
    socket.say(&json!({ "op": "subscribe", "id": "s1", "filter": { "devices": ["9999"] } }));
    let error = socket.frame_of("error");
    assert_eq!((&error["id"], &error["problem"]["refusal"]), (&json!("s1"), &json!("value")));
    socket.say(&json!({ "op": "subscribe", "id": "s1", "fliter": {} }));
    assert_eq!(socket.frame_of("error")["problem"]["errors"][0]["pointer"], "/fliter");
    for n in 0..16 {
        socket.say(&json!({ "op": "subscribe", "id": format!("s{n}") }));
        socket.frame_of("heartbeat");
    }
    socket.say(&json!({ "op": "subscribe", "id": "one too many" }));
    let code = |came: Came| match came {
        Came::Closed(Some(why)) => u16::from(why.code),
        other => panic!("{other:?}"),
    };
    assert_eq!(code(socket.next()), 4429);
    let mut socket = Socket::open(&office);
    socket.say(&json!("hello"));
    assert_eq!(code(socket.next()), 4400);
    let mut socket = Socket::open(&office);
    socket.text("x".repeat(64 * 1_024 + 1));
    assert_eq!(code(socket.next()), 4400, "too long");
    let mut socket = Socket::open(&office);
    // A text of two letters whose octets are not masked (RFC 6455 5.1).
    socket.octets(b"\x81\x02{}");
    assert_eq!(code(socket.next()), 4400, "not masked");
    let mut socket = Socket::open(&office);
    socket.octets(b"\x83\x80\0\0\0\0");
    assert_eq!(code(socket.next()), 4400, "no such opcode");
    call(&office, 1001, 1002).expect("the next call works");
}
