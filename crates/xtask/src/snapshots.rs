//! Snapshots of `insta`: every `.snap` file is one that a test of the last run looked at, and none waits for a review.
//!
//! `scripts/test` sets `INSTA_SNAPSHOT_REFERENCES_FILE`, into which insta writes the path of each snapshot it compares;
//! this command compares that list with the files. It says nothing about what stands in a snapshot.

use anyhow::Context;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where the list lies below the root.
const REFERENCES: &str = "target/insta-references";

/// All snapshots that no test names, and all that wait for a review.
pub fn run(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut snapshots = Vec::new();
    collect(&root.join("crates"), &mut snapshots)?;
    let list = std::fs::read_to_string(root.join(REFERENCES)).unwrap_or_default();
    let named: BTreeSet<PathBuf> = list.lines().map(|line| canonical(Path::new(line))).collect();
    Ok(snapshots.iter().filter_map(|path| judge(path, &named)).collect())
}

fn judge(path: &Path, named: &BTreeSet<PathBuf>) -> Option<String> {
    if path.extension().is_some_and(|ending| ending != "snap") {
        return Some(format!("{}: waits for a review", path.display()));
    }
    (!named.contains(&canonical(path))).then(|| format!("{}: no test looks at it", path.display()))
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn collect(dir: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" {
            collect(&path, found)?;
        } else if name.ends_with(".snap") || name.ends_with(".snap.new") || name.ends_with(".pending-snap") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unnamed_and_a_pending_snapshot_are_found() {
        let named = BTreeSet::from([PathBuf::from("a.snap")]);
        assert_eq!(judge(Path::new("a.snap"), &named), None);
        assert!(judge(Path::new("b.snap"), &named).unwrap().contains("no test"));
        assert!(judge(Path::new("a.snap.new"), &named).unwrap().contains("review"));
    }
}
