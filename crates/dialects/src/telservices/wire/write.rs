//! Values to octets: canonical form, no blank anywhere, empty content as `<x/>` (TEL-TRN-04).

use crate::common::json::push_count;
use crate::common::xml::push_escaped;

/// Octets of a usual event, so that it is written without moving.
const EVENT_LEN: usize = 512;

/// Builds one piece of XML.
#[derive(Debug, Default)]
pub(in super::super) struct Writer(String);

impl Writer {
    /// One with room for so many octets.
    pub(in super::super) fn with_room(octets: usize) -> Self {
        Self(String::with_capacity(octets))
    }

    /// `<name>...</name>`, or `<name/>` when nothing was put into it.
    pub(in super::super) fn within(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
        let body = self.0.len();
        inside(self);
        if self.0.len() == body {
            self.0.truncate(start);
            self.empty(name);
        } else {
            self.0.push_str("</");
            self.0.push_str(name);
            self.0.push('>');
        }
    }

    /// `<name/>`.
    pub(in super::super) fn empty(&mut self, name: &str) {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push_str("/>");
    }

    /// A text.
    pub(in super::super) fn text(&mut self, name: &str, text: &str) {
        self.within(name, |w| push_escaped(&mut w.0, text));
    }

    /// A whole number.
    pub(in super::super) fn number(&mut self, name: &str, number: u64) {
        self.within(name, |w| push_count(&mut w.0, number));
    }

    /// A value named by an empty element.
    pub(in super::super) fn choice(&mut self, name: &str, value: &str) {
        self.within(name, |w| w.empty(value));
    }

    /// BOOLEAN.
    pub(in super::super) fn flag(&mut self, name: &str, flag: bool) {
        self.choice(name, if flag { "true" } else { "false" });
    }

    /// A party, where only number and name are known.
    pub(in super::super) fn party(&mut self, element: &str, number: &str, name: &str, company: Option<&str>) {
        self.within(element, |w| {
            w.text("number", number);
            if !name.is_empty() {
                w.text("name", name);
            }
            if let Some(company) = company {
                w.choice("numberType", "work");
                w.text("company", company);
            }
        });
    }

    /// What was written elsewhere.
    pub(in super::super) fn raw(&mut self, xml: &str) {
        self.0.push_str(xml);
    }

    /// The whole.
    pub(in super::super) fn finish(self) -> String {
        self.0
    }
}

/// A return with a result of its own.
pub(in super::super) fn result(inside: impl FnOnce(&mut Writer)) -> String {
    let mut w = Writer::default();
    w.within("TelServiceReturn", |w| w.within("result", inside));
    w.finish()
}

/// The return of everything that has no result of its own (TEL-REQ-37).
pub(in super::super) fn standard() -> String {
    result(|w| w.empty("standard"))
}

/// The return of a failure.
pub(in super::super) fn error(name: &str) -> String {
    let mut w = Writer::default();
    w.within("TelServiceReturn", |w| w.within("error", |w| w.empty(name)));
    w.finish()
}

/// An event; the device is always named (TEL-EVT-01).
pub(in super::super) fn event(device: &str, inside: impl FnOnce(&mut Writer)) -> String {
    let mut w = Writer::with_room(EVENT_LEN);
    w.within("TelServiceEvent", |w| {
        w.text("deviceNumber", device);
        w.within("event", inside);
    });
    w.finish()
}
