//! Click2Call, call and terminate: what the phones are told, and the ladders V1 to V4.

use super::rig::{CODE, Rig, START};
use serde_json::{Value, json};
use switching::cause::Cause;
use switching::config::ClassOfService;
use switching::party::Presentation;

/// The fields of the vendor's table, row by row: type, status, caller, target, caller and target extension, seconds since the
/// beginning, duration, dial time.
pub fn ladder(rows: &[Value]) -> Vec<Value> {
    let start = i64::try_from(START.0 / 1_000).expect("small");
    let row = |row: &Value| {
        let at = row["DateEpoch"].as_i64().expect("a number") - start;
        json!([
            row["Type"],
            row["DialStatus"],
            row["CallerNumber"],
            row["TargetNumber"],
            row["CallerExtension"],
            row["TargetExtension"],
            at,
            row["Duration"],
            row["RingTime"],
        ])
    };
    // Oldest first, leg 1 before leg 2, as the table is printed.
    let mut rows: Vec<Value> = rows.to_vec();
    rows.sort_by_key(|row| (row["DateEpoch"].as_i64(), row["CdrType"].as_i64()));
    rows.iter().map(row).collect()
}

pub const FIELDS: &str = "fields=Type,DialStatus,CallerNumber,TargetNumber,CallerExtension,TargetExtension,DateEpoch,\
    Duration,RingTime,CdrType,CallID,RepresentativeName,DialStatus2,DID,CustomData";

async fn rows(rig: &Rig) -> Vec<Value> {
    let rows = rig.log(FIELDS).await;
    assert!(rows.iter().all(|row| row["RepresentativeName"] == "Walter Melon"), "{rows:?}");
    rows
}

#[tokio::test]
async fn v1_answered_by_both_legs() {
    let rig = Rig::office().await;
    let id = rig.called("phone=AAPINFzL&target=BBQRsTuV&action=call&record=true").await;
    assert!(id.starts_with("202311142213200001"), "{id}");
    let live = rig.live("AAPINFzL").await;
    assert_eq!(live.len(), 1, "{live:?}");
    let states =
        |live: &[Value]| json!([live[0]["callstatus"], live[0]["answered"], live[0]["direction"], live[0]["ivrid"]]);
    assert_eq!(states(&live), json!(["Dialing", 0, "Click2Call", id]));
    let (_, from, auto, limit_ms) = rig.rung("AAPINFzL").expect("leg 1 is rung first");
    assert_eq!((from.number.as_str(), from.name.as_str(), auto, limit_ms), ("302", "", false, 60_000));
    assert!(rig.rung("BBQRsTuV").is_none(), "leg 2 waits");
    rig.passes_s(6);
    rig.answers("AAPINFzL");
    let (_, from, auto, limit_ms) = rig.rung("BBQRsTuV").expect("then leg 2");
    assert_eq!((from.number.as_str(), from.name.as_str(), auto, limit_ms), ("301", "Walter Melon", false, 60_000));
    assert_eq!(states(&rig.live("AAPINFzL").await), json!(["Talking", 0, "Click2Call", id]));
    rig.passes_s(1);
    rig.rings("BBQRsTuV");
    assert_eq!(states(&rig.live("BBQRsTuV").await), json!(["Ringing", 0, "Incoming", id]));
    rig.passes_s(11);
    rig.answers("BBQRsTuV");
    for phone in ["AAPINFzL", "BBQRsTuV"] {
        let live = rig.live(phone).await;
        assert_eq!((&live[0]["callstatus"], &live[0]["answered"]), (&json!("Talking"), &json!(1)), "{phone}");
        assert_eq!(live[0]["callanswered"].as_u64(), Some(START.0 / 1_000 + 18), "{phone}");
    }
    rig.passes_s(60);
    rig.hangs_up("BBQRsTuV");
    assert!(rig.live("AAPINFzL").await.is_empty());
    let rows = rows(&rig).await;
    assert_eq!(
        ladder(&rows),
        [
            json!(["Click2Call leg1", "ANSWER", "302", "AAPINFzL", "", "AAPINFzL", 0, 72, 6]),
            json!(["Click2Call leg2", "ANSWER", "301", "BBQRsTuV", "AAPINFzL", "BBQRsTuV", 6, 60, 12]),
        ]
    );
    assert!(rows.iter().all(|row| row["CallID"] == json!(id)), "{rows:?}");
    assert_eq!(rig.records()[0].talk_ms(), 60_000, "the record and both rows tell the same talk");
    conformance::proves_partly("VOI-C2C-20", "the pop-up is not there");
}

