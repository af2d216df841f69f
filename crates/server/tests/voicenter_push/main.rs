//! The notification of finished calls: every row to every server, in order, once more where it did not arrive, and none lost in a
//! crash.

#[path = "../common/mod.rs"]
mod common;

mod servers;
mod terms;

use common::{Office, SOON, wait_for, wait_within};
use serde_json::{Value, json};
use servers::{Got, Listener, Server, http, taken};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const CODE: &str = "letmein";

/// An office with two phones that answer by themselves, and one that never does; `pushes` are the servers.
fn configuration(pushes: &str) -> String {
    format!(
        "[console]\ntest_control = true\n[voicenter]\nrequests_per_s = 1000\n\
         [[account]]\ndoor = \"voicenter\"\npassword = \"{CODE}\"\n\
         [[station]]\nnumber = \"201\"\nkind = \"simulated\"\nfirst_name = \"Walter\"\nlast_name = \"Melon\"\nanswer_after_ms = 2000\n\
         [[station]]\nnumber = \"202\"\nkind = \"simulated\"\nfirst_name = \"Rita\"\nlast_name = \"Book\"\nanswer_after_ms = 3000\n\
         [[station]]\nnumber = \"203\"\nkind = \"simulated\"\n{pushes}"
    )
}

/// An office with a stopped clock, and the arguments by which it starts again.
fn office(dir: &tempfile::TempDir, pushes: &str) -> (Office, Vec<String>) {
    office_of(dir, &configuration(pushes))
}

/// The same with this configuration.
fn office_of(dir: &tempfile::TempDir, configuration: &str) -> (Office, Vec<String>) {
    let file = dir.path().join("office.toml");
    std::fs::write(&file, configuration).expect("written");
    let arguments = ["--config", file.to_str().expect("utf-8"), "--ephemeral-ports", "--virtual-clock"];
    let arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
    let all: Vec<&str> = arguments.iter().map(String::as_str).collect();
    (Office::start_with(&all), arguments)
}

fn push(name: &str, port: u16, more: &str) -> String {
    format!(
        "[[cdr_push]]\nname = \"{name}\"\nurl = \"http://127.0.0.1:{port}/cdr?key=secret\"\nprivate = true\n{more}\n"
    )
}

fn pass(office: &Office, ms: u64) {
    office.post("/test/clock/advance", json!({"by_ms": ms}));
}

fn called(office: &Office, query: &str) -> String {
    let url =
        format!("http://{}/ForwardDialer/click2call.aspx?code={CODE}&format=json&{query}", office.address("voicenter"));
    let answer = office.http("GET", &url, None, &[]).json();
    assert_eq!(answer["ERRORCODE"], 0, "{answer}");
    answer["CALLID"].as_str().expect("text").to_owned()
}

/// A call of 201 with 202 that talks for ten seconds.
fn talk(office: &Office) -> String {
    let id = called(office, "phone=201&target=202&var_customer=7");
    pass(office, 5_000);
    pass(office, 10_000);
    assert_eq!(called(office, "action=terminate&phone=202"), id);
    id
}

