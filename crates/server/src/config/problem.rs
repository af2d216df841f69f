//! A mistake in the configuration: where it stands, what is wrong, what to write instead.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::string::FromUtf8Error;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file, from 1; 0 where the value stands in no file.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// How many characters are meant.
    pub width: usize,
    /// Which setting, `sip.realm` or `station[3].number`; empty for a fault of the language.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What to do instead; empty where `what` says it.
    pub instead: String,
}

impl Problem {
    /// One sentence, without its place.
    #[must_use]
    pub fn sentence(&self) -> String {
        let path = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        let instead = if self.instead.is_empty() { String::new() } else { format!("; {}", self.instead) };
        format!("{path}{}{instead}", self.what)
    }
}

/// All problems of one file as text for people: place, sentence, and the line itself with the spot marked.
#[must_use]
pub fn render(file: &str, text: &str, problems: &[Problem]) -> String {
    let mut out = String::new();
    for problem in problems {
        if problem.line == 0 {
            let _ = writeln!(out, "{file}: {}", problem.sentence());
            continue;
        }
        let _ = writeln!(out, "{file}:{}:{}: {}", problem.line, problem.column, problem.sentence());
        if let Some(line) = text.lines().nth(problem.line - 1) {
            let number = problem.line.to_string();
            let room = line.chars().count().saturating_sub(problem.column - 1).max(1);
            let (indent, marks) = (" ".repeat(problem.column - 1), "^".repeat(problem.width.clamp(1, room)));
            let _ = writeln!(out, "  {number} | {}\n  {} | {indent}{marks}", masked(line), " ".repeat(number.len()));
        }
    }
    let mistakes = if problems.len() == 1 { "mistake" } else { "mistakes" };
    let _ = write!(out, "{} {mistakes} in {file}", problems.len());
    out
}

/// What is wrong with a file that is no text: the text as far as it can be shown, and where it begins to be none.
pub(super) fn no_text(error: &FromUtf8Error) -> (String, Vec<Problem>) {
    let at = error.utf8_error().valid_up_to();
    let octet = error.as_bytes().get(at).copied().unwrap_or_default();
    let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
    let mut notes = Notes::new(&text);
    notes.at(at..at, "", format!("the octet 0x{octet:02X} is no UTF-8"), "save the file as UTF-8");
    let problems = notes.into_problems();
    (text, problems)
}

/// A password does not travel into a terminal's history or a log: what follows the word is hidden.
fn masked(line: &str) -> String {
    let shown = line.find("password").and_then(|at| line[at..].find('=').map(|equals| at + equals + 1));
    let (shown, hidden) = line.split_at(shown.unwrap_or(line.len()));
    let blank = |c: char| if c == '\t' { ' ' } else { c };
    let star = |c: char| if c.is_whitespace() { ' ' } else { '*' };
    shown.chars().map(blank).chain(hidden.chars().map(star)).collect()
}

/// Where each setting stands, and the mistakes found so far.
pub(super) struct Notes<'t> {
    text: &'t str,
    places: BTreeMap<String, Range<usize>>,
    /// Lines whose language is wrong: what was read of them means nothing.
    broken: BTreeSet<usize>,
    problems: Vec<Problem>,
}

impl<'t> Notes<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, places: BTreeMap::new(), broken: BTreeSet::new(), problems: Vec::new() }
    }

    /// A fault of the language. Nothing else is said of its line.
    pub(super) fn broken(&mut self, span: Range<usize>, what: &str) {
        let line = self.position(span.start).0;
        self.at(span, "", what, "");
        self.broken.insert(line);
    }

    /// Whether the language is wrong in the line of this spot.
    pub(super) fn is_broken(&self, spot: usize) -> bool {
        self.broken.contains(&self.position(spot).0)
    }

    /// Remembers where a setting stands.
    pub(super) fn place(&mut self, path: &str, span: Range<usize>) {
        self.places.insert(path.to_owned(), span);
    }

    /// A mistake at a spot of the text.
    pub(super) fn at(&mut self, span: Range<usize>, path: &str, what: impl Into<String>, instead: impl Into<String>) {
        let (line, column) = self.position(span.start);
        if self.broken.contains(&line) {
            return;
        }
        let width = self.text.get(span).unwrap_or_default().lines().next().map_or(1, |first| first.chars().count());
        let (path, what, instead) = (path.to_owned(), what.into(), instead.into());
        self.problems.push(Problem { line, column, width, path, what, instead });
    }

    /// A mistake in a setting, or where it is not named, in what holds it.
    pub(super) fn about(&mut self, path: &str, what: impl Into<String>, instead: impl Into<String>) {
        let mut holder = path;
        loop {
            if let Some(span) = self.places.get(holder) {
                return self.at(span.clone(), path, what, instead);
            }
            match holder.rfind('.') {
                Some(end) => holder = &holder[..end],
                None => break,
            }
        }
        let (path, what, instead) = (path.to_owned(), what.into(), instead.into());
        self.problems.push(Problem { line: 0, column: 0, width: 0, path, what, instead });
    }

    /// Line and column, both from 1, of an offset in octets.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset.min(self.text.len())).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// The mistakes by place in the file.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        self.problems
    }
}