#[tokio::test]
async fn v2_leg_1_does_not_answer() {
    let rig = Rig::office().await;
    rig.called("phone=301&target=0544444444").await;
    rig.rings("AAPINFzL");
    rig.passes_s(60);
    assert_eq!(
        ladder(&rows(&rig).await),
        [
            json!(["Click2Call leg1", "NOANSWER", "0544444444", "AAPINFzL", "", "AAPINFzL", 0, 0, 60]),
            json!(["Click2Call leg2", "NOTCALLED", "301", "972544444444", "AAPINFzL", "", 60, 0, 0]),
        ]
    );
    assert!(rig.rung("BBQRsTuV").is_none());
}

#[tokio::test]
async fn v2_leg_1_busy_declined_or_unregistered() {
    for (cause, status) in [(Cause::Busy, "BUSY"), (Cause::Rejected, "BUSY"), (Cause::NotObtainable, "CONGESTION")] {
        let rig = Rig::office().await;
        rig.called("phone=301&target=302").await;
        rig.passes_s(2);
        rig.refuses("AAPINFzL", cause);
        let rows = rows(&rig).await;
        let ladder = ladder(&rows);
        assert_eq!(
            ladder[0],
            json!(["Click2Call leg1", status, "302", "AAPINFzL", "", "AAPINFzL", 0, 0, 2]),
            "{cause:?}"
        );
        assert_eq!(
            ladder[1],
            json!(["Click2Call leg2", "NOTCALLED", "301", "BBQRsTuV", "AAPINFzL", "BBQRsTuV", 2, 0, 0])
        );
        let other: Vec<&Value> = rows.iter().map(|row| &row["DialStatus2"]).collect();
        assert_eq!(other, [&json!(""), &json!("NOTCALLED")], "newest first: leg 2 has no other leg");
    }
    let rig = Rig::office().await;
    let id = rig.called("phone=IuYtReWq&target=302").await;
    let rows = rig.log(FIELDS).await;
    let ladder = ladder(&rows);
    assert_eq!(ladder[0], json!(["Click2Call leg1", "CHANUNAVAIL", "302", "IuYtReWq", "", "IuYtReWq", 0, 0, 0]));
    assert_eq!(ladder[1][1], "NOTCALLED");
    assert!(
        rows.iter().all(|row| row["CallID"] == json!(id)),
        "the call had ended before it was answered for: {rows:?}"
    );
}

#[tokio::test]
async fn v3_leg_2_fails_and_leg_1_hears_it_for_five_seconds() {
    for (cause, status) in [(Cause::Busy, "BUSY"), (Cause::PeerFailure, "CONGESTION"), (Cause::Blocked, "SSWPREAUTH")] {
        let rig = Rig::office().await;
        rig.called("phone=301&target=302").await;
        rig.passes_s(6);
        rig.answers("AAPINFzL");
        rig.passes_s(3);
        rig.refuses("BBQRsTuV", cause);
        assert_eq!(rig.live("AAPINFzL").await.len(), 1, "it hears the tone");
        rig.passes_s(5);
        assert!(rig.live("AAPINFzL").await.is_empty());
        assert_eq!(
            ladder(&rows(&rig).await),
            [
                json!(["Click2Call leg1", "ANSWER", "302", "AAPINFzL", "", "AAPINFzL", 0, 8, 6]),
                json!(["Click2Call leg2", status, "301", "BBQRsTuV", "AAPINFzL", "BBQRsTuV", 6, 0, 3]),
            ],
            "{cause:?}"
        );
    }
}

#[tokio::test]
async fn v3_a_barred_number_is_not_dialled() {
    let rig = Rig::office().await;
    let barred = vec![super::rig::digits("302")];
    rig.classify("AAPINFzL", ClassOfService { barred, ..ClassOfService::default() });
    rig.called("phone=301&target=302").await;
    rig.passes_s(6);
    rig.answers("AAPINFzL");
    rig.passes_s(5);
    assert!(rig.rung("BBQRsTuV").is_none());
    assert_eq!(
        ladder(&rows(&rig).await),
        [
            json!(["Click2Call leg1", "ANSWER", "302", "AAPINFzL", "", "AAPINFzL", 0, 5, 6]),
            json!(["Click2Call leg2", "SSWPREAUTH", "301", "BBQRsTuV", "AAPINFzL", "BBQRsTuV", 6, 0, 0]),
        ]
    );
}

