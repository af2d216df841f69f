//! README's "A first call by curl", typed line by line as it stands, at a demo office of its own ports.

mod common;

use common::{Office, SOON, wait_for};
use serde_json::Value;
use std::process::Command;

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");

/// The indented lines of the section.
fn lines() -> Vec<String> {
    let text = std::fs::read_to_string(README).expect("README is there");
    let (_, section) = text.split_once("## A first call by curl").expect("the section");
    let (section, _) = section.split_once("\nOr with the program itself").expect("its end");
    let lines: Vec<String> = section.lines().filter_map(|line| line.strip_prefix("    ")).map(str::to_owned).collect();
    assert!(lines.len() > 15, "{lines:?}");
    lines
}

/// The same for this office: its ports and its directory.
fn fitted(office: &Office, line: &str) -> String {
    let usual = [
        ("127.0.0.1:8088", "console"),
        ("127.0.0.1:7878", "clickcall"),
        ("127.0.0.1:1024", "ipxapi"),
        ("127.0.0.1:8081", "voicenter"),
        ("127.0.0.1:7001", "telservices_http"),
        ("127.0.0.1:7000", "telservices_tcp"),
        ("127.0.0.1/xml", "fusion"),
    ];
    let data = office.data().to_str().expect("utf-8");
    let mut line = line.replace("data/demo", data);
    for (written, listener) in usual {
        let address = office.address(listener).to_string();
        let here = if written.ends_with("/xml") { format!("{address}/xml") } else { address };
        line = line.replace(written, &here);
    }
    // The stream that stands beside the last call is ended with it.
    line.replace("curl -N", &format!("timeout {} curl -N", SOON.as_secs()))
}

#[test]
fn wire_the_lines_of_readme_work_one_after_the_other() {
    let office = Office::start();
    let script: String = lines().iter().map(|line| format!("echo '>>>'\n{}\n", fitted(&office, line))).collect();
    // A newcomer types more slowly than a shell.
    let typed = script.replace("echo '>>>'", "sleep 0.2; echo; echo '>>>'");
    let output = Command::new("bash")
        .args(["-c", &format!("{typed}\nsleep 0.5; kill %1")])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .expect("bash is there");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let answers: Vec<&str> = said.split(">>>\n").skip(1).collect();
    let typed: Vec<String> = lines();
    let answer = |part: &str| {
        let at = typed.iter().position(|line| line.contains(part)).unwrap_or_else(|| panic!("no line with {part}"));
        answers.get(at).map(|text| text.trim()).unwrap_or_else(|| panic!("no answer to {part}: {said}"))
    };
    assert!(answer("ccOriginate").contains("<Result>0</Result>"), "{said}");
    assert_eq!(answer("ccGetChannels").matches("<State>Up</State>").count(), 2, "{said}");
    assert!(answer("ipecs_svc").contains("<code>100</code>"), "{said}");
    let made: Value = serde_json::from_str(answer("call/make")).expect("JSON");
    assert!(made["data"]["callRefID"].is_number(), "{said}");
    assert!(answer("action=call").contains("OK"), "{said}");
    assert!(answer("hub/cdr").contains("CDR_LIST"), "{said}");
    assert!(answer("makeCall?").contains("<standard/>"), "{said}");
    assert!(answer("tel openSession").contains("<standard/>"), "{said}");
    assert!(answer("Idempotency-Key").contains("call_"), "{said}");
    assert!(said.contains("event: "), "the stream told of it: {said}");
    // 1011 rings for the last call; the ones before are up or ring.
    wait_for("calls of every door", || (office.calls().len() >= 5).then_some(()));
}
