//! Commands where a ladder would be too long: many at once, and the bounds of data.

use crate::world::{World, digits, key, named};
use std::collections::BTreeMap;
use switching::cause::Cause;
use switching::command::{Answer, Configure, DataPatch, DestinationCheck, DeviceName, MakeCall, Outcome, Verb, Which};
use switching::config::Change;
use switching::engine::EngineInput;
use switching::event::What;
use switching::id::{ConnectionId, DeviceId, ExtensionId, RequestId};
use switching::limits::{
    ACCOUNT_CODE_LEN_MAX, BARRED_MAX, CORRELATOR_LEN_MAX, CUSTOM_MAX, VAR_NAME_LEN_MAX, VAR_VALUE_LEN_MAX, VARS_MAX,
};
use switching::model::{FailTone, Prompt};
use switching::party::Digits;
use switching::refusal::Refusal;
use switching::{Input, Output};

fn make(from: DeviceName, to: Digits) -> MakeCall {
    MakeCall {
        from,
        to,
        prompt: Prompt::Ring,
        first: Default::default(),
        second: Default::default(),
        as_number: None,
        fail_tone: FailTone::Reject,
        talk_limit_ms: None,
        vars: BTreeMap::new(),
        custom: BTreeMap::new(),
        correlator: None,
        check: Default::default(),
    }
}

fn outcome(outputs: &[Output]) -> Outcome {
    let mut replies = outputs.iter().filter_map(|output| match output {
        Output::Reply(reply) => Some(reply.outcome.clone()),
        Output::Engine(_) | Output::Event(_) | Output::Record(_) | Output::Decision { .. } => None,
    });
    let first = replies.next().expect("a reply");
    assert_eq!(replies.next(), None, "one reply");
    first
}

fn refused_for(field: &str) -> Outcome {
    Err(Refusal::Value { field: field.to_owned() })
}

/// Fifty clients send the same command with the same key: one call, fifty equal replies, one of them the first.
#[test]
fn fifty_commands_with_one_key_make_one_call() {
    for reply in [switching::command::ReplyAt::Accepted, switching::command::ReplyAt::FirstAnswered] {
        let mut world = World::office();
        for _ in 0..50 {
            let mut command = world.plain(Verb::MakeCall(Box::new(make(named("1001"), digits("1002")))));
            command.key = Some(key("k", 1));
            command.reply = reply;
            world.give(Input::Command(Box::new(command)));
        }
        assert_eq!(world.mirror.calls.len(), 1);
        let leg = world.leg_of("1001");
        world.report(leg, None, switching::engine::ReportKind::Answered);
        let replies: Vec<_> = world.replies.iter().filter(|reply| reply.request.0 > 0).collect();
        assert_eq!(replies.len(), 50);
        assert_eq!(replies.iter().filter(|reply| !reply.replayed).count(), 1);
        for reply in &replies {
            assert!(matches!(reply.outcome, Ok(Answer::Made { .. })), "{reply:?}");
            assert_eq!(
                (&reply.outcome, reply.before, reply.through),
                (&replies[0].outcome, replies[0].before, replies[0].through)
            );
        }
    }
}

/// The same key of another account is another key.
#[test]
fn keys_belong_to_their_account() {
    let mut world = World::office();
    for account in ["a", "b"] {
        let mut command = world.plain(Verb::MakeCall(Box::new(make(named("1003"), digits("1002")))));
        command.by.account = account.to_owned();
        command.key = Some(key("k", 1));
        world.give(Input::Command(Box::new(command)));
    }
    assert_eq!(world.mirror.calls.len(), 2);
}

fn associate(patch: DataPatch) -> Outcome {
    let mut world = World::office();
    world.dials("1001", "1002");
    let connection = *world.mirror.connections.keys().next().expect("the caller");
    let verb = Verb::AssociateData { which: Which::Connection(connection), patch: Box::new(patch) };
    outcome(&world.command(verb))
}

fn many(count: usize, name: usize, value: usize) -> BTreeMap<String, String> {
    (0..count).map(|n| (format!("{n:0>name$}"), "v".repeat(value))).collect()
}

