//! ccGetChannels (FUS-CC-09): every live leg, oldest first.
//!
//! Nothing can be parked or held yet, so either flag alone leaves the list empty.

use super::super::config::CallerIdStyle;
use super::super::wire::json::Json;
use super::super::wire::xml::{Element, element_name};
use super::super::{channel, id};
use super::{Answer, Asked, Format};
use switching::limits::VARS_MAX;
use switching::model::{Connection, ConnectionState};
use switching::picture::Picture;

struct Channel {
    id: String,
    caller_id: String,
    seconds: String,
    state: &'static str,
    link: String,
    vars: Option<Vec<(String, String)>>,
}

struct Wanted<'a> {
    parked: bool,
    held: bool,
    vars: Option<Vec<&'a str>>,
    style: CallerIdStyle,
}

pub(super) fn answer(asked: &Asked<'_>) -> Answer {
    let wanted = Wanted {
        parked: asked.params.flag("parked_only", false),
        held: asked.params.flag("hold_only", false),
        vars: asked.params.get("show_vars").map(variables),
        style: asked.door.config.callerid,
    };
    let now = asked.door.exchange.clock().now();
    let channels: Vec<Channel> = asked.door.exchange.read(|picture| {
        let listed = picture.connections.values().filter(|connection| wanted.lists(connection));
        listed.map(|connection| seen(picture, connection, &wanted, now)).collect()
    });
    match asked.format {
        Format::Json => Answer::Json(Json::Array(channels.into_iter().map(json).collect())),
        Format::Xml | Format::Plain => Answer::Xml(Element::list("Channels", channels.into_iter().map(xml).collect())),
    }
}

/// The names between the bars: each once, no more than a channel can have.
fn variables(list: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for name in list.split('|').map(str::trim).filter(|name| !name.is_empty()) {
        if names.len() < VARS_MAX && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

impl Wanted<'_> {
    fn lists(&self, connection: &Connection) -> bool {
        let all = !self.parked && !self.held;
        all || match connection.state {
            // The only place to wait at will be a slot until there are queues.
            ConnectionState::Queued => self.parked,
            ConnectionState::Hold => self.held,
            ConnectionState::Initiated
            | ConnectionState::Alerting
            | ConnectionState::Connected
            | ConnectionState::Fail => false,
        }
    }
}

fn seen(picture: &Picture, it: &Connection, wanted: &Wanted<'_>, now: switching::time::Time) -> Channel {
    let value = |name: &&str| ((*name).to_owned(), it.vars.get(*name).cloned().unwrap_or_default());
    Channel {
        id: id::channel(picture, it),
        caller_id: channel::caller_id(channel::caller(picture, it), wanted.style),
        seconds: if it.placed { id::seconds(it.created, now).to_string() } else { String::new() },
        state: channel::state(it),
        link: channel::link(picture, it),
        vars: wanted.vars.as_ref().map(|names| names.iter().map(value).collect()),
    }
}

fn xml(channel: Channel) -> Element {
    let mut fields = vec![
        Element::text("ID", channel.id),
        Element::text("CallerId", channel.caller_id),
        Element::text("Seconds", channel.seconds),
        Element::text("State", channel.state),
        Element::text("Link", channel.link),
    ];
    if let Some(vars) = channel.vars {
        let vars = vars.into_iter().map(|(name, value)| Element::text(&element_name(&name), value)).collect();
        fields.push(Element::list("Vars", vars));
    }
    Element::list("Channel", fields)
}

fn json(channel: Channel) -> Json {
    let texts = [
        ("ID", channel.id),
        ("CallerId", channel.caller_id),
        ("Seconds", channel.seconds),
        ("State", channel.state.to_owned()),
        ("Link", channel.link),
    ];
    let mut fields: Vec<_> = texts.into_iter().map(|(key, value)| (key.to_owned(), Json::Text(value))).collect();
    if let Some(vars) = channel.vars {
        let vars = vars.into_iter().map(|(name, value)| (name, Json::Text(value))).collect();
        fields.push(("Vars".to_owned(), Json::Object(vars)));
    }
    Json::Object(fields)
}
