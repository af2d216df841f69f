//! Telephones played by scripts in Python (`tests/clients/sip`), with nothing but its standard library.

use super::Office;
use serde_json::{Value, json};
use std::process::Command;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/sip");

/// Plays a scenario of a script with the phones of this office; gives what it returned.
pub fn play(office: &Office, script: &str, scenario: &str) -> Value {
    play_with(office, script, scenario, json!({}))
}

/// The same; the scenario is told more.
pub fn play_with(office: &Office, script: &str, scenario: &str, more: Value) -> Value {
    let stations = office.demo["stations"].as_array().map_or(&[][..], Vec::as_slice);
    let password = |station: &Value| Some((station["number"].as_str()?.to_owned(), station["password"].clone()));
    let passwords: serde_json::Map<String, Value> = stations.iter().filter_map(password).collect();
    let mut told = json!({ "passwords": passwords, "token": office.token(), "pid": office.pid() });
    let listeners = ["sip_udp", "sip_tcp", "console"].map(|name| (name, office.listen[name].clone()));
    for (name, value) in listeners.iter().map(|(name, value)| (*name, value)).chain(entries(&more)) {
        told[name] = value.clone();
    }
    let output = Command::new("python3")
        .args(["-B", &format!("{SCRIPTS}/{script}.py"), scenario, &told.to_string()])
        .output()
        .expect("python3 is installed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{script} {scenario}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(said.lines().last().expect("it returns a value")).expect("JSON")
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
