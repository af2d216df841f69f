//! Frames of calls and terminals as text, all but the serial number, which each session gives itself (IPX-EVT-01, IPX-EVT-36).
//!
//! Members stand in the order of their names.

use super::event::{cause_code, offer_word};
use super::id::{device_number, reference, service_number};
use crate::common::json::{Object, push_count, push_text};
use std::borrow::Cow;
use switching::cause::Cause;
use switching::event::Offer;
use switching::id::{CallId, DeviceId};
use switching::picture::Picture;

/// Octets of a usual frame, so that it is written without moving.
const FRAME_LEN: usize = 224;

/// A frame without its serial number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    text: String,
    /// Where in the text the serial number belongs.
    serial_at: usize,
}

/// A frame, and the terminal it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Whom it is about.
    pub device: DeviceId,
    /// What whoever watches that one is told.
    pub frame: Frame,
}

/// What a frame of a call says beside the call and the terminal.
#[derive(Debug, Clone, Default)]
pub(super) struct Members<'a> {
    /// What may be asked for instead.
    pub(super) offers: Option<&'a [Offer]>,
    /// Who calls and who is called.
    pub(super) parties: Option<Parties<'a>>,
    pub(super) cause: Option<Cause>,
    pub(super) dialled: Option<&'a str>,
    /// Whether a number of a diversion belongs there; there is none yet.
    pub(super) diversion: bool,
    /// Whose end it was that ended, and how.
    pub(super) released: Option<(Released, &'a str)>,
}

/// Calling and called number, as they are shown.
#[derive(Debug, Clone)]
pub(super) struct Parties<'a> {
    pub(super) calling: Cow<'a, str>,
    pub(super) called: Cow<'a, str>,
}

/// Whose end a frame tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Released {
    /// The terminal's own.
    Own,
    /// That of the other party.
    Other,
}

impl Told {
    /// A frame of a call about a terminal.
    pub(super) fn of_call(picture: &Picture, kind: &str, device: DeviceId, call: CallId, is: &Members<'_>) -> Self {
        let before = |o: &mut Object<'_>| {
            if let Some(offers) = is.offers {
                push_offers(o.value("busySvcList"), offers);
            }
            o.count("callRefID", reference(call));
            if let Some(Parties { calling, called }) = &is.parties {
                o.text("calledDN", called);
                o.text("callingDN", calling);
            }
            if let Some((code, text)) = is.cause.map(cause_code) {
                o.count("causeCode", code.into());
                o.text("causeMsg", text);
            }
            o.text("deviceNumber", device_number(picture, device));
            if let Some(dialled) = is.dialled {
                o.text("dialDigit", dialled);
            }
            if is.diversion {
                o.text("diversionNum", "");
            }
        };
        let frame = Frame::written(before, |o| {
            match is.released {
                Some((Released::Other, number)) => o.text("releasedAscDN", number),
                Some((Released::Own, number)) => o.text("releasedDN", number),
                None => {}
            }
            o.text("serviceDN", service_number(picture, device));
            o.text("type", kind);
        });
        Self { device, frame }
    }

    /// A frame about a terminal alone.
    pub(super) fn of_terminal(picture: &Picture, kind: &str, device: DeviceId) -> Self {
        let before = |o: &mut Object<'_>| o.text("deviceNumber", device_number(picture, device));
        Self { device, frame: Frame::written(before, |o| o.text("type", kind)) }
    }
}

impl Frame {
    /// With members before and behind the serial number.
    pub(super) fn written(before: impl FnOnce(&mut Object<'_>), behind: impl FnOnce(&mut Object<'_>)) -> Self {
        let mut text = String::with_capacity(FRAME_LEN);
        let mut serial_at = 0;
        Object::write(&mut text, |o| {
            o.text("event", "call");
            o.object("data", |o| {
                before(o);
                serial_at = o.value("evtSerialNum").len();
                behind(o);
            });
        });
        Self { text, serial_at }
    }

    /// The frame as a session sends it.
    #[must_use]
    pub fn numbered(&self, serial: u64) -> String {
        let (before, behind) = self.text.split_at(self.serial_at);
        let mut frame = String::with_capacity(FRAME_LEN);
        frame.push_str(before);
        push_count(&mut frame, serial);
        frame.push_str(behind);
        frame
    }
}

fn push_offers(out: &mut String, offers: &[Offer]) {
    out.push('[');
    for (n, offer) in offers.iter().enumerate() {
        out.push_str(if n == 0 { "" } else { "," });
        push_text(out, offer_word(*offer));
    }
    out.push(']');
}
