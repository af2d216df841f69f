//! Ladders as text: scripts of what happens, each followed by what the exchange did about it.
//!
//! A file in `tests/ladders` holds lines at the margin (what happens) and indented lines (what must come of it). A test plays
//! the lines at the margin and compares the whole. `UPDATE_LADDERS=1` writes what came instead; read it before you keep it.

use crate::world::{World, contact, digits, key, named};
use std::collections::BTreeMap;
use std::path::Path;
use switching::cause::Cause;
use switching::command::{DataPatch, DestinationCheck, Guard, LegOptions, MakeCall, ReplyAt, Verb, Which};
use switching::engine::{EngineInput, OrderFault, ReportKind};
use switching::id::{CallId, ConnectionId, LegId, UserId};
use switching::model::{ConnectionState, FailTone, Prompt};
use switching::{Input, Output};

/// Plays the ladder file of this name and compares.
pub fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ladders").join(format!("{name}.txt"));
    let expected = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let actual = play(&expected);
    if std::env::var_os("UPDATE_LADDERS").is_some() {
        std::fs::write(&path, &actual).expect("the ladder can be written");
        return;
    }
    if actual != expected {
        let differs = actual.lines().zip(expected.lines()).position(|(a, b)| a != b);
        let at = differs.unwrap_or_else(|| actual.lines().count().min(expected.lines().count()));
        panic!("{name}: differs at line {}; the exchange did:\n{actual}", at + 1);
    }
}

/// Plays the lines at the margin; gives them with what came of each.
fn play(text: &str) -> String {
    let mut world = World::office();
    let mut out = String::new();
    let mut last_report = None;
    let mut rests = true;
    for line in text.lines().filter(|line| !line.starts_with(' ')) {
        out.push_str(line);
        out.push('\n');
        if line.is_empty() || line.starts_with('#') {
            rests &= line != "# does not come to rest";
            continue;
        }
        let outputs = step(&mut world, line, &mut last_report);
        for output in outputs {
            let shown = sim::ladder::output(&output, world.switch.picture(), world.base);
            out.push_str(&format!("    {shown}\n"));
        }
    }
    if rests {
        world.assert_at_rest();
    }
    out
}

type LastReport = Option<(LegId, u32, ReportKind)>;

