//! What the call log is asked for: window, parties, scope (VOI-LOG-02 to 05).
//!
//! Criteria stand in `search`, an object or a list of objects, or beside it; what stands in `search` counts. Campaigns and queues
//! do not exist, so a record of one is never found.

use super::super::error::LogFault;
use super::super::number;
use super::super::row::{Kind, Row};
use super::super::sight::{Sight, is_within};
use super::super::wire::{Json, Params};
use super::civil;
use std::collections::BTreeSet;
use switching::id::CallId;
use switching::time::Time;

/// Values that one list of criteria may hold.
const VALUES_MAX: usize = 1_000;

/// Who may be seen (VOI-LOG-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// All of the organisation, which is the top account.
    Everybody,
    /// Calls of the user whose code it is.
    Own,
    /// Calls of the account node that the user belongs to.
    Department,
    /// Those, and those of every node below it.
    Hierarchical,
}

/// A row with what is known of it besides.
pub(super) struct Seen {
    pub(super) row: Row,
    /// When its call began, and which that was: of rows that began at once, that of the later call is the newer one.
    pub(super) call: (Time, CallId),
    /// When it began, in milliseconds since the Unix epoch.
    pub(super) unix_ms: i64,
    /// The nodes of its extensions; the first one is its department.
    pub(super) nodes: Vec<String>,
}

/// What a record has to be like.
pub(super) struct Criteria {
    /// Not before, in milliseconds since the Unix epoch.
    pub(super) from_ms: Option<i64>,
    /// Before, in milliseconds since the Unix epoch.
    pub(super) to_ms: i64,
    /// Numbers, in the form that makes them comparable.
    pub(super) phones: Option<BTreeSet<String>>,
    /// SIP codes, or names of trunks.
    pub(super) extensions: Option<BTreeSet<String>>,
    pub(super) call_id: Option<String>,
    types: Option<Vec<Kind>>,
    nothing: bool,
    scope: Scope,
}

impl Criteria {
    /// Reads them.
    pub(super) fn read(params: &Params, now_ms: i64, home: &str) -> Result<Self, LogFault> {
        let searches = searches(params);
        let find = |names: &[&str]| searches.iter().chain([params]).find_map(|place| place.list(names));
        let text = |name: &str| searches.iter().chain([params]).find_map(|place| place.given(name));
        let date = |name: &str| text(name).map(|text| civil::parse(&text).ok_or(LogFault::Dates)).transpose();
        let (from_ms, to_ms) = (date("fromdate")?, date("todate")?.unwrap_or(now_ms));
        if from_ms.is_some_and(|from_ms| from_ms > to_ms) {
            return Err(LogFault::Dates);
        }
        // A list of nothing asks for nothing: forms send their empty fields.
        let set = |names: &[&str]| {
            let values = find(names)?.into_iter().filter(|value| !value.is_empty()).take(VALUES_MAX);
            Some(values.collect::<BTreeSet<_>>()).filter(|values| !values.is_empty())
        };
        let phones = set(&["phones", "phone"]);
        let extensions = set(&["extensions", "extension"]);
        let scope = text("identitycriteria").unwrap_or_default().to_lowercase();
        let scope = match scope.as_str() {
            "user" => Scope::Own,
            "department" => Scope::Department,
            "hierarchical" => Scope::Hierarchical,
            _ => Scope::Everybody,
        };
        Ok(Self {
            from_ms,
            to_ms,
            phones: phones.map(|phones| phones.iter().map(|phone| number::comparable(phone, home)).collect()),
            extensions,
            call_id: text("callid"),
            types: set(&["cdrtypes"]).map(|names| names.iter().filter_map(|name| Kind::named(name)).collect()),
            nothing: set(&["campaignid", "queueid"]).is_some_and(|ids| ids.iter().any(|id| id != "0")),
            scope,
        })
    }

    /// Whether no row can fit, whatever is stored.
    pub(super) fn is_nothing(&self, sight: &Sight) -> bool {
        let own = sight.own_calls || self.scope == Scope::Own;
        self.nothing || self.types.as_ref().is_some_and(Vec::is_empty) || (own && sight.user.is_none())
    }

