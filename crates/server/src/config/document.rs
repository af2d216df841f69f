//! Makes the example file and the page from the tables.

use super::apply::{Absent, Setting};
use super::table::{
    ACCOUNT, ACCOUNTS_ABOUT, CDR_PUSH, CDR_PUSHES_ABOUT, SECTIONS, STATION, STATIONS_ABOUT, TRUNK, TRUNKS_ABOUT,
    settings,
};
use std::fmt::Write as _;

/// Where the example stands in the repository.
pub const EXAMPLE_FILE: &str = "docs/hookswitch.example.toml";
/// Where the page stands in the repository.
pub const PAGE_FILE: &str = "docs/configuration.md";
/// Longest line of a comment in the example.
const COMMENT_LEN_MAX: usize = 100;

/// The documented example: every setting with its default, commented out.
#[must_use]
pub fn example() -> String {
    let mut out = String::from(
        "# Configuration of Hookswitch. Made from the table of settings in crates/server/src/config/table.\n\
         # Every line that starts with \"#\" and a name shows the default: take the \"#\" away to change it.\n\
         # `hookswitch check --config FILE` names every mistake, its line, and what to write instead.\n",
    );
    for (section, about) in SECTIONS {
        out.push('\n');
        comment(&mut out, about);
        if !section.is_empty() {
            let _ = writeln!(out, "[{section}]");
        }
        settings().filter(|setting| setting.section() == *section).for_each(|setting| sample(&mut out, setting));
    }
    repeated(&mut out, "station", STATIONS_ABOUT, STATION);
    repeated(&mut out, "trunk", TRUNKS_ABOUT, TRUNK);
    repeated(&mut out, "account", ACCOUNTS_ABOUT, ACCOUNT);
    repeated(&mut out, "cdr_push", CDR_PUSHES_ABOUT, CDR_PUSH);
    out
}

fn repeated<T>(out: &mut String, name: &str, about: &str, settings: &[Setting<T>]) {
    out.push('\n');
    comment(out, about);
    let _ = writeln!(out, "#[[{name}]]");
    settings.iter().for_each(|setting| sample(out, setting));
}

fn sample<T>(out: &mut String, setting: &Setting<T>) {
    out.push('\n');
    comment(out, setting.doc);
    let absent = match setting.default {
        Absent::Is(_) => String::new(),
        Absent::Unset { meaning, .. } => format!(" Unset: {}.", plain(meaning)),
        Absent::Required { .. } => " Required.".to_owned(),
    };
    comment(out, &format!("{}.{absent}", capital(&setting.kind.expects())));
    let _ = writeln!(out, "#{} = {}", setting.key(), setting.default.shown());
}

/// A comment of the example, in lines of bounded length. The blank after `#` tells it from a setting.
fn comment(out: &mut String, text: &str) {
    let mut line = String::from("#");
    for word in plain(text).split(' ') {
        if line.len() + 1 + word.len() > COMMENT_LEN_MAX {
            let _ = writeln!(out, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(out, "{line}");
}

fn plain(text: &str) -> String {
    text.replace('`', "")
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The page `docs/configuration.md`.
#[must_use]
pub fn page() -> String {
    let mut out = String::from(
        "# Configuration\n\n\
         <!-- Made from crates/server/src/config/table by `UPDATE=1 cargo nextest run -p server config`. -->\n\n\
         `hookswitch serve --config FILE` reads one TOML file. What the file names is settled by the file; everything else, and\n\
         all stations, numbers, lines and accounts, lives in the database and is changed over the console API without a restart.\n\
         `hookswitch check --config FILE` names every mistake with its line and column, and what to write instead; it ends with 0\n\
         when the file is right. [hookswitch.example.toml](hookswitch.example.toml) shows every setting with its default.\n\n\
         A file needs nothing: an empty one listens on loopback, on the vendors' own ports.\n",
    );
    for (section, about) in SECTIONS {
        let title = if section.is_empty() { "Above all sections".to_owned() } else { format!("`[{section}]`") };
        let rows = settings().filter(|setting| setting.section() == *section);
        table(&mut out, &title, about, rows);
    }
    table(&mut out, "`[[station]]`", STATIONS_ABOUT, STATION.iter());
    table(&mut out, "`[[trunk]]`", TRUNKS_ABOUT, TRUNK.iter());
    table(&mut out, "`[[account]]`", ACCOUNTS_ABOUT, ACCOUNT.iter());
    table(&mut out, "`[[cdr_push]]`", CDR_PUSHES_ABOUT, CDR_PUSH.iter());
    out.push_str(DEMO_NOTE);
    out
}

const DEMO_NOTE: &str = "\n## The demo's passwords\n\n\
    `hookswitch serve --demo` needs no file and listens on loopback only. Its passwords are known to everybody. A configuration\n\
    that keeps one of them refuses to listen beyond loopback, and `check` names the line.\n";

fn table<'s, T: 'static>(out: &mut String, title: &str, about: &str, settings: impl Iterator<Item = &'s Setting<T>>) {
    let _ =
        write!(out, "\n## {title}\n\n{about}\n\n| setting | what it is for | value | default |\n|---|---|---|---|\n");
    for setting in settings {
        let default = match setting.default {
            Absent::Is(value) => format!("`{value}`"),
            Absent::Unset { meaning, .. } => meaning.to_owned(),
            Absent::Required { .. } => "required".to_owned(),
        };
        let _ = writeln!(out, "| `{}` | {} | {} | {default} |", setting.key(), setting.doc, setting.kind.expects());
    }
}
