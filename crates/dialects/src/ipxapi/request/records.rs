//! Get and Delete SMDR records (IPX-SMDR-01 to 04): a walk over the stored records, oldest first, in the range that the conditions allow.
//!
//! At most [`PAGE`] records are held at a time beside the rows of an answer, and at most [`RECORDS_MAX`] are looked at for one request.

use super::super::error::Fault;
use super::super::session::{Account, Entered};
use super::super::smdr::query::{Expr, FIELDS, Options};
use super::super::smdr::span::Span;
use super::super::smdr::{LIST, Row, json, row};
use super::super::wire::json_body;
use super::super::{Door, NAME};
use crate::common::ask::{Ask, Fault as StoreFault, RecordScan};
use crate::common::exchange::Stopping;
use axum::response::{IntoResponse, Response};
use jiff::civil::DateTime;
use serde_json::json as object;
use std::borrow::Cow;
use std::ops::ControlFlow;
use switching::id::CallId;
use switching::time::Time;

/// Rows of an answer where nothing is said.
const COUNT: usize = 50;
/// Rows of an answer at most (IPX-LIM-11).
const COUNT_MAX: usize = 1_000;
/// Records that are held at a time.
const PAGE: u32 = 500;
/// Records that are looked at for one request: the size of the vendor's store (IPX-SMDR-10).
const RECORDS_MAX: usize = 100_000;

pub(in super::super) async fn records(door: &Door, by: &Entered, query: &str) -> Result<Response, Fault> {
    let (filter, options) = asked(query)?;
    let most = match options.max_count {
        Some(0) => COUNT_MAX,
        Some(most) => most.min(COUNT_MAX),
        None => COUNT,
    };
    let count_only = options.count_only == Some(true);
    let (mut count, mut items) = (0_u64, Vec::new());
    let mut walk = Walk::new(door, by, filter);
    while let Some(rows) = walk.page().await? {
        count += rows.len() as u64;
        if !count_only {
            items.extend(rows.iter().take(most - items.len()).map(Row::json));
            if items.len() == most {
                break;
            }
        }
    }
    if count_only {
        return Ok(json_body(&object!({ "count": count })).into_response());
    }
    Ok(json_body(&object!({ "count": items.len(), "items": items })).into_response())
}

/// Takes the records that match off the door's own list; everybody else still has them.
pub(in super::super) async fn delete_records(
    door: &Door,
    by: &Entered,
    query: &str,
    body: &[u8],
) -> Result<Response, Fault> {
    let filter = doomed(query, body)?;
    let mut count = 0;
    let mut walk = Walk::new(door, by, filter);
    while let Some(rows) = walk.page().await? {
        let calls: Vec<CallId> = rows.iter().map(|row| CallId(row.index)).collect();
        if !calls.is_empty() {
            count += answered(door.exchange.ask(|back| Ask::Remove { list: LIST, calls, back }).await)?;
        }
    }
    tracing::info!(dialect = NAME, user = %by.user, count, "records removed");
    Ok(json_body(&object!({ "count": count })).into_response())
}

/// The conditions, which must all hold, and the options; a plain pair wins over the same one in `q`.
fn asked(query: &str) -> Result<(Vec<Expr>, Options), Fault> {
    let (mut filter, mut options, mut plain) = (Vec::new(), Options::default(), Options::default());
    let mut seen = false;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "q" if seen => return Err(Fault::PARAMETER),
            "q" => {
                seen = true;
                filter.push(condition(&value, Some(&mut options))?);
            }
            "token" => {}
            name if Options::has(name) => plain.set(name, &value).ok_or(Fault::PARAMETER)?,
            name => filter.push(Expr::plain(name, &value, &FIELDS).ok_or(Fault::PARAMETER)?),
        }
    }
    let count_only = plain.count_only.or(options.count_only);
    Ok((filter, Options { count_only, max_count: plain.max_count.or(options.max_count) }))
}

/// What is to be deleted: the query string, and a body in one of the forms that clients send (IPX-SMDR-04). Without any, nothing is.
fn doomed(query: &str, body: &[u8]) -> Result<Vec<Expr>, Fault> {
    let (mut filter, options) = asked(query)?;
    if options != Options::default() {
        return Err(Fault::PARAMETER);
    }
    if !body.trim_ascii().is_empty() {
        let text = json::of_body(body).ok_or(Fault::PARAMETER)?;
        filter.push(condition(&text, None)?);
    }
    if filter.is_empty() { Err(Fault::PARAMETER) } else { Ok(filter) }
}

