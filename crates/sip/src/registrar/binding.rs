//! One binding, and its stored form with numbered fields, so that a later version reads what an earlier one wrote.

use super::contact::same_contact;
use minicbor::{Decode, Encode};
use std::net::SocketAddr;

/// A contact bound to an address-of-record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// The Contact URI as registered.
    pub uri: String,
    /// Preference from 0 to 1,000 (RFC 3261 20.10); 1,000 when not given.
    pub q_thousandths: u16,
    /// When it ends unless refreshed, Unix time.
    pub expires_at_ms: u64,
    /// The Call-ID of the REGISTER that made or refreshed it.
    pub call_id: String,
    /// Its CSeq number.
    pub cseq: u32,
    /// Route set towards the contact, first hop first (RFC 3327).
    pub path: Vec<String>,
    /// How requests get there.
    pub reach: Reach,
    /// Where the REGISTER came from: what `received` and `rport` say (RFC 3581), and where a phone behind NAT is.
    pub source: SocketAddr,
    /// `+sip.instance`, which names the device (RFC 5626 4.1).
    pub instance: Option<String>,
    /// `reg-id`, which numbers the device's flows.
    pub reg_id: Option<u32>,
    /// What the device calls itself.
    pub user_agent: Option<String>,
}

/// How requests get to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// By datagrams to its URI or its source address.
    Datagram,
    /// Over the connection with this token.
    Flow(u64),
    /// Its connection is gone; it ends unless it registers over another before this time.
    NoFlow {
        /// Unix time.
        until_ms: u64,
    },
}

/// Stored octets that are no binding.
#[derive(Debug, thiserror::Error)]
#[error("unreadable stored binding: {0}")]
pub struct UnreadableBinding(String);

impl Binding {
    /// When it ends by itself.
    pub fn ends_at_ms(&self) -> u64 {
        match self.reach {
            Reach::Datagram | Reach::Flow(_) => self.expires_at_ms,
            Reach::NoFlow { until_ms } => self.expires_at_ms.min(until_ms),
        }
    }

    /// Whether a request can be sent to it now.
    pub fn is_reachable(&self) -> bool {
        match self.reach {
            Reach::Datagram | Reach::Flow(_) => true,
            Reach::NoFlow { .. } => false,
        }
    }

    /// Whole seconds left, for the 200's `expires` parameter; rounded up, so that a fresh one shows what was granted.
    pub fn expires_in_s(&self, now_ms: u64) -> u32 {
        u32::try_from(self.expires_at_ms.saturating_sub(now_ms).div_ceil(1_000)).unwrap_or(u32::MAX)
    }

    /// Whether both stand for the same contact: the same flow of the same device (RFC 5626 6), else equal URIs.
    pub fn is_same_contact(&self, other: &Binding) -> bool {
        match (self.device_flow(), other.device_flow()) {
            (Some(ours), Some(theirs)) => ours == theirs,
            (None, None) => same_contact(&self.uri, &other.uri),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// The octets to store.
    pub fn to_stored(&self) -> Vec<u8> {
        let stored = Stored {
            uri: self.uri.clone(),
            q_thousandths: self.q_thousandths,
            expires_at_ms: self.expires_at_ms,
            call_id: self.call_id.clone(),
            cseq: self.cseq,
            path: self.path.clone(),
            has_flow: !matches!(self.reach, Reach::Datagram),
            source: self.source.to_string(),
            instance: self.instance.clone(),
            reg_id: self.reg_id,
            user_agent: self.user_agent.clone(),
        };
        minicbor::to_vec(&stored).expect("writing to memory does not fail")
    }

    /// Reads stored octets. A flow comes back as none; [`super::Registrar::restore`] sets how long it may stay so.
    pub fn from_stored(octets: &[u8]) -> Result<Binding, UnreadableBinding> {
        let stored: Stored = minicbor::decode(octets).map_err(|error| UnreadableBinding(error.to_string()))?;
        let source = stored.source.parse().map_err(|_| UnreadableBinding("source address".into()))?;
        Ok(Binding {
            uri: stored.uri,
            q_thousandths: stored.q_thousandths,
            expires_at_ms: stored.expires_at_ms,
            call_id: stored.call_id,
            cseq: stored.cseq,
            path: stored.path,
            reach: if stored.has_flow { Reach::NoFlow { until_ms: 0 } } else { Reach::Datagram },
            source,
            instance: stored.instance,
            reg_id: stored.reg_id,
            user_agent: stored.user_agent,
        })
    }

    fn device_flow(&self) -> Option<(&str, u32)> {
        Some((self.instance.as_deref()?, self.reg_id?))
    }
}

/// Numbers are never given a second meaning.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    uri: String,
    #[n(1)]
    q_thousandths: u16,
    #[n(2)]
    expires_at_ms: u64,
    #[n(3)]
    call_id: String,
    #[n(4)]
    cseq: u32,
    #[n(5)]
    path: Vec<String>,
    #[n(6)]
    has_flow: bool,
    #[n(7)]
    source: String,
    #[n(8)]
    instance: Option<String>,
    #[n(9)]
    reg_id: Option<u32>,
    #[n(10)]
    user_agent: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding() -> Binding {
        Binding {
            uri: "sip:bob@10.0.0.1:5062;transport=tcp".into(),
            q_thousandths: 700,
            expires_at_ms: 1_700_000_000_000,
            call_id: "a@b".into(),
            cseq: 7,
            path: vec!["<sip:edge.example.com;lr>".into()],
            reach: Reach::Datagram,
            source: "[2001:db8::1]:40000".parse().unwrap(),
            instance: Some("<urn:uuid:1>".into()),
            reg_id: Some(1),
            user_agent: None,
        }
    }

    #[test]
    fn a_stored_binding_comes_back() {
        assert_eq!(Binding::from_stored(&binding().to_stored()).unwrap(), binding());
        let with_flow = Binding { reach: Reach::Flow(99), ..binding() };
        let back = Binding::from_stored(&with_flow.to_stored()).unwrap();
        assert_eq!(back, Binding { reach: Reach::NoFlow { until_ms: 0 }, ..binding() });
    }

    #[test]
    fn damaged_octets_are_refused() {
        let stored = binding().to_stored();
        for len in 0..stored.len() {
            assert!(Binding::from_stored(&stored[..len]).is_err(), "{len}");
        }
    }

    #[test]
    fn a_fresh_binding_shows_the_granted_time() {
        let made_at_ms = binding().expires_at_ms - 3_600_000;
        assert_eq!(binding().expires_in_s(made_at_ms), 3_600);
        assert_eq!(binding().expires_in_s(made_at_ms + 1), 3_600);
        assert_eq!(binding().expires_in_s(made_at_ms + 1_000), 3_599);
        assert_eq!(binding().expires_in_s(u64::MAX), 0);
    }

    #[test]
    fn a_device_is_known_by_instance_and_reg_id_whatever_its_address() {
        let moved = Binding { uri: "sip:bob@10.0.0.2:6000".into(), ..binding() };
        assert!(moved.is_same_contact(&binding()));
        let second_flow = Binding { reg_id: Some(2), ..binding() };
        assert!(!second_flow.is_same_contact(&binding()));
        let plain = Binding { reg_id: None, ..binding() };
        assert!(!plain.is_same_contact(&binding()) && plain.is_same_contact(&plain.clone()));
    }
}
