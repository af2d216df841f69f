//! What a client of the stream may say: `subscribe` and `unsubscribe`, read and checked before anything is done.
//!
//! A text that is neither closes the socket; one that is, with something wrong in it, is told so.

use super::filter::{EVENT_TYPES, Filter, IDS_MAX};
use super::problem::{Done, Problem};
use super::render::Collection;
use super::shape::{Fields, Shape, optional, required};
use super::wire::{COUNT, ID};
use serde_json::Value;
use switching::picture::Picture;

/// Subscribes.
pub const SUBSCRIBE: Shape = Shape::Named(
    "Subscribe",
    &Shape::Object(&[
        required("op", &Shape::Word(&["subscribe"])),
        required("id", &SUBSCRIPTION_ID),
        optional("collections", &Shape::List(&Shape::Word(Collection::NAMES), 16)),
        optional(
            "filter",
            &Shape::Object(&[
                optional("types", &Shape::List(&Shape::Word(EVENT_TYPES), 64)),
                optional("devices", &Shape::List(&ID, IDS_MAX)),
            ]),
        ),
        optional("detail", &Shape::Word(&["facts", "full"])),
        optional("snapshot", &Shape::Flag),
        optional("from", &COUNT),
        optional("epoch", &ID),
    ]),
);
/// Ends a subscription.
pub const UNSUBSCRIBE: Shape = Shape::Named(
    "Unsubscribe",
    &Shape::Object(&[required("op", &Shape::Word(&["unsubscribe"])), required("id", &SUBSCRIPTION_ID)]),
);
const SUBSCRIPTION_ID: Shape = Shape::Text { least: 1, most: 64 };

/// A message, as far as it says what it is.
#[derive(Debug)]
pub enum Said {
    /// It wants to subscribe, rightly or wrongly.
    Subscribe(Value),
    /// It ends the subscription of this name.
    Unsubscribe(String),
    /// It wants to end one, and says it wrongly.
    Wrong(Value, Problem),
}

/// What is no message at all, in words.
pub type NoMessage = &'static str;

/// Reads a message.
///
/// # Errors
///
/// What closes the socket.
pub fn read(said: &str) -> Result<Said, NoMessage> {
    let message: Value = serde_json::from_str(said).map_err(|_| "a message is one JSON object")?;
    match Fields::of(&message).text("op") {
        Some("subscribe") => Ok(Said::Subscribe(message)),
        Some("unsubscribe") => {
            let wrong = UNSUBSCRIBE.check(&message);
            if !wrong.is_empty() {
                return Ok(Said::Wrong(message, Problem::value(wrong)));
            }
            Ok(Said::Unsubscribe(Fields::of(&message).text("id").unwrap_or_default().to_owned()))
        }
        Some(_) | None => Err("op is subscribe or unsubscribe"),
    }
}

/// A subscription that is wanted.
#[derive(Debug)]
pub struct Wanted {
    /// Its name on its socket.
    pub id: String,
    /// What it watches.
    pub filter: Filter,
    /// Whether it begins with a snapshot.
    pub snapshot: bool,
    /// Where it goes on.
    pub from: Option<u64>,
    /// The life of the log in which that place was read.
    pub epoch: Option<String>,
}

impl Wanted {
    /// Reads a `subscribe`.
    ///
    /// # Errors
    ///
    /// `value`, with all that is wrong.
    pub fn read(message: &Value, picture: &Picture) -> Done<Self> {
        let wrong = SUBSCRIBE.check(message);
        if !wrong.is_empty() {
            return Err(Problem::value(wrong));
        }
        let fields = Fields::of(message);
        let (snapshot, from) = (fields.flag("snapshot") == Some(true), fields.number("from"));
        if snapshot && from.is_some() {
            return Err(Problem::one_value("/from", "does not go with a snapshot"));
        }
        Ok(Self {
            id: fields.text("id").unwrap_or_default().to_owned(),
            filter: Filter::of_subscribe(fields, picture)?,
            snapshot,
            from,
            epoch: fields.text("epoch").map(str::to_owned),
        })
    }
}
