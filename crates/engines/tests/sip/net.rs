//! The network of a test: seeded delay, loss, doubling and disorder of datagrams; streams keep order and lose nothing.

use bytes::Bytes;
use sip::transport::{Flow, Transport};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// A small seeded generator (SplitMix64).
pub struct Rng(pub u64);

impl Rng {
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.draw() % bound
    }

    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// What is on its way.
pub struct Packet {
    pub transport: Transport,
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub connection: u64,
    pub bytes: Bytes,
}

/// How bad the network is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// Every packet takes so long, in milliseconds.
    pub delay_ms: u64,
    /// And up to so much more, which puts datagrams out of order.
    pub jitter_ms: u64,
    /// Of a hundred datagrams so many get lost.
    pub loss: u64,
    /// Of a hundred datagrams so many come twice.
    pub double: u64,
}

pub struct Net {
    pub rng: Rng,
    pub weather: Weather,
    queue: BTreeMap<(u64, u64), Packet>,
    sent: u64,
}

impl Net {
    pub fn new(seed: u64) -> Net {
        Net { rng: Rng(seed), weather: Weather::default(), queue: BTreeMap::new(), sent: 0 }
    }

    pub fn send(&mut self, now: u64, flow: &Flow, from: SocketAddr, bytes: &Bytes) {
        let copies = match flow.transport {
            Transport::Udp if self.rng.percent(self.weather.loss) => 0,
            Transport::Udp if self.rng.percent(self.weather.double) => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let jitter = match flow.transport {
                Transport::Udp if self.weather.jitter_ms > 0 => self.rng.below(self.weather.jitter_ms),
                _ => 0,
            };
            self.sent += 1;
            let packet = Packet {
                transport: flow.transport,
                from,
                to: flow.remote,
                connection: flow.connection,
                bytes: bytes.clone(),
            };
            self.queue.insert((now + self.weather.delay_ms + jitter, self.sent), packet);
        }
    }

    pub fn next(&self) -> Option<u64> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    pub fn take(&mut self, now: u64) -> Option<Packet> {
        let entry = self.queue.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }
}
