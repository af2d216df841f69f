//! SIP-15: the torture messages of RFC 4475 and RFC 5118, and ten million mutations of them, panic nothing.
//!
//! This is the one long run of the test command; the parser is built optimised for it, with overflow checks (Cargo.toml).

use fuzz::{Plan, TARGETS};
use std::path::Path;
use std::time::Duration;

/// Mutated messages, over all seeds.
const MESSAGES: u64 = 10_000_000;
/// One thread each: as many as the machines that test have cores at least.
const SEEDS: [u64; 2] = [4_475, 5_118];
/// A bound against a decoder that stalls, not a goal: with both threads it takes half a minute.
const TIME_MAX: Duration = Duration::from_secs(220);

/// The torture messages byte by byte as their RFCs print them, and well-formed messages of calls.
fn messages() -> Vec<Vec<u8>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip/tests/fixtures");
    let torture = ["rfc4475", "rfc5118"].map(|folder| {
        let entries = std::fs::read_dir(fixtures.join(folder)).expect("the fixtures");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
        paths.sort();
        paths.into_iter().map(|path| std::fs::read(path).expect("readable")).collect::<Vec<_>>()
    });
    let counts = torture.each_ref().map(Vec::len);
    assert_eq!(counts, [49, 12], "all messages of both RFCs");
    let known = fuzz::corpus(&TARGETS[0]).expect("a corpus");
    torture.into_iter().flatten().chain(known).collect()
}

#[test]
fn ten_million_mutated_messages_panic_nothing() {
    assert_eq!(TARGETS[0].name, "sip_message");
    let messages = messages();
    let one = |seed| {
        let plan = Plan { seed, iterations: MESSAGES / SEEDS.len() as u64, time_max: TIME_MAX };
        fuzz::fuzz(&TARGETS[0], &messages, plan)
    };
    let outcomes = std::thread::scope(|scope| SEEDS.map(|seed| scope.spawn(move || one(seed))).map(|it| it.join()));
    let mut fed = 0;
    for outcome in outcomes {
        match outcome.expect("the runner catches the target's panics") {
            Ok(stats) => fed += stats.inputs,
            Err(failure) => {
                let kept = fuzz::keep(&TARGETS[0], &failure).expect("kept");
                panic!("{} (input kept in {})", failure.what, kept.display());
            }
        }
    }
    assert_eq!(fed, MESSAGES + (SEEDS.len() * messages.len()) as u64, "the machine was too slow for all of them");
    conformance::proves("SIP-15");
}
