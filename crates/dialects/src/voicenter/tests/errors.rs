//! Every refusal, in the vendor's order, codes and words; encodings; bad input.

use super::rig::{CODE, Rig};
use crate::voicenter::VoicenterConfig;
use serde_json::{Value, json};
use switching::config::ClassOfService;

const C2C: &str = "/ForwardDialer/click2call.aspx";
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

fn xml(code: u8, message: &str, id: &str) -> String {
    let member = |name: &str, value: &str| {
        format!("<member><name>{name}</name><value><string>{value}</string></value></member>")
    };
    let members =
        [member("ERRORCODE", &code.to_string()), member("ERRORMESSAGE", message), member("CALLID", id)].concat();
    format!(
        "<methodResponse><params><param><value><struct>{members}</struct></value></param></params></methodResponse>"
    )
}

#[tokio::test]
async fn click2call_checks_in_the_vendors_order() {
    let rig = Rig::office().await;
    // Each request cures the fault of the one before.
    for (query, message) in [
        ("action=x&phonemaxdialtime=x", "Code is missing"),
        ("code=wrong&action=x&phonemaxdialtime=x", "Code is invalid"),
        ("code=secret&action=x&phonemaxdialtime=x", "Action is invalid"),
        ("code=secret&action=CALL&phonemaxdialtime=x", "Phone is missing"),
        ("code=secret&phone=9&phonemaxdialtime=x", "Phone is invalid"),
        ("code=secret&phone=301&phonemaxdialtime=x", "Target is missing"),
        ("code=secret&phone=301&target=9&phonemaxdialtime=x", "Target is invalid"),
        ("code=secret&phone=301&target=302&phonemaxdialtime=x", "Phonemaxdialtime is invalid"),
        ("code=secret&phone=301&target=302&phonemaxdialtime=0", "Phonemaxdialtime is invalid"),
        ("code=secret&phone=301&target=302&targetmaxdialtime=-1", "Targetmaxdialtime is invalid"),
        ("code=secret&phone=301&target=302&maxduration=1.5", "Maxduration is invalid"),
        ("code=secret&phone=301&target=302&vm_id=7", "Vm_id is invalid"),
    ] {
        assert_eq!(rig.get(&format!("{C2C}?{query}")).await, xml(1, message, ""), "{query}");
        let answer: Value = serde_json::from_str(&rig.get(&format!("{C2C}?{query}&format=JSON")).await).expect("JSON");
        assert_eq!(answer, json!({"ERRORCODE": 1, "ERRORMESSAGE": message, "CALLID": ""}), "{query}");
    }
    for action in ["message", "Callference", "conference"] {
        assert_eq!(rig.click2call(&format!("action={action}&phone=301")).await.0, 2, "{action}");
    }
    assert!(rig.records().is_empty() && rig.rung("AAPINFzL").is_none(), "nothing was called");
}

#[tokio::test]
async fn offline_and_blocked_extensions_are_refused() {
    let rig = Rig::office().await;
    for code in ["BBQRsTuV", "IuYtReWq"] {
        rig.classify(code, ClassOfService { no_click_to_call: true, ..ClassOfService::default() });
    }
    let offline = (3, "Extension representative offline".to_owned(), String::new());
    let barred = (4, "Extension blocked for Click2Call calls".to_owned(), String::new());
    for (query, expected) in [
        ("phone=302&target=301", &barred),
        ("phone=301&target=302", &barred),
        ("phone=303&target=301", &barred),
        ("phone=303&target=301&checkphonedevicestate=true", &offline),
        ("phone=301&target=303&checktargetdevicestate=YES", &offline),
    ] {
        assert_eq!(rig.click2call(query).await, *expected, "{query}");
    }
    rig.register("AAPINFzL", false);
    assert_eq!(rig.click2call("phone=301&target=0544444444&checkphonedevicestate=1").await, offline);
    rig.register("AAPINFzL", true);
    // Outside there is no device whose state could be asked.
    rig.called("phone=301&target=0544444444&checkphonedevicestate=1&checktargetdevicestate=1").await;
    rig.called("action=terminate&phone=301").await;
    let rig = Rig::office().await;
    assert_eq!(rig.click2call("phone=303&target=301&checkphonedevicestate=on").await, offline);
    assert_eq!(rig.click2call("phone=301&target=303&checktargetdevicestate=true").await, offline);
    rig.called("phone=301&target=302&checktargetdevicestate=true&checkphonedevicestate=true").await;
    assert!(rig.log("fields=Type").await.is_empty(), "a refused request leaves no row");
    conformance::proves("VOI-C2C-08");
}

