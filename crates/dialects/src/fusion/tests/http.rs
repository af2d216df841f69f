//! HTTP as the door takes it (FUS-FMT-01, FUS-FMT-18), and who may call (FUS-ADM-01).

use super::super::FusionConfig;
use super::super::wire::http::{Bad, BodyLength, Method, Progress, REQUEST_LINE_MAX, body, head};
use super::rig::{Client, Rig};

fn heads(text: &str) -> Result<Option<super::super::wire::http::Head>, Bad> {
    head(text.as_bytes()).map(|progress| match progress {
        Progress::More => None,
        Progress::Done(head, octets) => {
            assert_eq!(octets, text.len(), "all of it");
            Some(head)
        }
    })
}

#[test]
fn a_head_is_read_once_it_is_whole() {
    let text = "\r\nPOST /xml/db GetX.php?fn=Ann Lee HTTP/1.1\r\nHost: sop\r\nContent-Length: 3\r\n\
                Expect: 100-Continue\r\nConnection: keep-alive, Close\r\nContent-Type: text/plain\r\n\r\n";
    for end in 0..text.len() {
        assert_eq!(head(&text.as_bytes()[..end]), Ok(Progress::More), "{end}");
    }
    let it = heads(text).unwrap().unwrap();
    assert_eq!(it.method, Method::Post);
    assert_eq!(it.target, b"/xml/db GetX.php?fn=Ann Lee");
    assert_eq!(it.length, BodyLength::Octets(3));
    assert!(it.expects_continue && !it.keep_alive && !it.form);
    let old = |text: &str| heads(text).unwrap().unwrap().keep_alive;
    assert!(!old("GET / HTTP/1.0\r\n\r\n") && old("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    assert!(heads("GET /a HTTP/1.1\nHost: x\n\n").unwrap().is_some(), "bare line feeds");
}

#[test]
fn what_is_not_http_is_told_apart() {
    for (text, expected) in [
        ("\u{1}\u{2}\u{3}\r\n\r\n", Bad::Syntax),
        ("GET\r\n\r\n", Bad::Syntax),
        ("GET /xml/ccPing.php\r\n\r\n", Bad::Syntax),
        ("GET  HTTP/1.1\r\n\r\n", Bad::Syntax),
        ("GET /a\u{0}b HTTP/1.1\r\n\r\n", Bad::Syntax),
        ("G@T / HTTP/1.1\r\n\r\n", Bad::Syntax),
        ("GET / HTTP/2.0\r\n\r\n", Bad::Version),
        ("GET / HTTP/x.y\r\n\r\n", Bad::Syntax),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", Bad::Syntax),
        ("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", Bad::Syntax),
        ("GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", Bad::Syntax),
        ("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", Bad::Syntax),
        ("GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", Bad::Syntax),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", Bad::Coding),
        ("GET / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", Bad::Body),
        ("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", Bad::Body),
    ] {
        assert_eq!(heads(text), Err(expected), "{text:?}");
    }
    let line = |octets: usize| format!("GET /{} HTTP/1.1\r\n", "a".repeat(octets - "GET / HTTP/1.1".len()));
    assert_eq!(heads(&line(REQUEST_LINE_MAX)), Ok(None));
    assert_eq!(heads(&line(REQUEST_LINE_MAX + 1)), Err(Bad::RequestLine));
    assert_eq!(heads(&"a".repeat(REQUEST_LINE_MAX + 2)), Err(Bad::RequestLine), "no end in sight");
    let many = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(count));
    assert!(heads(&many(64)).unwrap().is_some());
    assert_eq!(heads(&many(65)), Err(Bad::Headers));
    assert_eq!(heads(&format!("GET / HTTP/1.1\r\nA: {}", "b".repeat(17_000))), Err(Bad::Headers));
}

#[test]
fn chunks_are_put_together() {
    let text = b"3;x=y\r\next\r\n5\r\n=1&fn\r\n0\r\nTrailer: x\r\n\r\n";
    for end in 0..text.len() {
        assert_eq!(body(&text[..end], BodyLength::Chunked), Ok(Progress::More), "{end}");
    }
    assert_eq!(body(text, BodyLength::Chunked), Ok(Progress::Done(b"ext=1&fn".to_vec(), text.len())));
    assert_eq!(body(b"zz\r\n", BodyLength::Chunked), Err(Bad::Syntax));
    assert_eq!(body(b"1\r\nab\r\n", BodyLength::Chunked), Err(Bad::Syntax));
    assert_eq!(body(b"10001\r\n", BodyLength::Chunked), Err(Bad::Body));
    assert!(body(b"ffffffffffffffff\r\n", BodyLength::Chunked).is_err());
}

#[tokio::test]
async fn a_connection_takes_one_request_after_the_other() {
    let rig = Rig::office().await;
    let mut client = Client::connect(rig.http).await;
    let get = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: sop\r\n\r\n");
    client.send(format!("{}{}", get("/xml/ccPing.php"), get("/xml/ccPing.json")).as_bytes()).await;
    let xml = client.answer().await;
    assert_eq!((xml.status, xml.body.as_str()), (200, "<ccPingResult>\n<Result>0</Result>\n</ccPingResult>"));
    for line in ["Content-Type: text/xml; charset=UTF-8", "Cache-Control: no-store", "Content-Length: 49"] {
        assert!(xml.head.contains(&format!("{line}\r\n")), "{line} in {}", xml.head);
    }
    for absent in ["Location", "Set-Cookie", "Access-Control", "Connection"] {
        assert!(!xml.head.contains(absent), "{absent} in {}", xml.head);
    }
    let json = client.answer().await;
    assert_eq!(json.body, "{\"Result\":0}");
    assert!(json.head.contains("Content-Type: application/json; charset=UTF-8\r\n"));
    client.send(b"HEAD /xml/ccGetChannels HTTP/1.1\r\nHost: sop\r\n\r\n").await;
    let head = client.head().await;
    assert!(head.status == 200 && head.head.contains("Content-Length: 21\r\n"), "{head:?}");
    client.send(b"HEAD /xml/ccHangup.php?channel_id=x HTTP/1.1\r\n\r\n").await;
    assert_eq!(client.head().await.status, 405, "HEAD does not act");
    client.send(b"DELETE /xml/ccPing.php HTTP/1.1\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 405);
    client.send(b"GET /xml/ccPing.php HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
    assert!(client.answer().await.head.contains("Connection: keep-alive\r\n"));
    client.send(b"GET /xml/ccPing.php HTTP/1.0\r\n\r\n").await;
    assert_eq!(client.answer().await.status, 200);
    assert!(client.closed().await);
    let config = FusionConfig { allow_origin: Some("https://crm.example".to_owned()), ..FusionConfig::default() };
    let rig = Rig::start(config).await;
    let mut client = Client::connect(rig.http).await;
    client.send(get("/xml/ccPing.php").as_bytes()).await;
    assert!(client.answer().await.head.contains("Access-Control-Allow-Origin: https://crm.example\r\n"));
    conformance::proves_partly("FUS-FMT-18", "TLS on a second port");
    conformance::proves_partly("FUS-FMT-04", "the functions that are missing");
}

#[tokio::test]
async fn requests_are_taken_as_clients_write_them() {
    let rig = Rig::office().await;
    let ann = "<ln>Lee</ln>";
    for target in [
        "/xml/dbGetDirectoryInfo.php?ext=104",
        "/xml/DBGETDIRECTORYINFO.php&EXT=104",
        "/xml/dbGetDirectoryInfo.php?fn=Ann&ln= Lee ",
        "/xml/dbGetDirectoryInfo?ext=104=&nonsense=1&",
        "/xml/dbGetDirectoryInfo.php?ext=104\"&ext=104\"",
        "/xml/dbGetDirectoryInfo.php?ext=10%&wildcards=strict&fn=A%",
        "http://sop/xml/dbGetDirectoryInfo.php?ext=104",
    ] {
        let body = rig.body(target).await;
        assert!(body.contains(ann) && body.matches("<DirectoryEntry>").count() == 1, "{target}: {body}");
    }
    let mut client = Client::connect(rig.http).await;
    let chunked =
        "POST /xml/dbGetDirectoryInfo.php HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7\r\next=104\r\n0\r\n\r\n";
    client.send(chunked.as_bytes()).await;
    assert!(client.answer().await.body.contains(ann));
    client
        .send(b"POST /xml/dbGetDirectoryInfo.php?ext=102 HTTP/1.1\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n")
        .await;
    assert_eq!(client.octets(25).await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(b"ext=104").await;
    assert!(client.answer().await.body.contains(ann));
    client.send(b"POST /xml/dbGetDirectoryInfo.php?ext=104 HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\next=102").await;
    assert!(client.answer().await.body.contains(ann), "what is no form has no parameters");
    for (target, status, body) in [
        ("/xml/ccPark.php?channel_id=x", 404, "<Error>Unknown function</Error>"),
        ("/xml/ccPark.json", 404, "{\"Error\":\"Unknown function\"}"),
        ("/xml/ccPing.asp", 404, "<Error>Unknown function</Error>"),
        ("/xml/", 404, "<Error>Unknown function</Error>"),
        ("/favicon.ico", 404, "<Error>Unknown function</Error>"),
        ("/xml/ccHangup.php", 200, "<ccHangupResult>\n   <Result>1</Result>\n</ccHangupResult>"),
        ("/xml/ccHangup.json?channel_id=", 200, "{\"Result\":1}"),
        ("/xml/dbGetCallHistory.json?ext=104", 200, "{\"Error\":\"Missing or invalid parameter: limit\"}"),
    ] {
        assert_eq!(rig.get(target).await, (status, body.to_owned()), "{target}");
    }
    conformance::proves_partly("FUS-FMT-01", "`newpassword` and profile parameters, whose functions are missing");
    conformance::proves("FUS-LIM-13");
}

#[tokio::test]
async fn only_who_is_on_the_list_may_call() {
    let elsewhere = || vec!["192.0.2.0/24".parse().unwrap()];
    let rig = Rig::start(FusionConfig { allowed_clients: elsewhere(), ..FusionConfig::default() }).await;
    assert_eq!(rig.get("/xml/ccPing.php").await, (403, String::new()));
    assert_eq!(rig.get("/xml/nothing").await, (403, String::new()));
    assert!(Client::connect(rig.events).await.closed().await);
    let rig = Rig::start(FusionConfig { allowed_write_clients: Some(elsewhere()), ..FusionConfig::default() }).await;
    rig.furnish();
    assert_eq!(rig.get("/xml/ccGetChannels").await.0, 200);
    for target in ["/xml/ccOriginate.php?phone_id=SDC30015&to=102", "/xml/ccHangup.php", "/xml/ccSetVar"] {
        assert_eq!(rig.get(target).await, (403, String::new()), "{target}");
    }
    assert_eq!(rig.rung("SDC30015"), None);
    conformance::proves_partly("FUS-ADM-01", "each changing request is in the log with its client");
}
