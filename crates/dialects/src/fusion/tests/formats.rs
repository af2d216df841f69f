//! Which function answers in which format, with which root and result, and how errors look (FUS-FMT-02, 05, 06).

use super::rig::{Client, Rig, StoreIs};

/// Function, root of its XML, a request that succeeds, one that fails; none: it has no result code.
const FUNCTIONS: [(&str, &str, &str, Option<&str>); 10] = [
    ("dbGetDirectoryInfo", "DirectoryInfo", "", None),
    ("dbGetCallHistory", "CallHistory", "ext=104&limit=1&start_date=2024-01-01", None),
    ("dbGetPhoneState", "PhoneState", "", None),
    ("dbGetRegistration", "dbGetRegistrationResult", "", None),
    ("ccGetChannels", "Channels", "", None),
    ("ccPing", "ccPingResult", "", None),
    ("ccOriginate", "ccOriginateResult", "phone_id=SDO30001&to=102&async=true", Some("phone_id=SDO30001")),
    ("ccSetVar", "ccSetVar", "channel_id=CHANNEL&variable=a&value=1", Some("channel_id=x&variable=a&value=1")),
    ("ccGetVar", "ccGetVar", "channel_id=CHANNEL&variable=a", None),
    ("ccHangup", "ccHangupResult", "channel_id=CHANNEL", Some("channel_id=x")),
];

async fn get(rig: &Rig, target: &str) -> (String, String) {
    let mut client = Client::connect(rig.http).await;
    client.send(format!("GET {target} HTTP/1.1\r\nHost: sop\r\nConnection: close\r\n\r\n").as_bytes()).await;
    let answer = client.answer().await;
    assert_eq!(answer.status, 200, "{target}");
    let kind = answer.head.lines().find_map(|line| line.strip_prefix("Content-Type: ")).expect("always there");
    (kind.to_owned(), answer.body)
}

/// The result code in XML or JSON.
fn code(body: &str) -> &str {
    let from = body.find("<Result>").map_or_else(|| body.find(':').map_or(0, |at| at + 1), |at| at + 8);
    body[from..].split(['<', '}']).next().unwrap_or_default()
}

#[tokio::test]
async fn every_function_has_its_formats_its_root_and_its_results() {
    let xml = "text/xml; charset=UTF-8";
    let json = "application/json; charset=UTF-8";
    for (function, root, done, failed) in FUNCTIONS {
        for (extension, bare) in [(".php", false), (".json", false), ("", true)] {
            let rig = Rig::office().await;
            rig.dials("SDC30015", "102", 1, None);
            let done = done.replace("CHANNEL", "SIP/SDC30015-00000001");
            let (kind, body) = get(&rig, &format!("/xml/{function}{extension}?{done}")).await;
            let plain = bare && function.ends_with("Var");
            match extension {
                ".json" => assert_eq!(kind, json, "{function}"),
                _ if plain => assert_eq!(kind, "text/plain; charset=UTF-8", "{function}: a bare value"),
                _ => {
                    assert_eq!(kind, xml, "{function}");
                    assert!(body.starts_with(&format!("<{root}>")) && body.ends_with(&format!("</{root}>")), "{body}");
                }
            }
            let Some(failed) = failed else { continue };
            let (_, refused) = get(&rig, &format!("/xml/{function}{extension}?{failed}")).await;
            match plain {
                true => assert_eq!((body.as_str(), refused.as_str()), ("0", "1"), "{function}"),
                false => assert_eq!((code(&body), code(&refused)), ("0", "1"), "{function}{extension}"),
            }
        }
    }
    conformance::proves_partly("FUS-FMT-02", "the functions that are missing");
    conformance::proves_partly("FUS-FMT-05", "the functions that are missing, and codes other than 0 and 1");
}

#[tokio::test]
async fn every_error_has_its_shape() {
    let rig = Rig::office().await;
    let history = "dbGetCallHistory.json?ext=104&limit=1&start_date=2024-01-01";
    let history_xml = "dbGetCallHistory.php?ext=104&limit=1&start_date=2024-01-01";
    let failed = "<ccOriginateResult>\n   <Result>1</Result>\n</ccOriginateResult>";
    let missing = "Missing or invalid parameter: limit";
    for (target, status, body) in [
        ("ccOriginate.php?phone_id=SDC30015", 200, failed),
        ("ccOriginate.json?phone_id=SDC30015&to=abc", 200, "{\"Result\":1}"),
        ("ccHangup.json", 200, "{\"Result\":1}"),
        ("dbGetCallHistory.php?ext=104", 200, &format!("<CallHistory>\n   <Error>{missing}</Error>\n</CallHistory>")),
        ("dbGetCallHistory.json?ext=104&limit=x", 200, &format!("{{\"Error\":\"{missing}\"}}")),
        ("dbGetParkedChannels.json", 404, "{\"Error\":\"JSON is not supported by dbGetParkedChannels\"}"),
        ("DBAUTHENTICATE.JSON?ext=104", 404, "{\"Error\":\"JSON is not supported by dbAuthenticate\"}"),
        ("nothing.php", 404, "<Error>Unknown function</Error>"),
        ("nothing", 404, "<Error>Unknown function</Error>"),
        ("nothing.json", 404, "{\"Error\":\"Unknown function\"}"),
        ("ccPing.asp", 404, "<Error>Unknown function</Error>"),
    ] {
        assert_eq!(rig.get(&format!("/xml/{target}")).await, (status, body.to_owned()), "{target}");
    }
    for method in ["DELETE", "PUT", "OPTIONS"] {
        let mut client = Client::connect(rig.http).await;
        client.send(format!("{method} /xml/ccPing.php HTTP/1.1\r\n\r\n").as_bytes()).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.body.as_str()), (405, ""), "{method}");
    }
    // The store fails: what has no result code says so with the status, and the next question is asked again.
    rig.store_is(StoreIs::Broken);
    let inside = "<CallHistory>\n   <Error>Internal failure</Error>\n</CallHistory>";
    assert_eq!(rig.get(&format!("/xml/{history_xml}")).await, (500, inside.to_owned()));
    assert_eq!(rig.get(&format!("/xml/{history}")).await, (500, "{\"Error\":\"Internal failure\"}".to_owned()));
    rig.store_is(StoreIs::Ready);
    assert_eq!(rig.get(&format!("/xml/{history}")).await.0, 200);
    // The core is gone.
    rig.core_goes();
    let originate = "/xml/ccOriginate.php?phone_id=SDC30015&to=102";
    assert_eq!(rig.get(originate).await, (200, failed.to_owned()));
    assert_eq!(rig.get(&format!("/xml/{history}")).await, (500, "{\"Error\":\"Internal failure\"}".to_owned()));
    let elsewhere = vec!["192.0.2.0/24".parse().expect("a network")];
    let closed = super::super::FusionConfig { allowed_clients: elsewhere, ..super::super::FusionConfig::default() };
    let rig = Rig::start(closed).await;
    assert_eq!(rig.get("/xml/ccPing.php").await, (403, String::new()));
    conformance::proves("FUS-FMT-06");
}
