//! Properties under random inputs: nothing from outside panics, and what the world checks after every input holds.

use crate::world::{World, contact, digits, key, named};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeMap;
use switching::cause::Cause;
use switching::command::{DataPatch, DestinationCheck, Guard, LegOptions, MakeCall, ReplyAt, Verb, Which};
use switching::config::{Change, Settings};
use switching::engine::{EngineInput, OrderFault, ReportKind};
use switching::id::{CallId, ConnectionId, LegId, OrderId, UserId};
use switching::model::{ConnectionState, FailTone, Prompt};
use switching::{Input, Switch};

const LABELS: [&str; 9] = ["1001", "1002", "1003", "1004", "1005", "1505", "1006", "2001", "trunk"];
const NUMBERS: [&str; 10] = ["1001", "1002", "1003", "1004", "1005", "1006", "1007", "2001", "4930100", "1999"];

/// One random input; numbers are folded onto what there is.
#[derive(Debug, Clone)]
enum Step {
    Dial { from: usize, to: usize },
    Report { leg: usize, seq: Option<u32>, what: u8 },
    Make { from: usize, to: usize, how: u8, key: Option<u8> },
    Answer { who: usize },
    Clear { who: usize, how: u8 },
    Data { who: usize },
    Disturb { number: usize, on: bool },
    Session { who: usize, user: u64, open: bool },
    Pass { ms: u64 },
    Register { who: usize, on: bool },
    Order { id: u64, fault: u8 },
    Inventory { keep: u32 },
    Restart,
    Shutdown,
    Rearrange { number: usize, phone: usize, settings: bool },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = 0..LABELS.len();
    let number = 0..NUMBERS.len();
    let step = prop_oneof![
        6 => (who.clone(), number.clone()).prop_map(|(from, to)| Step::Dial { from, to }),
        20 => (0..12usize, prop::option::weighted(0.1, 0..6u32), 0..24u8)
            .prop_map(|(leg, seq, what)| Step::Report { leg, seq, what }),
        4 => (who.clone(), number.clone(), 0..64u8, prop::option::weighted(0.3, 0..3u8))
            .prop_map(|(from, to, how, key)| Step::Make { from, to, how, key }),
        2 => who.clone().prop_map(|who| Step::Answer { who }),
        3 => (who.clone(), 0..8u8).prop_map(|(who, how)| Step::Clear { who, how }),
        1 => who.clone().prop_map(|who| Step::Data { who }),
        1 => (number.clone(), any::<bool>()).prop_map(|(number, on)| Step::Disturb { number, on }),
        1 => (who.clone(), 0..3u64, any::<bool>()).prop_map(|(who, user, open)| Step::Session { who, user, open }),
        4 => prop_oneof![0..3u64, 0..5_000u64, 0..90_000u64].prop_map(|ms| Step::Pass { ms }),
        1 => (who.clone(), any::<bool>()).prop_map(|(who, on)| Step::Register { who, on }),
        1 => (0..40u64, 0..5u8).prop_map(|(id, fault)| Step::Order { id, fault }),
        1 => any::<u32>().prop_map(|keep| Step::Inventory { keep }),
        1 => Just(Step::Restart),
        1 => Just(Step::Shutdown),
        1 => (number, who, any::<bool>())
            .prop_map(|(number, phone, settings)| Step::Rearrange { number, phone, settings }),
    ];
    prop::collection::vec(step, 1..80)
}

