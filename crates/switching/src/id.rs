//! Identifiers: newtypes over counters, minted by the core in the order of its inputs and never reused.
//!
//! `Display` gives the name under which log, signalling trace and console show the object (`call_7`, `conn_13`), so that
//! a reader can follow one object through all of them. Vendor ids are views on these numbers and live in the dialects.

use minicbor::{Decode, Encode};
use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        #[cbor(transparent)]
        pub struct $name(#[n(0)] pub u64);

        impl $name {
            /// What the textual form begins with.
            pub const PREFIX: &'static str = $prefix;

            /// Reads the form that `Display` writes.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let digits = text.strip_prefix($prefix)?;
                let canonical = !digits.is_empty()
                    && digits.bytes().all(|b| b.is_ascii_digit())
                    && (digits == "0" || !digits.starts_with('0'));
                if canonical { digits.parse().ok().map(Self) } else { None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0)
            }
        }
    )*};
}

ids! {
    /// One device in one call, for as long as its leg lives.
    ConnectionId "conn_";
    /// One call, from its first to its last connection.
    CallId "call_";
    /// One routing step of a caller's journey.
    StageId "stage_";
    /// A telephone, a trunk or a service point that takes part in calls.
    DeviceId "dev_";
    /// A directory number and its features.
    ExtensionId "ext_";
    /// A person.
    UserId "user_";
    /// A trunk group to the outside.
    TrunkId "trk_";
    /// One command or change, as admitted by the core.
    RequestId "req_";
    /// One order to the engine.
    OrderId "ord_";
    /// One signalling leg of the engine. Legs that the core orders are numbered by the core; legs that arrive carry
    /// [`LegId::ARRIVED`] and are numbered by the engine.
    LegId "leg_";
    /// One application session on a device.
    SessionId "ses_";
}

impl LegId {
    /// The bit that tells a leg numbered by the engine (an arriving call) from one numbered by the core.
    pub const ARRIVED: u64 = 1 << 62;

    /// A leg that arrived at the engine; `n` is the engine's own counter, unique over its restarts.
    #[must_use]
    pub const fn arrived(n: u64) -> Self {
        Self(Self::ARRIVED | n)
    }

    /// Whether the engine numbered it.
    #[must_use]
    pub const fn is_arrived(self) -> bool {
        self.0 & Self::ARRIVED != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_form_reads_back() {
        assert_eq!(CallId::parse("call_7"), Some(CallId(7)));
        assert_eq!(CallId::parse(&CallId(u64::MAX).to_string()), Some(CallId(u64::MAX)));
        for wrong in ["call_", "call_-1", "call_+1", "call_07", "conn_7", "7", "call_99999999999999999999"] {
            assert_eq!(CallId::parse(wrong), None, "{wrong}");
        }
    }
}
