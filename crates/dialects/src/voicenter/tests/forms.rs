//! Every refusal in all three forms of a request (GET, form, JSON) and both forms of an answer (XML-RPC, JSON), and the call log's
//! and the lists' in theirs.

use super::rig::{CODE, Rig};
use crate::voicenter::VoicenterConfig;
use serde_json::{Map, Value, json};
use switching::config::ClassOfService;

const C2C: &str = "/ForwardDialer/click2call.aspx";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// Parameters as they stand in a query, in each of the three forms.
async fn asked(rig: &Rig, path: &str, query: &str) -> [(u16, String); 3] {
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    let object: Map<String, Value> = pairs.map(|(name, value)| (name, Value::from(value))).collect();
    [
        rig.http("GET", &format!("{path}?{query}"), "", b"").await,
        rig.http("POST", path, FORM, query.as_bytes()).await,
        rig.http("POST", path, JSON, Value::Object(object).to_string().as_bytes()).await,
    ]
}

fn xml(code: u8, message: &str) -> String {
    let member = |name: &str, value: &str| {
        format!("<member><name>{name}</name><value><string>{value}</string></value></member>")
    };
    let members =
        [member("ERRORCODE", &code.to_string()), member("ERRORMESSAGE", message), member("CALLID", "")].concat();
    format!(
        "<methodResponse><params><param><value><struct>{members}</struct></value></param></params></methodResponse>"
    )
}

/// A Click2Call request that is refused so, whichever way it is asked and answered.
async fn refused(rig: &Rig, query: &str, code: u8, message: &str) {
    for (status, answer) in asked(rig, C2C, query).await {
        assert_eq!((status, answer), (200, xml(code, message)), "{query}");
    }
    for (status, answer) in asked(rig, C2C, &format!("{query}&format=JSON")).await {
        let expected = format!("{{\"ERRORCODE\":{code},\"ERRORMESSAGE\":\"{message}\",\"CALLID\":\"\"}}");
        assert_eq!((status, answer), (200, expected), "{query}");
    }
}

#[tokio::test]
async fn every_refusal_of_click2call_is_the_same_in_every_form() {
    let rig = Rig::office().await;
    rig.classify("BBQRsTuV", ClassOfService { no_click_to_call: true, ..ClassOfService::default() });
    rig.register("IuYtReWq", false);
    // Two lines, and both are taken.
    rig.called("phone=301&target=0544444444").await;
    rig.called("phone=301&target=0544444445").await;
    let good = format!("code={CODE}&action=call");
    for (query, code, message) in [
        (String::new(), 1, "Code is missing"),
        ("code=&action=nonsense".to_owned(), 1, "Code is missing"),
        (format!("code={CODE}&action=nonsense"), 1, "Action is invalid"),
        (good.clone(), 1, "Phone is missing"),
        (format!("{good}&phone=%20&target=302"), 1, "Phone is missing"),
        (format!("{good}&phone=9&target=302"), 1, "Phone is invalid"),
        (format!("{good}&phone=3%001&target=302"), 1, "Phone is invalid"),
        (format!("{good}&phone=SIPTRUNK&target=302"), 1, "Phone is invalid"),
        (format!("{good}&phone=logincode&target=302"), 1, "Phonelogincode is missing"),
        (format!("{good}&phone=logincode&phonelogincode=7&target=302"), 1, "Phonelogincode is invalid"),
        (format!("{good}&phone=303"), 1, "Target is missing"),
        (format!("{good}&phone=303&target=x"), 1, "Target is invalid"),
        (format!("{good}&phone=303&target=1234567890123456"), 1, "Target is invalid"),
        (format!("{good}&phone=303&target=301&phonemaxdialtime=x"), 1, "Phonemaxdialtime is invalid"),
        (format!("{good}&phone=303&target=301&targetmaxdialtime=0"), 1, "Targetmaxdialtime is invalid"),
        (format!("{good}&phone=303&target=301&maxduration=-1"), 1, "Maxduration is invalid"),
        (format!("{good}&phone=303&target=301&vm_id=1"), 1, "Vm_id is invalid"),
        (format!("{good}&phone=0544444444&target=301"), 2, "No line leads to numbers outside"),
        (format!("{good}&phone=301&target=0544444446"), 2, "No free line"),
        (format!("code={CODE}&action=terminate&phone=303"), 2, "No active call"),
        (format!("code={CODE}&action=terminate&phone=9"), 1, "Phone is invalid"),
        (format!("code={CODE}&action=terminate"), 1, "Phone is missing"),
        (format!("{good}&phone=303&target=301&checkphonedevicestate=1"), 3, "Extension representative offline"),
        (format!("{good}&phone=301&target=303&checktargetdevicestate=true"), 3, "Extension representative offline"),
        (format!("{good}&phone=302&target=301"), 4, "Extension blocked for Click2Call calls"),
        (format!("{good}&phone=303&target=302"), 4, "Extension blocked for Click2Call calls"),
    ] {
        refused(&rig, &query, code, message).await;
    }
    // A wrong code counts, so it stands alone.
    let rig = Rig::office().await;
    refused(&rig, "code=guess&action=call&phone=301&target=302", 1, "Code is invalid").await;
    assert!(rig.records().is_empty() && rig.rung("AAPINFzL").is_none(), "nothing was called");
    let trusted = vec!["192.0.2.0/24".parse().expect("a network")];
    let strict = VoicenterConfig { trusted, trusted_everywhere: true, ..VoicenterConfig::default() };
    refused(&Rig::with(strict).await, &good, 1, "IP address 127.0.0.1 is not trusted.").await;
    let slow = Rig::with(VoicenterConfig { requests_per_s: 1, ..VoicenterConfig::default() }).await;
    assert_eq!(slow.click2call("action=terminate&phone=301").await.1, "No active call");
    refused(&slow, &good, 2, "Request limit exceeded. Please try again later.").await;
    refused(&Rig::without_exchange().await, &good, 2, "The platform is not in service").await;
    conformance::proves("VOI-C2C-14");
}

