//! Many random calls in bad weather: nothing is left, and each has one balanced record.

use crate::net::{Rng, Weather};
use crate::phone::{Deed, Dialling, Manners};
use crate::world::World;
use sip::dialog::{Event, Offer, OfferMethod};
use sip::message::{Body, Headers, Method};

/// Phones of the storm.
const PHONES: usize = 20;

fn manners(rng: &mut Rng) -> Manners {
    let ring_after = rng.percent(80).then(|| rng.below(800));
    let answer_after = rng.percent(65).then(|| 200 + rng.below(6_000));
    let refuse_after =
        rng.percent(15).then(|| (200 + rng.below(6_000), [480, 486, 603, 500, 422][rng.below(5) as usize]));
    let hang_up_after = Some(rng.below(8_000));
    Manners { ring_after, answer_after, refuse_after, hang_up_after, leaves_offers: false, answers_late: true }
}

/// A phone sends early sound, presses a key, or changes the session it is called in.
fn pranks(world: &mut World, phone: usize, rng: &mut Rng) {
    let now = world.now;
    let it = &mut world.phones[phone];
    let Some(usage) = it.inc else { return };
    // Not every phone is in a state for it.
    let _ = match rng.below(4) {
        0 => {
            let body = it.offer(sip::sdp::Direction::SendRecv);
            it.sip.provisional(now, usage, 183, Headers::none(), Some(body), rng.percent(50))
        }
        1 => {
            let body = Body::new("application/dtmf-relay", "Signal=5\r\n");
            it.sip.send(now, usage, Method::Info, Headers::none(), Some(body))
        }
        2 => {
            let method = if rng.percent(50) { OfferMethod::Update } else { OfferMethod::ReInvite };
            let body = Some(it.offer(sip::sdp::Direction::SendRecv));
            it.sip.offer(now, usage, Offer { method, headers: Headers::none(), body })
        }
        _ => it.sip.offer(now, usage, Offer { method: OfferMethod::Update, headers: Headers::none(), body: None }),
    };
}

fn storm(seed: u64, calls: usize, weather: Weather) {
    let numbers: Vec<String> = (0..PHONES).map(|n| format!("{}", 1_001 + n)).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let mut world = World::configured(crate::world::timers(200, 90), &numbers);
    for number in &numbers[..PHONES / 2] {
        // Half of them have a second contact at another address.
        let twin = world.phone(number);
        world.register(twin);
        world.phones[twin].manners =
            Manners { ring_after: Some(300), answer_after: Some(9_000), answers_late: true, ..Manners::default() };
    }
    for phone in &mut world.phones {
        phone.manners.answers_late = true;
    }
    world.forget_past();
    world.keeps_log = std::env::var_os("STORM_LOG").is_some();
    world.net = crate::net::Net::new(seed);
    world.weather(weather);
    let mut rng = Rng(seed ^ 0xabcd);
    for _ in 0..calls {
        let from = rng.below(PHONES as u64) as usize;
        let to = rng.below(PHONES as u64 + 1) as usize;
        let dialled = if to == PHONES { "1199".to_owned() } else { world.phones[to].user.clone() };
        if to < PHONES {
            world.phones[to].manners = manners(&mut rng);
        }
        let now = world.now;
        if world.phones[from].out.is_none_or(|usage| world.phones[from].sip.info(usage).is_none()) {
            world.phones[from].manners.hang_up_after = Some(rng.below(8_000));
            let offers = rng.percent(85);
            let dialling = Dialling { to: dialled, headers: Headers::none(), offers, tries: 0 };
            world.phones[from].dial_with(now, dialling);
            if rng.percent(15)
                && let Some(usage) = world.phones[from].out
            {
                world.phones[from].deeds.push((now + rng.below(4_000), Deed::HangUp(usage)));
            }
        }
        world.run(rng.below(1_200));
        for phone in 0..PHONES {
            if rng.percent(8) {
                pranks(&mut world, phone, &mut rng);
            }
        }
        if rng.percent(20) {
            // Somebody changes the session, or gives up.
            let phone = rng.below(world.phones.len() as u64) as usize;
            let now = world.now;
            if let Some(usage) = world.phones[phone].out {
                if rng.percent(50) {
                    let body = rng.percent(80).then(|| world.phones[phone].offer(sip::sdp::Direction::SendOnly));
                    let offer = Offer { method: OfferMethod::ReInvite, headers: Headers::none(), body };
                    let _ = world.phones[phone].sip.offer(now, usage, offer);
                } else {
                    let _ = world.phones[phone].sip.end(now, usage, 480, Headers::none());
                }
            }
        }
        for phone in &mut world.phones {
            phone.events.retain(|event| matches!(event, Event::Invite { .. }));
            let keep = phone.events.len().saturating_sub(20);
            phone.events.drain(..keep);
        }
    }
    world.weather(Weather::default());
    world.run(300_000);
    world.assert_at_rest();
    assert!(world.records.len() > calls / 2, "{} records", world.records.len());
}

