//! README's "A first call by curl", typed line by line as it stands, at a demo office of its own ports.

mod common;

use common::{Office, SOON, wait_for, wait_within};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
/// What the shell says after each line.
const TYPED: &str = ">>> typed";

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
    // The stream that stands beside the last call is ended with the test.
    line.replace("curl -N", &format!("timeout {} curl -N", 6 * SOON.as_secs()))
}

/// A shell in which a newcomer types.
struct Shell {
    child: Child,
    typing: ChildStdin,
    said: Arc<Mutex<Vec<String>>>,
}

impl Shell {
    fn start() -> Self {
        let mut child = Command::new("bash")
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash is there");
        let (typing, out) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                kept.lock().expect("nobody panicked with it").push(line);
            }
        });
        Self { child, typing, said }
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().expect("nobody panicked with it").clone()
    }

    /// Types a line; gives what is said until it is done.
    fn types(&mut self, line: &str) -> String {
        let before = self.said().len();
        writeln!(self.typing, "{line}\necho; echo '{TYPED}'").and_then(|()| self.typing.flush()).expect("it reads");
        let text = wait_within(6 * SOON, line, || {
            let said = self.said();
            let end = said[before..].iter().position(|said| said == TYPED)?;
            Some(said[before..before + end].join("\n"))
        });
        text.trim().to_owned()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // It may have ended already; what it started beside ends with the office.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether it is seen in the answer that something has not come that far yet: a newcomer types the line once more.
fn is_too_early(line: &str, answer: &str) -> bool {
    (line.contains("/answer") && !answer.contains("\"through\""))
        || (line.contains("ccGetChannels") && answer.matches("<State>Up</State>").count() < 2)
}

#[test]
fn wire_the_lines_of_readme_work_one_after_the_other() {
    let office = Office::start();
    let mut shell = Shell::start();
    let answers: Vec<(String, String)> = lines()
        .into_iter()
        .map(|line| {
            let fitted = fitted(&office, &line);
            let answer = wait_for(&line, || Some(shell.types(&fitted)).filter(|answer| !is_too_early(&line, answer)));
            (line, answer)
        })
        .collect();
    let answer = |part: &str| {
        let typed = answers.iter().find(|(line, _)| line.contains(part));
        typed.map(|(_, answer)| answer.as_str()).unwrap_or_else(|| panic!("no line with {part}"))
    };
    assert!(answer("ccOriginate").contains("<Result>0</Result>"), "{answers:#?}");
    assert_eq!(answer("ccGetChannels").matches("<State>Up</State>").count(), 2, "{answers:#?}");
    assert!(answer("ipecs_svc").contains("<code>100</code>"), "{answers:#?}");
    let made: Value = serde_json::from_str(answer("call/make")).expect("JSON");
    assert!(made["data"]["callRefID"].is_number(), "{answers:#?}");
    assert!(answer("action=call").contains("OK"), "{answers:#?}");
    assert!(answer("hub/cdr").contains("CDR_LIST"), "{answers:#?}");
    assert!(answer("makeCall?").contains("<standard/>"), "{answers:#?}");
    assert!(answer("tel openSession").contains("<standard/>"), "{answers:#?}");
    assert!(answer("Idempotency-Key").contains("call_"), "{answers:#?}");
    wait_for("the stream tells of it", || shell.said().iter().any(|line| line.starts_with("event: ")).then_some(()));
    // 1011 rings for the last call; the ones before are up or ring.
    wait_for("calls of every door", || (office.calls().len() >= 5).then_some(()));
}
