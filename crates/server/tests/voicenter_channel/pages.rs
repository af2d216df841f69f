//! The vendor's page on our script, in node.

use crate::channel::{CODE, Channel, called};
use crate::common::Office;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A page that runs in node; its callbacks line by line.
struct Page {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Page {
    /// The script comes from `office`; `at` is whom it then connects to.
    fn run(office: &Office, at: &str, count: usize, mode: &str) -> Self {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/voicenter/page.js");
        let mut child = Command::new("node")
            .args(["--experimental-websocket", "--no-warnings", page, at, CODE, &count.to_string(), mode])
            .env("SCRIPT", format!("http://{}/voicenterMonitorListener.js", office.address("voicenter")))
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is there");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        let line = self.lines.next().expect("a line").expect("readable");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn ends(mut self) {
        assert!(self.child.wait().expect("it ends").success());
    }
}

#[test]
fn wire_the_vendors_page_runs_on_our_script() {
    let office = Office::start();
    let here = office.address("voicenter").to_string();
    // The hook is set after the script, as in the vendor's document, or was there before it.
    for mode in ["after", "before"] {
        let mut page = Page::run(&office, &here, 2, mode);
        assert_eq!(page.next(), json!({"step": "connect", "errorCode": 0}), "{mode}");
        assert_eq!(page.next(), json!({"step": "login", "errorCode": 1, "errorDesc": "Authorization failed."}));
        assert_eq!(page.next(), json!({"step": "login", "errorCode": 0, "errorDesc": "OK"}));
        assert_eq!(page.next(), json!({"step": "all", "count": 40, "first": "Ada Lovelace"}));
        called(&office, "phone=1001&target=1002");
        assert_eq!(
            page.next(),
            json!({"step": "event", "reason": "NEWCALL", "extension": "1001", "status": "Dialing"})
        );
        called(&office, "action=terminate&phone=1001");
        assert_eq!(page.next(), json!({"step": "event", "reason": "HANGUP", "extension": "1001", "status": "Dialing"}));
        assert_eq!(page.next(), json!({"step": "disconnect"}));
        page.ends();
    }
    conformance::proves("VOI-RT-01");
    conformance::proves("VOI-RT-02");
}

#[test]
fn wire_a_page_tries_again_with_longer_and_longer_pauses() {
    let office = Office::start();
    // Nobody listens there.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    let mut page = Page::run(&office, &nobody.to_string(), 33, "tries");
    for n in 1..33 {
        assert_eq!(page.next(), json!({"step": "connect", "errorCode": 1}), "{n}");
        assert_eq!(page.next(), json!({"step": "pause", "ms": (n * 10_000).min(300_000)}), "{n}");
    }
    assert_eq!(page.next(), json!({"step": "connect", "errorCode": 1}));
    page.ends();
    // The server lets nobody in any more.
    let all: Vec<Channel> = (0..200).map(|_| Channel::connect(&office, "voicenter")).collect();
    let mut page = Page::run(&office, &office.address("voicenter").to_string(), 2, "tries");
    assert_eq!(page.next(), json!({"step": "connect", "errorCode": 2}));
    assert_eq!(page.next(), json!({"step": "pause", "ms": 10_000}));
    assert_eq!(page.next(), json!({"step": "connect", "errorCode": 2}));
    page.ends();
    drop(all);
    conformance::proves("VOI-RT-03");
}
