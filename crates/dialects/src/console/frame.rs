//! Frames: the envelope of an event put together from what was rendered once, and snapshots of a view.

use super::filter::{Filter, Tells};
use super::render::{Collection, Rendered, phones, text};
use super::wire::{CallView, ConnectionView, DeviceView, ExtensionView, StageView};
use crate::common::clock::Clock;
use std::collections::BTreeSet;
use std::fmt::Write;
use switching::id::DeviceId;
use switching::model::Call;
use switching::picture::Picture;

/// The fields of the envelope, without the braces around them; none when the subscription gets nothing of this event.
#[must_use]
pub fn envelope(filter: &Filter, epoch: &str, prev: u64, event: &Rendered) -> Option<String> {
    let tells = filter.tells(event)?;
    let data = match tells {
        Tells::Facts => event.data.as_str(),
        Tells::ChangesOnly => "null",
    };
    let mut frame = String::with_capacity(event.head.len() + data.len() + 512);
    let Rendered { seq, head, .. } = event;
    let _ = write!(frame, "\"seq\":{seq},\"prev\":{prev},\"epoch\":{},{head}\"data\":{data}", text(&epoch));
    if filter.after {
        after(filter, event, &mut frame);
    }
    Some(frame)
}

fn after(filter: &Filter, event: &Rendered, frame: &mut String) {
    frame.push_str(",\"after\":{");
    let mut open: Option<Collection> = None;
    for change in &event.changes {
        let Some(shown) = filter.shows(change) else { continue };
        match open {
            Some(collection) if collection == change.collection => frame.push(','),
            Some(_) => {
                let _ = write!(frame, "}},\"{}\":{{", change.collection.name());
            }
            None => {
                let _ = write!(frame, "\"{}\":{{", change.collection.name());
            }
        }
        open = Some(change.collection);
        let _ = write!(frame, "\"{}\":{}", change.id, shown.unwrap_or("null"));
    }
    frame.push_str(if open.is_some() { "}}" } else { "}" });
}

/// The items of one collection that are in view, as JSON texts in the order of their ids.
#[must_use]
pub fn items(filter: &Filter, collection: Collection, picture: &Picture, clock: &Clock) -> Vec<String> {
    let seats = |call: &Call| -> BTreeSet<DeviceId> { picture.connections_of(call).map(|it| it.device).collect() };
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
