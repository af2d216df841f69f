//! Clients as a newcomer writes them, in Python (`tests/clients`): each prints a line of JSON for each step that it took.

use serde_json::Value;
use std::process::{Command, Stdio};

const CLIENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients");

/// What a client said of its steps.
pub struct Steps {
    said: String,
    steps: Vec<Value>,
}

impl Steps {
    /// Runs a client to its end while `meanwhile` plays the phones.
    pub fn of(client: &str, arguments: &[&str], meanwhile: impl FnOnce()) -> Self {
        let running = Command::new("python3")
            .arg(format!("{CLIENTS}/{client}"))
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("python3 is there");
        meanwhile();
        let output = running.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let steps = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        Self { said, steps }
    }

    /// The first step of this name.
    pub fn step(&self, name: &str) -> &Value {
        let found = self.steps.iter().find(|step| step["step"] == name);
        found.unwrap_or_else(|| panic!("{name}: {}", self.said))
    }
}
