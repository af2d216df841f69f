//! The patch board: which port is joined to which, what may pass, what happened. The whole behaviour of the relay
//! without sockets, threads or clocks; time is an argument in milliseconds. What one port makes of a packet stands in
//! `board/port.rs`.
//!
//! **No packet leaves a port for any other than the one port it is bridged to**, and an id of a released port names
//! nothing for ever, because each slot carries the generation it was handed out with.

mod port;

use crate::event::{Component, Event, PortId, Stats, UnknownPort};
use crate::rtp;
use port::{Admission, Port};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// Events that wait for the owner; beyond it the oldest are dropped and counted.
pub(crate) const EVENTS_MAX: usize = 16_384;
/// Payload types an RTP header can name.
const PAYLOAD_TYPES: usize = 128;

/// All ports and the events not yet fetched.
#[derive(Debug)]
pub(crate) struct Board {
    slots: Vec<Slot>,
    vacant: Vec<u32>,
    events: VecDeque<Event>,
    events_dropped: u64,
    /// Events came since the owner was last woken.
    unannounced: bool,
    ports_in_use: usize,
    learning_window_ms: u64,
    silence_limit_ms: u64,
}

/// Where a packet goes on: out of `from`'s socket of that component to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// The port whose socket sends.
    pub from: PortId,
    /// Whether its RTP or its RTCP socket sends.
    pub component: Component,
    /// The peer's address.
    pub to: SocketAddr,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    port: Option<Port>,
}

impl Board {
    pub(crate) fn new(learning_window_ms: u64, silence_limit_ms: u64) -> Board {
        Board {
            slots: Vec::new(),
            vacant: Vec::new(),
            events: VecDeque::new(),
            events_dropped: 0,
            unannounced: false,
            ports_in_use: 0,
            learning_window_ms,
            silence_limit_ms,
        }
    }

    /// Judges one datagram that came to a port; gives where it goes on, with its payload type rewritten in place.
    pub(crate) fn handle_datagram(
        &mut self,
        id: PortId,
        component: Component,
        source: SocketAddr,
        packet: &mut [u8],
        now_ms: u64,
    ) -> Option<Delivery> {
        let window_ms = self.learning_window_ms;
        let port = self.port_mut(id)?;
        // RTCP on the RTP port is what a peer sends that multiplexes anyhow (RFC 5761).
        let kind = if rtp::is_rtcp(packet) { Component::Rtcp } else { component };
        let passes = match kind {
            Component::Rtp => port.admit_rtp(id, source, packet, now_ms, window_ms),
            Component::Rtcp => port.admit_rtcp(component, source, packet, now_ms, window_ms),
        };
        let Admission { accepted, forward, events } = passes;
        let partner = port.partner;
        for event in events.into_iter().flatten() {
            self.push_event(event);
        }
        if !accepted || !forward {
            return None;
        }
        let delivery = partner.and_then(|partner| self.delivery_to(partner, kind, packet.len()));
        if delivery.is_none()
            && let Some(port) = self.port_mut(id)
        {
            port.stats.dropped_unrouted += 1;
        }
        delivery
    }

