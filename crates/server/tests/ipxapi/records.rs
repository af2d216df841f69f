//! SMDR over the wire: the event, the records, the query language.

use crate::client::{Login, error, house};
use crate::common::{Office, wait_for};
use serde_json::{Value, json};
use tungstenite::Message;

fn smdr(login: &Login<'_>, query: &str) -> Value {
    let answer = login.ask("GET", &format!("smdr{query}"), "");
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json()
}

fn q(query: &Value) -> String {
    let encoded = query.to_string().bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    format!("?q={encoded}")
}

#[test]
fn wire_records_are_told_counted_filtered_and_kept() {
    let office = house();
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&[]);
    let mut calls = Vec::new();
    for (from, to) in [("1001", "1002"), ("1002", "1001"), ("1001", "1002")] {
        let call = login.make(from, to);
        wait_for("it rings", || (login.status(to) == "ring").then_some(()));
        login.leg("call/answer", to, call);
        login.leg("call/clear_connection", from, call);
        office.wait_idle();
        calls.push(call);
    }
    let mut told = Vec::new();
    while told.len() < 3 {
        match socket.socket.read() {
            Ok(Message::Text(text)) => {
                let frame: Value = serde_json::from_str(&text).expect("frames are JSON");
                assert_eq!(frame["event"], "smdr", "{frame}");
                told.push(frame["data"].clone());
            }
            Ok(_) => {}
            // Its time-out is short; the test's own is long.
            Err(tungstenite::Error::Io(_)) => {}
            Err(other) => panic!("{other}"),
        }
    }
    let first = told[0].clone();
    for (name, value) in [
        ("StationNumber", "1001"),
        ("CoNumber", ""),
        ("Duration", "00:00:00"),
        ("Direction", "E"),
        ("DialedNumber1", "1002"),
        ("Cost", "00"),
        ("AccountCode", ""),
        ("DialedNumber2", ""),
        ("DisconnectCause", "16-Normal Call Clearing"),
    ] {
        assert_eq!(first[name], value, "{name}: {first}");
    }
    assert_eq!((&first["callRefID"], first["StartTime"].as_str().map(str::len)), (&json!(calls[0]), Some(16)));

    assert_eq!(smdr(&login, ""), json!({ "count": 3, "items": told }));
    assert_eq!(smdr(&login, "?countOnly=true&maxCount=1"), json!({ "count": 3 }));
    assert_eq!(smdr(&login, &q(&json!({ "countOnly": true }))), json!({ "count": 3 }));
    conformance::proves("IPX-SMDR-02");
    assert_eq!(smdr(&login, "?maxCount=2")["items"], json!(told[..2]), "the oldest first");
    for all in ["?maxCount=0", "?maxCount=999999", "?countOnly=false"] {
        assert_eq!(smdr(&login, all)["count"], 3, "{all}");
    }
    for wrong in ["?maxCount=-1", "?maxCount=x", "?countOnly=7", "?Colour=red", "?q=%7B", "?q=%7B%7D&q=%7B%7D"] {
        let refused = error(&login.ask("GET", &format!("smdr{wrong}"), ""));
        assert_eq!(refused, (400, 1, "Parameter error".to_owned()), "{wrong}");
    }
    for (query, found) in [
        (json!({ "StationNumber": "1002" }), 1),
        (json!({ "StationNumber": 1002 }), 1),
        (json!({ "$regex": { "StationNumber": "*1" } }), 2),
        (json!({ "StationNumber": "1002", "$>": { "StartTime": "2018-08-10" } }), 1),
        (json!({ "$>": { "StartTime": "2999-01-01" } }), 0),
        (json!({ "$>": { "Index": first["Index"] } }), 2),
        (json!({ "$not": { "StationNumber": "1001" } }), 1),
        (json!({ "$or": [{ "StationNumber": "1002" }, { "StationNumber": "1001", "Direction": "O" }] }), 1),
        (json!({ "$and": [{ "callRefID": calls[0] }, { "callRefID": calls[2] }] }), 2),
        (json!({ "maxCount": 1 }), 1),
    ] {
        assert_eq!(smdr(&login, &q(&query))["count"], found, "{query}");
    }
    let both = format!("{}&maxCount=2", q(&json!({ "maxCount": 1 })));
    assert_eq!(smdr(&login, &both)["count"], 2, "the plain pair wins");
    conformance::proves("IPX-QRY-02");
    assert_eq!(smdr(&login, "?StationNumber=1002&Direction=E")["count"], 1);
    assert_eq!(smdr(&login, "?StationNumber=1002&Direction=O")["count"], 0);
    // `q` with a GET command of call control: the same as plain pairs; `+` is a blank.
    for status in ["call/status?deviceNumber=1001", "call/status?q=%7B%22deviceNumber%22:%221001%22%7D"] {
        assert_eq!(login.ask("GET", status, "").json(), json!({ "data": { "state": "idle" } }), "{status}");
    }
    let started = first["StartTime"].as_str().expect("a text").replace(' ', "+");
    assert!(smdr(&login, &format!("?StartTime={started}"))["count"].as_u64() > Some(0), "{started}");
    conformance::proves("IPX-QRY-01");

    let station = Login::of(&office, "client", "1001", "*1234Secr01$");
    let own = smdr(&station, "");
    assert_eq!((own["count"].as_u64(), &own["items"][0]), (Some(2), &first), "its own records only");
    assert_eq!(smdr(&station, "?StationNumber=1002")["count"], 0);
    let stranger = Login { bearer: "bearer x".to_owned(), ..login };
    assert_eq!(error(&stranger.ask("GET", "smdr", "")), (401, 4, "Login information mismatch".to_owned()));
    a_store_that_fails(&office);
    conformance::proves("IPX-SMDR-01");
}

