//! What the program holds and gives back: SIP-23, and SIP-15 against the running program.

use crate::common::script::{play, play_with};
use crate::common::{Office, SOON, wait_for};
use conformance::{proves, proves_partly};
use serde_json::json;
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

/// Requests whose transactions linger at once: so many that the steps in which memory is taken (2 MiB) do not count.
const REQUESTS: u64 = 16_000;
/// What one of them may keep, in octets.
const LINGERING_LEN_MAX: u64 = 1_024;
/// They linger for 64 times T1 (32 s), and a little.
const LINGERS: Duration = Duration::from_secs(60);
/// Mutations of each torture message that are sent.
const MUTATIONS: usize = 40;

fn bind(port: u16) -> Option<UdpSocket> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok()
}

/// Eight ports in a row, free a moment ago.
fn free_range() -> u16 {
    let from = 30_000 + u16::try_from(std::process::id() % 2_000).expect("small") * 8;
    let found = (from..60_000).step_by(8).find(|first| (0..8).all(|offset| bind(first + offset).is_some()));
    found.expect("eight free ports")
}

/// The soft and the hard limit of open files of a process.
fn open_files(pid: u32) -> (String, String) {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("the process lives");
    let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("a line").to_owned();
    let mut words = line.split_whitespace().skip(3).map(str::to_owned);
    (words.next().expect("soft"), words.next().expect("hard"))
}

fn resident_octets(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    1_024 * line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).expect("a number")
}

#[test]
fn wire_taken_ports_are_skipped_and_given_back() {
    let first = free_range();
    let station = |number| format!("[[station]]\nnumber = \"{number}\"\npassword = \"a-{number}\"\n");
    let sip = format!("[sip]\nrtp_port_first = {first}\nrtp_port_last = {}\n", first + 7);
    let office = Office::configured(&(sip + &station(201) + &station(202) + &station(203)));
    let taken = [bind(first + 1).expect("the first pair's RTCP"), bind(first + 4).expect("the third pair's RTP")];
    let passwords = json!({ "passwords": { "201": "a-201", "202": "a-202", "203": "a-203" } });
    let told = play_with(&office, "ports", "taken", passwords);
    assert_eq!(told["ports"], json!([first + 2, first + 6]));
    assert_eq!(told["refused"], json!(503), "no pair was left: {told}");
    assert!(told["retry_after"].is_string(), "{told}");
    drop(taken);
    office.wait_idle();

    let office = Office::start();
    let ports = play(&office, "ports", "default_range");
    for port in ports.as_array().expect("a list").iter().filter_map(serde_json::Value::as_u64) {
        assert!((10_000..20_000).contains(&port) && port % 2 == 0, "{port}");
    }
    let (soft, hard) = open_files(office.pid());
    assert_eq!(soft, hard, "a thousand calls are four thousand sockets");
    proves_partly("SIP-23", "what a lingering transaction keeps, and that memory goes back");
}

#[test]
fn wire_a_lingering_transaction_is_small() {
    let office = Office::configured("[limits]\ntraced_calls = 0\n");
    let more = |requests: u64| json!({ "requests": requests, "passwords": { "1101": "" } });
    let plays = |requests: u64| play_with(&office, "ports", "lingers", more(requests));
    // Everything that grows once has grown.
    plays(REQUESTS / 2);
    let before = resident_octets(office.pid());
    plays(REQUESTS);
    let each = resident_octets(office.pid()).saturating_sub(before) / REQUESTS;
    assert!(each <= LINGERING_LEN_MAX, "{each} octets each");
    // When they are over, what they held goes back to the system, not only to the program's own stock.
    let held = resident_octets(office.pid());
    let until = Instant::now() + LINGERS;
    while office.metric("sip_transactions_active") > 0 {
        assert!(Instant::now() < until, "transactions linger for ever");
        std::thread::park_timeout(Duration::from_millis(200));
    }
    let back = wait_for("memory goes back", || {
        let back = held.saturating_sub(resident_octets(office.pid()));
        // Each look is a request: the program has a turn.
        office.metric("sip_transactions_active");
        (back >= each * REQUESTS / 2).then_some(back)
    });
    eprintln!("{each} octets each, {back} of {held} went back");
    proves("SIP-23");
}

/// Every message of the torture tests, as it is and mutated, by datagram and on streams: afterwards a call goes through.
#[test]
fn wire_torture_messages_harm_nothing() {
    let office = Office::start();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sip/tests/fixtures");
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for folder in ["rfc4475", "rfc5118"] {
        for entry in std::fs::read_dir(fixtures.join(folder)).expect("the fixtures") {
            messages.push(std::fs::read(entry.expect("readable").path()).expect("readable"));
        }
    }
    assert!(messages.len() >= 50, "{}", messages.len());
    let socket = bind(0).expect("a socket");
    let mut dice = 0x9e37_79b9_7f4a_7c15u64;
    let mut roll = |sides: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) as usize % sides
    };
    let mut sent = 0;
    for message in &messages {
        let mut stream = TcpStream::connect(office.address("sip_tcp")).expect("a stream");
        // It is closed to us where it cannot be read on.
        let _ = std::io::Write::write_all(&mut stream, message);
        for turn in 0..=MUTATIONS {
            let mut octets = message.clone();
            for _ in 0..turn.min(4) {
                let at = roll(octets.len());
                match roll(4) {
                    0 => octets[at] = roll(256) as u8,
                    1 => octets.truncate(at + 1),
                    2 => octets.insert(at, b"\r\n:;<>\"\0"[roll(8)]),
                    _ => octets[at] ^= 1 << roll(8),
                }
            }
            octets.truncate(60_000);
            socket.send_to(&octets, office.address("sip_udp")).expect("sent");
            sent += 1;
        }
    }
    assert!(sent > 2_000, "{sent}");
    socket.set_read_timeout(Some(SOON)).expect("a time-out");
    play(&office, "ports", "default_range");
    office.wait_idle();
    proves_partly("SIP-15", "ten million mutations");
}
