//! What one client may ask for: sizes, how many at a time, how long in silence (FUS-LIM-09).

use super::super::front::IDLE_MS;
use super::super::request::PARALLEL_MAX;
use super::super::wire::http::{BODY_MAX, REQUEST_LINE_MAX};
use super::super::wire::query::PARAMETERS_MAX;
use super::rig::{Client, Rig, StoreIs, soon};

#[tokio::test]
async fn one_client_takes_no_more_than_its_share() {
    what_is_too_much_is_refused_and_the_next_call_works().await;
    a_silent_connection_is_closed().await;
    requests_at_a_time_are_bounded().await;
    conformance::proves("FUS-LIM-09");
}

async fn what_is_too_much_is_refused_and_the_next_call_works() {
    let rig = Rig::office().await;
    let frame = "GET /xml/ccPing.php?a= HTTP/1.1".len();
    let line = |octets: usize| format!("GET /xml/ccPing.php?a={} HTTP/1.1\r\n\r\n", "b".repeat(octets - frame));
    let post = |octets: usize| {
        format!("POST /xml/ccPing.php HTTP/1.1\r\nContent-Length: {octets}\r\n\r\n{}", "a".repeat(octets))
    };
    let many = |count: usize| format!("GET /xml/ccPing.php?{} HTTP/1.1\r\n\r\n", "a=1&".repeat(count));
    for (request, status) in [
        (line(REQUEST_LINE_MAX + 1), 414),
        (post(BODY_MAX + 1), 413),
        (many(PARAMETERS_MAX + 1), 413),
        ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n".to_owned(), 400),
        ("GET /xml/ccPing.php HTTP/3.0\r\n\r\n".to_owned(), 505),
    ] {
        let mut client = Client::connect(rig.http).await;
        client.send(request.as_bytes()).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, status);
        assert!(answer.head.contains("Content-Length: 0\r\n"));
        assert_eq!(rig.get("/xml/ccPing.php").await.0, 200, "after {status}");
    }
    for most in [line(REQUEST_LINE_MAX), post(BODY_MAX), many(PARAMETERS_MAX)] {
        let mut client = Client::connect(rig.http).await;
        client.send(most.as_bytes()).await;
        assert_eq!(client.answer().await.status, 200, "as much as is allowed");
    }
    assert_eq!((REQUEST_LINE_MAX, BODY_MAX, PARAMETERS_MAX), (8_192, 65_536, 200));
}

async fn a_silent_connection_is_closed() {
    let rig = Rig::office().await;
    let mut silent = Client::connect(rig.http).await;
    let mut within = Client::connect(rig.http).await;
    within.send(b"GET /xml/ccPi").await;
    let mut after = Client::connect(rig.http).await;
    after.send(b"GET /xml/ccPing.php HTTP/1.1\r\n\r\n").await;
    assert_eq!(after.answer().await.status, 200);
    let mut cut = Client::connect(rig.http).await;
    cut.send(b"POST /xml/ccPing.php HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc").await;
    drop(cut);
    // All have been taken in once a later one has been answered.
    assert_eq!(rig.get("/xml/ccPing.php").await.0, 200);
    assert_eq!(IDLE_MS, 60_000);
    rig.passes_ms(IDLE_MS - 1);
    assert_eq!(rig.get("/xml/ccPing.php").await.0, 200);
    let mut octet = [0; 1];
    assert!(silent.socket.try_read(&mut octet).is_err(), "not closed yet");
    rig.passes_ms(1);
    assert!(soon(silent.closed()).await && soon(within.closed()).await && soon(after.closed()).await);
    assert_eq!(rig.get("/xml/ccPing.php").await.0, 200);
}

async fn requests_at_a_time_are_bounded() {
    let rig = Rig::office().await;
    let ask = async |target: &str| {
        let mut client = Client::connect(rig.http).await;
        client.send(format!("GET {target} HTTP/1.1\r\nHost: sop\r\n\r\n").as_bytes()).await;
        client
    };
    // Calls that wait for a person to answer take no place.
    let mut waiting = ask("/xml/ccOriginate.json?phone_id=SDO30001&to=102").await;
    let _also = ask("/xml/ccOriginate.json?phone_id=SDC30015&to=102").await;
    rig.wait_rung("SDO30001").await;
    rig.wait_rung("SDC30015").await;
    rig.store_is(StoreIs::Slow);
    let mut working = Vec::new();
    for _ in 0..PARALLEL_MAX {
        working.push(ask("/xml/dbGetCallHistory.json?ext=104&limit=1&start_date=2024-01-01").await);
    }
    soon(async {
        while rig.asked() < PARALLEL_MAX {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(PARALLEL_MAX, 64);
    for _ in 0..3 {
        assert_eq!(rig.get("/xml/ccPing.php").await, (503, String::new()), "one more");
    }
    // A person who answers is not hindered.
    rig.answers("SDO30001");
    assert_eq!(waiting.answer().await.body, "{\"Result\":0}");
    rig.store_is(StoreIs::Ready);
    for client in &mut working {
        assert_eq!(client.answer().await.body, "{\"CallHistory\":[]}", "each of them is answered");
    }
    assert_eq!(rig.get("/xml/ccPing.php").await.0, 200, "and there is room again");
}
