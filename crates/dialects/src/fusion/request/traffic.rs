//! What is counted per client: requests at a time (FUS-LIM-09) and outdated forms in use (FUS-LIM-14).

use jiff::civil::Date;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// Requests of one address that are worked on at a time.
pub(in super::super) const PARALLEL_MAX: usize = 64;
/// Pairs of client and outdated form that are remembered.
const USES_MAX: usize = 4_096;

/// Counts per client address.
#[derive(Default)]
pub(in super::super) struct Traffic {
    parallel: Mutex<BTreeMap<IpAddr, usize>>,
    uses: Mutex<BTreeMap<(IpAddr, &'static str), Date>>,
}

/// One request is being worked on.
pub(super) struct Place<'a> {
    traffic: &'a Traffic,
    client: IpAddr,
}

impl Traffic {
    /// Counts one more request of a client; none: it has as many as it may.
    pub(super) fn enter(&self, client: IpAddr) -> Option<Place<'_>> {
        let mut parallel = self.parallel.lock().unwrap_or_else(PoisonError::into_inner);
        let count = parallel.entry(client).or_default();
        if *count >= PARALLEL_MAX {
            return None;
        }
        *count += 1;
        Some(Place { traffic: self, client })
    }

    /// Whether this client uses this form for the first time on that day.
    pub(super) fn first_use(&self, client: IpAddr, what: &'static str, day: Date) -> bool {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() >= USES_MAX && !uses.contains_key(&(client, what)) {
            uses.clear();
        }
        uses.insert((client, what), day) != Some(day)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut parallel = self.traffic.parallel.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = parallel.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                parallel.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn ip(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn a_client_has_so_many_requests_at_a_time() {
        let traffic = Traffic::default();
        let mut places: Vec<_> = (0..PARALLEL_MAX).map(|_| traffic.enter(ip(1)).expect("a place")).collect();
        assert!(traffic.enter(ip(1)).is_none());
        assert!(traffic.enter(ip(2)).is_some(), "others are not hindered");
        places.pop();
        assert!(traffic.enter(ip(1)).is_some());
        drop(places);
        assert!(traffic.parallel.lock().unwrap().is_empty(), "nothing is left behind");
    }

    #[test]
    fn an_outdated_form_is_noted_once_per_client_and_day() {
        let traffic = Traffic::default();
        assert!(traffic.first_use(ip(1), ".php", date(2024, 5, 2)));
        assert!(!traffic.first_use(ip(1), ".php", date(2024, 5, 2)));
        assert!(traffic.first_use(ip(1), "dbGetPhoneState", date(2024, 5, 2)));
        assert!(traffic.first_use(ip(2), ".php", date(2024, 5, 2)));
        assert!(traffic.first_use(ip(1), ".php", date(2024, 5, 3)));
    }
}
