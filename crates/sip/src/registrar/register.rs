//! What one REGISTER does, decided before anything is changed (RFC 3261 10.3 steps 6 and 7).

use super::RegistrarConfig;
use super::binding::{Binding, Reach};
use std::net::SocketAddr;

/// Below this wish no 423 is given (RFC 3261 10.3 step 7: only for less than an hour).
const BRIEF_S: u32 = 3_600;
const Q_DEFAULT_THOUSANDTHS: u16 = 1_000;

/// A REGISTER, as far as the registrar needs it.
#[derive(Debug, Clone)]
pub struct Register {
    /// What it says of contacts.
    pub contacts: Contacts,
    /// The Expires header.
    pub expires_s: Option<u32>,
    /// The Call-ID, which a device keeps over its registrations.
    pub call_id: String,
    /// The CSeq number.
    pub cseq: u32,
    /// The Path header's values in order (RFC 3327).
    pub path: Vec<String>,
    /// The token of the connection it came over; `None` for datagrams.
    pub flow: Option<u64>,
    /// Where it came from.
    pub source: SocketAddr,
    /// The User-Agent header.
    pub user_agent: Option<String>,
}

/// The Contact headers of a REGISTER.
#[derive(Debug, Clone)]
pub enum Contacts {
    /// None: it asks for the bindings.
    Query,
    /// `*`: all are to be removed.
    All,
    /// These are to be added, refreshed or removed.
    Listed(Vec<Contact>),
}

/// One Contact header value.
#[derive(Debug, Clone, Default)]
pub struct Contact {
    /// The URI.
    pub uri: String,
    /// The `q` parameter in thousandths.
    pub q_thousandths: Option<u16>,
    /// The `expires` parameter; 0 removes.
    pub expires_s: Option<u32>,
    /// The `+sip.instance` parameter.
    pub instance: Option<String>,
    /// The `reg-id` parameter.
    pub reg_id: Option<u32>,
}

/// What happened to one binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new contact.
    Added(Binding),
    /// A known contact, with new values.
    Refreshed {
        /// As it was.
        before: Binding,
        /// As it is.
        after: Binding,
    },
    /// A contact that the device took back.
    Removed(Binding),
}

/// Why a REGISTER changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// 423: the wish is below the minimum, which goes into Min-Expires.
    #[error("interval too brief, at least {min_expires_s} s")]
    IntervalTooBrief {
        /// The least that is granted.
        min_expires_s: u32,
    },
    /// 500: an older request than one already carried out (RFC 3261 10.3 step 7).
    #[error("request out of order")]
    OutOfOrder,
    /// 400: `*` with an expiry other than 0 (RFC 3261 10.3 step 6).
    #[error("* without Expires: 0")]
    WildcardWithoutZero,
    /// 403: more contacts than one address-of-record may have.
    #[error("too many contacts")]
    TooManyContacts,
}

/// Decides on every contact; changes nothing.
pub(super) fn plan(
    config: &RegistrarConfig,
    live: &[Binding],
    request: &Register,
    now_ms: u64,
) -> Result<Vec<Change>, RegisterError> {
    let listed = match &request.contacts {
        Contacts::Query => return Ok(Vec::new()),
        Contacts::All if request.expires_s != Some(0) => return Err(RegisterError::WildcardWithoutZero),
        Contacts::All => return live.iter().map(|binding| removal(binding, request)).collect(),
        Contacts::Listed(listed) => listed,
    };
    // The same contact twice in one request: the last one counts.
    let mut changes: Vec<Change> = Vec::new();
    for contact in listed {
        let expires_s = granted(config, contact.expires_s.or(request.expires_s))?;
        let wanted = binding_of(contact, request, expires_s, now_ms);
        changes.retain(|change| !change.binding().is_same_contact(&wanted));
        match live.iter().find(|known| known.is_same_contact(&wanted)) {
            Some(known) if expires_s == 0 => changes.push(removal(known, request)?),
            Some(known) => {
                in_order(known, request)?;
                changes.push(Change::Refreshed { before: known.clone(), after: wanted });
            }
            None if expires_s == 0 => {}
            None => changes.push(Change::Added(wanted)),
        }
    }
    let count_after = changes.iter().fold(live.len(), |count, change| match change {
        Change::Added(_) => count + 1,
        Change::Refreshed { .. } => count,
        Change::Removed(_) => count - 1,
    });
    let adds = changes.iter().any(|change| matches!(change, Change::Added(_)));
    if adds && count_after > config.contacts_max { Err(RegisterError::TooManyContacts) } else { Ok(changes) }
}

impl Change {
    /// The binding as it is now, or as it was when it was removed.
    pub fn binding(&self) -> &Binding {
        match self {
            Change::Added(binding) | Change::Refreshed { after: binding, .. } | Change::Removed(binding) => binding,
        }
    }
}

fn removal(known: &Binding, request: &Register) -> Result<Change, RegisterError> {
    in_order(known, request)?;
    Ok(Change::Removed(known.clone()))
}

/// With another Call-ID any number is in order; with the same one it must be higher.
fn in_order(known: &Binding, request: &Register) -> Result<(), RegisterError> {
    let is_old = known.call_id == request.call_id && request.cseq <= known.cseq;
    if is_old { Err(RegisterError::OutOfOrder) } else { Ok(()) }
}

/// The seconds granted for a wish.
fn granted(config: &RegistrarConfig, wish_s: Option<u32>) -> Result<u32, RegisterError> {
    let wish_s = wish_s.unwrap_or(config.expires_default_s);
    if wish_s != 0 && wish_s < config.expires_min_s && wish_s < BRIEF_S {
        return Err(RegisterError::IntervalTooBrief { min_expires_s: config.expires_min_s });
    }
    Ok(wish_s.min(config.expires_max_s))
}

fn binding_of(contact: &Contact, request: &Register, expires_s: u32, now_ms: u64) -> Binding {
    Binding {
        uri: contact.uri.clone(),
        q_thousandths: contact.q_thousandths.unwrap_or(Q_DEFAULT_THOUSANDTHS).min(Q_DEFAULT_THOUSANDTHS),
        expires_at_ms: now_ms.saturating_add(u64::from(expires_s) * 1_000),
        call_id: request.call_id.clone(),
        cseq: request.cseq,
        path: request.path.clone(),
        reach: request.flow.map_or(Reach::Datagram, Reach::Flow),
        source: request.source,
        instance: contact.instance.clone(),
        reg_id: contact.reg_id,
        user_agent: request.user_agent.clone(),
    }
}
