//! The project's own files, read once: what the checks look at. Build output, data and foreign packages are left out.

use anyhow::Context;
use std::path::Path;

/// Directories that hold nothing of ours, wherever they stand.
const SKIPPED_DIRS: [&str; 6] = ["target", ".git", "node_modules", "data", "dist", "__pycache__"];
/// Endings of the files that are text of ours.
const TEXT_ENDINGS: [&str; 18] = [
    "rs", "md", "toml", "json", "ts", "js", "css", "html", "svg", "sh", "py", "sql", "xml", "yml", "yaml", "service",
    "snap", "Makefile",
];

/// One text file: its path from the root with `/` between, and its text.
pub struct File {
    /// Path from the workspace root.
    pub path: String,
    /// The whole text.
    pub text: String,
}

impl File {
    /// The text line by line with numbers from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Is this Rust source?
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Every text file below `root`, in a stable order.
pub fn files(root: &Path) -> anyhow::Result<Vec<File>> {
    let mut found = Vec::new();
    walk(root, "", &mut found)?;
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

fn walk(root: &Path, below: &str, found: &mut Vec<File>) -> anyhow::Result<()> {
    let dir = root.join(below);
    for entry in std::fs::read_dir(&dir).with_context(|| format!("reading {}", dir.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED_DIRS.contains(&name.as_str()) {
            walk(root, &path, found)?;
        } else if kind.is_file() && is_text(&path, &name) {
            // Another process may just have removed it, and bytes that are no text are no concern of these checks.
            if let Ok(text) = std::fs::read_to_string(entry.path()) {
                found.push(File { path, text });
            }
        }
    }
    Ok(())
}

fn is_text(path: &str, name: &str) -> bool {
    let ending = name.rsplit('.').next().unwrap_or(name);
    TEXT_ENDINGS.contains(&ending) || path.starts_with("scripts/") || path.starts_with(".ci/")
}

/// The part of a line before a `//` comment. Good enough for the words looked for here, none of which holds `//`.
pub fn code_of(line: &str) -> &str {
    line.split("//").next().unwrap_or(line)
}

/// Does `text` hold `word` with no letter, digit or `_` on either side?
pub fn holds_word(text: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(part_of_name) && !after.is_some_and(part_of_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_alone() {
        assert!(holds_word("use crate::fusion::wire;", "fusion"));
        assert!(!holds_word("confusion", "fusion"));
        assert!(!holds_word("fusion_reactor", "fusion"));
    }

    #[test]
    fn a_comment_is_no_code() {
        assert_eq!(code_of("let a = 1; // fusion"), "let a = 1; ");
    }
}
