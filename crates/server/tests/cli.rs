//! The command line as its user has it, against the running program.

mod common;

use common::{Office, wait_for};
use serde_json::json;
use std::process::{Command, Output, Stdio};

fn hookswitch(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hookswitch")).args(arguments).stdin(Stdio::null()).output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn said_of_errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn wire_the_commands_answer_in_words() {
    let office = Office::start();
    let data = office.data().to_str().expect("utf-8").to_owned();
    let run = |arguments: &[&str]| {
        let all: Vec<&str> = arguments.iter().copied().chain(["--data", data.as_str()]).collect();
        hookswitch(&all)
    };
    assert_eq!(said(&run(&["calls"])), "no call is up\n");
    let registrations = said(&run(&["registrations"]));
    assert!(registrations.lines().any(|line| line.starts_with("1001 ") && line.contains("simulated 127.0.0.1:0")));
    assert!(registrations.lines().any(|line| line.starts_with("1101 ") && line.contains("not registered")));

    let mut tail = Command::new(env!("CARGO_BIN_EXE_hookswitch"))
        .args(["tail", "--data", &data])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    wait_for("the tail listens", || (office.get("/limits").to_string().contains("\"streams\"")).then_some(()));
    let call = said(&run(&["call", "1001", "1002"]));
    assert!(call.starts_with("call_1 rings 1001"), "{call}");
    office.hand("1001", "answer", json!({}));
    office.hand("1002", "answer", json!({}));
    let calls = said(&run(&["calls"]));
    assert!(calls.starts_with("call_1  dialled 1002\n") && calls.contains("connected"), "{calls}");
    office.hand("1001", "hang_up", json!({}));
    office.wait_idle();
    let trace = said(&run(&["trace", "call_1"]));
    assert!(trace.contains("* established") && trace.contains("no SIP message"), "{trace}");
    // Whoever has read enough of an answer may go.
    for answer in ["calls", "registrations"] {
        let mut gone = Command::new(env!("CARGO_BIN_EXE_hookswitch"))
            .args([answer, "--data", &data])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        drop(gone.stdout.take());
        let end = gone.wait_with_output().expect("it has ended");
        assert_eq!((end.status.code(), said_of_errors(&end).as_str()), (Some(0), ""), "{answer}");
    }
    let backup = said(&run(&["backup", "one.db"]));
    assert!(backup.starts_with("backups/one.db: "), "{backup}");
    assert!(office.data().join("backups/one.db").exists());
    tail.kill().expect("it runs");
    let told = said(&tail.wait_with_output().expect("it has ended"));
    let line = |kind: &str| told.lines().find(|line| line.contains(kind)).unwrap_or_else(|| panic!("{kind}: {told}"));
    let originated = line(" originated ");
    for fact in ["connection=conn_1(1001)", "dialled=1002", "called=1002 \"", "prompted=true"] {
        assert!(originated.contains(fact), "{originated}");
    }
    assert!(line(" established ").contains("connection=conn_2(1002) peers=conn_1(1001)"), "{told}");
    assert!(
        line(" connection_cleared ").contains(" by=itself ") && !told.contains("=null") && !told.contains("=-"),
        "{told}"
    );
}

#[test]
fn wire_a_simulated_phone_of_the_file_answers_on_command() {
    let stations: String =
        ["1001", "1002"].map(|number| format!("[[station]]\nnumber = \"{number}\"\nkind = \"simulated\"\n")).concat();
    let office = Office::configured(&format!("[console]\ntest_control = true\n{stations}"));
    let made = office.post("/calls/make_call", json!({ "from": "1001", "to": "1002" }));
    let first = made["result"]["connection"].as_str().expect("an id").to_owned();
    office.post(&format!("/connections/{first}/answer_call"), json!({}));
    let ringing = wait_for("1002 rings", || {
        let connections = office.get("/connections")["items"].as_array()?.clone();
        connections.into_iter().find(|it| it["state"] == "alerting")?["id"].as_str().map(str::to_owned)
    });
    office.post(&format!("/connections/{ringing}/answer_call"), json!({}));
    let states = office.get("/connections")["items"].as_array().expect("a list").clone();
    assert!(states.len() == 2 && states.iter().all(|it| it["state"] == "connected"), "{states:?}");
}

#[test]
fn wire_refusals_are_sentences_with_an_exit_code() {
    let office = Office::start();
    let data = office.data().to_str().expect("utf-8").to_owned();
    let refused = hookswitch(&["call", "1001", "9999", "--data", &data]);
    assert_eq!(refused.status.code(), Some(1));
    let sentence = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(sentence(&refused), "hookswitch: There is no such number (unknown_number, 404)\n", "said once");
    for name in ["../me", "..", "call_7?x", "call_77"] {
        let nothing = hookswitch(&["trace", name, "--data", &data]);
        assert_eq!(nothing.status.code(), Some(1), "{name}");
        assert!(sentence(&nothing).contains("(unknown_call, 404)"), "{name}: {nothing:?}");
    }
    let nobody = hookswitch(&["calls", "--data", "/nonexistent"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("is an exchange running"), "{nobody:?}");
    assert_eq!(hookswitch(&["frobnicate"]).status.code(), Some(2));
    assert_eq!(hookswitch(&["serve"]).status.code(), Some(2));
}

#[test]
fn a_configuration_is_checked() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("wrong.toml");
    std::fs::write(&file, "[listen]\nconsol = \"127.0.0.1:1\"\n").expect("written");
    let path = file.to_str().expect("utf-8");
    let wrong = hookswitch(&["check", "--config", path]);
    assert_eq!(wrong.status.code(), Some(1));
    let text = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(text.contains("console") && text.contains(":2"), "names the line and the nearest key: {text}");
    std::fs::write(&file, b"[listen]\n# caf\xe9\nconsole = \"127.0.0.1:0\"\n").expect("written");
    let no_text = hookswitch(&["check", "--config", path]);
    assert_eq!(no_text.status.code(), Some(1));
    let text = String::from_utf8_lossy(&no_text.stderr).into_owned();
    assert!(text.contains(":2:6: the octet 0xE9 is no UTF-8; save the file as UTF-8"), "{text}");
    std::fs::write(&file, "[listen]\nconsole = \"127.0.0.1:0\"\n").expect("written");
    assert_eq!(hookswitch(&["check", "--config", path]).status.code(), Some(0));
}
