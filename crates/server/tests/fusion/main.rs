//! The Fusion door of the real program: the flows of the vendor's guide field by field, bad input, and a newcomer's client; what is
//! configured stands in `settings`, what the directory says in `directory`.

#[path = "../common/mod.rs"]
mod common;

mod directory;
mod ids;
mod settings;

use common::steps::Steps;
use common::{Office, SOON, wait_for};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// An event socket.
struct Events(TcpStream);

impl Events {
    /// Connects; the server has taken it in once a pong has come.
    fn of(office: &Office) -> Self {
        let socket = TcpStream::connect(office.address("fusion_events")).expect("the event port listens");
        socket.set_read_timeout(Some(SOON)).expect("a time-out");
        let mut events = Self(socket);
        assert_eq!(office.fusion("/xml/ccPing.php").text, "<ccPingResult>\n<Result>0</Result>\n</ccPingResult>");
        assert_eq!(events.next(), "<evPong>\n</evPong>\n");
        events
    }

    /// The next event.
    fn next(&mut self) -> String {
        let mut text = String::new();
        let mut octet = [0];
        loop {
            self.0.read_exact(&mut octet).unwrap_or_else(|error| panic!("{error} after {text:?}"));
            text.push(char::from(octet[0]));
            let name = text.trim_start_matches('<').split('>').next().unwrap_or_default();
            if text.ends_with(&format!("</{name}>\n")) {
                return text;
            }
        }
    }

    /// Whether nothing has come: a ping's pong is the next.
    fn nothing(&mut self, office: &Office) {
        office.fusion("/xml/ccPing.php");
        assert_eq!(self.next(), "<evPong>\n</evPong>\n");
    }
}

fn new_channel(channel: &str, caller: &str, extension: &str) -> String {
    format!(
        "<evNewOrigChannel>\n<Channel>{channel}</Channel>\n<CallerId>{caller}</CallerId>\n\
         <Extension>{extension}</Extension>\n</evNewOrigChannel>\n"
    )
}

fn channels(office: &Office) -> Vec<Value> {
    office.fusion("/xml/ccGetChannels.json").json().as_array().expect("an array").clone()
}

fn id(channel: &Value) -> String {
    channel["ID"].as_str().expect("text").to_owned()
}

/// Waits until there are so many channels in these states, oldest first.
fn wait_channels(office: &Office, states: &[&str]) -> Vec<Value> {
    wait_for(&format!("channels {states:?}"), || {
        let all = channels(office);
        let found: Vec<&str> = all.iter().map(|channel| channel["State"].as_str().expect("text")).collect();
        (found == states).then_some(all)
    })
}

fn history(office: &Office, ext: &str) -> Vec<Value> {
    let answer = office.fusion(&format!("/xml/dbGetCallHistory.json?ext={ext}&limit=1000&start_date=2000-01-01"));
    let told = answer.json();
    told["CallHistory"].as_array().unwrap_or_else(|| panic!("no history: {} {told}", answer.status)).clone()
}

/// The newest call of an extension, once it has so many.
fn newest(office: &Office, ext: &str, count: usize) -> Value {
    wait_for(&format!("{count} calls of {ext}"), || {
        let calls = history(office, ext);
        (calls.len() == count).then(|| calls[0].clone())
    })
}

/// A phone is answered as soon as it rings.
fn answer(office: &Office, phone: &str) {
    wait_for(&format!("{phone} rings and is answered"), || {
        let answered = office.console("POST", &format!("/test/phones/{phone}/answer"), Some(json!({})));
        (answered.status < 300).then_some(())
    });
}

/// The Fusion device id of a station.
fn phone_id(office: &Office, number: &str) -> String {
    let stations = office.demo["stations"].as_array().expect("a list");
    let station = stations.iter().find(|station| station["number"] == number).expect("a station");
    station["phone_id"].as_str().expect("text").to_owned()
}

