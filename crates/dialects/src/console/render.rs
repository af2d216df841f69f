//! An event, rendered once for everybody: its facts, and each resource it changed, whole or gone.
//!
//! What a subscription gets of it is chosen in `filter`; here nothing is left out. A pure function of (before, event, after).

use super::seats::Seats;
use super::wire::{self, CallView, ConnectionView, DeviceView, ExtensionView, Instant, StageView};
use crate::common::clock::Clock;
use crate::common::json::{Object, on_paper, push_view};
use serde::Serialize;
use std::collections::BTreeSet;
use std::ops::Range;
use switching::event::Event;
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

/// One event, rendered: one text, and where in it what stands.
#[derive(Debug)]
pub struct Rendered {
    /// Its place.
    pub seq: u64,
    /// Its name.
    pub kind: &'static str,
    /// Devices it is about, and those that took part in its calls before or after it.
    pub about: Seats,
    /// What it changed.
    pub changes: Vec<Change>,
    text: Box<str>,
    head: Range<usize>,
    data: Range<usize>,
}

impl Rendered {
    /// `"type":..,"timestamp":..,"request":..,"calls":..,"devices":..` as JSON text.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.text[self.head.clone()]
    }

    /// `data` as JSON text.
    #[must_use]
    pub fn data(&self) -> &str {
        &self.text[self.data.clone()]
    }

    /// `"id":{..}` of a changed resource, whole; `"id":` alone where it is gone.
    #[must_use]
    pub fn whole(&self, change: &Change) -> &str {
        &self.text[change.name.start..change.end]
    }

    /// `"id":` of a changed resource.
    #[must_use]
    pub fn name(&self, change: &Change) -> &str {
        &self.text[change.name.clone()]
    }

    /// Octets of all that was rendered.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.text.len()
    }
}

/// One resource that an event changed, or that may have come into or gone out of a view by it.
#[derive(Debug)]
pub struct Change {
    /// Of which kind.
    pub collection: Collection,
    /// Devices by which it could be seen before the event; none: it was not there.
    pub seen_before: Option<Seats>,
    /// Devices by which it can be seen after the event; none: it is gone.
    pub seen_after: Option<Seats>,
    /// The resource itself is another; else only who can see it.
    pub differs: bool,
    name: Range<usize>,
    /// Where its text ends.
    end: usize,
}

/// Renders an event.
#[must_use]
pub fn render(before: &Before<'_>, event: &Event, after: &Picture, clock: &Clock) -> Rendered {
    let mut about: Seats = event.devices.iter().copied().collect();
    for call in &event.calls {
        about.extend(seated(before.call(*call), |id| before.connection(id)));
        about.extend(seated(after.calls.get(call), |id| after.connections.get(&id)));
    }
    on_paper(|text| {
        let mut pen = Pen { text, changes: Vec::new(), clock };
        let head = pen.head(event);
        let data = pen.part(|out| wire::push_data(out, event, clock));
        pen.calls(before, after);
        pen.connections(before, after);
        pen.stages(before, after);
        pen.devices(before, after);
        pen.extensions(before, after);
        let Pen { text, changes, .. } = pen;
        Rendered { seq: event.seq, kind: event.what.name(), about, changes, text: text.as_str().into(), head, data }
    })
}

/// The devices in a call.
fn seated<'a>(
    call: Option<&'a Call>,
    connection: impl Fn(switching::id::ConnectionId) -> Option<&'a Connection>,
) -> impl Iterator<Item = switching::id::DeviceId> {
    call.into_iter().flat_map(|call| &call.connections).filter_map(move |id| connection(*id)).map(|it| it.device)
}

/// What writes an event.
struct Pen<'a> {
    text: &'a mut String,
    changes: Vec<Change>,
    clock: &'a Clock,
}

