//! A client's mirror, folded from a snapshot and the frames after it by "put or delete", equals a later snapshot.

use super::office::{Mirror, Office};
use crate::console::filter::Filter;
use serde_json::Value;

/// Subscriptions with filters of their own.
const SUBSCRIPTIONS: usize = 20;
/// Things that happen.
const STEPS: usize = 1_600;
/// Snapshots are compared after so many of them.
const COMPARED_EVERY: usize = 40;

#[test]
fn every_fold_equals_a_fresh_snapshot() {
    let mut calls = 0;
    for seed in 1..=3 {
        let mut office = Office::new(seed);
        office.watch(Filter { named: true, ..Filter::all() });
        for _ in 1..SUBSCRIPTIONS {
            let filter = office.some_filter();
            office.watch(filter);
        }
        for step in 0..STEPS {
            office.something();
            if step % COMPARED_EVERY == 0 {
                compare(&office, seed, step);
            }
        }
        compare(&office, seed, STEPS);
        calls += office.calls;
    }
    assert!(calls > 1_000, "enough happened: {calls} calls");
    conformance::proves("CON-01");
}

fn compare(office: &Office, seed: u64, step: usize) {
    for (n, mirror) in office.mirrors.iter().enumerate() {
        let fresh = Mirror::snapshot(&mirror.filter, &office.picture, &office.clock);
        for (collection, items) in &fresh {
            let folded = mirror.at.get(collection).unwrap_or(&Value::Null);
            assert_eq!(folded, items, "seed {seed}, step {step}, subscription {n} ({:?}), {collection}", mirror.filter);
        }
    }
}

#[test]
fn equal_seeds_give_equal_frames() {
    let run = || {
        let mut office = Office::new(7);
        office.watch(Filter::all());
        (0..500).for_each(|_| office.something());
        serde_json::to_string(&office.mirrors[0].at).expect("JSON")
    };
    assert_eq!(run(), run());
}
