//! Says, at run time, which rows of the behaviour lists a test has proven.
//!
//! A test asserts what a row demands and then calls [`proves`] (or [`proves_partly`]) with the row's id. Each call adds
//! one line to a report; `cargo run -p xtask -- conformance --check` reads the report and holds `docs/compat/*.md`
//! against it. The lists themselves are `rows/*.json` beside this crate.
//!
//! Call it **last**, after the assertions: a test that fails before the call claims nothing. This crate deliberately
//! knows nothing of the rows' meaning, and depends on nothing, so that any crate may use it in its tests.
//!
//! ```no_run
//! # fn hold_is_refused_twice() {
//! // ... assertions ...
//! conformance::proves("IPX-CMD-06");
//! conformance::proves_partly("IPX-EVT-36", "no lost frame is provoked yet");
//! # }
//! ```

use std::fs::OpenOptions;
use std::io::Write;
use std::panic::Location;
use std::path::PathBuf;

/// The report's file name inside [`report_dir`].
pub const REPORT_FILE: &str = "report.tsv";

/// Environment variable that moves the report elsewhere.
pub const DIR_VARIABLE: &str = "CONFORMANCE_DIR";

/// The calling test has asserted everything that row `id` demands.
///
/// # Panics
/// When the report cannot be written or the caller is no test: a claim must never be lost silently.
#[track_caller]
pub fn proves(id: &str) {
    report(id, "full", "", Location::caller());
}

/// The calling test has asserted a part of row `id`; `missing` says in a few words what nobody asserts yet.
///
/// # Panics
/// As [`proves`], and when `missing` is empty.
#[track_caller]
pub fn proves_partly(id: &str, missing: &str) {
    assert!(!missing.trim().is_empty(), "{id}: say what is missing, or use proves()");
    report(id, "partial", missing, Location::caller());
}

/// Where the report lies: `CONFORMANCE_DIR`, else `target/conformance` of the workspace.
pub fn report_dir() -> PathBuf {
    match std::env::var_os(DIR_VARIABLE) {
        Some(dir) => PathBuf::from(dir),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/conformance")),
    }
}

/// Appends `row, full|partial, source file, test, what is missing` with tabs between, in one write: lines of tests
/// that run at the same time never mix.
fn report(id: &str, extent: &str, missing: &str, at: &Location<'_>) {
    let line = format!("{id}\t{extent}\t{}\t{}\t{}\n", at.file(), test_name(id), one_line(missing));
    let dir = report_dir();
    let written = std::fs::create_dir_all(&dir).and_then(|()| {
        let mut file = OpenOptions::new().create(true).append(true).open(dir.join(REPORT_FILE))?;
        file.write_all(line.as_bytes())
    });
    assert!(written.is_ok(), "{id}: no report in {}: {written:?}", dir.display());
}

/// The full name of the running test. The test runner sets it in the environment (one process per test); under plain
/// `cargo test` it is the name of the test's thread.
fn test_name(id: &str) -> String {
    if let Ok(name) = std::env::var("NEXTEST_TEST_NAME") {
        return name;
    }
    match std::thread::current().name() {
        Some(name) if name != "main" => name.to_owned(),
        _ => panic!("{id}: proven outside a test's own thread; call it at the end of the test function"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_names_its_test_and_its_file() {
        let at = Location::caller();
        let dir = std::env::temp_dir().join(format!("conformance-{}", std::process::id()));
        // The directory is an argument of this one process, so set it where it is read: by a child of this test.
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::writes_when_asked"])
            .env(DIR_VARIABLE, &dir)
            .env("CONFORMANCE_SELF_TEST", "1")
            .env("NEXTEST_TEST_NAME", "tests::writes_when_asked")
            .output()
            .unwrap();
        assert!(child.status.success(), "{child:?}");
        let text = std::fs::read_to_string(dir.join(REPORT_FILE)).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        let file = at.file();
        assert_eq!(
            text,
            format!(
                "X-01\tfull\t{file}\ttests::writes_when_asked\t\n\
                 X-02\tpartial\t{file}\ttests::writes_when_asked\tthe other half\n"
            )
        );
    }

    /// Claims rows of no list, and only when the test above asks for it.
    #[test]
    fn writes_when_asked() {
        if std::env::var_os("CONFORMANCE_SELF_TEST").is_some() {
            proves("X-01");
            proves_partly("X-02", "the other\n half");
        }
    }

    #[test]
    #[should_panic(expected = "say what is missing")]
    fn a_partial_claim_says_what_is_missing() {
        proves_partly("X-03", " ");
    }
}