impl Pen<'_> {
    fn part(&mut self, write: impl FnOnce(&mut String)) -> Range<usize> {
        let from = self.text.len();
        write(self.text);
        from..self.text.len()
    }

    fn head(&mut self, event: &Event) -> Range<usize> {
        let clock = self.clock;
        let whole = self.part(|out| {
            Object::write(out, |o| {
                o.text("type", event.what.name());
                o.text("timestamp", Instant::at(event.at, clock).text().as_str());
                wire::push_id_or_null(o.value("request"), event.request);
                wire::push_ids(o.value("calls"), &event.calls);
                wire::push_ids(o.value("devices"), &event.devices);
            });
        });
        // Its braces are left to the frame.
        whole.start + 1..whole.end - 1
    }

    /// Notes a resource whose place in some view may be another; what is not there any more has no view.
    fn change(
        &mut self,
        collection: Collection,
        id: impl wire::Named,
        seen: (Option<Seats>, Option<Seats>),
        differs: bool,
        view: Option<&impl Serialize>,
    ) {
        let (seen_before, seen_after) = seen;
        if !differs && seen_before == seen_after {
            return;
        }
        let name = self.part(|out| {
            wire::push_id(out, id);
            out.push(':');
        });
        if let Some(view) = view {
            push_view(self.text, view);
        }
        self.changes.push(Change { collection, seen_before, seen_after, differs, name, end: self.text.len() });
    }

    fn calls(&mut self, before: &Before<'_>, after: &Picture) {
        for (id, old) in before.overlay.calls.iter() {
            let new = after.calls.get(&id);
            let seen_before = old.as_ref().map(|call| seated(Some(call), |id| before.connection(id)).collect());
            let seen_after = new.map(|call| seated(Some(call), |id| after.connections.get(&id)).collect());
            let differs = old.as_ref() != new || seen_before != seen_after;
            let view = new.map(|call| CallView::of(call, self.clock));
            self.change(Collection::Calls, id, (seen_before, seen_after), differs, view.as_ref());
        }
    }

    fn connections(&mut self, before: &Before<'_>, after: &Picture) {
        let one = |connection: &Connection| Seats::from_iter([connection.device]);
        for (id, old) in before.overlay.connections.iter() {
            let new = after.connections.get(&id);
            let seen = (old.as_ref().map(one), new.map(one));
            let view = new.map(|connection| ConnectionView::of(connection, self.clock));
            self.change(Collection::Connections, id, seen, old.as_ref() != new, view.as_ref());
        }
    }

    /// Stages are seen by whoever sees their call: besides those that changed, the open ones of each call whose seats changed.
    fn stages(&mut self, before: &Before<'_>, after: &Picture) {
        let mut ids: BTreeSet<_> = before.overlay.stages.iter().map(|(id, _)| id).collect();
        for (id, old) in before.overlay.calls.iter() {
            let new = after.calls.get(&id);
            ids.extend(old.iter().chain(new).flat_map(|call| &call.open_stages).copied());
        }
        for id in ids {
            let (old, new) = (before.stage(id), after.stages.get(&id));
            let seen_before = old.map(|stage| seated(before.call(stage.call), |id| before.connection(id)).collect());
            let seen_after =
                new.map(|stage| seated(after.calls.get(&stage.call), |id| after.connections.get(&id)).collect());
            let view = new.map(|stage| StageView::of(stage, self.clock));
            self.change(Collection::Stages, id, (seen_before, seen_after), old != new, view.as_ref());
        }
    }

    fn devices(&mut self, before: &Before<'_>, after: &Picture) {
        for (id, old) in before.overlay.devices.iter() {
            let new = after.devices.get(&id);
            let own = || Seats::from_iter([id]);
            let seen = (old.as_ref().map(|_| own()), new.map(|_| own()));
            let view = new.map(|device| DeviceView::of(device, self.clock));
            self.change(Collection::Devices, id, seen, old.as_ref() != new, view.as_ref());
        }
    }

    fn extensions(&mut self, before: &Before<'_>, after: &Picture) {
        for (id, old) in before.overlay.extensions.iter() {
            let new = after.extensions.get(&id);
            let seen = (old.as_ref().map(phones), new.map(phones));
            let view = new.map(|extension| ExtensionView::of(id, extension));
            self.change(Collection::Extensions, id, seen, old.as_ref() != new, view.as_ref());
        }
    }
}

/// The phones of a directory number.
pub fn phones(extension: &Extension) -> Seats {
    [extension.config.primary, extension.config.secondary].into_iter().flatten().collect()
}

/// JSON text of a view.
pub fn text(view: &impl Serialize) -> String {
    // Views have text keys and no maps of other kinds, so writing them cannot fail.
    serde_json::to_string(view).unwrap_or_default()
}
