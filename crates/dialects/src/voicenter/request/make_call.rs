//! `action=call`: two legs, the first rung first (VOI-C2C-02 to 04, 06 to 09, 12, 19, 20).
//!
//! Accepted and without effect, because there is nothing behind them: `record`, `language`. There are no voicemail boxes, no login
//! codes and no customer trunks, so naming one is wrong. A first leg outside is refused: no line leads out yet.

use super::super::address::{self, Place};
use super::super::error::Refused;
use super::super::{id, number};
use super::click2call::Outcome;
use super::{Asked, DOOR};
use crate::common::ask::Ask;
use crate::common::exchange::Submit;
use std::collections::BTreeMap;
use switching::command::{Answer, DestinationCheck, DeviceName, LegOptions, MakeCall, Principal, Verb};
use switching::event::What;
use switching::id::{DeviceId, StageId};
use switching::limits::{NAME_LEN_MAX, VAR_NAME_LEN_MAX};
use switching::model::{FailTone, Prompt};
use switching::party::Digits;
use switching::picture::Picture;
use switching::time::Time;

/// Custom parameters that are kept (VOI-LIM-03).
const CUSTOM_MAX: usize = 10;
/// Characters of a custom parameter's name (VOI-LIM-07).
const CUSTOM_NAME_MAX: usize = 64;
/// Characters of a custom parameter's value (VOI-LIM-07).
const CUSTOM_VALUE_MAX: usize = 128;
/// How long a leg rings, in seconds (VOI-C2C-04).
const DIAL_S: u64 = 60;
/// How long the legs may talk, in seconds (VOI-C2C-04).
const DURATION_S: u64 = 7_200;
/// Events in which the root stage of a call just made is looked for.
const EVENTS_MAX: usize = 8;

pub(super) async fn carry_out(asked: &Asked<'_>, account: String) -> Outcome {
    let make = asked.door.exchange.read(|picture| order(asked, picture))?;
    let by = Principal { door: DOOR.to_owned(), account };
    let submit = Submit::plain(by, Verb::MakeCall(Box::new(make)));
    let stopping = Refused::application("The platform is not in service");
    let reply = asked.door.exchange.command(submit).await.map_err(|_| stopping.clone())?;
    let stage = match reply.outcome? {
        Answer::Made { stage, .. } | Answer::Connection { stage, .. } | Answer::Ended { root: stage, .. } => stage,
        Answer::Done | Answer::Configured(_) => return Err(Refused::application("Application error")),
    };
    let opened = opened(asked, stage, reply.before, reply.through).await.ok_or(stopping)?;
    Ok(id::call(opened, stage, asked.door.config.node))
}

/// When a stage was opened: the mirror has it while the call lives, the log always.
async fn opened(asked: &Asked<'_>, wanted: StageId, before: u64, through: u64) -> Option<Time> {
    let exchange = &asked.door.exchange;
    exchange.reached(through).await;
    if let Some(opened) = exchange.read(|picture| picture.stages.get(&wanted).map(|stage| stage.opened)) {
        return Some(opened);
    }
    let events = exchange.ask(|back| Ask::Events { from: before + 1, most: EVENTS_MAX, back }).await.ok()?.ok()?;
    events.into_iter().find_map(|event| {
        let What::StageOpened { stage } = event.what else { return None };
        (stage.id == wanted).then_some(stage.opened)
    })
}

/// The command that the parameters stand for, checked in the order of VOI-C2C-02.
fn order(asked: &Asked<'_>, picture: &Picture) -> Result<MakeCall, Refused> {
    let (params, config) = (&asked.params, &asked.door.config);
    let phone = phone(asked, picture)?;
    let target = params.given("target").ok_or_else(|| Refused::missing("target"))?;
    let target_place = address::place(picture, &target, &config.home_country);
    let (to, target_device) = match target_place.ok_or_else(|| Refused::invalid("target"))? {
        Place::Extension(device, Some(number)) => (number, Some(device)),
        Place::Extension(_, None) => return Err(Refused::invalid("target")),
        Place::Number(number) => (number, None),
    };
    let phone_dial_s = seconds(asked, "phonemaxdialtime", DIAL_S, config.dial_max_s)?;
    let target_dial_s = seconds(asked, "targetmaxdialtime", DIAL_S, config.dial_max_s)?;
    let duration_s = seconds(asked, "maxduration", DURATION_S, config.duration_max_s)?;
    if params.given("vm_id").is_some() {
        return Err(Refused::invalid("vm_id"));
    }
    let check_phone = params.flag("checkphonedevicestate");
    let Some(phone) = phone else { return Err(Refused::application("No line leads to numbers outside")) };
    permitted(picture, phone, check_phone)?;
    let first = LegOptions {
        ring_ms: Some(phone_dial_s * 1_000),
        must_be_registered: check_phone,
        ..shown(asked, "phone", Some(&to))
    };
    let second = LegOptions {
        ring_ms: Some(target_dial_s * 1_000),
        must_be_registered: params.flag("checktargetdevicestate") && target_device.is_some(),
        auto_answer: params.flag("targetautoanswer"),
        ..shown(asked, "target", None)
    };
    if let Some(device) = target_device {
        permitted(picture, device, second.must_be_registered)?;
    }
    Ok(MakeCall {
        from: DeviceName::Id(phone),
        to,
        prompt: if params.flag("phoneautoanswer") { Prompt::AutoAnswer } else { Prompt::Ring },
        first,
        second,
        as_number: None,
        fail_tone: FailTone::Tone { ms: config.fail_tone_ms },
        talk_limit_ms: Some(duration_s * 1_000),
        vars: BTreeMap::new(),
        custom: custom(asked),
        correlator: None,
        check: DestinationCheck::Late,
    })
}

