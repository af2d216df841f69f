//! Tidy: rules of the house about text that no compiler keeps. `docs/adr/0001-record-decisions.md` says how to change one.
//!
//! A rule is a function from the files to findings. Long files are listed as a remark, not as a finding: a table may be
//! long. What clippy or rustfmt can say is left to them.

use crate::tree::{self, File};
use std::path::Path;

/// Above this many lines a file is remarked on.
const FILE_LINES_REMARKED: usize = 600;

/// Paths of somebody's machine have no place in a project that speaks of itself alone. Written in two parts, so that
/// this list does not find itself.
const MACHINE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];
/// The default of `BENCH_HARNESS`; it may stand where that variable is explained.
const HARNESS_PATH: &str = concat!("../sha", "red");
const HARNESS_VARIABLE: &str = "BENCH_HARNESS";

/// Macros that stand for work not done, and a test left out without a reason.
const UNDONE: [&str; 4] =
    [concat!("to", "do!("), concat!("unimpl", "emented!("), concat!("db", "g!("), concat!("#[ig", "nore]")];
/// A test left out with a reason (a helper process of another test) proves nothing, so it stands in no file that claims rows.
const LEFT_OUT: &str = concat!("#[ig", "nore");
const CLAIMS: [&str; 2] = [concat!("pro", "ves("), concat!("proves_pa", "rtly(")];

/// Ways to sleep. A test waits for a value with a deadline instead.
const SLEEPS: [&str; 3] = [concat!("thread::sl", "eep("), concat!("time::sl", "eep("), concat!("sl", "eep(Duration")];
/// A pause between two looks, inside a helper that waits with a deadline, says so on its line.
const PAUSE_MARK: &str = "// tidy: pause between looks";
/// In a dialect's rendering and refusals a `_` arm would swallow the next event or refusal the core gains. Where
/// something else is matched there, the line says so.
const WILDCARD_ARM: &str = "_ =>";
const OTHER_MATCH_MARK: &str = "// tidy: no domain enum";

/// All findings; remarks are printed at once.
pub fn run(root: &Path) -> anyhow::Result<Vec<String>> {
    let files = tree::files(root)?;
    for file in files.iter().filter(|file| file.is_rust()) {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_REMARKED {
            println!("remark: {} has {lines} lines", file.path);
        }
    }
    let mut findings: Vec<String> = files.iter().flat_map(of_one_file).collect();
    findings.extend(dependencies_explained(&files));
    findings.extend(dead_links(root, &files));
    Ok(findings)
}

fn of_one_file(file: &File) -> Vec<String> {
    let mut findings = foreign_paths(file);
    if file.is_rust() {
        findings.extend(opens_with_purpose(file));
        findings.extend(undone(file));
        findings.extend(sleeping_tests(file));
        findings.extend(swallowing_arms(file));
    }
    findings
}

fn opens_with_purpose(file: &File) -> Option<String> {
    let opens = file.text.lines().next().is_some_and(|line| line.starts_with("//!"));
    (!opens).then(|| format!("{}:1: opens without `//!`: what is it, and what does it deliberately not do?", file.path))
}

fn foreign_paths(file: &File) -> Vec<String> {
    let explains_harness =
        file.path.starts_with("bench/") || file.path == "Makefile" || file.text.contains(HARNESS_VARIABLE);
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        if let Some(path) = MACHINE_PATHS.iter().find(|path| line.contains(**path)) {
            findings.push(format!("{}:{number}: `{path}` is a path of one machine", file.path));
        }
        if line.contains(HARNESS_PATH) && !explains_harness {
            findings.push(format!("{}:{number}: `{HARNESS_PATH}` outside what explains {HARNESS_VARIABLE}", file.path));
        }
    }
    findings
}

