//! Direction guards: which room may know which. A rule here is an absence promised in `ARCHITECTURE.md`.
//!
//! Two kinds: no crate of a room's dependency tree may be on its list (asked of `cargo tree`, all features, without
//! dev-dependencies), and no source of a room may hold certain words (asked of the text, comments left out).

use crate::tree::{self, File};
use anyhow::{Context, ensure};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// A room and the crates that must never be below it.
struct Room {
    name: &'static str,
    never: &'static [&'static str],
    why: &'static str,
}

const ROOMS: &[Room] = &[
    Room {
        name: "switching",
        never: &[
            "tokio",
            "mio",
            "serde",
            "serde_json",
            "rand",
            "getrandom",
            "jiff",
            "chrono",
            "tracing",
            "sip",
            "media",
            "engines",
            "dialects",
            "store",
            "server",
        ],
        why: "the core is values in, values out: no clock, socket, randomness, dialect or protocol",
    },
    Room {
        name: "sip",
        never: &["tokio", "mio", "rand", "getrandom", "switching", "media", "engines", "dialects", "store", "server"],
        why: "the protocol is sans-IO and decides nothing about calls",
    },
    Room {
        name: "media",
        never: &["switching", "sip", "engines", "dialects", "store", "server"],
        why: "sound decides nothing about calls",
    },
    Room {
        name: "engines",
        never: &["dialects", "store", "server"],
        why: "phones know orders and reports, no vendor and no disk",
    },
    Room {
        name: "dialects",
        never: &["engines", "sip", "media", "store", "server"],
        why: "a dialect translates between a vendor's words and the core's, and touches nothing else",
    },
    Room {
        name: "store",
        never: &["engines", "sip", "media", "dialects", "server"],
        why: "the store keeps what it is given",
    },
    Room { name: "sim", never: &["tokio", "mio", "rand", "getrandom", "server"], why: "a seed decides everything" },
    Room { name: "conformance", never: &["switching", "serde", "tokio"], why: "every crate's tests may use it" },
];

/// Rooms below the doors, whose code must not hold a vendor's name.
const VENDOR_FREE: [&str; 4] = ["switching", "sip", "media", "engines"];
const VENDOR_WORDS: [&str; 7] = ["fusion", "escaux", "ipecs", "ipxapi", "telservices", "voicenter", "clickcall"];

/// Where doors are not told apart: the program, and what all dialects share. What is named below is where a door is entered,
/// as `ARCHITECTURE.md` has it in its checklist.
const ONE_FOR_ALL: [&str; 2] = ["crates/server/src/", "crates/dialects/src/common/"];
const ENTRIES: [&str; 3] = ["crates/server/src/doors/", "crates/server/src/config/", "crates/server/src/pushes/"];

/// Modules of `dialects` that belong to no vendor and may be used by all.
const SHARED_MODULES: [&str; 2] = ["common", "lib"];

/// All broken rules, one line each.
pub fn run(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut findings = Vec::new();
    for room in ROOMS {
        let below = dependencies(root, room.name)?;
        let broken = room.never.iter().filter(|name| below.contains(**name));
        findings.extend(broken.map(|name| format!("{} depends on {name}: {}", room.name, room.why)));
    }
    let files = tree::files(root)?;
    findings.extend(dialects_apart(&files));
    findings.extend(vendor_words(&files));
    findings.extend(doors_named(&files));
    Ok(findings)
}

/// Names of all crates below `room`, without itself.
fn dependencies(root: &Path, room: &str) -> anyhow::Result<BTreeSet<String>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["tree", "-p", room, "-e", "normal,build", "--all-features", "--prefix", "none", "--format", "{p}"])
        .current_dir(root)
        .output()
        .context("running cargo tree")?;
    ensure!(output.status.success(), "cargo tree -p {room}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let names = text.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    Ok(names.map(str::to_owned).collect())
}

/// No dialect names another: `crates/dialects/src/<a>/**` holds no path into `<b>`.
fn dialects_apart(files: &[File]) -> Vec<String> {
    let module_of = |file: &File| {
        let below = file.path.strip_prefix("crates/dialects/src/")?;
        let first = below.split('/').next()?;
        Some(first.trim_end_matches(".rs").to_owned())
    };
    let modules: BTreeSet<String> =
        files.iter().filter_map(module_of).filter(|m| !SHARED_MODULES.contains(&m.as_str())).collect();
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let Some(own) = module_of(file).filter(|m| m != "lib") else { continue };
        let code: String = file.text.lines().map(|line| format!("{}\n", tree::code_of(line))).collect();
        for other in modules.iter().filter(|other| **other != own) {
            if names_module(&code, other) {
                findings.push(format!("{}: names the dialect `{other}`; a dialect knows only itself", file.path));
            }
        }
    }
    findings
}

