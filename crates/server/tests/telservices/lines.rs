//! Phones with several calls, callers that show no number, and the reference of a call.

use super::{Events, LINE, Line, Office, STANDARD, answer, ask, device, error, make_call, moves_s};
use serde_json::json;

/// An office of phones with two lines, whose clock stands still unless moved.
fn office(settings: &str) -> (Office, tempfile::TempDir) {
    let phones: String = (1..=4)
        .map(|n| format!("[[station]]\nnumber = \"100{n}\"\nkind = \"simulated\"\nlines = 2\nremote_answer = true\n"))
        .collect();
    let text = format!(
        "[telservices]\n{settings}\n[console]\ntest_control = true\n[voicenter]\nrequests_per_s = 1000\n{phones}\
         [[account]]\ndoor = \"voicenter\"\npassword = \"letmein\"\n"
    );
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("office.toml");
    std::fs::write(&path, text).expect("written");
    let arguments = ["--config", path.to_str().expect("utf-8"), "--ephemeral-ports", "--virtual-clock"];
    (Office::start_with(&arguments), dir)
}

#[test]
fn wire_a_phone_with_two_calls_shows_two() {
    let (office, _dir) = office("");
    let (b, d) = (Events::of(&office, "1002"), Events::of(&office, "1004"));
    let first = Line { device: "1002", id: 1, other: ("1001", ""), ..LINE };
    let second = Line { id: 2, other: ("1003", ""), ..first };
    let rings = |line: Line<'static>| Line { state: "alerting", services: "answerCall", ..line };
    let talks = |line: Line<'static>, talk_s| Line { state: "connected", services: "dropCall", talk_s, ..line };
    let over = |line: Line<'static>, talk_s| Line { state: "cleared", talk_s, ..line };
    assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
    assert_eq!(b.next(), rings(first).event());
    moves_s(&office, 2);
    assert_eq!(make_call(&office, "1003", "1002"), STANDARD);
    assert_eq!(b.next(), rings(second).event(), "the next number, and the first is told nothing");
    // Two ring: without a number the one that came first is answered.
    assert_eq!(ask(&office, "answerCall", &device("1002")), STANDARD);
    assert_eq!(b.next(), talks(first, 0).event());
    moves_s(&office, 3);
    assert_eq!(ask(&office, "answerCall", &format!("{}<callingNumber>1003</callingNumber>", device("1002"))), STANDARD);
    assert_eq!(b.next(), talks(second, 0).event());
    moves_s(&office, 4);
    let snapshot = ask(&office, "snapshot", &device("1002"));
    let both = format!("<calls>{}{}</calls>", talks(first, 7).call(), talks(second, 4).call());
    assert!(snapshot.contains(&both), "{snapshot}");
    // A third call finds every line taken.
    let a = Events::of(&office, "1001");
    assert_eq!(make_call(&office, "1004", "1002"), STANDARD);
    for state in ["initiated", "originated", "failed"] {
        assert!(d.next().contains(&format!("<{state}/>")));
    }
    assert_eq!(ask(&office, "dropCall", &device("1004")), STANDARD);
    assert_eq!(make_call(&office, "1002", "1004"), error("pbxReject"), "nor is there one to call from");
    // Two talk: without a number the one that was answered last is dropped; with one, that one.
    assert_eq!(ask(&office, "dropCall", &device("1002")), STANDARD);
    assert_eq!(b.next(), over(second, 4).event());
    assert_eq!(make_call(&office, "1003", "1002"), STANDARD);
    assert_eq!(b.next(), rings(second).event(), "a number that is free again is used again");
    assert_eq!(ask(&office, "answerCall", &device("1002")), STANDARD);
    assert_eq!(b.next(), talks(second, 0).event());
    let other = |number: &str| format!("{}<otherNumber>{number}</otherNumber>", device("1002"));
    assert_eq!(ask(&office, "dropCall", &other("1004")), error("noCall"));
    assert_eq!(ask(&office, "dropCall", &other("(10) 01")), STANDARD);
    assert_eq!(b.next(), over(first, 7).event());
    let left = Line { state: "cleared", talk_s: 7, cause: "droppedByOtherParty", outgoing: true, ..LINE };
    assert_eq!(a.next(), Line { device: "1001", other: ("1002", ""), ..left }.event());
    // It rings there while it talks: what rings is not dropped.
    assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
    assert_eq!(b.next(), rings(first).event(), "the smallest free number");
    assert_eq!(ask(&office, "dropCall", &other("1001")), error("noCall"));
    assert_eq!(ask(&office, "dropCall", &device("1002")), STANDARD);
    assert_eq!(b.next(), over(second, 0).event());
    b.nothing();
    conformance::proves_partly("TEL-CALL-02", "hold, transfer, conference");
    conformance::proves_partly("TEL-CALL-18", "a held call beside a connected one, and what works across both");
    conformance::proves_partly("TEL-REQ-06", "no call is held for the one that is answered");
    conformance::proves_partly("TEL-REQ-11", "held calls and consultations");
    conformance::proves_partly("TEL-EVT-08", "one action that touches several calls of a device");
}

