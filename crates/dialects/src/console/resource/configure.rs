//! Devices and directory numbers as configured: POST creates, PATCH (RFC 7396) changes, DELETE removes what is not in use.
//!
//! The revision is a hash of the configuration, so two editors are told apart (`If-Match`); the core checks the whole.

use super::super::answer;
use super::super::declared;
use super::super::dispatch::Incoming;
use super::super::name;
use super::super::operation::{Gives, Method, Need, Operation, Outcome};
use super::super::problem::{Done, Problem, lost};
use super::super::shape::{Fields, Shape, optional, required};
use super::super::verb::{ANSWERED, DIGITS, NO_QUERY};
use super::super::wire::{ID, NAMED};
use axum::http::header;
use axum::response::Response;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fmt::Debug;
use switching::command::Answer;
use switching::config::{Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, ExtensionConfig, Names};
use switching::id::{DeviceId, ExtensionId, UserId};
use switching::limits::BARRED_MAX;
use switching::picture::Picture;

const NAME: Shape = Shape::Text { least: 0, most: 128 };
const LINES: Shape = Shape::Number { least: 1, most: 1_000 };
const RING_MS: Shape = Shape::Number { least: 1, most: 600_000 };
const BARRED: Shape = Shape::List(&DIGITS, BARRED_MAX);
const CREATABLE: Shape = Shape::Word(&["sip", "simulated"]);

macro_rules! device_fields {
    ($($first:expr),*) => {
        Shape::Object(&[
            $($first,)*
            optional("number", &DIGITS),
            optional("sip", &NAME),
            optional("resource", &NAME),
            optional("display_name", &NAME),
            optional("lines_max", &LINES),
            optional("remote_answer", &Shape::Flag),
            optional("auto_answer", &Shape::Flag),
            optional("context", &NAME),
            optional("barred", &BARRED),
            optional("click_to_call", &Shape::Flag),
        ])
    };
}

macro_rules! extension_fields {
    ($number:expr) => {
        Shape::Object(&[
            $number,
            optional("first_name", &NAME),
            optional("last_name", &NAME),
            optional("primary", &ID),
            optional("secondary", &ID),
            optional("owner", &ID),
            optional("ring_timeout_ms", &RING_MS),
            optional("outgoing_number", &DIGITS),
            optional("fields", &NAMED),
        ])
    };
}

const fn operation(
    id: &'static str,
    method: Method,
    path: &'static str,
    what: &'static str,
    body: Option<&'static Shape>,
) -> Operation {
    Operation {
        id,
        method,
        path,
        what,
        need: Need::Scope("config:write"),
        query: NO_QUERY,
        body,
        gives: Gives::Json(if matches!(method, Method::Post) { 201 } else { 200 }, &ANSWERED),
        run: |incoming| Box::pin(configure(incoming)),
    }
}

/// Creates a device.
pub const CREATE_DEVICE: Operation = operation(
    "create_device",
    Method::Post,
    "/api/v1/devices",
    "Creates a device",
    Some(&device_fields!(required("kind", &CREATABLE))),
);
/// Changes a device.
pub const CHANGE_DEVICE: Operation =
    operation("change_device", Method::Patch, "/api/v1/devices/{device}", "Changes a device", Some(&device_fields!()));
/// Removes a device.
pub const REMOVE_DEVICE: Operation =
    operation("remove_device", Method::Delete, "/api/v1/devices/{device}", "Removes a device that is not in use", None);
/// Creates a directory number.
pub const CREATE_EXTENSION: Operation = operation(
    "create_extension",
    Method::Post,
    "/api/v1/extensions",
    "Creates a directory number",
    Some(&extension_fields!(required("number", &DIGITS))),
);
/// Changes a directory number.
pub const CHANGE_EXTENSION: Operation = operation(
    "change_extension",
    Method::Patch,
    "/api/v1/extensions/{extension}",
    "Changes a directory number",
    Some(&extension_fields!(optional("number", &DIGITS))),
);
/// Removes a directory number.
pub const REMOVE_EXTENSION: Operation =
    operation("remove_extension", Method::Delete, "/api/v1/extensions/{extension}", "Removes a directory number", None);