    /// Notices silent peers and presses whose end was lost.
    pub(crate) fn handle_timeout(&mut self, now_ms: u64) {
        let limit_ms = self.silence_limit_ms;
        let mut found = Vec::new();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let id = PortId::new(index as u32, slot.generation);
            let Some(port) = &mut slot.port else { continue };
            if port.silent_from_ms.is_some_and(|from_ms| now_ms.saturating_sub(from_ms) >= limit_ms) {
                port.silent_from_ms = None;
                found.push(Event::Silent { port: id });
            }
            if let Some(press) = port.digits.flush(now_ms) {
                found.push(port.digit_event(id, press));
            }
        }
        for event in found {
            self.push_event(event);
        }
    }

    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Whether events came since the last question.
    pub(crate) fn take_announcement(&mut self) -> bool {
        std::mem::take(&mut self.unannounced)
    }

    pub(crate) fn events_dropped(&self) -> u64 {
        self.events_dropped
    }

    pub(crate) fn ports_in_use(&self) -> usize {
        self.ports_in_use
    }

    pub(crate) fn insert(&mut self) -> PortId {
        self.ports_in_use += 1;
        if let Some(index) = self.vacant.pop()
            && let Some(slot) = self.slots.get_mut(index as usize)
        {
            slot.port = Some(Port::new());
            return PortId::new(index, slot.generation);
        }
        self.slots.push(Slot { generation: 1, port: Some(Port::new()) });
        PortId::new((self.slots.len() - 1) as u32, 1)
    }

    pub(crate) fn remove(&mut self, id: PortId, now_ms: u64) -> Result<Stats, UnknownPort> {
        self.unbridge(id)?;
        let stats = self.stats(id, now_ms)?;
        let slot = self.slots.get_mut(id.index()).ok_or(UnknownPort)?;
        slot.port = None;
        slot.generation = slot.generation.wrapping_add(1);
        self.vacant.push(id.index() as u32);
        self.ports_in_use -= 1;
        Ok(stats)
    }

    pub(crate) fn set_remote(
        &mut self,
        id: PortId,
        rtp: SocketAddr,
        rtcp: Option<SocketAddr>,
        now_ms: u64,
    ) -> Result<(), UnknownPort> {
        let port = self.known(id)?;
        // Without a=rtcp the next port number is meant (RFC 3550 11).
        let rtcp = rtcp.unwrap_or_else(|| SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1)));
        let repeated = port.signalled.replace((rtp, rtcp)) == Some((rtp, rtcp));
        port.rtp.set_remote(rtp, repeated);
        port.rtcp.set_remote(rtcp, repeated);
        port.silent_from_ms = Some(now_ms);
        Ok(())
    }

    pub(crate) fn expect_source(&mut self, id: PortId, ip: Option<IpAddr>) -> Result<(), UnknownPort> {
        let port = self.known(id)?;
        port.rtp.expect_ip(ip);
        port.rtcp.expect_ip(ip);
        Ok(())
    }

    pub(crate) fn bridge(&mut self, a: PortId, b: PortId) -> Result<(), UnknownPort> {
        self.known(a)?;
        self.known(b)?;
        self.unbridge(a)?;
        self.unbridge(b)?;
        self.known(a)?.partner = Some(b);
        self.known(b)?.partner = Some(a);
        Ok(())
    }

    pub(crate) fn unbridge(&mut self, id: PortId) -> Result<(), UnknownPort> {
        let partner = self.known(id)?.partner.take();
        if let Some(port) = partner.and_then(|partner| self.port_mut(partner)) {
            port.partner = None;
        }
        Ok(())
    }

    pub(crate) fn partner(&self, id: PortId) -> Option<PortId> {
        self.port(id)?.partner
    }

    pub(crate) fn map_payload(&mut self, id: PortId, from: u8, to: u8) -> Result<(), UnknownPort> {
        let port = self.known(id)?;
        let map = port.payload_map.get_or_insert_with(|| Box::new(std::array::from_fn(|number| number as u8)));
        if let Some(entry) = map.get_mut(usize::from(from)) {
            *entry = to;
        }
        Ok(())
    }

    pub(crate) fn clear_payload_map(&mut self, id: PortId) -> Result<(), UnknownPort> {
        self.known(id)?.payload_map = None;
        Ok(())
    }

    pub(crate) fn set_telephone_event(&mut self, id: PortId, payload_type: Option<u8>) -> Result<(), UnknownPort> {
        self.known(id)?.telephone_event = payload_type;
        Ok(())
    }

    pub(crate) fn set_clock(&mut self, id: PortId, clock_hz: u32) -> Result<(), UnknownPort> {
        self.known(id)?.clock_hz = clock_hz.max(1);
        Ok(())
    }

    pub(crate) fn mute(&mut self, id: PortId, muted: bool) -> Result<(), UnknownPort> {
        self.known(id)?.muted = muted;
        Ok(())
    }

    pub(crate) fn stats(&self, id: PortId, now_ms: u64) -> Result<Stats, UnknownPort> {
        let port = self.port(id).ok_or(UnknownPort)?;
        let partner = port.partner.and_then(|partner| self.port(partner));
        Ok(Stats {
            lost: port.reception.lost(),
            jitter_ms: port.reception.jitter_ms(port.clock_hz),
            rtp_remote: port.rtp.remote(),
            rtcp_remote: port.rtcp.remote(),
            ssrc_in: port.reception.ssrc(),
            ssrc_out: partner.and_then(|partner| partner.reception.ssrc()),
            rtp_age_ms: port.last_rtp_at_ms.map(|at_ms| now_ms.saturating_sub(at_ms)),
            rtcp_age_ms: port.last_rtcp_at_ms.map(|at_ms| now_ms.saturating_sub(at_ms)),
            ..port.stats.clone()
        })
    }

    pub(crate) fn count_oversized(&mut self, id: PortId) {
        if let Some(port) = self.port_mut(id) {
            port.stats.dropped_malformed += 1;
        }
    }

    pub(crate) fn count_send_failure(&mut self, id: PortId) {
        if let Some(port) = self.port_mut(id) {
            port.stats.send_failed += 1;
        }
    }

    fn delivery_to(&mut self, partner: PortId, component: Component, len: usize) -> Option<Delivery> {
        let port = self.port_mut(partner)?;
        let to = match component {
            Component::Rtp => port.rtp.remote(),
            Component::Rtcp => port.rtcp.remote(),
        }?;
        // Port 0 and 0.0.0.0 are how an SDP says that it wants nothing (RFC 3264 5.1, 8.4).
        if to.port() == 0 || to.ip().is_unspecified() {
            return None;
        }
        match component {
            Component::Rtp => {
                port.stats.rtp_packets_out += 1;
                port.stats.rtp_bytes_out += len as u64;
            }
            Component::Rtcp => port.stats.rtcp_packets_out += 1,
        }
        Some(Delivery { from: partner, component, to })
    }

    fn push_event(&mut self, event: Event) {
        if self.events.len() >= EVENTS_MAX {
            self.events.pop_front();
            self.events_dropped += 1;
        }
        self.events.push_back(event);
        self.unannounced = true;
    }

    fn known(&mut self, id: PortId) -> Result<&mut Port, UnknownPort> {
        self.port_mut(id).ok_or(UnknownPort)
    }

    fn port(&self, id: PortId) -> Option<&Port> {
        let slot = self.slots.get(id.index())?;
        if slot.generation == id.generation() { slot.port.as_ref() } else { None }
    }

    fn port_mut(&mut self, id: PortId) -> Option<&mut Port> {
        let slot = self.slots.get_mut(id.index())?;
        if slot.generation == id.generation() { slot.port.as_mut() } else { None }
    }
}

#[cfg(test)]
mod tests;
