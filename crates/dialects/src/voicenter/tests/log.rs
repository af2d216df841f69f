//! The call log: fields, criteria, forms, limits, dates, errors.

use super::calls::{FIELDS, ladder};
use super::rig::{CODE, Rig, START, digits};
use crate::voicenter::VoicenterConfig;
use serde_json::{Value, json};
use switching::cause::Cause;
use switching::party::{Party, Presentation};

/// Five calls: outgoing answered at 0, incoming declined at 100, Click2Call answered at 200, outgoing to nobody at 300, incoming
/// given up at 400.
async fn history() -> Rig {
    let rig = Rig::office().await;
    let outside = || Some(Party::remote(super::rig::digits("0544444444"), "Client".to_owned()));
    let calling = rig.dials("AAPINFzL", "302", 1, None);
    rig.rings("BBQRsTuV");
    rig.passes_s(12);
    rig.answers("BBQRsTuV");
    rig.passes_s(33);
    rig.leg_hangs_up(calling);
    rig.passes_s(55);
    rig.dials("outside", "0722776772", 2, outside());
    rig.rings("AAPINFzL");
    rig.passes_s(5);
    rig.refuses("AAPINFzL", Cause::Rejected);
    rig.passes_s(95);
    rig.called("phone=302&target=301&var_customer=7").await;
    rig.passes_s(2);
    rig.answers("BBQRsTuV");
    rig.passes_s(3);
    rig.answers("AAPINFzL");
    rig.passes_s(10);
    rig.hangs_up("AAPINFzL");
    rig.passes_s(85);
    rig.dials("AAPINFzL", "0544444444", 3, None);
    rig.passes_s(100);
    let calling = rig.dials("outside", "0722776772", 4, outside());
    rig.rings("AAPINFzL");
    rig.passes_s(4);
    rig.leg_hangs_up(calling);
    rig.passes_s(6);
    rig
}

#[tokio::test]
async fn every_call_gives_its_rows() {
    let rig = history().await;
    let rows = rig.log(FIELDS).await;
    assert_eq!(
        ladder(&rows),
        [
            json!(["Extension Outgoing", "ANSWER", "301", "BBQRsTuV", "AAPINFzL", "BBQRsTuV", 0, 33, 12]),
            json!(["Incoming Call", "BUSY", "0544444444", "AAPINFzL", "", "AAPINFzL", 100, 0, 5]),
            json!(["Click2Call leg1", "ANSWER", "301", "BBQRsTuV", "", "BBQRsTuV", 200, 13, 2]),
            json!(["Click2Call leg2", "ANSWER", "302", "AAPINFzL", "BBQRsTuV", "AAPINFzL", 202, 10, 3]),
            json!(["Extension Outgoing", "CONGESTION", "301", "972544444444", "AAPINFzL", "", 300, 0, 0]),
            json!(["Incoming Call", "CANCEL", "0544444444", "AAPINFzL", "", "AAPINFzL", 400, 0, 4]),
        ]
    );
    let by = |field: &str| rows.iter().map(|row| row[field].clone()).collect::<Vec<Value>>();
    let (walter, rita) = ("Walter Melon", "Rita Book");
    assert_eq!(by("RepresentativeName"), [walter, walter, rita, rita, walter, walter], "newest first");
    assert_eq!(by("DID"), ["0722776772", "", "", "", "0722776772", ""]);
    assert_eq!(by("DialStatus2"), ["", "", "", "ANSWER", "", ""]);
    assert_eq!(by("CustomData")[2..4], [json!({"var_customer": "7"}), json!({"var_customer": "7"})]);
    let prefixes: Vec<Value> =
        rig.log("fields=TargetPrefixName").await.iter().map(|row| row["TargetPrefixName"].clone()).collect();
    assert_eq!(prefixes, ["", "Israel", "", "", "", ""], "of a target outside only");
    // The record of the exchange tells the same.
    let records = rig.records();
    assert_eq!(records.iter().map(|record| record.talk_ms() / 1_000).collect::<Vec<_>>(), [33, 0, 10, 0, 0]);
    conformance::proves("VOI-LOG-11");
}