fn play(world: &mut World, step: &Step) {
    match step {
        Step::Dial { from, to } => {
            world.dials(LABELS[*from], NUMBERS[*to]);
        }
        Step::Report { leg, seq, what } => {
            let id = some_leg(world, *leg);
            let what = report(world, *what);
            world.report(id, *seq, what);
        }
        Step::Make { from, to, how, key: with } => {
            let mut command = world.plain(make(*from, *to, *how));
            command.key = with.map(|n| key(&format!("k{n}"), *how));
            command.guard = Guard { device_idle: how.is_multiple_of(5), ..Guard::default() };
            command.reply = if how % 2 == 0 { ReplyAt::FirstAnswered } else { ReplyAt::Accepted };
            command.deadline_ms = (how.is_multiple_of(7)).then_some(u64::from(*how) * 100);
            world.give(Input::Command(Box::new(command)));
        }
        Step::Answer { who } => {
            let states = vec![ConnectionState::Alerting, ConnectionState::Initiated];
            world.command(Verb::AnswerCall { which: of_device(*who, states) });
        }
        Step::Clear { who, how } => {
            world.command(clear(*who, *how));
        }
        Step::Data { who } => {
            let values: BTreeMap<String, String> = [(format!("n{who}"), "v".into())].into();
            let patch = DataPatch { vars: values.clone(), custom: values, ..DataPatch::default() };
            let which = of_device(*who, vec![ConnectionState::Connected, ConnectionState::Alerting]);
            world.command(Verb::AssociateData { which, patch: Box::new(patch) });
        }
        Step::Disturb { number, on } => {
            world.command(Verb::SetDoNotDisturb { number: digits(NUMBERS[*number]), on: *on });
        }
        Step::Session { who, user, open } => {
            let device = named(LABELS[*who]);
            let user = (*user > 0).then_some(UserId(*user));
            let verb = if *open { Verb::OpenSession { device, user } } else { Verb::CloseSession { device } };
            world.command(verb);
        }
        Step::Pass { ms } => {
            world.pass(*ms);
        }
        Step::Register { who, on } => {
            let device = world.device(LABELS[*who]);
            let contacts = if *on { vec![contact(LABELS[*who])] } else { Vec::new() };
            world.engine(EngineInput::Registration { device, contacts });
        }
        Step::Order { id, fault } => {
            let id = OrderId(*id);
            let why = match fault {
                0 => OrderFault::UnknownLeg,
                1 => OrderFault::DeviceCannot,
                2 => OrderFault::Refused,
                _ => OrderFault::NoResponse,
            };
            let input = if *fault == 4 { EngineInput::OrderDone(id) } else { EngineInput::OrderFailed { id, why } };
            world.engine(input);
        }
        Step::Inventory { keep } => {
            let legs = world.switch.legs().enumerate();
            let legs: Vec<LegId> = legs.filter(|(n, _)| keep >> (n % 32) & 1 == 1).map(|(_, (leg, _))| leg).collect();
            world.engine(EngineInput::Inventory { legs });
        }
        Step::Restart => world.restart(),
        Step::Shutdown => {
            world.command(Verb::Shutdown);
        }
        Step::Rearrange { number, phone, settings } => rearrange(world, *number, *phone, *settings),
    }
}

/// Live legs, legs that ended, and legs that never were.
fn some_leg(world: &World, n: usize) -> LegId {
    match n {
        0 => LegId(1_000),
        1 => LegId::arrived(1_000),
        2 => LegId(1),
        3 => LegId::arrived(1),
        n if world.legs.is_empty() => LegId(n as u64),
        n => world.legs[(n - 4) % world.legs.len()].0,
    }
}

fn report(world: &World, what: u8) -> ReportKind {
    let causes = [Cause::Busy, Cause::Rejected, Cause::NormalClearing, Cause::EngineLost, Cause::NotObtainable];
    let cause = causes[usize::from(what) % causes.len()];
    let q850 = cause.q850();
    match what {
        0..6 => ReportKind::Alerting,
        6..14 => ReportKind::Answered,
        14..17 => ReportKind::Refused { cause, q850 },
        17..22 => ReportKind::Released { cause, q850 },
        22 => ReportKind::Digits { digits: digits("12") },
        _ => ReportKind::Arrived { device: world.device("1003"), dialled: digits("1001"), from: None, withheld: false },
    }
}

fn make(from: usize, to: usize, how: u8) -> Verb {
    let prompts = [Prompt::Ring, Prompt::OffHook, Prompt::AutoAnswer];
    Verb::MakeCall(Box::new(MakeCall {
        from: named(LABELS[from]),
        to: digits(NUMBERS[to]),
        prompt: prompts[usize::from(how) % 3],
        first: LegOptions { must_be_registered: how.is_multiple_of(3), ..LegOptions::default() },
        second: LegOptions {
            ring_ms: (how.is_multiple_of(4)).then_some(3_000),
            must_be_registered: how.is_multiple_of(5),
            auto_answer: how.is_multiple_of(7),
            ..LegOptions::default()
        },
        as_number: (how.is_multiple_of(9)).then(|| digits("1006")),
        fail_tone: if how % 4 < 2 { FailTone::Reject } else { FailTone::Tone { ms: u64::from(how % 4) * 1_000 } },
        talk_limit_ms: (how.is_multiple_of(6)).then_some(4_000),
        vars: BTreeMap::new(),
        custom: BTreeMap::new(),
        correlator: None,
        check: if how % 8 < 4 { DestinationCheck::Early } else { DestinationCheck::Late },
    }))
}

