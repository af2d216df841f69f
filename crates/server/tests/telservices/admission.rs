//! Who may open a session: nobody asks by default, an administrator authorises a device once where the settings say so, and an
//! operator takes that back (TEL-SES-04, TEL-SES-05).

use super::{Events, Office, STANDARD, ask, connect, device, error, make_call, request, wait_for};
use serde_json::json;
use std::io::{Read, Write};

const PHONES: &str =
    "[[station]]\nnumber = \"1001\"\nkind = \"simulated\"\n[[station]]\nnumber = \"1002\"\nkind = \"simulated\"\n";
const ACCOUNTS: &str = "[[account]]\ndoor = \"telservices\"\nuser = \"setup\"\npassword = \"once for all\"\n\
    [[account]]\ndoor = \"telservices\"\nuser = \"second\"\npassword = \"also once\"\n\
    [[account]]\ndoor = \"telservices\"\nuser = \"reader\"\npassword = \"only reads\"\nrole = \"application\"\n";

fn office(settings: &str) -> Office {
    Office::configured(&format!("[telservices]\n{settings}\n{PHONES}{ACCOUNTS}"))
}

fn open(office: &Office, number: &str, user: &str, password: &str) -> String {
    let user = format!("<userID>{user}</userID><userPassword>{password}</userPassword>");
    ask(office, "openSession", &format!("{}{user}", device(number)))
}

/// Starts it again on its data, with its configuration.
fn again(office: &mut Office, crash: bool) {
    let file = office.data().join("test.toml").to_str().expect("utf-8").to_owned();
    let arguments = ["--config", file.as_str(), "--ephemeral-ports"];
    match crash {
        true => office.crash_and_restart_with(&arguments),
        false => {
            office.terminate();
            office.start_again_with(&arguments);
        }
    }
}

#[test]
fn wire_by_default_nobody_is_asked_and_the_network_is_the_only_guard() {
    let everybody = office("");
    assert_eq!(open(&everybody, "1001", "nobody", "nothing"), STANDARD);
    assert_eq!(ask(&everybody, "openSession", &device("1002")), STANDARD);
    assert_eq!(make_call(&everybody, "1001", "1002"), STANDARD);
    assert_eq!(ask(&everybody, "dropCall", &device("1001")), STANDARD);
    let elsewhere = office("allowed_clients = [\"127.0.0.2\"]");
    for listener in ["telservices_tcp", "telservices_http"] {
        let mut socket = connect(&elsewhere, listener);
        // The connection may be closed before anything is written.
        let _ = socket.write_all(request("openSession", &device("1001")).as_bytes());
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        assert_eq!(answer, b"", "{listener}");
    }
    assert_eq!(super::from_elsewhere(&elsewhere, "openSession", &device("1001")), STANDARD, "whom the settings name");
    conformance::proves("TEL-SES-04");
}

#[test]
fn wire_a_device_that_an_administrator_has_opened_is_authorised_for_good() {
    let mut office = office("sessions_max = 1\nauthenticate = true");
    assert_eq!(ask(&office, "openSession", &device("1001")), error("invalidCredentials"));
    assert_eq!(open(&office, "1001", "setup", "wrong"), error("invalidCredentials"));
    assert_eq!(open(&office, "1001", "nobody", "once for all"), error("invalidCredentials"));
    assert_eq!(open(&office, "1001", "reader", "only reads"), error("invalidCredentials"), "no administrator");
    assert_eq!(ask(&office, "snapshot", &device("1001")), error("noOpenSession"), "and nothing was opened");
    assert_eq!(open(&office, "1001", "setup", "once for all"), STANDARD);
    assert_eq!(ask(&office, "openSession", &device("1001")), STANDARD, "later ones need none");
    for _ in 0..5 {
        assert_eq!(open(&office, "1001", "setup", "wrong"), STANDARD, "and may be wrong, which locks nobody out");
    }
    assert_eq!(ask(&office, "openSession", &device("10-01")), STANDARD, "however the number is written");
    assert_eq!(open(&office, "1002", "setup", "once for all"), error("sessionLimitExceeded"));
    assert_eq!(Events::listen().open(&office, "1001", ""), STANDARD, "a session that is there takes more clients");
    for crash in [true, false] {
        let all = format!("{}<clientOnly>false</clientOnly>", device("1001"));
        ask(&office, "closeSession", &all);
        again(&mut office, crash);
        assert_eq!(ask(&office, "openSession", &device("1001")), STANDARD, "also after a restart ({crash})");
    }
    // The second one was authorised although there was no room for its session.
    let list = office.get("/doors/telservices/authorised");
    assert_eq!(list["items"], json!(["1001", "1002"]));
    let gone = office.console("DELETE", "/doors/telservices/authorised/1001", None);
    assert_eq!(gone.status, 204, "{}", gone.text);
    assert_eq!(ask(&office, "openSession", &device("1001")), error("invalidCredentials"), "taken back");
    assert_eq!(office.console("DELETE", "/doors/telservices/authorised/1001", None).status, 404);
    assert_eq!(office.get("/doors/telservices/authorised")["items"], json!(["1002"]));
    for row in ["TEL-ERR-06", "TEL-ERR-08", "TEL-ADM-04", "TEL-ADM-09"] {
        conformance::proves(row);
    }
}