#[test]
fn wire_a_caller_without_a_number_is_named_by_its_call() {
    let (office, _dir) = office("call_reference = true");
    let (a, b) = (Events::of(&office, "1001"), Events::of(&office, "1002"));
    let url = format!(
        "http://{}/ForwardDialer/click2call.aspx?code=letmein&phone=1001&target=1002&targetcallerid=Anonymous",
        office.address("voicenter")
    );
    let made = office.http("GET", &url, None, &[]).text;
    assert!(made.contains("<string>OK</string>"), "{made}");
    answer(&office, "1001");
    let rings = b.next();
    let reference = |event: &str| {
        let (_, rest) = event.split_once("</isConference><callReference>").unwrap_or_else(|| panic!("{event}"));
        rest.split('<').next().and_then(|text| text.parse::<u64>().ok()).expect("a number")
    };
    let call = reference(&rings);
    let hidden = format!("*****-{call}");
    let line = Line { device: "1002", other: (&hidden, ""), ..LINE };
    let with = |line: Line<'_>| {
        let own = format!("</isConference><callReference>{call}</callReference>");
        line.event().replace("</isConference>", &own)
    };
    assert_eq!(rings, with(Line { state: "alerting", services: "answerCall", ..line }));
    // The generated number chooses the call; that of another call, or none, does not.
    let calling = |number: &str| format!("{}<callingNumber>{number}</callingNumber>", device("1002"));
    let unknown = format!("*****-{}", call + 1);
    for wrong in [unknown.as_str(), "*****-", "*****-x", "1001", "anonymous"] {
        assert_eq!(ask(&office, "answerCall", &calling(wrong)), error("noCall"), "{wrong}");
    }
    assert_eq!(ask(&office, "answerCall", &calling(&hidden)), STANDARD);
    assert_eq!(b.next(), with(Line { state: "connected", services: "dropCall", ..line }));
    let snapshot = ask(&office, "snapshot", &device("1002"));
    assert!(snapshot.contains(&format!("<callReference>{call}</callReference>")), "{snapshot}");
    moves_s(&office, 6);
    let other = format!("{}<otherNumber>{hidden}</otherNumber>", device("1002"));
    assert_eq!(ask(&office, "dropCall", &other), STANDARD);
    assert_eq!(b.next(), with(Line { state: "cleared", talk_s: 6, ..line }));
    assert_eq!(ask(&office, "dropCall", &other), error("noCall"));
    // At the other end it is the same call; the next call is another.
    let told: Vec<String> =
        std::iter::from_fn(|| Some(a.next())).take_while(|event| !event.contains("<cleared/>")).collect();
    assert!(told.iter().all(|event| reference(event) == call), "{told:?}");
    office.wait_idle();
    let history = ask(&office, "queryHistory", &device("1002"));
    assert!(history.contains(&format!("<number>{hidden}</number>")), "{history}");
    assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
    let next = reference(&b.next());
    assert!(next > call && reference(&a.next()) == next);
    assert_eq!(ask(&office, "dropCall", &device("1001")), STANDARD);
    assert!(b.next().contains("<cleared/>"));
    conformance::proves("TEL-CALL-13");
    // What the directory knows of a party is told of it, in this order, at both ends; of one that is hidden nothing is.
    office.wait_idle();
    while !a.next().contains("<cleared/>") {}
    for (number, company) in [("1001", "Uni & Gone"), ("1002", "")] {
        let extension = format!("/extensions/number:{number}");
        let set = office.console("PATCH", &extension, Some(json!({ "fields": { "company": company } })));
        assert_eq!(set.status, 200, "{}", set.text);
    }
    let known = "<number>1001</number><numberType><work/></numberType><company>Uni &amp; Gone</company></otherParty>";
    let made = office.http("GET", &url, None, &[]).text;
    assert!(made.contains("<string>OK</string>"), "{made}");
    let initiated = a.next();
    assert!(initiated.contains("<otherParty><number/></otherParty>"), "{initiated}");
    answer(&office, "1001");
    let rings = b.next();
    assert!(rings.contains("<otherParty><number>*****-") && !rings.contains("company"), "{rings}");
    assert_eq!(ask(&office, "dropCall", &device("1001")), STANDARD);
    assert!(b.next().contains("<cleared/>"));
    office.wait_idle();
    assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
    let rings = b.next();
    assert!(rings.contains(known), "{rings}");
    assert!(ask(&office, "snapshot", &device("1002")).contains(known));
    conformance::proves("TEL-CALL-05");
    conformance::proves_partly("TEL-REQ-38", "pairs and conferences");
}

