//! The console: its messages; and its whole router, without a socket, on an exchange that refuses nothing and does nothing, so
//! that what a body, a path or a query can break breaks here.

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use dialects::common::ask::{Ask, Identity};
use dialects::common::clock::Clock;
use dialects::common::exchange::{Down, Exchange};
use dialects::console::{ConsoleConfig, Door, Stream, is_declared, router};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;
use switching::command::{Answer, Reply};
use switching::id::RequestId;
use switching::picture::Picture;
use switching::time::Time;
use tokio::runtime::Runtime;
use tower_service::Service;

/// A request of the console's API: a line with method and target, then the body. Whatever it is, the answer is JSON with its length,
/// and no fault of ours; where it is refused, it says by a declared name why.
pub fn http(input: &[u8]) {
    let (line, body) = input.split_at(input.iter().position(|octet| *octet == b'\n').unwrap_or(input.len()));
    let line = String::from_utf8_lossy(line);
    let (method, target) = line.trim().split_once(' ').unwrap_or(("POST", "/api/v1/calls/make_call"));
    let Some((status, media, text)) = ask(method, target, body.strip_prefix(b"\n").unwrap_or(body)) else {
        return;
    };
    assert_ne!(status, 500, "a fault of ours: {text}");
    // The pages are for people.
    if status >= 400 && target.starts_with("/api/") {
        assert_eq!(media, "application/problem+json", "{text}");
        let problem: serde_json::Value = serde_json::from_str(&text).expect("a problem is JSON");
        let refusal = problem["refusal"].as_str().unwrap_or_default();
        assert!(is_declared(refusal), "{refusal} is not declared");
    }
}

/// A message on the console's WebSocket: what can be read as a subscription is one with a name and known words.
pub fn message(input: &[u8]) {
    use dialects::console::message::{Said, Wanted, read};
    let text = String::from_utf8_lossy(input);
    let Ok(Said::Subscribe(message)) = read(&text) else { return };
    match Wanted::read(&message, &switching::picture::Picture::default()) {
        Ok(wanted) => assert!((1..=64).contains(&wanted.id.len()) && !(wanted.snapshot && wanted.from.is_some())),
        Err(problem) => assert_eq!(problem.refusal, "value"),
    }
}

/// Streams and waits for a `min_seq` are given up after so long.
const ANSWER_WAIT: Duration = Duration::from_millis(5);
/// Octets of an answer that are looked at.
const ANSWER_LEN_MAX: usize = 16 * 1024 * 1024;

struct Rig {
    runtime: Runtime,
    router: Router,
}

/// Status, media type and body of the answer; none when there is no such request, or when the answer does not end by itself.
fn ask(method: &str, target: &str, body: &[u8]) -> Option<(u16, String, String)> {
    thread_local!(static RIG: RefCell<Option<Rig>> = const { RefCell::new(None) });
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("authorization", "Bearer hsk_fuzz_secret")
        .header("content-type", "application/json")
        .body(Body::from(body.to_vec()))
        .ok()?;
    RIG.with_borrow_mut(|rig| {
        let Rig { runtime, router } = rig.get_or_insert_with(made);
        runtime.block_on(async {
            let response = tokio::time::timeout(ANSWER_WAIT, router.call(request)).await.ok()?;
            let response = response.expect("a router always answers");
            let status = response.status().as_u16();
            let media =
                response.headers().get("content-type").and_then(|it| it.to_str().ok()).unwrap_or_default().to_owned();
            if media == "text/event-stream" {
                return None;
            }
            let octets = axum::body::to_bytes(response.into_body(), ANSWER_LEN_MAX).await.expect("an answer ends");
            Some((status, media, String::from_utf8(octets.to_vec()).expect("answers are UTF-8")))
        })
    })
}

fn made() -> Rig {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let (exchange, mut down) = Exchange::new(Picture::default(), "ep_fuzz".to_owned(), Clock::stopped(Time(0)));
    runtime.spawn(async move {
        while let Some(asked) = down.recv().await {
            match asked {
                Down::Command(_, back) | Down::Configure(_, _, back) => drop(back.send(done())),
                Down::Ask(Ask::Token { back, .. }) => drop(back.send(Some(operator()))),
                Down::Ask(Ask::Login { back, .. }) => drop(back.send(Some(operator()))),
                Down::Ask(Ask::Records(_, back)) => drop(back.send(Ok(Vec::new()))),
                Down::Ask(Ask::Events { back, .. }) => drop(back.send(Ok(Vec::new()))),
                Down::Ask(Ask::Test(_, back)) => drop(back.send(Ok(()))),
                // Dropped unanswered: the exchange seems to be stopping.
                Down::Key(..) | Down::Seq(_) | Down::Ask(_) => {}
            }
        }
    });
    let config = ConsoleConfig {
        test_control: true,
        commands_per_min: u32::MAX,
        reads_per_min: u32::MAX,
        ..ConsoleConfig::default()
    };
    let router = router(Door::new(exchange, config, Stream::new(1)));
    Rig { runtime, router }
}

fn operator() -> Identity {
    Identity { account: "fuzz".to_owned(), scopes: vec!["*".to_owned()], settings: BTreeMap::new() }
}

fn done() -> Reply {
    Reply { request: RequestId(1), before: 0, through: 0, replayed: false, outcome: Ok(Answer::Done) }
}
