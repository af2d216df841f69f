//! The words shared by all of the relay: port ids, events, counters, errors.

use std::net::SocketAddr;

/// Names one allocated port pair. Ids of released ports are never valid again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortId(u64);

impl PortId {
    pub(crate) fn new(index: u32, generation: u32) -> PortId {
        PortId(u64::from(generation) << 32 | u64::from(index))
    }

    pub(crate) fn index(self) -> usize {
        (self.0 & u64::from(u32::MAX)) as usize
    }

    pub(crate) fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// One of the two flows of a port pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// The even port: sound and telephone events.
    Rtp,
    /// The odd port: reports.
    Rtcp,
}

/// An allocated pair of UDP ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// Its name in every other call.
    pub id: PortId,
    /// The address to write into SDP; RTCP is the same address with the next port number.
    pub rtp: SocketAddr,
}

/// What the relay tells its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The peer's first RTP packet was accepted.
    FirstPacket {
        /// The port it came to.
        port: PortId,
    },
    /// Neither RTP nor RTCP came for the silence limit. Told once, and again only after a new packet or a new remote.
    Silent {
        /// The port without packets.
        port: PortId,
    },
    /// The peer pressed a key (RFC 4733). Told once per press, at its end.
    Digit {
        /// The port whose peer pressed.
        port: PortId,
        /// `0` to `9`, `*`, `#`, `A` to `D`.
        digit: char,
        /// How long the key was held.
        duration_ms: u64,
    },
}

/// Counters of one port. *In* is what the peer sent us, *out* what we sent to the peer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Stats {
    /// Accepted RTP packets from the peer.
    pub rtp_packets_in: u64,
    /// Their octets, RTP header included.
    pub rtp_bytes_in: u64,
    /// RTP packets sent to the peer.
    pub rtp_packets_out: u64,
    /// Their octets, RTP header included.
    pub rtp_bytes_out: u64,
    /// Accepted RTCP packets from the peer.
    pub rtcp_packets_in: u64,
    /// RTCP packets sent to the peer.
    pub rtcp_packets_out: u64,
    /// Packets from sources that are not the peer.
    pub dropped_foreign: u64,
    /// Datagrams that are neither RTP nor RTCP, or larger than any we relay.
    pub dropped_malformed: u64,
    /// Accepted packets that had nowhere to go.
    pub dropped_unrouted: u64,
    /// Packets for the peer that the system did not take.
    pub send_failed: u64,
    /// RTP packets that the peer sent and we never saw, by sequence numbers (RFC 3550 A.3).
    pub lost: u64,
    /// Interarrival jitter (RFC 3550 A.8); the relay's tick limits its resolution.
    pub jitter_ms: f64,
    /// Where RTP for the peer goes.
    pub rtp_remote: Option<SocketAddr>,
    /// Where RTCP for the peer goes.
    pub rtcp_remote: Option<SocketAddr>,
    /// The synchronisation source the peer sends with.
    pub ssrc_in: Option<u32>,
    /// The synchronisation source the peer hears.
    pub ssrc_out: Option<u32>,
    /// Time since the last RTP packet from the peer.
    pub rtp_age_ms: Option<u64>,
    /// Time since the last RTCP packet from the peer.
    pub rtcp_age_ms: Option<u64>,
}

/// The port was released, or never existed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such media port")]
pub struct UnknownPort;

/// Why no port pair could be had.
#[derive(Debug, thiserror::Error)]
pub enum AllocateError {
    /// All pairs of the range are in use, at rest after a call, or held by other programs.
    #[error("every media port of the range is taken")]
    PortsExhausted,
    /// The process may open no more files.
    #[error("the open-file limit is reached")]
    OpenFiles,
    /// The address is not one of ours, or the system refused the socket.
    #[error("media socket: {0}")]
    Socket(#[source] std::io::Error),
}