const DONE: &str = "<ccOriginateResult>\n   <Result>0</Result>\n</ccOriginateResult>";
const FAILED: &str = "<ccOriginateResult>\n   <Result>1</Result>\n</ccOriginateResult>";

#[test]
fn wire_click_to_call_rings_the_right_phone_first_and_both_doors_see_it() {
    let office = Office::start();
    let mut events = Events::of(&office);
    let (one, two) = (phone_id(&office, "1001"), phone_id(&office, "1002"));
    let asked = format!("/xml/ccOriginate.php?phone_id={one}&to=1002&ext=1001&var=Campaign%3DA1%7CNote%3D");
    let (first, second) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| office.fusion(&asked));
        let ringing = wait_channels(&office, &["Ringing"]);
        assert!(id(&ringing[0]).starts_with(&format!("SIP/{one}-")), "{ringing:?}");
        assert!(!asking.is_finished(), "it waits for the first party");
        answer(&office, "1001");
        let answered = asking.join().expect("an answer");
        assert_eq!((answered.status, answered.text.as_str()), (200, DONE));
        let first = id(&ringing[0]);
        assert_eq!(events.next(), new_channel(&first, "1001", "1002"));
        let both = wait_channels(&office, &["Up", "Ringing"]);
        let second = id(&both[1]);
        assert!(second.starts_with(&format!("SIP/{two}-")), "{second}");
        (first, second)
    });
    assert_eq!(office.fusion(&format!("/xml/ccGetVar?channel_id={first}&variable=Campaign")).text, "A1");
    answer(&office, "1002");
    wait_channels(&office, &["Up", "Up"]);
    let caller = "\"Ada Lovelace\" [1001]";
    let xml = office.fusion("/xml/ccGetChannels.php").text;
    let lines: Vec<&str> = xml.lines().map(str::trim).filter(|line| !line.starts_with("<Seconds>")).collect();
    assert_eq!(
        lines,
        [
            "<Channels>",
            "<Channel>",
            &format!("<ID>{first}</ID>"),
            &format!("<CallerId>{caller}</CallerId>"),
            "<State>Up</State>",
            &format!("<Link>{second}</Link>"),
            "</Channel>",
            "<Channel>",
            &format!("<ID>{second}</ID>"),
            &format!("<CallerId>{caller}</CallerId>"),
            "<State>Up</State>",
            &format!("<Link>{first}</Link>"),
            "</Channel>",
            "</Channels>",
        ]
    );
    let seconds = |channel: &Value| channel["Seconds"].as_str().expect("text").parse::<u64>().ok();
    let up = channels(&office);
    assert!(seconds(&up[0]).is_some_and(|seconds| seconds < 60) && up[1]["Seconds"] == "", "{up:?}");
    // The other door has the same call.
    let calls = office.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    office.hand("1002", "hang_up", json!({}));
    wait_channels(&office, &[]);
    let call = newest(&office, "1001", 1);
    let field = |name: &str| call[name].as_str().expect("text").to_owned();
    assert_eq!((field("caller_name"), field("caller_number")), ("Ada Lovelace".to_owned(), "1001".to_owned()));
    assert_eq!((field("called_number"), field("disposition")), ("1002".to_owned(), "001".to_owned()));
    assert_eq!((field("origchannel"), field("dstchannel")), (first, second));
    assert_eq!((field("last_action"), field("last_application")), ("Dial".to_owned(), "Dial".to_owned()));
    assert_eq!(field("context"), "internal");
    assert!(field("duration").parse::<u64>().expect("a number") >= field("billsec").parse().expect("a number"));
    assert_eq!(newest(&office, "1002", 1)["disposition"], "201");
    events.nothing(&office);
    conformance::proves_partly("FUS-CC-01", "Local channels, IAX resources, numbers outside");
    conformance::proves_partly("FUS-CC-09", "parked and held channels");
    conformance::proves_partly("FUS-DB-09", "actions and applications other than Dial");
    conformance::proves_partly("FUS-ADM-18", "retention");
}