fn step(world: &mut World, line: &str, last: &mut LastReport) -> Vec<Output> {
    let words: Vec<&str> = line.split_whitespace().collect();
    if let Some(ms) = line.strip_prefix('+') {
        return world.pass(ms.trim().parse().expect("milliseconds"));
    }
    let options = options(&words);
    match words.as_slice() {
        ["restart"] => {
            world.restart();
            Vec::new()
        }
        ["again"] => {
            let (leg, seq, what) = last.clone().expect("something was reported");
            world.report(leg, Some(seq), what)
        }
        ["inventory", legs @ ..] => {
            let legs = legs.iter().map(|text| parse_leg(text).expect("a leg")).collect();
            world.engine(EngineInput::Inventory { legs })
        }
        ["done"] => world.engine(EngineInput::OrderDone(world.last_order())),
        ["failed", why] => {
            let why = match *why {
                "cannot" => OrderFault::DeviceCannot,
                "refused" => OrderFault::Refused,
                "unknown_leg" => OrderFault::UnknownLeg,
                "no_response" => OrderFault::NoResponse,
                other => panic!("no fault {other}"),
            };
            world.engine(EngineInput::OrderFailed { id: world.last_order(), why })
        }
        ["register", label] => {
            let device = world.device(label);
            world.engine(EngineInput::Registration { device, contacts: vec![contact(label)] })
        }
        ["unregister", label] => {
            let device = world.device(label);
            world.engine(EngineInput::Registration { device, contacts: Vec::new() })
        }
        ["make", from, to, ..] => command(world, make(from, to, &options), &options),
        ["answer", which, ..] => command(
            world,
            Verb::AnswerCall { which: selector(which, &[ConnectionState::Alerting], &options) },
            &options,
        ),
        ["clear", which, ..] => {
            command(world, Verb::ClearConnection { which: selector(which, &ANY_STATE, &options) }, &options)
        }
        ["clear_call", which, ..] => match CallId::parse(which) {
            Some(call) => command(world, Verb::ClearCallById { call }, &options),
            None => command(world, Verb::ClearCall { which: selector(which, &ANY_STATE, &options) }, &options),
        },
        ["clear_device", label] => command(world, Verb::ClearDevice { device: named(label) }, &options),
        ["data", which, ..] => {
            let which = selector(which, &ANY_STATE, &options);
            command(world, Verb::AssociateData { which, patch: Box::new(patch(&words)) }, &options)
        }
        ["dnd", number, on] => {
            command(world, Verb::SetDoNotDisturb { number: digits(number), on: *on == "on" }, &options)
        }
        ["open", label, ..] => {
            let user = options.get("user").map(|user| UserId::parse(user).expect("a user"));
            command(world, Verb::OpenSession { device: named(label), user }, &options)
        }
        ["close", label] => command(world, Verb::CloseSession { device: named(label) }, &options),
        ["shutdown"] => command(world, Verb::Shutdown, &options),
        [leg, "arrives", "again"] => {
            let what = arrived(world, "1001", "1002");
            world.report(parse_leg(leg).expect("a leg"), Some(1), what)
        }
        [label, "dials", number] => {
            let (leg, outputs) = world.dials(label, number);
            *last = Some((leg, 1, arrived(world, label, number)));
            outputs
        }
        [who, what @ ..] => {
            let leg = parse_leg(who).unwrap_or_else(|| world.leg_of(who));
            let (what, seq) = what_happens(what);
            let outputs = world.report(leg, seq, what.clone());
            *last = Some((leg, seq.unwrap_or(1), what));
            outputs
        }
        [] => Vec::new(),
    }
}

fn arrived(world: &World, label: &str, number: &str) -> ReportKind {
    ReportKind::Arrived { device: world.device(label), dialled: digits(number), from: None, withheld: false }
}

const ANY_STATE: [ConnectionState; 4] =
    [ConnectionState::Alerting, ConnectionState::Connected, ConnectionState::Initiated, ConnectionState::Fail];

fn what_happens(words: &[&str]) -> (ReportKind, Option<u32>) {
    let (words, seq) = match words {
        [words @ .., seq] if seq.starts_with('#') => (words, Some(seq[1..].parse().expect("a number"))),
        words => (words, None),
    };
    let what = match words {
        ["rings"] => ReportKind::Alerting,
        ["answers"] => ReportKind::Answered,
        ["refuses", why] => {
            let cause = cause(why);
            ReportKind::Refused { cause, q850: cause.q850() }
        }
        ["hangs", "up"] => ReportKind::Released { cause: Cause::NormalClearing, q850: 16 },
        ["is", "lost"] => ReportKind::Released { cause: Cause::EngineLost, q850: 41 },
        ["presses", keys] => ReportKind::Digits { digits: digits(keys) },
        other => panic!("what is {other:?}?"),
    };
    (what, seq)
}

fn cause(name: &str) -> Cause {
    let known = [
        Cause::Busy,
        Cause::Rejected,
        Cause::NotObtainable,
        Cause::PeerFailure,
        Cause::DoNotDisturb,
        Cause::Incompatible,
        Cause::EngineLost,
        Cause::Timeout,
    ];
    known.into_iter().find(|cause| cause.name() == name).unwrap_or_else(|| panic!("no cause {name}"))
}

fn parse_leg(text: &str) -> Option<LegId> {
    match text.strip_prefix("in_") {
        Some(number) => number.parse().ok().map(LegId::arrived),
        None => LegId::parse(text),
    }
}

type Options<'a> = BTreeMap<&'a str, &'a str>;

fn options<'a>(words: &[&'a str]) -> Options<'a> {
    words.iter().map(|word| word.split_once('=').unwrap_or((word, ""))).collect()
}

