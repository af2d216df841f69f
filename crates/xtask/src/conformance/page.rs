//! The text of one conformance page, and back: which rows a page claims.
//!
//! The page is a function of the list, the notes and the proofs alone; equal inputs give equal bytes.

use super::Proofs;
use super::report::Claim;
use super::rows::{List, Row};
use std::collections::BTreeSet;

/// What the tests reported of one row.
#[derive(Default)]
pub struct Proof {
    tests: BTreeSet<String>,
    missing: BTreeSet<String>,
    whole: bool,
}

impl Proof {
    /// Adds one believable claim, made by the test function `function`.
    pub fn add(&mut self, function: String, claim: &Claim) {
        self.tests.insert(function);
        match &claim.missing {
            None => self.whole = true,
            Some(text) => {
                self.missing.insert(text.clone());
            }
        }
    }
}

#[derive(PartialEq, Clone, Copy)]
enum State {
    Proven,
    Partial,
    Missing,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Partial => "partial",
            Self::Missing => "missing",
        }
    }
}

/// The whole page.
pub fn render(list: &List, notes: &str, proofs: &Proofs) -> String {
    let count = |wanted| list.rows.iter().filter(|row| state(row, proofs) == wanted).count();
    let mut page = format!("{}\n\n", notes.trim());
    page.push_str("## Totals\n\n");
    page.push_str(
        "Made by `cargo run -p xtask -- conformance --write` from what the tests reported; not to be edited. ",
    );
    page.push_str("What stands above is `notes/");
    page.push_str(&list.name);
    page.push_str(".md`.\n\n| rows | proven | partial | missing |\n|---|---|---|---|\n");
    page.push_str(&format!(
        "| {} | {} | {} | {} |\n\n## Rows\n\n",
        list.rows.len(),
        count(State::Proven),
        count(State::Partial),
        count(State::Missing)
    ));
    page.push_str("| id | title | state | tests | what is missing |\n|---|---|---|---|---|\n");
    for row in &list.rows {
        page.push_str(&line(row, proofs));
    }
    page
}

/// Ids of the rows that a page calls proven or partial.
pub fn claimed(page: &str) -> Vec<String> {
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let id = cells.first()?.strip_prefix("| ")?;
        let state = *cells.get(2)?;
        (state == State::Proven.word() || state == State::Partial.word()).then(|| id.to_owned())
    });
    rows.filter(|id| id != "rows").collect()
}

fn state(row: &Row, proofs: &Proofs) -> State {
    match proofs.get(&row.id) {
        None => State::Missing,
        Some(proof) if proof.whole => State::Proven,
        Some(_) => State::Partial,
    }
}

fn line(row: &Row, proofs: &Proofs) -> String {
    let state = state(row, proofs);
    let (tests, missing) = match proofs.get(&row.id) {
        None => (String::new(), "no test asserts it".to_owned()),
        Some(proof) => {
            let tests: Vec<String> = proof.tests.iter().map(|test| format!("`{test}`")).collect();
            let missing: Vec<&str> = proof.missing.iter().map(String::as_str).collect();
            let missing = if state == State::Partial { missing.join("; ") } else { String::new() };
            (tests.join(", "), missing)
        }
    };
    format!("| {} | {} | {} | {} | {} |\n", row.id, cell(&row.title), state.word(), tests, cell(&missing))
}

/// A `|` would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> List {
        let row = |id: &str, title: &str| Row {
            id: id.into(),
            title: title.into(),
            dialect: "a".into(),
            kind: "rule".into(),
            section: "1".into(),
        };
        List { name: "a".into(), rows: vec![row("A-01", "Rings"), row("A-02", "Hums | sings"), row("A-03", "Stops")] }
    }

    fn claim(id: &str, missing: Option<&str>) -> Claim {
        Claim { id: id.into(), missing: missing.map(str::to_owned), file: "f.rs".into(), test: "t".into() }
    }

    #[test]
    fn every_row_has_one_line_and_the_totals_add_up() {
        let mut proofs = Proofs::new();
        proofs.entry("A-01".into()).or_default().add("rings_once".into(), &claim("A-01", Some("twice")));
        proofs.entry("A-01".into()).or_default().add("rings_twice".into(), &claim("A-01", None));
        proofs.entry("A-02".into()).or_default().add("hums".into(), &claim("A-02", Some("singing")));
        let page = render(&list(), "# A\n", &proofs);
        assert!(page.starts_with("# A\n\n## Totals\n"));
        assert!(page.contains("\n| 3 | 1 | 1 | 1 |\n"));
        assert!(page.contains("\n| A-01 | Rings | proven | `rings_once`, `rings_twice` |  |\n"));
        assert!(page.contains("\n| A-02 | Hums \\| sings | partial | `hums` | singing |\n"));
        assert!(page.contains("\n| A-03 | Stops | missing |  | no test asserts it |\n"));
        assert_eq!(claimed(&page), ["A-01", "A-02"]);
    }
}
