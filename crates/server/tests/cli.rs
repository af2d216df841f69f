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
    let backup = said(&run(&["backup", "one.db"]));
    assert!(backup.starts_with("backups/one.db: "), "{backup}");
    assert!(office.data().join("backups/one.db").exists());
    tail.kill().expect("it runs");
    tail.wait().expect("it has ended");
}

#[test]
fn wire_refusals_are_sentences_with_an_exit_code() {
    let office = Office::start();
    let data = office.data().to_str().expect("utf-8").to_owned();
    let refused = hookswitch(&["call", "1001", "9999", "--data", &data]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("unknown_number"), "{refused:?}");
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
    std::fs::write(&file, "[listen]\nconsole = \"127.0.0.1:0\"\n").expect("written");
    assert_eq!(hookswitch(&["check", "--config", path]).status.code(), Some(0));
}
