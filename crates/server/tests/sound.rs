//! Sound through the exchange: a tone sent on one side is found on the other, in frequency and level, both ways.

mod common;

use common::baresip::{Baresip, station};
use common::sipp::{Does, Meets, SipPhone};
use common::tone::Tone;
use common::{Office, SOON, wait_for};
use conformance::proves_partly;
use serde_json::{Value, json};
use std::net::UdpSocket;

/// Samples of one packet: 20 ms.
const FRAME: usize = 160;
/// Packets of one tone: a second.
const PACKETS: usize = 50;
const PCMA: u8 = 8;
const EVENTS: u8 = 101;

/// A-law (ITU-T G.711 table 1a), from 13-bit samples with sign.
fn encode(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(32_767) >> 3;
    let (exponent, mantissa) = match magnitude {
        0..=31 => (0, magnitude >> 1),
        _ => {
            let exponent = 31 - magnitude.leading_zeros() as i32 - 4;
            (exponent, (magnitude >> exponent) & 0x0f)
        }
    };
    ((sign | (exponent << 4) | mantissa) as u8) ^ 0x55
}

fn decode(octet: u8) -> f64 {
    let octet = i32::from(octet ^ 0x55);
    let (exponent, mantissa) = ((octet >> 4) & 7, octet & 0x0f);
    let magnitude = if exponent == 0 { (mantissa << 1) + 1 } else { ((mantissa << 1) + 33) << (exponent - 1) };
    let sample = f64::from(magnitude << 3);
    if octet & 0x80 == 0 { -sample } else { sample }
}

fn packet(kind: u8, sequence: usize, timestamp: usize, marker: bool, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80, kind | if marker { 0x80 } else { 0 }];
    packet.extend((sequence as u16).to_be_bytes());
    packet.extend((timestamp as u32).to_be_bytes());
    packet.extend(0x1234_5678u32.to_be_bytes());
    packet.extend(payload);
    packet
}