#[tokio::test]
async fn too_fast_untrusted_and_too_many_wrong_codes() {
    let rig = Rig::with(VoicenterConfig::default()).await;
    for _ in 0..5 {
        assert_eq!(rig.click2call("action=terminate&phone=301").await.1, "No active call");
    }
    let refused = rig.click2call("phone=301&target=302").await;
    assert_eq!(refused, (2, "Request limit exceeded. Please try again later.".to_owned(), String::new()));
    rig.passes_s(1);
    rig.called("phone=301&target=302").await;

    let trusted = vec!["192.0.2.0/24".parse().expect("a network")];
    let config = VoicenterConfig { trusted, trusted_everywhere: true, ..VoicenterConfig::default() };
    let rig = Rig::with(config).await;
    assert_eq!(rig.click2call("phone=301&target=302").await.1, "IP address 127.0.0.1 is not trusted.");
    for (path, more) in [("/comet/API/GetExtensionsCalls", ""), ("/Comet/api/GetExtensions", ",\"EXTENSIONS\":[]")] {
        let answer = rig.get(&format!("{path}?code={CODE}")).await;
        assert_eq!(answer, format!("{{\"ERR\":1,\"DESC\":\"Authorization failed.\"{more}}}"), "{path}");
    }

    let rig = Rig::office().await;
    for _ in 0..10 {
        assert_eq!(rig.get(&format!("{C2C}?code=guess&phone=301")).await, xml(1, "Code is invalid", ""));
    }
    assert_eq!(rig.click2call("phone=301&target=302").await.1, "Code is invalid", "also the right one, for a minute");
    rig.passes_s(60);
    rig.called("phone=301&target=302").await;
    conformance::proves("VOI-C2C-14");
}

