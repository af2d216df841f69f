//! An event, rendered once for everybody: its facts, and each resource it changed, whole or gone.
//!
//! What a subscription gets of it is chosen in `filter`; here nothing is left out. A pure function of (before, event, after).

use super::wire::{self, CallView, ConnectionView, DeviceView, ExtensionView, Instant, StageView};
use crate::common::clock::Clock;
use serde::Serialize;
use std::collections::BTreeSet;
use switching::event::Event;
use switching::id::{CallId, DeviceId};
use switching::model::{Call, Connection, Extension};
use switching::picture::{Before, Picture};

/// Kinds of resources that can be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Collection {
    /// Live calls.
    Calls,
    /// Live connections.
    Connections,
    /// Open stages.
    Stages,
    /// Devices.
    Devices,
    /// Directory numbers.
    Extensions,
}

impl Collection {
    /// All of them, in the order in which frames carry them.
    pub const ALL: [Self; 5] = [Self::Calls, Self::Connections, Self::Stages, Self::Devices, Self::Extensions];
    /// Their names.
    pub const NAMES: &'static [&'static str] = &["calls", "connections", "stages", "devices", "extensions"];

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Connections => "connections",
            Self::Stages => "stages",
            Self::Devices => "devices",
            Self::Extensions => "extensions",
        }
    }

    /// From its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|collection| collection.name() == name)
    }
}

/// One event, rendered.
#[derive(Debug)]
pub struct Rendered {
    /// Its place.
    pub seq: u64,
    /// Its name.
    pub kind: &'static str,
    /// Devices it is about, and those that took part in its calls before or after it.
    pub about: BTreeSet<DeviceId>,
    /// `"type":..,"timestamp":..,"request":..,"calls":..,"devices":..,` as JSON text.
    pub head: String,
    /// `data` as JSON text.
    pub data: String,
    /// What it changed.
    pub changes: Vec<Change>,
}

/// One resource that an event changed, or that may have come into or gone out of a view by it.
#[derive(Debug)]
pub struct Change {
    /// Of which kind.
    pub collection: Collection,
    /// Its id.
    pub id: String,
    /// Devices by which it could be seen before the event; none: it was not there.
    pub seen_before: Option<BTreeSet<DeviceId>>,
    /// Devices by which it can be seen after the event; none: it is gone.
    pub seen_after: Option<BTreeSet<DeviceId>>,
    /// The resource itself is another; else only who can see it.
    pub differs: bool,
    /// It, whole, as JSON text; empty when it is gone.
    pub whole: String,
}

/// Renders an event.
#[must_use]
pub fn render(before: &Before<'_>, event: &Event, after: &Picture, clock: &Clock) -> Rendered {
    let mut changes = Vec::new();
    calls(before, after, clock, &mut changes);
    connections(before, after, clock, &mut changes);
    stages(before, after, clock, &mut changes);
    devices(before, after, clock, &mut changes);
    extensions(before, after, &mut changes);
    let mut about: BTreeSet<DeviceId> = event.devices.iter().copied().collect();
    for call in &event.calls {
        about.extend(seats(before.call(*call), |id| before.connection(id)));
        about.extend(seats(after.calls.get(call), |id| after.connections.get(&id)));
    }
    Rendered {
        seq: event.seq,
        kind: event.what.name(),
        about,
        head: head(event, clock),
        data: text(&wire::data(event, clock)),
        changes,
    }
}

#[derive(Serialize)]
struct Head {
    r#type: &'static str,
    timestamp: Instant,
    request: Option<wire::Id<switching::id::RequestId>>,
    calls: Vec<wire::Id<CallId>>,
    devices: Vec<wire::Id<DeviceId>>,
}

fn head(event: &Event, clock: &Clock) -> String {
    let head = text(&Head {
        r#type: event.what.name(),
        timestamp: Instant::at(event.at, clock),
        request: event.request.map(wire::Id),
        calls: wire::ids(&event.calls),
        devices: wire::ids(&event.devices),
    });
    // Its braces are left to the frame.
    format!("{},", head.trim_start_matches('{').trim_end_matches('}'))
}

