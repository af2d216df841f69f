//! Behind the commit gate: the mirror advances, frames are rendered once per door, then replies go out.
//!
//! It runs where the commit is reported. Frames are queued before the replies of the same batch, so that a door whose vendor has
//! the event before the answer gets that order; a door that wants it the other way round holds its frames by `through`.

use crate::batch::Visible;
use dialects::common::exchange::Exchange;
use dialects::common::frames::Frames;
use switching::event::Event;
use switching::picture::{Before, Overlay, Picture};

/// Folds, renders, replies.
pub struct Projector {
    exchange: Exchange,
    doors: Vec<Box<dyn Frames>>,
}

impl Projector {
    /// One for an exchange and its doors.
    #[must_use]
    pub fn new(exchange: Exchange, doors: Vec<Box<dyn Frames>>) -> Self {
        Self { exchange, doors }
    }

    /// Shows what a committed batch holds.
    pub fn show(&self, visible: Visible) {
        let Visible { events, records, replies, keys } = visible;
        if !events.is_empty() {
            self.exchange.advance(|mirror| {
                // Whoever begins to watch meanwhile waits for this batch, to see the picture after it.
                let watched = self.doors.iter().any(|door| door.is_watched());
                for event in &events {
                    if watched { self.tell(mirror, event) } else { self.pass_over(mirror, event) }
                }
            });
        }
        if !events.is_empty() || !records.is_empty() {
            for door in &self.doors {
                records.iter().for_each(|record| door.record(record));
                door.publish();
            }
        }
        for (reply, back) in replies {
            // A client that has gone needs no reply; its command stands.
            let _ = back.send(reply);
        }
        for (known, back) in keys {
            // Whoever asked may have gone.
            let _ = back.send(known);
        }
    }

    fn tell(&self, mirror: &mut Picture, event: &Event) {
        let mut overlay = Overlay::default();
        mirror.fold(event, Some(&mut overlay));
        let before = Before { after: mirror, overlay: &overlay };
        for door in &self.doors {
            door.take(&before, event, mirror);
        }
    }

    fn pass_over(&self, mirror: &mut Picture, event: &Event) {
        mirror.fold(event, None);
        for door in &self.doors {
            door.pass_over(event);
        }
    }
}
