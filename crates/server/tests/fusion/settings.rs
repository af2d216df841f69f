//! What is configured for the door: who may call, what is logged, ring times, forms, retention (FUS-ADM-01, 18, FUS-FMT-09, FUS-LIM-07, 14).

use super::{DONE, FAILED, channels, history, id, wait_channels};
use crate::common::{Office, SOON, wait_for};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

const DAY_MS: u64 = 86_400_000;

/// Two simulated phones, 101 Ann Lee and 102 Tim Schmit, with `more` at the head of the file.
fn office_of(more: &str) -> String {
    format!(
        "{more}\n[console]\ntest_control = true\n\
         [[station]]\nnumber = \"101\"\nkind = \"simulated\"\nresource = \"SDC30101\"\nfirst_name = \"Ann\"\nlast_name = \"Lee\"\n\
         [[station]]\nnumber = \"102\"\nkind = \"simulated\"\nresource = \"SDC30102\"\nfirst_name = \"Tim\"\nlast_name = \"Schmit\"\n"
    )
}

const ASYNC: &str = "/xml/ccOriginate.php?phone_id=SDC30101&to=102&async=true";

#[test]
fn wire_ring_times_and_the_callers_form_are_settings() {
    let fusion = "ccgetchannels_callerid = \"number\"\nfirst_ring_s = 7\nring_s = 11\nfail_tone_s = 3\nallow_origin = \"https://crm.example\"";
    let office = Office::configured_on_virtual_time(&office_of(&format!("[fusion]\n{fusion}\n")));
    assert_eq!(office.fusion(ASYNC).text, DONE);
    wait_channels(&office, &["Ringing"]);
    office.advance(6_999);
    assert_eq!(channels(&office).len(), 1);
    office.advance(1);
    wait_channels(&office, &[]);
    assert_eq!(office.fusion(ASYNC).text, DONE);
    wait_channels(&office, &["Ringing"]);
    office.hand("101", "answer", json!({}));
    let both = wait_channels(&office, &["Up", "Ringing"]);
    assert!(both.iter().all(|channel| channel["CallerId"] == "101"), "{both:?}");
    office.advance(11_000 - 1);
    wait_channels(&office, &["Up", "Ringing"]);
    office.advance(1);
    wait_channels(&office, &["Up"]);
    office.advance(3_000 - 1);
    wait_channels(&office, &["Up"]);
    office.advance(1);
    wait_channels(&office, &[]);
    let ping = office.fusion("/xml/ccPing.json");
    assert_eq!(ping.header("access-control-allow-origin"), Some("https://crm.example"));
    conformance::proves_partly("FUS-FMT-09", "dbGetParkedChannels");
}

#[test]
fn wire_every_changing_request_is_in_the_log_with_its_client() {
    let office = Office::logged(&office_of("[log]\nformat = \"json\"\n"));
    office.fusion("/xml/ccGetChannels.php");
    office.fusion("/xml/ccGetChannels.php");
    office.fusion("/xml/dbGetPhoneState.json");
    assert_eq!(office.fusion(ASYNC).text, DONE);
    assert_eq!(office.fusion("/xml/ccOriginate.php?phone_id=SDC39999&to=102").text, FAILED);
    let channel = id(&wait_channels(&office, &["Ringing"])[0]);
    office.fusion(&format!("/xml/ccSetVar?channel_id={channel}&variable=Secret&value=never-logged"));
    office.fusion(&format!("/xml/ccHangup.json?channel_id={channel}"));
    let said = |message: &str| -> Vec<Value> {
        let lines = office.log().into_iter().map(|line| line["fields"].clone());
        lines.filter(|fields| fields["dialect"] == "fusion" && fields["message"] == message).collect()
    };
    let told = wait_for("four lines", || Some(said("changing request")).filter(|told| told.len() == 4));
    let seen: Vec<(&str, u64)> = told
        .iter()
        .map(|line| (line["function"].as_str().expect("a name"), line["result"].as_u64().expect("a code")))
        .collect();
    assert_eq!(seen, [("ccOriginate", 0), ("ccOriginate", 1), ("ccSetVar", 0), ("ccHangup", 0)], "reading is none");
    assert!(told.iter().all(|line| line["client"] == "127.0.0.1"), "{told:?}");
    // What the vendor has declared outdated is named once per client and day.
    let outdated: Vec<Value> = said("a deprecated form is in use").iter().map(|line| line["what"].clone()).collect();
    assert_eq!(outdated, [".php", "dbGetPhoneState"]);
    let whole = format!("{:?}", office.log());
    assert!(!whole.contains("never-logged"), "what an application says about a call is nobody's business");
    conformance::proves_partly("FUS-LIM-14", "the deprecated functions that are missing");
}

