//! What a page is told of each extension, in the order of the vendor's ladders; times; pages that never read.

use crate::channel::{CODE, Channel, answers, called, script};
use crate::common::{Office, wait_for};
use serde_json::json;
use tungstenite::Message;

#[test]
fn wire_a_page_is_told_of_every_step_in_order() {
    let office = Office::start_with(&["--demo", "--ephemeral-ports", "--virtual-clock"]);
    let pass = |seconds: u64| {
        office.post("/test/clock/advance", json!({"by_ms": seconds * 1_000}));
    };
    let (mut channel, all) = Channel::open(&office);
    let extensions = all["extensions"].as_array().expect("a list");
    assert_eq!(extensions.len(), 40);
    let ada = extensions.iter().find(|it| it["extenUser"] == "1001").expect("she is there");
    assert_eq!(
        (&ada["userName"], &ada["number"], &ada["peerStatus"]),
        (&json!("Ada Lovelace"), &json!(1001), &json!("Reachable"))
    );
    assert_eq!((&ada["calls"], &ada["onlineUserID"], &ada["representativeStatus"]), (&json!([]), &json!(0), &json!(2)));
    // V1.
    script(&office, "1001", answers(6));
    script(&office, "1002", answers(12));
    let id = called(&office, "phone=1001&target=1002&var_customer=7");
    let first = channel.event("ExtensionEvent");
    let call = &first["data"]["currentCall"];
    let now = first["servertime"].clone();
    assert_eq!(
        *call,
        json!({
            "callStarted": now, "calldurationinterval": now, "callAnswered": 0, "answered": 0, "callername": "Alan Turing",
            "callerphone": "1002", "outgoingcallername": "Alan Turing", "outgoingcallerphone": "1002", "callstatus": "Dialing",
            "customdata": {"var_customer": "7"}, "direction": "Click2Call", "callType": "Click2Call", "ivrid": id,
            "recording": {"Filename": "", "Options": "", "ApproximateURL": "", "IsMuted": false}, "did": "",
            "relatedIvrUniqueIDs": [], "originalCallerID": "", "originalCallerName": "", "actualDialedNumber": "1002",
            "isInternal": true, "isSpyed": false, "c2cdirection": 1,
        })
    );
    assert_eq!(
        (&first["eventName"], &first["reason"], &first["servertimeoffset"]),
        (&json!("extension"), &json!("NEWCALL"), &json!(0))
    );
    assert_eq!(first["data"]["calls"].as_array().map(Vec::len), Some(1));
    pass(30);
    assert_eq!(
        channel.next_all(5),
        [
            json!(["ANSWER", "1001", "Talking", 0, 1, null]),
            json!(["NEWCALL", "1001", "Talking", 0, 2, null]),
            json!(["NEWCALL", "1002", "Ringing", 0, null, null]),
            json!(["ANSWER", "1002", "Talking", 1, null, null]),
            json!(["ANSWER", "1001", "Talking", 1, 2, null]),
        ]
    );
    office.hand("1002", "hang_up", json!({}));
    let hangup = channel.event("ExtensionEvent");
    assert_eq!(
        json!([
            hangup["reason"],
            hangup["data"]["extenUser"],
            hangup["cause"],
            hangup["ivruniqueid"],
            hangup["callerID"],
            hangup["dialStatus"]
        ]),
        json!(["HANGUP", "1002", "Normal hangup", id, "1001", ""])
    );
    assert_eq!(hangup["data"]["calls"], json!([]), "the ended call is not among the calls any more");
    assert_eq!(hangup["data"]["currentCall"]["ivrid"], id);
    assert_eq!(channel.next(), json!(["HANGUP", "1001", "Talking", 1, 2, "Normal hangup"]));
    // V2: leg 1 does not answer; it declines.
    script(&office, "1001", json!({"ring": "never"}));
    called(&office, "phone=1001&target=1002&phonemaxdialtime=10");
    pass(20);
    let dialing = json!(["NEWCALL", "1001", "Dialing", 0, 1, null]);
    assert_eq!(
        channel.next_all(2),
        [dialing.clone(), json!(["HANGUP", "1001", "Dialing", 0, 1, "No user responding"])]
    );
    script(&office, "1001", json!({"ring": "reject"}));
    called(&office, "phone=1001&target=1002");
    pass(1);
    assert_eq!(channel.next_all(2), [dialing.clone(), json!(["HANGUP", "1001", "Dialing", 0, 1, "Call Rejected"])]);
    // V3: leg 2 is busy, and leg 1 is let go five seconds later; then nobody answers there.
    script(&office, "1001", answers(0));
    script(&office, "1002", json!({"ring": "busy"}));
    called(&office, "phone=1001&target=1002");
    pass(10);
    let up = [
        dialing.clone(),
        json!(["ANSWER", "1001", "Talking", 0, 1, null]),
        json!(["NEWCALL", "1001", "Talking", 0, 2, null]),
    ];
    assert_eq!(channel.next_all(3), up);
    assert_eq!(channel.next(), json!(["HANGUP", "1001", "Talking", 0, 2, "User busy"]));
    script(&office, "1002", json!({"ring": "never"}));
    called(&office, "phone=1001&target=1002&targetmaxdialtime=10");
    pass(30);
    assert_eq!(channel.next_all(3), up);
    assert_eq!(
        channel.next_all(3),
        [
            json!(["NEWCALL", "1002", "Ringing", 0, null, null]),
            json!(["HANGUP", "1002", "Ringing", 0, null, "No user responding"]),
            json!(["HANGUP", "1001", "Talking", 0, 2, "User alerting, no answer"]),
        ]
    );
    // V4: the first one hangs up while the second rings.
    called(&office, "phone=1001&target=1002");
    pass(2);
    office.hand("1001", "hang_up", json!({}));
    assert_eq!(channel.next_all(3), up);
    assert_eq!(
        channel.next_all(3),
        [
            json!(["NEWCALL", "1002", "Ringing", 0, null, null]),
            json!(["HANGUP", "1001", "Talking", 0, 2, "Normal hangup"]),
            json!(["HANGUP", "1002", "Ringing", 0, null, "Normal hangup"]),
        ]
    );
    // From outside to 1001 (V7), and dialled inside (V20).
    let did = office.demo["trunk"]["did"].as_str().expect("text").to_owned();
    script(&office, "1001", answers(3));
    office.post("/test/outside/ring_in", json!({"from": "+972544444444", "to": did, "name": ""}));
    pass(5);
    let ringing = channel.event("ExtensionEvent");
    let call = &ringing["data"]["currentCall"];
    assert_eq!(
        json!([
            ringing["reason"],
            call["callstatus"],
            call["direction"],
            call["callerphone"],
            call["did"],
            call["isInternal"]
        ]),
        json!(["NEWCALL", "Ringing", "Incoming", "0544444444", "3225550100", false])
    );
    assert_eq!(channel.next(), json!(["ANSWER", "1001", "Talking", 1, null, null]));
    office.hand("1001", "hang_up", json!({}));
    assert_eq!(channel.next(), json!(["HANGUP", "1001", "Talking", 1, null, "Normal hangup"]));
    script(&office, "1002", json!({"ring": "reject"}));
    office.hand("1003", "dial", json!({"to": "1002"}));
    pass(1);
    assert_eq!(
        channel.next_all(4),
        [
            json!(["NEWCALL", "1003", "Dialing", 0, null, null]),
            json!(["NEWCALL", "1002", "Ringing", 0, null, null]),
            json!(["HANGUP", "1002", "Ringing", 0, null, "Call Rejected"]),
            json!(["HANGUP", "1003", "Dialing", 0, null, "Call Rejected"]),
        ]
    );
    // Who called is told to the called side whoever hangs up first, and told to nobody where it is withheld.
    script(&office, "1001", answers(0));
    script(&office, "1002", answers(0));
    let from_outside = json!({"from": "+972544444444", "to": did, "name": ""});
    for ends in ["+972544444444", "1001"] {
        office.post("/test/outside/ring_in", from_outside.clone());
        pass(1);
        assert_eq!(channel.next()[0], "NEWCALL");
        assert_eq!(channel.next()[0], "ANSWER");
        let whose = if ends.starts_with('+') { "outside" } else { "phones" };
        office.post(&format!("/test/{whose}/{ends}/hang_up"), json!({}));
        let hangup = channel.event("ExtensionEvent");
        assert_eq!(json!([hangup["reason"], hangup["callerID"]]), json!(["HANGUP", "0544444444"]), "{ends} hangs up");
    }
    for (shown, caller_id) in [("", "1001"), ("&targetcallerid=Anonymous", "Anonymous")] {
        for (ends, other) in [("1001", "1002"), ("1002", "1001")] {
            called(&office, &format!("phone=1001&target=1002{shown}"));
            pass(2);
            channel.next_all(6);
            office.hand(ends, "hang_up", json!({}));
            for extension in [ends, other] {
                let hangup = channel.event("ExtensionEvent");
                let told = json!([hangup["reason"], hangup["data"]["extenUser"], hangup["callerID"]]);
                assert_eq!(told, json!(["HANGUP", extension, caller_id]), "{ends} hangs up {shown}");
            }
        }
    }
    channel.nothing();
    conformance::proves_partly("VOI-RT-06", "held calls");
    conformance::proves_partly("VOI-RT-09", "queues, transfers, recordings, related calls");
    conformance::proves_partly("VOI-RT-15", "two phones of one number, queues, held calls");
}