#[test]
fn wire_what_is_too_large_for_a_datagram_loses_its_optional_parts_in_order() {
    for (octets, extra, services) in [(65_507, true, true), (900, false, true), (330, false, false)] {
        let (office, _dir) = office(&format!("event_octets = {octets}"));
        let (a, b) = (Events::of(&office, "1001"), Events::of(&office, "1002"));
        let data = format!("<calledDeviceNumber>1002</calledDeviceNumber><extraData>{}</extraData>", "x".repeat(1_000));
        assert_eq!(ask(&office, "makeCall", &format!("{}{data}", device("1001"))), STANDARD);
        let rings = b.next();
        assert!(rings.len() <= octets && rings.starts_with("<TelServiceEvent>"), "{octets}: {rings}");
        assert!(
            rings.ends_with("</call></event></TelServiceEvent>") && rings.contains("<alerting/>"),
            "{octets}: {rings}"
        );
        assert_eq!(rings.contains("<extraData>"), extra, "{octets}: {rings}");
        assert_eq!(rings.contains("<permittedServices><answerCall/>"), services, "{octets}: {rings}");
        let snapshot = ask(&office, "snapshot", &device("1002"));
        assert!(snapshot.contains("<extraData>") && snapshot.contains("<permittedServices>"), "TCP has no such bound");
        // Datagrams of one client leave in the order in which the events happened; one too many is no fault of the session's.
        assert_eq!(ask(&office, "answerCall", &device("1002")), STANDARD);
        assert!(b.next().contains("<connected/>"));
        assert_eq!(ask(&office, "dropCall", &device("1002")), STANDARD);
        assert!(b.next().contains("<cleared/>"));
        for state in ["initiated", "originated", "delivered", "connected", "cleared"] {
            let event = a.next();
            assert!(event.contains(&format!("<{state}/>")), "{octets}: {event}");
        }
        // They come from the gateway's own port, and whoever listens no more loses them alone.
        assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
        let (_, from) = b.0.recv_from(&mut [0; 65_536]).expect("an event");
        assert_eq!(from, office.address("telservices_tcp"));
        drop(a);
        assert_eq!(ask(&office, "dropCall", &device("1001")), STANDARD);
        assert!(b.next().contains("<cleared/>"));
        for _ in 0..3 {
            assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
            assert!(b.next().contains("<alerting/>"));
            assert_eq!(ask(&office, "dropCall", &device("1001")), STANDARD, "its session goes on");
            assert!(b.next().contains("<cleared/>"));
        }
    }
    conformance::proves("TEL-TRN-08");
}