/// Who may not read, what is not licensed and what is off is asserted in `rights.rs`; here the disk gives back other octets than it
/// was given.
fn a_store_that_fails(office: &Office) {
    let (two, station) = (Login::server(office, "two"), Login::of(office, "client", "1004", "*1004"));
    let whole = smdr(&two, "");
    let file = rusqlite::Connection::open(office.data().join("hookswitch.db")).expect("the database");
    file.busy_timeout(crate::common::SOON).expect("a time-out");
    let first = "id = (SELECT min(id) FROM record)";
    let read = format!("SELECT bytes FROM record WHERE {first}");
    let kept: Vec<u8> = file.query_row(&read, [], |row| row.get(0)).expect("a record");
    let write = |octets: &[u8]| file.execute(&format!("UPDATE record SET bytes = ?1 WHERE {first}"), [octets]);
    assert_eq!(write(&kept[1..]), Ok(1));
    for query in ["", "?countOnly=true", "?StationNumber=1001"] {
        let refused = error(&two.ask("GET", &format!("smdr{query}"), ""));
        assert_eq!(refused, (500, 299, "Unknown".to_owned()), "{query}");
    }
    // Whoever has no use for that record is served, and so are calls.
    assert_eq!(smdr(&station, "")["count"], 0);
    let call = two.make("1001", "1002");
    two.leg("call/clear_connection", "1001", call);
    office.wait_idle();
    assert_eq!(write(&kept), Ok(1));
    assert_eq!(smdr(&two, "?maxCount=3"), whole, "reading has deleted nothing");
}

/// The whole seconds of conversation that each door tells of the newest call of 1001.
fn told(office: &Office, login: &Login<'_>) -> Vec<(&'static str, u64)> {
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok()).expect("a number");
    let get = |listener: &str, target: &str| {
        office.http("GET", &format!("http://{}{target}", office.address(listener)), None, &[])
    };
    let items = smdr(login, "")["items"].clone();
    let newest = items.as_array().and_then(|items| items.last()).expect("a record").clone();
    let duration = newest["Duration"].as_str().expect("a time").to_owned();
    let web_api = duration.split(':').fold(0, |sum, part| sum * 60 + part.parse::<u64>().expect("a number"));
    let history = office.fusion("/xml/dbGetCallHistory.json?ext=1001&limit=1&start_date=2000-01-01").json();
    let log = get("voicenter", "/hub/cdr/?code=demo-voicenter&fields=Type,Duration,DateEpoch&extensions=1001").json();
    let rows = log["CDR_LIST"].as_array().expect("a list").clone();
    let row = rows.iter().filter(|row| row["Type"] != "Click2Call leg1").max_by_key(|row| row["DateEpoch"].as_i64());
    let asked = "<TelServiceRequest><queryHistory><deviceNumber>1001</deviceNumber></queryHistory></TelServiceRequest>";
    let url = format!("http://{}/", office.address("telservices_http"));
    let answer = office.http("POST", &url, Some(asked), &[]).text;
    let (_, rest) = answer.split_once("<duration>").unwrap_or_else(|| panic!("{answer}"));
    let seconds = rest.split_once('<').expect("its end").0;
    let records = office.get("/records");
    vec![
        ("ipxapi", web_api),
        ("fusion", number(&history["CallHistory"][0]["billsec"])),
        ("voicenter", number(&row.expect("a row")["Duration"])),
        ("telservices", seconds.parse().expect("a number")),
        ("console", number(&records["items"][0]["talk_ms"]) / 1_000),
    ]
}

#[test]
fn wire_five_records_of_one_call_tell_the_same_conversation_time() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let passes = |seconds: u64| drop(office.post("/test/clock/advance", json!({ "by_ms": seconds * 1_000 })));
    let session = "<TelServiceRequest><openSession><deviceNumber>1001</deviceNumber></openSession></TelServiceRequest>";
    let gateway = format!("http://{}/", office.address("telservices_http"));
    assert_eq!(office.http("POST", &gateway, Some(session), &[]).status, 200);
    for talk_s in [83, 4_000] {
        office.post("/calls/make_call", json!({ "from": "1001", "to": "1002", "prompt": "ring" }));
        passes(7);
        office.hand("1001", "answer", json!({}));
        passes(11);
        office.hand("1002", "answer", json!({}));
        passes(talk_s);
        office.hand("1002", "hang_up", json!({}));
        office.wait_idle();
        let login = Login::of(&office, "server", "demo", "demo-ipxapi");
        for (door, seconds) in told(&office, &login) {
            assert_eq!(seconds, talk_s, "told by {door}");
        }
        assert_eq!(login.ask("POST", "logout", "").status, 200);
    }
}