#[tokio::test]
async fn every_refusal_of_the_call_log_and_the_lists_is_the_same_in_every_form() {
    let error = |number: u8, text: &str, status: u16| {
        json!({"ERROR_NUMBER": number, "ERROR_DESCRIPTION": text, "CDR_LIST": [], "STATUS_CODE": status,
            "TOTAL_HITS": 0, "RETURN_HITS": 0})
    };
    let told = async |rig: &Rig, query: &str, expected: Value| {
        for (status, answer) in asked(rig, "/hub/cdr/", query).await {
            let answer: Value = serde_json::from_str(&answer).expect("JSON");
            assert_eq!((status, &answer), (200, &expected), "{query}");
        }
        let line = format!("{}: {}", expected["ERROR_NUMBER"], expected["ERROR_DESCRIPTION"].as_str().expect("text"));
        for (status, page) in asked(rig, "/hub/cdr/", &format!("{query}&format=Html")).await {
            assert!(status == 200 && page.contains(&line) && !page.contains("<table"), "{query}: {page}");
        }
    };
    let quick = || VoicenterConfig { log_requests_per_min: 100, ..VoicenterConfig::default() };
    let rig = Rig::with(quick()).await;
    told(&rig, "fromdate=x", error(2, "Authorization failed.", 403)).await;
    told(&rig, "code=guess", error(2, "Authorization failed.", 403)).await;
    let dates = error(5, "Date range is invalid.", 400);
    for query in ["fromdate=yesterday", "todate=31-12-2024", "fromdate=20&todate=10"] {
        told(&rig, &format!("code={CODE}&{query}"), dates.clone()).await;
    }
    for (path, code, more) in [
        ("/comet/API/GetExtensionsCalls", "", ""),
        ("/Comet/api/GetExtensions", "", ",\"EXTENSIONS\":[]"),
        ("/comet/API/GetExtensionsCalls", "code=&x=1", ""),
        ("/Comet/api/GetExtensions", "code=&x=1", ",\"EXTENSIONS\":[]"),
    ] {
        for (status, answer) in asked(&rig, path, code).await {
            let expected = format!("{{\"ERR\":1,\"DESC\":\"Authorization failed.\"{more}}}");
            assert_eq!((status, answer), (200, expected), "{path}");
        }
    }
    let few = Rig::with(VoicenterConfig { log_records_max: 1, requests_per_s: 100, ..quick() }).await;
    few.called("phone=303&target=302").await;
    told(&few, &format!("code={CODE}"), error(3, "CDR limit exceeded.", 400)).await;
    let trusted = vec!["192.0.2.1".parse().expect("an address")];
    let strict = Rig::with(VoicenterConfig { trusted, ..quick() }).await;
    told(&strict, &format!("code={CODE}&fromdate=x"), error(4, "IP address 127.0.0.1 is not trusted.", 403)).await;
    let slow = Rig::with(VoicenterConfig { log_requests_per_min: 1, ..quick() }).await;
    assert!(slow.log("").await.is_empty());
    let too_fast = error(1, "Request limit exceeded. Please try again later.", 429);
    told(&slow, &format!("code={CODE}&fromdate=x"), too_fast).await;
    let gone = Rig::without_exchange().await;
    told(&gone, &format!("code={CODE}"), error(1, "Request limit exceeded. Please try again later.", 500)).await;
    conformance::proves("VOI-LOG-09");
}

