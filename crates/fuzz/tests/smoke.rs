//! The short run of the test command: every target, its whole corpus and some thousand mutations.
//!
//! `FUZZ_ITERATIONS` and `FUZZ_SEED` make it longer or other.

use fuzz::{Plan, TARGETS};
use std::time::Duration;

/// Mutated inputs per target when `FUZZ_ITERATIONS` is not set.
const ITERATIONS: u64 = 20_000;
/// Bound per target, so that a slow machine still ends.
const TIME_MAX: Duration = Duration::from_secs(10);

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
}

#[test]
fn no_mutated_input_panics_a_decoder() {
    let asked = std::env::var_os("FUZZ_ITERATIONS").is_some();
    let plan = Plan {
        seed: number("FUZZ_SEED", 20_250_101),
        iterations: number("FUZZ_ITERATIONS", ITERATIONS),
        time_max: if asked { Duration::from_secs(3_600) } else { TIME_MAX },
    };
    let mut failures = Vec::new();
    for target in TARGETS {
        match fuzz::fuzz(target, &fuzz::corpus(target).unwrap(), plan) {
            Ok(stats) => println!("{}: {} inputs", target.name, stats.inputs),
            Err(failure) => {
                let path = fuzz::keep(target, &failure).unwrap();
                failures.push(format!("{}: {} (input kept in {})", target.name, failure.what, path.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    for target in TARGETS {
        let entries = fuzz::corpus(target).unwrap().len();
        assert!(entries >= 3, "{}: {entries} corpus files; give it three valid inputs", target.name);
    }
    for entry in std::fs::read_dir(fuzz::home().join("corpus")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(TARGETS.iter().any(|target| target.name == name), "fuzz/corpus/{name} belongs to no target");
    }
}
