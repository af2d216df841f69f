//! The call log: rows of finished calls (VOI-LOG-01 to 10, VOI-LIM-01, VOI-LIM-02).
//!
//! Records are read in pages, newest first, and become rows at once, so that what is held is bounded by the answer's own bound.

use super::super::config::VoicenterConfig;
use super::super::error::LogFault;
use super::super::id;
use super::super::row::{self, Names};
use super::super::sight::{Sight, nodes_of_row};
use super::super::wire::{Json, Response, html};
use super::criteria::{Criteria, Seen};
use super::fields::Field;
use super::{Asked, Denied};
use crate::common::ask::{Ask, RecordQuery};
use switching::limits::RING_MS_MAX;
use switching::time::Time;

/// Records that one reading of the store gives.
const PAGE: u32 = 200;
/// Records that one request may make the store read: beyond it there are too many to look through.
const READ_MAX: usize = 200_000;

/// What was found: the chosen fields of each row.
struct Found {
    fields: Vec<Field>,
    rows: Vec<Vec<Json>>,
}

pub(super) async fn answer(asked: &Asked<'_>) -> Response {
    let found = find(asked).await;
    let html = asked.params.text("format").is_some_and(|format| format.eq_ignore_ascii_case("html"));
    match (found, html) {
        (Ok(found), false) => json(&found),
        (Ok(Found { fields, rows }), true) => {
            let names: Vec<&str> = fields.into_iter().map(Field::name).collect();
            page(html::table(&names, &rows))
        }
        (Err(fault), true) => page(html::line(&format!("{}: {}", fault.number(), fault.text()))),
        (Err(fault), false) => envelope(fault.number(), fault.text(), Vec::new(), fault.status_code()),
    }
}

fn json(found: &Found) -> Response {
    let object =
        |row: &Vec<Json>| Json::of_fields(found.fields.iter().map(|field| field.name()).zip(row.iter().cloned()));
    envelope(0, "OK".to_owned(), found.rows.iter().map(object).collect(), 200)
}

fn envelope(error: u8, description: String, list: Vec<Json>, status: u16) -> Response {
    let hits = Json::number(list.len() as u64);
    Response::json(&Json::object([
        ("ERROR_NUMBER", Json::number(error)),
        ("ERROR_DESCRIPTION", Json::text(description)),
        ("CDR_LIST", Json::Array(list)),
        ("STATUS_CODE", Json::number(status)),
        ("TOTAL_HITS", hits.clone()),
        ("RETURN_HITS", hits),
    ]))
}

fn page(body: String) -> Response {
    Response { status: 200, kind: "text/html; charset=utf-8", body }
}

/// The checks in the order of VOI-LOG-09, then the rows.
async fn find(asked: &Asked<'_>) -> Result<Found, LogFault> {
    let (config, clock) = (&asked.door.config, asked.door.exchange.clock());
    if !config.trusts(asked.source) {
        return Err(LogFault::Untrusted(asked.source));
    }
    let identity = asked.identity().await.map_err(|denied| match denied {
        Denied::Missing | Denied::Unknown => LogFault::Authorization,
        Denied::Internal => LogFault::Internal,
    })?;
    let code = asked.params.given("code").unwrap_or_default();
    if !asked.door.gate.may_read(&code, config.log_requests_per_min, clock.now()) {
        return Err(LogFault::TooFast);
    }
    // A call that began in this millisecond began before now.
    let now_ms = clock.unix_ms(clock.now()).saturating_add(1);
    let criteria = Criteria::read(&asked.params, now_ms, &config.home_country)?;
    let fields = Field::chosen(asked.params.list(&["fields"]));
    let sight = asked.door.exchange.read(|picture| Sight::of(picture, config, &identity));
    let mut rows = rows(asked, &criteria, &sight).await?;
    rows.sort_by_key(|seen| std::cmp::Reverse(seen.row.started));
    let order = order(asked);
    if !order.is_empty() {
        rows.sort_by(|a, b| compare(&order, a, b, config));
    }
    let chosen = |seen: &Seen| fields.iter().map(|field| value(*field, seen, config)).collect();
    let rows = rows.iter().map(chosen).collect();
    Ok(Found { fields, rows })
}