#[tokio::test]
async fn the_edges_of_the_call_log() {
    let rig = Rig::office().await;
    let first = rig.called("phone=301&target=302&targetcallername=A%26B&var_a=%3Cscript%3E").await;
    rig.called("action=terminate&phone=301").await;
    rig.passes_s(100);
    let second = rig.called("phone=302&target=301").await;
    rig.called("action=terminate&phone=302").await;
    let many = (0..2_000).map(|n| format!("&phones=05{n:08}")).collect::<String>();
    for (query, rows) in [
        // The window is closed at its beginning and open at its end.
        ("fromdate=2023-11-14T22:15:00&todate=2023-11-14T22:15:00".to_owned(), 0),
        ("fromdate=2023-11-14T22:15:00".to_owned(), 2),
        ("todate=2023-11-14T22:15:00".to_owned(), 2),
        ("todate=2999-01-01".to_owned(), 4),
        // Lists in every spelling; of too many values the first thousand count; blanks and an empty list choose nothing.
        ("extensions[]=AAPINFzL&extensions[1]=BBQRsTuV".to_owned(), 4),
        ("extensions=aapinfzl".to_owned(), 0),
        ("phones=301,302".to_owned(), 4),
        (many, 0),
        ("phones=%20&extensions=".to_owned(), 4),
        // What is asked twice is asked once; both have to fit; what is unknown is passed over.
        (format!("callID={first}&callID={second}"), 2),
        (format!("callID={first}&extensions=IuYtReWq"), 0),
        ("callID=nonsense".to_owned(), 0),
        (format!("callID={}", "0".repeat(32)), 0),
        ("cdrTypes=9,10&CDRTYPES=99&IdentityCriteria=nonsense&x[0][y]=1".to_owned(), 4),
        ("cdrTypes=nonsense".to_owned(), 0),
    ] {
        for (status, answer) in asked(&rig, "/hub/cdr/", &format!("code={CODE}&{query}")).await.into_iter().take(2) {
            let answer: Value = serde_json::from_str(&answer).expect("JSON");
            assert_eq!((status, &answer["ERROR_NUMBER"]), (200, &json!(0)), "{query}");
            assert_eq!(answer["CDR_LIST"].as_array().map(Vec::len), Some(rows), "{query}");
            assert_eq!((&answer["TOTAL_HITS"], &answer["RETURN_HITS"]), (&json!(rows), &json!(rows)), "{query}");
        }
        rig.passes_s(10);
    }
    // Fields that there are not are passed over, and none is none.
    assert_eq!(rig.log("fields=nothing").await, [json!({}), json!({}), json!({}), json!({})]);
    assert_eq!(rig.log("fields=Type&fields=type&fields=DialStatus2&callid=").await.len(), 4);
    // A sort that names no field is none; the newest stand first.
    let body = json!({"code": CODE, "fields": ["CallID"], "sort": [{"field": "nothing"}, 7, {"order": "asc"}]});
    let (_, answer) = rig.http("POST", "/hub/cdr", JSON, body.to_string().as_bytes()).await;
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let ids: Vec<&str> =
        answer["CDR_LIST"].as_array().expect("a list").iter().filter_map(|row| row["CallID"].as_str()).collect();
    assert_eq!(ids, [&second, &second, &first, &first]);
    // Nothing that somebody sent stands in a page as it was sent.
    let page = rig.get(&format!("/hub/cdr/?code={CODE}&format=html&fields=CustomData&callID={first}")).await;
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>"), "{page}");
}
