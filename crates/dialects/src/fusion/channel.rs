//! Channels and phones as the mirror shows them, in the vendor's words (FUS-FMT-09, FUS-FMT-10, FUS-FMT-11).
//!
//! A leg is signalled in the moment in which it comes to be, so that `Down` is never seen. A called leg is not in the mirror before it
//! rings: `Dialing` is a first party that has been called and does not ring yet.

use super::config::CallerIdStyle;
use super::id;
use switching::model::{Call, Connection, ConnectionState, Device};
use switching::party::{Party, PartyKind, Presentation};
use switching::picture::Picture;

/// The name shown for a withheld caller.
const ANONYMOUS: &str = "Anonymous";

/// A party's number; empty when it is withheld.
pub(super) fn shown_number(party: &Party) -> &str {
    match party.presentation {
        Presentation::Allowed => party.number.as_str(),
        Presentation::Restricted => "",
    }
}

/// A party's name; without one, nothing.
pub(super) fn shown_name(party: &Party) -> &str {
    match party.presentation {
        Presentation::Allowed => &party.name,
        Presentation::Restricted => ANONYMOUS,
    }
}

/// The caller's text of `ccGetChannels`.
pub(super) fn caller_id(caller: &Party, style: CallerIdStyle) -> String {
    let number = shown_number(caller);
    match style {
        CallerIdStyle::Number => number.to_owned(),
        CallerIdStyle::Quoted => {
            let name = shown_name(caller);
            format!("\"{}\" [{number}]", if name.is_empty() { number } else { name })
        }
    }
}

/// The `State` word of a channel.
pub(super) fn state(connection: &Connection) -> &'static str {
    match connection.state {
        ConnectionState::Initiated if connection.alerting.is_none() => "Dialing",
        ConnectionState::Initiated | ConnectionState::Alerting => "Ringing",
        ConnectionState::Connected if connection.placed && connection.supervised.is_none() => "Ring",
        ConnectionState::Connected | ConnectionState::Hold | ConnectionState::Queued => "Up",
        ConnectionState::Fail if connection.supervised.is_some() => "Up",
        ConnectionState::Fail => "Busy",
    }
}

/// The channel id of the bridged peer; empty while not bridged.
pub(super) fn link(picture: &Picture, connection: &Connection) -> String {
    picture.peers_of(connection).next().map(|peer| id::channel(picture, peer)).unwrap_or_default()
}

/// The party that called, as it is shown to the called one; both channels of its call show it so.
pub(super) fn caller<'a>(picture: &'a Picture, connection: &'a Connection) -> &'a Party {
    let call = picture.calls.get(&connection.call);
    call.and_then(Call::caller_shown).unwrap_or(&connection.party)
}

/// The state word of a phone: the first that holds.
pub(super) fn phone_state(picture: &Picture, device: &Device) -> &'static str {
    if !device.in_service() {
        return "Down";
    }
    let channels: Vec<&Connection> = channels_of(picture, device).collect();
    let any = |holds: &dyn Fn(&Connection) -> bool| channels.iter().any(|channel| holds(channel));
    let shows = |word: &str| any(&|channel| state(channel) == word);
    if any(&|channel| picture.peers_of(channel).any(is_trunk)) {
        "External Conversation"
    } else if any(&|channel| picture.peers_of(channel).next().is_some()) {
        "Internal Conversation"
    } else if shows("Ringing") || shows("Dialing") {
        "Ringing"
    } else if shows("Ring") || shows("Busy") {
        "Ring"
    } else if shows("Up") {
        "Up"
    } else {
        "Idle"
    }
}

fn is_trunk(channel: &Connection) -> bool {
    channel.circuit.is_some() || channel.party.kind == PartyKind::Remote
}

/// The channel that stands for a phone: its oldest one that is up, else its oldest.
pub(super) fn channel_of_phone<'a>(picture: &'a Picture, device: &'a Device) -> Option<&'a Connection> {
    let up = channels_of(picture, device).find(|channel| state(channel) == "Up");
    up.or_else(|| channels_of(picture, device).next())
}

fn channels_of<'a>(picture: &'a Picture, device: &'a Device) -> impl Iterator<Item = &'a Connection> {
    device.connections.iter().filter_map(|id| picture.connections.get(id))
}
