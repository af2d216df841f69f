//! Paths, methods, bodies and what is no request.

use super::rig::{Rig, call};

const UNKNOWN: &str = "<code>199</code>\n      <message>Unknown Error</message>";

#[tokio::test]
async fn three_paths_take_a_post_and_nothing_else() {
    let rig = Rig::start().await;
    for path in ["/ipecs_svc", "/ipecs_svc/", "/", "/ipecs_svc?x=1"] {
        let answer = rig.post(path, "", &call("")).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("<code>104</code>"), "{path}: {answer}");
    }
    for path in ["/ipecs", "/ipecs_svc/x", "/IPECS_SVC"] {
        let answer = rig.post(path, "", &call("")).await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
    for method in ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"] {
        let request = format!("{method} /ipecs_svc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = rig.octets(request.as_bytes()).await.to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 405 ") && answer.contains("allow: post\r\n"), "{method}: {answer}");
    }
}

#[tokio::test]
async fn the_answer_is_a_file_of_xml() {
    let rig = Rig::start().await;
    let answer = rig.post("/ipecs_svc", "Content-Type: application/x-www-form-urlencoded\r\n", &call("102")).await;
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/xml; charset=utf-8\r\n"), "{head}");
    assert!(head.contains("content-disposition: attachment; filename=\"response.xml\"\r\n"), "{head}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    assert!(body.starts_with("<?xml version=\"1.0\"?>\n<ipecs_svc>\n"), "{body}");
    let part = "--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n";
    let multipart = format!("{part}first\r\n{part}{}\r\n--B--\r\n", call("102"));
    let answer = rig.post("/ipecs_svc", "Content-Type: multipart/form-data; boundary=B\r\n", &multipart).await;
    assert!(answer.contains("<code>110</code>"), "{answer}");
}

#[tokio::test]
async fn what_is_no_document_is_an_unknown_error() {
    let rig = Rig::start().await;
    let bomb = "<!DOCTYPE ipecs_svc [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>";
    for body in [
        "",
        "{}",
        "hello",
        "<",
        "<ipecs_svc>",
        "<ipecs_svc/>",
        "<ipecs_svc></ipecs>",
        &call("102").replace("ipecs_svc", "other"),
        &format!("{bomb}{}", call("&b;")),
        &call("&xxe;"),
        &format!("<?xml version='1.0' encoding='UTF-16'?>{}", call("102")),
        &"<a>".repeat(10_000),
        &call(&"9".repeat(2_000)),
        &format!("{}{}", call("102"), call("102")),
    ] {
        let answer = rig.post("/ipecs_svc", "Content-Type: text/xml\r\n", body).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(UNKNOWN), "{body:.100}: {answer}");
    }
    assert!(rig.rung().is_empty());
    assert_eq!(rig.codes(&call("102")).await, [100]);
}

#[tokio::test]
async fn a_body_that_is_too_long_is_answered_and_the_connection_closed() {
    let rig = Rig::start().await;
    let padded = |length: usize| {
        let text = call("102");
        let padding = " ".repeat(length - text.len());
        text + &padding
    };
    let answer = rig.post("/ipecs_svc", "", &padded(65_537)).await;
    assert!(answer.contains(UNKNOWN), "{answer}");
    let announced = "POST /ipecs_svc HTTP/1.1\r\nHost: pbx\r\nContent-Length: 67108864\r\n\r\n<ipecs_svc>";
    let answer = rig.octets(announced.as_bytes()).await;
    assert!(answer.contains(UNKNOWN) && answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
    assert_eq!(rig.codes(&padded(65_536)).await, [100]);
}