#[test]
fn wire_every_row_reaches_every_server_in_order_and_in_its_format() {
    let dir = tempfile::tempdir().expect("a directory");
    let (json, form) = (Server::start(|_, _| taken()), Server::start(|_, _| http("204 No Content", "")));
    // The third one is the vendor's kind of listener.
    let mut listener = Listener::start(2);
    let pushes = [
        push("json", json.port, ""),
        push("form", form.port, "format = \"form\""),
        push("xml", listener.port, "format = \"xml-rpc\""),
    ];
    let (office, _) = office(&dir, &pushes.concat());
    let id = talk(&office);
    let (first, second) = (json.next(), json.next());
    assert!(first.head.starts_with("POST /cdr?key=secret HTTP/1.1\r\n"), "{}", first.head);
    assert!(first.has("content-type: application/json; charset=utf-8"), "{}", first.head);
    assert!(first.head.to_ascii_lowercase().contains("\r\nuser-agent: hookswitch/"), "{}", first.head);
    let rows = [first.json(), second.json()];
    let time = rows[0]["time"].as_i64().expect("a number");
    let common = |row: &Value| {
        json!([row["ivruniqueid"], row["type"], row["status"], row["time"], row["duration"], row["dialtime"]])
    };
    assert_eq!(common(&rows[0]), json!([id, "Click2Call leg1", "ANSWER", time, 13, 2]));
    assert_eq!(common(&rows[1]), json!([id, "Click2Call leg2", "ANSWER", time + 2, 10, 3]));
    let mut leg2 = rows[1].as_object().expect("an object").clone();
    let code = leg2.remove("representative_code").expect("there");
    assert!(code.as_str().is_some_and(|code| code.len() >= 4), "{code}");
    assert_eq!(
        Value::Object(leg2),
        json!({
            "caller": "201", "target": "202", "time": time + 2, "duration": 10, "ivruniqueid": id, "type": "Click2Call leg2",
            "status": "ANSWER", "targetextension": "202", "callerextension": "201", "did": "", "queueid": 0, "queuename": "",
            "record": "", "price": 0, "dialtime": 3, "representative_name": "Walter Melon", "targetextension_name": "Rita Book",
            "callerextension_name": "Walter Melon", "target_country": "", "caller_country": "",
            "CustomData": {"var_customer": "7"},
        })
    );
    for row in &rows {
        let got = form.next();
        assert!(got.has("content-type: application/x-www-form-urlencoded"), "{}", got.head);
        let kind = row["type"].as_str().expect("text").replace(' ', "+");
        assert!(
            got.body.contains(&format!("&type={kind}&")) && got.body.contains(&format!("ivruniqueid={id}&")),
            "{}",
            got.body
        );
        let told = listener.next();
        assert_eq!(told["wrong"], json!([]), "{told}");
        assert_eq!(common(&told), common(row));
        assert_eq!(told["CustomData"], row["CustomData"]);
    }
    assert!(listener.ended(), "it took both and ended");
    assert!(json.nothing() && form.nothing());
    conformance::proves("VOI-CDR-01");
    conformance::proves("VOI-CDR-02");
    conformance::proves("VOI-CDR-03");
    conformance::proves("VOI-CDR-04");
    conformance::proves("VOI-CDR-17");
    conformance::proves_partly("VOI-CDR-05", "prices, recordings and queues");
    conformance::proves_partly("VOI-CDR-10", "recordings that a row waits for");
    conformance::proves_partly("VOI-CDR-15", "voicemail, external menus, conferences");
    conformance::proves_partly("VOI-CDR-16", "menus passed through");
}