#[test]
fn wire_async_answers_at_once_and_a_failure_shows_in_the_history_only() {
    let office = Office::start();
    let mut events = Events::of(&office);
    let one = phone_id(&office, "1001");
    let asked = format!("/xml/ccOriginate.php?phone_id={one}&to=1002&async=true");
    assert_eq!(office.fusion(&asked).text, DONE);
    wait_channels(&office, &["Ringing"]);
    events.nothing(&office);
    office.hand("1001", "reject", json!({}));
    wait_channels(&office, &[]);
    let call = newest(&office, "1001", 1);
    assert_eq!((call["disposition"].as_str(), call["billsec"].as_str()), (Some("001"), Some("0")));
    assert!(history(&office, "1002").is_empty(), "nobody called it");
    events.nothing(&office);
    assert_eq!(office.fusion(&asked).text, DONE);
    answer(&office, "1001");
    let event = events.next();
    let up = wait_channels(&office, &["Up", "Ringing"]);
    assert_eq!(event, new_channel(&id(&up[0]), "1001", "1002"));
    for wrong in
        ["phone_id=SDP99999&to=1002", &format!("phone_id={one}&to=9999"), &format!("phone_id={one}&to=1002&var=a=b-")]
    {
        assert_eq!(office.fusion(&format!("/xml/ccOriginate.php?{wrong}&async=true")).text, FAILED, "{wrong}");
    }
    assert_eq!(channels(&office).len(), 2);
}

#[test]
fn wire_a_first_party_is_called_before_it_rings() {
    let office = Office::start();
    let told = json!({ "fusion": office.address("fusion").to_string(), "phone_id": phone_id(&office, "1101") });
    common::script::play_with(&office, "lines", "first_rings", told);
    conformance::proves_partly("FUS-FMT-10", "Dialing of a called leg, which is listed from its first ringing on");
}

#[test]
fn wire_real_phones_are_hung_up_as_the_list_says() {
    let office = Office::start();
    let told = json!({ "fusion": office.address("fusion").to_string(), "one": phone_id(&office, "1101") });
    common::script::play_with(&office, "fusion", "hanging_up", told);
    office.wait_idle();
    let seen: Vec<Value> = history(&office, "1101").iter().map(|call| call["disposition"].clone()).collect();
    assert_eq!(seen, ["001"; 6], "each is in the history");
    conformance::proves_partly("FUS-CC-02", "parked and held channels");
}

#[test]
fn wire_both_phones_show_the_extension_in_whose_name_it_is() {
    let office = Office::start();
    let name = |ext: &str| {
        let entry = office.fusion(&format!("/xml/dbGetDirectoryInfo.json?ext={ext}")).json()[0].clone();
        let text = |field: &str| entry[field].as_str().expect("text").to_owned();
        json!([format!("{} {}", text("fn"), text("ln")), ext])
    };
    let told = json!({
        "fusion": office.address("fusion").to_string(), "one": phone_id(&office, "1101"), "own": name("1101"), "third": name("1103"),
    });
    common::script::play_with(&office, "fusion", "caller_id", told);
    conformance::proves_partly("FUS-CC-01", "Local channels, IAX resources, numbers outside");
}

#[test]
fn wire_a_first_party_that_refuses_is_a_failure() {
    let office = Office::start();
    let one = phone_id(&office, "1001");
    let asked = format!("/xml/ccOriginate.json?phone_id={one}&to=1002");
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| office.fusion(&asked));
        wait_channels(&office, &["Ringing"]);
        office.hand("1001", "reject", json!({}));
        assert_eq!(asking.join().expect("an answer").text, "{\"Result\":1}");
    });
    office.hand("1001", "unplug", json!({}));
    let gone = || office.fusion("/xml/dbGetPhoneState.json").json();
    wait_for("1001 is down", || {
        let phones = gone();
        let phone = phones.as_array()?.iter().find(|phone| phone["name"] == one.as_str())?.clone();
        (phone["state"] == "Down").then_some(())
    });
    assert_eq!(office.fusion(&asked).text, "{\"Result\":1}", "not registered");
    assert_eq!(channels(&office).len(), 0);
}