fn undone(file: &File) -> Vec<String> {
    let claims = CLAIMS.iter().any(|claim| file.text.contains(claim));
    let hits = file.lines().filter_map(|(number, line)| {
        let left_out = Some(&LEFT_OUT).filter(|_| claims);
        let word = UNDONE.iter().chain(left_out).find(|word| tree::code_of(line).contains(**word))?;
        Some(format!("{}:{number}: `{word}` stands for something not done", file.path))
    });
    hits.collect()
}

fn sleeping_tests(file: &File) -> Vec<String> {
    let whole_file = file.path.contains("/tests/") || file.path.contains("/benches/");
    let from = if whole_file { Some(0) } else { file.text.find("#[cfg(test)]") };
    let Some(from) = from else { return Vec::new() };
    let first_line = file.text[..from].lines().count();
    let tests = file.lines().filter(|(number, _)| *number > first_line);
    let hits = tests.filter(|(_, line)| !line.contains(PAUSE_MARK)).filter_map(|(number, line)| {
        let word = SLEEPS.iter().find(|word| tree::code_of(line).contains(**word))?;
        Some(format!("{}:{number}: `{word}` in a test: wait for the value, with a deadline", file.path))
    });
    hits.collect()
}

/// `event` and `error` of a dialect match the core's enums whole.
fn swallowing_arms(file: &File) -> Vec<String> {
    let Some(below) = file.path.strip_prefix("crates/dialects/src/") else { return Vec::new() };
    let total = below.split(['/', '.']).any(|part| part == "event" || part == "error");
    let hits =
        file.lines().filter(|(_, line)| total && !line.contains(OTHER_MATCH_MARK)).filter_map(|(number, line)| {
            let arm = tree::code_of(line).trim().starts_with(WILDCARD_ARM);
            arm.then(|| {
                format!("{}:{number}: `{WILDCARD_ARM}` would swallow what the core gains; name the variants", file.path)
            })
        });
    hits.collect()
}

/// Each direct foreign dependency has its line in `docs/dependencies.md`, and crates name none past the workspace.
fn dependencies_explained(files: &[File]) -> Vec<String> {
    let text_of = |path: &str| files.iter().find(|file| file.path == path).map_or("", |file| file.text.as_str());
    let first_cells = text_of("docs/dependencies.md").lines().filter_map(|line| line.split('|').nth(1));
    let explained: Vec<&str> = first_cells.flat_map(|cell| cell.split(',')).map(str::trim).collect();
    let mut findings = Vec::new();
    for (name, value) in entries(text_of("Cargo.toml"), |section| section == "[workspace.dependencies]") {
        if !value.contains("path =") && !explained.contains(&name.as_str()) {
            findings.push(format!("docs/dependencies.md: no line for {name}"));
        }
    }
    for file in files.iter().filter(|file| file.path.starts_with("crates/") && file.path.ends_with("/Cargo.toml")) {
        for (name, value) in entries(&file.text, |section| section.ends_with("dependencies]")) {
            if !value.contains("workspace = true") {
                findings.push(format!("{}: {name} is not taken from the workspace", file.path));
            }
        }
    }
    findings
}

/// `name = value` lines of the sections that `wanted` accepts. `name.workspace = true` reads as `workspace = true`.
fn entries(text: &str, wanted: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            inside = wanted(line);
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside && !line.starts_with('#')) {
            match name.trim().split_once('.') {
                Some((name, key)) => found.push((name.to_owned(), format!("{key} = {}", value.trim()))),
                None if is_name(name.trim()) => found.push((name.trim().to_owned(), value.trim().to_owned())),
                None => {}
            }
        }
    }
    found
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// A relative link of a Markdown page leads to a file.
fn dead_links(root: &Path, files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".md")) {
        let dir = Path::new(&file.path).parent().unwrap_or(Path::new(""));
        for (number, line) in file.lines() {
            for target in links(line) {
                if !root.join(dir).join(target).exists() {
                    findings.push(format!("{}:{number}: the link to `{target}` leads nowhere", file.path));
                }
            }
        }
    }
    findings
}