/// The device of the first leg; none: a number outside.
fn phone(asked: &Asked<'_>, picture: &Picture) -> Result<Option<DeviceId>, Refused> {
    let phone = asked.params.given("phone").ok_or_else(|| Refused::missing("phone"))?;
    reserved(asked, &phone)?;
    match address::place(picture, &phone, &asked.door.config.home_country) {
        Some(Place::Extension(device, _)) => Ok(Some(device)),
        Some(Place::Number(_)) => Ok(None),
        None => Err(Refused::invalid("phone")),
    }
}

/// The words that are no address (VOI-C2C-09): nobody is logged in with a code, and no customer has a trunk.
pub(super) fn reserved(asked: &Asked<'_>, phone: &str) -> Result<(), Refused> {
    if phone.eq_ignore_ascii_case("siptrunk") {
        return Err(Refused::invalid("phone"));
    }
    if phone.eq_ignore_ascii_case("logincode") {
        let given = asked.params.given("phonelogincode").is_some();
        return Err(if given { Refused::invalid("phonelogincode") } else { Refused::missing("phonelogincode") });
    }
    Ok(())
}

/// Click2Call may be switched off for an extension (VOI-ADM-04). Its state, where it is asked for, is said first.
fn permitted(picture: &Picture, device: DeviceId, check: bool) -> Result<(), Refused> {
    let Some(device) = picture.devices.get(&device).filter(|device| device.config.class.no_click_to_call) else {
        return Ok(());
    };
    Err(if check && !device.in_service() { Refused::offline() } else { Refused::blocked() })
}

/// Whom a leg shows as the caller (VOI-C2C-06). A number that cannot be shown is passed over, never refused.
fn shown(asked: &Asked<'_>, leg: &str, default: Option<&Digits>) -> LegOptions {
    let params = &asked.params;
    let wanted = params.given(&format!("{leg}callerid"));
    let withheld = wanted.as_deref().is_some_and(|number| number.eq_ignore_ascii_case(number::ANONYMOUS));
    let number = wanted.filter(|_| !withheld).and_then(|number| presentable(&number));
    let name = params.given(&format!("{leg}callername")).map(|name| cut(&clean(&name), NAME_LEN_MAX, NAME_LEN_MAX));
    // The first leg shows whom it will reach, without a name; the second what belongs to the first leg's extension.
    let name = if default.is_some() { Some(name.unwrap_or_default()) } else { name };
    LegOptions { caller_id: number.or_else(|| default.cloned()), caller_name: name, withheld, ..LegOptions::default() }
}

fn presentable(number: &str) -> Option<Digits> {
    let digits: String = number.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '(' | ')')).collect();
    let plausible = digits.trim_start_matches('+').bytes().all(|b| b.is_ascii_digit());
    Digits::parse(&digits).filter(|_| plausible)
}

/// Named values that travel with the call (VOI-C2C-12).
fn custom(asked: &Asked<'_>) -> BTreeMap<String, String> {
    let given = asked.params.beginning("var_").into_iter().take(CUSTOM_MAX);
    let pair = |(name, value): (String, String)| {
        (cut(&name, CUSTOM_NAME_MAX, VAR_NAME_LEN_MAX), cut(&value, CUSTOM_VALUE_MAX, usize::MAX))
    };
    given.map(pair).collect()
}

/// A positive number of seconds; above the maximum it is the maximum.
fn seconds(asked: &Asked<'_>, name: &str, default: u64, most: u64) -> Result<u64, Refused> {
    let Some(text) = asked.params.given(name) else { return Ok(default.min(most)) };
    let digits = text.bytes().all(|b| b.is_ascii_digit()) && text.bytes().any(|b| b != b'0');
    // More digits than a number has are more than the maximum.
    if digits { Ok(text.parse().unwrap_or(u64::MAX).min(most)) } else { Err(Refused::invalid(name)) }
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// The beginning of a text: so many characters, and so many octets.
fn cut(text: &str, chars: usize, octets: usize) -> String {
    let mut kept = String::new();
    for c in text.chars().take(chars) {
        if kept.len() + c.len_utf8() > octets {
            break;
        }
        kept.push(c);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!(cut("אבג", 2, 128), "אב");
        assert_eq!(cut("אבג", 3, 5), "אב");
        assert_eq!(cut("abc", 3, 3), "abc");
        assert_eq!(clean("a\r\nb\tc\u{0}"), "abc");
    }

    #[test]
    fn only_numbers_are_shown() {
        for (text, shown) in [
            ("050-000 0000", Some("0500000000")),
            ("+972500000000", Some("+972500000000")),
            ("x", None),
            ("1\r\n2", Some("12")),
            ("", None),
        ] {
            assert_eq!(presentable(text).as_ref().map(Digits::as_str), shown, "{text:?}");
        }
    }
}
