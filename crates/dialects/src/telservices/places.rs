//! Room for connections (TEL-TRN-11): so many in all and of one address, a few more whose request is read only to be refused
//! (TEL-ERR-10), and very few at a time for large requests.

use super::Door;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections beyond the bound whose request is still read; more are refused unread.
const OVER_MAX: usize = 64;
/// Requests at a time that are larger than others may be.
const LARGE_MAX: usize = 4;

/// Who has a place.
pub(super) struct Places {
    connected: Mutex<Connected>,
    large: Arc<Semaphore>,
}

#[derive(Default)]
struct Connected {
    of: BTreeMap<IpAddr, usize>,
    over: usize,
}

impl Default for Places {
    fn default() -> Self {
        Self { connected: Mutex::default(), large: Arc::new(Semaphore::new(LARGE_MAX)) }
    }
}

/// A connection counts while this lives.
pub(super) struct Place {
    door: Door,
    ip: IpAddr,
    /// Whether it is one too many.
    pub(super) over: bool,
}

impl Door {
    /// A place for a connection of this address; none: there are far too many.
    pub(super) fn enter(&self, ip: IpAddr) -> Option<Place> {
        let mut connected = self.0.places.connected.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = connected.of.values().sum();
        let own = connected.of.get(&ip).copied().unwrap_or(0);
        let config = &self.0.config;
        let over = all >= config.connections_max || own >= config.connections_per_address_max;
        if over && connected.over >= OVER_MAX {
            return None;
        }
        if over {
            connected.over += 1;
        } else {
            connected.of.insert(ip, own + 1);
        }
        Some(Place { door: self.clone(), ip, over })
    }

    /// A place for a large request; none: there are too many.
    pub(super) fn large(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.places.large).try_acquire_owned().ok()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut connected = self.door.0.places.connected.lock().unwrap_or_else(PoisonError::into_inner);
        if self.over {
            connected.over -= 1;
        } else if let Some(own) = connected.of.get_mut(&self.ip) {
            *own -= 1;
            if *own == 0 {
                connected.of.remove(&self.ip);
            }
        }
    }
}
