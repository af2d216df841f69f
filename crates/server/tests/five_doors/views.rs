//! Where the vendors only see differently (CORE 7): who is asked for an account, what is watched, what a lost socket costs, where
//! variables belong, and what an instant looks like. One exchange, one call, one instant below all of them.

use crate::common::ipxapi::{ask, basic};
use crate::common::telservices::{self, STANDARD};
use crate::common::{Office, wait_for, wait_until};
use crate::doors::door;
use crate::fusion::{channels, phone_id};
use crate::ipxapi::login;
use crate::phones::{answer, dial, hang_up, records, wait_states};
use crate::room::{Room, Watcher};
use serde_json::{Value, json};

/// Whose exchange it is: the listener's. Who carries an account names one of that exchange; who carries none speaks for whoever listens.
#[test]
fn wire_a_door_belongs_to_one_exchange_and_its_accounts_to_it() {
    let here = Office::start();
    let there = Office::configured(
        "[[station]]\nnumber = \"1001\"\nkind = \"simulated\"\n[[station]]\nnumber = \"1002\"\nkind = \"simulated\"\n\
         [[account]]\ndoor = \"voicenter\"\npassword = \"another-code\"\n",
    );
    for name in ["fusion", "telservices"] {
        door(name).make(&there, "1001", "1002");
        wait_for("it is there", || (there.calls().len() == 1).then_some(()));
        assert!(here.calls().is_empty(), "{name}: and nowhere else");
        for call in there.calls() {
            there.post(&format!("/calls/{}/clear_call", call["id"].as_str().expect("an id")), json!({}));
        }
        there.wait_idle();
    }
    let path = "/ipxapi/server/v1/users/demo/login";
    assert_eq!(ask(&here, "GET", path, &basic("demo", "demo-ipxapi"), "").status, 200);
    assert_eq!(ask(&there, "GET", path, &basic("demo", "demo-ipxapi"), "").status, 401);
    assert_eq!((door("clickcall").asks)(&there, "1001", "1002"), Err("101".to_owned()));
    assert_eq!((door("clickcall").asks)(&here, "1001", "1002"), Ok(()));
    assert!((door("voicenter").asks)(&there, "1001", "1002").is_err_and(|said| said.contains("\"ERRORCODE\":1")));
    assert_eq!((door("voicenter").asks)(&here, "1003", "1004"), Ok(()));
    assert!(there.calls().is_empty(), "nobody rang");
}

/// The first line that a watcher sees.
fn first(watcher: &Watcher) -> String {
    wait_until(|| watcher.taken().first().cloned()).expect("it sees something")
}

/// Monitor scope: TelServices one device for each session, iPECS lists of up to a hundred, Voicenter the account, Fusion and ours all.
#[test]
fn wire_each_vendor_watches_what_it_names() {
    let office = Office::start();
    let listed = crate::ipxapi::watch_these(&office, &["1001", "1002"]);
    let one = crate::telservices::watch_these(&office, &["1002"]);
    let all = ["console", "fusion", "voicenter"].map(|name| (door(name).watch.expect("it has events"))(&office));
    for (from, to) in [("1003", "1004"), ("1001", "1002")] {
        dial(&office, from, to);
        answer(&office, to);
        hang_up(&office, from);
        office.wait_idle();
    }
    for watcher in &all {
        let line = first(watcher);
        assert!(line.contains("1003"), "the first call: {line}");
    }
    assert!(first(&listed).starts_with("dialing 1001"), "{:#?}", listed.taken());
    assert!(first(&one).starts_with("1002 id=1 state=alerting number=1001"), "{:#?}", one.taken());
    let ends = |watcher: &Watcher, text: &str| watcher.taken().iter().any(|line| line.contains(text)).then_some(());
    wait_for("the end of it", || ends(&listed, "released 1002"));
    wait_for("the end of it", || ends(&one, "state=cleared"));
    let of_others = |line: &String| line.contains("1003") || line.contains("1004");
    assert!(!listed.taken().iter().chain(&one.taken()).any(of_others), "nothing of the others");
    assert!(one.taken().iter().all(|line| line.starts_with("1002 ")), "{:#?}", one.taken());
    let numbers: Vec<String> = (1..=101).map(|number| format!("{}", 1_000 + number)).collect();
    let login = login(&office);
    let (hundred, more) = (json!({ "deviceNumber": numbers[..100] }), json!({ "deviceNumber": numbers }));
    assert_eq!(login.post("call/monitor", hundred).status, 200);
    assert_eq!(login.post("call/monitor", more).status, 403, "one more than a list may have");
    let two = telservices::device("1001") + &telservices::device("1002");
    assert_eq!(telservices::ask(&office, "openSession", &two), telservices::error("reject"), "one device");
}

