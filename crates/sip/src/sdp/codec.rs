//! Codecs as session descriptions name them: payload type, `a=rtpmap`, `a=fmtp` (RFC 8866 6.6, RFC 3551 6).

use super::{Media, attributes};

/// What the relay itself offers, where no peer's list is at hand; see [`relay_codecs`].
pub const RELAY_CODECS: [(u8, &str, u32, u8, Option<&str>); 6] = [
    (8, "PCMA", 8_000, 1, None),
    (0, "PCMU", 8_000, 1, None),
    (9, "G722", 8_000, 1, None),
    (18, "G729", 8_000, 1, Some("annexb=no")),
    (96, "opus", 48_000, 2, Some("useinbandfec=1")),
    (101, "telephone-event", 8_000, 1, Some("0-16")),
];

/// Payload types that need no `a=rtpmap` (RFC 3551 6, table 4).
const STATIC_TYPES: [(u8, &str, u32); 9] = [
    (0, "PCMU", 8_000),
    (3, "GSM", 8_000),
    (4, "G723", 8_000),
    (7, "LPC", 8_000),
    (8, "PCMA", 8_000),
    (9, "G722", 8_000),
    (13, "CN", 8_000),
    (15, "G728", 8_000),
    (18, "G729", 8_000),
];
const TELEPHONE_EVENT: &str = "telephone-event";
const COMFORT_NOISE: &str = "CN";

/// One entry of an audio stream's format list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codec {
    /// The RTP payload type that stands for it in this description.
    pub payload_type: u8,
    /// The encoding name as written; names are compared without case.
    pub name: String,
    /// The RTP clock rate.
    pub clock_hz: u32,
    /// Channels; 1 unless the rtpmap says more.
    pub channels: u8,
    /// The format parameters, as written.
    pub parameters: Option<String>,
}

impl Codec {
    /// Whether both mean the same encoding. Numbers and parameters may differ.
    pub fn same_encoding(&self, other: &Codec) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
            && self.clock_hz == other.clock_hz
            && self.channels == other.channels
    }

    /// Whether it carries sound, rather than key presses or silence.
    pub fn is_sound(&self) -> bool {
        !self.is_telephone_event() && !self.name.eq_ignore_ascii_case(COMFORT_NOISE)
    }

    /// Whether it carries key presses (RFC 4733).
    pub fn is_telephone_event(&self) -> bool {
        self.name.eq_ignore_ascii_case(TELEPHONE_EVENT)
    }

    /// The codecs of a stream in order of preference. Numbers without a known meaning are left out.
    pub(crate) fn list(media: &Media) -> Vec<Codec> {
        media.formats.iter().filter_map(|format| Codec::find(media, format.parse().ok()?)).collect()
    }

    fn find(media: &Media, payload_type: u8) -> Option<Codec> {
        let parameters = attributes(&media.lines, "fmtp").find_map(|value| value_for(value, payload_type));
        let mapped = attributes(&media.lines, "rtpmap").find_map(|value| value_for(value, payload_type));
        let (name, clock_hz, channels) = match mapped {
            Some(map) => parse_rtpmap(map)?,
            None => {
                let (_, name, clock_hz) = STATIC_TYPES.iter().find(|(number, _, _)| *number == payload_type)?;
                ((*name).to_owned(), *clock_hz, 1)
            }
        };
        Some(Codec { payload_type, name, clock_hz, channels, parameters: parameters.map(str::to_owned) })
    }

    pub(crate) fn rtpmap(&self) -> String {
        let Codec { payload_type, name, clock_hz, channels, .. } = self;
        let suffix = if *channels > 1 { format!("/{channels}") } else { String::new() };
        format!("rtpmap:{payload_type} {name}/{clock_hz}{suffix}")
    }

    pub(crate) fn fmtp(&self) -> Option<String> {
        self.parameters.as_ref().map(|parameters| format!("fmtp:{} {parameters}", self.payload_type))
    }
}

/// What the relay offers to a peer that was offered nothing by another.
pub fn relay_codecs() -> Vec<Codec> {
    let row = |&(payload_type, name, clock_hz, channels, parameters): &(u8, &str, u32, u8, Option<&str>)| Codec {
        payload_type,
        name: name.to_owned(),
        clock_hz,
        channels,
        parameters: parameters.map(str::to_owned),
    };
    RELAY_CODECS.iter().map(row).collect()
}

/// The offered codecs that are also supported: in the offerer's order, with the offerer's numbers (RFC 3264 6.1).
/// Empty when no sound is in common, even if key presses were.
pub fn common_codecs(offered: &[Codec], supported: &[Codec]) -> Vec<Codec> {
    let known = |codec: &&Codec| supported.iter().any(|ours| ours.same_encoding(codec));
    let common: Vec<Codec> = offered.iter().filter(known).cloned().collect();
    if common.iter().any(Codec::is_sound) { common } else { Vec::new() }
}

