//! The real-time channel of the Voicenter door: what a page is told of each extension, in the order of the vendor's ladders.

mod common;

use common::{Office, SOON, wait_for};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Lines};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

const CODE: &str = "demo-voicenter";

/// A socket of the channel.
struct Channel(WebSocket<MaybeTlsStream<TcpStream>>);

impl Channel {
    /// Connects: the open packet, and the connection to the name space.
    fn connect(office: &Office, listener: &str) -> Self {
        Self::connect_with(office, listener, "")
    }

    /// The same with more in its query.
    fn connect_with(office: &Office, listener: &str, more: &str) -> Self {
        let url = format!("ws://{}/socket.io/?EIO=3&transport=websocket{more}", office.address(listener));
        let tcp = TcpStream::connect(office.address(listener)).expect("the port listens");
        tcp.set_read_timeout(Some(SOON)).expect("a time-out");
        let (socket, _) = tungstenite::client(url, MaybeTlsStream::Plain(tcp)).expect("a WebSocket");
        let mut channel = Self(socket);
        let open: Value = serde_json::from_str(channel.text().strip_prefix('0').expect("open")).expect("JSON");
        assert_eq!(
            (&open["pingInterval"], &open["pingTimeout"], &open["upgrades"]),
            (&json!(25_000), &json!(60_000), &json!([]))
        );
        assert_eq!(open["sid"].as_str().map(str::len), Some(20));
        assert_eq!(channel.text(), "40");
        channel
    }

    /// Connects and logs in; gives the snapshot.
    fn open(office: &Office) -> (Self, Value) {
        let mut channel = Self::connect(office, "voicenter");
        channel.emit("loginUserCode", json!({"code": CODE}));
        channel.logged_in();
        let all = channel.state();
        channel.event("AllUsersStatus");
        (channel, all)
    }

    /// The answer to a login that was let in: its token.
    fn logged_in(&mut self) -> String {
        let answer = self.event("loginResponse");
        assert_eq!((&answer["ErrorCode"], &answer["ErrorDesc"]), (&json!(0), &json!("OK")), "{answer}");
        assert_eq!(self.event("loginSuccess")["errorDesc"], "OK");
        let token = answer["Token"].as_str().expect("text").to_owned();
        assert!(token.len() >= 32, "{token}");
        token
    }

    /// The three lists that follow a login or a resync: the one of the extensions.
    fn state(&mut self) -> Value {
        let queues = self.event("loginStatus");
        assert_eq!((&queues["queues"], &queues["Queues"], &queues["errorCode"]), (&json!([]), &json!([]), &json!(0)));
        let all = self.event("AllExtensionsStatus");
        assert_eq!((&all["errorCode"], &all["errorDesc"]), (&json!(0), &json!("OK")));
        assert_eq!(self.event("AllDialersStatus")["dialers"], json!([]));
        all
    }

    /// The next event of an extension, short: reason, extension, state, answered, leg, cause.
    fn next(&mut self) -> Value {
        let event = self.event("ExtensionEvent");
        let call = &event["data"]["currentCall"];
        json!([
            event["reason"],
            event["data"]["extenUser"],
            call["callstatus"],
            call["answered"],
            call["c2cdirection"],
            event["cause"],
        ])
    }

    fn next_all(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.next()).collect()
    }

    /// Whether nothing has come: the answer to a ping is the next.
    fn nothing(&mut self) {
        self.say("2");
        assert_eq!(self.text(), "3");
    }

    fn emit(&mut self, name: &str, payload: Value) {
        self.say(&format!("42{}", json!([name, payload])));
    }

    fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).expect("taken");
    }

    fn text(&mut self) -> String {
        loop {
            match self.0.read().expect("a frame") {
                Message::Text(text) => return text.as_str().to_owned(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("no text: {other:?}"),
            }
        }
    }

    /// The next event, which has this name: its payload.
    fn event(&mut self, name: &str) -> Value {
        let text = self.text();
        let event: Value =
            serde_json::from_str(text.strip_prefix("42").unwrap_or_else(|| panic!("{text}"))).expect("JSON");
        assert_eq!(event[0], name, "{text}");
        event[1].clone()
    }
}

