//! The call log: rows of finished calls (VOI-LOG-01 to 10, VOI-LIM-01, VOI-LIM-02).
//!
//! Records are read in pages and become rows at once, so that what is held is bounded by the answer's own bound. Where numbers or
//! extensions are named, no others are read.

use super::super::config::VoicenterConfig;
use super::super::error::LogFault;
use super::super::id;
use super::super::row::{self, Names};
use super::super::sight::{Sight, nodes_of_row};
use super::super::wire::{Json, Response, html};
use super::criteria::{Criteria, Seen};
use super::fields::Field;
use super::{Asked, Denied, parties};
use crate::common::ask::{Ask, PARTIES_MAX, RecordQuery};
use std::collections::BTreeSet;
use switching::id::CallId;
use switching::limits::RING_MS_MAX;
use switching::picture::Picture;
use switching::record::CallRecord;
use switching::time::Time;

/// Records that one reading of the store gives.
const PAGE: u32 = 200;
/// Records that one request may make the store read: beyond it there are too many to look through. A search that names numbers or
/// extensions reads theirs alone.
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
    rows.sort_by_key(|seen| std::cmp::Reverse((seen.row.started, seen.call)));
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

/// The rows that fit, as many as one answer may hold, in no order.
async fn rows(asked: &Asked<'_>, criteria: &Criteria, sight: &Sight) -> Result<Vec<Seen>, LogFault> {
    let clock = asked.door.exchange.clock();
    let (mut from, mut to) = (criteria.from_ms.map(|ms| clock.at_unix_ms(ms)), clock.at_unix_ms(criteria.to_ms));
    if let Some(id) = &criteria.call_id {
        // The id says when its journey began: no other record is read.
        let Some((opened, before)) = id::opened(id) else { return Ok(Vec::new()) };
        (from, to) = (from.max(Some(opened)), to.min(before));
    }
    if criteria.is_nothing(sight) {
        return Ok(Vec::new());
    }
    let window = RecordQuery {
        parties: Vec::new(),
        // A stage opens so long after its call at most.
        from: from.map(|from| Time(from.0.saturating_sub(RING_MS_MAX))),
        to: Some(to),
        limit: PAGE,
        before: None,
    };
    let mut search = Search { asked, criteria, sight, found: Vec::new(), calls: BTreeSet::new(), read: 0 };
    match parties::of(&asked.door.exchange, criteria, &asked.door.config.home_country) {
        None => search.through(window).await?,
        Some(parties) => {
            for parties in parties.chunks(PARTIES_MAX) {
                search.through(RecordQuery { parties: parties.to_vec(), ..window.clone() }).await?;
            }
        }
    }
    Ok(search.found)
}

/// What a search has come to.
struct Search<'a> {
    asked: &'a Asked<'a>,
    criteria: &'a Criteria,
    sight: &'a Sight,
    found: Vec<Seen>,
    /// Calls that were looked at: the next parties may have taken part in them, too.
    calls: BTreeSet<CallId>,
    read: usize,
}

impl Search<'_> {
    /// Reads all records of this kind, page by page.
    async fn through(&mut self, mut query: RecordQuery) -> Result<(), LogFault> {
        let (config, exchange) = (&self.asked.door.config, &self.asked.door.exchange);
        loop {
            let asking = query.clone();
            let records = exchange.ask(|back| Ask::Records(asking, back)).await.map_err(|_| LogFault::Internal)?;
            let records = records.map_err(|_| LogFault::Internal)?;
            let Some(last) = records.last() else { return Ok(()) };
            query.before = Some((last.call.created, last.call.id));
            self.read += records.len();
            exchange.read(|picture| records.iter().for_each(|record| self.take(picture, record)));
            if self.found.len() > config.log_records_max || self.read > READ_MAX {
                return Err(LogFault::TooMany);
            }
        }
    }

    /// Keeps what fits of a record.
    fn take(&mut self, picture: &Picture, record: &CallRecord) {
        if !self.calls.insert(record.call.id) {
            return;
        }
        let (config, clock) = (&self.asked.door.config, self.asked.door.exchange.clock());
        for row in row::of(record, &Names { picture, config }) {
            let nodes = nodes_of_row(picture, config, &row);
            let call = (record.call.created, record.call.id);
            let seen = Seen { call, unix_ms: clock.unix_ms(row.started), nodes, row };
            if self.criteria.take(&seen, self.sight, &config.home_country) {
                self.found.push(seen);
            }
        }
    }
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
