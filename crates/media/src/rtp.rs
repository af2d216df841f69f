//! The few header fields of RTP and RTCP that a relay looks at (RFC 3550 5.1 and 6.4, RFC 5761 4).
//!
//! It does not decode payloads, extensions or report blocks.

/// The octets before CSRC list and payload.
pub(crate) const RTP_HEADER_LEN: usize = 12;
const RTCP_HEADER_LEN: usize = 8;
const VERSION_BITS: u8 = 0b1000_0000;
const PAYLOAD_TYPE_MASK: u8 = 0x7f;
const MARKER_MASK: u8 = 0x80;

/// The fixed header of an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RtpHeader {
    pub(crate) payload_type: u8,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
    /// Where the payload starts, after CSRCs and extension.
    payload_at: usize,
    payload_end: usize,
}

impl RtpHeader {
    /// Reads the header; `None` for what is no RTP version 2 packet.
    pub(crate) fn read(packet: &[u8]) -> Option<RtpHeader> {
        let (head, _) = packet.split_first_chunk::<RTP_HEADER_LEN>()?;
        if head[0] & 0b1100_0000 != VERSION_BITS {
            return None;
        }
        let mut payload_at = RTP_HEADER_LEN + 4 * usize::from(head[0] & 0x0f);
        if head[0] & 0b0001_0000 != 0 {
            let words = packet.get(payload_at + 2..payload_at + 4)?;
            payload_at += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
        }
        let padding = if head[0] & 0b0010_0000 != 0 { usize::from(*packet.last()?) } else { 0 };
        let payload_end = packet.len().checked_sub(padding)?;
        if payload_at > payload_end {
            return None;
        }
        Some(RtpHeader {
            payload_type: head[1] & PAYLOAD_TYPE_MASK,
            sequence: u16::from_be_bytes([head[2], head[3]]),
            timestamp: u32::from_be_bytes([head[4], head[5], head[6], head[7]]),
            ssrc: u32::from_be_bytes([head[8], head[9], head[10], head[11]]),
            payload_at,
            payload_end,
        })
    }

    /// The payload without padding.
    pub(crate) fn payload<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        packet.get(self.payload_at..self.payload_end).unwrap_or_default()
    }
}

/// Writes another payload type and keeps the marker bit.
pub(crate) fn set_payload_type(packet: &mut [u8], payload_type: u8) {
    if let Some(octet) = packet.get_mut(1) {
        *octet = (*octet & MARKER_MASK) | (payload_type & PAYLOAD_TYPE_MASK);
    }
}

/// Whether the datagram is RTCP: version 2 and a packet type from 192 to 223, which no RTP packet may show (RFC 5761 4).
pub(crate) fn is_rtcp(packet: &[u8]) -> bool {
    packet.len() >= RTCP_HEADER_LEN && packet[0] & 0b1100_0000 == VERSION_BITS && (192..=223).contains(&packet[1])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An RTP packet for tests.
    pub(crate) fn packet(payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![VERSION_BITS, payload_type];
        bytes.extend(sequence.to_be_bytes());
        bytes.extend(timestamp.to_be_bytes());
        bytes.extend(ssrc.to_be_bytes());
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn reads_the_fixed_header() {
        let bytes = packet(0x80 | 8, 513, 160, 0xdead_beef, b"sound");
        let header = RtpHeader::read(&bytes).unwrap();
        assert_eq!((header.payload_type, header.sequence, header.timestamp, header.ssrc), (8, 513, 160, 0xdead_beef));
        assert_eq!(header.payload(&bytes), b"sound");
    }

    #[test]
    fn skips_csrcs_and_extension_and_padding() {
        let mut bytes = packet(0, 1, 2, 3, &[]);
        bytes[0] |= 0b0011_0001;
        bytes.extend([9, 9, 9, 9]);
        bytes.extend([0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
        bytes.extend(b"xy\x00\x02");
        let header = RtpHeader::read(&bytes).unwrap();
        assert_eq!(header.payload(&bytes), b"xy");
    }

    #[test]
    fn refuses_what_is_no_rtp() {
        assert_eq!(RtpHeader::read(b""), None);
        assert_eq!(RtpHeader::read(&[0x80; 11]), None);
        assert_eq!(RtpHeader::read(&[0x00; 20]), None, "STUN begins with two zero bits");
        assert_eq!(RtpHeader::read(&[0x8f; 12]), None, "15 CSRCs do not fit");
        assert_eq!(RtpHeader::read(&[0x90; 15]), None, "the extension is cut off");
        let mut padded = packet(0, 1, 2, 3, &[200]);
        padded[0] |= 0b0010_0000;
        assert_eq!(RtpHeader::read(&padded), None, "more padding than packet");
    }

    #[test]
    fn a_new_payload_type_keeps_the_marker() {
        let mut bytes = packet(0x80 | 96, 1, 2, 3, &[]);
        set_payload_type(&mut bytes, 101);
        assert_eq!(bytes[1], 0x80 | 101);
    }

    #[test]
    fn tells_rtcp_from_rtp() {
        assert!(is_rtcp(&[0x80, 200, 0, 1, 0, 0, 0, 1]));
        assert!(is_rtcp(&[0x81, 201, 0, 1, 0, 0, 0, 1]));
        assert!(!is_rtcp(&packet(0, 1, 2, 3, &[])));
        assert!(!is_rtcp(&[0x80, 200, 0]));
        assert!(!is_rtcp(&[0x00; 20]));
    }
}
