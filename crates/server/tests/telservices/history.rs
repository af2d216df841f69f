//! queryHistory against the records of the exchange.

use super::{Events, Office, STANDARD, answer, ask, at_rest, device, error, make_call, moves_s, name};
use serde_json::json;

fn history(office: &super::Office, elements: &str) -> Vec<String> {
    let answer = ask(office, "queryHistory", elements);
    if answer.ends_with("<history/></result></TelServiceReturn>") {
        return Vec::new();
    }
    let inside = answer.split_once("<history>").and_then(|(_, rest)| rest.split_once("</history>")).expect(&answer).0;
    inside.split_inclusive("</record>").map(str::to_owned).collect()
}

/// A record without its instant.
fn bare(record: &str) -> String {
    let (head, rest) = record.split_once("<creationDate>").expect("a date");
    let (_, tail) = rest.split_once("</creationTime>").expect("a time");
    format!("{head}{tail}")
}

fn record(head: &str, other: (&str, &str), seconds: (u32, u32), flags: (bool, bool), cause: &str) -> String {
    format!(
        "<record>{head}<otherParty><number>{}</number><name>{}</name></otherParty>\
         <alertingDuration>{}</alertingDuration><duration>{}</duration><isOutgoing><{}/></isOutgoing>\
         <isConnected><{}/></isConnected><cause><{cause}/></cause></record>",
        other.0, other.1, seconds.0, seconds.1, flags.0, flags.1
    )
}

#[test]
fn wire_history_is_what_the_records_say() {
    let office = at_rest();
    let _sessions = (Events::of(&office, "1001"), Events::of(&office, "1002"));
    let (ada, alan) = (name(&office, "1001"), name(&office, "1002"));
    assert_eq!(history(&office, ""), Vec::<String>::new());
    // Answered and ended by the caller.
    make_call(&office, "1001", "1002");
    moves_s(&office, 3);
    assert_eq!(ask(&office, "answerCall", &device("1002")), STANDARD);
    moves_s(&office, 42);
    ask(&office, "dropCall", &device("1001"));
    // Rung in vain.
    make_call(&office, "1002", "1001");
    moves_s(&office, 9);
    ask(&office, "dropCall", &device("1002"));
    // Busy.
    make_call(&office, "1003", "1004");
    answer(&office, "1004");
    make_call(&office, "1001", "1003");
    ask(&office, "dropCall", &device("1001"));
    office.hand("1003", "hang_up", json!({}));
    office.wait_idle();

    let of = |number: &str| history(&office, &device(number)).iter().map(|it| bare(it)).collect::<Vec<_>>();
    let hopper = name(&office, "1003");
    let (of_ada, of_alan) = (format!("<userID>{ada}</userID>"), format!("<userID>{alan}</userID>"));
    let expected = [
        record(&of_ada, ("1003", &hopper), (0, 0), (true, false), "busy"),
        record(&of_ada, ("1002", &alan), (9, 0), (false, false), "droppedByOtherParty"),
        record(&of_ada, ("1002", &alan), (0, 42), (true, true), "normal"),
    ];
    assert_eq!(of("1001"), expected);
    let expected = [
        record(&of_alan, ("1001", &ada), (0, 0), (true, false), "normal"),
        record(&of_alan, ("1001", &ada), (3, 42), (false, true), "droppedByOtherParty"),
    ];
    assert_eq!(of("1002"), expected);

    // As the exchange itself keeps them.
    let kept = office.get("/records?limit=100");
    let items = kept["items"].as_array().expect("a list");
    let talk: Vec<u64> = items.iter().map(|it| it["talk_ms"].as_u64().expect("a number") / 1_000).collect();
    assert_eq!(talk.iter().sum::<u64>(), 42, "{talk:?}");
    assert_eq!(history(&office, "").len(), 5, "each part of 1001 and of 1002; nobody watched the others");

    let all = history(&office, "<search>LOVE</search>");
    assert!(all.len() == 2 && all.iter().all(|it| it.contains(&ada) && it.contains("<deviceNumber>1002")), "{all:?}");
    assert_eq!(history(&office, "<search>nobody</search>").len(), 0);
    assert_eq!(history(&office, &format!("{}<limit>1</limit>", device("1001"))).len(), 1);
    assert_eq!(history(&office, &format!("{}<limit>0</limit>", device("1001"))).len(), 3);
    assert_eq!(history(&office, "<recordType><agent/></recordType>").len(), 0);
    assert_eq!(history(&office, "<recordType>all</recordType>").len(), 5);
    assert_eq!(history(&office, "<userID>nobody</userID>").len(), 0);
    assert_eq!(history(&office, &device("5555")).len(), 0);
    assert_eq!(history(&office, "<startDate>2999-01-01</startDate>").len(), 0);
    assert_eq!(history(&office, "<endDate>1999-12-31</endDate>").len(), 0);
    assert_eq!(history(&office, "<startDate>1999-12-31</startDate><startHour>23</startHour>").len(), 5);
    for wrong in [
        "<startDate>01-01-2026</startDate>",
        "<startDate>2026-13-01</startDate>",
        "<startHour>24</startHour>",
        "<limit>many</limit>",
        "<recordType><calls/></recordType>",
        "<limit>1</limit><limit>2</limit>",
    ] {
        assert_eq!(ask(&office, "queryHistory", wrong), error("reject"), "{wrong}");
    }
    conformance::proves_partly("TEL-REQ-19", "records of agents; the user is the owner of the number");
}

