//! The record of each way in which a call can end (IPX-SMDR-05 to 07), calls from outside among them, and records after deletion.

use crate::client::{Login, error, house, house_with};
use crate::common::ipxapi::Socket;
use crate::common::{Office, wait_for};
use conformance::{proves, proves_partly};
use serde_json::{Value, json};
use std::process::Command;

const OUTSIDE: &str = "+3225550199";
const DID: &str = "+3225550100";

/// A house with an ear for its records.
struct House<'a> {
    office: &'a Office,
    login: &'a Login<'a>,
    socket: Socket,
}

impl House<'_> {
    fn rings(&self, device: &str) {
        wait_for("it rings", || (self.login.status(device) == "ring").then_some(()));
    }

    /// Waits until the caller hears why nobody came, and has it hang up.
    fn fails(&mut self, device: &str, call: u64) {
        loop {
            let frame = self.socket.frame().expect("the caller is told");
            let ended = matches!(frame["type"].as_str(), Some("fail" | "releasedasc"));
            if ended && frame["deviceNumber"] == device && frame["callRefID"] == call {
                return self.login.leg("call/clear_connection", device, call);
            }
        }
    }

    fn calls_in(&self) {
        self.office.post("/test/outside/ring_in", json!({ "from": OUTSIDE, "to": DID, "name": "" }));
    }

    fn hangs_up_outside(&self) {
        self.office.post(&format!("/test/outside/{OUTSIDE}/hang_up"), json!({}));
    }

    fn do_not_disturb(&self, number: &str, on: bool) {
        let path = format!("/extensions/number:{number}/do_not_disturb");
        assert_eq!(self.office.console("PUT", &path, Some(json!({ "on": on }))).status, 200);
    }
}

