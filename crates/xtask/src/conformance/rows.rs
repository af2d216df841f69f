//! The behaviour lists: `crates/conformance/rows/*.json`, one per vendor's interface, one for SIP, one for our console.
//!
//! A row is what a test can prove: id, title and the place in the source document. What exactly it demands stands in
//! that document, not here.

use anyhow::Context;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::Path;

/// One list, named as its file and its page.
pub struct List {
    /// File stem, such as `fusion`.
    pub name: String,
    /// In the order of the file.
    pub rows: Vec<Row>,
}

/// One thing to prove.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Unique over all lists.
    pub id: String,
    /// A few words.
    pub title: String,
    /// The interface it belongs to; equals the list's name.
    pub dialect: String,
    /// Operation, event, rule, limit and so on, as the source sorts it.
    pub kind: String,
    /// Where in the source document.
    pub section: String,
}

/// All lists by name.
pub fn read(root: &Path) -> anyhow::Result<Vec<List>> {
    let dir = root.join("crates/conformance/rows");
    let mut lists = Vec::new();
    for entry in std::fs::read_dir(&dir).with_context(|| format!("reading {}", dir.display()))? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path)?;
        let rows: Vec<Row> = serde_json::from_str(&text).with_context(|| format!("in {}", path.display()))?;
        lists.push(List { name, rows });
    }
    lists.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(lists)
}

/// Ids that stand twice, rows in another interface's list, rows not filled in.
pub fn flaws(lists: &[List]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for list in lists {
        for row in &list.rows {
            if !seen.insert(row.id.as_str()) {
                findings.push(format!("{}: {} stands twice", list.name, row.id));
            }
            if row.dialect != list.name {
                findings.push(format!("{}: {} belongs to {}", list.name, row.id, row.dialect));
            }
            if [&row.title, &row.kind, &row.section].iter().any(|text| text.trim().is_empty()) {
                findings.push(format!("{}: {} is not filled in", list.name, row.id));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_whole() {
        let lists = read(crate::root()).unwrap();
        let sizes: Vec<(&str, usize)> = lists.iter().map(|list| (list.name.as_str(), list.rows.len())).collect();
        let expected = [
            ("clickcall", 16),
            ("console", 15),
            ("fusion", 98),
            ("ipxapi", 256),
            ("sip", 23),
            ("telservices", 137),
            ("voicenter", 180),
        ];
        assert_eq!(sizes, expected);
        assert_eq!(flaws(&lists), Vec::<String>::new());
    }
}
