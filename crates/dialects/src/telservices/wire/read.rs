//! Octets to requests.

use super::framing::is_directory;
use super::{Absent, Bounds, DEVICE_LEN_MAX, EXTRA_DATA_LEN_MAX, Level, OpenSession, Poll, QueryHistory, Request};
use crate::common::xml::{Doctype, XmlElement, XmlLimits, parse};
use jiff::civil::Date;
use std::borrow::Cow;

/// Octets in which a prolog is looked for.
const PROLOG_LEN_MAX: usize = 256;
/// Seconds that a client may name at most; more means this.
const SECONDS_MAX: i64 = 31_536_000;

/// Services that are known and not there yet.
const ABSENT: &[(&str, Absent)] = &[
    ("addPartyToCall", Absent::Call),
    ("agentState", Absent::Call),
    ("alternateCall", Absent::Call),
    ("conferenceCall", Absent::Call),
    ("consultationCall", Absent::Call),
    ("divertCall", Absent::Call),
    ("holdCall", Absent::Call),
    ("qualifyCall", Absent::Call),
    ("queryAgentState", Absent::Call),
    ("reconnectCall", Absent::Call),
    ("retrieveCall", Absent::Call),
    ("transferCall", Absent::Call),
    ("doNotDisturb", Absent::Exchange),
    ("forward", Absent::Exchange),
    ("queryDoNotDisturb", Absent::Exchange),
    ("queryForward", Absent::Exchange),
    ("queryMsgWaiting", Absent::Exchange),
    ("queryUserStatistics", Absent::Server),
    ("searchName", Absent::Server),
    ("searchNumber", Absent::Server),
    ("updateUserDirectory", Absent::Server),
    ("queryRoutingPointState", Absent::Server),
    ("queryRoutingPointStatistics", Absent::Server),
    ("resumeRoutingPoint", Absent::Server),
    ("startRoutingPoint", Absent::Server),
    ("stopRoutingPoint", Absent::Server),
    ("suspendRoutingPoint", Absent::Server),
    ("updateRoutingPoint", Absent::Server),
    ("updateDirectory", Absent::Server),
];

/// Why a request cannot be read (TEL-TRN-13): for the log, the client is told `reject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(String);

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

type Read<T> = Result<T, Malformed>;

/// Reads one request within the usual bounds.
///
/// # Errors
///
/// What is wrong with it, with its place.
pub fn decode(octets: &[u8]) -> Read<Request> {
    decode_within(octets, &Bounds::default())
}

/// Reads one request.
///
/// # Errors
///
/// What is wrong with it, with its place.
pub fn decode_within(octets: &[u8], bounds: &Bounds) -> Read<Request> {
    let directory = is_directory(octets) == Some(true);
    if octets.len() > bounds.octets_of(directory) {
        return Err(Malformed("too large".to_owned()));
    }
    let limits = XmlLimits {
        // Another encoding may take one octet for two of UTF-8.
        octets_max: bounds.octets_of(directory) * 2,
        depth_max: bounds.depth_max,
        elements_max: bounds.elements_of(directory),
        attributes_max: 32,
        text_len_max: bounds.text_len_max,
        name_len_max: 128,
        doctype: Doctype::Refused,
    };
    let text = to_utf8(octets);
    let root = parse(&text, &limits).map_err(|error| Malformed(error.to_string()))?;
    if root.name != "TelServiceRequest" {
        return Err(wrong(&root, "not a TelServiceRequest"));
    }
    let [service] = root.children.as_slice() else { return Err(wrong(&root, "not exactly one request")) };
    let fields = Fields(service);
    match service.name.as_str() {
        "openSession" => open_session(&fields).map(Request::OpenSession),
        "closeSession" => close_session(&fields),
        "makeCall" => make_call(&fields),
        "answerCall" => Ok(Request::AnswerCall { device: fields.device()?, calling: fields.text("callingNumber")? }),
        "dropCall" => Ok(Request::DropCall { device: fields.device()?, other: fields.text("otherNumber")? }),
        "snapshot" => snapshot(&fields),
        "queryHistory" => query_history(&fields).map(Request::QueryHistory),
        name => match ABSENT.iter().find(|(known, _)| *known == name) {
            Some((_, needs @ Absent::Server)) => Ok(Request::Absent(*needs, None)),
            Some((_, needs)) => Ok(Request::Absent(*needs, Some(fields.device()?))),
            None => Err(wrong(service, "no such request")),
        },
    }
}

fn open_session(fields: &Fields<'_>) -> Read<OpenSession> {
    let event_port = fields.integer("eventUDPPort")?.map(|port| {
        u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(|| wrong(fields.0, "eventUDPPort: out of range"))
    });
    let level = fields.choice("eventUpdate", &[("full", Level::Full), ("restricted", Level::Restricted)])?;
    Ok(OpenSession {
        device: fields.device()?,
        event_port: event_port.transpose()?,
        level: level.unwrap_or_default(),
        user: fields.kept("userID")?,
        password: fields.kept("userPassword")?,
        timeout_s: fields.integer("sessionTimeout")?.filter(|s| *s > 0).and_then(seconds),
        monitor: fields.flag("startPbxMonitor")?.unwrap_or(true),
    })
}

fn close_session(fields: &Fields<'_>) -> Read<Request> {
    Ok(Request::CloseSession {
        device: fields.device()?,
        after_s: fields.integer("actualCloseSessionTimeout")?.and_then(seconds).unwrap_or(0),
        client_only: fields.flag("clientOnly")?.unwrap_or(true),
    })
}

