//! The simulated phones, by themselves: what a hand and a script do to them.

use super::*;

const PHONE: DeviceId = DeviceId(1);

fn drain(engine: &mut Simulated) -> Vec<String> {
    std::iter::from_fn(|| engine.poll())
        .map(|input| match input {
            EngineInput::Report(Report { leg_seq, what, .. }) => format!("{leg_seq} {what:?}"),
            EngineInput::Registration { contacts, .. } => format!("registered {}", contacts.len()),
            other => format!("{other:?}"),
        })
        .collect()
}

fn ring(engine: &mut Simulated, auto_answer: bool) {
    let number = Digits::parse("1001").expect("a number");
    let from = Party::remote(number.clone(), String::new());
    let what = OrderKind::Ring { device: PHONE, from, to: number, peer: None, auto_answer, ring_limit_ms: 60_000 };
    engine.order(Time(0), Order { id: OrderId(1), leg: LegId(1), what });
}

fn plugged(script: Script) -> Simulated {
    let mut engine = Simulated::new(0);
    engine.add_phone(PHONE, "test");
    assert_eq!(drain(&mut engine), ["registered 1"]);
    engine.set_script(PHONE, script).expect("the phone is there");
    engine
}

#[test]
fn a_phone_waits_for_a_hand() {
    let mut engine = plugged(Script::default());
    ring(&mut engine, false);
    assert_eq!(drain(&mut engine), ["1 Alerting"]);
    engine.hand(Time(5), PHONE, Hand::Answer).expect("it rings");
    assert_eq!(drain(&mut engine), ["2 Answered"]);
    assert_eq!(engine.hand(Time(6), PHONE, Hand::Answer), Err(HandFault::NoCall));
    engine.hand(Time(7), PHONE, Hand::HangUp).expect("it talks");
    assert_eq!(drain(&mut engine), ["3 Released { cause: NormalClearing, q850: 16 }"]);
    assert_eq!(engine.legs(), 0);
}

#[test]
fn a_script_answers_presses_and_hangs_up() {
    let digits = Digits::parse("12#").expect("digits");
    let mut engine = plugged(Script {
        on_ring: OnRing::Answer { after_ms: 2_000 },
        press: vec![(500, digits)],
        hang_up_after_ms: Some(30_000),
    });
    ring(&mut engine, false);
    assert_eq!(engine.poll_timeout(), Some(Time(2_000)));
    engine.handle_timeout(Time(1_999));
    assert_eq!(drain(&mut engine), ["1 Alerting"]);
    engine.handle_timeout(Time(2_000));
    assert_eq!(drain(&mut engine), ["2 Answered"]);
    engine.handle_timeout(Time(2_500));
    assert_eq!(drain(&mut engine), ["3 Digits { digits: Digits(\"12#\") }"]);
    engine.handle_timeout(Time(32_000));
    assert_eq!(drain(&mut engine), ["4 Released { cause: NormalClearing, q850: 16 }"]);
    assert_eq!(engine.poll_timeout(), None);
}

#[test]
fn auto_answer_busy_vanish_and_unplug() {
    let mut engine = plugged(Script::default());
    ring(&mut engine, true);
    assert_eq!(drain(&mut engine), ["1 Alerting", "2 Answered"]);
    engine.hand(Time(1), PHONE, Hand::Unplug).expect("it is there");
    assert_eq!(drain(&mut engine), ["registered 0", "3 Released { cause: EngineLost, q850: 41 }"]);
    ring(&mut engine, false);
    assert_eq!(drain(&mut engine), ["1 Refused { cause: Unregistered, q850: 20 }"]);

    let mut engine = plugged(Script { on_ring: OnRing::Busy, ..Script::default() });
    ring(&mut engine, false);
    assert_eq!(drain(&mut engine), ["1 Refused { cause: Busy, q850: 17 }"]);

    let mut engine = plugged(Script { on_ring: OnRing::Vanish, ..Script::default() });
    ring(&mut engine, true);
    assert!(drain(&mut engine).is_empty());
    assert_eq!(engine.hand(Time(1), PHONE, Hand::Answer), Err(HandFault::NoCall));
}