fn condition(text: &str, options: Option<&mut Options>) -> Result<Expr, Fault> {
    let value = json::read(text).ok_or(Fault::PARAMETER)?;
    Expr::read(&value, &FIELDS, options).ok_or(Fault::PARAMETER)
}

/// A walk over the rows that an account may see and that fulfil its conditions.
struct Walk<'a> {
    door: &'a Door,
    /// Whose rows are seen; none: everybody's (IPX-SMDR-09).
    own: Option<String>,
    filter: Vec<Expr>,
    scan: ControlFlow<(), RecordScan>,
    looked_at: usize,
}

impl<'a> Walk<'a> {
    fn new(door: &'a Door, by: &Entered, filter: Vec<Expr>) -> Self {
        let span = Span::of(&filter);
        let own = match &by.account {
            Account::Station(station) => Some(station.to_string()),
            Account::Server(_) => None,
        };
        let instant = |civil: DateTime, later: bool| instant(door, civil, later);
        let scan = RecordScan {
            party: own.clone().or(span.station.map(|station| station.to_string())),
            from: (span.from > DateTime::MIN).then(|| instant(span.from, false)).flatten(),
            to: (span.to < DateTime::MAX).then(|| instant(span.to, true)).flatten(),
            calls: span.calls,
            list: LIST,
            after: None,
            limit: PAGE,
        };
        Self { door, own, filter, scan: ControlFlow::Continue(scan), looked_at: 0 }
    }

    /// The matching rows among the next records; none: it is over.
    async fn page(&mut self) -> Result<Option<Vec<Row>>, Fault> {
        let ControlFlow::Continue(scan) = &mut self.scan else { return Ok(None) };
        let asked = scan.clone();
        let page = answered(self.door.exchange.ask(|back| Ask::Scan(asked, back)).await)?;
        scan.after = page.last().map(|record| (record.call.created, record.call.id));
        self.looked_at += page.len();
        if page.len() < PAGE as usize || self.looked_at >= RECORDS_MAX {
            self.scan = ControlFlow::Break(());
        }
        let rows = page.iter().filter_map(|record| row(record, self.door.exchange.clock(), &self.door.config));
        Ok(Some(rows.filter(|row| self.shows(row)).collect()))
    }

    fn shows(&self, row: &Row) -> bool {
        let may = self.own.as_ref().is_none_or(|own| row.station() == own);
        may && self.filter.iter().all(|expr| expr.holds(&|field| row.field(field).map(Cow::into_owned)))
    }
}

/// An instant of the day on the exchange's own time line; where clocks are set back, the earlier or the later of two.
fn instant(door: &Door, civil: DateTime, later: bool) -> Option<Time> {
    let ambiguous = door.config.time_zone.to_ambiguous_timestamp(civil);
    let timestamp = if later { ambiguous.later() } else { ambiguous.earlier() }.ok()?;
    Some(door.exchange.clock().at_unix_ms(timestamp.as_millisecond()))
}

fn answered<T>(answer: Result<Result<T, StoreFault>, Stopping>) -> Result<T, Fault> {
    answer.map_err(|_| Fault::SMDR_UNKNOWN)?.map_err(|fault| {
        tracing::error!(dialect = NAME, ?fault, "the store of records fails");
        Fault::SMDR_UNKNOWN
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_deleted_is_read_in_every_form_that_clients_send() {
        let json = r#"{"$>=":{"Index":2},"$<":{"Index":6}}"#;
        let coded: String = form_urlencoded::byte_serialize(json.as_bytes()).collect();
        let wanted = doomed("", json.as_bytes()).expect("raw JSON");
        for body in [coded.clone(), format!("q={coded}"), format!(" {json}\r\n"), json.replace('$', "\\$")] {
            assert_eq!(doomed("", body.as_bytes()).as_ref(), Ok(&wanted), "{body}");
        }
        assert_eq!(doomed(&format!("q={coded}"), b"").as_ref(), Ok(&wanted));
        assert_eq!(doomed("Index=7", json.as_bytes()).map(|all| all.len()), Ok(2), "both have to hold");
        assert!(doomed("", b"{}").is_ok(), "everything, where that is said");
        for (query, body) in
            [("", ""), ("", " "), ("", "nonsense"), ("", "[]"), ("", "q="), ("", "\u{fffd}%"), ("maxCount=1", "{}")]
        {
            assert_eq!(doomed(query, body.as_bytes()), Err(Fault::PARAMETER), "{query} {body}");
        }
        assert_eq!(doomed("", b"\xff{}"), Err(Fault::PARAMETER));
        assert_eq!(doomed("", br#"{"countOnly":true}"#), Err(Fault::PARAMETER));
    }
}