#[tokio::test]
async fn fields_are_given_as_asked_for() {
    let rig = history().await;
    let all = &rig.log("todate=1700000001").await[0];
    assert_eq!(
        *all,
        json!({
            "Date": "2023-11-14T22:13:20Z", "Type": "Extension Outgoing", "DID": "", "CallerNumber": "301",
            "CallerExtension": "AAPINFzL", "TargetNumber": "BBQRsTuV", "TargetExtension": "BBQRsTuV", "TargetPrefixName": "",
            "Duration": 33, "Price": 0, "RecordURL": "", "RecordExpect": false, "RepresentativeName": "Walter Melon",
            "RepresentativeCode": all["RepresentativeCode"], "DTMFData": [], "CallID": all["CallID"], "QueueName": "",
            "DialStatus": "ANSWER", "DialStatus2": "", "RingTime": 12, "CustomData": {}, "DepartmentName": "Office",
            "DepartmentId": 1,
        })
    );
    assert!(all["CallID"].as_str().is_some_and(|id| id.len() == 32));
    assert!(all["RepresentativeCode"].as_str().is_some_and(|code| code.len() >= 4));
    // Without a name there is no choice, however that is written.
    for none in ["fields=", "fields=,%20,", "fields[]="] {
        assert_eq!(rig.log(&format!("todate=1700000001&{none}")).await[0], *all, "{none}");
    }
    for none in [json!([]), json!({"a": 1}), json!(null), json!("")] {
        let body = json!({"code": CODE, "search": {"todate": 1_700_000_001}, "fields": none}).to_string();
        let (_, answer) = rig.http("POST", "/hub/cdr/", "application/json", body.as_bytes()).await;
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["CDR_LIST"][0], *all, "{none}");
    }
    assert_eq!(rig.log("todate=1700000001&fields=phones").await[0], json!({}), "a name that gives nothing is one");
    let text = rig
        .get(&format!(
            "/hub/cdr/?code={CODE}&todate=1700000001&fields=duration&Fields=DATE&fields=x&fields=phones&fields=Duration"
        ))
        .await;
    let expected = "{\"ERROR_NUMBER\":0,\"ERROR_DESCRIPTION\":\"OK\",\"CDR_LIST\":[{\"Duration\":33,\"Date\":\"2023-11-14T22:13:20Z\"}],\
        \"STATUS_CODE\":200,\"TOTAL_HITS\":1,\"RETURN_HITS\":1}";
    assert_eq!(text, expected);
    let extra = &rig.log("todate=1700000001&fields=DateEpoch,CdrType,UserName,UserId").await[0];
    assert_eq!(
        (&extra["DateEpoch"], &extra["CdrType"], &extra["UserName"]),
        (&json!(1_700_000_000), &json!(4), &json!("Walter Melon"))
    );
    conformance::proves("VOI-LOG-07");
    conformance::proves_partly("VOI-LOG-06", "prices, recordings, menus and queues do not exist");
}

#[tokio::test]
async fn criteria_choose_rows() {
    let rig = history().await;
    let start = START.0 / 1_000;
    let at = |seconds: u64| start + seconds;
    for (query, expected) in [
        (String::new(), 6),
        (format!("fromdate={}&todate={}", at(100), at(300)), 3),
        (format!("fromdate={}&todate={}", at(101), at(300)), 2),
        (format!("fromdate={}", at(201)), 3),
        (format!("fromdate={}", at(202)), 3),
        (format!("todate={}", at(202)), 3),
        (format!("fromdate={0}&todate={0}", at(100)), 0),
        ("phones=972544444444".to_owned(), 3),
        ("phones=0722776772".to_owned(), 2),
        ("phones=%2B972-72-2776772&phones=302".to_owned(), 3),
        ("phones=0500000000".to_owned(), 0),
        ("extensions=BBQRsTuV".to_owned(), 3),
        ("extension=BBQRsTuV&extension=AAPINFzL".to_owned(), 6),
        ("extension=301".to_owned(), 0),
        ("extensions=trunk".to_owned(), 2),
        ("extensions=trunk&extensions=BBQRsTuV".to_owned(), 5),
        ("extensions=Trunk".to_owned(), 0),
        ("extensions=trunk&phones=302".to_owned(), 0),
        ("phones=0544444444&extension=BBQRsTuV".to_owned(), 0),
        ("phones=301&cdrTypes=9".to_owned(), 1),
        ("cdrTypes=Click2Callleg1&cdrTypes=10".to_owned(), 2),
        ("IdentityCriteria=Account".to_owned(), 6),
        ("IdentityCriteria=User".to_owned(), 4),
        ("IdentityCriteria=Hierarchical".to_owned(), 6),
        ("identitycriteria=department".to_owned(), 6),
        ("queueID=5".to_owned(), 0),
        ("campaignID=0&unknown=1".to_owned(), 6),
    ] {
        assert_eq!(rig.log(&query).await.len(), expected, "{query}");
        rig.passes_s(3);
    }
    let id = rig.log("cdrTypes=9").await[0]["CallID"].as_str().expect("text").to_owned();
    assert_eq!(rig.log(&format!("callID={id}")).await.len(), 2, "both legs");
    let body = json!({
        "code": CODE, "sort": [{"field": "Duration", "order": "desc"}, {"field": "Date", "order": "asc"}],
        "fields": ["Duration", "Type"], "search": {"fromdate": "2023-11-14T22:13:20", "phones": ["0544444444", 301]},
    });
    let (_, answer) = rig.http("POST", "/HUB/cdr", "application/json", body.to_string().as_bytes()).await;
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let durations: Vec<u64> =
        answer["CDR_LIST"].as_array().expect("a list").iter().filter_map(|row| row["Duration"].as_u64()).collect();
    assert_eq!(durations, [33, 13, 0, 0, 0], "{answer}");
    conformance::proves("VOI-LOG-02");
    conformance::proves("VOI-LOG-03");
    conformance::proves("VOI-LOG-04");
}