#[test]
fn attached_data_is_bounded() {
    let bytes = |len: usize| DataPatch { correlator: Some(vec![7; len]), ..DataPatch::default() };
    assert!(associate(bytes(CORRELATOR_LEN_MAX)).is_ok());
    assert_eq!(associate(bytes(CORRELATOR_LEN_MAX + 1)), refused_for("correlator"));

    let code = |len: usize| DataPatch { account_code: Some("9".repeat(len)), ..DataPatch::default() };
    assert!(associate(code(ACCOUNT_CODE_LEN_MAX)).is_ok());
    assert_eq!(associate(code(ACCOUNT_CODE_LEN_MAX + 1)), refused_for("account_code"));

    let custom = |values| DataPatch { custom: values, ..DataPatch::default() };
    assert!(associate(custom(many(CUSTOM_MAX, VAR_NAME_LEN_MAX, VAR_VALUE_LEN_MAX))).is_ok());
    assert_eq!(associate(custom(many(CUSTOM_MAX + 1, 4, 1))), refused_for("data"));
    assert_eq!(associate(custom(many(1, VAR_NAME_LEN_MAX + 1, 1))), refused_for("data"));
    assert_eq!(associate(custom(many(1, 1, VAR_VALUE_LEN_MAX + 1))), refused_for("data"));
    assert_eq!(associate(custom([(String::new(), String::new())].into())), refused_for("data"));

    let vars = |values| DataPatch { vars: values, ..DataPatch::default() };
    assert!(associate(vars(many(VARS_MAX, 4, 1))).is_ok());
    assert_eq!(associate(vars(many(VARS_MAX + 1, 4, 1))), refused_for("vars"));
}

/// Fifty names, then one more: the sum counts, not the single command.
#[test]
fn attached_data_is_bounded_in_sum() {
    let mut world = World::office();
    world.dials("1001", "1002");
    let which = Which::Connection(*world.mirror.connections.keys().next().expect("the caller"));
    let mut attach = |name: &str, value: &str| {
        let patch = DataPatch { custom: [(name.to_owned(), value.to_owned())].into(), ..DataPatch::default() };
        outcome(&world.command(Verb::AssociateData { which: which.clone(), patch: Box::new(patch) }))
    };
    for n in 0..CUSTOM_MAX {
        assert!(attach(&format!("name{n}"), "1").is_ok());
    }
    assert_eq!(attach("one more", "1"), refused_for("data"));
    assert!(attach("name7", "2").is_ok(), "a name that is there is replaced");
}

/// What a Make Call command brings along is in the call and its record.
#[test]
fn make_call_carries_data() {
    let mut world = World::office();
    let mut command = make(named("1001"), digits("1002"));
    command.vars = [("lang".to_owned(), "de".to_owned())].into();
    command.custom = [("order".to_owned(), "7".to_owned())].into();
    command.correlator = Some(b"opaque".to_vec());
    assert!(outcome(&world.command(Verb::MakeCall(Box::new(command)))).is_ok());
    let leg = world.leg_of("1001");
    world.report(leg, None, switching::engine::ReportKind::Answered);
    world.command(Verb::Shutdown);
    let record = world.records.last().expect("a record");
    assert_eq!(record.call.data.correlator.as_deref(), Some(b"opaque".as_slice()));
    assert_eq!(record.call.data.custom.get("order").map(String::as_str), Some("7"));
    assert_eq!(record.connections[0].connection.vars.get("lang").map(String::as_str), Some("de"));
    world.assert_at_rest();
}

/// Every name of a device leads to it, also the directory number of its extension.
#[test]
fn a_device_answers_to_all_its_names() {
    let names = |world: &World| {
        [
            DeviceName::Id(world.device("1001")),
            DeviceName::Number(digits("1001")),
            DeviceName::Sip("1001".into()),
            DeviceName::Resource("R1001".into()),
        ]
    };
    for n in 0..4 {
        let mut world = World::office();
        let [..] = names(&world);
        let name = names(&world)[n].clone();
        assert!(outcome(&world.command(Verb::MakeCall(Box::new(make(name, digits("1002")))))).is_ok());
        let caller = world.mirror.connections.values().next().expect("the first leg").device;
        assert_eq!(caller, world.device("1001"));
    }
}