#[tokio::test]
async fn v3_no_answer_no_such_number_and_offline() {
    let rig = Rig::office().await;
    rig.called("phone=301&target=302&targetmaxdialtime=20").await;
    rig.answers("AAPINFzL");
    rig.rings("BBQRsTuV");
    rig.passes_s(30);
    rig.called("phone=301&target=+972-54-4444444").await;
    rig.answers("AAPINFzL");
    rig.passes_s(10);
    rig.called("phone=301&target=IuYtReWq").await;
    rig.answers("AAPINFzL");
    rig.passes_s(10);
    let ladder = ladder(&rows(&rig).await);
    let seconds: Vec<&Value> = ladder.iter().filter(|row| row[0] == "Click2Call leg2").collect();
    assert_eq!(
        *seconds[0],
        json!(["Click2Call leg2", "NOANSWER", "301", "BBQRsTuV", "AAPINFzL", "BBQRsTuV", 0, 0, 20])
    );
    assert_eq!(*seconds[1], json!(["Click2Call leg2", "CONGESTION", "301", "972544444444", "AAPINFzL", "", 30, 0, 0]));
    assert_eq!(
        *seconds[2],
        json!(["Click2Call leg2", "CHANUNAVAIL", "301", "IuYtReWq", "AAPINFzL", "IuYtReWq", 40, 0, 0])
    );
}

#[tokio::test]
async fn v4_the_agent_hangs_up_while_leg_2_rings() {
    let rig = Rig::office().await;
    rig.called("phone=301&target=302").await;
    rig.passes_s(6);
    rig.answers("AAPINFzL");
    rig.rings("BBQRsTuV");
    rig.passes_s(6);
    rig.hangs_up("AAPINFzL");
    assert_eq!(
        ladder(&rows(&rig).await),
        [
            json!(["Click2Call leg1", "ANSWER", "302", "AAPINFzL", "", "AAPINFzL", 0, 6, 6]),
            json!(["Click2Call leg2", "CANCEL", "301", "BBQRsTuV", "AAPINFzL", "BBQRsTuV", 6, 0, 6]),
        ]
    );
}

#[tokio::test]
async fn terminate_ends_every_call_of_an_extension() {
    let rig = Rig::office().await;
    let (code, message, id) = rig.click2call("action=terminate&phone=301").await;
    assert_eq!((code, message.as_str(), id.as_str()), (2, "No active call", ""));
    // Ringing.
    let first = rig.called("phone=301&target=302").await;
    assert_eq!(rig.called("action=Terminate&phone=AAPINFzL").await, first);
    // Talking, named by the called one and its short number; and a second call beside it that still rings.
    let talking = rig.called("phone=301&target=302").await;
    rig.answers("AAPINFzL");
    rig.rings("BBQRsTuV");
    rig.answers("BBQRsTuV");
    rig.passes_s(10);
    let ringing = rig.called("phone=302&target=0544444444").await;
    rig.rings("BBQRsTuV");
    assert_eq!(rig.called("action=terminate&phone=302").await, ringing, "the newest one is named");
    for phone in ["AAPINFzL", "BBQRsTuV"] {
        assert!(rig.live(phone).await.is_empty(), "{phone}");
    }
    let rows = rig.log(FIELDS).await;
    let of = |id: &str| rows.iter().filter(|row| row["CallID"] == json!(id)).cloned().collect::<Vec<Value>>();
    assert_eq!(
        ladder(&of(&talking)),
        [
            json!(["Click2Call leg1", "ANSWER", "302", "AAPINFzL", "", "AAPINFzL", 0, 10, 0]),
            json!(["Click2Call leg2", "ANSWER", "301", "BBQRsTuV", "AAPINFzL", "BBQRsTuV", 0, 10, 0]),
        ]
    );
    let ended: Vec<Value> = ladder(&of(&ringing)).iter().map(|row| row[1].clone()).collect();
    assert_eq!(ended, [json!("CANCEL"), json!("NOTCALLED")]);
    assert_eq!(rig.click2call("action=terminate&phone=302").await.0, 2);
    for (query, message) in [
        ("phone=999", "Phone is invalid"),
        ("phone=0544444444", "Phone is invalid"),
        ("phone=SIPTRUNK", "Phone is invalid"),
        ("phone=logincode", "Phonelogincode is missing"),
        ("phone=logincode&phonelogincode=1", "Phonelogincode is invalid"),
        ("phone=", "Phone is missing"),
    ] {
        let refused = rig.click2call(&format!("action=terminate&{query}")).await;
        assert_eq!(refused, (1, message.to_owned(), String::new()), "{query}");
    }
    conformance::proves_partly("VOI-C2C-18", "nobody can be logged in with a login code");
}

