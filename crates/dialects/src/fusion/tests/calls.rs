//! Calls through the door: originate, channels, variables, hang-up, history (FUS-CC-01, 02, 09, 19, 20, FUS-DB-09).

use super::super::FusionConfig;
use super::rig::{Client, Rig, digits, soon};
use serde_json::Value;
use switching::party::{Party, Presentation};

const ORIGINATED: &str = "<ccOriginateResult>\n   <Result>0</Result>\n</ccOriginateResult>";
const REFUSED: &str = "<ccOriginateResult>\n   <Result>1</Result>\n</ccOriginateResult>";

async fn channels(rig: &Rig, query: &str) -> Vec<Value> {
    let body = rig.body(&format!("/xml/ccGetChannels.json?{query}")).await;
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

async fn history(rig: &Rig, ext: &str) -> Vec<Value> {
    let body = rig.body(&format!("/xml/dbGetCallHistory.json?ext={ext}&limit=100&start_date=2000-01-01")).await;
    let all: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}"));
    all["CallHistory"].as_array().expect("an array").clone()
}

async fn dispositions(rig: &Rig, ext: &str) -> Vec<String> {
    history(rig, ext).await.iter().map(|call| call["disposition"].as_str().expect("text").to_owned()).collect()
}

/// Asks for a call and does not wait for the answer.
async fn originate(rig: &Rig, query: &str) -> Client {
    let mut client = Client::connect(rig.http).await;
    client.send(format!("GET /xml/ccOriginate.php?{query} HTTP/1.1\r\nHost: sop\r\n\r\n").as_bytes()).await;
    client
}

