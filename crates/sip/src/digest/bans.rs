//! Who may not try passwords for a while: failures per source address.
//!
//! An address from which a valid registration lives is never banned: a phone with one wrong account must not silence the
//! house behind its NAT. IPv6 sources are counted by their /64, which is what one customer has.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

/// Bits of an IPv6 address that tell customers apart.
const IPV6_PREFIX_MASK: u128 = !0 << 64;

/// When a source is banned.
#[derive(Debug, Clone)]
pub struct BanPolicy {
    /// Failures that lead to a ban.
    pub failures: u32,
    /// They must fall within this time.
    pub window_ms: u64,
    /// How long the ban lasts after the last failure.
    pub ban_ms: u64,
    /// Sources remembered; beyond it the one that failed longest ago is forgotten.
    pub sources_max: usize,
}

impl Default for BanPolicy {
    fn default() -> BanPolicy {
        BanPolicy { failures: 20, window_ms: 600_000, ban_ms: 600_000, sources_max: 16_384 }
    }
}

/// Failures of all sources.
#[derive(Debug)]
pub struct Bans {
    policy: BanPolicy,
    sources: BTreeMap<IpAddr, Record>,
    /// The sources by the time of their last failure.
    by_age: BTreeSet<(u64, IpAddr)>,
}

#[derive(Debug)]
struct Record {
    failures: u32,
    window_from_ms: u64,
    last_at_ms: u64,
    banned_until_ms: Option<u64>,
}

impl Bans {
    /// No source has failed yet.
    pub fn new(policy: BanPolicy) -> Bans {
        Bans { policy, sources: BTreeMap::new(), by_age: BTreeSet::new() }
    }

    /// Counts a failure; true when the source became banned by it. `has_registration` says that a valid registration
    /// lives at that address.
    pub fn count_failure(&mut self, source: IpAddr, has_registration: bool, now_ms: u64) -> bool {
        let source = customer(source);
        let before = self.sources.remove(&source);
        if let Some(record) = &before {
            self.by_age.remove(&(record.last_at_ms, source));
        }
        let mut record =
            before.unwrap_or(Record { failures: 0, window_from_ms: now_ms, last_at_ms: now_ms, banned_until_ms: None });
        if now_ms.saturating_sub(record.window_from_ms) > self.policy.window_ms {
            (record.failures, record.window_from_ms) = (0, now_ms);
        }
        let was_banned = record.banned_until_ms.is_some_and(|until_ms| now_ms < until_ms);
        record.failures = record.failures.saturating_add(1);
        record.last_at_ms = now_ms;
        if has_registration {
            record.banned_until_ms = None;
        } else if was_banned || record.failures >= self.policy.failures {
            record.banned_until_ms = Some(now_ms + self.policy.ban_ms);
        }
        let newly_banned = record.banned_until_ms.is_some() && !was_banned;
        self.forget_oldest();
        self.by_age.insert((now_ms, source));
        self.sources.insert(source, record);
        newly_banned
    }

    /// Whether requests of this source get no answer.
    pub fn is_banned(&self, source: IpAddr, has_registration: bool, now_ms: u64) -> bool {
        let record = self.sources.get(&customer(source));
        !has_registration && record.and_then(|record| record.banned_until_ms).is_some_and(|until_ms| now_ms < until_ms)
    }

    /// Forgets a source: it authenticated, or the administrator lifted the ban.
    pub fn forgive(&mut self, source: IpAddr) {
        let source = customer(source);
        if let Some(record) = self.sources.remove(&source) {
            self.by_age.remove(&(record.last_at_ms, source));
        }
    }

    /// Sources banned now, with the end of each ban.
    pub fn banned(&self, now_ms: u64) -> impl Iterator<Item = (IpAddr, u64)> {
        let until = |(source, record): (&IpAddr, &Record)| record.banned_until_ms.map(|until_ms| (*source, until_ms));
        self.sources.iter().filter_map(until).filter(move |(_, until_ms)| now_ms < *until_ms)
    }

    fn forget_oldest(&mut self) {
        while self.sources.len() >= self.policy.sources_max
            && let Some((_, source)) = self.by_age.pop_first()
        {
            self.sources.remove(&source);
        }
    }
}

/// The address by which a source is counted.
fn customer(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V4(ip) => IpAddr::V4(ip),
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & IPV6_PREFIX_MASK)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn fail(bans: &mut Bans, source: &str, times: u32, now_ms: u64) -> bool {
        (0..times).map(|_| bans.count_failure(ip(source), false, now_ms)).fold(false, |_, banned| banned)
    }

    #[test]
    fn the_twentieth_failure_bans_for_a_time() {
        let mut bans = Bans::new(BanPolicy::default());
        assert!(!fail(&mut bans, "10.0.0.1", 19, 0));
        assert!(!bans.is_banned(ip("10.0.0.1"), false, 0));
        assert!(fail(&mut bans, "10.0.0.1", 1, 5));
        assert!(bans.is_banned(ip("10.0.0.1"), false, 5 + 599_999));
        assert!(bans.is_banned(ip("::ffff:10.0.0.1"), false, 6), "the same address");
        assert!(!bans.is_banned(ip("10.0.0.2"), false, 5));
        assert!(!bans.is_banned(ip("10.0.0.1"), false, 5 + 600_000));
        assert_eq!(bans.banned(6).collect::<Vec<_>>(), [(ip("10.0.0.1"), 600_005)]);
    }

    #[test]
    fn slow_failures_do_not_ban() {
        let mut bans = Bans::new(BanPolicy::default());
        for n in 0..100 {
            assert!(!bans.count_failure(ip("10.0.0.1"), false, n * 60_000));
        }
    }

    #[test]
    fn an_address_with_a_registration_is_never_banned() {
        let mut bans = Bans::new(BanPolicy::default());
        for _ in 0..100 {
            assert!(!bans.count_failure(ip("10.0.0.1"), true, 0));
        }
        assert!(fail(&mut bans, "10.0.0.2", 20, 0));
        assert!(!bans.is_banned(ip("10.0.0.2"), true, 1), "it registered meanwhile");
    }

    #[test]
    fn one_customer_has_one_ipv6_prefix() {
        let mut bans = Bans::new(BanPolicy::default());
        for n in 0..20 {
            fail(&mut bans, &format!("2001:db8:0:1::{n:x}"), 1, 0);
        }
        assert!(bans.is_banned(ip("2001:db8:0:1:ffff::1"), false, 1));
        assert!(!bans.is_banned(ip("2001:db8:0:2::1"), false, 1));
    }

    #[test]
    fn forgiveness_starts_anew() {
        let mut bans = Bans::new(BanPolicy::default());
        fail(&mut bans, "10.0.0.1", 20, 0);
        bans.forgive(ip("10.0.0.1"));
        assert!(!bans.is_banned(ip("10.0.0.1"), false, 1));
        assert!(!fail(&mut bans, "10.0.0.1", 19, 2));
    }

    #[test]
    fn the_table_is_bounded_and_forgets_the_oldest() {
        let mut bans = Bans::new(BanPolicy { sources_max: 100, ..BanPolicy::default() });
        fail(&mut bans, "10.9.9.9", 20, 0);
        for n in 0..1_000_u32 {
            bans.count_failure(IpAddr::from(n.to_be_bytes()), false, 1 + u64::from(n));
            fail(&mut bans, "10.9.9.9", 1, 1 + u64::from(n));
            assert!(bans.sources.len() <= 100 && bans.by_age.len() == bans.sources.len());
        }
        assert!(bans.is_banned(ip("10.9.9.9"), false, 2_000), "one that goes on is not forgotten");
    }
}