#[test]
fn two_thousand_calls_leave_nothing() {
    for seed in 0..4 {
        storm(seed, 500, Weather { delay_ms: 10, jitter_ms: 40, loss: 8, double: 8 });
    }
    conformance::proves_partly("SIP-14", "10,000 calls over the wire, and memory, are the server's test");
}

#[test]
fn a_hurricane_leaves_nothing() {
    for seed in 10..14 {
        storm(seed, 60, Weather { delay_ms: 50, jitter_ms: 400, loss: 30, double: 20 });
    }
}

/// Messages of real calls with octets changed, cut and doubled: nothing panics, nothing stays, and the next call works.
#[test]
fn mutated_messages_leave_nothing() {
    let mut world = World::with(&["1001", "1002"]);
    let (a, b) = world.call(0, 1);
    let now = world.now;
    let body = Some(world.phones[0].offer(sip::sdp::Direction::SendOnly));
    world.phones[0]
        .sip
        .offer(now, a, Offer { method: OfferMethod::ReInvite, headers: Headers::none(), body })
        .expect("room");
    world.run(500);
    let samples: Vec<(bool, Vec<u8>)> = world
        .log
        .iter()
        .filter(|line| !line.down)
        .map(|line| (line.phone == "1001", line.message.as_bytes().to_vec()))
        .collect();
    world.keeps_log = false;
    let mut rng = Rng(99);
    for _ in 0..20_000 {
        let (first, mut octets) = samples[rng.below(samples.len() as u64) as usize].clone();
        for _ in 0..=rng.below(6) {
            let at = rng.below(octets.len() as u64) as usize;
            match rng.below(4) {
                0 => octets[at] = rng.draw() as u8,
                1 => octets[at] = b"0123456789:;,<>\r\n"[rng.below(17) as usize],
                2 => octets.truncate(at.max(20)),
                _ => {
                    let tail = octets[at..].to_vec();
                    octets.extend_from_slice(&tail[..tail.len().min(64)]);
                }
            }
        }
        let phone = &world.phones[usize::from(!first)];
        let flow = sip::transport::Flow { local: phone.exchange, remote: phone.local, ..phone.flow() };
        world.engine.handle_message(switching::time::Time(world.now), &flow, &octets);
        world.settle();
        if rng.percent(5) {
            world.run(rng.below(200));
        }
    }
    for (phone, usage) in [(0, a), (1, b)] {
        let now = world.now;
        let _ = world.phones[phone].sip.end(now, usage, 480, Headers::none());
    }
    world.run(700_000);
    world.assert_at_rest();
    for phone in 0..2 {
        world.phones[phone].events.clear();
        world.register(phone);
    }
    world.call(0, 1);
    conformance::proves_partly("SIP-15", "ten million are the long run of the fuzz targets");
}
