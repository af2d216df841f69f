//! A fuzz runner for the stable toolchain: every decoder of foreign bytes is fed mutated inputs and must neither panic
//! nor take long.
//!
//! A *target* is a plain `fn(&[u8])` in [`targets`]; its corpus is the directory `fuzz/corpus/<target>/`. The runner
//! first feeds each corpus file as it is (so that a former failure stays a test for ever), then mutations of them, all
//! drawn from a seed: the same seed, corpus and count give the same inputs. It has no coverage feedback; a good corpus
//! takes its place.
//!
//! To add a decoder: write a function in `targets.rs`, name it in [`targets::TARGETS`], put three or more valid inputs
//! into its corpus directory.

pub mod mutate;
pub mod runner;
pub mod targets;

pub use runner::{Failure, Plan, Stats, fuzz};
pub use targets::{TARGETS, Target};

use anyhow::Context;
use std::path::{Path, PathBuf};

/// Where corpora and failing inputs lie: `fuzz/` at the workspace's root.
pub fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The target's corpus in a stable order.
///
/// # Errors
/// When its directory cannot be read.
pub fn corpus(target: &Target) -> anyhow::Result<Vec<Vec<u8>>> {
    let dir = home().join("corpus").join(target.name);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&dir).with_context(|| format!("the corpus {}", dir.display()))? {
        paths.push(entry?.path());
    }
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).with_context(|| format!("reading {}", path.display()))).collect()
}

/// Keeps a failing input under `fuzz/failures/` and says where.
///
/// # Errors
/// When it cannot be written.
pub fn keep(target: &Target, failure: &Failure) -> anyhow::Result<PathBuf> {
    let dir = home().join("failures");
    std::fs::create_dir_all(&dir)?;
    let path = dir.join(format!("{}-{:016x}", target.name, mutate::hash(&failure.input)));
    std::fs::write(&path, &failure.input)?;
    Ok(path)
}
