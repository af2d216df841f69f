//! The outbox.

use std::collections::BTreeSet;

use super::{Memory, Rows};
use crate::OUTBOX_MAX;
use crate::error::StoreError;
use crate::model::Tenant;
use crate::model::outbox::{Backlog, LaidPush, PARKED_MS, Push, PushOutcome};

impl Memory {
    /// Lays pushes for an endpoint and notes that its log is served up to `through_seq`.
    pub fn lay_pushes(
        &mut self,
        tenant: Tenant,
        endpoint: &str,
        through_seq: Option<u64>,
        pushes: &[Push],
    ) -> Result<(), StoreError> {
        let mut state = self.write();
        let first = state.next_push + 1;
        state.next_push += pushes.len() as u64;
        let rows = state.rows_mut(tenant)?;
        if !pushes.is_empty() && rows.pushes.len() + pushes.len() > OUTBOX_MAX {
            return Err(StoreError::Full("outbox"));
        }
        for (id, push) in (first..).zip(pushes) {
            if rows.pushes.values().any(|laid| laid.endpoint == endpoint && laid.message == push.message) {
                continue;
            }
            let Push { order_key, message, due_ms, bytes } = push.clone();
            let endpoint = endpoint.to_owned();
            let laid = LaidPush { id, endpoint, order_key, message, due_ms, laid_ms: due_ms, tries: 0, bytes };
            rows.pushes.insert(id, laid);
        }
        if let Some(seq) = through_seq {
            rows.cursors.insert(endpoint.to_owned(), seq);
        }
        Ok(())
    }

    /// Takes due pushes; of each order key only the first one laid that is not parked.
    pub fn lease_pushes(
        &mut self,
        tenant: Tenant,
        endpoint: Option<&str>,
        now_ms: u64,
        lease_ms: u64,
        max: usize,
    ) -> Result<Vec<LaidPush>, StoreError> {
        let mut state = self.write();
        let rows = state.rows_mut(tenant)?;
        let mut behind = BTreeSet::new();
        let mut due: Vec<(u64, u64)> = Vec::new();
        for push in rows.pushes.values().filter(|push| push.due_ms < PARKED_MS) {
            let first = behind.insert((&push.endpoint, &push.order_key));
            if first && push.due_ms <= now_ms && endpoint.is_none_or(|endpoint| push.endpoint == endpoint) {
                due.push((push.due_ms, push.id));
            }
        }
        due.sort_unstable();
        due.truncate(max.min(crate::PAGE_MAX));
        let mut leased = Vec::with_capacity(due.len());
        for (_, id) in due {
            if let Some(push) = rows.pushes.get_mut(&id) {
                push.due_ms = now_ms.saturating_add(lease_ms);
                push.tries += 1;
                leased.push(push.clone());
            }
        }
        Ok(leased)
    }

    /// Notes what became of leased pushes.
    pub fn settle_pushes(&mut self, tenant: Tenant, outcomes: &[PushOutcome]) -> Result<(), StoreError> {
        let mut state = self.write();
        let rows = state.rows_mut(tenant)?;
        for outcome in outcomes {
            match *outcome {
                PushOutcome::Done { id } => {
                    rows.pushes.remove(&id);
                }
                PushOutcome::Retry { id, due_ms } => {
                    if let Some(push) = rows.pushes.get_mut(&id) {
                        push.due_ms = due_ms;
                    }
                }
                PushOutcome::Park { id } => {
                    if let Some(push) = rows.pushes.get_mut(&id) {
                        push.due_ms = PARKED_MS;
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes a parked push due, as if it had never been tried.
    pub fn replay_push(&mut self, tenant: Tenant, id: u64, now_ms: u64) -> Result<bool, StoreError> {
        let mut state = self.write();
        let rows = state.rows_mut(tenant)?;
        let Some(push) = rows.pushes.get_mut(&id).filter(|push| push.due_ms >= PARKED_MS) else { return Ok(false) };
        (push.due_ms, push.tries) = (now_ms, 0);
        Ok(true)
    }

    /// Forgets the oldest parked pushes.
    pub fn give_up_parked(&mut self, tenant: Tenant, max: usize) -> Result<u64, StoreError> {
        let mut state = self.write();
        let rows = state.rows_mut(tenant)?;
        let oldest: Vec<u64> = rows.parked(max).iter().map(|push| push.id).collect();
        oldest.iter().for_each(|id| drop(rows.pushes.remove(id)));
        Ok(oldest.len() as u64)
    }

    /// Forgets an endpoint: its pushes and its cursor.
    pub fn drop_endpoint(&mut self, tenant: Tenant, endpoint: &str) -> Result<(), StoreError> {
        let mut state = self.write();
        let rows = state.rows_mut(tenant)?;
        rows.pushes.retain(|_, push| push.endpoint != endpoint);
        rows.cursors.remove(endpoint);
        Ok(())
    }
}

impl Rows {
    pub(crate) fn pushes_of(&self, endpoint: Option<&str>, max: usize) -> Vec<LaidPush> {
        let of_endpoint = |push: &&LaidPush| endpoint.is_none_or(|endpoint| push.endpoint == endpoint);
        self.pushes.values().filter(of_endpoint).take(max.min(crate::PAGE_MAX)).cloned().collect()
    }

    pub(crate) fn parked(&self, max: usize) -> Vec<LaidPush> {
        let parked = self.pushes.values().filter(|push| push.due_ms >= PARKED_MS);
        parked.take(max.min(crate::PAGE_MAX)).cloned().collect()
    }

    pub(crate) fn outbox_len(&self) -> usize {
        self.pushes.len()
    }

    pub(crate) fn backlog(&self, endpoint: &str) -> Backlog {
        let mut backlog = Backlog::default();
        for push in self.pushes.values().filter(|push| push.endpoint == endpoint) {
            if push.due_ms >= PARKED_MS {
                backlog.parked += 1;
                continue;
            }
            backlog.waiting += 1;
            backlog.oldest_ms = Some(backlog.oldest_ms.map_or(push.laid_ms, |oldest| oldest.min(push.laid_ms)));
        }
        backlog
    }

    pub(crate) fn cursor(&self, name: &str) -> Option<u64> {
        self.cursors.get(name).copied()
    }
}
