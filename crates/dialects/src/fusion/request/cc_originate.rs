//! ccOriginate (FUS-CC-01): rings the first party, then dials `to` for it.
//!
//! Not done yet: `technology=Local` makes no `Local/` channels, so it works for numbers of this exchange with the pair
//! optimised away, and is refused where the pair is to stay; there are no IAX resources, so `technology=IAX` always fails.

use super::super::id;
use super::{Answer, Asked, code};
use std::collections::BTreeMap;
use switching::command::{DestinationCheck, DeviceName, LegOptions, MakeCall, ReplyAt, Verb};
use switching::config::ExtensionConfig;
use switching::model::{FailTone, Prompt};
use switching::party::Digits;
use switching::picture::Picture;

/// Pairs in `var` (FUS-LIM-02).
const VARS_MAX: usize = 50;
/// Characters of a value in `var` (FUS-LIM-02).
const VAR_VALUE_LEN_MAX: usize = 59;
/// How ids of phones begin that give a context to `technology=Local`.
const PHONE_PREFIXES: [&str; 2] = ["SD", "SV"];

pub(super) async fn answer(asked: &Asked<'_>) -> Answer {
    let Some(make) = asked.door.exchange.read(|picture| order(asked, picture)) else { return code(false) };
    let at = if asked.params.flag("async", false) { ReplyAt::Accepted } else { ReplyAt::FirstAnswered };
    code(asked.command("ccOriginate", Verb::MakeCall(Box::new(make)), at).await)
}

/// The command that the parameters stand for; none: a parameter is missing or bad.
fn order(asked: &Asked<'_>, picture: &Picture) -> Option<MakeCall> {
    let (params, config) = (asked.params, &asked.door.config);
    let to = number(params.get("to")?)?;
    let extension = match params.get("ext") {
        None => None,
        Some(ext) => {
            let (_, extension) = picture.extension_by_number(&number(ext)?)?;
            Some(&extension.config).filter(|it| it.primary.or(it.secondary).is_some()).map(Some)?
        }
    };
    let local = match params.get("technology") {
        None => false,
        Some(technology) if technology.eq_ignore_ascii_case("Local") => true,
        Some(_) => return None,
    };
    let phone_id = params.get("phone_id")?;
    let from = if local {
        local_party(picture, extension?, phone_id, params.flag("local_optimization", true))?
    } else {
        let fits = id::DEVICE_LEN.contains(&phone_id.len());
        DeviceName::Id(id::device_named(picture, phone_id).filter(|_| fits)?.id)
    };
    let vars = variables(params.get("var").unwrap_or_default())?;
    Some(MakeCall {
        from,
        to,
        prompt: Prompt::Ring,
        first: LegOptions { ring_ms: Some(config.first_ring_ms), must_be_registered: true, ..LegOptions::default() },
        second: LegOptions { ring_ms: Some(config.second_ring_ms), ..LegOptions::default() },
        as_number: extension.map(|extension| extension.number.clone()),
        fail_tone: FailTone::Tone { ms: config.fail_tone_ms },
        talk_limit_ms: None,
        vars,
        custom: BTreeMap::new(),
        correlator: None,
        check: DestinationCheck::Early,
    })
}

/// The first party of `technology=Local`: a number, dialled in the context of a phone of the extension.
fn local_party(picture: &Picture, extension: &ExtensionConfig, phone_id: &str, optimised: bool) -> Option<DeviceName> {
    let phones = [extension.primary, extension.secondary].into_iter().flatten();
    let mut names = phones.filter_map(|phone| picture.devices.get(&phone)).map(id::device_name);
    let valid = names.any(|name| PHONE_PREFIXES.iter().any(|prefix| name.starts_with(prefix)));
    if valid && optimised { number(phone_id).map(DeviceName::Number) } else { None }
}

fn number(text: &str) -> Option<Digits> {
    if id::is_number(text) { Digits::parse(text) } else { None }
}

/// `name1=value1|name2=|name3=value3`; none: something of it is out of bounds.
fn variables(text: &str) -> Option<BTreeMap<String, String>> {
    if text.is_empty() {
        return Some(BTreeMap::new());
    }
    let pairs: Vec<&str> = text.split('|').collect();
    if pairs.len() > VARS_MAX {
        return None;
    }
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let fits = value.len() <= VAR_VALUE_LEN_MAX && value.bytes().all(|b| b.is_ascii_alphanumeric());
        (fits && !name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
    };
    pairs.into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_taken_whole_or_not_at_all() {
        let taken = |text: &str| variables(text).map(|vars| vars.into_iter().collect::<Vec<_>>());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(taken(""), Some(vec![]));
        assert_eq!(taken("Campaign=A1|Note="), Some(vec![pair("Campaign", "A1"), pair("Note", "")]));
        assert_eq!(taken(&format!("a={}", "x".repeat(59))), Some(vec![pair("a", &"x".repeat(59))]));
        for wrong in ["a=1=2", "a", "a=1|", "=1", "a=1 2", "a=é", "a=-", "a=1|b", &format!("a={}", "x".repeat(60))] {
            assert_eq!(taken(wrong), None, "{wrong}");
        }
        let many = |n: usize| (0..n).map(|n| format!("v{n}=1")).collect::<Vec<_>>().join("|");
        assert_eq!(taken(&many(50)).map(|vars| vars.len()), Some(50));
        assert_eq!(taken(&many(51)), None);
    }
}
