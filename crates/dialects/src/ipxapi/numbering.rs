//! The numbering event (IPX-EVT-35): the whole list of terminals, after their numbers have changed.
//!
//! It goes to everybody who may control calls, once for all changes of a second: a list is long, and an import makes many changes.
//! Ranges of parking places and groups are left out, for there are none.

use super::frame::Frame;
use super::id::{device_number, is_terminal};
use super::{Door, NAME};
use crate::common::clock::Clock;
use crate::common::json::{Decimal, Object};
use switching::event::{Configured, Event, What};
use switching::id::DeviceId;
use switching::model::Device;
use switching::picture::{Before, Picture};
use tokio::sync::Notify;

/// The least time between two lists, in milliseconds of the exchange's clock.
const PAUSE_MS: u64 = 1_000;
/// What a terminal is among the vendor's types (`lip`, `dkt`, `slt`, `sip`, `dect`).
const DEVICE_TYPE: &str = "sip";

/// Whether an event changed the number of a terminal, made one or took one away.
#[must_use]
pub fn changes(before: &Before<'_>, event: &Event) -> bool {
    let own = |device: &Device| is_terminal(device).then(|| device.config.names.number.clone());
    match &event.what {
        What::ConfigurationChanged(Configured::Device(id, _)) => {
            before.device(*id).and_then(own) != before.after.devices.get(id).and_then(own)
        }
        // A phone without a number of its own has that of its directory number.
        What::ConfigurationChanged(Configured::Extension(..)) => {
            let nameless = |id: &DeviceId| before.after.devices.get(id).and_then(own).is_some_and(|own| own.is_none());
            event.devices.iter().any(nameless)
        }
        What::ConfigurationChanged(Configured::User(..) | Configured::Trunk(..) | Configured::Settings(_))
        | What::ServiceInitiated { .. }
        | What::Originated { .. }
        | What::Delivered { .. }
        | What::Established { .. }
        | What::Failed { .. }
        | What::ConnectionCleared { .. }
        | What::CallCleared { .. }
        | What::StageOpened { .. }
        | What::StageClosed { .. }
        | What::CallInformation { .. }
        | What::DigitsGenerated { .. }
        | What::BackInService { .. }
        | What::OutOfService { .. }
        | What::DoNotDisturb { .. }
        | What::ApplicationSession { .. }
        | What::Prompted { .. } => false,
    }
}

/// Tells of changes from now on. Does nothing when it is done already, or nothing of calls is licensed.
pub(super) fn tell_from_now_on(door: &Door) {
    if !door.config.licences.calls {
        return;
    }
    let Some(changed) = door.stream.numbers_changed() else { return };
    let door = door.clone();
    drop(tokio::spawn(async move {
        let tell = || {
            let data = door.exchange.read(frame);
            tracing::info!(dialect = NAME, "numbers have changed");
            door.sessions().tell_all(&data);
        };
        gather(&changed, door.exchange.clock(), tell).await;
    }));
}

/// Tells at once of a change after a quiet time, and once of all that come in the pause after that.
async fn gather(changed: &Notify, clock: &Clock, tell: impl Fn()) {
    loop {
        changed.notified().await;
        tell();
        clock.sleep_ms(PAUSE_MS).await;
    }
}

fn frame(picture: &Picture) -> Frame {
    let before = |o: &mut Object<'_>| push_devices(o.value("deviceINFO"), picture);
    Frame::written(before, |o| {
        o.value("systemINFO").push_str("[]");
        o.text("type", "numbering");
    })
}

fn push_devices(out: &mut String, picture: &Picture) {
    out.push('[');
    let terminals = picture.devices.values().filter(|device| is_terminal(device));
    for (device, index) in terminals.zip(1_u64..) {
        out.push_str(if index == 1 { "" } else { "," });
        Object::write(out, |o| {
            o.text("deviceNumber", device_number(picture, device.id));
            o.text("devicePhy", Decimal::of(index).as_str());
            o.text("deviceType", DEVICE_TYPE);
        });
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::pin::pin;
    use switching::time::Time;

    #[tokio::test]
    async fn all_changes_of_a_second_are_told_once_by_the_exchanges_clock() {
        let (clock, changed, told) = (Clock::stopped(Time(5)), Notify::new(), Cell::new(0));
        let mut telling = pin!(gather(&changed, &clock, || told.set(told.get() + 1)));
        let mut at = |ms: u64| {
            clock.advance_to(Time(5 + ms));
            changed.notify_one();
            let polled = telling.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
            assert!(polled.is_pending(), "it goes on");
            told.get()
        };
        assert_eq!(at(0), 1, "the first one at once");
        assert_eq!([at(1), at(999)], [1, 1], "the others wait");
        assert_eq!(at(1_000), 2, "for the second to be over, and are told together");
        assert_eq!([at(1_001), at(1_999), at(2_000)], [2, 2, 3]);
        assert_eq!(at(86_400_000), 4, "after a quiet time at once again");
    }
}