/// The vendor's server sees the calls of devices that have a session, and no others: what counts is the end of the device's part.
#[test]
fn wire_history_is_of_devices_that_are_watched_when_their_part_ends() {
    let office = at_rest();
    let call = |between: &dyn Fn()| {
        make_call(&office, "1001", "1002");
        answer(&office, "1002");
        between();
        assert_eq!(ask(&office, "queryHistory", &device("1003")).matches("<record>").count(), 0);
        office.hand("1002", "hang_up", json!({}));
        office.wait_idle();
        ["1001", "1002"].map(|number| history(&office, &device(number)).len())
    };
    assert_eq!(call(&|| ()), [0, 0], "nobody watched");
    let session =
        |service: &str, number: &str| assert_eq!(ask(&office, service, &device(number)), STANDARD, "{number}");
    assert_eq!(call(&|| session("openSession", "1001")), [1, 0], "one was watched when its part ended");
    assert_eq!(call(&|| session("openSession", "1002")), [2, 1]);
    assert_eq!(call(&|| session("closeSession", "1001")), [2, 2], "it is watched no more");
    session("closeSession", "1002");
    assert_eq!(call(&|| ()), [2, 2], "what was seen stays");
    assert_eq!(history(&office, "").len(), 4);
    // Nor does a session whose watching was put off see anything.
    let put_off = format!("{}<startPbxMonitor><false/></startPbxMonitor>", device("1001"));
    assert_eq!(ask(&office, "openSession", &put_off), STANDARD);
    assert_eq!(call(&|| ()), [2, 2]);
    // All the while the exchange has kept them all.
    assert!(office.get("/records?limit=100")["items"].as_array().expect("a list").len() >= 5);
    conformance::proves_partly("TEL-CALL-19", "redirect, transfer, conference; the user is the owner of the number");
}

