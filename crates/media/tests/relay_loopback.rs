//! The relay over real loopback sockets. Every wait has a deadline; nothing sleeps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use media::{AllocateError, Component, Event, PortId, Relay, RelayConfig, Stats};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(10);
/// The relay counts whole milliseconds.
const CLOCK_STEP: Duration = Duration::from_millis(1);
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Each test has its own range, so that tests that run at once do not exhaust each other.
fn config(first: u16, last: u16) -> RelayConfig {
    RelayConfig { ports: first..=last, ..RelayConfig::default() }
}

fn start(config: RelayConfig) -> Relay {
    Relay::start(config, Box::new(|| ())).unwrap()
}

/// A phone: a socket with a deadline.
fn phone(ip: IpAddr) -> UdpSocket {
    let socket = UdpSocket::bind((ip, 0)).unwrap();
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    socket
}

fn rtp(sequence: u16, text: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend([0, 0, 0, 7]);
    packet.extend(text);
    packet
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0_u8; 2_048];
    let (len, from) = socket.recv_from(&mut buffer).expect("a packet before the deadline");
    (buffer[..len].to_vec(), from)
}

fn wait_for(mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < until, "deadline");
        std::thread::yield_now();
    }
}

fn talk_over(ip: IpAddr, range: (u16, u16)) {
    let relay = start(config(range.0, range.1));
    let (alice, bob) = (phone(ip), phone(ip));
    let (a, b) = (relay.allocate(ip).unwrap(), relay.allocate(ip).unwrap());
    assert_eq!((a.rtp.port() % 2, b.rtp.port() % 2), (0, 0));
    relay.set_remote(a.id, alice.local_addr().unwrap(), None).unwrap();
    relay.set_remote(b.id, bob.local_addr().unwrap(), None).unwrap();
    relay.bridge(a.id, b.id).unwrap();
    for sequence in 0..100 {
        alice.send_to(&rtp(sequence, b"from alice"), a.rtp).unwrap();
        assert_eq!(receive(&bob), (rtp(sequence, b"from alice"), b.rtp));
        bob.send_to(&rtp(sequence, b"from bob"), b.rtp).unwrap();
        assert_eq!(receive(&alice), (rtp(sequence, b"from bob"), a.rtp));
    }
    let stats = relay.release(a.id).unwrap();
    assert_eq!((stats.rtp_packets_in, stats.rtp_packets_out, stats.lost, stats.send_failed), (100, 100, 0, 0));
}

#[test]
fn two_phones_talk() {
    talk_over(LOCALHOST, (42_000, 42_099));
}

#[test]
fn two_phones_talk_over_ipv6() {
    let ip = IpAddr::V6(Ipv6Addr::LOCALHOST);
    if UdpSocket::bind((ip, 0)).is_err() {
        println!("no ::1 on this machine");
        return;
    }
    talk_over(ip, (42_100, 42_199));
}

#[test]
fn an_ipv4_phone_talks_to_an_ipv6_phone_and_over_a_wildcard() {
    let ip6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
    if UdpSocket::bind((ip6, 0)).is_err() {
        println!("no ::1 on this machine");
        return;
    }
    let relay = start(config(42_200, 42_299));
    let (alice, bob) = (phone(LOCALHOST), phone(ip6));
    let a = relay.allocate(IpAddr::V6(Ipv6Addr::UNSPECIFIED)).unwrap();
    let b = relay.allocate(ip6).unwrap();
    relay.set_remote(a.id, alice.local_addr().unwrap(), None).unwrap();
    relay.set_remote(b.id, bob.local_addr().unwrap(), None).unwrap();
    relay.bridge(a.id, b.id).unwrap();
    alice.send_to(&rtp(1, b"4 to 6"), (LOCALHOST, a.rtp.port())).unwrap();
    assert_eq!(receive(&bob).0, rtp(1, b"4 to 6"));
    bob.send_to(&rtp(1, b"6 to 4"), b.rtp).unwrap();
    assert_eq!(receive(&alice).0, rtp(1, b"6 to 4"));
}