#[test]
fn wire_one_administrator_may_be_named() {
    let named = office("administrator = \"setup\"");
    assert_eq!(ask(&named, "openSession", &device("1001")), error("invalidCredentials"));
    assert_eq!(open(&named, "1001", "second", "also once"), error("invalidCredentials"), "another administrator");
    assert_eq!(open(&named, "1001", "setup", "wrong"), error("invalidCredentials"));
    assert_eq!(open(&named, "1001", "setup", "once for all"), STANDARD);
    assert_eq!(ask(&named, "openSession", &device("1001")), STANDARD);
    // Both settings: either will do. Who has tried too often waits, also with the right password.
    let both = office("administrator = \"reader\"\nauthenticate = true");
    assert_eq!(open(&both, "1001", "reader", "only reads"), STANDARD, "he is named");
    for _ in 0..3 {
        assert_eq!(open(&both, "1002", "second", "guess"), error("invalidCredentials"));
    }
    assert_eq!(open(&both, "1002", "second", "also once"), error("invalidCredentials"), "locked");
    assert_eq!(open(&both, "1002", "setup", "once for all"), STANDARD, "others are not");
    // No password is stored in the clear.
    let stored = std::fs::read(both.data().join("hookswitch.db")).expect("the database");
    let journal = std::fs::read(both.data().join("hookswitch.db-wal")).unwrap_or_default();
    for secret in ["once for all", "also once", "only reads"] {
        let holds = |octets: &[u8]| octets.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!holds(&stored) && !holds(&journal), "{secret}");
    }
    conformance::proves("TEL-ADM-03");
    conformance::proves("TEL-SES-05");
}

#[test]
fn wire_an_administrator_ends_a_session_and_a_restart_leaves_none() {
    let mut office = office("");
    let sessions = |office: &Office| {
        let list = office.get("/application_sessions")["items"].as_array().expect("a list").clone();
        list.iter().map(|it| it["device"].as_str().expect("text").to_owned()).collect::<Vec<_>>()
    };
    let (one, two) = (Events::of(&office, "1001"), Events::of(&office, "1001"));
    let other = Events::of(&office, "1002");
    let open = sessions(&office);
    assert_eq!(open.len(), 2, "a session is a session of the exchange, however many clients it has");
    let closed = office.console("DELETE", &format!("/application_sessions/{}", open[0]), None);
    assert_eq!(closed.status, 200, "{}", closed.text);
    for client in [&one, &two] {
        assert_eq!(client.next(), super::session_event("1001", "sessionClosedByAdmin"));
    }
    assert_eq!(ask(&office, "snapshot", &device("1001")), error("noOpenSession"));
    let again_closed = office.console("DELETE", &format!("/application_sessions/{}", open[0]), None);
    assert!(again_closed.status >= 400, "{}", again_closed.text);
    make_call(&office, "1001", "1002");
    assert!(other.next().contains("<alerting/>"), "the other session goes on");
    one.nothing();
    // A client's own close is no administrator's; it ends the monitoring.
    assert_eq!(one.open(&office, "1001", ""), STANDARD);
    assert_eq!(sessions(&office).len(), 2);
    assert_eq!(ask(&office, "closeSession", &device("1001")), STANDARD);
    assert_eq!(sessions(&office).len(), 1);
    one.nothing();
    // Sessions end with the program, also for the exchange; it forgets none that is opened anew.
    again(&mut office, true);
    wait_for("what was left open is closed", || sessions(&office).is_empty().then_some(()));
    assert_eq!(ask(&office, "snapshot", &device("1002")), error("noOpenSession"));
    let client = Events::of(&office, "1002");
    assert_eq!(sessions(&office).len(), 1);
    make_call(&office, "1001", "1002");
    assert!(client.next().contains("<alerting/>"));
    conformance::proves("TEL-SES-14");
    conformance::proves("TEL-ADM-10");
    conformance::proves_partly("TEL-SES-01", "forwards, message lamps and agents are no state yet");
}