type Acts = fn(&mut House<'_>);

/// What is done, and what the record says: station, line, direction, the other number, cause.
const ENDINGS: &[(&str, Acts, [&str; 5])] = &[
    (
        "answered",
        |house| {
            let call = house.login.make("1001", "1002");
            house.rings("1002");
            house.login.leg("call/answer", "1002", call);
            house.login.leg("call/clear_connection", "1002", call);
        },
        ["1001", "", "E", "1002", "16-Normal Call Clearing"],
    ),
    (
        "given up",
        |house| {
            let call = house.login.make("1001", "1002");
            house.rings("1002");
            house.login.leg("call/clear_connection", "1001", call);
        },
        ["1001", "", "E", "1002", "16-Normal Call Clearing"],
    ),
    (
        "not answered",
        |house| {
            let call = house.login.make("1001", "1003");
            house.fails("1001", call);
        },
        ["1001", "", "E", "1003", "19-User No Answer"],
    ),
    (
        "refused",
        |house| {
            let call = house.login.make("1001", "1002");
            house.rings("1002");
            house.login.leg("call/clear_connection", "1002", call);
            house.fails("1001", call);
        },
        ["1001", "", "E", "1002", "21-Call Rejected"],
    ),
    (
        "do not disturb",
        |house| {
            house.do_not_disturb("1002", true);
            let call = house.login.make("1001", "1002");
            house.fails("1001", call);
            house.do_not_disturb("1002", false);
        },
        ["1001", "", "E", "1002", "22-User DND"],
    ),
    (
        "forbidden",
        |house| {
            let call = house.login.make("1004", "1003");
            house.fails("1004", call);
        },
        ["1004", "", "E", "1003", "21-Call Rejected"],
    ),
    (
        "from outside, answered",
        |house| {
            house.calls_in();
            house.rings("1001");
            house.office.hand("1001", "answer", json!({}));
            wait_for("they talk", || (house.login.status("1001") == "trk_talk").then_some(()));
            house.hangs_up_outside();
        },
        ["CO001", "01", "I", OUTSIDE, "16-Normal Call Clearing"],
    ),
    (
        "from outside, given up",
        |house| {
            house.calls_in();
            house.rings("1001");
            house.hangs_up_outside();
        },
        ["CO001", "01", "R", OUTSIDE, "16-Normal Call Clearing"],
    ),
    ("from outside, not answered", |house| house.calls_in(), ["CO001", "01", "R", OUTSIDE, "19-User No Answer"]),
    (
        "from outside, do not disturb",
        |house| {
            house.do_not_disturb("1001", true);
            house.calls_in();
            house.office.wait_idle();
            house.do_not_disturb("1001", false);
        },
        ["CO001", "01", "R", OUTSIDE, "22-User DND"],
    ),
];

#[test]
fn wire_each_ending_has_its_record_and_its_cause() {
    let office = house();
    let login = Login::server(&office, "one");
    let socket = login.socket(&["1001", "1002", "1003", "1004"]);
    let mut house = House { office: &office, login: &login, socket };
    let mut records = Vec::new();
    for (what, acts, expected) in ENDINGS {
        acts(&mut house);
        office.wait_idle();
        let record = house.socket.record();
        let fields = ["StationNumber", "CoNumber", "Direction", "DialedNumber1", "DisconnectCause"];
        assert_eq!(fields.map(|field| record[field].as_str().expect("a text")), *expected, "{what}: {record}");
        assert_eq!(
            (&record["Cost"], &record["AccountCode"], &record["DialedNumber2"]),
            (&"00".into(), &"".into(), &"".into())
        );
        assert_eq!(
            (record["Duration"].as_str(), record["StartTime"].as_str().map(str::len)),
            (Some("00:00:00"), Some(16))
        );
        assert_eq!(record.as_object().map(serde_json::Map::len), Some(12), "{record}");
        records.push(record);
    }
    // Busy: two calls at a time, so their records stand by themselves.
    let talk = login.make("1003", "1002");
    login.leg("call/answer", "1002", talk);
    let call = login.make("1001", "1002");
    house.fails("1001", call);
    let busy = house.socket.record();
    assert_eq!((&busy["DisconnectCause"], &busy["callRefID"]), (&json!("17-User Busy"), &json!(call)));
    login.leg("call/clear_connection", "1003", talk);
    office.wait_idle();
    records.extend([house.socket.record(), busy]);
    records.sort_by_key(|record| record["Index"].as_str().and_then(|index| index.parse::<u64>().ok()));
    assert_eq!(login.ask("GET", "smdr", "").json(), json!({ "count": records.len(), "items": records }));
    // What came from outside is the line's, whoever answered: a station has the calls that it placed among its own.
    let own = Login::station(&office, "1001").ask("GET", "smdr", "").json();
    let placed: Vec<&Value> = records.iter().filter(|record| record["StationNumber"] == "1001").collect();
    assert_eq!((&own["items"], placed.is_empty()), (&json!(placed), false));
    proves_partly("IPX-SMDR-06", "lines to the outside that are dialled, transfers, hold, groups, messages and paging");
}

#[test]
fn wire_a_record_tells_what_its_settings_let_it_tell() {
    let office = house_with("\n[ipxapi]\ncall_tracking = false\nsmdr_disconnect_cause = false\n");
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&[]);
    let call = login.make("1001", "1002");
    login.leg("call/clear_connection", "1001", call);
    let told = socket.record();
    assert!(told.get("callRefID").is_none() && told.get("DisconnectCause").is_none(), "{told}");
    assert_eq!(login.ask("GET", "smdr", "").json()["items"], json!([told]));
    assert_eq!(login.ask("GET", "smdr?callRefID=1&countOnly=true", "").json()["count"], 0, "no record has one");
    proves("IPX-ADM-10");
    // Four days and four hours: hours are counted on.
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    office.post("/calls/make_call", json!({ "from": "1001", "to": "1002", "prompt": "off_hook" }));
    office.post("/test/clock/advance", json!({ "by_ms": 1_000 }));
    office.hand("1002", "answer", json!({}));
    office.post("/test/clock/advance", json!({ "by_ms": 360_065_000 }));
    office.hand("1002", "hang_up", json!({}));
    office.wait_idle();
    let login = Login::of(&office, "server", "demo", "demo-ipxapi");
    let record = wait_for("the record", || login.ask("GET", "smdr", "").json()["items"].get(0).cloned());
    assert_eq!(record["Duration"], "100:01:05");
    proves("IPX-SMDR-05");
}