#[test]
fn rtcp_goes_by_the_odd_ports() {
    let relay = start(config(42_300, 42_399));
    let (alice, bob) = (phone(LOCALHOST), phone(LOCALHOST));
    let (a, b) = (relay.allocate(LOCALHOST).unwrap(), relay.allocate(LOCALHOST).unwrap());
    let (alice_at, bob_at) = (alice.local_addr().unwrap(), bob.local_addr().unwrap());
    relay.set_remote(a.id, "127.0.0.1:9".parse().unwrap(), Some(alice_at)).unwrap();
    relay.set_remote(b.id, "127.0.0.1:9".parse().unwrap(), Some(bob_at)).unwrap();
    relay.bridge(a.id, b.id).unwrap();
    let report = [0x80, 201, 0, 1, 0, 0, 0, 7];
    alice.send_to(&report, (LOCALHOST, a.rtp.port() + 1)).unwrap();
    let (bytes, from) = receive(&bob);
    assert_eq!((bytes.as_slice(), from.port()), (report.as_slice(), b.rtp.port() + 1));
}

#[test]
fn a_phone_behind_nat_is_learned_after_the_window_and_an_intruder_is_not() {
    let window = Duration::from_millis(100);
    let relay = start(RelayConfig { learning_window: window, ..config(42_400, 42_499) });
    let (alice, bob, intruder) = (phone(LOCALHOST), phone(LOCALHOST), phone(LOCALHOST));
    let (a, b) = (relay.allocate(LOCALHOST).unwrap(), relay.allocate(LOCALHOST).unwrap());
    relay.set_remote(a.id, "10.255.255.1:4000".parse().unwrap(), None).unwrap();
    relay.set_remote(b.id, bob.local_addr().unwrap(), None).unwrap();
    relay.bridge(a.id, b.id).unwrap();
    let began = Instant::now();
    let alice_at = alice.local_addr().unwrap();
    let mut sequence = 0;
    wait_for(|| {
        sequence += 1;
        alice.send_to(&rtp(sequence, b"alice"), a.rtp).unwrap();
        let judged = |stats: Stats| stats.rtp_packets_in + stats.dropped_foreign == u64::from(sequence);
        wait_for(|| judged(relay.stats(a.id).unwrap()));
        relay.stats(a.id).unwrap().rtp_remote == Some(alice_at)
    });
    assert!(began.elapsed() + CLOCK_STEP >= window, "not before the window is over");
    bob.send_to(&rtp(1, b"bob"), b.rtp).unwrap();
    assert_eq!(receive(&alice).0, rtp(1, b"bob"));
    let refused = relay.stats(a.id).unwrap().dropped_foreign;
    intruder.send_to(&rtp(9_000, b"intruder"), a.rtp).unwrap();
    wait_for(|| relay.stats(a.id).unwrap().dropped_foreign > refused);
    alice.send_to(&rtp(10_000, b"the end"), a.rtp).unwrap();
    let heard: Vec<Vec<u8>> =
        std::iter::from_fn(|| Some(receive(&bob).0)).take_while(|packet| !packet.ends_with(b"end")).collect();
    assert!(heard.iter().all(|packet| packet.ends_with(b"alice")));
}

#[test]
fn the_owner_is_woken_for_digits_and_silence() {
    let (woken, wakes) = mpsc::channel();
    let limit = Duration::from_millis(300);
    let relay = Relay::start(
        RelayConfig { silence_limit: limit, ..config(42_500, 42_599) },
        Box::new(move || woken.send(()).unwrap_or_default()),
    )
    .unwrap();
    let alice = phone(LOCALHOST);
    let a = relay.allocate(LOCALHOST).unwrap();
    relay.set_remote(a.id, alice.local_addr().unwrap(), None).unwrap();
    relay.set_telephone_event(a.id, Some(0)).unwrap();
    for sequence in 0..3_u8 {
        alice.send_to(&[0x80, 0, 0, sequence, 0, 0, 0, 9, 0, 0, 0, 7, 10, 0x80, 0x06, 0x40], a.rtp).unwrap();
    }
    let mut seen = Vec::new();
    while seen.len() < 3 {
        wakes.recv_timeout(DEADLINE).expect("a wake before the deadline");
        seen.extend(std::iter::from_fn(|| relay.poll_event()));
    }
    let digit = Event::Digit { port: a.id, digit: '*', duration_ms: 200 };
    assert_eq!(seen, [Event::FirstPacket { port: a.id }, digit, Event::Silent { port: a.id }]);
}