/// A lost socket: the vendors' events are not kept for anybody, at iPECS the serial numbers show it; our own stream goes on.
#[test]
fn wire_only_our_own_stream_goes_on_after_a_lost_connection() {
    let room = Room::open(&[]);
    let office = &room.office;
    let left_at = office.get("/snapshot")["seq"].as_u64().expect("a number");
    // A newer socket of the same login takes the place of the one before; here nobody reads in between.
    drop(login(office).socket(&["1001"]));
    dial(office, "1001", "1002");
    answer(office, "1002");
    hang_up(office, "1002");
    office.wait_idle();
    let late = ["fusion", "voicenter"].map(|name| (door(name).watch.expect("it has events"))(office));
    let mut socket = login(office).socket(&[]).socket;
    dial(office, "1003", "1004");
    room.show("1004 rings", "console 1003 connected\n console 1004 alerting");
    let [fusion, voicenter] = late.each_ref().map(first);
    let (channel, dialled) = fusion.split_once(" CallerId=").expect("two fields");
    assert!(channel.starts_with("evNewOrigChannel Channel=SIP/SDP01003-"), "not what it missed: {fusion}");
    assert_eq!(dialled, "1003 Extension=1004");
    assert!(voicenter.starts_with("NEWCALL 1003 "), "not what it missed: {voicenter}");
    let frame = wait_for("a frame", || match socket.read() {
        Ok(tungstenite::Message::Text(text)) => {
            let frame: Value = serde_json::from_str(text.as_str()).expect("JSON");
            (frame["event"] == "call").then(|| frame["data"].clone())
        }
        _ => None,
    });
    assert_eq!((&frame["type"], &frame["deviceNumber"]), (&json!("dialing"), &json!("1003")), "not what it missed");
    // Of the call that nobody read: ten frames of its two parties; and those of the mark with which the room was opened.
    assert!(frame["evtSerialNum"].as_u64().is_some_and(|serial| serial > 10), "the gap shows: {frame}");
    let events = office.get(&format!("/events?detail=facts&from={left_at}&limit=1000"));
    let events = events["items"].as_array().expect("a list");
    assert_eq!(events[0]["seq"].as_u64(), Some(left_at + 1), "without a gap");
    assert!(events.iter().any(|event| event["type"] == "established"));
}

