//! Registrations are written behind: changes of a second go to the store as one write, outside the log.

use std::collections::BTreeMap;
use store::{Registration, StoreHandle, Tenant};
use switching::time::Time;

/// How long a change may wait, in milliseconds.
const BEHIND_MS: u64 = 1_000;

/// The newest state of a binding (none: gone) and when it ends by itself.
type State = (Option<Vec<u8>>, Time);

/// Changes that wait.
#[derive(Default)]
pub struct WriteBehind {
    waiting: BTreeMap<(String, String), State>,
    due: Option<Time>,
}

impl WriteBehind {
    /// Notes the newest state of a binding; none: it is gone.
    pub fn note(&mut self, now: Time, user: String, contact: String, stored: Option<Vec<u8>>, expires: Time) {
        self.waiting.insert((user, contact), (stored, expires));
        self.due.get_or_insert(now.after_ms(BEHIND_MS));
    }

    /// When they must be written.
    #[must_use]
    pub fn due(&self) -> Option<Time> {
        self.due
    }

    /// Hands all that waits to the store.
    pub fn flush(&mut self, store: &StoreHandle, tenant: Tenant) {
        self.due = None;
        if self.waiting.is_empty() {
            return;
        }
        let rows: Vec<Registration> = std::mem::take(&mut self.waiting)
            .into_iter()
            .map(|((aor, contact), (bytes, expires))| Registration { aor, contact, bytes, expires_ms: expires.0 })
            .collect();
        let written = store.run(Box::new(move |store| {
            if let Err(error) = store.put_registrations(tenant, &rows) {
                tracing::error!(%error, "registrations were not written; phones come back by themselves");
            }
        }));
        if written.is_err() {
            tracing::error!("the store takes no registrations; phones come back by themselves");
        }
    }
}