/// Does the code reach for a module `other` from the crate's root or from a parent, alone or in a braced list?
fn names_module(code: &str, other: &str) -> bool {
    ["crate::", "super::", "dialects::"].iter().any(|prefix| {
        code.match_indices(prefix).any(|(at, _)| {
            let rest = code[at + prefix.len()..].trim_start();
            match rest.strip_prefix('{') {
                Some(list) => tree::holds_word(list.split("};").next().unwrap_or(list), other),
                None => rest
                    .strip_prefix(other)
                    .is_some_and(|tail| !tail.starts_with(|c: char| c.is_alphanumeric() || c == '_')),
            }
        })
    })
}

fn vendor_words(files: &[File]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let of_room = |room: &&&str| file.path.starts_with(&format!("crates/{room}/src/"));
        let Some(room) = VENDOR_FREE.iter().find(of_room) else { continue };
        for (number, line) in file.lines() {
            let code = tree::code_of(line).to_lowercase();
            if let Some(word) = VENDOR_WORDS.iter().find(|word| code.contains(**word)) {
                findings.push(format!("{}:{number}: `{word}` is a vendor's word; {room} has none", file.path));
            }
        }
    }
    findings
}

/// A door is named where it is entered, and nowhere else in what serves all doors alike.
fn doors_named(files: &[File]) -> Vec<String> {
    let below = |file: &File, places: &[&str]| places.iter().any(|place| file.path.starts_with(place));
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.is_rust() && below(file, &ONE_FOR_ALL) && !below(file, &ENTRIES)) {
        for (number, line) in file.lines() {
            let code = tree::code_of(line).to_lowercase();
            if let Some(word) = VENDOR_WORDS.iter().find(|word| code.contains(**word)) {
                findings.push(format!("{}:{number}: names the door `{word}`; all doors are alike there", file.path));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_dialect_that_names_another_is_found() {
        let alpha = "crates/dialects/src/alpha/event.rs";
        let beta = file("crates/dialects/src/beta/mod.rs", "");
        for text in ["use crate::beta::wire;", "use crate::{common, beta};", "fn f() { super::super::beta::g() }"] {
            let findings = dialects_apart(&[file(alpha, text), file(beta.path.as_str(), "")]);
            assert_eq!(findings.len(), 1, "{text}");
        }
        for text in
            ["use crate::common::id;", "// crate::beta does it otherwise", "use crate::betas;", "use crate::alpha;"]
        {
            let findings = dialects_apart(&[file(alpha, text), file(beta.path.as_str(), "")]);
            assert_eq!(findings, Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_vendor_word_below_the_doors_is_found() {
        let found = vendor_words(&[file("crates/switching/src/call.rs", "//! As IPX-CMD-02\nstruct FusionCall;\n")]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("crates/switching/src/call.rs:2:"));
        assert!(vendor_words(&[file("crates/dialects/src/fusion/id.rs", "struct FusionCall;")]).is_empty());
    }

    #[test]
    fn the_tree_of_a_crate_is_read() {
        let below = dependencies(crate::root(), "xtask").unwrap();
        assert!(below.contains("anyhow") && below.contains("conformance"), "{below:?}");
        assert!(!below.contains("xtask"));
    }

    #[test]
    fn a_door_that_is_named_beside_its_entry_is_found() {
        let named = |path: &str| doors_named(&[file(path, "// like Fusion\nfn f() { dialects::fusion::g() }\n")]).len();
        assert_eq!(named("crates/server/src/driver/mod.rs"), 1, "the comment says what it likes");
        assert_eq!(named("crates/dialects/src/common/ask.rs"), 1);
        for entry in ["crates/server/src/doors/fusion.rs", "crates/server/src/config/table/listen.rs"] {
            assert_eq!(named(entry), 0, "{entry}");
        }
        assert_eq!(named("crates/dialects/src/fusion/mod.rs"), 0);
    }
}