/// The devices in a call.
fn seats<'a>(
    call: Option<&'a Call>,
    connection: impl Fn(switching::id::ConnectionId) -> Option<&'a Connection>,
) -> BTreeSet<DeviceId> {
    call.into_iter().flat_map(|call| &call.connections).filter_map(|id| connection(*id)).map(|it| it.device).collect()
}

fn calls(before: &Before<'_>, after: &Picture, clock: &Clock, changes: &mut Vec<Change>) {
    for (id, old) in &before.overlay.calls {
        let new = after.calls.get(id);
        let seen_before = old.as_ref().map(|call| seats(Some(call), |id| before.connection(id)));
        let seen_after = new.map(|call| seats(Some(call), |id| after.connections.get(&id)));
        let differs = old.as_ref() != new || seen_before != seen_after;
        let whole = new.map(|call| text(&CallView::of(call, clock)));
        push(changes, Collection::Calls, id.to_string(), seen_before, seen_after, differs, whole);
    }
}

fn connections(before: &Before<'_>, after: &Picture, clock: &Clock, changes: &mut Vec<Change>) {
    for (id, old) in &before.overlay.connections {
        let new = after.connections.get(id);
        let one = |connection: &Connection| BTreeSet::from([connection.device]);
        let whole = new.map(|connection| text(&ConnectionView::of(connection, clock)));
        let differs = old.as_ref() != new;
        push(changes, Collection::Connections, id.to_string(), old.as_ref().map(one), new.map(one), differs, whole);
    }
}

/// Stages are seen by whoever sees their call: besides those that changed, the open ones of each call whose seats changed.
fn stages(before: &Before<'_>, after: &Picture, clock: &Clock, changes: &mut Vec<Change>) {
    let mut ids: BTreeSet<_> = before.overlay.stages.keys().copied().collect();
    for (id, old) in &before.overlay.calls {
        let new = after.calls.get(id);
        let stages = old.iter().chain(new).flat_map(|call| &call.open_stages).copied();
        ids.extend(stages);
    }
    for id in ids {
        let (old, new) = (before.stage(id), after.stages.get(&id));
        let seen_before = old.map(|stage| seats(before.call(stage.call), |id| before.connection(id)));
        let seen_after = new.map(|stage| seats(after.calls.get(&stage.call), |id| after.connections.get(&id)));
        let whole = new.map(|stage| text(&StageView::of(stage, clock)));
        push(changes, Collection::Stages, id.to_string(), seen_before, seen_after, old != new, whole);
    }
}

fn devices(before: &Before<'_>, after: &Picture, clock: &Clock, changes: &mut Vec<Change>) {
    for (id, old) in &before.overlay.devices {
        let new = after.devices.get(id);
        let whole = new.map(|device| text(&DeviceView::of(device, clock)));
        let own = BTreeSet::from([*id]);
        let seen = (old.as_ref().map(|_| own.clone()), new.map(|_| own));
        push(changes, Collection::Devices, id.to_string(), seen.0, seen.1, old.as_ref() != new, whole);
    }
}

fn extensions(before: &Before<'_>, after: &Picture, changes: &mut Vec<Change>) {
    for (id, old) in &before.overlay.extensions {
        let new = after.extensions.get(id);
        let whole = new.map(|extension| text(&ExtensionView::of(*id, extension)));
        let differs = old.as_ref() != new;
        push(
            changes,
            Collection::Extensions,
            id.to_string(),
            old.as_ref().map(phones),
            new.map(phones),
            differs,
            whole,
        );
    }
}

/// The phones of a directory number.
pub fn phones(extension: &Extension) -> BTreeSet<DeviceId> {
    [extension.config.primary, extension.config.secondary].into_iter().flatten().collect()
}

fn push(
    changes: &mut Vec<Change>,
    collection: Collection,
    id: String,
    seen_before: Option<BTreeSet<DeviceId>>,
    seen_after: Option<BTreeSet<DeviceId>>,
    differs: bool,
    whole: Option<String>,
) {
    if differs || seen_before != seen_after {
        changes.push(Change { collection, id, seen_before, seen_after, differs, whole: whole.unwrap_or_default() });
    }
}

/// JSON text of a view.
pub fn text(view: &impl Serialize) -> String {
    // Views have text keys and no maps of other kinds, so writing them cannot fail.
    serde_json::to_string(view).unwrap_or_default()
}
