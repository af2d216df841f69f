//! Conformance pages: `docs/compat/<list>.md` made from the rows of a list and what the tests of the last run reported.
//!
//! `--clean` forgets the reports (before a test run), `--write` makes the pages, `--check` fails when a page differs
//! from what the reports give, or when a report is not to be believed. Prose by hand lies in `docs/compat/notes/`.

mod page;
mod report;
mod rows;

use anyhow::Context;
use page::Proof;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the pages say of each row that a test reported.
type Proofs = BTreeMap<String, Proof>;

/// Removes the reports of former runs.
pub fn clean() -> anyhow::Result<Vec<String>> {
    let file = ::conformance::report_dir().join(::conformance::REPORT_FILE);
    if file.exists() {
        std::fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
    }
    Ok(Vec::new())
}

/// Writes every page from the present reports.
pub fn write(root: &Path) -> anyhow::Result<Vec<String>> {
    let (lists, proofs, findings) = gather(root)?;
    for list in &lists {
        let path = page_path(root, list);
        std::fs::write(&path, page::render(list, &notes(root, list)?, &proofs))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(findings)
}

/// Compares every page with the present reports.
pub fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    let (lists, proofs, mut findings) = gather(root)?;
    for list in &lists {
        let path = page_path(root, list);
        let present = std::fs::read_to_string(&path).unwrap_or_default();
        let unproven = page::claimed(&present).into_iter().filter(|id| !proofs.contains_key(id));
        findings.extend(unproven.map(|id| format!("{}: claims {id}, but no test reported it", path.display())));
        if present != page::render(list, &notes(root, list)?, &proofs) {
            findings.push(format!(
                "{}: stale; run the whole test command, then `cargo run -p xtask -- conformance --write`",
                path.display()
            ));
        }
    }
    Ok(findings)
}

/// The lists, the believable proofs, and what is wrong with the others.
fn gather(root: &Path) -> anyhow::Result<(Vec<rows::List>, Proofs, Vec<String>)> {
    let lists = rows::read(root)?;
    let mut findings = rows::flaws(&lists);
    let mut proofs = Proofs::new();
    for claim in report::read()? {
        let known = lists.iter().any(|list| list.rows.iter().any(|row| row.id == claim.id));
        if !known {
            findings.push(format!("{}: {} reports a row of no list: {}", claim.file, claim.test, claim.id));
            continue;
        }
        match report::test_function(root, &claim) {
            Ok(function) => proofs.entry(claim.id.clone()).or_default().add(function, &claim),
            Err(fault) => findings.push(fault),
        }
    }
    findings.sort();
    findings.dedup();
    Ok((lists, proofs, findings))
}

fn page_path(root: &Path, list: &rows::List) -> PathBuf {
    root.join("docs/compat").join(format!("{}.md", list.name))
}

fn notes(root: &Path, list: &rows::List) -> anyhow::Result<String> {
    let path = root.join("docs/compat/notes").join(format!("{}.md", list.name));
    std::fs::read_to_string(&path).with_context(|| format!("every list has its notes: {}", path.display()))
}