    /// Whether a row is asked for, and may be seen.
    pub(super) fn take(&self, seen: &Seen, sight: &Sight, home: &str) -> bool {
        let Seen { row, unix_ms, nodes, call: _ } = seen;
        let unix_ms = *unix_ms;
        let scope = if sight.own_calls { Scope::Own } else { self.scope };
        let same =
            |set: &BTreeSet<String>, text: &str| !text.is_empty() && set.contains(&number::comparable(text, home));
        let party = |set: &BTreeSet<String>| same(set, &row.caller) || same(set, &row.target) || same(set, &row.did);
        let stations = [&row.caller_station.code, &row.target_station.code, &row.trunk];
        let station = |set: &BTreeSet<String>| stations.iter().any(|code| !code.is_empty() && set.contains(*code));
        !self.is_nothing(sight)
            && self.from_ms.is_none_or(|from_ms| from_ms <= unix_ms)
            && unix_ms < self.to_ms
            && self.phones.as_ref().is_none_or(party)
            && self.extensions.as_ref().is_none_or(station)
            && self.types.as_ref().is_none_or(|kinds| kinds.contains(&row.kind))
            && self.call_id.as_ref().is_none_or(|id| *id == row.call_id)
            && match scope {
                Scope::Everybody => true,
                Scope::Own => sight.user.is_some() && row.user == sight.user,
                Scope::Department => nodes.iter().any(|node| node == sight.account()),
                Scope::Hierarchical => nodes.iter().any(|node| is_within(node, sight.account())),
            }
    }
}

/// What stands in `search`; of several objects the last that has a criterion counts, as if they were merged in order.
fn searches(params: &Params) -> Vec<Params> {
    let of = |value: &Json| match value {
        Json::Object(fields) => Some(Params::of_object(fields.clone())),
        // A form may carry the object as text.
        Json::Text(text) => match Json::parse(text.as_bytes()) {
            Some(Json::Object(fields)) => Some(Params::of_object(fields)),
            Some(_) | None => None,
        },
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) => None,
    };
    match params.value("search") {
        Some(Json::Array(list)) => list.iter().rev().filter_map(of).collect(),
        Some(value) => of(value).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Criteria, LogFault> {
        let params = Params::read("", None, body.as_bytes()).expect("readable");
        Criteria::read(&params, 1_000_000, "972")
    }

    #[test]
    fn criteria_stand_in_search_or_beside_it() {
        for body in [
            r#"{"search":{"fromdate":"10","todate":"20","phones":["0544444444"]}}"#,
            r#"{"search":[{"fromdate":10},{"ToDate":20},{"Phones":"972544444444"}]}"#,
            r#"{"fromdate":10,"todate":20,"phones":["+972544444444"]}"#,
            r#"{"fromdate":99,"search":{"fromdate":10,"todate":20},"phones":"0544444444"}"#,
            "fromdate=10&todate=20&phones=0544444444",
            "search=%7B%22fromdate%22%3A10%2C%22todate%22%3A20%2C%22phones%22%3A%220544444444%22%7D",
        ] {
            let read = read(body).expect(body);
            assert_eq!((read.from_ms, read.to_ms), (Some(10_000), 20_000), "{body}");
            assert_eq!(read.phones.expect(body), BTreeSet::from(["972544444444".to_owned()]), "{body}");
        }
        let all = read("{}").expect("no criterion is needed");
        assert_eq!((all.from_ms, all.to_ms, all.scope), (None, 1_000_000, Scope::Everybody));
        // Of several objects the last one counts, as if they were merged in order.
        assert_eq!(read(r#"{"search":[{"fromdate":1},{"fromdate":2}]}"#).expect("fine").from_ms, Some(2_000));
    }

    #[test]
    fn unreadable_and_reversed_dates_are_refused() {
        for body in ["fromdate=soon", "todate=2015-02-30", "fromdate=20&todate=10", r#"{"search":{"fromdate":"x"}}"#] {
            assert_eq!(read(body).err(), Some(LogFault::Dates), "{body}");
        }
        assert!(read("fromdate=10&todate=10").is_ok());
        assert!(read("fromdate=&todate=").is_ok(), "empty is absent");
    }
}