/// What curl prints, as the document's samples call it: `-k`, the query by `-G --data-urlencode`.
fn curl(login: &Login<'_>, method: &str, arguments: &[&str]) -> Value {
    let url = format!("https://{}{}/smdr", login.office.address("ipxapi"), login.base);
    let bearer = format!("Authorization: {}", login.bearer);
    let output = Command::new("curl")
        .args(["-s", "-k", "-X", method, "-H", &bearer])
        .args(arguments)
        .arg(&url)
        .output()
        .expect("curl runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn wire_the_documents_samples_read_and_delete_and_other_doors_keep_what_they_have() {
    let mut office = house();
    let indices = {
        // The account of the samples; another one makes the calls.
        let (login, calls) = (Login::server(&office, "smdr"), Login::server(&office, "cti"));
        let mut socket = login.socket(&[]);
        for from in ["1001", "1003", "1003", "1002", "1001", "1003", "1001"] {
            let to = if from == "1002" { "1001" } else { "1002" };
            let call = calls.make(from, to);
            calls.leg("call/clear_connection", from, call);
            office.wait_idle();
            assert_eq!(socket.record()["callRefID"], call);
        }
        // What was told is stored: its index is good for deletion at once.
        let call = calls.make("1001", "1002");
        calls.leg("call/clear_connection", "1001", call);
        let told = socket.any_frame().expect("a record is told");
        assert_eq!((&told["event"], &told["data"]["callRefID"]), (&json!("smdr"), &json!(call)));
        let index = told["data"]["Index"].as_str().expect("a text");
        assert_eq!(login.ask("DELETE", &format!("smdr?Index={index}"), "").json(), json!({ "count": 1 }));
        proves("IPX-SMDR-08");
        let all = curl(&login, "GET", &[])["items"].as_array().expect("a list").clone();
        let indices: Vec<u64> =
            all.iter().map(|row| row["Index"].as_str().and_then(|it| it.parse().ok()).expect("digits")).collect();
        let count = |arguments: &[&str]| curl(&login, "GET", arguments)["count"].as_u64().expect("a number");
        assert_eq!(curl(&login, "GET", &["-G", "-d", "countOnly=true"]), json!({ "count": 7 }));
        assert_eq!(curl(&login, "GET", &["-G", "-d", "maxCount=10"])["items"], json!(all));
        assert_eq!(count(&["-G", "--data-urlencode", r#"q={"StationNumber":"1003"}"#]), 3);
        let ends_in_3 = r#"q={"\$regex":{"StationNumber":"*3"}}"#;
        assert_eq!(count(&["-G", "--data-urlencode", ends_in_3, "-d", "maxCount=10"]), 3);
        let mangled = curl(&login, "GET", &["-G", "--data-urlencode", r#"q={"":{"StationNumber":"*3"}}\""#]);
        assert_eq!(mangled, json!({ "error": { "code": 1, "message": "Parameter error" } }));
        let since = r#"q={"StationNumber":"1003","$>":{"StartTime":"2018-08-10"}}"#;
        assert_eq!(count(&["-G", "--data-urlencode", since]), 3);
        let [a, c, e] = [indices[0], indices[2], indices[4]];
        let some = format!(r#"{{"\$and":[{{"Index":{a}}},{{"Index":{c}}},{{"Index":{e}}}]}}"#);
        assert_eq!(curl(&login, "DELETE", &["--data-urlencode", &some]), json!({ "count": 3 }));
        assert_eq!(count(&["-G", "-d", "countOnly=true"]), 4);
        let (low, high) = (indices[1], indices[5]);
        let range = format!(r#"{{"\$>":{{"Index":{low}}},"\$<":{{"Index":{high}}}}}"#);
        assert_eq!(curl(&login, "DELETE", &["--data-urlencode", &range]), json!({ "count": 1 }), "3 and 5 are gone");
        proves("IPX-SMDR-12");
        let gone = format!(r#"q={{"Index":{a}}}"#);
        assert_eq!(curl(&login, "DELETE", &["--data-urlencode", &gone]), json!({ "count": 0 }));
        indices
    };
    // A crash brings none of them back, and everybody else has all of them.
    let file = office.data().join("test.toml");
    office.crash_and_restart_with(&["--config", file.to_str().expect("utf-8"), "--ephemeral-ports"]);
    assert_eq!(office.get("/records")["items"].as_array().map(Vec::len), Some(8), "the console's records");
    let login = Login::server(&office, "smdr");
    let left: Vec<Value> = [1, 5, 6].into_iter().map(|n: usize| json!(indices[n].to_string())).collect();
    let items = login.ask("GET", "smdr", "").json()["items"].clone();
    let shown: Vec<Value> = items.as_array().expect("a list").iter().map(|row| row["Index"].clone()).collect();
    assert_eq!(shown, left);
    // Nothing is deleted without a filter that can be read; `{}` is one that says everything.
    for (path, body) in [
        ("smdr", ""),
        ("smdr", "nonsense"),
        ("smdr", "[]"),
        ("smdr", r#"{"Colour":"red"}"#),
        ("smdr", r#"{"$xor":[]}"#),
        ("smdr?q=%7B", ""),
        ("smdr?maxCount=1", "{}"),
    ] {
        assert_eq!(error(&login.ask("DELETE", path, body)), (400, 1, "Parameter error".to_owned()), "{path} {body}");
    }
    let station = Login::station(&office, "1001");
    assert_eq!(error(&station.ask("DELETE", "smdr", "{}")), (403, 299, "Access denied".to_owned()));
    let stranger = Login::with_token(&office, "server", "smdr", "nonsense".to_owned());
    assert_eq!(error(&stranger.ask("DELETE", "smdr", "{}")).0, 401);
    assert_eq!(
        login.ask("GET", "smdr?countOnly=true", "").json(),
        json!({ "count": 3 }),
        "nothing of that deleted any"
    );
    let by = format!("smdr?q=%7B%22Index%22%3A{}%7D", indices[1]);
    assert_eq!(login.ask("DELETE", &by, "").json(), json!({ "count": 1 }), "the filter in the address");
    assert_eq!(login.ask("DELETE", "smdr?StationNumber=1003", "{}").json(), json!({ "count": 1 }), "both have to hold");
    assert_eq!(login.ask("DELETE", "smdr", "{}").json(), json!({ "count": 1 }), "everything");
    assert_eq!(login.ask("GET", "smdr", "").json(), json!({ "count": 0, "items": [] }));
    assert_eq!(station.ask("GET", "smdr", "").json()["count"], 0);
    proves("IPX-SMDR-04");
    proves("IPX-SMDR-09");
}

#[test]
fn wire_an_answer_has_fifty_records_unless_asked_and_a_thousand_at_most() {
    const CALLS: usize = 1_003;
    let office = Office::start();
    assert_eq!(
        office.console("PUT", "/extensions/number:1002/do_not_disturb", Some(json!({ "on": true }))).status,
        200
    );
    let phones = ["1003", "1004", "1005"];
    for n in 0..CALLS {
        let from = phones[n % phones.len()];
        office.post("/calls/make_call", json!({ "from": from, "to": "1002", "prompt": "off_hook", "fail_tone_ms": 0 }));
    }
    office.wait_idle();
    let login = Login::of(&office, "server", "demo", "demo-ipxapi");
    let get = |query: &str| login.ask("GET", &format!("smdr{query}"), "").json();
    wait_for("all records", || (get("?countOnly=true&maxCount=2")["count"] == CALLS).then_some(()));
    let indices = |answer: &Value| -> Vec<u64> {
        let rows = answer["items"].as_array().expect("a list").iter();
        rows.map(|row| row["Index"].as_str().and_then(|it| it.parse().ok()).expect("digits")).collect()
    };
    let page = indices(&get(""));
    assert_eq!((page.len(), page.is_sorted()), (50, true));
    for all in ["?maxCount=0", "?maxCount=1000", "?maxCount=5000", "?maxCount=99999999999999999999"] {
        let answer = get(all);
        assert_eq!((answer["count"].as_u64(), indices(&answer)[..50] == page[..]), (Some(1_000), true), "{all}");
    }
    assert_eq!(indices(&get("?maxCount=51"))[..50], page[..], "the oldest first");
    proves("IPX-SMDR-03");
    proves("IPX-LIM-11");
    // Page by page, as there is no other way (IPX-SMDR-01).
    let (mut seen, mut last) = (0, 0);
    loop {
        let answer = get(&format!("?maxCount=400&q=%7B%22%24%3E%22%3A%7B%22Index%22%3A{last}%7D%7D"));
        let page = indices(&answer);
        let Some(end) = page.last() else { break };
        assert!(page[0] > last && page.is_sorted());
        (seen, last) = (seen + page.len(), *end);
    }
    assert_eq!(seen, CALLS);
}