/// Objects are changed only where they exist, and the ids that the exchange gives are never taken by a change.
#[test]
fn configuration_names_only_what_is_there() {
    let mut world = World::office();
    let extension = world.mirror.extensions.values().next().expect("one").config.clone();
    let device = world.mirror.devices.values().next().expect("one").config.clone();
    let trunk = world.mirror.trunks.values().next().expect("one").clone();
    let user = world.mirror.users.values().next().expect("one").clone();
    let unknown = 1_000;
    let changes = [
        Change::PutDevice { id: Some(DeviceId(unknown)), config: Box::new(device) },
        Change::RemoveDevice(DeviceId(unknown)),
        Change::PutExtension { id: Some(ExtensionId(unknown)), config: Box::new(extension) },
        Change::RemoveExtension(ExtensionId(unknown)),
        Change::PutUser { id: Some(switching::id::UserId(unknown)), config: Box::new(user) },
        Change::PutTrunk { id: Some(switching::id::TrunkId(unknown)), config: Box::new(trunk) },
    ];
    for change in changes {
        let seq = world.mirror.seq;
        let by = switching::command::Principal { door: "test".into(), account: "tester".into() };
        let request = world.next_request();
        let configure = switching::command::Configure { request, by, change: change.clone() };
        let outputs = world.give(Input::Configure(Box::new(configure)));
        assert!(outcome(&outputs).is_err(), "{change:?}");
        assert_eq!(world.mirror.seq, seq, "a refusal has no event");
    }
}

/// A number that moves to another phone changes the picture of both, and of a phone that loses its number for good.
#[test]
fn phones_that_lose_their_number_are_told() {
    let mut world = World::office();
    let old = world.device("1001");
    let new = world.device("2001");
    let (id, extension) = world.mirror.extension_by_number(&digits("1001")).expect("there");
    let mut config = extension.config.clone();
    config.primary = Some(new);
    world.configured(Change::PutExtension { id: Some(id), config: Box::new(config) });
    let changed = |world: &World, device: DeviceId| world.mirror.devices[&device].changed == world.mirror.seq;
    assert!(changed(&world, old) && changed(&world, new));
    world.configured(Change::RemoveExtension(id));
    assert!(changed(&world, new));
}

/// A device in a call cannot be removed, nor one that a number or trunk needs.
#[test]
fn what_is_in_use_stays() {
    let mut world = World::office();
    world.dials("2001", "1001");
    let configure = |world: &mut World, change: Change| {
        let by = switching::command::Principal { door: "test".into(), account: "tester".into() };
        let request = world.next_request();
        let configure = switching::command::Configure { request, by, change };
        outcome(&world.give(Input::Configure(Box::new(configure))))
    };
    for label in ["2001", "1001", "trunk", "1505"] {
        let device = world.device(label);
        assert_eq!(configure(&mut world, Change::RemoveDevice(device)), Err(Refusal::InUse), "{label}");
    }
    world.command(Verb::ClearConnection { which: Which::Connection(ConnectionId(1)) });
    let device = world.device("2001");
    assert!(configure(&mut world, Change::RemoveDevice(device)).is_ok());
    world.assert_at_rest();
}

/// A directory number stays as long as anybody calls, is called or rings for it.
#[test]
fn a_number_in_a_call_stays() {
    let mut world = World::office();
    let configure = |world: &mut World, change: Change| {
        let by = switching::command::Principal { door: "test".into(), account: "tester".into() };
        let request = world.next_request();
        let configure = switching::command::Configure { request, by, change };
        outcome(&world.give(Input::Configure(Box::new(configure))))
    };
    let number = |world: &World, text: &str| world.mirror.extension_by_number(&digits(text)).expect("there").0;
    let (caller, called, other) = (number(&world, "1001"), number(&world, "1002"), number(&world, "1003"));
    world.dials("1001", "1002");
    for rings in [false, true] {
        if rings {
            let leg = world.leg_of("1002");
            world.report(leg, None, switching::engine::ReportKind::Alerting);
        }
        let seq = world.mirror.seq;
        for id in [caller, called] {
            assert_eq!(configure(&mut world, Change::RemoveExtension(id)), Err(Refusal::InUse), "rings: {rings}");
        }
        assert_eq!(world.mirror.seq, seq);
    }
    assert!(configure(&mut world, Change::RemoveExtension(other)).is_ok());
    world.command(Verb::ClearConnection { which: Which::Connection(ConnectionId(1)) });
    for id in [caller, called] {
        assert!(configure(&mut world, Change::RemoveExtension(id)).is_ok());
    }
    world.assert_at_rest();
}

