//! The board without sockets, with a clock of the test's.

use super::*;
use crate::rtp::tests::packet;

const LIMIT_MS: u64 = 60_000;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// Two bridged ports: the peers are 10.0.0.1:1000 and 10.0.0.2:2000.
fn bridged() -> (Board, PortId, PortId) {
    let mut board = Board::new(200, LIMIT_MS);
    let (a, b) = (board.insert(), board.insert());
    board.set_remote(a, at("10.0.0.1:1000"), None, 0).unwrap();
    board.set_remote(b, at("10.0.0.2:2000"), Some(at("10.0.0.2:2500")), 0).unwrap();
    board.bridge(a, b).unwrap();
    (board, a, b)
}

fn send(board: &mut Board, port: PortId, source: &str, bytes: &mut [u8]) -> Option<Delivery> {
    board.handle_datagram(port, Component::Rtp, at(source), bytes, 0)
}

fn events(board: &mut Board) -> Vec<Event> {
    std::iter::from_fn(|| board.poll_event()).collect()
}

#[test]
fn rtp_and_rtcp_cross_the_bridge_untouched() {
    let (mut board, a, b) = bridged();
    let mut sound = packet(0, 1, 160, 7, b"sound");
    let before = sound.clone();
    let delivery = send(&mut board, a, "10.0.0.1:1000", &mut sound).unwrap();
    assert_eq!(delivery, Delivery { from: b, component: Component::Rtp, to: at("10.0.0.2:2000") });
    assert_eq!(sound, before, "sequence, timestamp and source pass through");
    let mut report = vec![0x80, 201, 0, 1, 0, 0, 0, 7];
    let delivery = board.handle_datagram(a, Component::Rtcp, at("10.0.0.1:1001"), &mut report, 0).unwrap();
    assert_eq!(delivery, Delivery { from: b, component: Component::Rtcp, to: at("10.0.0.2:2500") });
    let (stats_a, stats_b) = (board.stats(a, 5).unwrap(), board.stats(b, 5).unwrap());
    assert_eq!((stats_a.rtp_packets_in, stats_a.rtp_bytes_in, stats_a.rtcp_packets_in), (1, 17, 1));
    assert_eq!((stats_b.rtp_packets_out, stats_b.rtp_bytes_out, stats_b.rtcp_packets_out), (1, 17, 1));
    assert_eq!((stats_a.ssrc_in, stats_b.ssrc_out, stats_a.ssrc_out), (Some(7), Some(7), None));
    assert_eq!((stats_a.rtp_age_ms, stats_b.rtp_age_ms), (Some(5), None));
    assert_eq!(events(&mut board), [Event::FirstPacket { port: a }]);
}

#[test]
fn a_third_source_and_rubbish_are_dropped_and_counted() {
    let (mut board, a, _) = bridged();
    assert!(send(&mut board, a, "10.0.0.1:1000", &mut packet(0, 1, 160, 7, &[])).is_some());
    assert_eq!(send(&mut board, a, "10.6.6.6:1000", &mut packet(0, 2, 320, 7, &[])), None);
    assert_eq!(send(&mut board, a, "10.0.0.1:1000", &mut [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42]), None);
    assert_eq!(send(&mut board, a, "10.6.6.6:1000", &mut [0x80, 203, 0, 1, 0, 0, 0, 7]), None, "a foreign BYE");
    let stats = board.stats(a, 0).unwrap();
    assert_eq!((stats.rtp_packets_in, stats.dropped_foreign, stats.dropped_malformed), (1, 2, 1));
}

#[test]
fn payload_numbers_and_digits() {
    let (mut board, a, _) = bridged();
    board.map_payload(a, 96, 101).unwrap();
    board.set_telephone_event(a, Some(96)).unwrap();
    for sequence in 1..4 {
        let mut press = packet(96, sequence, 160, 7, &[9, 0x8a, 0x03, 0x20]);
        send(&mut board, a, "10.0.0.1:1000", &mut press).unwrap();
        assert_eq!(press[1], 101);
    }
    let mut sound = packet(8, 4, 960, 7, &[]);
    send(&mut board, a, "10.0.0.1:1000", &mut sound).unwrap();
    assert_eq!(sound[1], 8);
    let digit = Event::Digit { port: a, digit: '9', duration_ms: 100 };
    assert_eq!(events(&mut board), [Event::FirstPacket { port: a }, digit]);
}