#[test]
fn wire_times_are_local_epochs() {
    let office = Office::configured(
        "[tenant]\ntime_zone = \"Asia/Kolkata\"\n[[account]]\ndoor = \"voicenter\"\npassword = \"demo-voicenter\"\n\
         [[station]]\nnumber = \"201\"\nkind = \"simulated\"\n[[station]]\nnumber = \"202\"\nkind = \"simulated\"\n",
    );
    let (mut channel, all) = Channel::open(&office);
    assert_eq!(all["servertimeoffset"], 330);
    called(&office, "phone=201&target=202");
    let event = channel.event("ExtensionEvent");
    let listed =
        format!("http://{}/comet/API/GetExtensionsCalls?code={CODE}&extension=201", office.address("voicenter"));
    let utc = office.http("GET", &listed, None, &[]).json()["EXTENSIONS"][0]["calls"][0]["callstarted"]
        .as_i64()
        .expect("a number");
    let call = &event["data"]["currentCall"];
    assert_eq!(call["callStarted"].as_i64(), Some(utc + 330 * 60), "clients take the offset away");
    assert_eq!((&event["servertimeoffset"], &event["servertime"]), (&json!(330), &event["telephonyservertime"]));
    assert!(event["data"]["lastCallEventEpoch"].as_i64().is_some_and(|at| (at - utc - 330 * 60).abs() <= 1), "{event}");
    conformance::proves("VOI-RT-14");
}

