//! Third-party call control without transcoding (after RFC 3725 4.4): leg 1 is offered the relay's codecs, leg 2 what leg 1
//! answered; when leg 2 answers less, leg 1 gets a re-INVITE with that.

use super::{Audio, Codec, Direction, OurOrigin, Session, offer, payload_map};
use std::net::SocketAddr;

/// What leg 2's answer means for leg 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondLegAnswer {
    /// Both legs can speak as they are; these payload types are rewritten on packets from leg 1 and from leg 2.
    Agrees {
        /// For packets that leg 1 sends.
        from_first: Vec<(u8, u8)>,
        /// For packets that leg 2 sends.
        from_second: Vec<(u8, u8)>,
    },
    /// Leg 1 may send what leg 2 does not understand: re-INVITE leg 1 with these codecs (by [`offer`]).
    Narrower {
        /// Leg 1's codecs that leg 2 took, with leg 1's numbers.
        codecs: Vec<Codec>,
    },
    /// Leg 2 took nothing of it: the call cannot be heard.
    NothingInCommon,
}

/// The offer for leg 2: exactly what leg 1 answered, from leg 2's relay port.
pub fn offer_for_second_leg(first_answer: &Audio, local: SocketAddr, origin: &mut OurOrigin) -> Session {
    offer(&first_answer.codecs, local, Direction::SendRecv, origin)
}

/// Compares leg 2's answer with what leg 1 answered to `told_first`, the codecs of our offer. Telephone events that only
/// leg 1 knows do not count as narrower: its presses are still decoded by the relay.
pub fn judge_second_answer(told_first: &[Codec], first_answer: &Audio, second_answer: &Audio) -> SecondLegAnswer {
    let taken = |codec: &Codec| second_answer.codecs.iter().any(|other| other.same_encoding(codec));
    let codecs: Vec<Codec> = first_answer.codecs.iter().filter(|codec| taken(codec)).cloned().collect();
    if !codecs.iter().any(Codec::is_sound) {
        return SecondLegAnswer::NothingInCommon;
    }
    if first_answer.codecs.iter().any(|codec| codec.is_sound() && !taken(codec)) {
        return SecondLegAnswer::Narrower { codecs };
    }
    SecondLegAnswer::Agrees {
        from_first: payload_map(told_first, &first_answer.codecs, &second_answer.codecs),
        // Leg 2 was told leg 1's own numbers.
        from_second: payload_map(&first_answer.codecs, &second_answer.codecs, &first_answer.codecs),
    }
}

#[cfg(test)]
mod tests {
    use super::super::relay_codecs;
    use super::super::tests::sdp;
    use super::*;

    fn audio(formats: &str, events: u8) -> Audio {
        let text = format!(
            "v=0\nc=IN IP4 10.0.0.1\nm=audio 4000 RTP/AVP {formats} {events}\na=rtpmap:{events} telephone-event/8000"
        );
        Audio::of(&sdp(&text)).unwrap()
    }

    #[test]
    fn leg_2_is_offered_what_leg_1_answered() {
        let local = "192.0.2.1:10002".parse().unwrap();
        let offer = offer_for_second_leg(&audio("8 0", 101), local, &mut OurOrigin::new(1));
        assert_eq!(offer.media[0].formats, ["8", "0", "101"]);
        assert_eq!(Audio::of(&offer).unwrap().rtp, Some(local));
    }

    #[test]
    fn equal_answers_need_nothing() {
        let judged = judge_second_answer(&relay_codecs(), &audio("8 0", 101), &audio("0 8", 101));
        assert_eq!(judged, SecondLegAnswer::Agrees { from_first: vec![], from_second: vec![] });
    }

    #[test]
    fn telephone_events_are_renumbered() {
        let judged = judge_second_answer(&relay_codecs(), &audio("8", 101), &audio("8", 97));
        assert_eq!(judged, SecondLegAnswer::Agrees { from_first: vec![(101, 97)], from_second: vec![(97, 101)] });
    }

    #[test]
    fn a_narrower_answer_names_what_leg_1_is_offered_again() {
        let judged = judge_second_answer(&relay_codecs(), &audio("9 8 0", 101), &audio("8", 97));
        let SecondLegAnswer::Narrower { codecs } = judged else { panic!("{judged:?}") };
        assert_eq!(codecs.iter().map(|codec| codec.payload_type).collect::<Vec<_>>(), [8, 101]);
        let agreed = judge_second_answer(&codecs, &audio("8", 101), &audio("8", 97));
        assert_eq!(agreed, SecondLegAnswer::Agrees { from_first: vec![(101, 97)], from_second: vec![(97, 101)] });
    }

    #[test]
    fn nothing_in_common_is_said() {
        let judged = judge_second_answer(&relay_codecs(), &audio("9", 101), &audio("18", 101));
        assert_eq!(judged, SecondLegAnswer::NothingInCommon);
    }
}