#[test]
fn a_pair_held_by_another_program_is_skipped_and_a_used_one_rests() {
    let (first, held) = (42_600, UdpSocket::bind((LOCALHOST, 42_603)).unwrap());
    let relay = start(RelayConfig { quarantine: Duration::from_millis(300), ..config(first, first + 5) });
    let one = relay.allocate(LOCALHOST).unwrap();
    assert_eq!(one.rtp.port(), first);
    let two = relay.allocate(LOCALHOST).unwrap();
    assert_eq!(two.rtp.port(), first + 4, "the pair whose RTCP port is held was skipped");
    let released = Instant::now();
    relay.release(one.id).unwrap();
    assert!(UdpSocket::bind(one.rtp).is_ok(), "its sockets are closed at once");
    assert!(matches!(relay.allocate(LOCALHOST), Err(AllocateError::PortsExhausted)));
    drop(held);
    wait_for(|| relay.allocate(LOCALHOST).is_ok());
    wait_for(|| relay.allocate(LOCALHOST).is_ok());
    assert!(released.elapsed() + CLOCK_STEP >= Duration::from_millis(300));
    assert_eq!(relay.ports_in_use(), 3);
}

#[test]
fn an_address_that_is_not_ours_costs_no_port() {
    let relay = start(config(42_700, 42_701));
    let not_ours = "203.0.113.77".parse().unwrap();
    assert!(matches!(relay.allocate(not_ours), Err(AllocateError::Socket(_))));
    assert!(relay.allocate(LOCALHOST).is_ok());
}

#[test]
fn ten_thousand_ports_leave_no_descriptor() {
    // Descriptors are counted per process, and nextest gives each test its own.
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let relay = start(RelayConfig { quarantine: Duration::ZERO, ..config(43_000, 44_999) });
    let started = open();
    for _ in 0..100 {
        let ports: Vec<PortId> = (0..100).map(|_| relay.allocate(LOCALHOST).unwrap().id).collect();
        relay.bridge(ports[0], ports[99]).unwrap();
        assert_eq!(relay.ports_in_use(), 100);
        for port in ports {
            relay.release(port).unwrap();
        }
        assert_eq!(relay.ports_in_use(), 0);
    }
    if std::env::var_os("NEXTEST").is_some() {
        assert_eq!(open(), started);
        drop(relay);
        assert_eq!(open(), before);
    }
}

#[test]
fn virtual_ports_have_a_fixed_order_and_a_clock_of_their_own() {
    let relay = Relay::virtual_ports(&config(10_000, 10_007));
    let ports: Vec<_> = (0..4).map(|_| relay.allocate(LOCALHOST).unwrap()).collect();
    assert_eq!(ports.iter().map(|port| port.rtp.port()).collect::<Vec<_>>(), [10_000, 10_002, 10_004, 10_006]);
    assert!(matches!(relay.allocate(LOCALHOST), Err(AllocateError::PortsExhausted)));
    relay.release(ports[0].id).unwrap();
    relay.advance(Duration::from_secs(4));
    assert!(relay.allocate(LOCALHOST).is_err(), "it rests for five seconds");
    relay.advance(Duration::from_secs(1));
    assert_eq!(relay.allocate(LOCALHOST).unwrap().rtp.port(), 10_000);
    let (a, b) = (ports[1].id, ports[2].id);
    let peer = "10.0.0.1:4000".parse().unwrap();
    relay.set_remote(a, peer, None).unwrap();
    relay.set_remote(b, "10.0.0.2:4000".parse().unwrap(), None).unwrap();
    relay.bridge(a, b).unwrap();
    let delivery = relay.deliver(a, Component::Rtp, peer, &mut rtp(1, b"x")).unwrap();
    assert_eq!((delivery.from, delivery.to), (b, "10.0.0.2:4000".parse().unwrap()));
    relay.advance(Duration::from_secs(60));
    let events: Vec<_> = std::iter::from_fn(|| relay.poll_event()).collect();
    assert_eq!(events, [Event::FirstPacket { port: a }, Event::Silent { port: a }, Event::Silent { port: b }]);
}
