//! The settings of the transaction layer.

use crate::message::Method;

/// T1 of RFC 3261 17.1.1.1: the estimate of a round trip, in milliseconds.
pub const T1_MS: u64 = 500;
/// T2 of RFC 3261 17.1.2.2: the longest interval between repetitions, in milliseconds.
pub const T2_MS: u64 = 4_000;
/// T4 of RFC 3261 17.1.2.2: how long a message may linger in the network, in milliseconds.
pub const T4_MS: u64 = 5_000;
/// Default bound of the table. A lingering transaction takes less than 1 KiB.
pub const TRANSACTIONS_MAX: usize = 100_000;
/// What a refused peer is told to wait, in seconds.
pub const RETRY_AFTER_S: u32 = 5;

/// Settings; the defaults are those of the RFCs.
#[derive(Debug, Clone)]
pub struct Config {
    /// T1, in milliseconds.
    pub t1_ms: u64,
    /// T2, in milliseconds.
    pub t2_ms: u64,
    /// T4, in milliseconds.
    pub t4_ms: u64,
    /// Above so many transactions new requests get 503. Requests within dialogs are let in up to a quarter more.
    pub transactions_max: usize,
    /// Retry-After of that 503, in seconds.
    pub retry_after_s: u32,
    /// The methods that are served; other known ones get 405, unknown ones 501.
    pub methods: Vec<Method>,
    /// The option tags that a Require may name (RFC 3261 8.2.2.3).
    pub options: Vec<&'static str>,
    /// Answer datagrams to their source even when no `rport` asks for it (RFC 3581): helps phones behind NAT.
    pub force_rport: bool,
    /// The Server header of every response; none when empty.
    pub server: String,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            t1_ms: T1_MS,
            t2_ms: T2_MS,
            t4_ms: T4_MS,
            transactions_max: TRANSACTIONS_MAX,
            retry_after_s: RETRY_AFTER_S,
            methods: vec![
                Method::Invite,
                Method::Ack,
                Method::Bye,
                Method::Cancel,
                Method::Options,
                Method::Register,
                Method::Prack,
                Method::Update,
                Method::Info,
                Method::Refer,
                Method::Notify,
                Method::Subscribe,
            ],
            options: vec!["100rel", "timer", "replaces", "norefersub", "path", "outbound", "gruu"],
            force_rport: false,
            server: String::new(),
        }
    }
}

impl Config {
    /// 64*T1: how long a transaction is tried.
    pub fn give_up_ms(&self) -> u64 {
        64 * self.t1_ms
    }

    /// The value of an Allow header.
    pub fn allow(&self) -> String {
        self.methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The value of a Supported header.
    pub fn supported(&self) -> String {
        self.options.join(", ")
    }
}
