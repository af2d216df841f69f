//! Records of calls as this vendor's history shows them (TEL-REQ-19, TEL-CALL-19): one per device and call, of devices that had a session
//! when their part ended. The vendor's server does not see the calls of others, and a client that adds up all records does not expect
//! them.

use super::call;
use super::civil;
use super::event;
use super::wire::{QueryHistory, Writer};
use crate::common::clock::Clock;
use jiff::tz::TimeZone;
use switching::command::ClearedBy;
use switching::id::DeviceId;
use switching::model::{Connection, ConnectionState, StageResult};
use switching::party::PartyKind;
use switching::picture::Picture;
use switching::record::{CallRecord, ConnectionRecord};

/// Which records are wanted.
pub(super) struct Wanted<'a> {
    device: Option<(&'a str, Option<DeviceId>)>,
    user: Option<&'a str>,
    search: Option<String>,
}

impl<'a> Wanted<'a> {
    pub(super) fn of(query: &'a QueryHistory, device: Option<(&'a str, Option<DeviceId>)>) -> Self {
        Self { device, user: query.user.as_deref(), search: query.search.as_ref().map(|text| text.to_lowercase()) }
    }

    fn is_of_device(&self, connection: &Connection) -> bool {
        match self.device {
            None => true,
            Some((_, Some(device))) => connection.device == device,
            Some((number, None)) => connection.party.number.as_str() == number,
        }
    }

    fn finds(&self, row: &Row) -> bool {
        let found = |text: &str| self.search.as_ref().is_none_or(|search| text.to_lowercase().contains(search));
        self.user.is_none_or(|user| row.user.as_deref() == Some(user)) && (found(&row.other.0) || found(&row.other.1))
    }
}

/// One record.
pub(super) struct Row {
    /// Where the request did not say which.
    device: Option<String>,
    user: Option<String>,
    user_is_said: bool,
    date: String,
    time: String,
    /// Number and name.
    other: (String, String),
    alerting_s: u64,
    talk_s: u64,
    outgoing: bool,
    connected: bool,
    cause: &'static str,
}

impl Row {
    pub(super) fn write(&self, w: &mut Writer) {
        w.within("record", |w| {
            if let Some(device) = &self.device {
                w.text("deviceNumber", device);
            }
            if let Some(user) = self.user.as_ref().filter(|_| !self.user_is_said) {
                w.text("userID", user);
            }
            w.text("creationDate", &self.date);
            w.text("creationTime", &self.time);
            w.party("otherParty", &self.other.0, &self.other.1, None);
            w.number("alertingDuration", self.alerting_s);
            w.number("duration", self.talk_s);
            w.flag("isOutgoing", self.outgoing);
            w.flag("isConnected", self.connected);
            w.choice("cause", self.cause);
        });
    }
}

/// The wanted records of one call, newest first.
pub(super) fn rows(
    picture: &Picture,
    record: &CallRecord,
    wanted: &Wanted<'_>,
    clock: &Clock,
    zone: &TimeZone,
) -> Vec<Row> {
    let ours = |part: &&ConnectionRecord| {
        part.connection.party.kind == PartyKind::Device
            && part.attended != Some(false)
            && wanted.is_of_device(&part.connection)
    };
    let mut parts: Vec<&ConnectionRecord> = record.connections.iter().filter(ours).collect();
    parts.sort_by_key(|part| std::cmp::Reverse((part.connection.created, part.connection.id)));
    let row = |part: &ConnectionRecord| {
        let connection = &part.connection;
        let begun = clock.unix_ms(connection.created);
        let user = connection.serving.user.and_then(|user| picture.users.get(&user)).map(|user| user.name.clone());
        let user = user.filter(|name| !name.is_empty());
        let rang_until = connection.answered.unwrap_or(part.ended);
        let (number, name) = call::other(&record.call, connection);
        Row {
            device: wanted.device.is_none().then(|| device_number(picture, connection)),
            user,
            user_is_said: wanted.user.is_some(),
            date: civil::date(begun, zone),
            time: civil::time(begun, zone),
            other: (number.into_owned(), name.to_owned()),
            alerting_s: connection
                .alerting
                .filter(|_| !connection.placed)
                .map_or(0, |at| rang_until.ms_since(at) / 1_000),
            talk_s: connection.answered.map_or(0, |at| part.ended.ms_since(at) / 1_000),
            outgoing: connection.placed,
            connected: connection.answered.is_some(),
            cause: cause(record, part),
        }
    };
    parts.into_iter().map(row).filter(|row| wanted.finds(row)).collect()
}

/// The number under which clients name the device: its own. The party's is that of the call, which a second phone shares with the
/// first; it stands for a device that has no number or is no more.
fn device_number(picture: &Picture, connection: &Connection) -> String {
    let own = picture.devices.get(&connection.device).and_then(|device| device.config.names.number.as_ref());
    own.unwrap_or(&connection.party.number).as_str().to_owned()
}

/// Why it ended: what the events said, or `normal`.
fn cause(record: &CallRecord, part: &ConnectionRecord) -> &'static str {
    let connection = &part.connection;
    let by = part.by.as_ref().unwrap_or(&ClearedBy::Itself);
    let failed = part.segments.iter().any(|segment| segment.state == ConnectionState::Fail)
        || matches!(by, ClearedBy::Exchange(_));
    if connection.placed && connection.answered.is_none() && failed {
        let why = record.stages.last().map(|stage| stage.result);
        let cause = match why {
            Some(StageResult::Unanswered(cause)) => cause,
            Some(StageResult::Answered) | None => part.cause,
        };
        return event::failed(cause).name();
    }
    let was = part.segments.last().map_or(connection.state, |segment| segment.state);
    event::dropped(part.cause, by, was).map_or("normal", |cause| cause.name())
}
