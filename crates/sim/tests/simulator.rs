//! The simulator itself: it repeats, it finds nothing wrong with the core, and it does find what is made wrong on purpose.

use sim::bug::Bug;
use sim::engine::Faults;
use sim::run::{Failed, Options, replay, run};
use sim::shrink::shrink;
use switching::cause::Cause;

fn options(seed: u64, faults: Faults) -> Options {
    Options { faults, ..Options::new(seed, 120, 30) }
}

fn assert_sound(options: Options) {
    if let Err(failed) = run(options) {
        let shrunk = shrink(&failed, options.bug).map(|shrunk| shrunk.ladder).unwrap_or_default();
        panic!("seed {}: {:?}\n{shrunk}", options.seed, failed.fault);
    }
}

#[test]
fn runs_without_faults_are_sound() {
    (0..8).for_each(|seed| assert_sound(options(seed, Faults::NONE)));
}

#[test]
fn runs_on_a_bad_day_are_sound() {
    (100..108).for_each(|seed| assert_sound(options(seed, Faults::SOME)));
}

#[test]
fn runs_where_everything_goes_wrong_are_sound() {
    (200..208).for_each(|seed| assert_sound(options(seed, Faults::MANY)));
}

#[test]
fn a_few_phones_with_many_calls_are_sound() {
    (300..304).for_each(|seed| assert_sound(Options { faults: Faults::MANY, ..Options::new(seed, 200, 5) }));
}

#[test]
fn hundreds_of_phones_are_sound() {
    assert_sound(Options { mirror_every: 16, ..Options::new(1, 800, 300) });
}

/// The same seed gives the same octets, another seed others.
#[test]
fn a_run_repeats_to_the_octet() {
    let digest = |seed| run(options(seed, Faults::MANY)).expect("sound").0;
    assert_eq!(digest(7), digest(7));
    assert_ne!(digest(7).digest, digest(8).digest);
}

/// What the workload reaches: a simulator in which nothing happens finds nothing.
#[test]
fn the_workload_reaches_what_it_is_there_for() {
    let options = Options { with_ladder: true, mirror_every: 64, ..Options::new(11, 1_500, 60) };
    let (totals, ladder) = run(options).expect("sound");
    assert!(totals.answered > 50 && totals.records > totals.answered, "{totals:?}");
    assert!(totals.refused > 20 && totals.replies > totals.refused, "{totals:?}");
    let wanted = [
        "service_initiated",
        "prompted",
        "originated",
        "delivered",
        "established",
        "failed",
        "call_information",
        "digits_generated",
        "back_in_service",
        "out_of_service",
        "do_not_disturb",
        "application_session",
        "answered_elsewhere_branch",
        "busy",
        "rejected",
        "no_answer",
        "unregistered",
        "invalid_destination",
        "blocked",
        "engine_lost",
        "abandoned",
        "talk_limit",
        "tone",
        "replayed",
        "key_reused",
        "restricted",
        "answer remotely",
        "peer_rejected",
        "join",
        "accept",
        "circuit=",
        "no line left",
        "inventory",
    ];
    let missing: Vec<&str> = wanted.into_iter().filter(|what| !ladder.contains(what)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

fn failing(bug: Bug) -> Box<Failed> {
    let options = Options { bug, ..Options::new(3, 400, 30) };
    run(options).expect_err("what is made wrong is noticed")
}

/// Each thing that is made wrong is noticed, and by the watcher that is there for it.
#[test]
fn what_is_made_wrong_is_noticed() {
    let wrong = [
        (Bug::DropEvent("delivered"), "event"),
        (Bug::DropEvent("prompted"), "event"),
        (Bug::DropEvent("stage_closed"), "event"),
        (Bug::DropEvent("call_cleared"), "event"),
        (Bug::DoubleRecord, "record"),
        (Bug::WrongCause(Cause::Rejected, Cause::Busy), "event"),
        (Bug::WrongCause(Cause::Abandoned, Cause::NormalClearing), "event"),
        (Bug::LateAnswer, "record"),
        (Bug::DropReply, "reply"),
        (Bug::ForgetLosers, "order"),
    ];
    for (bug, by) in wrong {
        let fault = failing(bug).fault;
        assert!(fault.what.starts_with(by), "{bug:?} was noticed as: {}", fault.what);
    }
}

/// A bug is cut down to the inputs that it needs: a call, and a phone that refuses it after ringing.
#[test]
fn a_failing_run_shrinks_to_a_few_inputs() {
    let bug = Bug::WrongCause(Cause::Rejected, Cause::Busy);
    let failed = failing(bug);
    let all = failed.steps.len() - failed.prefix;
    let shrunk = shrink(&failed, bug).expect("its inputs alone fail");
    assert!(
        shrunk.inputs <= 4 && shrunk.inputs < all,
        "{} of {all} inputs are left:\n{}",
        shrunk.inputs,
        shrunk.ladder
    );
    assert!(shrunk.ladder.contains("connection_cleared"), "the ladder shows the fault:\n{}", shrunk.ladder);
    let (again, _) = replay(&shrunk.steps, bug, 1, false);
    assert_eq!(again.expect_err("it fails again").what, shrunk.fault.what);
    let (healed, _) = replay(&shrunk.steps, Bug::None, 1, false);
    assert!(healed.is_ok(), "without the bug nothing is wrong");
}
