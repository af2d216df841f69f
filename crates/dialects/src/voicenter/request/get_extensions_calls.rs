//! GetExtensionsCalls: every extension with its live calls (VOI-ACT-01, VOI-ACT-03).
//!
//! Beside the vendor's documented keys those of its later clients are sent.

use super::super::live::{self, Taken, Words};
use super::super::sight::Sight;
use super::super::wire::Json;
use super::super::{address, id};
use super::Asked;
use switching::model::Device;
use switching::picture::Picture;

pub(super) fn list(asked: &Asked<'_>, _: &Sight) -> Vec<Json> {
    let wanted = asked.params.list(&["extension", "extensions"]);
    let wanted = |code: &str| wanted.as_ref().is_none_or(|list| list.iter().any(|it| it == code));
    let words = Words { config: &asked.door.config, clock: asked.door.exchange.clock() };
    address::each_extension(&asked.door.exchange, |picture, device| {
        let code = id::sip_code(device);
        wanted(&code).then(|| entry(&words, picture, &code, device))
    })
}

fn entry(words: &Words<'_>, picture: &Picture, code: &str, device: &Device) -> Json {
    let owner = picture.extension_of(device.id).and_then(|(_, extension)| extension.config.owner);
    let online = device.session.flatten();
    let online_name = online.and_then(|id| picture.users.get(&id)).map(|user| user.name.clone()).unwrap_or_default();
    let calls = device.connections.iter().filter_map(|id| Taken::live(picture, picture.connections.get(id)?));
    Json::object([
        ("name", Json::text(live::name(picture, device))),
        ("representative", Json::text(online_name)),
        ("peerstatus", Json::text(live::peer_status(&device.registration))),
        ("username", Json::text(code)),
        ("userID", live::user(owner)),
        ("onlineUserID", live::user(online)),
        ("onlineUserStatus", Json::number(live::online_status(online))),
        ("calls", Json::Array(calls.map(|taken| words.listed_call(taken)).collect())),
    ])
}