fn send_tone(socket: &UdpSocket, relay: u16, tone: Tone) {
    for index in 0..PACKETS {
        let payload: Vec<u8> = (0..FRAME).map(|n| encode(tone.sample(index * FRAME + n))).collect();
        socket.send_to(&packet(PCMA, index, index * FRAME, index == 0, &payload), ("127.0.0.1", relay)).expect("sent");
        // A phone's pace, so that no buffer on the way is the measure.
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
}

/// What came: samples of all packets, and that they came whole and in order.
fn receive(socket: &UdpSocket) -> Vec<f64> {
    socket.set_read_timeout(Some(SOON)).expect("a time-out");
    let mut samples = Vec::new();
    let mut buffer = [0; 2_048];
    for expected in 0..PACKETS {
        let length = socket.recv(&mut buffer).expect("a packet");
        assert_eq!(length, 12 + FRAME);
        assert_eq!(buffer[1] & 0x7f, PCMA);
        assert_eq!(usize::from(u16::from_be_bytes([buffer[2], buffer[3]])), expected, "none is lost");
        samples.extend(buffer[12..length].iter().map(|octet| decode(*octet)));
    }
    samples
}

const LOW: Tone = Tone { hz: 440.0, amplitude: 8_000.0 };
const HIGH: Tone = Tone { hz: 1_000.0, amplitude: 4_000.0 };

/// Waits until the one call is answered on both sides; gives its id.
fn both_talk(office: &Office) -> String {
    wait_for("both talk", || {
        let all = office.get("/connections")["items"].as_array().expect("a list").clone();
        let talk = all.len() == 2 && all.iter().all(|it| !it["answered_at"].is_null());
        talk.then(|| all[0]["call"].as_str().expect("an id").to_owned())
    })
}

/// What happened in a call, in order.
fn types(office: &Office, from: &Value) -> Vec<String> {
    let events = office.get(&format!("/events?detail=facts&from={from}&limit=100"));
    let events = events["items"].as_array().expect("a list").iter();
    events.filter_map(|event| event["type"].as_str().map(str::to_owned)).collect()
}

/// The first call: two telephones that are none of ours, registered with digest, talk because an application asked for it, and
/// each hears the other.
#[test]
fn wire_baresip_hears_baresip_because_an_application_asked() {
    let office = Office::configured(&(station("201", "secret-of-201") + &station("202", "secret-of-202")));
    let one = Baresip::register(&office, "201", "secret-of-201", LOW);
    let other = Baresip::register(&office, "202", "secret-of-202", HIGH);
    for through in ["fusion", "console"] {
        let before = office.get("/snapshot")["seq"].clone();
        if through == "fusion" {
            assert_eq!(office.fusion("/xml/ccOriginate.json?phone_id=SDP00201&to=202").text, "{\"Result\":0}");
        } else {
            office.post("/calls/make_call", json!({ "from": "201", "to": "202", "prompt": "ring" }));
        }
        let call = both_talk(&office);
        let ladder =
            ["stage_opened", "service_initiated", "prompted", "originated", "stage_opened", "delivered", "established"];
        assert_eq!(types(&office, &before), ladder, "{through}: 201 rings first");
        other.hears(LOW, HIGH.hz);
        one.hears(HIGH, LOW.hz);
        office.post(&format!("/calls/{call}/clear_call"), json!({}));
        office.wait_idle();
    }

    // And because one of them dialled.
    other.dial("201");
    both_talk(&office);
    other.hears(LOW, HIGH.hz);
    one.hears(HIGH, LOW.hz);
    // One holds and takes the other back: the exchange passes both.
    let changes = |log: &str| log.matches("\nINVITE ").count();
    let before = changes(&other.log());
    one.command("hold", "");
    wait_for("the hold is passed", || {
        (changes(&other.log()) > before && other.log().contains("a=sendonly")).then_some(())
    });
    // What the phone itself does with its sound afterwards is its own matter; the relay's is SIP-13.
    let before = changes(&other.log());
    one.command("resume", "");
    wait_for("the end of the hold is passed", || (changes(&other.log()) > before).then_some(()));
    one.command("hangup", "");
    office.wait_idle();
    let records = wait_for("the records are written", || {
        let records = office.get("/records?limit=10")["items"].as_array().expect("a list").clone();
        (records.len() == 3).then_some(records)
    });
    assert!(records.iter().all(|record| record["balanced"] == json!(true)), "{records:?}");
    proves_partly("SIP-19", "a change of direction is answered here once there is hold");
    proves_partly("SIP-13", "continuity over hold and transfer comes with them");
}

#[test]
fn wire_a_tone_passes_both_ways_unchanged_and_digits_with_it() {
    let office = Office::start();
    let socket = || UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let (ear_of_one, ear_of_other) = (socket(), socket());
    let port = |socket: &UdpSocket| socket.local_addr().expect("bound").port();
    let one = SipPhone::of(&office, "1101").with_media(port(&ear_of_one));
    let other = SipPhone::of(&office, "1102").with_media(port(&ear_of_other));
    one.register(200);
    other.register(200);
    let callee = other.answer(Does::Answers(0));
    let caller = one.call("1102", &Meets::IsHungUp);
    both_talk(&office);
    let (relay_of_one, relay_of_other) = (one.relay_port("caller"), other.relay_port("callee"));
    assert_ne!(relay_of_one, relay_of_other, "each leg has its own port");

    send_tone(&ear_of_one, relay_of_one, LOW);
    LOW.assert_is(&receive(&ear_of_other), HIGH.hz);
    send_tone(&ear_of_other, relay_of_other, HIGH);
    HIGH.assert_is(&receive(&ear_of_one), LOW.hz);

    // A key (RFC 4733): passed as it came, and told to applications without saying which.
    let before = office.get("/snapshot")["seq"].as_u64().expect("a number");
    for (index, end) in [(0, false), (1, false), (2, true), (3, true), (4, true)] {
        let duration = (160 * (index + 1)) as u16;
        let payload = [5, if end { 0x8a } else { 0x0a }, duration.to_be_bytes()[0], duration.to_be_bytes()[1]];
        let press = packet(EVENTS, PACKETS + index, PACKETS * FRAME, index == 0, &payload);
        ear_of_one.send_to(&press, ("127.0.0.1", relay_of_one)).expect("sent");
    }
    let mut buffer = [0; 2_048];
    for _ in 0..5 {
        let length = ear_of_other.recv(&mut buffer).expect("the key is passed");
        assert_eq!((length, buffer[12]), (16, 5));
    }
    let told = wait_for("the key is told", || {
        let events = office.get(&format!("/events?detail=facts&from={before}&types=digits_generated"));
        events["items"].as_array().expect("a list").first().cloned()
    });
    assert_eq!(told["data"]["count"], json!(1), "{told}");

    let call = office.calls()[0]["id"].as_str().expect("an id").to_owned();
    office.post(&format!("/calls/{call}/clear_call"), json!({}));
    caller.finish();
    callee.finish();
    office.wait_idle();
    // What the operator is shown of it: both tones and the key came, nothing was lost.
    wait_for("the sound is counted", || (office.metric("rtp_jitter_seconds_count") == 2).then_some(()));
    assert_eq!(office.metric("rtp_packets_received_total"), 2 * PACKETS as u64 + 5);
    assert_eq!(office.metric("rtp_packets_lost_total"), 0);
    proves_partly("SIP-13", "continuity over hold and transfer comes with them");
}
