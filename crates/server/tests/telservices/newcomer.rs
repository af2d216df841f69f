//! A client in another language, with nothing but its standard library, and curl.

use super::Office;
use std::path::Path;
use std::process::Command;

#[test]
fn wire_a_newcomers_client_works() {
    let office = Office::start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients/telservices/newcomer.py");
    let addresses = ["telservices_tcp", "telservices_http"].map(|listener| office.address(listener).to_string());
    let ran = Command::new("python3").arg(script).args(addresses).output().expect("python3 runs");
    let (out, wrong) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success() && out.ends_with("done\n"), "{out}\n{wrong}");
}