fn script(office: &Office, phone: &str, script: Value) {
    let patched = office.console("PATCH", &format!("/test/phones/{phone}"), Some(script));
    assert_eq!(patched.status, 200, "{}", patched.text);
}

fn called(office: &Office, query: &str) -> String {
    let url =
        format!("http://{}/ForwardDialer/click2call.aspx?code={CODE}&format=json&{query}", office.address("voicenter"));
    let answer = office.http("GET", &url, None, &[]).json();
    assert_eq!(answer["ERRORCODE"], 0, "{answer}");
    answer["CALLID"].as_str().expect("text").to_owned()
}

fn answers(after_s: u64) -> Value {
    json!({"ring": {"answer": {"after_ms": after_s * 1_000}}})
}

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
fn wire_logins_filters_and_keep_alive() {
    let office = Office::start();
    let mut channel = Channel::connect(&office, "voicenter");
    // Nothing is told before a login.
    channel.emit("resync", json!({"cache": false}));
    channel.emit("keepalive", json!(null));
    channel.nothing();
    let refused = json!({"ErrorCode": 1, "ErrorDesc": "Authorization failed.", "Token": ""});
    for (name, payload) in [
        ("loginUserCode", json!({"code": "wrong"})),
        ("loginUserCode", json!(null)),
        ("loginUserCode", json!("x".repeat(1_000))),
        ("login", json!({"token": CODE})),
        ("loginUser", json!({"user": "a", "password": "b"})),
    ] {
        channel.emit(name, payload);
        assert_eq!(channel.event("loginResponse"), refused, "{name}");
    }
    office.post("/calls/make_call", json!({"from": "1005", "to": "1006", "prompt": "ring"}));
    channel.nothing();
    // A plain code will do too; what is already there is in the snapshot.
    channel.emit("loginUserCode", json!(CODE));
    assert_eq!(channel.event("loginResponse")["ErrorCode"], 0);
    channel.event("loginSuccess");
    let all = channel.state();
    channel.event("AllUsersStatus");
    let busy: Vec<&str> = all["extensions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|it| it["calls"] != json!([]))
        .filter_map(|it| it["extenUser"].as_str())
        .collect();
    assert_eq!(busy, ["1005"]);
    channel.emit("keepAlive", json!({"token": "x"}));
    let alive = channel.event("keepaliveResponse");
    assert_eq!((&alive["errorCode"], &alive["errorDesc"], &alive["isOk"]), (&json!(0), &json!("OK"), &json!(true)));
    // An acknowledgement follows what the event brought.
    channel.say("427[\"keepalive\",null]");
    assert_eq!(channel.event("keepaliveResponse")["isOk"], true);
    assert_eq!(channel.text(), "437[]");
    channel.say("2probe");
    assert_eq!(channel.text(), "3probe");
    // Only the extensions that are picked, from then on.
    channel.emit("updateMonitoredExtensions", json!({"extensionsString": "1007, 1008"}));
    channel.emit("resync", json!({"cache": true}));
    let codes: Vec<Value> =
        channel.state()["extensions"].as_array().expect("a list").iter().map(|it| it["extenUser"].clone()).collect();
    assert_eq!(codes, ["1007", "1008"]);
    called(&office, "phone=1009&target=1010");
    called(&office, "phone=1007&target=1010");
    assert_eq!(channel.next(), json!(["NEWCALL", "1007", "Dialing", 0, 1, null]));
    // What means nothing is passed over.
    for text in ["", "40", "42", "42{", "42[]", "42[1]", "43", "5", "é", "42[\"nothing\",1]"] {
        channel.say(text);
    }
    channel.nothing();
    channel.emit("closeme", json!(null));
    assert!(matches!(channel.0.read(), Ok(Message::Close(_)) | Err(_)));
    // The listener that all doors share has the channel too; polling is nowhere.
    let mut shared = Channel::connect(&office, "shared_http");
    shared.nothing();
    let polled = office.http(
        "GET",
        &format!("http://{}/socket.io/?EIO=3&transport=polling", office.address("voicenter")),
        None,
        &[],
    );
    assert_eq!(polled.status, 400);
    // Nor are other versions, and polling not over a WebSocket either.
    for (query, said) in [
        ("EIO=4&transport=websocket", "Unsupported protocol version"),
        ("EIO=&transport=websocket", "Unsupported protocol version"),
        ("EIO=3&transport=polling", "Transport unknown"),
    ] {
        let url = format!("ws://{}/socket.io/?{query}", office.address("voicenter"));
        match tungstenite::connect(url) {
            Err(tungstenite::Error::Http(refused)) => {
                let body = String::from_utf8(refused.body().clone().unwrap_or_default()).expect("text");
                assert!(refused.status() == 400 && body.contains(said), "{query}: {body}");
            }
            other => panic!("{query}: {other:?}"),
        }
    }
    conformance::proves("VOI-RT-04");
    conformance::proves("VOI-RT-05");
    conformance::proves("VOI-RT-16");
}

/// A house with two departments: 201 and 202 sell, 203 does so in the north, 204 helps, 205 is of none.
const DEPARTMENTS: &str = "[voicenter]\ntoken_min = 10\ndepartments = { Sales = \"2\", \"Sales/North\" = \"3\", Support = \"4\" }\n\
     [console]\ntest_control = true\n\
     [[station]]\nnumber = \"201\"\nkind = \"simulated\"\nfirst_name = \"Ann\"\ndirectory = { dep = \"Sales\" }\n\
     [[station]]\nnumber = \"202\"\nkind = \"simulated\"\nfirst_name = \"Bob\"\ndirectory = { dep = \"Sales\" }\n\
     [[station]]\nnumber = \"203\"\nkind = \"simulated\"\nfirst_name = \"Cid\"\ndirectory = { dep = \"Sales/North\" }\n\
     [[station]]\nnumber = \"204\"\nkind = \"simulated\"\nfirst_name = \"Dan\"\ndirectory = { dep = \"Support\" }\n\
     [[station]]\nnumber = \"205\"\nkind = \"simulated\"\nfirst_name = \"Eve\"\n\
     [[account]]\ndoor = \"voicenter\"\npassword = \"demo-voicenter\"\n\
     [[account]]\ndoor = \"voicenter\"\npassword = \"code-of-201\"\nstation = \"201\"\n\
     [[account]]\ndoor = \"voicenter\"\npassword = \"code-of-204\"\nstation = \"204\"\nsees_all = true\n\
     [[account]]\ndoor = \"voicenter\"\nuser = \"ann@example.net\"\npassword = \"anns own\"\nstation = \"201\"\n\
     [[account]]\ndoor = \"voicenter\"\nuser = \"house\"\npassword = \"the house\"\n";

/// The codes of a snapshot.
fn codes(all: &Value) -> Vec<String> {
    let extensions = all["extensions"].as_array().expect("a list");
    extensions.iter().map(|it| it["extenUser"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn wire_tokens_and_passwords_log_in_and_tokens_expire() {
    let file = tempfile::tempdir().expect("a directory");
    let path = file.path().join("office.toml");
    std::fs::write(&path, DEPARTMENTS).expect("written");
    let office =
        Office::start_with(&["--config", path.to_str().expect("utf-8"), "--ephemeral-ports", "--virtual-clock"]);
    let mut channel = Channel::connect(&office, "voicenter");
    let refused = json!({"ErrorCode": 1, "ErrorDesc": "Authorization failed.", "Token": ""});
    let login = |user: &str, password: &str| json!({"user": user, "password": password});
    for (name, payload) in [
        ("loginUser", login("ann@example.net", "wrong")),
        ("loginUser", login("house", "the house")),
        ("loginAccount", login("ann@example.net", "anns own")),
        ("loginUser", json!({"user": "ann@example.net"})),
        ("loginUserCode", json!({"code": "anns own"})),
        ("login", json!({"token": "0".repeat(48)})),
        ("login", json!({})),
    ] {
        channel.emit(name, payload.clone());
        assert_eq!(channel.event("loginResponse"), refused, "{name} {payload}");
    }
    channel.emit("resync", json!({"cache": false}));
    channel.nothing();
    channel.emit("loginUser", login("ann@example.net", "anns own"));
    let token = channel.logged_in();
    let own = codes(&channel.state());
    let users = channel.event("AllUsersStatus");
    let listed: Vec<(&str, u64)> = users["users"]
        .as_array()
        .expect("a list")
        .iter()
        .inspect(|user| assert!(user["userID"].is_u64(), "{user}"))
        .map(|user| (user["userName"].as_str().expect("text"), user["accountID"].as_u64().expect("a number")))
        .collect();
    assert_eq!(listed, [("Ann", 2), ("Bob", 2), ("Cid", 3), ("Dan", 4), ("Eve", 1)]);
    assert!(users["servertime"].is_i64() || users["servertime"].is_u64(), "{users}");
    // The token is hers: over another socket by the event, and in the address without any.
    let mut second = Channel::connect(&office, "voicenter");
    second.emit("LOGIN", json!({"token": token}));
    assert_eq!(second.logged_in(), token);
    assert_eq!(codes(&second.state()), own);
    second.event("AllUsersStatus");
    let mut third = Channel::connect_with(&office, "voicenter", &format!("&token={token}"));
    assert_eq!(third.event("loginSuccess")["errorDesc"], "OK");
    assert_eq!(codes(&third.state()), own);
    third.event("AllUsersStatus");
    let mut account = Channel::connect(&office, "voicenter");
    account.emit("loginAccount", login("house", "the house"));
    account.logged_in();
    assert_eq!(codes(&account.state()).len(), 5);
    account.event("AllUsersStatus");
    // An address with a token that is none waits for a login.
    let mut fourth = Channel::connect_with(&office, "voicenter", "&token=nonsense");
    fourth.nothing();
    // A keep-alive is answered in good time, until the token is over; then the client comes in anew and gets the whole state, not
    // what it missed.
    for payload in [json!(token), json!({"token": token}), json!(null)] {
        channel.emit("keepAlive", payload);
        let alive = channel.event("keepaliveResponse");
        assert_eq!((&alive["errorCode"], &alive["errorDesc"], &alive["isOk"]), (&json!(0), &json!("OK"), &json!(true)));
        assert!(alive["servertime"].is_number() && alive["servertimeoffset"] == 0, "{alive}");
    }
    office.advance(9 * 60_000);
    channel.emit("keepalive", json!(null));
    assert_eq!(channel.event("keepaliveResponse")["isOk"], true);
    office.advance(60_000);
    channel.emit("keepalive", json!(null));
    let over = channel.event("keepaliveResponse");
    assert_eq!((&over["errorCode"], &over["isOk"]), (&json!(1), &json!(false)), "{over}");
    let mut late = Channel::connect_with(&office, "voicenter", &format!("&token={token}"));
    late.nothing();
    late.emit("login", json!({"token": token}));
    assert_eq!(late.event("loginResponse"), refused);
    drop(channel);
    called(&office, "phone=201&target=202");
    late.emit("loginUserCode", json!("code-of-201"));
    assert_ne!(late.logged_in(), token);
    let all = late.state();
    assert_eq!(all["extensions"][0]["calls"].as_array().map(Vec::len), Some(1), "the call that began meanwhile");
    late.event("AllUsersStatus");
    late.nothing();
    late.emit("resync", json!({"cache": false}));
    assert_eq!(codes(&late.state()), own);
    late.nothing();
    conformance::proves("VOI-RT-07");
    conformance::proves("VOI-RT-12");
}

#[test]
fn wire_a_login_sees_its_department_or_all() {
    let office = Office::configured(DEPARTMENTS);
    let login = |name: &str, payload: Value| {
        let mut channel = Channel::connect(&office, "voicenter");
        channel.emit(name, payload);
        channel.logged_in();
        let all = channel.state();
        channel.event("AllUsersStatus");
        (channel, codes(&all))
    };
    let by_password = |user: &str, password: &str| json!({"user": user, "password": password});
    let (mut ann, seen) = login("loginUserCode", json!({"code": "code-of-201"}));
    assert_eq!(seen, ["201", "202"], "her account, and not the one below it");
    let (_, seen) = login("loginUser", by_password("ann@example.net", "anns own"));
    assert_eq!(seen, ["201", "202"]);
    let (mut dan, seen) = login("loginUserCode", json!("code-of-204"));
    assert_eq!(seen, ["201", "202", "203", "204", "205"], "he has the right to see all");
    let (_, seen) = login("loginUserCode", json!(CODE));
    assert_eq!(seen.len(), 5, "a code of nobody's is the organisation's");
    let (mut house, seen) = login("loginAccount", by_password("house", "the house"));
    assert_eq!(seen.len(), 5);
    called(&office, "phone=203&target=204");
    called(&office, "phone=202&target=204");
    assert_eq!(ann.next(), json!(["NEWCALL", "202", "Dialing", 0, 1, null]), "what others do is not told");
    for channel in [&mut dan, &mut house] {
        assert_eq!(channel.next(), json!(["NEWCALL", "203", "Dialing", 0, 1, null]));
        assert_eq!(channel.next(), json!(["NEWCALL", "202", "Dialing", 0, 1, null]));
    }
    // Picking narrows, and does not widen.
    ann.emit("updateMonitoredExtensions", json!({"extensionsString": "202,203,204"}));
    ann.emit("resync", json!({"cache": false}));
    assert_eq!(codes(&ann.state()), ["202"]);
    conformance::proves_partly("VOI-RT-13", "queues of a user's extension: there are none");
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

/// A page that runs in node; its callbacks line by line.
struct Page {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Page {
    /// The script comes from `office`; `at` is whom it then connects to.
    fn run(office: &Office, at: &str, count: usize, mode: &str) -> Self {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients/voicenter/page.js");
        let mut child = Command::new("node")
            .args(["--experimental-websocket", "--no-warnings", page, at, CODE, &count.to_string(), mode])
            .env("SCRIPT", format!("http://{}/voicenterMonitorListener.js", office.address("voicenter")))
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is there");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        let line = self.lines.next().expect("a line").expect("readable");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn ends(mut self) {
        assert!(self.child.wait().expect("it ends").success());
    }
}

#[test]
fn wire_the_vendors_page_runs_on_our_script() {
    let office = Office::start();
    let here = office.address("voicenter").to_string();
    // The hook is set after the script, as in the vendor's document, or was there before it.
    for mode in ["after", "before"] {
        let mut page = Page::run(&office, &here, 2, mode);
        assert_eq!(page.next(), json!({"step": "connect", "errorCode": 0}), "{mode}");
        assert_eq!(page.next(), json!({"step": "login", "errorCode": 1, "errorDesc": "Authorization failed."}));
        assert_eq!(page.next(), json!({"step": "login", "errorCode": 0, "errorDesc": "OK"}));
        assert_eq!(page.next(), json!({"step": "all", "count": 40, "first": "Ada Lovelace"}));
        called(&office, "phone=1001&target=1002");
        assert_eq!(
            page.next(),
            json!({"step": "event", "reason": "NEWCALL", "extension": "1001", "status": "Dialing"})
        );
        called(&office, "action=terminate&phone=1001");
        assert_eq!(page.next(), json!({"step": "event", "reason": "HANGUP", "extension": "1001", "status": "Dialing"}));
        assert_eq!(page.next(), json!({"step": "disconnect"}));
        page.ends();
    }
    conformance::proves("VOI-RT-01");
    conformance::proves("VOI-RT-02");
}

#[test]
fn wire_a_page_tries_again_with_longer_and_longer_pauses() {
    let office = Office::start();
    // Nobody listens there.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    let mut page = Page::run(&office, &nobody.to_string(), 33, "tries");
    for n in 1..33 {
        assert_eq!(page.next(), json!({"step": "connect", "errorCode": 1}), "{n}");
        assert_eq!(page.next(), json!({"step": "pause", "ms": (n * 10_000).min(300_000)}), "{n}");
    }
    assert_eq!(page.next(), json!({"step": "connect", "errorCode": 1}));
    page.ends();
    // The server lets nobody in any more.
    let all: Vec<Channel> = (0..200).map(|_| Channel::connect(&office, "voicenter")).collect();
    let mut page = Page::run(&office, &office.address("voicenter").to_string(), 2, "tries");
    assert_eq!(page.next(), json!({"step": "connect", "errorCode": 2}));
    assert_eq!(page.next(), json!({"step": "pause", "ms": 10_000}));
    assert_eq!(page.next(), json!({"step": "connect", "errorCode": 2}));
    page.ends();
    drop(all);
    conformance::proves("VOI-RT-03");
}