/// Variables: Fusion's belong to a connection, Voicenter's and our own to the call, TelServices' text to the call and unread; none is
/// another.
#[test]
fn wire_variables_of_a_connection_are_no_data_of_the_call() {
    let office = Office::start();
    let fusion = format!("/xml/ccOriginate.json?phone_id={}&to=1010&async=true&var=Campaign%3DA1", phone_id("1001"));
    assert_eq!(office.fusion(&fusion).text, "{\"Result\":0}");
    let own = json!({ "from": "1002", "to": "1010", "prompt": "ring", "data": { "Campaign": "B2" } });
    office.post("/calls/make_call", own);
    let voicenter = crate::voicenter::click(&office, "action=call&phone=1003&target=1010&var_Campaign=C3");
    assert_eq!(voicenter["ERRORCODE"], 0, "{voicenter}");
    let extra = "<calledDeviceNumber>1010</calledDeviceNumber><extraData>Campaign=D4</extraData>";
    let telservices = telservices::ask(&office, "makeCall", &(telservices::device("1004") + extra));
    assert_eq!(telservices, STANDARD);
    wait_for("all have begun", || (office.calls().len() == 4).then_some(()));
    let told = |phone: &str| {
        let connection = office.get(&format!("/connections/{}", crate::phones::connection(&office, phone)));
        let call = office.get(&format!("/calls/{}", connection["call"].as_str().expect("an id")));
        let data = &call["data"];
        (connection["vars"].clone(), data["custom"].clone(), data["correlator"].clone())
    };
    let (none, campaign) = (json!({}), |value: &str| json!({ "Campaign": value }));
    assert_eq!(told("1001"), (campaign("A1"), none.clone(), Value::Null), "fusion");
    assert_eq!(told("1002"), (none.clone(), campaign("B2"), Value::Null), "ours");
    assert_eq!(told("1003"), (none.clone(), json!({ "var_Campaign": "C3" }), Value::Null), "voicenter");
    // Base64 of the text.
    assert_eq!(told("1004"), (none.clone(), none, json!("Q2FtcGFpZ249RDQ=")), "telservices");
    for (phone, known) in [("1001", true), ("1002", false), ("1003", false), ("1004", false)] {
        let of = |channel: &Value| channel["ID"].as_str().filter(|id| id.contains(&phone_id(phone))).map(str::to_owned);
        let channel = channels(&office).iter().find_map(of).expect("a channel");
        let answer = office.fusion(&format!("/xml/ccGetVar?channel_id={channel}&variable=Campaign")).text;
        assert_eq!(answer.contains("A1"), known, "{phone}: {answer}");
    }
}

/// The clock: one instant, told in local time by iPECS, TelServices and Fusion, in UTC by Voicenter's log and by our own door.
#[test]
fn wire_one_instant_has_the_form_of_each_door() {
    let office = Office::configured(
        "[console]\ntest_control = true\n[tenant]\ntime_zone = \"Asia/Kolkata\"\n\
         [[station]]\nnumber = \"1001\"\nkind = \"simulated\"\n[[station]]\nnumber = \"1002\"\nkind = \"simulated\"\n\
         [[account]]\ndoor = \"voicenter\"\npassword = \"demo-voicenter\"\n\
         [[account]]\ndoor = \"ipxapi\"\nuser = \"demo\"\npassword = \"demo-ipxapi\"\n",
    );
    let opened = telservices::ask(&office, "openSession", &telservices::device("1001"));
    assert_eq!(opened, telservices::STANDARD);
    dial(&office, "1001", "1002");
    wait_states(&office, &["connected", "alerting"]);
    answer(&office, "1002");
    hang_up(&office, "1002");
    office.wait_idle();
    let record = wait_for("the record", || records(&office).first().cloned());
    let instant: jiff::Timestamp = record["started_at"].as_str().expect("text").parse().expect("RFC 3339, in UTC");
    let kolkata = jiff::tz::TimeZone::get("Asia/Kolkata").expect("known");
    let local = |form: &str| instant.to_zoned(kolkata.clone()).strftime(form).to_string();
    let utc = |form: &str| instant.strftime(form).to_string();

    let fusion = office.fusion("/xml/dbGetCallHistory.json?ext=1001&limit=10&start_date=2000-01-01").json();
    assert_eq!(fusion["CallHistory"][0]["timestamp"], local("%Y-%m-%d %H:%M:%S"));
    let ipxapi = login(&office).ask("GET", "smdr", "").json();
    assert_eq!(ipxapi["items"][0]["StartTime"], local("%Y-%m-%d %H:%M"));
    let telservices = telservices::ask(&office, "queryHistory", &telservices::device("1001"));
    let told =
        format!("<creationDate>{}</creationDate><creationTime>{}</creationTime>", local("%Y-%m-%d"), local("%H:%M:%S"));
    assert!(telservices.contains(&told), "{telservices}: {told}");
    let url = format!(
        "http://{}/hub/cdr/?code=demo-voicenter&fields=Date,DateEpoch&extensions=1001",
        office.address("voicenter")
    );
    let row = office.http("GET", &url, None, &[]).json()["CDR_LIST"][0].clone();
    assert_eq!((&row["Date"], &row["DateEpoch"]), (&json!(utc("%Y-%m-%dT%H:%M:%SZ")), &json!(instant.as_second())));
}