async fn configure(incoming: Incoming) -> Outcome {
    let (change, prefix, place) = incoming.door.exchange().read(|picture| change(&incoming, picture))?;
    let reply = incoming.door.exchange().configure(incoming.principal(), change).await.map_err(lost)?;
    let mut created = None;
    let status = if incoming.operation.method == Method::Post { 201 } else { 200 };
    let mut response = answer::of_reply(&reply, status, |answer| match answer {
        Answer::Configured(id) => {
            let id = format!("{prefix}{id}");
            created = Some(id.clone());
            json!({ "id": id })
        }
        Answer::Done | Answer::Made { .. } | Answer::Connection { .. } | Answer::Ended { .. } => json!({}),
    })?;
    if let (201, Some(id)) = (status, created) {
        answer::header(response.headers_mut(), "location", Some(format!("{place}/{id}")));
    }
    Ok(response)
}

/// The change that a request asks for, what ids of its kind begin with, and where they stand.
fn change(incoming: &Incoming, picture: &Picture) -> Done<(Change, &'static str, &'static str)> {
    let body = Fields::of(&incoming.body);
    let if_match = incoming.parts.headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let change = if incoming.operation.path.starts_with("/api/v1/devices") {
        let id = incoming.path.get("device").map(|text| name::known_device(picture, text)).transpose()?;
        let old = id.and_then(|id| picture.devices.get(&id)).map(|device| &device.config);
        check_revision(if_match, old.map(device_revision))?;
        match (incoming.operation.method, id) {
            (Method::Delete, Some(id)) => Change::RemoveDevice(id),
            _ => Change::PutDevice { id, config: Box::new(device(body, old)?) },
        }
    } else {
        let id = incoming.path.get("extension").map(|text| name::known_extension(picture, text)).transpose()?;
        let old = id.and_then(|id| picture.extensions.get(&id)).map(|extension| &extension.config);
        check_revision(if_match, old.map(extension_revision))?;
        match (incoming.operation.method, id) {
            (Method::Delete, Some(id)) => Change::RemoveExtension(id),
            _ => Change::PutExtension { id, config: Box::new(extension(body, old, picture)?) },
        }
    };
    match &change {
        Change::PutDevice { .. } | Change::RemoveDevice(_) => Ok((change, DeviceId::PREFIX, "/api/v1/devices")),
        Change::PutExtension { .. } | Change::RemoveExtension(_) => {
            Ok((change, ExtensionId::PREFIX, "/api/v1/extensions"))
        }
        Change::PutUser { .. } | Change::PutTrunk { .. } | Change::PutSettings(_) => {
            Err(Problem::of(declared::UNKNOWN_PATH))
        }
    }
}

fn device(body: Fields<'_>, old: Option<&DeviceConfig>) -> Done<DeviceConfig> {
    let kind = match body.text("kind") {
        Some("simulated") => DeviceKind::Simulated,
        _ => old.map_or(DeviceKind::Sip, |old| old.kind),
    };
    let mut config = old.cloned().unwrap_or(DeviceConfig {
        kind,
        names: Names::default(),
        lines_max: 2,
        can: Capabilities { remote_answer: kind == DeviceKind::Simulated, auto_answer: true },
        context: "default".to_owned(),
        display_name: String::new(),
        class: ClassOfService::default(),
    });
    if body.has("number") {
        config.names.number = body.text("number").map(|text| name::digits("/number", text)).transpose()?;
    }
    if body.has("sip") {
        config.names.sip = body.text("sip").map(str::to_owned);
    }
    if body.has("resource") {
        config.names.resource = body.text("resource").map(str::to_owned);
    }
    let text = |field: &mut String, name: &str| {
        if body.has(name) {
            *field = body.text(name).unwrap_or_default().to_owned();
        }
    };
    text(&mut config.display_name, "display_name");
    text(&mut config.context, "context");
    config.lines_max = body.number("lines_max").and_then(|n| u16::try_from(n).ok()).unwrap_or(config.lines_max);
    if body.has("barred") {
        let barred = body.texts("barred").into_iter().map(|text| name::digits("/barred", text));
        config.class.barred = barred.collect::<Done<_>>()?;
    }
    config.class.no_click_to_call = body.flag("click_to_call").map_or(config.class.no_click_to_call, |may| !may);
    config.can.remote_answer = body.flag("remote_answer").unwrap_or(config.can.remote_answer);
    config.can.auto_answer = body.flag("auto_answer").unwrap_or(config.can.auto_answer);
    Ok(config)
}

