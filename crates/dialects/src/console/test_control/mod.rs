//! Test control: hands at simulated phones, callers from outside, the virtual clock. Only where it is switched on, from
//! loopback, with scope `test`.

pub mod clock;
pub mod outside;
pub mod phones;
pub mod script;

use super::answer;
use super::declared;
use super::dispatch::Incoming;
use super::name;
use super::operation::{Gives, Method, Need, Operation, Outcome};
use super::problem::{Done, Problem};
use super::shape::{Fields, Shape, required};
use super::verb::{DIGITS, NO_QUERY};
use super::wire::COUNT;
use crate::common::ask::{Ask, Fault, Hand, Test};
use serde_json::json;
use std::time::Duration;
use switching::time::Time;
use tokio::sync::oneshot;

/// How long the effects of a hand may take to be committed.
const COMMIT_WAIT: Duration = Duration::from_secs(10);

/// Where the effects of a hand stand in the log.
const HANDLED: Shape =
    Shape::Named("HandAnswer", &Shape::Object(&[required("before", &COUNT), required("through", &COUNT)]));
/// A body without fields.
const NOTHING: Shape = Shape::Object(&[]);
/// The body of a hand that dials.
const DIALS: Shape = Shape::Object(&[required("to", &DIGITS)]);
/// The body of a hand that presses digits.
const PRESSES: Shape = Shape::Object(&[required("digits", &DIGITS)]);

const fn operation(
    id: &'static str,
    method: Method,
    path: &'static str,
    what: &'static str,
    body: &'static Shape,
    run: fn(Incoming) -> super::operation::Handling,
) -> Operation {
    Operation {
        id,
        method,
        path,
        what,
        need: Need::TestControl,
        query: NO_QUERY,
        body: Some(body),
        gives: Gives::Json(200, &HANDLED),
        run,
    }
}

/// Does something and answers with the place of its effects.
async fn act(incoming: &Incoming, test: Test) -> Outcome {
    let before = incoming.door.exchange().seq();
    ask(incoming, test).await?;
    let through = settled(incoming, Time(0)).await?.1;
    Ok(answer::json(200, &json!({ "before": before.min(through), "through": through })))
}

/// Asks the engine of simulated phones.
async fn ask(incoming: &Incoming, test: Test) -> Done<()> {
    match incoming.door.exchange().ask(|back| Ask::Test(test, back)).await? {
        Ok(()) => Ok(()),
        Err(Fault::NotFound) => Err(Problem::of(declared::UNKNOWN_DEVICE)),
        Err(Fault::Value(why)) => {
            Err(Problem::of(declared::NO_SUCH_CALL).saying("There is nothing to which this could be done").saying(why))
        }
        Err(fault @ (Fault::Gone { .. } | Fault::Store(_) | Fault::Stopping)) => Err(fault.into()),
    }
}

/// Moves a stopped clock to its next timer, at most to `limit` (zero: not at all), and waits until the mirror shows what the
/// core knows; gives the time and the core's sequence number.
async fn settled(incoming: &Incoming, limit: Time) -> Done<(Time, u64)> {
    let (moved, told) = oneshot::channel();
    ask(incoming, Test::Step { limit, moved }).await?;
    let (now, seq) = told.await.map_err(|_| Problem::from(Fault::Stopping))?;
    let shown = tokio::time::timeout(COMMIT_WAIT, incoming.door.exchange().reached(seq)).await;
    shown.map_err(|_| Problem::of(declared::NOT_YET))?;
    Ok((now, seq))
}

/// What a hand does, by the last part of the path.
fn hand(incoming: &Incoming) -> Done<Hand> {
    let body = Fields::of(&incoming.body);
    let last = incoming.operation.path.rsplit('/').next().unwrap_or_default();
    match last {
        "answer" => Ok(Hand::Answer),
        "reject" => Ok(Hand::Reject),
        "hang_up" => Ok(Hand::HangUp),
        "unplug" => Ok(Hand::Unplug),
        "plug_in" => Ok(Hand::PlugIn),
        "dial" => name::digits("/to", body.text("to").unwrap_or_default()).map(Hand::Dial),
        "press" => name::digits("/digits", body.text("digits").unwrap_or_default()).map(Hand::Press),
        _ => Err(Problem::of(declared::UNKNOWN_PATH)),
    }
}