#[tokio::test]
async fn numbers_are_found_however_they_were_written_and_no_other_call_is_read() {
    let rig = history().await;
    // An order that shows numbers of its own to either side; a number dialled with separators; a caller that withheld its own.
    rig.called("phone=301&target=302&phonecallerid=0733333331&targetcallerid=0733333332").await;
    rig.answers("AAPINFzL");
    rig.passes_s(5);
    rig.hangs_up("AAPINFzL");
    rig.dials("BBQRsTuV", "00972-(3)-555.55/55", 5, None);
    rig.passes_s(5);
    let withheld =
        Party { presentation: Presentation::Restricted, ..Party::remote(digits("0599999999"), String::new()) };
    let calling = rig.dials("outside", "0722776772", 6, Some(withheld));
    rig.leg_hangs_up(calling);
    rig.called("phone=303&target=301").await;
    // So many others that the store is asked several times: the first and the last are of the same calls.
    let many = |first: &str, last: &str| {
        let others: String = (0..70).map(|n| format!("&phones=05500000{n:02}")).collect();
        format!("phones={first}{others}&phones={last}")
    };
    rig.given();
    for (query, rows, read) in [
        ("phones=0544444444".to_owned(), 3, 3),
        ("phones=00972544444444".to_owned(), 3, 3),
        ("phones=%2B972-54-4444444".to_owned(), 3, 3),
        ("phones=972722776772".to_owned(), 3, 3),
        ("phones=0733333331".to_owned(), 1, 1),
        ("phones=972733333332".to_owned(), 1, 1),
        ("phones=035555555".to_owned(), 1, 1),
        ("phones=0599999999".to_owned(), 0, 1),
        ("phones=0500000000".to_owned(), 0, 0),
        (many("0544444444", "0722776772"), 4, 6),
        ("extension=BBQRsTuV".to_owned(), 5, 4),
        ("extension=trunk".to_owned(), 3, 3),
        ("extension=BBQRsTuV&extension=IuYtReWq".to_owned(), 7, 5),
        ("phones=AAPINFzL".to_owned(), 6, 8),
        // Who is nobody is in no list: all calls are looked through. What cannot be is not looked for.
        ("phones=Anonymous".to_owned(), 1, 9),
        ("phones=0544444444&queueID=5".to_owned(), 0, 0),
        ("cdrTypes=Queue".to_owned(), 0, 0),
    ] {
        assert_eq!((rig.log(&query).await.len(), rig.given()), (rows, read), "{query}");
        rig.passes_s(3);
    }
    // A phone that is gone is found by the number that it had.
    rig.forget("IuYtReWq", "303");
    assert_eq!((rig.log("extension=303").await.len(), rig.given()), (2, 1));
    let (once, all) = (rig.log(&many("0544444444", "0722776772")).await, rig.log("").await);
    assert_eq!(once, all.into_iter().filter(|row| once.contains(row)).collect::<Vec<_>>(), "newest first, each once");
}