#[test]
fn wire_what_does_not_arrive_is_tried_again_by_the_plan_and_survives_a_crash() {
    let dir = tempfile::tempdir().expect("a directory");
    // The first three tries of the first row fail in three ways; all later ones are taken.
    let flaky = Server::start(|n, _| match n {
        0 => http("500 Internal Server Error", ""),
        1 => http("200 OK", r#"{"Err":2,"Errdesc":"not now"}"#),
        2 => "garbage\r\n\r\n".to_owned(),
        _ => taken(),
    });
    let (mut office, arguments) = office(&dir, &push("flaky", flaky.port, ""));
    let id = talk(&office);
    let first = flaky.next();
    assert_eq!(first.row(), (id.clone(), "Click2Call leg1".to_owned()));
    // A minute later again, then after five, and a quarter of an hour: the same octets at every try.
    let (again, waited_s) = next_try(&office, &flaky);
    assert_eq!(again.body, first.body);
    assert!((60..300).contains(&waited_s), "{waited_s}");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.crash_and_restart_with(&arguments);
    let (third, waited_s) = next_try(&office, &flaky);
    assert_eq!(third.body, first.body);
    // By the plan; or, where the crash came before the answer was noted, when the lease of that try had ended.
    assert!(waited_s >= 55, "{waited_s}");
    // The second row waits behind the first, and another call does not.
    let other = called(&office, "phone=203&target=201");
    called(&office, "action=terminate&phone=203");
    assert_eq!(flaky.next().row(), (other.clone(), "Click2Call leg1".to_owned()), "another call is not held back");
    assert_eq!(flaky.next().row(), (other, "Click2Call leg2".to_owned()));
    let (fourth, waited_s) = next_try(&office, &flaky);
    assert_eq!(fourth.body, first.body);
    assert!(waited_s >= 900, "{waited_s}");
    assert_eq!(flaky.next().row(), (id, "Click2Call leg2".to_owned()), "and its next row follows");
    // What has arrived is not sent again: what comes next is of the next call.
    pass(&office, 24 * 3_600_000);
    let last = called(&office, "phone=203&target=201");
    called(&office, "action=terminate&phone=203");
    assert_eq!([flaky.next().row().0, flaky.next().row().0], [last.clone(), last]);
    conformance::proves("VOI-CDR-08");
}

#[test]
fn wire_what_nobody_takes_is_parked_holds_nothing_back_and_can_be_replayed() {
    let dir = tempfile::tempdir().expect("a directory");
    let reads = Arc::new(AtomicBool::new(false));
    // One server cannot read first legs until it is mended; the other is out of order for all of the plan.
    let mended = Arc::clone(&reads);
    let picky = Server::start(move |_, got| match got.row().1.as_str() {
        "Click2Call leg1" if !mended.load(Ordering::Acquire) => http("200 OK", r#"{"err":1,"errdesc":"no JSON"}"#),
        _ => taken(),
    });
    let pushes = push("picky", picky.port, "");
    let (mut office, arguments) = office(&dir, &pushes);
    let id = talk(&office);
    let first = picky.next();
    assert_eq!(first.row(), (id.clone(), "Click2Call leg1".to_owned()));
    assert_eq!(parked(&office), Vec::<Value>::new());
    // What cannot be read is tried three times in all: the same octets. Only then its next row goes.
    for minutes in [1, 5] {
        assert_eq!(try_after(&office, &picky, minutes).body, first.body);
    }
    assert_eq!(picky.next().row(), (id.clone(), "Click2Call leg2".to_owned()), "a parked row holds nothing back");
    let told = wait_for("it is parked", || parked(&office).pop());
    assert_eq!((&told["endpoint"], &told["tries"]), (&json!("voicenter/picky"), &json!(3)), "{told}");
    assert!(told["message"].as_str().is_some_and(|message| message.starts_with(&id)), "{told}");
    let rows = office.http(
        "GET",
        &format!("http://{}/hub/cdr/?code={CODE}&callID={id}", office.address("voicenter")),
        None,
        &[],
    );
    assert_eq!(rows.json()["TOTAL_HITS"], 2, "the call log has it all the same");
    // It stays parked over a restart, however long; replayed it is tried anew, and taken by a server that is mended.
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.crash_and_restart_with(&arguments);
    pass(&office, 7 * 24 * 3_600_000);
    assert_eq!(parked(&office).as_slice(), std::slice::from_ref(&told));
    assert!(picky.nothing());
    let replay = |push: &str| office.console("POST", &format!("/parked_pushes/{push}/replay"), None).status;
    let push = told["id"].as_str().expect("text");
    assert_eq!(replay(push), 204);
    assert_eq!(try_after(&office, &picky, 0).body, first.body);
    reads.store(true, Ordering::Release);
    assert_eq!(try_after(&office, &picky, 1).body, first.body);
    assert_eq!(parked(&office), Vec::<Value>::new());
    assert_eq!([replay(push), replay("999999"), replay("x")], [404; 3], "it has arrived");
    assert!(picky.nothing());
}

#[test]
fn wire_a_server_that_is_out_of_order_gets_every_try_of_the_plan() {
    let dir = tempfile::tempdir().expect("a directory");
    let broken = Server::start(|n, _| match n % 3 {
        0 => http("503 Service Unavailable", ""),
        1 => http("200 OK", r#"{"err":2,"errdesc":"no"}"#),
        // Cut off before an answer.
        _ => String::new(),
    });
    let (office, _) = office(&dir, &push("broken", broken.port, ""));
    let id = called(&office, "phone=203&target=201");
    called(&office, "action=terminate&phone=203");
    let first = broken.next();
    for minutes in [1, 5, 15, 60, 180, 360, 720] {
        let again = try_after(&office, &broken, minutes);
        assert_eq!(again.body, first.body, "{minutes}");
    }
    let second = try_after(&office, &broken, 0);
    assert_eq!(second.row(), (id, "Click2Call leg2".to_owned()));
    let told = wait_for("it is parked", || parked(&office).pop());
    assert_eq!(told["tries"], 8, "{told}");
    conformance::proves("VOI-CDR-09");
}

/// What `/metrics` says of an endpoint: events that it is behind, pushes that wait, their greatest age in seconds, pushes parked.
fn behind(office: &Office, name: &str) -> [u64; 4] {
    let of = |figure: &str| office.metric(&format!("{figure}{{endpoint=\"voicenter/{name}\"}}"));
    [of("push_cursor_lag"), of("pushes_waiting"), of("push_oldest_age_seconds"), of("pushes_parked")]
}

fn tries(office: &Office, name: &str, outcome: &str) -> u64 {
    office.metric(&format!("push_tries_total{{endpoint=\"voicenter/{name}\",outcome=\"{outcome}\"}}"))
}

#[test]
fn wire_metrics_tell_how_far_each_server_is_behind() {
    let dir = tempfile::tempdir().expect("a directory");
    let good = Server::start(|_, _| taken());
    let works = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&works);
    let broken = Server::start(move |_, _| match mended.load(Ordering::Acquire) {
        false => http("503 Service Unavailable", ""),
        true => taken(),
    });
    let (mut office, arguments) =
        office(&dir, &[push("good", good.port, ""), push("broken", broken.port, "")].concat());
    assert_eq!([behind(&office, "good"), behind(&office, "broken")], [[0; 4]; 2], "nothing has happened");
    talk(&office);
    broken.next();
    wait_for("the first try is noted", || office.metrics().contains("outcome=\"again\"").then_some(()));
    assert_eq!(tries(&office, "broken", "again"), 1);
    pass(&office, 30_000);
    let both = wait_for("one has all, and the other nothing", || {
        Some(behind(&office, "broken")).filter(|_| behind(&office, "good") == [0; 4])
    });
    assert_eq!(both, [0, 2, 30, 0]);
    assert_eq!(tries(&office, "good", "taken"), 2);
    // How old they are outlives the program, and tries make nothing younger.
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    office.crash_and_restart_with(&arguments);
    let [_, waiting, mut expected_s, parked] = behind(&office, "broken");
    assert_eq!([waiting, parked], [2, 0]);
    for minutes in [1, 5] {
        let (_, passed_s) = next_try(&office, &broken);
        expected_s += passed_s;
        let [_, waiting, age_s, parked] = behind(&office, "broken");
        assert_eq!([waiting, age_s, parked], [2, expected_s, 0], "after {minutes} min");
    }
    works.store(true, Ordering::Release);
    next_try(&office, &broken);
    wait_for("nothing waits any more", || (behind(&office, "broken") == [0; 4]).then_some(()));
}

/// What the operator sees parked.
fn parked(office: &Office) -> Vec<Value> {
    office.get("/parked_pushes")["items"].as_array().expect("a list").clone()
}

/// The next try, which comes so many minutes after the last one at the earliest.
fn try_after(office: &Office, server: &Server, minutes: u64) -> Got {
    let step_ms = (minutes * 60_000 / 10).max(1_000);
    let mut waited_ms = 0;
    let got = wait_within(3 * SOON, "another try", || {
        let came = server.got.try_recv().ok();
        if came.is_none() {
            pass(office, step_ms);
            waited_ms += step_ms;
        }
        came
    });
    assert!(waited_ms >= minutes * 60_000, "after {waited_ms} ms, {minutes} min were due");
    got
}

#[test]
fn wire_a_server_that_must_not_be_reached_or_redirects_or_hangs_hinders_nobody() {
    let dir = tempfile::tempdir().expect("a directory");
    let good = Server::start(|_, _| taken());
    let there = good.port;
    let elsewhere = Server::start(move |_, _| {
        format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{there}/moved\r\nContent-Length: 0\r\n\r\n")
    });
    let around = Server::start(|_, _| {
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: /cdr\r\nContent-Length: 0\r\n\r\n".to_owned()
    });
    let forbidden = Server::start(|_, _| taken());
    // It takes connections and never says anything.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let pushes = [
        push("silent", silent.local_addr().expect("bound").port(), ""),
        push("around", around.port, ""),
        format!("[[cdr_push]]\nname = \"forbidden\"\nurl = \"http://localhost:{}/cdr\"\n", forbidden.port),
        push("elsewhere", elsewhere.port, ""),
        "[[cdr_push]]\nname = \"nobody\"\nurl = \"https://127.0.0.1:1/\"\nprivate = true\n".to_owned(),
    ];
    let (office, _) = office(&dir, &pushes.concat());
    let id = talk(&office);
    elsewhere.next();
    let got = good.next();
    assert!(got.head.starts_with("POST /moved HTTP/1.1\r\n"), "the same method: {}", got.head);
    assert_eq!(got.row(), (id.clone(), "Click2Call leg1".to_owned()));
    assert_eq!(good.next().row().1, "Click2Call leg2");
    // Three redirects are followed; the next try comes a minute later.
    for _ in 0..4 {
        around.next();
    }
    assert!(around.nothing());
    // Calls go on, and their rows reach whom they can.
    let next = talk(&office);
    assert_eq!([good.next().row().0, good.next().row().0], [next.clone(), next]);
    assert!(forbidden.nothing(), "this machine is nobody's server unless that is allowed");
    conformance::proves_partly("VOI-ADM-26", "the families of pop-up, menu and layer");
    conformance::proves_partly("VOI-LIM-06", "the notification of calls only");
}

/// What `check` says of a configuration that it refuses.
fn refused_by_check(text: &str) -> String {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("office.toml");
    std::fs::write(&file, text).expect("written");
    let checked = Command::new(env!("CARGO_BIN_EXE_hookswitch")).arg("check").arg("--config").arg(&file).output();
    let checked = checked.expect("it runs");
    let told = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert!(!checked.status.success(), "{told}");
    told
}

#[test]
fn wire_a_wrong_url_is_named_by_check() {
    let text = "[[cdr_push]]\nname = \"a\"\nurl = \"ftp://x/\"\n[[cdr_push]]\nname = \"a\"\nurl = \"http://x/\"\n";
    let told = refused_by_check(text);
    assert!(told.contains("cdr_push[1].url: a URL begins with http:// or https://"), "{told}");
    assert!(told.contains("cdr_push[2].name: a stands already in cdr_push[1]"), "{told}");
}

/// Lets the clock run until the server gets something; gives it, and how many seconds passed.
fn next_try(office: &Office, server: &Server) -> (Got, u64) {
    let mut waited_s = 0;
    let got = wait_for("another try", || {
        pass(office, 5_000);
        waited_s += 5;
        server.got.try_recv().ok()
    });
    (got, waited_s)
}