#[tokio::test]
async fn each_leg_shows_whom_the_request_names() {
    let rig = Rig::office().await;
    let shown = |code: &str| {
        let (_, from, auto, _) = rig.rung(code).expect("rung");
        (from.number.as_str().to_owned(), from.name.clone(), from.presentation, auto)
    };
    let allowed = Presentation::Allowed;
    rig.called(
        "phone=301&target=302&phonecallerid=050-0000000&phonecallername=Cli%0D%0Aent&targetcallerid=%2B972722776772\
         &targetcallername=%D7%97%D7%91%D7%A8%D7%94&phoneautoanswer=1&targetautoanswer=true",
    )
    .await;
    assert_eq!(shown("AAPINFzL"), ("0500000000".to_owned(), "Client".to_owned(), allowed, true));
    rig.answers("AAPINFzL");
    assert_eq!(shown("BBQRsTuV"), ("+972722776772".to_owned(), "חברה".to_owned(), allowed, true));
    rig.hangs_up("AAPINFzL");
    rig.called("phone=301&target=302&phonecallerid=anonymous&targetcallerid=ANONYMOUS&phoneautoanswer=no").await;
    let first = shown("AAPINFzL");
    assert_eq!((first.2, first.3), (Presentation::Restricted, false));
    rig.answers("AAPINFzL");
    assert_eq!(shown("BBQRsTuV").2, Presentation::Restricted);
    rig.passes_s(1);
    rig.hangs_up("AAPINFzL");
    // A number that cannot be shown is passed over, never refused.
    rig.called("phone=301&target=302&phonecallerid=%3Csip%3Ax%3E&targetcallerid=none").await;
    assert_eq!(shown("AAPINFzL"), ("302".to_owned(), String::new(), allowed, false));
    rig.answers("AAPINFzL");
    assert_eq!(shown("BBQRsTuV"), ("301".to_owned(), "Walter Melon".to_owned(), allowed, false));
    let rows = rig.log(&format!("{FIELDS}&todate=1700000001")).await;
    let callers: Vec<&str> = rows.iter().filter_map(|row| row["CallerNumber"].as_str()).collect();
    assert_eq!(callers, ["Anonymous", "Anonymous", "0500000000", "0722776772"], "newest first, leg 1 before leg 2");
    conformance::proves("VOI-C2C-06");
}

#[tokio::test]
async fn ring_and_talk_limits_hold_and_are_lowered_to_the_maximum() {
    let rig = Rig::office().await;
    rig.called("phone=301&target=302&phonemaxdialtime=7&targetmaxdialtime=99999999999999999999&maxduration=30").await;
    assert_eq!(rig.rung("AAPINFzL").expect("rung").3, 7_000);
    rig.passes_s(5);
    rig.answers("AAPINFzL");
    assert_eq!(rig.rung("BBQRsTuV").expect("rung").3, 300_000);
    rig.rings("BBQRsTuV");
    rig.passes_s(100);
    rig.answers("BBQRsTuV");
    rig.passes_s(29);
    assert_eq!(rig.live("AAPINFzL").await.len(), 1);
    rig.passes_s(1);
    assert!(rig.live("AAPINFzL").await.is_empty(), "the limit counts from the bridging");
    let ladder = ladder(&rows(&rig).await);
    assert_eq!((&ladder[0][1], &ladder[0][7]), (&json!("ANSWER"), &json!(130)));
    assert_eq!((&ladder[1][1], &ladder[1][7], &ladder[1][8]), (&json!("ANSWER"), &json!(30), &json!(100)));
    // The default: two hours from the answer.
    rig.called("phone=301&target=302").await;
    rig.answers("AAPINFzL");
    rig.answers("BBQRsTuV");
    rig.passes_s(7_199);
    assert_eq!(rig.live("AAPINFzL").await.len(), 1);
    rig.passes_s(1);
    assert!(rig.live("AAPINFzL").await.is_empty());
    // A talk limit above the maximum is the maximum.
    rig.called("phone=301&target=302&maxduration=20000").await;
    rig.answers("AAPINFzL");
    rig.answers("BBQRsTuV");
    rig.passes_s(14_400);
    assert!(rig.live("AAPINFzL").await.is_empty());
    conformance::proves_partly("VOI-C2C-04", "messages and conferences");
    conformance::proves_partly("VOI-LIM-04", "messages, conferences, recordings, layers");
}