#[test]
fn wire_sockets_that_never_read_harm_no_call_and_their_number_is_bounded() {
    let office = Office::start();
    let (mut channel, _) = Channel::open(&office);
    // 199 more may come; they log in and never read again. The next is turned away.
    let deaf: Vec<Channel> = (0..199)
        .map(|_| {
            let mut deaf = Channel::connect(&office, "voicenter");
            deaf.emit("loginUserCode", json!(CODE));
            deaf
        })
        .collect();
    let url = || format!("ws://{}/socket.io/?EIO=3&transport=websocket", office.address("voicenter"));
    let mut turned_away = Channel(tungstenite::connect(url()).expect("a WebSocket").0);
    assert!(turned_away.text().starts_with('0'));
    assert_eq!(turned_away.text(), "44\"Too many connections\"", "200 are all");
    assert!(matches!(turned_away.0.read(), Ok(Message::Close(_)) | Err(_)));
    for n in 0..20 {
        let id = called(&office, "phone=1001&target=1002");
        assert_eq!(called(&office, "action=terminate&phone=1001"), id);
        assert_eq!(channel.next(), json!(["NEWCALL", "1001", "Dialing", 0, 1, null]), "{n}");
        assert_eq!(channel.next(), json!(["HANGUP", "1001", "Dialing", 0, 1, "Normal hangup"]), "{n}");
    }
    drop(deaf);
    // Their places are free again.
    wait_for("another may come", || {
        let mut channel = Channel(tungstenite::connect(url()).ok()?.0);
        channel.text();
        (channel.text() == "40").then_some(())
    });
    conformance::proves_partly("VOI-LIM-09", "simultaneous calls of the organisation");
}