#[test]
fn silence_is_told_once_until_something_comes() {
    let (mut board, a, b) = bridged();
    board.handle_timeout(LIMIT_MS - 1);
    assert_eq!(events(&mut board), []);
    send(&mut board, a, "10.0.0.1:1000", &mut packet(0, 1, 160, 7, &[]));
    events(&mut board);
    let mut report = vec![0x80, 200, 0, 1, 0, 0, 0, 7];
    board.handle_datagram(a, Component::Rtcp, at("10.0.0.1:1001"), &mut report, LIMIT_MS / 2);
    board.handle_timeout(LIMIT_MS);
    assert_eq!(events(&mut board), [Event::Silent { port: b }], "a report keeps a port alive");
    board.handle_timeout(LIMIT_MS + LIMIT_MS / 2);
    board.handle_timeout(3 * LIMIT_MS);
    assert_eq!(events(&mut board), [Event::Silent { port: a }]);
}

#[test]
fn mute_stops_sound_and_nothing_else() {
    let (mut board, a, _) = bridged();
    board.mute(a, true).unwrap();
    assert_eq!(send(&mut board, a, "10.0.0.1:1000", &mut packet(0, 1, 160, 7, &[])), None);
    let stats = board.stats(a, 0).unwrap();
    assert_eq!((stats.rtp_packets_in, stats.dropped_unrouted), (1, 0));
    board.mute(a, false).unwrap();
    assert!(send(&mut board, a, "10.0.0.1:1000", &mut packet(0, 2, 160, 7, &[])).is_some());
}

#[test]
fn a_new_bridge_parts_the_old_partners() {
    let (mut board, a, b) = bridged();
    let c = board.insert();
    board.set_remote(c, at("10.0.0.3:3000"), None, 0).unwrap();
    board.bridge(a, c).unwrap();
    assert_eq!((board.partner(a), board.partner(b), board.partner(c)), (Some(c), None, Some(a)));
    assert_eq!(send(&mut board, b, "10.0.0.2:2000", &mut packet(0, 1, 160, 7, &[])), None);
    assert_eq!(board.stats(b, 0).unwrap().dropped_unrouted, 1);
}

#[test]
fn an_old_id_names_nothing_when_the_slot_is_used_again() {
    let (mut board, a, b) = bridged();
    board.remove(a, 0).unwrap();
    let again = board.insert();
    assert_eq!(again.index(), a.index());
    board.set_remote(again, at("10.0.0.9:9000"), None, 0).unwrap();
    assert_eq!(board.partner(b), None);
    assert_eq!(send(&mut board, a, "10.0.0.9:9000", &mut packet(0, 1, 160, 7, &[])), None);
    assert_eq!(board.stats(again, 0).unwrap().rtp_packets_in, 0);
    assert_eq!(board.bridge(a, b), Err(UnknownPort));
    assert_eq!(board.remove(a, 0), Err(UnknownPort));
    assert_eq!(board.ports_in_use(), 2);
}

#[test]
fn an_sdp_that_wants_nothing_gets_nothing() {
    let (mut board, a, b) = bridged();
    for nowhere in ["0.0.0.0:2000", "10.0.0.2:0"] {
        board.set_remote(b, at(nowhere), None, 0).unwrap();
        assert_eq!(send(&mut board, a, "10.0.0.1:1000", &mut packet(0, 1, 160, 7, &[])), None);
    }
}

#[test]
fn unfetched_events_are_bounded() {
    let mut board = Board::new(200, 0);
    let ports: Vec<PortId> = (0..EVENTS_MAX + 3).map(|_| board.insert()).collect();
    for port in ports {
        board.set_remote(port, at("10.0.0.1:1000"), None, 0).unwrap();
    }
    board.handle_timeout(1);
    assert_eq!(board.events_dropped(), 3);
    assert_eq!(events(&mut board).len(), EVENTS_MAX);
}
