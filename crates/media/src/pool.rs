//! Which port pairs are free: even numbers of a range, handed out in turn, each left alone for a while after use.
//!
//! The rest keeps a late packet of one call out of the next call. The pool opens no sockets.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

/// Free and resting RTP ports; the RTCP port is always the next number.
#[derive(Debug)]
pub(crate) struct PortPool {
    free: VecDeque<u16>,
    /// In order of the time at which they may be used again.
    resting: VecDeque<(u64, u16)>,
    rest_ms: u64,
}

impl PortPool {
    /// All even ports of the range whose odd neighbour lies in it too.
    pub(crate) fn new(range: &RangeInclusive<u16>, rest_ms: u64) -> PortPool {
        let free = range.clone().filter(|port| port % 2 == 0 && port < range.end()).collect();
        PortPool { free, resting: VecDeque::new(), rest_ms }
    }

    /// The port that was free the longest.
    pub(crate) fn take(&mut self, now_ms: u64) -> Option<u16> {
        while let Some(&(until_ms, port)) = self.resting.front()
            && until_ms <= now_ms
        {
            self.resting.pop_front();
            self.free.push_back(port);
        }
        self.free.pop_front()
    }

    /// Puts a port to rest: after a call, or because another program holds it.
    pub(crate) fn rest(&mut self, port: u16, now_ms: u64) {
        self.resting.push_back((now_ms + self.rest_ms, port));
    }

    /// Gives back a port that was never opened.
    pub(crate) fn untake(&mut self, port: u16) {
        self.free.push_front(port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_even_ports_that_have_a_neighbour() {
        let mut pool = PortPool::new(&(10_001..=10_006), 5_000);
        assert_eq!([pool.take(0), pool.take(0), pool.take(0)], [Some(10_002), Some(10_004), None]);
    }

    #[test]
    fn a_used_port_rests() {
        let mut pool = PortPool::new(&(10_000..=10_003), 5_000);
        assert_eq!(pool.take(0), Some(10_000));
        pool.rest(10_000, 100);
        assert_eq!(pool.take(200), Some(10_002), "the other one first");
        assert_eq!(pool.take(5_099), None);
        assert_eq!(pool.take(5_100), Some(10_000));
    }

    #[test]
    fn a_range_without_a_pair_is_empty() {
        assert_eq!(PortPool::new(&(10_000..=10_000), 0).take(0), None);
        assert_eq!(PortPool::new(&(65_535..=65_535), 0).take(0), None);
    }
}
