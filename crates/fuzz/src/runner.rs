//! Runs one target under a plan, catches its panics, times its calls, and makes a failing input small.

use crate::mutate::{self, Dice};
use crate::targets::Target;
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;
use std::time::{Duration, Instant};

/// One input that takes longer is a failure: a decoder must not stall the thread that carries calls.
const INPUT_TIME_MAX: Duration = Duration::from_millis(1_000);
/// At most so many tries to make a failing input smaller.
const SHRINK_TRIES_MAX: usize = 2_000;

/// How far to go.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Decides every mutation.
    pub seed: u64,
    /// Mutated inputs, after the corpus itself.
    pub iterations: u64,
    /// Stops earlier when this much time is gone.
    pub time_max: Duration,
}

/// What was done without a failure.
#[derive(Debug, PartialEq)]
pub struct Stats {
    /// Inputs fed, the corpus included.
    pub inputs: u64,
}

/// The first input that made the target fail.
#[derive(Debug)]
pub struct Failure {
    /// Made as small as it would go.
    pub input: Vec<u8>,
    /// The panic's message and place, or the time it took.
    pub what: String,
}

/// Feeds the corpus, then mutations of it.
///
/// # Errors
/// With the first failure.
pub fn fuzz(target: &Target, corpus: &[Vec<u8>], plan: Plan) -> Result<Stats, Failure> {
    let start = Instant::now();
    let mut inputs = 0;
    for input in corpus {
        feed(target, input)?;
        inputs += 1;
    }
    let mut dice = Dice::new(plan.seed);
    for _ in 0..plan.iterations {
        if start.elapsed() > plan.time_max {
            break;
        }
        feed(target, &mutate::mutate(corpus, &mut dice))?;
        inputs += 1;
    }
    Ok(Stats { inputs })
}

fn feed(target: &Target, input: &[u8]) -> Result<(), Failure> {
    match attempt(target, input) {
        Ok(()) => Ok(()),
        Err(what) => Err(shrink(target, input.to_vec(), what)),
    }
}

/// One call of the target; the reason when it panicked or was slow.
fn attempt(target: &Target, input: &[u8]) -> Result<(), String> {
    thread_local!(static LAST: RefCell<String> = const { RefCell::new(String::new()) });
    static QUIET: Once = Once::new();
    // The hook keeps the place of a panic, and keeps thousands of tries while shrinking off the screen.
    QUIET.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if FEEDING.with(|feeding| *feeding.borrow()) {
                LAST.with(|last| *last.borrow_mut() = info.to_string());
            } else {
                usual(info);
            }
        }));
    });
    let start = Instant::now();
    FEEDING.with(|feeding| *feeding.borrow_mut() = true);
    let result = panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    FEEDING.with(|feeding| *feeding.borrow_mut() = false);
    let took = start.elapsed();
    match result {
        Err(_) => Err(LAST.with(|last| last.borrow().clone())),
        Ok(()) if took > INPUT_TIME_MAX => Err(format!("took {} ms", took.as_millis())),
        Ok(()) => Ok(()),
    }
}

thread_local! {
    /// Is a target running on this thread? Then its panic is a finding, not an accident.
    static FEEDING: RefCell<bool> = const { RefCell::new(false) };
}

/// Leaves out ever smaller pieces while the target still fails.
fn shrink(target: &Target, mut input: Vec<u8>, mut what: String) -> Failure {
    let mut tries = 0;
    let mut piece = input.len() / 2;
    while piece > 0 && tries < SHRINK_TRIES_MAX {
        let mut at = 0;
        while at < input.len() && tries < SHRINK_TRIES_MAX {
            tries += 1;
            let mut smaller = input.clone();
            smaller.drain(at..(at + piece).min(input.len()));
            match attempt(target, &smaller) {
                Ok(()) => at += piece,
                Err(reason) => (input, what) = (smaller, reason),
            }
        }
        piece /= 2;
    }
    Failure { input, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stumbles(input: &[u8]) {
        assert!(!input.windows(2).any(|pair| pair == b"\r\r"), "two returns");
    }

    const STUMBLES: Target = Target { name: "stumbles", run: stumbles };

    #[test]
    fn a_panic_is_found_and_made_small() {
        let plan = Plan { seed: 3, iterations: 200_000, time_max: Duration::from_secs(60) };
        let failure = fuzz(&STUMBLES, &[b"a: 1\r\nb: 2\r\n\r\n".to_vec()], plan).unwrap_err();
        assert_eq!(failure.input, b"\r\r");
        assert!(failure.what.contains("two returns"), "{}", failure.what);
    }

    #[test]
    fn a_corpus_entry_is_fed_as_it_is() {
        let plan = Plan { seed: 3, iterations: 0, time_max: Duration::from_secs(60) };
        assert_eq!(fuzz(&STUMBLES, &[b"fine".to_vec()], plan).unwrap(), Stats { inputs: 1 });
        assert!(fuzz(&STUMBLES, &[b"not \r\r fine".to_vec()], plan).is_err());
    }
}
