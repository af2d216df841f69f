//! House-keeping: `cargo run -p xtask -- guards | tidy | snapshots | conformance (--check | --write | --clean)`.
//!
//! Every command prints what it found, one finding a line, and ends with a non-zero status when there was one. Nothing
//! here builds or tests the product; `scripts/test` does that and calls this.
#![allow(clippy::print_stdout, reason = "a command-line tool speaks on standard output")]

mod conformance;
mod guards;
mod snapshots;
mod tidy;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str =
    "usage: cargo run -p xtask -- guards | tidy | snapshots | conformance (--check | --write | --clean)";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let findings = match words.as_slice() {
        ["guards"] => guards::run(root())?,
        ["tidy"] => tidy::run(root())?,
        ["snapshots"] => snapshots::run(root())?,
        ["conformance", "--check"] => conformance::check(root())?,
        ["conformance", "--write"] => conformance::write(root())?,
        ["conformance", "--clean"] => conformance::clean()?,
        _ => {
            println!("{USAGE}");
            return Ok(ExitCode::from(2));
        }
    };
    for finding in &findings {
        println!("{finding}");
    }
    println!("{}: {} finding(s)", words.join(" "), findings.len());
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The workspace's root directory.
fn root() -> &'static Path {
    static ROOT: std::sync::LazyLock<PathBuf> = std::sync::LazyLock::new(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        here.ancestors().nth(2).expect("this crate lies two levels below the root").to_owned()
    });
    &ROOT
}