#[tokio::test]
async fn custom_parameters_travel_with_the_call() {
    let rig = Rig::office().await;
    let many: String = (0..12).map(|n| format!("&var_n{n:02}={n}")).collect();
    let long = "א".repeat(200);
    let body = format!(
        "{{\"code\":\"{CODE}\",\"phone\":301,\"target\":\"302\",\"var_Customer\":2342,\"var_long\":\"{long}\"}}"
    );
    let (status, answer) =
        rig.http("POST", "/ForwardDialer/click2call.aspx", "application/json", body.as_bytes()).await;
    assert!(status == 200 && answer.contains("<string>OK</string>"), "{answer}");
    let live = rig.live("AAPINFzL").await;
    assert_eq!(live[0]["customdata"], json!({"var_Customer": "2342", "var_long": "א".repeat(128)}));
    rig.called("action=terminate&phone=301").await;
    rig.called(&format!("phone=301&target=302{many}")).await;
    rig.called("action=terminate&phone=301").await;
    let rows = rig.log("fields=CustomData&fields=Type").await;
    let ten: Vec<String> = (0..10).map(|n| format!("var_n{n:02}")).collect();
    let kept = rows[0]["CustomData"].as_object().expect("an object");
    assert_eq!(kept.keys().cloned().collect::<Vec<_>>(), ten);
    assert_eq!(rows[2]["CustomData"], json!({"var_Customer": "2342", "var_long": "א".repeat(128)}));
    conformance::proves_partly("VOI-LIM-07", "50 pairs per call, URLs, digits of menus");
    conformance::proves("VOI-LIM-03");
    conformance::proves_partly("VOI-C2C-12", "the pop-up is not there");
}

#[tokio::test]
async fn addresses_are_resolved_in_their_order() {
    let rig = Rig::office().await;
    for phone in ["AAPINFzL", "aapinfzl", "301"] {
        let first = rig.called(&format!("phone={phone}&target=bbqrstuv")).await;
        assert_eq!(rig.called("action=terminate&phone=AAPINFzL").await, first, "{phone}");
        rig.passes_s(1);
    }
    // A number of the organisation's own leads inward.
    rig.called("phone=302&target=00972%20(72)%20277-6772").await;
    rig.answers("BBQRsTuV");
    assert!(rig.rung("AAPINFzL").is_some());
    rig.rings("AAPINFzL");
    rig.called("action=terminate&phone=302").await;
    for (query, message) in [
        ("phone=12&target=302", "Phone is invalid"),
        ("phone=xyz&target=302", "Phone is invalid"),
        ("phone=301&target=1199", "Target is invalid"),
        ("phone=301&target=outside", "Target is invalid"),
        ("phone=SipTrunk&target=302", "Phone is invalid"),
        ("phone=LoginCode&target=302", "Phonelogincode is missing"),
        ("phone=logincode&phonelogincode=5&target=302", "Phonelogincode is invalid"),
    ] {
        assert_eq!(rig.click2call(query).await, (1, message.to_owned(), String::new()), "{query}");
    }
    let (code, ..) = rig.click2call("phone=0544444444&target=302").await;
    assert_eq!(code, 2, "no line leads out yet");
    conformance::proves_partly("VOI-C2C-19", "numbers outside as leg 1; the DID of a call led inward");
    conformance::proves_partly("VOI-C2C-09", "customer trunks and logins");
}
