//! Get SMDR records (IPX-SMDR-01 to 03): the stored records, filtered.

use super::super::error::Fault;
use super::super::session::{Account, Entered};
use super::super::smdr::query::{Expr, FIELDS, Options};
use super::super::smdr::{Row, json, row};
use super::super::wire::json_body;
use super::super::{Door, NAME};
use crate::common::ask::{Ask, RecordQuery};
use axum::response::{IntoResponse, Response};
use serde_json::json as object;
use std::collections::VecDeque;

/// Rows of an answer where nothing is said.
const COUNT: usize = 50;
/// Rows of an answer at most.
const COUNT_MAX: usize = 1_000;
/// Records that are read at once.
const PAGE: u32 = 500;
/// Pages that are read for one answer: the size of the vendor's store (IPX-SMDR-10).
const PAGES_MAX: usize = 200;

pub(in super::super) async fn records(door: &Door, by: &Entered, query: &str) -> Result<Response, Fault> {
    let (mut filter, options) = asked(query)?;
    if let Account::Station(station) = &by.account {
        filter.push(Expr::equals("StationNumber", station.as_str()));
    }
    let most = match options.max_count {
        Some(0) => COUNT_MAX,
        Some(most) => most.min(COUNT_MAX),
        None => COUNT,
    };
    let (count, rows) = find(door, &filter, most).await?;
    if options.count_only == Some(true) {
        return Ok(json_body(&object!({ "count": count })).into_response());
    }
    let items: Vec<_> = rows.iter().map(Row::json).collect();
    Ok(json_body(&object!({ "count": items.len(), "items": items })).into_response())
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
                let value = json::read(&value).ok_or(Fault::PARAMETER)?;
                filter.push(Expr::read(&value, &FIELDS, Some(&mut options)).ok_or(Fault::PARAMETER)?);
            }
            "token" => {}
            name if Options::has(name) => plain.set(name, &value).ok_or(Fault::PARAMETER)?,
            name => filter.push(Expr::plain(name, &value, &FIELDS).ok_or(Fault::PARAMETER)?),
        }
    }
    let count_only = plain.count_only.or(options.count_only);
    Ok((filter, Options { count_only, max_count: plain.max_count.or(options.max_count) }))
}

/// How many match, and the oldest of them.
async fn find(door: &Door, filter: &[Expr], most: usize) -> Result<(usize, VecDeque<Row>), Fault> {
    let (mut count, mut found, mut before) = (0, VecDeque::new(), None);
    for _ in 0..PAGES_MAX {
        let query = RecordQuery { limit: PAGE, before, ..RecordQuery::default() };
        let page = door.exchange.ask(|back| Ask::Records(query, back)).await.map_err(|_| Fault::SMDR_UNKNOWN)?;
        let page = page.map_err(|fault| {
            tracing::error!(dialect = NAME, ?fault, "records cannot be read");
            Fault::SMDR_UNKNOWN
        })?;
        let whole = page.len() < PAGE as usize;
        before = page.last().map(|record| record.call.id);
        let rows = page.iter().filter_map(|record| row(record, door.exchange.clock(), &door.zone));
        for row in rows.filter(|row| filter.iter().all(|expr| expr.holds(&|field| row.field(field)))) {
            count += 1;
            // Newest first: the one that came first has to go.
            if found.len() == most {
                found.pop_back();
            }
            found.push_front(row);
        }
        if whole {
            break;
        }
    }
    found.make_contiguous().sort_by_key(|row| row.index);
    Ok((count, found))
}
