//! Puts values into their fields: the defaults of the table, and what the file says.

use super::kind::{Kind, Misfit};
use toml::de::DeValue;

/// One setting as declared in the table.
pub(super) struct Setting<T: 'static> {
    /// `section.key`, or `key` alone.
    pub(super) path: &'static str,
    /// Type, range, field.
    pub(super) kind: Kind<T>,
    /// What holds where the file says nothing.
    pub(super) default: Absent,
    /// What it is for.
    pub(super) doc: &'static str,
}

impl<T> Setting<T> {
    /// `sip` of `sip.realm`; empty for a key that stands alone.
    pub(super) fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// `realm` of `sip.realm`.
    pub(super) fn key(&self) -> &'static str {
        self.path.rsplit_once('.').map_or(self.path, |(_, key)| key)
    }

    pub(super) fn put(&self, value: &DeValue<'_>, to: &mut T) -> Result<(), Misfit> {
        self.kind.put(value, to)
    }
}

/// What holds where the file says nothing.
pub(super) enum Absent {
    /// This value, written as in the file.
    Is(&'static str),
    /// No value; what that means, and a value for the example.
    Unset { meaning: &'static str, example: &'static str },
    /// The file must say it; a value for the example.
    Required { example: &'static str },
}

impl Absent {
    /// A value to show in the example.
    pub(super) const fn shown(&self) -> &'static str {
        match self {
            Self::Is(value) => value,
            Self::Unset { example, .. } | Self::Required { example } => example,
        }
    }
}

/// Sets every field that has a default.
pub(super) fn defaults<'s, T: 'static>(settings: impl IntoIterator<Item = &'s Setting<T>>, to: &mut T) {
    for setting in settings {
        if let Absent::Is(text) = setting.default {
            let value = DeValue::parse(text).expect("a default of the table is TOML; a test reads them all");
            let fits = setting.put(value.get_ref(), to).is_ok();
            assert!(fits, "the default of {} is within its own range", setting.path);
        }
    }
}