/// A field of a row, whose department is that of its first extension.
fn value(field: Field, seen: &Seen, config: &VoicenterConfig) -> Json {
    let (id, name) = config.node(seen.nodes.first().map_or("", String::as_str));
    field.value(&seen.row, seen.unix_ms, (name, id))
}

/// The rows that fit, with the instant at which each began, as many as one answer may hold.
async fn rows(asked: &Asked<'_>, criteria: &Criteria, sight: &Sight) -> Result<Vec<Seen>, LogFault> {
    let (config, exchange) = (&asked.door.config, &asked.door.exchange);
    let clock = exchange.clock();
    let (mut from, mut to) = (criteria.from_ms.map(|ms| clock.at_unix_ms(ms)), clock.at_unix_ms(criteria.to_ms));
    if let Some(id) = &criteria.call_id {
        // The id says when its journey began: no other record is read.
        let Some((opened, before)) = id::opened(id) else { return Ok(Vec::new()) };
        (from, to) = (from.max(Some(opened)), to.min(before));
    }
    let mut query = RecordQuery {
        party: criteria.only.as_ref().and_then(|only| party(asked, only)),
        // A stage opens so long after its call at most.
        from: from.map(|from| Time(from.0.saturating_sub(RING_MS_MAX))),
        to: Some(to),
        limit: PAGE,
        before: None,
    };
    let (mut found, mut read) = (Vec::new(), 0);
    loop {
        let asking = query.clone();
        let records = exchange.ask(|back| Ask::Records(asking, back)).await.map_err(|_| LogFault::Internal)?;
        let records = records.map_err(|_| LogFault::Internal)?;
        let Some(last) = records.last() else { return Ok(found) };
        query.before = Some(last.call.id);
        read += records.len();
        exchange.read(|picture| {
            let names = Names { picture, config };
            for row in records.iter().flat_map(|record| row::of(record, &names)) {
                let nodes = nodes_of_row(picture, config, &row);
                let seen = Seen { unix_ms: clock.unix_ms(row.started), nodes, row };
                if criteria.take(&seen, sight, &config.home_country) {
                    found.push(seen);
                }
            }
        });
        if found.len() > config.log_records_max || read > READ_MAX {
            return Err(LogFault::TooMany);
        }
    }
}

/// What the store finds records of an extension by: its number. A code that is no number is looked for in every record.
fn party(asked: &Asked<'_>, only: &str) -> Option<String> {
    asked.door.exchange.read(|picture| {
        let device = super::super::address::extension(picture, only)?;
        let number = picture.extension_of(device.id).map(|(_, extension)| extension.config.number.clone());
        number.or_else(|| device.config.names.number.clone()).map(|number| number.to_string())
    })
}

/// `sort`: fields with their direction, as later clients ask for it.
fn order(asked: &Asked<'_>) -> Vec<(Field, bool)> {
    let Some(Json::Array(list)) = asked.params.value("sort") else { return Vec::new() };
    let one = |value: &Json| {
        let Json::Object(fields) = value else { return None };
        let find = |name: &str| {
            fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).and_then(|(_, value)| match value {
                Json::Text(text) => Some(text.as_str()),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => None,
            })
        };
        let falling = find("order").is_some_and(|order| order.eq_ignore_ascii_case("desc"));
        Some((Field::named(find("field")?)?, falling))
    };
    list.iter().take(Field::COUNT).filter_map(one).collect()
}

fn compare(order: &[(Field, bool)], a: &Seen, b: &Seen, config: &VoicenterConfig) -> std::cmp::Ordering {
    let by = |(field, falling): &(Field, bool)| {
        let (a, b) = (value(*field, a, config), value(*field, b, config));
        let ordering = match (&a, &b) {
            (Json::Number(a), Json::Number(b)) => a.parse::<i64>().unwrap_or(0).cmp(&b.parse::<i64>().unwrap_or(0)),
            (a, b) => a.write().cmp(&b.write()),
        };
        if *falling { ordering.reverse() } else { ordering }
    };
    order.iter().map(by).find(|ordering| ordering.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
}