/// Targets of `](target)` that are files here, without their `#fragment`.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.split('#').next()?;
        (!target.is_empty() && !target.contains(':') && !target.contains(' ')).then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_file_without_purpose_is_found() {
        assert!(opens_with_purpose(&rust("a.rs", "use std::fmt;\n")).is_some());
        assert!(opens_with_purpose(&rust("a.rs", "//! What this is.\n")).is_none());
    }

    #[test]
    fn work_not_done_is_found() {
        for word in UNDONE {
            assert_eq!(undone(&rust("a.rs", &format!("    {word}"))).len(), 1, "{word}");
            assert!(undone(&rust("a.rs", &format!("// {word}"))).is_empty(), "{word}");
        }
        let with_reason = format!("{LEFT_OUT} = \"started by another test\"]");
        assert!(undone(&rust("a.rs", &with_reason)).is_empty());
        assert_eq!(undone(&rust("a.rs", &format!("{with_reason}\n{}", CLAIMS[0]))).len(), 1);
    }

    #[test]
    fn a_sleeping_test_is_found_and_a_sleeping_product_is_not() {
        let sleep = format!("    std::{}d);\n", SLEEPS[0]);
        assert_eq!(sleeping_tests(&rust("crates/x/tests/a.rs", &sleep)).len(), 1);
        assert_eq!(sleeping_tests(&rust("crates/x/src/a.rs", &format!("#[cfg(test)]\n{sleep}"))).len(), 1);
        assert!(sleeping_tests(&rust("crates/x/src/a.rs", &format!("{sleep}#[cfg(test)]\n"))).is_empty());
        let marked = format!("{} {PAUSE_MARK}", sleep.trim_end());
        assert!(sleeping_tests(&rust("crates/x/tests/a.rs", &marked)).is_empty());
    }

    #[test]
    fn an_arm_that_swallows_is_found_where_a_dialect_renders() {
        let text = "match event {\n    Event::Held { .. } => 1,\n    _ => 0,\n}\n";
        assert_eq!(swallowing_arms(&rust("crates/dialects/src/fusion/event.rs", text)).len(), 1);
        assert_eq!(swallowing_arms(&rust("crates/dialects/src/console/error/status.rs", text)).len(), 1);
        assert!(swallowing_arms(&rust("crates/dialects/src/fusion/wire.rs", text)).is_empty());
        let marked = text.replace("_ => 0,", &format!("_ => 0, {OTHER_MATCH_MARK}"));
        assert!(swallowing_arms(&rust("crates/dialects/src/fusion/event.rs", &marked)).is_empty());
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        for path in MACHINE_PATHS {
            assert_eq!(foreign_paths(&rust("docs/a.md", &format!("see {path}x"))).len(), 1);
        }
        assert_eq!(foreign_paths(&rust("docs/a.md", &format!("see {HARNESS_PATH}/x"))).len(), 1);
        assert!(foreign_paths(&rust("docs/a.md", &format!("{HARNESS_VARIABLE} is {HARNESS_PATH}/x"))).is_empty());
    }

    #[test]
    fn a_dependency_needs_its_line_and_the_workspace() {
        let manifest = rust(
            "Cargo.toml",
            "[workspace.dependencies]\nserde = \"1\"\nsip = { path = \"x\" }\n[profile.dev]\na = 1\n",
        );
        let of_crate = rust(
            "crates/a/Cargo.toml",
            "[dependencies]\nserde.workspace = true\nanyhow = \"1\"\n[lints]\nworkspace = true\n",
        );
        let findings = dependencies_explained(&[manifest, of_crate]);
        assert_eq!(
            findings,
            ["docs/dependencies.md: no line for serde", "crates/a/Cargo.toml: anyhow is not taken from the workspace"]
        );
    }

    #[test]
    fn links_are_read_without_addresses_and_fragments() {
        let found: Vec<_> = links("[a](b.md#c), [d](https://e.org), [f](#g), ![h](i/j.svg)").collect();
        assert_eq!(found, ["b.md", "i/j.svg"]);
    }
}
