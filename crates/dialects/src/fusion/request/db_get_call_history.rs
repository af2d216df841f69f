//! dbGetCallHistory (FUS-DB-09): the ended calls of an extension, newest first.
//!
//! `last_application` and `last_action` are `Dial`: no other step of a callflow exists yet.

use super::super::disposition::Viewer;
use super::super::error::Trouble;
use super::super::wire::json::Json;
use super::super::wire::xml::Element;
use super::super::{channel, civil, id};
use super::{Answer, Asked, Format};
use crate::common::ask::{Ask, RecordQuery};
use switching::config::ExtensionConfig;
use switching::id::ExtensionId;
use switching::party::Digits;
use switching::picture::Picture;
use switching::record::{CallRecord, ConnectionRecord};
use switching::time::Time;

/// Records of one answer (FUS-LIM-05).
const LIMIT_MAX: u64 = 1_000;
/// Records that are read at once.
const PAGE: u32 = 500;
/// Pages that are read for one answer: a bound, should most records turn out to be of somebody else.
const PAGES_MAX: usize = 20;

const FIELDS: [&str; 13] = [
    "timestamp",
    "caller_name",
    "caller_number",
    "called_number",
    "disposition",
    "last_action",
    "last_application",
    "context",
    "origchannel",
    "dstchannel",
    "duration",
    "billsec",
    "uniqueid",
];
/// In the XML form this one comes last.
const LAST_ELEMENT: usize = 4;

pub(super) async fn answer(asked: &Asked<'_>) -> Answer {
    match history(asked).await {
        Ok(rows) => written(asked.format, rows),
        Err(trouble) => Answer::Trouble(trouble),
    }
}

async fn history(asked: &Asked<'_>) -> Result<Vec<[String; 13]>, Trouble> {
    let params = asked.params;
    let ext = params.get("ext").filter(|ext| id::is_number(ext)).and_then(Digits::parse);
    let ext = ext.ok_or(Trouble::Parameter("ext"))?;
    let limit = params.get("limit").and_then(limit).ok_or(Trouble::Parameter("limit"))?;
    let zone = &asked.door.config.time_zone;
    let start = params.get("start_date").and_then(|text| civil::parse(text, zone));
    let start = asked.door.exchange.clock().at_unix_ms(start.ok_or(Trouble::Parameter("start_date"))?);
    let known = asked
        .door
        .exchange
        .read(|picture| picture.extension_by_number(&ext).map(|(id, extension)| (id, extension.config.clone())));
    let Some((id, config)) = known else { return Ok(Vec::new()) };
    read(asked, id, &config, start, limit).await
}

async fn read(
    asked: &Asked<'_>,
    id: ExtensionId,
    config: &ExtensionConfig,
    start: Time,
    limit: usize,
) -> Result<Vec<[String; 13]>, Trouble> {
    let viewer = Viewer { id, config };
    let mut rows = Vec::new();
    let mut before = None;
    for _ in 0..PAGES_MAX {
        let parties = vec![config.number.as_str().to_owned()];
        let query = RecordQuery { parties, from: Some(start), to: None, limit: PAGE, before };
        let page = asked.door.exchange.ask(|back| Ask::Records(query, back)).await.map_err(|_| Trouble::Internal)??;
        let Some(oldest) = page.last() else { break };
        before = Some((oldest.call.created, oldest.call.id));
        let seen = asked
            .door
            .exchange
            .read(|picture| page.iter().filter_map(|record| row(asked, picture, &viewer, record)).collect::<Vec<_>>());
        rows.extend(seen);
        if rows.len() >= limit {
            break;
        }
    }
    rows.truncate(limit);
    Ok(rows)
}

/// One record as the extension sees it; none: it took no part.
fn row(asked: &Asked<'_>, picture: &Picture, viewer: &Viewer<'_>, record: &CallRecord) -> Option<[String; 13]> {
    let disposition = viewer.disposition(record)?;
    let origin = record.connections.iter().find(|part| part.connection.placed)?;
    let called = called(viewer, record);
    let supervised = called.and_then(|part| Some((part.connection.supervised?, part.ended)));
    let clock = asked.door.exchange.clock();
    let created = clock.unix_ms(origin.connection.created);
    let caller = record.call.caller_shown().unwrap_or(&origin.connection.party);
    let channel = |part: &ConnectionRecord| id::channel(picture, &part.connection);
    Some([
        civil::timestamp(created, &asked.door.config.time_zone),
        channel::shown_name(caller).to_owned(),
        channel::shown_number(caller).to_owned(),
        record.call.dialled.as_str().to_owned(),
        disposition.code().to_owned(),
        "Dial".to_owned(),
        "Dial".to_owned(),
        record.call.context.clone(),
        channel(origin),
        called.map(channel).unwrap_or_default(),
        id::seconds(origin.connection.created, record.ended).to_string(),
        supervised.map_or(0, |(from, to)| id::seconds(from, to)).to_string(),
        id::unique(origin.connection.id, created),
    ])
}

/// The called leg that a record is about: the one that answered, else one that rang for this extension, else any.
fn called<'a>(viewer: &Viewer<'_>, record: &'a CallRecord) -> Option<&'a ConnectionRecord> {
    let legs = || record.connections.iter().filter(|part| !part.connection.placed);
    legs()
        .find(|part| part.connection.answered.is_some())
        .or_else(|| legs().find(|part| viewer.led_here(&part.connection.addressed)))
        .or_else(|| legs().next())
}

fn limit(text: &str) -> Option<usize> {
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && text.bytes().any(|b| b != b'0');
    let limit = digits.then(|| text.parse().unwrap_or(u64::MAX).min(LIMIT_MAX))?;
    usize::try_from(limit).ok()
}

fn written(format: Format, rows: Vec<[String; 13]>) -> Answer {
    match format {
        Format::Json => {
            let row = |row: [String; 13]| {
                Json::Object(FIELDS.into_iter().map(str::to_owned).zip(row.map(Json::Text)).collect())
            };
            Answer::Json(Json::one("CallHistory", Json::Array(rows.into_iter().map(row).collect())))
        }
        Format::Xml | Format::Plain => {
            let row = |row: [String; 13]| {
                let mut elements: Vec<Element> =
                    FIELDS.into_iter().zip(row).map(|(name, value)| Element::text(name, value)).collect();
                let disposition = elements.remove(LAST_ELEMENT);
                elements.push(disposition);
                Element::list("Call", elements)
            };
            Answer::Xml(Element::list("CallHistory", rows.into_iter().map(row).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::limit;

    #[test]
    fn a_limit_is_positive_and_bounded() {
        for (text, expected) in [
            ("1", Some(1)),
            ("0010", Some(10)),
            ("1000", Some(1_000)),
            ("1001", Some(1_000)),
            ("99999999999999999999999", Some(1_000)),
            ("0", None),
            ("000", None),
            ("-1", None),
            ("1.5", None),
            ("ten", None),
        ] {
            assert_eq!(limit(text), expected, "{text}");
        }
    }
}
