//! `sim --seed N --calls M [--devices D] [--faults none|some|many] [--mirror-every K] [--runs R] [--ladder]`: one simulated run, or
//! several with rising seeds. Prints what it came to; a failing run is shrunk, its ladder printed, and the exit code is 1.

#![allow(clippy::print_stdout, reason = "a program's output")]

use sim::engine::Faults;
use sim::run::{Failed, Options, run};
use sim::shrink::shrink;
use std::process::ExitCode;

const USAGE: &str =
    "sim --seed N --calls M [--devices D] [--faults none|some|many] [--mirror-every K] [--runs R] [--ladder]";

fn main() -> ExitCode {
    let (mut options, runs) = match parse(std::env::args().skip(1)) {
        Ok(parsed) => parsed,
        Err(why) => {
            eprintln!("{why}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    for _ in 0..runs {
        match run(options) {
            Ok((totals, ladder)) => {
                print!("{ladder}");
                println!("seed {} {totals:?}", options.seed);
            }
            Err(failed) => {
                report(&failed, options);
                return ExitCode::FAILURE;
            }
        }
        options.seed += 1;
    }
    ExitCode::SUCCESS
}

fn report(failed: &Failed, options: Options) {
    println!("seed {} FAILED at {}: {}", options.seed, failed.fault.at, failed.fault.what);
    println!("shrinking {} inputs ...", failed.steps.len() - failed.prefix);
    std::panic::set_hook(Box::new(|_| {}));
    match shrink(failed, options.bug) {
        Some(shrunk) => {
            println!("{} inputs are left:\n{}{}", shrunk.inputs, shrunk.ladder, shrunk.fault.what);
        }
        None => println!("its inputs alone do not fail: the fault is in the world around the core"),
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<(Options, u64), String> {
    let mut options = Options::new(1, 1_000, 200);
    let mut runs = 1;
    while let Some(name) = args.next() {
        if name == "--ladder" {
            options.with_ladder = true;
            continue;
        }
        let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
        if name == "--faults" {
            options.faults = match value.as_str() {
                "none" => Faults::NONE,
                "some" => Faults::SOME,
                "many" => Faults::MANY,
                other => return Err(format!("--faults none, some or many, not {other}")),
            };
            continue;
        }
        let number: u64 = value.parse().map_err(|_| format!("{name} {value}: not a number"))?;
        match name.as_str() {
            "--seed" => options.seed = number,
            "--calls" => options.calls = number,
            "--devices" => options.devices = number,
            "--mirror-every" => options.mirror_every = number,
            "--runs" => runs = number,
            other => return Err(format!("{other} is unknown")),
        }
    }
    Ok((options, runs))
}
