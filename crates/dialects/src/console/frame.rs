//! Frames: the envelope of an event put together from what was rendered once, and snapshots of a view.

use super::filter::{Filter, Shows, Tells};
use super::render::{Collection, Rendered, phones, text};
use super::seats::Seats;
use super::wire::{CallView, ConnectionView, DeviceView, ExtensionView, StageView};
use crate::common::clock::Clock;
use crate::common::json::{push_count, push_text};
use switching::model::Call;
use switching::picture::Picture;

/// Octets that an envelope adds to what was rendered, at most about.
pub const ENVELOPE_LEN: usize = 256;

/// The envelope alone; none when the subscription gets nothing of this event.
#[must_use]
pub fn envelope(filter: &Filter, epoch: &str, prev: u64, event: &Rendered) -> Option<String> {
    let tells = filter.tells(event)?;
    let mut frame = String::with_capacity(event.octets() + ENVELOPE_LEN);
    frame.push('{');
    push_envelope(&mut frame, filter, tells, epoch, prev, event);
    frame.push('}');
    Some(frame)
}

/// Appends the fields of the envelope, without the braces around them; `tells` is what the subscription gets of this event.
pub fn push_envelope(out: &mut String, filter: &Filter, tells: Tells, epoch: &str, prev: u64, event: &Rendered) {
    out.push_str("\"seq\":");
    push_count(out, event.seq);
    out.push_str(",\"prev\":");
    push_count(out, prev);
    out.push_str(",\"epoch\":");
    push_text(out, epoch);
    out.push(',');
    out.push_str(event.head());
    out.push_str(",\"data\":");
    out.push_str(match tells {
        Tells::Facts => event.data(),
        Tells::ChangesOnly => "null",
    });
    if filter.after {
        push_after(out, filter, event);
    }
}

fn push_after(out: &mut String, filter: &Filter, event: &Rendered) {
    out.push_str(",\"after\":{");
    let mut open: Option<Collection> = None;
    for change in &event.changes {
        let Some(shows) = filter.shows(change) else { continue };
        if open == Some(change.collection) {
            out.push(',');
        } else {
            out.push_str(if open.is_some() { "},\"" } else { "\"" });
            out.push_str(change.collection.name());
            out.push_str("\":{");
        }
        open = Some(change.collection);
        match shows {
            Shows::Whole => out.push_str(event.whole(change)),
            Shows::Gone => {
                out.push_str(event.name(change));
                out.push_str("null");
            }
        }
    }
    out.push_str(if open.is_some() { "}}" } else { "}" });
}

/// The items of one collection that are in view, as JSON texts in the order of their ids.
#[must_use]
pub fn items(filter: &Filter, collection: Collection, picture: &Picture, clock: &Clock) -> Vec<String> {
    let seats = |call: &Call| -> Seats { picture.connections_of(call).map(|it| it.device).collect() };
    match collection {
        Collection::Calls => {
            let seen = picture.calls.values().filter(|call| filter.devices.is_none() || filter.sees(&seats(call)));
            seen.map(|call| text(&CallView::of(call, clock))).collect()
        }
        Collection::Connections => {
            let seen = picture.connections.values().filter(|connection| filter.sees_device(connection.device));
            seen.map(|connection| text(&ConnectionView::of(connection, clock))).collect()
        }
        Collection::Stages => {
            let seen = picture.stages.values().filter(|stage| {
                filter.devices.is_none() || picture.calls.get(&stage.call).is_some_and(|call| filter.sees(&seats(call)))
            });
            seen.map(|stage| text(&StageView::of(stage, clock))).collect()
        }
        Collection::Devices => {
            let seen = picture.devices.values().filter(|device| filter.sees_device(device.id));
            seen.map(|device| text(&DeviceView::of(device, clock))).collect()
        }
        Collection::Extensions => {
            let seen = picture
                .extensions
                .iter()
                .filter(|(_, extension)| filter.devices.is_none() || filter.sees(&phones(extension)));
            seen.map(|(id, extension)| text(&ExtensionView::of(*id, extension))).collect()
        }
    }
}
