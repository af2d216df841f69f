//! Many random calls in bad weather: nothing is left, and each has one balanced record.

use crate::net::{Rng, Weather};
use crate::phone::{Deed, Manners};
use crate::world::World;
use sip::dialog::Event;
use sip::message::Headers;

/// Phones of the storm.
const PHONES: usize = 20;

fn manners(rng: &mut Rng) -> Manners {
    let ring_after = rng.percent(80).then(|| rng.below(800));
    let answer_after = rng.percent(65).then(|| 200 + rng.below(6_000));
    let refuse_after = rng.percent(15).then(|| (200 + rng.below(6_000), [480, 486, 603, 500, 422][rng.below(5) as usize]));
    let hang_up_after = Some(rng.below(8_000));
    Manners { ring_after, answer_after, refuse_after, hang_up_after, leaves_offers: false }
}

fn storm(seed: u64, calls: usize, weather: Weather) {
    let numbers: Vec<String> = (0..PHONES).map(|n| format!("{}", 1_001 + n)).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    let mut world = World::with(&numbers);
    world.keeps_log = std::env::var_os("STORM_LOG").is_some();
    world.net = crate::net::Net::new(seed);
    world.weather(weather);
    let mut rng = Rng(seed ^ 0xabcd);
    for _ in 0..calls {
        for phone in 0..PHONES {
            // Registrations are kept up.
            if world.phones[phone].registers == 0 {
                world.register(phone);
            }
        }
        let from = rng.below(PHONES as u64) as usize;
        let to = rng.below(PHONES as u64 + 1) as usize;
        let dialled = if to == PHONES { "1199".to_owned() } else { world.phones[to].user.clone() };
        if to < PHONES {
            world.phones[to].manners = manners(&mut rng);
        }
        let now = world.now;
        if world.phones[from].out.is_none_or(|usage| world.phones[from].sip.info(usage).is_none()) {
            world.phones[from].manners.hang_up_after = Some(rng.below(8_000));
            world.phones[from].dial(now, &dialled);
            if rng.percent(15)
                && let Some(usage) = world.phones[from].out
            {
                world.phones[from].deeds.push((now + rng.below(4_000), Deed::HangUp(usage)));
            }
        }
        world.run(rng.below(1_200));
        if rng.percent(20) {
            // Somebody changes the session, or gives up.
            let phone = rng.below(PHONES as u64) as usize;
            let now = world.now;
            if let Some(usage) = world.phones[phone].out {
                if rng.percent(50) {
                    let body = Some(world.phones[phone].offer(sip::sdp::Direction::SendOnly));
                    let method = sip::dialog::OfferMethod::ReInvite;
                    let offer = sip::dialog::Offer { method, headers: Headers::none(), body };
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
