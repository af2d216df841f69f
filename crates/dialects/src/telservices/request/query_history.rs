//! queryHistory (TEL-REQ-19): records of calls, newest first. There are no agents yet, so no records of theirs.

use super::super::error::TelError;
use super::super::history::{self, Row, Wanted};
use super::super::wire::{self, QueryHistory};
use super::super::{Door, civil};
use super::Done;
use crate::common::ask::{Ask, RecordQuery};
use switching::time::Time;

/// Records in one answer.
const RECORDS_MAX: u64 = 10_000;
/// Records of calls read at once, and how often.
const PAGE: u32 = 500;
const PAGES_MAX: usize = 200;

impl Door {
    pub(super) async fn query_history(&self, query: &QueryHistory) -> Done {
        if !self.0.config.history_of_all && query.device.is_none() && query.user.is_none() {
            return Err(TelError::Reject);
        }
        let limit = usize::try_from(query.limit.unwrap_or(RECORDS_MAX).min(RECORDS_MAX)).unwrap_or(usize::MAX);
        let rows = if query.calls { self.rows(query, limit).await? } else { Vec::new() };
        Ok(Some(wire::result(|w| w.within("history", |w| rows.iter().for_each(|row| row.write(w))))))
    }

    async fn rows(&self, query: &QueryHistory, limit: usize) -> Result<Vec<Row>, TelError> {
        let zone = &self.0.config.time_zone;
        let instant = |day: jiff::civil::Date, hour| {
            let unix_ms = civil::start_of(day, hour, zone).ok_or(TelError::Reject)?;
            Ok::<Time, TelError>(self.0.exchange.clock().at_unix_ms(unix_ms))
        };
        let from = query.start.map(|day| instant(day, query.start_hour)).transpose()?;
        let end = query.end.map(|day| day.tomorrow().map_err(|_| TelError::Reject)).transpose()?;
        let to = end.map(|day| instant(day, 0)).transpose()?;
        let device = query.device.as_deref().map(|number| (number, self.device(number)));
        // A device is looked for by its key: the number of its calls may be that of the phone beside it.
        let party =
            device.map(|(number, device)| device.map_or_else(|| number.to_owned(), |device| device.to_string()));
        let wanted = Wanted::of(query, device);
        let mut rows = Vec::new();
        let mut before = None;
        for _ in 0..PAGES_MAX {
            let asked = RecordQuery { parties: party.clone().into_iter().collect(), from, to, limit: PAGE, before };
            let page = self.ask(|back| Ask::Records(asked, back)).await?;
            let Some(oldest) = page.last() else { break };
            before = Some((oldest.call.created, oldest.call.id));
            let clock = self.0.exchange.clock();
            self.0.exchange.read(|picture| {
                rows.extend(page.iter().flat_map(|record| history::rows(picture, record, &wanted, clock, zone)));
            });
            if rows.len() >= limit {
                break;
            }
        }
        rows.truncate(limit);
        Ok(rows)
    }
}
