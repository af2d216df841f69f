//! Reads TOML against the tables. Every mistake is noted and reading goes on, so that one run tells them all.

use super::Config;
use super::apply::{self, Absent, Setting};
use super::problem::Notes;
use super::table::{ACCOUNT, CDR_PUSH, SECTIONS, STATION, TRUNK, settings};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// Entries of one kind that a file may name. Many thousand belong into an import, not into the file.
const ENTRIES_MAX: usize = 10_000;
/// Names of the tables that may stand several times.
const REPEATED: [&str; 4] = ["station", "trunk", "account", "cdr_push"];

type Key<'a, 't> = &'a Spanned<DeString<'t>>;
type Value<'a, 't> = &'a Spanned<DeValue<'t>>;

/// What was read, and what was noted on the way.
pub(super) struct Document<'t> {
    pub(super) config: Config,
    pub(super) notes: Notes<'t>,
    /// Whether the language was right everywhere, so that no value is missing only because its line could not be read.
    pub(super) is_whole: bool,
}

pub(super) fn read(text: &str) -> Document<'_> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut document = Document { config: Config::default(), notes: Notes::new(text), is_whole: errors.is_empty() };
    for error in &errors {
        document.notes.broken(error.span().unwrap_or(0..0), error.message());
    }
    for (key, value) in root.get_ref().iter() {
        if !document.notes.is_broken(key.span().start) {
            document.entry(key, value);
        }
    }
    document
}

impl Document<'_> {
    /// One key of the top level: a setting, a section, or one of the repeated tables.
    fn entry(&mut self, key: Key<'_, '_>, value: Value<'_, '_>) {
        let name = key.get_ref().as_ref();
        match name {
            "station" => self.config.stations = self.repeated(key, value, STATION),
            "trunk" => self.config.trunks = self.repeated(key, value, TRUNK),
            "account" => self.config.accounts = self.repeated(key, value, ACCOUNT),
            "cdr_push" => self.config.cdr_pushes = self.repeated(key, value, CDR_PUSH),
            _ if SECTIONS.iter().any(|(section, _)| *section == name && !name.is_empty()) => self.section(key, value),
            _ => match settings().find(|setting| setting.path == name) {
                Some(setting) => put(&mut self.notes, setting, name, key.span(), value, &mut self.config),
                None => self.unknown_entry(key),
            },
        }
    }

    fn section(&mut self, key: Key<'_, '_>, value: Value<'_, '_>) {
        let name = key.get_ref().as_ref();
        let Some(table) = value.get_ref().as_table() else {
            return self.notes.at(
                value.span(),
                name,
                "this is a section",
                format!("write [{name}] and the settings below it"),
            );
        };
        self.notes.place(name, key.span());
        for (key, value) in table.iter() {
            let path = format!("{name}.{}", key.get_ref());
            match settings().find(|setting| setting.path == path) {
                Some(setting) => put(&mut self.notes, setting, &path, key.span(), value, &mut self.config),
                None => self.unknown_setting(name, key),
            }
        }
    }

    /// The entries of `[[station]]` and its like.
    fn repeated<T: Default>(&mut self, key: Key<'_, '_>, value: Value<'_, '_>, settings: &[Setting<T>]) -> Vec<T> {
        let name = key.get_ref().as_ref();
        let Some(entries) = value.get_ref().as_array() else {
            self.notes.at(key.span(), name, "this may stand several times", format!("write [[{name}]]"));
            return Vec::new();
        };
        if entries.len() > ENTRIES_MAX {
            let what = format!("{} entries are more than {ENTRIES_MAX}", entries.len());
            self.notes.at(key.span(), name, what, "bring them in with `hookswitch import`");
        }
        let mut taken = Vec::new();
        for (index, entry) in entries.iter().enumerate().take(ENTRIES_MAX) {
            let path = format!("{name}[{}]", index + 1);
            match entry.get_ref().as_table() {
                Some(table) => taken.push(one_of_many(&mut self.notes, &path, entry.span(), table, settings)),
                None => self.notes.at(entry.span(), &path, "this is no table", format!("write [[{name}]]")),
            }
        }
        taken
    }

    fn unknown_entry(&mut self, key: Key<'_, '_>) {
        let name = key.get_ref().as_ref();
        if let Some(setting) = settings().find(|setting| setting.key() == name) {
            let instead = format!("it belongs below [{}]", setting.section());
            return self.notes.at(key.span(), name, "this setting stands in no section", instead);
        }
        let sections = SECTIONS.iter().map(|(section, _)| *section).chain(REPEATED);
        let alone = settings().filter(|setting| setting.section().is_empty()).map(Setting::key);
        let instead = match nearest(name, sections.chain(alone).filter(|known| !known.is_empty())) {
            Some(near) if REPEATED.contains(&near) => format!("write [[{near}]]"),
            Some(near) if SECTIONS.iter().any(|(section, _)| *section == near) => format!("write [{near}]"),
            Some(near) => format!("write {near}"),
            None => "docs/configuration.md lists all settings".to_owned(),
        };
        self.notes.at(key.span(), name, "there is no such setting", instead);
    }

    fn unknown_setting(&mut self, section: &str, key: Key<'_, '_>) {
        let name = key.get_ref().as_ref();
        let path = format!("{section}.{name}");
        if let Some(setting) = settings().find(|setting| setting.key() == name) {
            let place = if setting.section().is_empty() {
                "above all sections".to_owned()
            } else {
                format!("below [{}]", setting.section())
            };
            return self.notes.at(
                key.span(),
                &path,
                "this setting is not of this section",
                format!("it belongs {place}"),
            );
        }
        let keys = settings().filter(|setting| setting.section() == section).map(Setting::key);
        let instead = instead_of(name, keys);
        self.notes.at(key.span(), &path, "there is no such setting", instead);
    }
}