fn extension(body: Fields<'_>, old: Option<&ExtensionConfig>, picture: &Picture) -> Done<ExtensionConfig> {
    let number = match (body.text("number"), old) {
        (Some(text), _) => name::digits("/number", text)?,
        (None, Some(old)) => old.number.clone(),
        (None, None) => return Err(Problem::one_value("/number", "is missing")),
    };
    let mut config = old.cloned().unwrap_or(ExtensionConfig {
        number: number.clone(),
        first_name: String::new(),
        last_name: String::new(),
        primary: None,
        secondary: None,
        owner: None,
        ring_ms: None,
        outgoing_number: None,
        fields: std::collections::BTreeMap::new(),
    });
    config.number = number;
    let phone = |field: &mut Option<DeviceId>, name: &str| {
        if body.has(name) {
            let unknown = || Problem::one_value(&format!("/{name}"), "is a device");
            let find = |text| name::device(text).and_then(|device| picture.resolve(&device)).ok_or_else(unknown);
            *field = body.text(name).map(find).transpose()?;
        }
        Ok::<(), Problem>(())
    };
    phone(&mut config.primary, "primary")?;
    phone(&mut config.secondary, "secondary")?;
    let text = |field: &mut String, name: &str| {
        if body.has(name) {
            *field = body.text(name).unwrap_or_default().to_owned();
        }
    };
    text(&mut config.first_name, "first_name");
    text(&mut config.last_name, "last_name");
    if body.has("owner") {
        let user = |text| UserId::parse(text).ok_or_else(|| Problem::one_value("/owner", "is the id of a user"));
        config.owner = body.text("owner").map(user).transpose()?;
    }
    if body.has("ring_timeout_ms") {
        config.ring_ms = body.number("ring_timeout_ms");
    }
    if body.has("outgoing_number") {
        config.outgoing_number =
            body.text("outgoing_number").map(|text| name::digits("/outgoing_number", text)).transpose()?;
    }
    if body.has("fields") {
        config.fields = body.named("fields");
    }
    Ok(config)
}

fn check_revision(if_match: Option<&str>, revision: Option<String>) -> Done<()> {
    match if_match {
        Some(wanted) if wanted != "*" && revision.as_deref() != Some(wanted) => {
            Err(Problem::of(declared::PRECONDITION).with("etag", revision))
        }
        _ => Ok(()),
    }
}

/// The revision of a device's configuration.
#[must_use]
pub fn device_revision(config: &DeviceConfig) -> String {
    revision(config)
}

/// The revision of a directory number's configuration.
#[must_use]
pub fn extension_revision(config: &ExtensionConfig) -> String {
    revision(config)
}

fn revision(config: &impl Debug) -> String {
    let hash = Sha256::digest(format!("{config:?}").as_bytes());
    let hex: String = hash.iter().take(8).map(|octet| format!("{octet:02x}")).collect();
    format!("\"{hex}\"")
}

/// States a revision.
pub fn write_etag(response: &mut Response, revision: &str) {
    answer::header(response.headers_mut(), "etag", Some(revision.to_owned()));
}
