//! What a call was for one extension (FUS-FMT-13): a pure function of its record.
//!
//! Not produced yet, for want of the services: 003 (a mobile phone calls in its owner's name) and 300 (voicemail).

use switching::config::ExtensionConfig;
use switching::id::{DeviceId, ExtensionId};
use switching::model::Connection;
use switching::party::{Addressed, Party, PartyKind, Via};
use switching::record::CallRecord;

/// Which of its phones an extension used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phone {
    /// None of them, or several.
    None,
    /// Its `dp`.
    Primary,
    /// Its `sp`.
    Secondary,
    /// Its mobile phone.
    Mobile,
}

/// What a call was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disposition {
    /// The extension called.
    Placed(Phone),
    /// It was called and nobody answered.
    Missed(Phone),
    /// It was called and the call was answered.
    Answered(Phone),
}

impl Disposition {
    /// The three-digit code.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Placed(Phone::None) => "000",
            Self::Placed(Phone::Primary) => "001",
            Self::Placed(Phone::Secondary) => "002",
            Self::Placed(Phone::Mobile) => "003",
            Self::Missed(Phone::None) => "100",
            Self::Missed(Phone::Primary) => "101",
            Self::Missed(Phone::Secondary) => "102",
            Self::Missed(Phone::Mobile) => "103",
            Self::Answered(Phone::None) => "200",
            Self::Answered(Phone::Primary) => "201",
            Self::Answered(Phone::Secondary) => "202",
            Self::Answered(Phone::Mobile) => "203",
        }
    }
}

/// One extension, to look at records with.
pub(super) struct Viewer<'a> {
    pub(super) id: ExtensionId,
    pub(super) config: &'a ExtensionConfig,
}

impl Viewer<'_> {
    /// What a call was for this extension; none: it took no part.
    pub(super) fn disposition(&self, record: &CallRecord) -> Option<Disposition> {
        let connections = || record.connections.iter().map(|part| &part.connection);
        if let Some(caller) = connections().find(|c| c.placed && self.is(&c.party)) {
            return Some(Disposition::Placed(self.phone(caller.device)));
        }
        let ours: Vec<&Connection> = connections().filter(|c| !c.placed && self.led_here(&c.addressed)).collect();
        // An ordered call whose first party was never answered has dialled nobody.
        let dialled = connections().any(|c| c.placed && (c.prompt.is_none() || c.supervised.is_some()));
        if ours.is_empty() && !(dialled && self.is(&record.call.called)) {
            return None;
        }
        if self.config.primary.is_none() && self.config.secondary.is_none() {
            return Some(Disposition::Answered(Phone::None));
        }
        if let Some(taker) = connections().find(|c| !c.placed && c.answered.is_some()) {
            let phone = if self.led_here(&taker.addressed) { self.used(taker) } else { Phone::None };
            return Some(Disposition::Answered(phone));
        }
        let mut rang = ours.iter().filter(|c| c.alerting.is_some()).map(|c| self.used(c));
        let first = rang.next().unwrap_or(Phone::None);
        Some(Disposition::Missed(if rang.all(|other| other == first) { first } else { Phone::None }))
    }

    /// Whether a connection was rung for this extension.
    pub(super) fn led_here(&self, addressed: &Addressed) -> bool {
        addressed.extension == Some(self.id) || addressed.number == self.config.number
    }

    fn is(&self, party: &Party) -> bool {
        party.extension == Some(self.id) || (party.kind == PartyKind::Device && party.number == self.config.number)
    }

    fn phone(&self, device: DeviceId) -> Phone {
        if self.config.primary == Some(device) {
            Phone::Primary
        } else if self.config.secondary == Some(device) {
            Phone::Secondary
        } else {
            Phone::None
        }
    }

    /// The phone as it was addressed then; the configuration may have changed since.
    fn used(&self, connection: &Connection) -> Phone {
        match connection.addressed.via {
            Via::Direct => self.phone(connection.device),
            Via::Primary => Phone::Primary,
            Via::Secondary => Phone::Secondary,
            Via::Mobile => Phone::Mobile,
        }
    }
}
