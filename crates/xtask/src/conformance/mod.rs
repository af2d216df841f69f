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
    let (lists, proofs, findings) = gather(root, report::read()?)?;
    for list in &lists {
        let path = page_path(root, list);
        std::fs::write(&path, page::render(list, &notes(root, list)?, &proofs))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(findings)
}

/// Compares every page with the present reports.
pub fn check(root: &Path) -> anyhow::Result<Vec<String>> {
    check_claims(root, report::read()?)
}

fn check_claims(root: &Path, claims: Vec<report::Claim>) -> anyhow::Result<Vec<String>> {
    let (lists, proofs, mut findings) = gather(root, claims)?;
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
fn gather(root: &Path, claims: Vec<report::Claim>) -> anyhow::Result<(Vec<rows::List>, Proofs, Vec<String>)> {
    let lists = rows::read(root)?;
    let mut findings = rows::flaws(&lists);
    let mut proofs = Proofs::new();
    for claim in claims {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A small house in a directory of its own: one list of two rows, one test file, no page yet.
    struct House(PathBuf);

    impl House {
        fn build(name: &str) -> Self {
            let root = std::env::temp_dir().join(format!("house-{name}-{}", std::process::id()));
            let put = |path: &str, text: &str| {
                let path = root.join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            };
            let row = |id| format!(r#"{{"id":"{id}","title":"t","dialect":"a","kind":"rule","section":"1"}}"#);
            put("crates/conformance/rows/a.json", &format!("[{},{}]", row("A-01"), row("A-02")));
            put("docs/compat/notes/a.md", "# A\n");
            put("t.rs", "#[test]\nfn rings() { proves(\"A-01\"); proves(\"A-09\"); }\n");
            Self(root)
        }

        fn write_page(&self, claims: Vec<report::Claim>) {
            let (lists, proofs, _) = gather(&self.0, claims).unwrap();
            std::fs::write(self.0.join("docs/compat/a.md"), page::render(&lists[0], "# A\n", &proofs)).unwrap();
        }

        fn findings(&self, claims: Vec<report::Claim>) -> String {
            check_claims(&self.0, claims).unwrap().join("\n")
        }
    }

    impl Drop for House {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn claims(id: &str) -> Vec<report::Claim> {
        vec![report::Claim { id: id.into(), missing: None, file: "t.rs".into(), test: "rings".into() }]
    }

    #[test]
    fn a_page_made_from_the_reports_passes() {
        let house = House::build("passes");
        house.write_page(claims("A-01"));
        assert_eq!(house.findings(claims("A-01")), "");
    }

    #[test]
    fn a_claim_without_a_report_and_a_report_without_a_page_are_found() {
        let house = House::build("stale");
        house.write_page(claims("A-01"));
        let found = house.findings(Vec::new());
        assert!(found.contains("claims A-01, but no test reported it") && found.contains("stale"), "{found}");
        house.write_page(Vec::new());
        let found = house.findings(claims("A-01"));
        assert!(found.contains("stale") && !found.contains("no test reported"), "{found}");
    }

    #[test]
    fn a_row_of_no_list_is_found() {
        let house = House::build("unknown");
        house.write_page(Vec::new());
        assert!(house.findings(claims("A-09")).contains("a row of no list: A-09"));
    }
}
