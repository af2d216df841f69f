//! `cargo run -p fuzz -- [TARGET] [--iterations N] [--seed S] [--seconds T]`: a longer run than the one of the tests.
//! Without a target all run in turn.
#![allow(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

use anyhow::{Context, bail};
use fuzz::{Plan, TARGETS};
use std::time::Duration;

fn main() -> anyhow::Result<()> {
    let mut plan = Plan { seed: 1, iterations: 1_000_000, time_max: Duration::from_secs(3_600) };
    let mut wanted = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(word) = arguments.next() {
        let mut number = || -> anyhow::Result<u64> {
            let text = arguments.next().with_context(|| format!("{word} needs a number"))?;
            text.parse().with_context(|| format!("{word}: {text} is no number"))
        };
        match word.as_str() {
            "--iterations" => plan.iterations = number()?,
            "--seed" => plan.seed = number()?,
            "--seconds" => plan.time_max = Duration::from_secs(number()?),
            name if TARGETS.iter().any(|target| target.name == name) => wanted = Some(name.to_owned()),
            other => {
                bail!("{other}: no such target; there are {:?}", TARGETS.iter().map(|t| t.name).collect::<Vec<_>>())
            }
        }
    }
    for target in TARGETS.iter().filter(|target| wanted.as_deref().is_none_or(|name| name == target.name)) {
        match fuzz::fuzz(target, &fuzz::corpus(target)?, plan) {
            Ok(stats) => println!("{}: {} inputs, no failure", target.name, stats.inputs),
            Err(failure) => {
                let path = fuzz::keep(target, &failure)?;
                bail!("{}: {}\ninput kept in {}", target.name, failure.what, path.display());
            }
        }
    }
    Ok(())
}
