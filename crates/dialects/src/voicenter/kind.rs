//! The types of calls (VOI-CDR-06). Those of queues, transfers, forwarding, conferences and the dialler are not here: no call is of them
//! yet.

/// What kind of call a row tells of (VOI-CDR-06).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From outside.
    Incoming,
    /// Dialled at an extension.
    Outgoing,
    /// The first leg of a Click2Call.
    Leg1,
    /// Its second leg.
    Leg2,
}

impl Kind {
    /// All that calls are of today.
    pub const ALL: [Self; 4] = [Self::Incoming, Self::Outgoing, Self::Leg1, Self::Leg2];

    /// The exact text.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Incoming => "Incoming Call",
            Self::Outgoing => "Extension Outgoing",
            Self::Leg1 => "Click2Call leg1",
            Self::Leg2 => "Click2Call leg2",
        }
    }

    /// The number that public clients know it by.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Incoming => 1,
            Self::Outgoing => 4,
            Self::Leg1 => 9,
            Self::Leg2 => 10,
        }
    }
    /// Whether a text names it: in any case, with or without its blanks, or by its number.
    #[must_use]
    pub fn is(self, text: &str) -> bool {
        let letters = |text: &str| -> String {
            text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
        };
        text == self.number().to_string() || letters(text) == letters(self.name())
    }

    /// The type that a text names.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.is(text))
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn a_type_has_one_name_and_is_known_by_several() {
        for kind in Kind::ALL {
            assert_eq!(Kind::named(kind.name()), Some(kind));
            assert_eq!(Kind::named(&kind.number().to_string()), Some(kind));
        }
        for text in ["Click2Callleg1", "click2call leg1", "CLICK2CALL LEG1", "9"] {
            assert_eq!(Kind::named(text), Some(Kind::Leg1), "{text}");
        }
        for text in ["", "Queue", "8", "Click2Call", "09"] {
            assert_eq!(Kind::named(text), None, "{text}");
        }
    }
}
