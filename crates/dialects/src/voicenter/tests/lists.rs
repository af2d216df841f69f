//! The two lists of the monitor.

use super::rig::{CODE, Rig, START};
use serde_json::{Value, json};
use switching::party::Party;

async fn list(rig: &Rig, path_and_query: &str) -> Value {
    serde_json::from_str(&rig.get(path_and_query).await).expect("JSON")
}

#[tokio::test]
async fn extensions_are_listed_by_their_short_numbers() {
    let rig = Rig::office().await;
    let entry = |sip: &str, name: &str, number: &str, mail: &str| {
        json!({"SIP": sip, "Name": name, "SpeedDial": number, "AccountID": 1, "AccountName": "Office",
            "UserName": name, "UserEmail": mail})
    };
    let all = json!({"ERR": 0, "DESC": "OK", "EXTENSIONS": [
        entry("AAPINFzL", "Walter Melon", "301", "Walter@example.net"),
        entry("BBQRsTuV", "Rita Book", "302", "Rita@example.net"),
        entry("IuYtReWq", "Idle One", "303", "Idle@example.net"),
    ]});
    for query in ["", "&showAll=0", "&showall=false", "&ShowAll=true"] {
        assert_eq!(list(&rig, &format!("/Comet/api/GetExtensions?code={CODE}{query}")).await, all, "{query}");
    }
    let body = format!("{{\"Code\":\"{CODE}\"}}");
    let (_, answer) = rig.http("POST", "/COMET/API/GETEXTENSIONS/", "application/json", body.as_bytes()).await;
    assert_eq!(serde_json::from_str::<Value>(&answer).expect("JSON"), all);
    let text = rig.get(&format!("/comet/API/GetExtensions?code={CODE}")).await;
    let begin = "{\"ERR\":0,\"DESC\":\"OK\",\"EXTENSIONS\":[{\"SIP\":\"AAPINFzL\",\"Name\":\"Walter Melon\",\"SpeedDial\":\"301\",";
    assert!(text.starts_with(begin), "{text}");
    let refused = json!({"ERR": 1, "DESC": "Authorization failed.", "EXTENSIONS": []});
    for query in ["", "?code=", "?code=wrong", "?showAll=1"] {
        assert_eq!(list(&rig, &format!("/Comet/api/GetExtensions{query}")).await, refused, "{query}");
    }
    conformance::proves("VOI-EXT-01");
}

#[tokio::test]
async fn live_calls_show_both_sides() {
    let rig = Rig::office().await;
    let path = format!("/comet/API/GetExtensionsCalls?code={CODE}");
    let all = list(&rig, &path).await;
    let entries = all["EXTENSIONS"].as_array().expect("a list");
    let seen: Vec<Value> = entries
        .iter()
        .map(|it| json!([it["username"], it["name"], it["peerstatus"], it["representative"], it["calls"]]))
        .collect();
    assert_eq!(
        seen,
        [
            json!(["AAPINFzL", "Walter Melon", "Reachable", "", []]),
            json!(["BBQRsTuV", "Rita Book", "Reachable", "", []]),
            json!(["IuYtReWq", "Idle One", "Unknown", "", []]),
        ]
    );
    rig.register("BBQRsTuV", false);
    assert_eq!(list(&rig, &format!("{path}&extension=BBQRsTuV")).await["EXTENSIONS"][0]["peerstatus"], "Unregistered");
    rig.register("BBQRsTuV", true);
    let second = START.0 / 1_000;
    let epoch = |it: &Value| it.as_u64().expect("a number") - second;
    // From outside, without a name.
    let outside = Party::remote(super::rig::digits("+972544444444"), String::new());
    rig.passes_s(2);
    let incoming = rig.dials("outside", "0722776772", 1, Some(outside));
    rig.passes_s(1);
    rig.rings("AAPINFzL");
    let call = &rig.live("AAPINFzL").await[0];
    assert_eq!(
        (&call["callstatus"], &call["direction"], &call["answered"]),
        (&json!("Ringing"), &json!("Incoming"), &json!(0))
    );
    assert_eq!((&call["callername"], &call["callerphone"]), (&json!("0544444444"), &json!("0544444444")));
    assert_eq!(
        (epoch(&call["callstarted"]), &call["callanswered"], &call["did"]),
        (2, &json!(0), &json!("0722776772"))
    );
    rig.passes_s(4);
    rig.answers("AAPINFzL");
    let call = &rig.live("AAPINFzL").await[0];
    assert_eq!(
        (&call["callstatus"], epoch(&call["callanswered"]), &call["answered"]),
        (&json!("Talking"), 7, &json!(1))
    );
    assert_eq!((&call["callStarted"], &call["callAnswered"]), (&call["callstarted"], &call["callanswered"]));
    let id = call["ivrid"].as_str().expect("text").to_owned();
    rig.leg_hangs_up(incoming);
    let rows =
        rig.log("fields=CallID&fields=Type&fields=DID&fields=CallerNumber&fields=Duration&fields=RingTime").await;
    let row = json!({"CallID": id, "Type": "Incoming Call", "DID": "0722776772", "CallerNumber": "0544444444", "Duration": 0, "RingTime": 5});
    assert_eq!(rows, [row], "V7; the caller hung up in the second of the answer");
    // Inside.
    let calling = rig.dials("AAPINFzL", "302", 2, None);
    let call = &rig.live("AAPINFzL").await[0];
    assert_eq!((&call["callstatus"], &call["direction"]), (&json!("Dialing"), &json!("Outgoing")));
    assert_eq!((&call["callername"], &call["callerphone"]), (&json!("Rita Book"), &json!("302")));
    rig.rings("BBQRsTuV");
    let call = &rig.live("BBQRsTuV").await[0];
    assert_eq!((&call["callstatus"], &call["callername"]), (&json!("Ringing"), &json!("Walter Melon")));
    rig.answers("BBQRsTuV");
    assert_eq!(rig.live("AAPINFzL").await[0]["callstatus"], "Talking");
    rig.leg_hangs_up(calling);
    for query in ["", "?code=wrong"] {
        let answer = list(&rig, &format!("/comet/API/GetExtensionsCalls{query}")).await;
        assert_eq!(answer, json!({"ERR": 1, "DESC": "Authorization failed."}), "{query}");
    }
    conformance::proves_partly("VOI-ACT-01", "nobody can log in; no recordings");
    conformance::proves_partly("VOI-ACT-03", "Lagged and Unreachable: phones are not probed; Hold");
}