fn make_call(fields: &Fields<'_>) -> Read<Request> {
    let extra = fields.kept("extraData")?;
    if extra.as_ref().is_some_and(|extra| extra.len() > EXTRA_DATA_LEN_MAX) {
        return Err(wrong(fields.0, "extraData: too long"));
    }
    let (device, called) = (fields.device()?, fields.needed("calledDeviceNumber")?);
    Ok(Request::MakeCall { device, called, extra })
}

fn snapshot(fields: &Fields<'_>) -> Read<Request> {
    let poll = match fields.one("resultOnEvent")? {
        None => None,
        Some(inner) => {
            let inner = Fields(inner);
            let timeout_s = inner.integer("timeout")?.ok_or_else(|| wrong(inner.0, "timeout is missing"))?;
            Some(Poll { timeout_s: timeout_s.min(SECONDS_MAX), seq: inner.integer("snapshotSeq")? })
        }
    };
    Ok(Request::Snapshot { device: fields.device()?, poll })
}

fn query_history(fields: &Fields<'_>) -> Read<QueryHistory> {
    let calls = fields.choice("recordType", &[("call", true), ("agent", false), ("all", true)])?;
    let start_hour = fields.integer("startHour")?.unwrap_or(0);
    let start_hour = i8::try_from(start_hour).ok().filter(|hour| (0..24).contains(hour));
    Ok(QueryHistory {
        calls: calls.unwrap_or(true),
        device: fields.text("deviceNumber")?,
        user: fields.kept("userID")?,
        start: fields.date("startDate")?,
        start_hour: start_hour.ok_or_else(|| wrong(fields.0, "startHour: out of range"))?,
        end: fields.date("endDate")?,
        search: fields.kept("search")?,
        limit: fields.integer("limit")?.and_then(|limit| u64::try_from(limit).ok()).filter(|limit| *limit > 0),
    })
}

/// The elements of one sequence, in any order; unknown ones are passed over.
struct Fields<'a>(&'a XmlElement);

impl<'a> Fields<'a> {
    fn one(&self, name: &'a str) -> Read<Option<&'a XmlElement>> {
        let mut found = self.0.children_named(name);
        match (found.next(), found.next()) {
            (_, Some(second)) => Err(wrong(second, "given twice")),
            (first, None) => Ok(first),
        }
    }

    /// A text without the blanks around it; empty counts as absent.
    fn text(&self, name: &'a str) -> Read<Option<String>> {
        let text = self.one(name)?.map(|element| element.trimmed().to_owned());
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// A text with its blanks, but for line breaks at its ends.
    fn kept(&self, name: &'a str) -> Read<Option<String>> {
        let text = self.one(name)?.map(|element| element.text.trim_matches(['\r', '\n']).to_owned());
        Ok(text.filter(|text| !text.is_empty()))
    }

    fn needed(&self, name: &'a str) -> Read<String> {
        self.text(name)?.ok_or_else(|| Malformed(format!("octet {}: {}/{name} is missing", self.0.at, self.0.name)))
    }

    /// The device that a request is for.
    fn device(&self) -> Read<String> {
        let device = self.needed("deviceNumber")?;
        if device.len() > DEVICE_LEN_MAX { Err(wrong(self.0, "deviceNumber: too long")) } else { Ok(device) }
    }

    fn integer(&self, name: &'a str) -> Read<Option<i64>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let digits = text.strip_prefix('-').unwrap_or(&text);
        let clean = (1..=18).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let number = if clean { text.parse().ok() } else { None };
        number.map(Some).ok_or_else(|| Malformed(format!("octet {}: {name} is no whole number", self.0.at)))
    }

    fn date(&self, name: &'a str) -> Read<Option<Date>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let date = if text.len() == "yyyy-MM-dd".len() { text.parse().ok() } else { None };
        date.map(Some).ok_or_else(|| Malformed(format!("octet {}: {name} is no date", self.0.at)))
    }

    fn flag(&self, name: &'a str) -> Read<Option<bool>> {
        self.choice(name, &[("true", true), ("false", false), ("1", true), ("0", false)])
    }

    /// An empty element named after the value, or its bare name (TEL-TRN-12).
    fn choice<T: Copy>(&self, name: &'a str, values: &[(&str, T)]) -> Read<Option<T>> {
        let Some(element) = self.one(name)? else { return Ok(None) };
        let word = match element.children.as_slice() {
            [] if element.trimmed().is_empty() => return Ok(None),
            [] => element.trimmed(),
            [value] => value.name.as_str(),
            _ => return Err(wrong(element, "more than one value")),
        };
        let value = values.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
        value.map(Some).ok_or_else(|| wrong(element, "no such value"))
    }
}

fn seconds(count: i64) -> Option<u64> {
    u64::try_from(count.min(SECONDS_MAX)).ok()
}

fn wrong(element: &XmlElement, what: &str) -> Malformed {
    let name: String = element.name.chars().take(64).collect();
    Malformed(format!("octet {}: {name}: {what}", element.at))
}

/// A document whose prolog names ISO 8859-1 is read as such; all others are what they say, or UTF-8.
fn to_utf8(octets: &[u8]) -> Cow<'_, [u8]> {
    let start = octets.iter().position(|octet| !octet.is_ascii_whitespace()).unwrap_or(0);
    let head = &octets[start..octets.len().min(start + PROLOG_LEN_MAX)];
    let end = head.windows(2).position(|pair| pair == b"?>").filter(|_| head.starts_with(b"<?xml"));
    let Some(end) = end else { return Cow::Borrowed(octets) };
    let prolog = head[..end].to_ascii_lowercase();
    if !prolog.windows(10).any(|name| name == b"iso-8859-1") {
        return Cow::Borrowed(octets);
    }
    let text: String = octets[start + end + 2..].iter().map(|octet| char::from(*octet)).collect();
    Cow::Owned(text.into_bytes())
}