#[tokio::test]
async fn the_html_answer_is_one_table() {
    let rig = history().await;
    let (status, page) = rig
        .http("GET", &format!("/hub/cdr/?code={CODE}&format=html&fields=Type,RecordURL&todate=1700000001"), "", b"")
        .await;
    assert_eq!(status, 200);
    assert!(
        page.contains(
            "<tr><th>Type</th><th>RecordURL</th></tr>\n<tr><td>Extension Outgoing</td><td></td></tr>\n</table>"
        ),
        "{page}"
    );
    let page = rig.get("/hub/cdr/?format=HTML&code=no").await;
    assert!(page.contains("2: Authorization failed.") && !page.contains("<table"), "{page}");
    conformance::proves_partly("VOI-LOG-08", "recordings to link to");
}

#[tokio::test]
async fn errors_come_in_their_order_with_an_empty_list() {
    let error = |number: u8, text: &str, status: u16| json!({"ERROR_NUMBER": number, "ERROR_DESCRIPTION": text, "CDR_LIST": [], "STATUS_CODE": status, "TOTAL_HITS": 0, "RETURN_HITS": 0});
    let ask = async |rig: &Rig, query: &str| -> Value {
        serde_json::from_str(&rig.get(&format!("/hub/cdr/?{query}")).await).expect("JSON")
    };
    let rig = history().await;
    for query in ["", "code=", "code=wrong&fromdate=x"] {
        assert_eq!(ask(&rig, query).await, error(2, "Authorization failed.", 403), "{query}");
    }
    let dates = error(5, "Date range is invalid.", 400);
    for query in ["fromdate=yesterday", "todate=2015-02-30", "fromdate=2020-01-02&todate=2020-01-01"] {
        assert_eq!(ask(&rig, &format!("code={CODE}&{query}")).await, dates, "{query}");
    }
    for _ in 3..30 {
        assert_eq!(rig.log("fields=Type").await.len(), 6);
    }
    let limit = error(1, "Request limit exceeded. Please try again later.", 429);
    assert_eq!(ask(&rig, &format!("code={CODE}&fromdate=x")).await, limit, "before the dates");
    rig.passes_s(60);
    assert_eq!(rig.log("fields=Type").await.len(), 6);
    conformance::proves("VOI-LIM-01");

    let trusted = vec!["192.0.2.1".parse().expect("an address")];
    let rig = Rig::with(VoicenterConfig { trusted, ..VoicenterConfig::default() }).await;
    assert_eq!(ask(&rig, "code=wrong").await, error(4, "IP address 127.0.0.1 is not trusted.", 403));
    rig.called("phone=301&target=302").await;

    let rig =
        Rig::with(VoicenterConfig { log_records_max: 3, requests_per_s: 100, ..VoicenterConfig::default() }).await;
    rig.called("phone=303&target=302").await;
    assert_eq!(rig.log("fields=Type").await.len(), 2);
    rig.called("phone=303&target=302").await;
    assert_eq!(ask(&rig, &format!("code={CODE}")).await, error(3, "CDR limit exceeded.", 400));
    assert_eq!(rig.log("cdrTypes=9").await.len(), 2, "fewer fit");
    conformance::proves("VOI-LOG-09");
    conformance::proves("VOI-LIM-02");
}

#[tokio::test]
async fn dates_are_utc_unless_they_say_otherwise() {
    let rig = history().await;
    for (query, expected) in [
        ("fromdate=2023-11-14T22:19", 1),
        ("fromdate=2023-11-14T22:19Z", 1),
        ("fromdate=2023-11-15T00:19:00%2B02:00", 1),
        ("fromdate=2023-11-15T00:19:00+02:00", 1),
        ("fromdate=1700000340", 1),
        ("fromdate=1700000340000", 1),
        ("todate=2023-11-14", 0),
        ("fromdate=2023-11-14&todate=2023-11-15", 6),
    ] {
        assert_eq!(rig.log(query).await.len(), expected, "{query}");
    }
    let date = rig.log("fields=Date&todate=1700000001").await[0]["Date"].clone();
    assert_eq!(date, "2023-11-14T22:13:20Z");
    conformance::proves("VOI-LOG-10");
}