/// The payload type of telephone events at this clock rate, else at any.
pub fn telephone_event(codecs: &[Codec], clock_hz: u32) -> Option<u8> {
    let mut events = codecs.iter().filter(|codec| codec.is_telephone_event());
    let at_rate = events.clone().find(|codec| codec.clock_hz == clock_hz);
    at_rate.or_else(|| events.next()).map(|codec| codec.payload_type)
}

/// Which payload types must be rewritten on packets from a peer to one that listens for `wanted`: pairs of number that
/// comes and number that goes, where they differ. `told` is what we wrote to the sender, whose numbers it must use (RFC
/// 3264 5.1); `own` is what the sender wrote, whose numbers some use instead.
pub fn payload_map(told: &[Codec], own: &[Codec], wanted: &[Codec]) -> Vec<(u8, u8)> {
    let is_told = |codec: &&Codec| told.iter().any(|other| other.payload_type == codec.payload_type);
    let counterpart = |from: &Codec| wanted.iter().find(|to| to.same_encoding(from)).map(|to| to.payload_type);
    let senders = told.iter().chain(own.iter().filter(|codec| !is_told(codec)));
    let pairs = senders.filter_map(|from| Some((from.payload_type, counterpart(from)?)));
    pairs.filter(|(from, to)| from != to).collect()
}

/// The rest of `number rest` when the number fits.
fn value_for(value: &str, payload_type: u8) -> Option<&str> {
    let (number, rest) = value.split_once(char::is_whitespace)?;
    if number.parse() == Ok(payload_type) { Some(rest.trim()) } else { None }
}

fn parse_rtpmap(map: &str) -> Option<(String, u32, u8)> {
    let mut parts = map.split_ascii_whitespace().next()?.split('/');
    let name = parts.next()?.to_owned();
    let clock_hz = parts.next()?.parse().ok()?;
    let channels = parts.next().map_or(Some(1), |channels| channels.parse().ok())?;
    Some((name, clock_hz, channels))
}

#[cfg(test)]
mod tests {
    use super::super::tests::sdp;
    use super::*;

    fn codecs(media: &str) -> Vec<Codec> {
        Codec::list(&sdp(&format!("v=0\n{media}")).media[0])
    }

    fn numbers(codecs: &[Codec]) -> Vec<u8> {
        codecs.iter().map(|codec| codec.payload_type).collect()
    }

    const PHONE: &str = "m=audio 4000 RTP/AVP 8 111 99 97 18\na=rtpmap:111 OPUS/48000/2\na=fmtp:111 minptime=10\n\
        a=rtpmap:97 telephone-event/8000\na=fmtp:97 0-15";

    #[test]
    fn reads_static_and_dynamic_types() {
        let found = codecs(PHONE);
        assert_eq!(numbers(&found), [8, 111, 97, 18], "99 has no meaning");
        assert_eq!(found[0].name, "PCMA");
        assert_eq!(
            (found[1].clock_hz, found[1].channels, found[1].parameters.as_deref()),
            (48_000, 2, Some("minptime=10"))
        );
        assert_eq!(found[1].rtpmap(), "rtpmap:111 OPUS/48000/2");
        assert_eq!(found[2].fmtp().as_deref(), Some("fmtp:97 0-15"));
    }

    #[test]
    fn an_answer_is_a_subset_with_the_offerers_numbers_and_order() {
        assert_eq!(numbers(&common_codecs(&codecs(PHONE), &relay_codecs())), [8, 111, 97, 18]);
        let g711 = &relay_codecs()[..2];
        assert_eq!(numbers(&common_codecs(&codecs(PHONE), g711)), [8]);
    }

    #[test]
    fn key_presses_alone_are_no_common_codec() {
        let events_only = codecs("m=audio 4000 RTP/AVP 3 101\na=rtpmap:101 telephone-event/8000");
        assert_eq!(common_codecs(&events_only, &relay_codecs()), []);
    }

    #[test]
    fn finds_telephone_events_at_the_codecs_clock() {
        let both =
            codecs("m=audio 4 RTP/AVP 0 96 97\na=rtpmap:96 telephone-event/48000\na=rtpmap:97 telephone-event/8000");
        assert_eq!((telephone_event(&both, 8_000), telephone_event(&both, 16_000)), (Some(97), Some(96)));
        assert_eq!(telephone_event(&codecs("m=audio 4 RTP/AVP 0"), 8_000), None);
    }

    #[test]
    fn maps_only_numbers_that_differ() {
        let (ours, phone) = (relay_codecs(), codecs(PHONE));
        assert_eq!(payload_map(&ours, &ours, &phone), [(96, 111), (101, 97)]);
        assert_eq!(payload_map(&phone, &phone, &ours), [(111, 96), (97, 101)]);
    }

    #[test]
    fn a_sender_that_uses_its_own_numbers_is_understood() {
        let ours = relay_codecs();
        assert_eq!(payload_map(&ours, &codecs(PHONE), &ours), [(111, 96), (97, 101)]);
    }
}