fn number<T: std::str::FromStr>(options: &Options<'_>, name: &str) -> Option<T> {
    options.get(name).map(|value| value.parse().unwrap_or_else(|_| panic!("{name}={value} is no number")))
}

fn make(from: &str, to: &str, options: &Options<'_>) -> Verb {
    let leg = |ring: &str| LegOptions {
        ring_ms: number(options, ring),
        must_be_registered: options.contains_key("registered"),
        ..LegOptions::default()
    };
    Verb::MakeCall(Box::new(MakeCall {
        from: named(from),
        to: digits(to),
        prompt: match options.get("prompt").copied() {
            None | Some("ring") => Prompt::Ring,
            Some("off_hook") => Prompt::OffHook,
            Some("auto_answer") => Prompt::AutoAnswer,
            Some(other) => panic!("no prompt {other}"),
        },
        first: LegOptions { caller_id: options.get("show").map(|show| digits(show)), ..leg("ring1") },
        second: LegOptions {
            must_be_registered: options.contains_key("registered2"),
            auto_answer: options.contains_key("auto2"),
            withheld: options.contains_key("withheld"),
            ..leg("ring2")
        },
        as_number: options.get("as").map(|number| digits(number)),
        fail_tone: number(options, "tone").map_or(FailTone::Reject, |ms| FailTone::Tone { ms }),
        talk_limit_ms: number(options, "limit"),
        vars: BTreeMap::new(),
        custom: BTreeMap::new(),
        correlator: None,
        check: if options.contains_key("late") { DestinationCheck::Late } else { DestinationCheck::Early },
    }))
}

fn patch(words: &[&str]) -> DataPatch {
    let mut patch = DataPatch::default();
    for (name, value) in words.iter().filter_map(|word| word.split_once('=')) {
        match name.split_once(':') {
            Some(("custom", name)) => {
                patch.custom.insert(name.to_owned(), value.to_owned());
            }
            Some(("var", name)) => {
                patch.vars.insert(name.to_owned(), value.to_owned());
            }
            Some(_) | None if name == "correlator" => patch.correlator = Some(value.as_bytes().to_vec()),
            Some(_) | None if name == "account" => patch.account_code = Some(value.to_owned()),
            Some(_) | None => {}
        }
    }
    patch
}

fn selector(which: &str, states: &[ConnectionState], options: &Options<'_>) -> Which {
    if let Some(connection) = ConnectionId::parse(which) {
        return Which::Connection(connection);
    }
    let device = named(which);
    match options.get("call") {
        Some(call) => Which::InCall { device, call: CallId::parse(call).expect("a call") },
        None => {
            let states = options.get("states").map_or_else(|| states.to_vec(), |states| parse_states(states));
            let other_party = options.get("other").map(|number| digits(number));
            Which::OfDevice { device, states, other_party }
        }
    }
}

fn parse_states(text: &str) -> Vec<ConnectionState> {
    let known = [
        ConnectionState::Initiated,
        ConnectionState::Alerting,
        ConnectionState::Connected,
        ConnectionState::Hold,
        ConnectionState::Queued,
        ConnectionState::Fail,
    ];
    let parse = |name: &str| known.into_iter().find(|state| state.name() == name).expect("a state");
    text.split(',').map(parse).collect()
}

fn command(world: &mut World, verb: Verb, options: &Options<'_>) -> Vec<Output> {
    let mut command = world.plain(verb);
    command.guard = Guard {
        device_idle: options.contains_key("idle"),
        states: options.get("guard").map_or_else(Vec::new, |states| parse_states(states)),
        other_party: options.get("guard_other").map(|number| digits(number)),
    };
    if options.contains_key("first_answered") {
        command.reply = ReplyAt::FirstAnswered;
    }
    command.deadline_ms = number(options, "deadline");
    command.key = options.get("key").map(|name| key(name, number(options, "body").unwrap_or(0)));
    world.give(Input::Command(Box::new(command)))
}