/// One entry of a repeated table, with its defaults.
fn one_of_many<T: Default>(
    notes: &mut Notes<'_>,
    path: &str,
    span: Range<usize>,
    table: &DeTable<'_>,
    settings: &[Setting<T>],
) -> T {
    let mut entry = T::default();
    apply::defaults(settings, &mut entry);
    notes.place(path, span.clone());
    for (key, value) in table.iter() {
        let name = key.get_ref().as_ref();
        let path = format!("{path}.{name}");
        match settings.iter().find(|setting| setting.path == name) {
            Some(setting) => put(notes, setting, &path, key.span(), value, &mut entry),
            None => {
                let instead = instead_of(name, settings.iter().map(Setting::key));
                notes.at(key.span(), &path, "there is no such setting", instead);
            }
        }
    }
    for setting in settings {
        let key = setting.key();
        if matches!(setting.default, Absent::Required { .. }) && !table.iter().any(|(named, _)| named.get_ref() == key)
        {
            notes.at(
                span.clone(),
                path,
                format!("{key} is missing"),
                format!("write {key} = {}", setting.default.shown()),
            );
        }
    }
    entry
}

fn put<T>(
    notes: &mut Notes<'_>,
    setting: &Setting<T>,
    path: &str,
    key: Range<usize>,
    value: Value<'_, '_>,
    to: &mut T,
) {
    notes.place(path, value.span());
    if let Err(misfit) = setting.put(value.get_ref(), to) {
        let spot = if value.span().is_empty() { key } else { value.span() };
        notes.at(spot, path, misfit.what, misfit.instead);
    }
}

fn instead_of<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.collect();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("write {near}"),
        None => format!("possible are {}", known.join(", ")),
    }
}

/// The known name that a mistyped one most likely means: at most a third of its letters differ.
fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let far = (name.chars().count() / 3).max(1);
    let scored = known.map(|known| (strsim::osa_distance(&name.to_lowercase(), known), known));
    scored.filter(|(distance, _)| *distance <= far).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}
