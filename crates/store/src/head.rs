//! The rule by which a batch is admitted to a log, the same for every back end: the fence (PLAN section 6) and the
//! gapless numbers.

use crate::error::{AppendError, StoreError};
use crate::model::Tenant;
use crate::model::log::Batch;

/// A tenant and a number of ours share one 63-bit key on disk.
pub(crate) const NUMBER_BITS: u32 = 43;
/// The largest sequence number, input, call or stage: 278 years at a thousand a second.
pub const NUMBER_MAX: u64 = (1 << NUMBER_BITS) - 1;
/// The largest tenant.
pub const TENANT_MAX: Tenant = (1 << (63 - NUMBER_BITS)) - 1;

/// Refuses what no back end need store.
pub(crate) fn check(batch: &Batch) -> Result<(), AppendError> {
    if batch.tenant > TENANT_MAX {
        return Err(AppendError::Malformed("the tenant's number is too large"));
    }
    let calls = batch.records.iter().map(|record| record.call);
    let stages = batch.stages.iter().map(|stage| stage.stage);
    let lasts = batch.events.last().map(|e| e.seq).into_iter().chain(batch.inputs.last().map(|i| i.no));
    if calls.chain(stages).chain(lasts).any(|number| number > NUMBER_MAX) {
        return Err(AppendError::Malformed("a number is too large"));
    }
    Ok(())
}

/// Refuses a tenant that [`check`] would refuse.
pub(crate) fn check_tenant(tenant: Tenant) -> Result<(), StoreError> {
    if tenant > TENANT_MAX { Err(StoreError::Refused("the tenant's number is too large")) } else { Ok(()) }
}

/// Where one tenant's log stands within an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub epoch: u64,
    pub last_seq: u64,
    pub last_input: u64,
    pub revision: u64,
}

impl Head {
    pub(crate) fn new(epoch: u64) -> Self {
        Self { epoch, last_seq: 0, last_input: 0, revision: 0 }
    }

    /// Where the log stands after this batch, or why the batch is refused. `revision` is counted by the writer.
    pub(crate) fn admit(self, expected_seq: u64, batch: &Batch) -> Result<Self, AppendError> {
        if expected_seq != self.last_seq {
            return Err(AppendError::Fenced { tenant: batch.tenant, expected: expected_seq, found: self.last_seq });
        }
        let last_seq = gapless(self.last_seq, batch.events.iter().map(|e| e.seq))
            .ok_or(AppendError::Malformed("events are not gapless after the last one"))?;
        let last_input = gapless(self.last_input, batch.inputs.iter().map(|i| i.no))
            .ok_or(AppendError::Malformed("inputs are not gapless after the last one"))?;
        Ok(Self { last_seq, last_input, ..self })
    }
}

fn gapless(last: u64, numbers: impl Iterator<Item = u64>) -> Option<u64> {
    numbers.into_iter().try_fold(last, |last, number| (last.checked_add(1) == Some(number)).then_some(number))
}

/// A number that no other life of a log has, as far as chance goes; 48 bits, so that every client can hold it.
pub(crate) fn new_epoch() -> Result<u64, StoreError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes[..6]).map_err(|e| StoreError::Io(e.to_string()))?;
    Ok(u64::from_le_bytes(bytes).max(1))
}

#[cfg(test)]
mod tests {
    use super::Head;
    use crate::error::AppendError;
    use crate::model::log::{Batch, Event};

    fn events(seqs: &[u64]) -> Batch {
        let event = |&seq: &u64| Event { seq, at_ms: 0, bytes: vec![] };
        Batch { tenant: 7, events: seqs.iter().map(event).collect(), ..Batch::default() }
    }

    #[test]
    fn only_the_next_numbers_at_the_expected_place_are_admitted() {
        let head = Head { last_seq: 4, ..Head::new(1) };
        assert_eq!(head.admit(4, &events(&[5, 6])).map(|h| h.last_seq), Ok(6));
        assert_eq!(head.admit(4, &events(&[])).map(|h| h.last_seq), Ok(4));
        assert_eq!(head.admit(3, &events(&[4])), Err(AppendError::Fenced { tenant: 7, expected: 3, found: 4 }));
        for wrong in [&[4][..], &[6], &[5, 7], &[5, 5]] {
            assert!(matches!(head.admit(4, &events(wrong)), Err(AppendError::Malformed(_))), "{wrong:?}");
        }
    }
}
