//! Terminals: their list (IPX-CMD-01), monitors (IPX-CMD-37, IPX-CMD-38), presence (IPX-PRES-01, IPX-PRES-02), and what one does now
//! (IPX-CMD-22).

use super::super::error::Fault;
use super::super::event::unregistered;
use super::super::session::Entered;
use super::super::wire::{Parameters, body};
use super::super::{Door, id, status as words};
use axum::response::Response;
use serde_json::{Map, Value, json};
use switching::config::DeviceKind;
use switching::model::Device;
use switching::party::Digits;
use switching::picture::Picture;

/// Terminals of one answer (IPX-LIM-06).
const COUNT_MAX: u64 = 100;
/// Terminals of one request to watch them (IPX-LIM-04, IPX-LIM-05).
const MONITORS_MAX: usize = 100;
/// The only tenant of the vendor's numbering.
const TENANT: u32 = 1;

pub(super) fn list(door: &Door, asked: &Parameters) -> Result<Response, Fault> {
    let first = asked.positive("startIndex", u64::from(u32::MAX))?;
    let count = asked.positive("count", COUNT_MAX)?;
    let skipped = usize::try_from(first - 1).unwrap_or(usize::MAX);
    let count = usize::try_from(count).unwrap_or(0);
    let terminals: Vec<Value> = door.exchange.read(|picture| {
        let all = picture.devices.values().filter(|device| id::is_terminal(device));
        all.zip(1_u64..)
            .skip(skipped)
            .take(count)
            .map(|(device, index)| terminal(door, picture, device, index))
            .collect()
    });
    Ok(body("data", json!({ "terminals": terminals }), asked.transaction.as_ref()))
}

fn terminal(door: &Door, picture: &Picture, device: &Device, index: u64) -> Value {
    let licensed = door.config.licences.cover_terminal(picture, device.id);
    json!({
        "deviceIndex": index,
        "deviceNumber": id::device_number(picture, device.id),
        "deviceType": match device.config.kind {
            DeviceKind::Sip => "SIP phone",
            DeviceKind::Simulated => "Simulated phone",
            DeviceKind::Trunk => "Trunk",
        },
        "tenantNumber": TENANT,
        "callControl": if licensed { "enable" } else { "disable" },
    })
}

/// A phone that has been told that it is registered is not told of as unregistered: what the core knows counts here.
pub(super) async fn monitor_start(door: &Door, by: &Entered, asked: &Parameters) -> Result<Response, Fault> {
    door.exchange.catch_up().await.map_err(|_| Fault::INTERNAL)?;
    each(door, asked, |picture, device| {
        let first = (!device.in_service()).then(|| unregistered(picture, device.id));
        door.sessions().watch(by, device.id, first);
    })
}

pub(super) fn monitor_stop(door: &Door, by: &Entered, asked: &Parameters) -> Result<Response, Fault> {
    each(door, asked, |_, device| door.sessions().unwatch(by, device.id))
}

/// Tells from now on what the terminals do; a request that names none of them is refused as a whole (IPX-PRES-01).
pub(super) async fn presence_start(door: &Door, by: &Entered, asked: &Parameters) -> Result<Response, Fault> {
    door.exchange.catch_up().await.map_err(|_| Fault::INTERNAL)?;
    names_a_terminal(door, asked)?;
    each(door, asked, |_, device| door.sessions().present(by, device.id, true))
}

pub(super) fn presence_stop(door: &Door, by: &Entered, asked: &Parameters) -> Result<Response, Fault> {
    names_a_terminal(door, asked)?;
    each(door, asked, |_, device| door.sessions().present(by, device.id, false))
}

fn names_a_terminal(door: &Door, asked: &Parameters) -> Result<(), Fault> {
    let numbers: Vec<Digits> =
        asked.list("deviceNumber", MONITORS_MAX)?.iter().filter_map(|number| Digits::parse(number)).collect();
    let any = door.exchange.read(|picture| numbers.iter().any(|number| id::terminal(picture, number).is_some()));
    if any { Ok(()) } else { Err(Fault::NO_MONITORED) }
}

/// Does something for each terminal of the list; one member for each number, in the order of the request.
fn each(door: &Door, asked: &Parameters, act: impl Fn(&Picture, &Device)) -> Result<Response, Fault> {
    let numbers = asked.list("deviceNumber", MONITORS_MAX)?;
    let result: Vec<Value> = door.exchange.read(|picture| {
        let one = |number: String| {
            let digits = Digits::parse(&number);
            let word = match digits.as_ref().and_then(|digits| id::terminal(picture, digits)) {
                Some(device) => {
                    act(picture, device);
                    "OK"
                }
                None if digits.as_ref().is_some_and(|digits| picture.device_by_number(digits).is_some()) => {
                    "invalidMonitorObjectType"
                }
                None => Fault::VALUE.message,
            };
            Value::Object(Map::from_iter([(number, word.into())]))
        };
        numbers.into_iter().map(one).collect()
    });
    Ok(body("result", result.into(), asked.transaction.as_ref()))
}

pub(super) fn status(door: &Door, asked: &Parameters) -> Result<Response, Fault> {
    let number = asked.digits("deviceNumber")?;
    let state = door.exchange.read(|picture| id::terminal(picture, &number).map(|device| words::now(picture, device)));
    Ok(body("data", json!({ "state": state.ok_or(Fault::NO_DEVICE)? }), asked.transaction.as_ref()))
}