/// No telephone's resource id is the beginning of another's; a device that was so before may change in all else.
#[test]
fn resource_ids_do_not_begin_with_one_another() {
    let mut world = World::office();
    let put = |world: &mut World, label: Option<&str>, resource: &str| {
        let id = label.map(|label| world.device(label));
        let first = world.mirror.devices.values().next().expect("one").config.clone();
        let mut config = id.map_or(first, |id| world.mirror.devices[&id].config.clone());
        if id.is_none() {
            config.names = Default::default();
        }
        config.names.resource = Some(resource.to_owned());
        let by = switching::command::Principal { door: "test".into(), account: "tester".into() };
        let request = world.next_request();
        let change = Change::PutDevice { id, config: Box::new(config) };
        outcome(&world.give(Input::Configure(Box::new(switching::command::Configure { request, by, change }))))
    };
    for wrong in ["R", "R100", "R10011", "R1001é", "R1001/2"] {
        assert_eq!(put(&mut world, None, wrong), Err(Refusal::NameTaken), "{wrong}");
        assert_eq!(put(&mut world, Some("1002"), wrong), Err(Refusal::NameTaken), "{wrong}");
    }
    // Of its own name it may have a longer or shorter one, and keep what it has.
    for fine in ["R10011", "R1001", "R1001"] {
        assert!(put(&mut world, Some("1001"), fine).is_ok(), "{fine}");
    }
    assert!(put(&mut world, None, "é").is_ok());
    assert_eq!(put(&mut world, None, "ée"), Err(Refusal::NameTaken));
}

/// What a class of service forbids: refused at once where the command asks for that, else when it is dialled; and a phone that
/// dials it by hand is told.
#[test]
fn a_class_of_service_bars_numbers_whoever_dials_them() {
    let mut world = World::office();
    let (_, extension) = world.mirror.extension_by_number(&digits("1001")).expect("configured");
    let device = world.mirror.devices[&extension.config.primary.expect("it has a phone")].clone();
    let mut config = device.config.clone();
    config.class.barred = vec![digits("1002"), digits("00")];
    world.configured(Change::PutDevice { id: Some(device.id), config: Box::new(config) });
    let mut order = |to: &str, check: DestinationCheck| {
        let make = MakeCall { check, ..make(named("1001"), digits(to)) };
        let command = world.plain(Verb::MakeCall(Box::new(make)));
        outcome(&world.give(Input::Command(Box::new(command))))
    };
    for check in [DestinationCheck::Early, DestinationCheck::Rights] {
        assert_eq!(order("1002", check), Err(Refusal::Restricted));
        assert_eq!(order("0032", check), Err(Refusal::Restricted), "also where there is no such number");
    }
    assert_eq!(order("9999", DestinationCheck::Early), Err(Refusal::UnknownNumber));
    assert!(order("1002", DestinationCheck::Late).is_ok());
    let leg = world.leg_of("1001");
    let outputs = world.report(leg, None, switching::engine::ReportKind::Answered);
    let blocked = |output: &Output| match output {
        Output::Event(event) => matches!(&event.what, What::Failed { cause: Cause::Blocked, .. }),
        _ => false,
    };
    assert!(outputs.iter().any(blocked), "{outputs:?}");
    let too_many = vec![digits("1"); BARRED_MAX + 1];
    let mut config = device.config;
    config.class.barred = too_many;
    let change = Change::PutDevice { id: Some(device.id), config: Box::new(config) };
    let by = world.plain(Verb::Shutdown).by;
    let configure = Configure { request: RequestId(0), by, change };
    assert_eq!(outcome(&world.give(Input::Configure(Box::new(configure)))), refused_for("barred"));
}

/// From the stop on nothing new is taken, by name; a new life takes everything again.
#[test]
fn after_a_shutdown_commands_and_calls_are_refused_until_a_new_life() {
    let mut world = World::office();
    assert!(outcome(&world.command(Verb::Shutdown)).is_ok());
    let call = || Verb::MakeCall(Box::new(make(named("1001"), digits("1002"))));
    let seq = world.switch.picture().seq;
    for verb in [call(), Verb::SetDoNotDisturb { number: digits("1001"), on: true }] {
        assert_eq!(outcome(&world.command(verb)), Err(Refusal::OutOfService));
    }
    assert!(outcome(&world.command(Verb::Shutdown)).is_ok(), "stopping twice is stopping");
    assert_eq!(world.switch.picture().seq, seq, "a refusal changes nothing");
    world.give(Input::Engine(EngineInput::Inventory { legs: Vec::new() }));
    assert!(outcome(&world.command(call())).is_ok());
}