#[test]
fn wire_hanging_up_ends_both_sides_in_every_state() {
    let office = Office::start();
    let mut events = Events::of(&office);
    let hang_up = |channel: &str| office.fusion(&format!("/xml/ccHangup.php?channel_id={channel}")).text;
    let done = "<ccHangupResult>\n   <Result>0</Result>\n</ccHangupResult>";
    let failed = "<ccHangupResult>\n   <Result>1</Result>\n</ccHangupResult>";
    for (answered, which) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
        office.hand("1003", "dial", json!({"to": "1004"}));
        let ringing = wait_channels(&office, &["Ring", "Ringing"]);
        assert_eq!(events.next(), new_channel(&id(&ringing[0]), "1003", "1004"));
        if answered {
            answer(&office, "1004");
            wait_channels(&office, &["Up", "Up"]);
        }
        let channel = id(&ringing[which]);
        assert_eq!(hang_up(&channel), done);
        assert_eq!(hang_up(&channel), failed, "it is over");
        wait_channels(&office, &[]);
    }
    events.nothing(&office);
    assert_eq!(newest(&office, "1004", 4)["disposition"], "201");
    let seen: Vec<Value> = history(&office, "1004").iter().map(|call| call["disposition"].clone()).collect();
    assert_eq!(seen, ["201", "201", "101", "101"]);
    conformance::proves_partly("FUS-CC-02", "parked and held channels");
    conformance::proves_partly("FUS-FMT-13", "voicemail, mobile phones, pick-up and forwarding");
}

#[test]
fn wire_a_call_made_elsewhere_is_seen_here() {
    let office = Office::start();
    let mut events = Events::of(&office);
    office.post("/calls/make_call", json!({"from": "1005", "to": "1006", "prompt": "ring"}));
    wait_channels(&office, &["Ringing"]);
    answer(&office, "1005");
    let event = events.next();
    let both = wait_channels(&office, &["Up", "Ringing"]);
    assert_eq!(event, new_channel(&id(&both[0]), "1005", "1006"));
    assert_eq!(office.fusion(&format!("/xml/ccHangup.json?channel_id={}", id(&both[1]))).text, "{\"Result\":0}");
    office.wait_idle();
    let did = office.demo["trunk"]["did"].as_str().expect("text").to_owned();
    office.post("/test/outside/ring_in", json!({"from": "0027884390", "to": did, "name": ""}));
    let ringing = wait_channels(&office, &["Ring", "Ringing"]);
    assert_eq!(events.next(), new_channel(&id(&ringing[0]), "0027884390", "1001"));
    assert_eq!(ringing[0]["CallerId"], "\"0027884390\" [0027884390]");
    assert!(!id(&ringing[0]).contains("SDP"), "the trunk's name: {ringing:?}");
    answer(&office, "1001");
    wait_channels(&office, &["Up", "Up"]);
    let state = office.fusion(&format!("/xml/dbGetPhoneState.json?phone_id={}", phone_id(&office, "1001"))).json();
    assert_eq!(state[0]["state"], "External Conversation");
    conformance::proves_partly(
        "FUS-EVT-02",
        "calls into a queue; redirecting, parking and forwarding do not repeat it",
    );
}