#[tokio::test]
async fn every_encoding_says_the_same() {
    let rig = Rig::office().await;
    let boundary = "multipart/form-data; boundary=xx";
    let part =
        |name: &str, value: &str| format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let parts =
        [part("code", CODE), part("PHONE", "301"), part("Target", " 302\r\n"), "--xx--\r\n".to_owned()].concat();
    for (method, target, kind, body) in [
        ("GET", format!("{C2C}?code={CODE}&phone=301&target=302&action=call"), "", String::new()),
        (
            "GET",
            format!("/forwarddialer/CLICK2CALL.aspx?CODE={CODE}&Phone=301&TARGET=%20302%20&Action=cAlL"),
            "",
            String::new(),
        ),
        (
            "POST",
            C2C.to_owned(),
            FORM,
            format!("code={CODE}&phone=301&phonecallerid=0500000000&target=302\r\n&targetcallerid=03&record=true"),
        ),
        ("POST", format!("{C2C}?phone=999&code=wrong"), FORM, format!("code={CODE}&phone=301&phone=9&target=302")),
        ("POST", "/ForwardDialer/click2call".to_owned(), boundary, parts),
        (
            "POST",
            C2C.to_owned(),
            JSON,
            format!("{{\"code\":\"{CODE}\",\"phone\":301,\"target\":\"302\",\"record\":true}}"),
        ),
        ("POST", C2C.to_owned(), "", format!(" {{\"code\":\"{CODE}\",\"phone\":\"301\",\"target\":302}}")),
        ("POST", C2C.to_owned(), "", format!("code={CODE}&phone=301&target=302")),
        ("POST", format!("{C2C}?code={CODE}&phone=301&target=302&format=xMl"), FORM, String::new()),
    ] {
        let (status, answer) = rig.http(method, &target, kind, body.as_bytes()).await;
        assert_eq!(status, 200, "{target} {body}");
        let id = answer.split("<name>CALLID</name><value><string>").nth(1).and_then(|rest| rest.split('<').next());
        let id = id.unwrap_or_default().to_owned();
        assert_eq!((answer.as_str(), id.len()), (xml(0, "OK", &id).as_str(), 32), "{target} {body}");
        assert_eq!(rig.called("action=terminate&phone=301").await, id);
        rig.passes_s(1);
    }
    conformance::proves_partly("VOI-ADM-24", "the interfaces that are not there yet");
    conformance::proves("VOI-C2C-13");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_the_next_request_works() {
    let rig = Rig::office().await;
    let deep = format!("{}{}", "{\"a\":".repeat(20_000), "}".repeat(20_000));
    let many = "a=1&".repeat(20_000);
    let invalid = xml(1, "Request is invalid", "");
    for (kind, body) in [
        (JSON, "{\"code\":\"secret\",\"phone\":"),
        (JSON, "[1,2]"),
        (JSON, "\u{feff}{}"),
        (JSON, deep.as_str()),
        ("text/xml", "<?xml version=\"1.0\"?><!DOCTYPE b [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><b>&b;</b>"),
        ("application/x-www-form-urlencoded; charset=iso-8859-8", "code=secret"),
        ("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\nsecret"),
        (FORM, many.as_str()),
    ] {
        let (status, answer) = rig.http("POST", C2C, kind, body.as_bytes()).await;
        assert_eq!((status, answer.as_str()), (200, invalid.as_str()), "{kind}");
        // The query says in which form, and nothing else of it counts.
        let query = format!("{C2C}?code=secret&phone=301&target=302&Format=Json");
        let (status, answer) = rig.http("POST", &query, kind, body.as_bytes()).await;
        let expected = "{\"ERRORCODE\":1,\"ERRORMESSAGE\":\"Request is invalid\",\"CALLID\":\"\"}";
        assert_eq!((status, answer.as_str()), (200, expected), "{kind}");
    }
    let (_, answer) = rig.http("POST", C2C, JSON, b"{\"code\":\"\xff\xfe\"}").await;
    assert_eq!(answer, invalid, "no UTF-8");
    let (_, answer) = rig.http("POST", C2C, FORM, b"code=%FF%FE&phone=%00%0D%0A").await;
    assert_eq!(answer, xml(1, "Code is invalid", ""), "octets of a form that are no text are no code");
    let (status, answer) = rig.http("POST", &format!("{C2C}?format=json"), FORM, &vec![b'a'; 262_145]).await;
    assert_eq!((status, answer.contains("Request is too long")), (413, true), "{answer}");
    assert!(answer.starts_with('{'), "{answer}");
    let (_, html) = rig.http("POST", "/hub/cdr/?code=secret&format=HTML", JSON, b"{\"code\":").await;
    assert!(html.contains("2: ") && html.starts_with('<'), "{html}");
    for (target, expected) in [
        ("/hub/cdr/", "\"ERROR_NUMBER\":2"),
        ("/hub/cdr/?code=secret", "\"ERROR_NUMBER\":2"),
        ("/comet/api/getextensions", "\"ERR\":1"),
        ("/comet/api/getextensionscalls", "\"ERR\":1"),
    ] {
        let (status, answer) = rig.http("POST", target, JSON, b"{\"code\":").await;
        assert!(status == 200 && answer.contains(expected), "{target}: {answer}");
    }
    for (method, target, status) in [
        ("GET", "/", 404),
        ("GET", "/ForwardDialer/", 404),
        ("PUT", C2C, 405),
        ("DELETE", "/hub/cdr", 405),
        ("OPTIONS", C2C, 204),
    ] {
        assert_eq!(rig.http(method, target, "", b"").await.0, status, "{method} {target}");
    }
    rig.called("phone=301&target=302").await;
    conformance::proves_partly("VOI-C2C-01", "messages and conferences");
}

#[tokio::test]
async fn an_exchange_that_is_gone_is_said_in_each_form() {
    let rig = Rig::without_exchange().await;
    let refused = (2, "The platform is not in service".to_owned(), String::new());
    assert_eq!(rig.click2call("phone=301&target=302").await, refused);
    for (path, more) in [("/comet/API/GetExtensionsCalls", ""), ("/Comet/api/GetExtensions", ",\"EXTENSIONS\":[]")] {
        let answer = rig.get(&format!("{path}?code={CODE}")).await;
        assert_eq!(answer, format!("{{\"ERR\":2,\"DESC\":\"Internal error.\"{more}}}"), "{path}");
    }
    let log: Value = serde_json::from_str(&rig.get(&format!("/hub/cdr/?code={CODE}")).await).expect("JSON");
    assert_eq!((&log["ERROR_NUMBER"], &log["STATUS_CODE"], &log["CDR_LIST"]), (&json!(1), &json!(500), &json!([])));
    conformance::proves("VOI-ACT-04");
    conformance::proves("VOI-EXT-03");
}
