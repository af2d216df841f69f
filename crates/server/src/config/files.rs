//! The files that `serve` leaves in its data directory: who is there (`demo.json`), where the doors are (`listen.json`), and
//! the operator token. Each is complete the moment it can be seen: written beside its place, then renamed.

use super::{Config, demo};
use serde_json::{Map, Value, json};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Accounts and stations of the demo.
pub const DEMO_FILE: &str = "demo.json";
/// Every listener's bound address.
pub const LISTEN_FILE: &str = "listen.json";
/// The operator's token for the command line.
pub const TOKEN_FILE: &str = "console.token";

/// Owner alone.
const MODE_PRIVATE: u32 = 0o600;
/// Everybody may read.
const MODE_PUBLIC: u32 = 0o644;

/// Writes `demo.json` (mode 0600: it holds passwords).
pub fn write_demo_json(data_dir: &Path, config: &Config) -> io::Result<()> {
    write(&data_dir.join(DEMO_FILE), &pretty(&demo_json(config)), MODE_PRIVATE)
}

/// Writes `listen.json` from the bound addresses, each under its key of `[listen]`. Of several addresses under one key the
/// first is told.
pub fn write_listen_json(data_dir: &Path, bound: &[(&str, SocketAddr)]) -> io::Result<()> {
    let mut keys = Map::new();
    for (key, address) in bound {
        keys.entry(*key).or_insert_with(|| Value::String(address.to_string()));
    }
    write(&data_dir.join(LISTEN_FILE), &pretty(&Value::Object(keys)), MODE_PUBLIC)
}

/// Writes a text that only the owner may read, such as the operator token.
pub fn write_private(path: &Path, text: &str) -> io::Result<()> {
    write(path, text, MODE_PRIVATE)
}

fn demo_json(config: &Config) -> Value {
    let stations: Vec<Value> = config
        .stations
        .iter()
        .map(|station| {
            let password = station.password.as_ref().map_or("", |secret| secret.reveal());
            json!({
                "number": station.number.as_str(),
                "kind": station.kind.name(),
                "user": station.sip_user(),
                "password": password,
                "phone_id": station.resource_id(),
            })
        })
        .collect();
    let did = config.trunks.iter().flat_map(|trunk| &trunk.dids).map(|(outside, _)| outside.as_str()).next();
    json!({"stations": stations, "accounts": accounts(config), "trunk": {"did": did.unwrap_or(demo::DID)}})
}

fn accounts(config: &Config) -> Value {
    let mut keys = Map::new();
    for account in &config.accounts {
        let (key, value) = account.shown();
        keys.entry(key).or_insert(value);
    }
    Value::Object(keys)
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn write(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = Path::new(&beside);
    // What a dead process of the same number left may have another mode.
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, path)
}