#[tokio::test]
async fn the_first_party_is_rung_first_and_its_answer_is_the_result() {
    let rig = Rig::office().await;
    let mut asking = originate(&rig, "phone_id=SDC30015&to=102&ext=104&var=Campaign%3DA1%7CNote%3D").await;
    rig.wait_rung("SDC30015").await;
    assert_eq!(channels(&rig, "").await[0]["State"], "Dialing");
    assert_eq!(rig.body("/xml/dbGetPhoneState.json?phone_state=Ringing").await.matches("SDC30015").count(), 2);
    rig.rings("SDC30015");
    assert_eq!(channels(&rig, "").await[0]["State"], "Ringing");
    assert_eq!(rig.rung("SDC30016"), None, "not before the first party has answered");
    let mut events = Client::connect(rig.events).await;
    rig.body("/xml/ccPing").await;
    events.octets(19).await;
    rig.answers("SDC30015");
    assert_eq!(asking.answer().await.body, ORIGINATED);
    let frame = "<evNewOrigChannel>\n<Channel>SIP/SDC30015-00000001</Channel>\n<CallerId>104</CallerId>\n<Extension>102</Extension>\n</evNewOrigChannel>\n";
    assert_eq!(events.octets(frame.len()).await, frame);
    rig.rings("SDC30016");
    let states =
        |channels: &[Value]| channels.iter().map(|c| c["State"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(states(&channels(&rig, "").await), ["Up", "Ringing"]);
    rig.passes_ms(9_000);
    rig.answers("SDC30016");
    assert_eq!(
        rig.body("/xml/ccGetChannels.php").await,
        "<Channels>\n        <Channel>\n                <ID>SIP/SDC30015-00000001</ID>\n                \
         <CallerId>\"Ann Lee\" [104]</CallerId>\n                <Seconds>9</Seconds>\n                <State>Up</State>\n                \
         <Link>SIP/SDC30016-00000002</Link>\n        </Channel>\n        <Channel>\n                <ID>SIP/SDC30016-00000002</ID>\n                \
         <CallerId>\"Ann Lee\" [104]</CallerId>\n                <Seconds></Seconds>\n                <State>Up</State>\n                \
         <Link>SIP/SDC30015-00000001</Link>\n        </Channel>\n</Channels>"
    );
    assert_eq!(rig.body("/xml/ccGetChannels?parked_only=1").await, "<Channels></Channels>");
    assert_eq!(rig.body("/xml/ccGetVar?channel_id=SIP%2FSDC30015-00000001&variable=Campaign").await, "A1");
    rig.passes_ms(37_000);
    assert_eq!(rig.body("/xml/ccHangup.json?channel_id=SIP/SDC30016-00000002").await, "{\"Result\":0}");
    assert_eq!(rig.body("/xml/ccHangup.json?channel_id=SIP/SDC30016-00000002").await, "{\"Result\":1}");
    assert_eq!(
        rig.body("/xml/dbGetCallHistory.json?ext=104&limit=1&start_date=2024-05-02 10:11:12").await,
        "{\"CallHistory\":[{\"timestamp\":\"2024-05-02 10:11:12\",\"caller_name\":\"Ann Lee\",\"caller_number\":\"104\",\
         \"called_number\":\"102\",\"disposition\":\"001\",\"last_action\":\"Dial\",\"last_application\":\"Dial\",\
         \"context\":\"internal\",\"origchannel\":\"SIP/SDC30015-00000001\",\"dstchannel\":\"SIP/SDC30016-00000002\",\
         \"duration\":\"46\",\"billsec\":\"37\",\"uniqueid\":\"1714644672.1\"}]}"
    );
    let xml = rig.body("/xml/dbGetCallHistory.php?ext=102&limit=1&start_date=2024-05-02+10:11:12").await;
    let names: Vec<&str> = xml.lines().map(|line| line.trim().split(['<', '>']).nth(1).unwrap()).collect();
    assert_eq!(
        names[2..15],
        [
            "timestamp",
            "caller_name",
            "caller_number",
            "called_number",
            "last_action",
            "last_application",
            "context",
            "origchannel",
            "dstchannel",
            "duration",
            "billsec",
            "uniqueid",
            "disposition"
        ]
    );
    assert!(xml.contains("<disposition>201</disposition>"));
    conformance::proves_partly("FUS-FMT-10", "Dialing of a called leg, which is listed from its first ringing on");
    conformance::proves_partly("FUS-EVT-06", "queue, park and login changes do not exist yet");
    conformance::proves_partly("FUS-EVT-05", "evParked");
    conformance::proves_partly("FUS-ADM-19", "variables set by callflows and by parking");
}

#[tokio::test]
async fn a_first_party_that_does_not_answer_is_a_failure() {
    let rig = Rig::office().await;
    for (n, silent) in [(1, false), (2, true)] {
        let mut asking = originate(&rig, "phone_id=SDC30015&to=102").await;
        soon(async {
            while rig.exchange.read(|picture| picture.calls.is_empty()) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        if silent {
            rig.passes_ms(29_999);
            assert_eq!(channels(&rig, "").await.len(), 1, "thirty seconds");
            rig.passes_ms(1);
        } else {
            rig.refuses("SDC30015");
        }
        assert_eq!(asking.answer().await.body, REFUSED);
        assert_eq!(channels(&rig, "").await.len(), 0);
        let calls = history(&rig, "104").await;
        assert_eq!(calls.len(), n);
        assert_eq!((calls[0]["disposition"].as_str(), calls[0]["billsec"].as_str()), (Some("001"), Some("0")));
    }
    assert_eq!(rig.rung("SDC30016"), None);
    assert!(history(&rig, "102").await.is_empty(), "nobody has called it");
}

#[tokio::test]
async fn a_destination_that_fails_is_heard_for_ten_seconds() {
    let rig = Rig::office().await;
    assert_eq!(rig.body("/xml/ccOriginate.php?phone_id=SDC30015&to=2000&async=true").await, ORIGINATED);
    rig.answers("SDC30015");
    rig.refuses("SDO30001");
    assert_eq!(channels(&rig, "").await[0]["State"], "Up");
    rig.passes_ms(9_999);
    assert_eq!(channels(&rig, "").await.len(), 1);
    rig.passes_ms(1);
    assert_eq!(channels(&rig, "").await.len(), 0);
    assert_eq!(dispositions(&rig, "2000").await, ["100"], "its phone did not even ring");
    rig.body("/xml/ccOriginate.php?phone_id=SDC30015&to=2000&async=yes").await;
    rig.answers("SDC30015");
    rig.rings("SDO30001");
    rig.passes_ms(60_000);
    rig.passes_ms(10_000);
    assert_eq!(channels(&rig, "").await.len(), 0, "sixty seconds, then the tone");
    assert_eq!(dispositions(&rig, "2000").await, ["101", "100"]);
    conformance::proves("FUS-LIM-07");
}

#[tokio::test]
async fn what_is_wrong_rings_nobody() {
    let rig = Rig::office().await;
    rig.phone("SDC30017X");
    rig.register("SDC30017X", false);
    rig.device("SD1", switching::config::DeviceKind::Sip, 1);
    rig.register("SD1", true);
    let long = "1".repeat(33);
    for query in [
        "",
        "phone_id=SDC30015",
        "to=102",
        "phone_id=SDC39999&to=102",
        "phone_id=sdc30015&to=102",
        "phone_id=104&to=102",
        "phone_id=SD1&to=102",
        "phone_id=SDC30017X&to=102",
        "phone_id=trunk1&to=102",
        "phone_id=outside&to=102",
        "phone_id=SDC30015&to=999",
        "phone_id=SDC30015&to=10 2",
        "phone_id=SDC30015&to=sip:102",
        &format!("phone_id=SDC30015&to={long}"),
        "phone_id=SDC30015&to=102&ext=999",
        "phone_id=SDC30015&to=102&ext=6000",
        "phone_id=SDC30015&to=102&ext=abc",
        "phone_id=SDC30015&to=102&technology=IAX",
        "phone_id=SDC30015&to=102&technology=H323",
        "phone_id=2000&to=102&technology=Local",
        "phone_id=2000&to=102&technology=Local&ext=6000",
        "phone_id=0475123456&to=102&technology=Local&ext=104",
        "phone_id=2000&to=102&technology=Local&ext=104&local_optimization=false",
        "phone_id=SDC30015&to=102&var=a=b-c",
        "phone_id=SDC30015&to=102&async=true&var=a",
        "phone_id=SDC30015&to=999&async=true",
    ] {
        assert_eq!(rig.body(&format!("/xml/ccOriginate.php?{query}")).await, REFUSED, "{query}");
    }
    assert_eq!(rig.body("/xml/ccOriginate.json").await, "{\"Result\":1}");
    assert_eq!(channels(&rig, "").await.len(), 0);
    assert!(rig.records().is_empty());
    conformance::proves("FUS-LIM-02");
    conformance::proves_partly("FUS-LIM-10", "queue, status and profile names");
}

#[tokio::test]
async fn a_call_in_the_name_of_another_extension_or_of_a_number() {
    let rig = Rig::office().await;
    rig.body("/xml/ccOriginate.php?phone_id=SDO30001&to=102&ext=104&async=1").await;
    rig.answers("SDO30001");
    rig.rings("SDX60001");
    let shown = channels(&rig, "").await;
    assert!(shown.iter().all(|channel| channel["CallerId"] == "\"Ann Lee\" [104]"), "{shown:?}");
    rig.answers("SDX60001");
    assert_eq!(
        rig.body("/xml/ccHangup?channel_id=SIP/SDO30001-00000001").await,
        "<ccHangupResult>\n   <Result>0</Result>\n</ccHangupResult>"
    );
    assert_eq!(dispositions(&rig, "104").await, ["000"], "not a phone of 104");
    assert_eq!(dispositions(&rig, "102").await, ["202"]);
    let local = "/xml/ccOriginate.php?phone_id=2000&to=102&ext=104&technology=local&async=on";
    assert_eq!(rig.body(local).await, ORIGINATED);
    rig.answers("SDO30001");
    rig.answers("SDC30016");
    assert_eq!(channels(&rig, "").await.len(), 2);
    rig.body(&format!("/xml/ccHangup?channel_id={}", channels(&rig, "").await[0]["ID"].as_str().unwrap())).await;
    assert_eq!(dispositions(&rig, "104").await, ["000", "000"]);
    assert_eq!(dispositions(&rig, "102").await, ["201", "202"]);
    // A phone of several extensions calls in the name of the lowest for which it is the primary one.
    let desk = rig.exchange.read(|picture| picture.device_by_resource("SDO30001").expect("configured").id);
    rig.extension("1500", "Ed", "Vance", Some(desk), None, &[]);
    rig.extension("1100", "Al", "Zo", None, Some(desk), &[]);
    let leg = rig.dials("SDO30001", "104", 9, None);
    assert_eq!(channels(&rig, "").await[0]["CallerId"], "\"Ed Vance\" [1500]", "1100 has it as its secondary one");
    rig.hangs_up(leg);
    assert_eq!(dispositions(&rig, "1500").await, ["001"]);
    assert!(dispositions(&rig, "1100").await.is_empty());
    // Who calls from an extension's mobile number is somebody outside, as long as no feature says otherwise.
    rig.extension("1600", "Jo", "Way", None, None, &[("mobile", "0475123456")]);
    let leg = rig.dials(
        "outside",
        "+3225550100",
        10,
        Some(switching::party::Party::remote(digits("0475123456"), String::new())),
    );
    assert_eq!(channels(&rig, "").await[0]["CallerId"], "\"0475123456\" [0475123456]");
    rig.hangs_up(leg);
    assert!(dispositions(&rig, "1600").await.is_empty());
    conformance::proves_partly("FUS-ADM-22", "mobile phones that ring and that call in their extension's name");
}

#[tokio::test]
async fn a_client_that_goes_away_takes_nothing_back() {
    let rig = Rig::office().await;
    let asking = originate(&rig, "phone_id=SDC30015&to=102").await;
    rig.wait_rung("SDC30015").await;
    drop(asking);
    rig.answers("SDC30015");
    rig.answers("SDC30016");
    let up = channels(&rig, "").await;
    assert_eq!(up.len(), 2);
    assert!(up.iter().all(|channel| channel["State"] == "Up"));
    conformance::proves_partly("FUS-CC-01", "Local channels, IAX resources, numbers outside");
}

#[tokio::test]
async fn hanging_up_ends_a_call_in_every_state() {
    let rig = Rig::office().await;
    let hang_up = async |channel: &str| rig.body(&format!("/xml/ccHangup.json?channel_id={channel}")).await;
    let (done, failed) = ("{\"Result\":0}", "{\"Result\":1}");
    // A caller that is not answered: by its own leg, then by one of the two that ring.
    rig.dials("SDC30015", "102", 1, None);
    rig.rings("SDC30016");
    rig.rings("SDX60001");
    let states: Vec<Value> = channels(&rig, "").await.into_iter().map(|channel| channel["State"].clone()).collect();
    assert_eq!(states, ["Ring", "Ringing", "Ringing"]);
    assert_eq!(hang_up("SIP/SDC30015-00000001").await, done);
    assert_eq!(channels(&rig, "").await.len(), 0);
    rig.dials("SDC30015", "102", 2, None);
    rig.rings("SDC30016");
    rig.rings("SDX60001");
    let ids: Vec<String> = channels(&rig, "").await.iter().map(|it| it["ID"].as_str().unwrap().to_owned()).collect();
    assert_eq!(hang_up(&ids[1]).await, done);
    assert_eq!(channels(&rig, "").await.len(), 0);
    // A first party that is being rung.
    let mut asking = originate(&rig, "phone_id=SDC30015&to=102").await;
    soon(async { while channels(&rig, "").await.is_empty() {} }).await;
    let id = channels(&rig, "").await[0]["ID"].as_str().unwrap().to_owned();
    assert_eq!(hang_up(&id).await, done);
    assert_eq!(asking.answer().await.body, REFUSED);
    for wrong in [&id, "", "SIP/SDC30015", "x", "SIP/SDC30015-0000000g", &"a-00000001".repeat(20)] {
        assert_eq!(hang_up(wrong).await, failed, "{wrong}");
    }
    // The whole id counts.
    rig.dials("SDC30015", "2000", 3, None);
    let id = channels(&rig, "").await[0]["ID"].as_str().unwrap().to_owned();
    let suffix = id.rsplit_once('-').unwrap().1;
    for wrong in [format!("SIP/SDC30016-{suffix}"), id.to_lowercase(), id.replace("SIP", "Sip"), format!("{id}0")] {
        assert_eq!(hang_up(&wrong).await, failed, "{wrong}");
    }
    assert_eq!(hang_up(&id).await, done);
    assert_eq!(dispositions(&rig, "102").await, ["100", "100"], "two phones rang");
    assert_eq!(dispositions(&rig, "2000").await, ["100"]);
    conformance::proves_partly("FUS-CC-02", "parked and held channels");
    conformance::proves_partly("FUS-FMT-08", "Local and IAX ids; parking, redirecting and PUM sessions");
}

#[tokio::test]
async fn variables_live_on_their_channel() {
    let rig = Rig::office().await;
    rig.dials("SDC30015", "102", 1, None);
    rig.rings("SDC30016");
    let caller = "channel_id=SIP/SDC30015-00000001";
    assert_eq!(rig.body(&format!("/xml/ccSetvar?{caller}&variable=Test&value=te st")).await, "0");
    let xml = rig.body(&format!("/xml/ccSetVar.php?{caller}&variable=1st&value=<1>")).await;
    assert_eq!(xml, "<ccSetVar>\n  <Result>0</Result>\n</ccSetVar>");
    assert_eq!(rig.body(&format!("/xml/ccSetVar.json?{caller}&variable=Empty&value=")).await, "{\"Result\":0}");
    assert_eq!(rig.body(&format!("/xml/ccGetvar?{caller}&variable=Test")).await, "te st");
    assert_eq!(rig.body(&format!("/xml/ccGetVar?{caller}&variable=test")).await, "", "the name is exact");
    assert_eq!(rig.body(&format!("/xml/ccGetVar.json?{caller}&variable=1st")).await, "{\"Result\":\"<1>\"}");
    let xml = rig.body(&format!("/xml/ccGetVar.php?{caller}&variable=1st")).await;
    assert_eq!(xml, "<ccGetVar>\n  <Result>&lt;1&gt;</Result>\n</ccGetVar>");
    let listed = rig.body("/xml/ccGetChannels.php?show_vars=1st|Test|None|Test").await;
    let vars = "<Vars>\n                        <_1st>&lt;1&gt;</_1st>\n                        <Test>te st</Test>\n                        <None></None>\n                </Vars>";
    assert!(listed.contains(vars), "{listed}");
    assert!(listed.contains("<_1st></_1st>"), "the called channel has none of them");
    let listed = channels(&rig, "show_vars=Test|1st").await;
    assert_eq!(listed[0]["Vars"], serde_json::json!({"Test": "te st", "1st": "<1>"}));
    let long = "x".repeat(1_025);
    for query in [
        format!("{caller}&variable=&value=1"),
        format!("{caller}&variable=a"),
        "variable=a&value=1".to_owned(),
        "channel_id=SIP/SDC30015-00000009&variable=a&value=1".to_owned(),
        format!("{caller}&variable=a&value={long}"),
    ] {
        assert_eq!(rig.body(&format!("/xml/ccSetVar?{query}")).await, "1", "{query}");
    }
    let unknown = "channel_id=SIP/SDC30015-00000009&variable=Test";
    assert_eq!(rig.body(&format!("/xml/ccGetVar?{unknown}")).await, "");
    assert_eq!(
        rig.body(&format!("/xml/ccGetVar.php?{unknown}")).await,
        "<ccGetVar>\n  <Error>Unknown channel</Error>\n</ccGetVar>"
    );
    assert_eq!(rig.body(&format!("/xml/ccGetVar.json?{unknown}")).await, "{\"Error\":\"Unknown channel\"}");
    conformance::proves_partly("FUS-CC-19", "dbGetParkedChannels and callflows, which read them too");
    conformance::proves_partly("FUS-CC-20", "variables set by a callflow");
}

#[tokio::test]
async fn callers_from_outside_and_hidden_ones() {
    let rig =
        Rig::start(FusionConfig { callerid: super::super::CallerIdStyle::Number, ..FusionConfig::default() }).await;
    rig.furnish();
    let mut events = Client::connect(rig.events).await;
    rig.body("/xml/ccPing").await;
    events.octets(19).await;
    let mut hidden = Party::remote(digits("0475123456"), "Eve".to_owned());
    hidden.presentation = Presentation::Restricted;
    rig.dials("outside", "+3225550100", 1, Some(hidden));
    let frame = "<evNewOrigChannel>\n<Channel>SIP/trunk1-00000001</Channel>\n<CallerId></CallerId>\n<Extension>102</Extension>\n</evNewOrigChannel>\n";
    assert_eq!(events.octets(frame.len()).await, frame);
    assert_eq!(channels(&rig, "").await[0]["CallerId"], "");
    let rig = Rig::office().await;
    let dial = |leg, number: &str, name: &str, presentation| {
        let mut party = Party::remote(digits(number), name.to_owned());
        party.presentation = presentation;
        rig.dials("outside", "+3225550100", leg, Some(party))
    };
    let callers = [
        ("0027884390", "", Presentation::Allowed, "\"0027884390\" [0027884390]"),
        ("0475123456", "Eve", Presentation::Allowed, "\"Eve\" [0475123456]"),
        ("0475123456", "Eve", Presentation::Restricted, "\"Anonymous\" []"),
    ];
    for (leg, (number, name, presentation, shown)) in (1..).zip(callers) {
        let leg = dial(leg, number, name, presentation);
        assert_eq!(channels(&rig, "").await[0]["CallerId"], shown);
        rig.hangs_up(leg);
    }
    let calls = history(&rig, "102").await;
    assert_eq!((calls[0]["caller_name"].as_str(), calls[0]["caller_number"].as_str()), (Some("Anonymous"), Some("")));
    assert_eq!(calls[2]["caller_number"], "0027884390");
    assert_eq!(calls[2]["called_number"], "102", "after translation");
    conformance::proves_partly("FUS-FMT-09", "dbGetParkedChannels");
    conformance::proves_partly(
        "FUS-EVT-02",
        "calls into a queue; redirecting, parking and forwarding do not repeat it",
    );
}

#[tokio::test]
async fn history_is_seen_from_the_extension_and_newest_first() {
    let rig = Rig::office().await;
    // 104 calls 102 on its secondary phone.
    rig.dials("SDC30015", "102", 1, None);
    rig.rings("SDX60001");
    rig.rings("SDC30016");
    rig.answers("SDX60001");
    rig.passes_ms(1_999);
    rig.hangs_up(switching::id::LegId::arrived(1));
    // Nobody answers; only the primary phone rings.
    rig.passes_ms(60_000);
    let leg = rig.dials("SDC30015", "102", 2, None);
    rig.rings("SDC30016");
    rig.hangs_up(leg);
    // Only the secondary one.
    let leg = rig.dials("SDO30001", "102", 3, None);
    rig.rings("SDX60001");
    rig.hangs_up(leg);
    // A call from the secondary phone.
    let leg = rig.dials("SDX60001", "104", 4, None);
    rig.answers("SDC30015");
    rig.hangs_up(leg);
    // A number without phones, and one that is not there.
    rig.dials("SDC30015", "6000", 5, None);
    rig.dials("SDC30015", "999", 6, None);
    assert_eq!(dispositions(&rig, "102").await, ["002", "102", "101", "202"]);
    assert_eq!(dispositions(&rig, "104").await, ["001", "001", "201", "001", "001"]);
    assert_eq!(dispositions(&rig, "2000").await, ["001"]);
    assert_eq!(dispositions(&rig, "6000").await, ["200"]);
    assert!(history(&rig, "999").await.is_empty(), "not an extension");
    let first = history(&rig, "104").await.last().cloned().unwrap();
    assert_eq!((first["duration"].as_str(), first["billsec"].as_str()), (Some("1"), Some("1")));
    let count = async |query: &str| {
        let body = rig.body(&format!("/xml/dbGetCallHistory.json?ext=104&{query}")).await;
        serde_json::from_str::<Value>(&body).unwrap()["CallHistory"].as_array().unwrap().len()
    };
    assert_eq!(count("limit=2&start_date=2024-05-02").await, 2);
    assert_eq!(count("limit=9999&start_date=2024-05-02T10:11:12").await, 5);
    assert_eq!(count("limit=9&start_date=2024-05-02 10:11:13").await, 4, "from then on");
    assert_eq!(count("limit=9&start_date=2024-05-02 10:12:13").await, 4);
    assert_eq!(count("limit=9&start_date=2024-05-02 10:13:00").await, 0);
    for (query, name) in [
        ("limit=1&start_date=2024-05-02", "ext"),
        ("ext=1 2&limit=1&start_date=2024-05-02", "ext"),
        ("ext=104&start_date=2024-05-02", "limit"),
        ("ext=104&limit=0&start_date=2024-05-02", "limit"),
        ("ext=104&limit=1", "start_date"),
        ("ext=104&limit=1&start_date=2024-02-31", "start_date"),
    ] {
        let text = format!("Missing or invalid parameter: {name}");
        assert_eq!(rig.body(&format!("/xml/dbGetCallHistory.json?{query}")).await, format!("{{\"Error\":\"{text}\"}}"));
        let xml = rig.body(&format!("/xml/dbGetCallHistory.php?{query}")).await;
        assert_eq!(xml, format!("<CallHistory>\n   <Error>{text}</Error>\n</CallHistory>"));
    }
    conformance::proves_partly("FUS-FMT-13", "voicemail, mobile phones, pick-up and forwarding");
    conformance::proves("FUS-LIM-05");
    conformance::proves_partly("FUS-DB-09", "actions and applications other than Dial");
}

#[tokio::test]
async fn dates_are_those_of_the_office() {
    let zone = FusionConfig::zone_named("Europe/Brussels").expect("known");
    let rig = Rig::start(FusionConfig { time_zone: zone, ..FusionConfig::default() }).await;
    rig.furnish();
    let leg = rig.dials("SDC30015", "102", 1, None);
    rig.hangs_up(leg);
    let body = rig.body("/xml/dbGetCallHistory.json?ext=104&limit=1&start_date=2024-05-02 12:11:12").await;
    assert!(body.contains("\"timestamp\":\"2024-05-02 12:11:12\""), "{body}");
    let body = rig.body("/xml/dbGetCallHistory.json?ext=104&limit=1&start_date=2024-05-02 12:11:13").await;
    assert_eq!(body, "{\"CallHistory\":[]}");
    assert!(rig.body("/xml/dbGetPhoneState.php?phone_id=SDC30015").await.contains("<lastcall>5-2 12:11:12</lastcall>"));
    conformance::proves("FUS-FMT-15");
}