fn of_device(who: usize, states: Vec<ConnectionState>) -> Which {
    Which::OfDevice { device: named(LABELS[who]), states, other_party: None }
}

fn clear(who: usize, how: u8) -> Verb {
    let all = vec![
        ConnectionState::Connected,
        ConnectionState::Alerting,
        ConnectionState::Initiated,
        ConnectionState::Fail,
        ConnectionState::Hold,
        ConnectionState::Queued,
    ];
    let which = of_device(who, all);
    match how {
        0..4 => Verb::ClearConnection { which },
        4 | 5 => Verb::ClearCall { which },
        6 => Verb::ClearCallById { call: CallId(who as u64) },
        7 => Verb::ClearDevice { device: named(LABELS[who]) },
        _ => Verb::ClearConnection { which: Which::Connection(ConnectionId(who as u64)) },
    }
}

fn rearrange(world: &mut World, number: usize, phone: usize, settings: bool) {
    if settings {
        let settings = Settings { ring_ms: 5_000 + phone as u64, calls_max: 1 + number as u32, ..Settings::default() };
        world.configured(Change::PutSettings(Box::new(settings)));
        return;
    }
    let Some((id, extension)) = world.mirror.extension_by_number(&digits(NUMBERS[number])) else { return };
    let mut config = extension.config.clone();
    config.secondary = Some(world.device(LABELS[phone]));
    world.configured(Change::PutExtension { id: Some(id), config: Box::new(config) });
}

/// The same cases in every run of the gate; another seed explores (`PROPTEST_RNG_SEED=9 PROPTEST_CASES=5000`).
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let seed = if asked.rng_seed == RngSeed::Random { RngSeed::Fixed(7) } else { asked.rng_seed };
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { asked.cases } else { 48 };
    ProptestConfig { cases, rng_seed: seed, failure_persistence: None, max_shrink_iters: 2_000, ..asked }
}

proptest! {
    #![proptest_config(config())]

    /// Whatever comes in, the world's checks hold; and when every leg is lost and every timer has come, nothing is left.
    #[test]
    fn any_inputs_leave_a_sound_exchange(steps in steps()) {
        let mut world = World::office();
        for step in &steps {
            play(&mut world, step);
        }
        world.engine(EngineInput::Inventory { legs: Vec::new() });
        world.pass(700_000);
        world.assert_at_rest();
        let calls = world.events.iter().filter(|event| event.what.name() == "call_cleared").count();
        prop_assert_eq!(world.records.len(), calls, "one record per call");
    }

    /// Equal inputs give equal octets, also where one of the two was restored from its snapshot half way.
    #[test]
    fn equal_inputs_give_equal_octets(steps in steps(), cut in 0..80usize) {
        let (mut one, mut other) = (World::office(), World::office());
        for (n, step) in steps.iter().enumerate() {
            if n == cut {
                other.restart();
            }
            play(&mut one, step);
            play(&mut other, step);
        }
        prop_assert_eq!(&one.events, &other.events);
        prop_assert_eq!(&one.orders, &other.orders);
        prop_assert_eq!(&one.replies, &other.replies);
        prop_assert_eq!(&one.records, &other.records);
        prop_assert_eq!(one.switch.snapshot(), other.switch.snapshot());
    }

    /// A snapshot that was damaged is refused or read, never a panic.
    #[test]
    fn a_damaged_snapshot_never_panics(steps in steps(), at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let mut world = World::office();
        for step in steps.iter().take(10) {
            play(&mut world, step);
        }
        let mut octets = world.switch.snapshot();
        let at = at.index(octets.len());
        octets[at] ^= with;
        let _ = Switch::restore(&octets);
        octets.truncate(at);
        prop_assert!(Switch::restore(&octets).is_none());
    }
}