/// A second phone rings for the number of the first: its record is of the device, as its events and snapshots were. Its user has no
/// name, and is left out.
#[test]
fn wire_history_is_of_the_device_that_took_the_call() {
    let text = "[console]\ntest_control = true\n\
                [[station]]\nnumber = \"1001\"\nkind = \"simulated\"\nfirst_name = \"Ada\"\n\
                [[station]]\nnumber = \"1003\"\nkind = \"simulated\"\n\
                [[station]]\nnumber = \"1004\"\nkind = \"simulated\"\n";
    let office = Office::configured_on_virtual_time(text);
    let second = office.get("/devices/1004")["id"].clone();
    let paired = office.console("PATCH", "/extensions/number:1003", Some(json!({ "secondary": second })));
    assert_eq!(paired.status, 200, "{}", paired.text);
    let events = Events::of(&office, "1004");
    let _others = (Events::of(&office, "1001"), Events::of(&office, "1003"));
    assert_eq!(make_call(&office, "1001", "1003"), STANDARD);
    let rings = events.next();
    assert!(rings.starts_with("<TelServiceEvent><deviceNumber>1004</deviceNumber>"), "{rings}");
    answer(&office, "1004");
    moves_s(&office, 7);
    office.hand("1001", "hang_up", json!({}));
    office.wait_idle();

    let bare_of = |elements: &str| history(&office, elements).iter().map(|it| bare(it)).collect::<Vec<_>>();
    let of = |number: &str, flags, talk_s, cause| {
        let other = if number == "1001" { ("1003", "") } else { ("1001", "Ada") };
        record("", other, (0, talk_s), flags, cause).replace("<name></name>", "")
    };
    assert_eq!(bare_of(&device("1004")), [of("1004", (false, true), 7, "droppedByOtherParty")]);
    let rung_in_vain = bare_of(&device("1003"));
    assert!(rung_in_vain.len() == 1 && rung_in_vain[0].contains("<isConnected><false/>"), "{rung_in_vain:?}");
    assert_eq!(
        bare_of(&device("1001")),
        [of("1001", (true, true), 7, "normal").replacen("<record>", "<record><userID>Ada</userID>", 1)]
    );
    let numbers: Vec<String> =
        history(&office, "").iter().map(|it| it.split(&['<', '>']).nth(4).expect("a device").to_owned()).collect();
    assert_eq!(numbers.len(), 3, "{numbers:?}");
    for number in ["1001", "1003", "1004"] {
        assert_eq!(numbers.iter().filter(|it| *it == number).count(), 1, "{numbers:?}");
    }
    assert!(!history(&office, "").concat().contains("<userID/>"));
}

#[test]
fn wire_history_outlives_the_program_and_may_have_to_name_whose_it_is() {
    let text = "[telservices]\nhistory_of_all = false\ntime_zone = \"Asia/Tokyo\"\n[console]\ntest_control = true\n\
                [[station]]\nnumber = \"1001\"\nkind = \"simulated\"\nfirst_name = \"Ada\"\n\
                [[station]]\nnumber = \"1002\"\nkind = \"simulated\"\nfirst_name = \"Alan\"\n";
    let mut office = Office::configured(text);
    let file = office.data().join("test.toml").to_str().expect("utf-8").to_owned();
    let _sessions = (Events::of(&office, "1001"), Events::of(&office, "1002"));
    assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
    answer(&office, "1002");
    office.hand("1002", "hang_up", json!({}));
    office.wait_idle();
    for without in ["", "<search>1002</search>", "<recordType><agent/></recordType>"] {
        assert_eq!(ask(&office, "queryHistory", without), error("reject"), "{without}");
    }
    let before = [history(&office, &device("1001")), history(&office, "<userID>Alan</userID>")];
    assert!(before.iter().all(|records| records.len() == 1), "{before:?}");
    assert!(before[1][0].starts_with("<record><deviceNumber>1002</deviceNumber><creationDate>"), "{before:?}");
    let both = format!("{}<userID>Alan</userID>", device("1001"));
    assert_eq!(history(&office, &both), Vec::<String>::new(), "both have to fit");
    // Days and hours are those of the configured zone, and the last day is in it.
    let day = before[0][0].split("<creationDate>").nth(1).and_then(|rest| rest.get(..10)).expect("a date").to_owned();
    let within = format!("{}<startDate>{day}</startDate><endDate>{day}</endDate>", device("1001"));
    assert_eq!(history(&office, &within), before[0]);
    let reversed = format!("{}<startDate>{day}</startDate><endDate>1999-01-01</endDate>", device("1001"));
    assert_eq!(history(&office, &reversed), Vec::<String>::new());
    office.crash_and_restart_with(&["--config", &file, "--ephemeral-ports"]);
    assert_eq!([history(&office, &device("1001")), history(&office, "<userID>Alan</userID>")], before);
    conformance::proves_partly("TEL-ADM-16", "statistics");
}