#[test]
fn wire_only_the_listed_may_connect_and_fewer_may_change() {
    let closed = office_of("[fusion]\nallowed_clients = [\"192.0.2.0/24\"]\n[log]\nlevel = \"error\"\n");
    let office = Office::configured(&closed);
    let answer = office.fusion("/xml/ccPing.php");
    assert_eq!((answer.status, answer.text.as_str()), (403, ""));
    let mut events = TcpStream::connect(office.address("fusion_events")).expect("it listens");
    assert_eq!(events.read(&mut [0]).expect("closed in order"), 0);
    let reading = office_of("[fusion]\nallowed_write_clients = [\"192.0.2.7\"]\n[log]\nformat = \"json\"\n");
    let office = Office::logged(&reading);
    assert_eq!(office.fusion("/xml/ccGetChannels.json").text, "[]");
    for changing in [ASYNC, "/xml/ccHangup.php?channel_id=x", "/xml/ccSetVar?channel_id=x&variable=a&value=1"] {
        let answer = office.fusion(changing);
        assert_eq!((answer.status, answer.text.as_str()), (403, ""), "{changing}");
    }
    assert!(channels(&office).is_empty(), "nobody was called");
    let refused = |line: &&Value| line["fields"]["message"] == "refused: read only";
    wait_for("the log names them", || (office.log().iter().filter(refused).count() == 3).then_some(()));
    // The ports are settings, and the vendor's own by default.
    let example = include_str!("../../../../docs/hookswitch.example.toml");
    for line in [
        "#fusion = \"127.0.0.1:80\"",
        "#fusion_events = \"127.0.0.1:5050\"",
        "#allowed_clients = [\"127.0.0.0/8\", \"::1\"]",
    ] {
        assert!(example.contains(line), "{line}");
    }
    // Who may change something is in the log with what was done; the test above has every function.
    let both = office_of("[fusion]\nallowed_write_clients = [\"127.0.0.1\"]\n[log]\nformat = \"json\"\n");
    let office = Office::logged(&both);
    assert_eq!(office.fusion(ASYNC).text, DONE);
    let done = |line: &&Value| {
        let fields = &line["fields"];
        fields["message"] == "changing request"
            && fields["function"] == "ccOriginate"
            && fields["client"] == "127.0.0.1"
    };
    wait_for("the log names it", || (office.log().iter().filter(done).count() == 1).then_some(()));
    conformance::proves("FUS-ADM-01");
}

#[test]
fn wire_history_is_kept_as_long_as_it_is_said() {
    let office =
        Office::configured_on_virtual_time(&office_of("[retention]\nrecords_days = 1\nevents_h = 1\njournal_h = 1\n"));
    let call = || {
        office.hand("101", "dial", json!({ "to": "102" }));
        wait_channels(&office, &["Ring", "Ringing"]);
        office.hand("101", "hang_up", json!({}));
        wait_channels(&office, &[]);
    };
    call();
    office.advance(DAY_MS - 3_600_000);
    call();
    wait_for("both calls", || (history(&office, "101").len() == 2).then_some(()));
    office.advance(7_200_000);
    let left = wait_for("the older one is gone", || Some(history(&office, "101")).filter(|calls| calls.len() == 1));
    assert_eq!(left[0]["disposition"], "001");
    assert_eq!(history(&office, "102").len(), 1, "for either extension");
    office.advance(DAY_MS);
    wait_for("both are gone", || history(&office, "101").is_empty().then_some(()));
    let example = include_str!("../../../../docs/hookswitch.example.toml");
    assert!(example.contains("#records_days = 365"), "a year by default");
    conformance::proves("FUS-ADM-18");
}

/// Writes requests on one connection to the door's own port and gives all that comes until the end.
fn said(office: &Office, requests: &str) -> String {
    let mut socket = TcpStream::connect(office.address("fusion")).expect("it listens");
    socket.set_read_timeout(Some(SOON)).expect("a time-out");
    socket.write_all(requests.as_bytes()).expect("taken");
    let mut text = String::new();
    socket.read_to_string(&mut text).expect("answers until it closes");
    text
}

#[test]
fn wire_http_is_spoken_as_old_and_new_clients_speak_it_and_over_tls() {
    let tls = "[listen]\nshared_http = \"127.0.0.1:0\"\nshared_http_tls = true\n";
    let office = Office::configured(&office_of(tls));
    let new = "GET /xml/ccPing.json HTTP/1.1\r\nHost: sop\r\n\r\n";
    let old = "GET /xml/ccPing.json HTTP/1.0\r\n\r\n";
    let kept = "GET /xml/ccPing.json HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    for (requests, count) in [(format!("{new}{new}{old}"), 3), (format!("{kept}{old}"), 2), (old.to_owned(), 1)] {
        let text = said(&office, &requests);
        assert_eq!(text.matches("HTTP/1.1 200 OK\r\n").count(), count, "1.0 closes unless asked not to: {text}");
        assert_eq!(text.matches("\r\nContent-Length: 12\r\n").count(), count, "{text}");
        assert_eq!(text.matches("\r\nCache-Control: no-store\r\n").count(), count, "{text}");
        for absent in ["Location", "Set-Cookie", "Access-Control", "Transfer-Encoding"] {
            assert!(!text.contains(absent), "{absent} in {text}");
        }
    }
    let head = said(&office, "HEAD /xml/ccGetChannels HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(head.contains("\r\nContent-Length: 21\r\n") && head.ends_with("\r\n\r\n"), "as GET without a body: {head}");
    let channel = "HEAD /xml/ccOriginate.php?phone_id=SDC30101&to=102&async=1 HTTP/1.0\r\n\r\n";
    assert!(said(&office, channel).starts_with("HTTP/1.1 405 "));
    assert!(channels(&office).is_empty(), "it did not act");
    let ping = office.https("shared_http", "GET", "/xml/ccPing.php", &[], b"");
    assert_eq!((ping.status, ping.text.as_str()), (200, "<ccPingResult>\n<Result>0</Result>\n</ccPingResult>"));
    assert_eq!((ping.header("cache-control"), ping.header("content-length")), (Some("no-store"), Some("49")));
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let asked = office.https("shared_http", "POST", "/xml/dbGetDirectoryInfo.json", &form, b"ext=102");
    assert_eq!(asked.json()[0]["ln"], "Schmit");
    assert_eq!(office.https("shared_http", "HEAD", "/xml/ccHangup.php?channel_id=x", &[], b"").status, 405);
    // CORS as configured: the ring times' test has an origin too.
    let open = Office::configured(&office_of("[fusion]\nallow_origin = \"https://crm.example\"\n"));
    assert!(said(&open, old).contains("\r\nAccess-Control-Allow-Origin: https://crm.example\r\n"));
    conformance::proves("FUS-FMT-18");
}