#[test]
fn under_load_pongs_come_within_a_second() {
    let office = Office::start();
    let mut sockets = [Events::of(&office), Events::of(&office)];
    // The first one has got the second one's pong too.
    sockets[0].next();
    let one = phone_id(&office, "1001");
    std::thread::scope(|scope| {
        let load: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..50 {
                        office.fusion(&format!("/xml/ccOriginate.php?phone_id={one}&to=9999"));
                        office.fusion("/xml/dbGetDirectoryInfo.json?ext=1&ln=a");
                    }
                })
            })
            .collect();
        while !load.iter().all(std::thread::ScopedJoinHandle::is_finished) {
            let asked = Instant::now();
            assert_eq!(office.fusion("/xml/ccPing.json").text, "{\"Result\":0}");
            for socket in &mut sockets {
                assert_eq!(socket.next(), "<evPong>\n</evPong>\n");
            }
            assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
        }
    });
    conformance::proves("FUS-LIM-03");
}

/// Writes octets and gives all that comes back until the end.
fn exchange(office: &Office, octets: &[u8]) -> String {
    let mut socket = TcpStream::connect(office.address("fusion")).expect("the port listens");
    socket.set_read_timeout(Some(SOON)).expect("a time-out");
    socket.write_all(octets).expect("taken");
    let mut answer = Vec::new();
    // A server that has closed with octets unread may reset; what has come before counts.
    let _ = socket.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn wire_bad_input_gets_the_doors_own_error_and_the_next_call_works() {
    let office = Office::start();
    let close = "HTTP/1.1\r\nConnection: close\r\n\r\n";
    let long = format!("GET /xml/ccPing.php?a={} {close}", "b".repeat(9_000));
    let big = format!("POST /xml/ccPing.php HTTP/1.1\r\nContent-Length: 70000\r\n\r\n{}", "c".repeat(70_000));
    for (octets, expected) in [
        (format!("GET /xml/dbGetDirectoryInfo.json?ln=Love lace&fn=%%%&ext=1001\" {close}"), "[]"),
        (format!("GET /xml/dbGetDirectoryInfo.json&ext=100_&ln= Lovelace {close}"), "\"ext\":\"1001\""),
        (format!("GET /xml/ccHangup.php?channel_id=<a>&&=&%00 {close}"), "<Result>1</Result>"),
        (format!("GET /xml/nothing.php {close}"), "<Error>Unknown function</Error>"),
        (format!("BREW /xml/ccPing.php {close}"), "HTTP/1.1 405 "),
        ("\u{0}\u{1}\u{2}\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
        (long, "HTTP/1.1 414 "),
        (big, "HTTP/1.1 413 "),
    ] {
        let answer = exchange(&office, octets.as_bytes());
        assert!(answer.contains(expected), "{expected} in {answer}");
        assert_eq!(office.fusion("/xml/ccPing.json").text, "{\"Result\":0}");
    }
    // One that is slow and one that is cut hinder nobody, and a call works after all that.
    let mut slow = TcpStream::connect(office.address("fusion")).expect("the port listens");
    slow.write_all(b"GET /xml/ccPi").expect("taken");
    let mut cut = TcpStream::connect(office.address("fusion")).expect("the port listens");
    let one = phone_id(&office, "1001");
    cut.write_all(format!("GET /xml/ccOriginate.php?phone_id={one}&to=1002 {close}").as_bytes()).expect("taken");
    wait_channels(&office, &["Ringing"]);
    drop(cut);
    answer(&office, "1001");
    answer(&office, "1002");
    wait_channels(&office, &["Up", "Up"]);
    slow.write_all(format!("ng.json {close}").as_bytes()).expect("taken");
    let mut rest = String::new();
    slow.set_read_timeout(Some(SOON)).expect("a time-out");
    slow.read_to_string(&mut rest).expect("an answer");
    assert!(rest.ends_with("{\"Result\":0}"), "{rest}");
}

#[test]
fn wire_the_shared_listener_has_the_same_functions() {
    let office = Office::start();
    let ask =
        |target: &str| office.http("GET", &format!("http://{}{target}", office.address("shared_http")), None, &[]);
    let ping = ask("/xml/ccPing.php");
    assert_eq!((ping.status, ping.text.as_str()), (200, "<ccPingResult>\n<Result>0</Result>\n</ccPingResult>"));
    assert_eq!(ping.header("cache-control"), Some("no-store"));
    assert_eq!(ping.header("content-type"), Some("text/xml; charset=UTF-8"));
    assert_eq!(ping.header("content-length"), Some("49"));
    let entry = ask("/xml/dbGetDirectoryInfo.json&ext=1001").json();
    assert_eq!(entry[0]["ln"], "Lovelace");
    let nothing = ask("/xml/nothing.json");
    assert_eq!((nothing.status, nothing.text.as_str()), (404, "{\"Error\":\"Unknown function\"}"));
}

#[test]
fn wire_registrations_follow_the_phones() {
    let office = Office::start();
    let one = phone_id(&office, "1001");
    let phones = || office.fusion("/xml/dbGetRegistration.json").json().as_array().expect("an array").clone();
    let of = |name: &str| phones().into_iter().find(|phone| phone["ID"] == name).expect("a phone");
    let ids: Vec<String> = phones().iter().map(|phone| phone["ID"].as_str().expect("text").to_owned()).collect();
    assert_eq!(ids.len(), office.demo["stations"].as_array().expect("a list").len());
    assert!(ids.is_sorted());
    assert_eq!(of(&one)["Registered"], "1");
    let sip = of(&phone_id(&office, "1101"));
    assert_eq!(sip, json!({"ID": phone_id(&office, "1101"), "IPaddress": "-none-", "IPport": "0", "Registered": "0"}));
    office.hand("1001", "unplug", json!({}));
    wait_for("it is gone", || (of(&one)["Registered"] == "0").then_some(()));
    assert_eq!(of(&one)["IPaddress"], "-none-");
    office.hand("1001", "plug_in", json!({}));
    wait_for("it is back", || (of(&one)["Registered"] == "1").then_some(()));
    conformance::proves_partly("FUS-DB-13", "virtual phones");
}

#[test]
fn wire_history_survives_a_crash_and_ids_are_not_used_again() {
    let mut office = Office::start();
    office.hand("1007", "dial", json!({"to": "1008"}));
    let before = wait_channels(&office, &["Ring", "Ringing"]);
    office.hand("1007", "hang_up", json!({}));
    let call = newest(&office, "1007", 1);
    office.crash_and_restart();
    assert_eq!(newest(&office, "1007", 1), call);
    office.hand("1007", "dial", json!({"to": "1008"}));
    let after = wait_channels(&office, &["Ring", "Ringing"]);
    assert!(before.iter().all(|old| after.iter().all(|new| id(new) != id(old))), "{before:?} {after:?}");
    conformance::proves_partly("FUS-FMT-08", "Local and IAX ids; parking, redirecting and PUM sessions");
}

#[test]
fn wire_a_newcomers_client_places_a_call() {
    let office = Office::start();
    let one = phone_id(&office, "1001");
    let doors = ["fusion", "fusion_events"].map(|door| office.address(door).to_string());
    let client = Steps::of("fusion/click_to_call.py", &[&doors[0], &doors[1], &one, "1001", "1002"], || {
        answer(&office, "1001");
        answer(&office, "1002");
    });
    let step = |name: &str| client.step(name);
    assert_eq!(step("directory")["name"], "Ada Lovelace");
    assert_eq!(step("directory")["dp"], one.as_str());
    assert_eq!(step("ping")["event"], "evPong");
    assert_eq!((&step("originate")["result"], &step("originate")["event"]), (&json!("0"), &json!("evNewOrigChannel")));
    assert_eq!(step("originate")["Extension"], "1002");
    assert_eq!(step("talking")["state"], "Up");
    assert_eq!((&step("hangup")["result"], &step("again")["result"]), (&json!(0), &json!(1)));
    assert_eq!((&step("history")["caller"], &step("history")["called"]), (&json!("001"), &json!("201")));
}
