//! The event sockets (FUS-EVT-01, 04, 05, FUS-LIM-03, FUS-LIM-08, FUS-CC-08).

use super::super::event::PONG;
use super::super::session::{BLOCKED_MS_MAX, Closed, SOCKETS_MAX, UNSENT_MAX, feed};
use super::rig::{Client, Rig, soon};
use crate::common::pace;
use tokio::io::AsyncWriteExt;

const PONG_TEXT: &str = "<evPong>\n</evPong>\n";

/// A socket that has had its first pong: who connects and then pings gets it.
async fn connected(rig: &Rig) -> Client {
    let mut socket = Client::connect(rig.events).await;
    rig.body("/xml/ccPing").await;
    assert_eq!(socket.octets(PONG_TEXT.len()).await, PONG_TEXT);
    socket
}

/// Whether the kernel runs a keep-alive timer (02) on an established connection (01) of this local port.
fn has_keep_alive(port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").expect("Linux");
    table.lines().skip(1).any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[1].ends_with(&format!(":{port:04X}")) && fields[3] == "01" && fields[5].starts_with("02:")
    })
}

#[tokio::test]
async fn who_connects_and_then_pings_gets_the_pong() {
    let rig = Rig::office().await;
    rig.body("/xml/ccPing").await;
    for _ in 0..300 {
        connected(&rig).await;
    }
}

#[tokio::test]
async fn every_socket_gets_a_pong_for_each_ping_from_when_it_connected() {
    let rig = Rig::office().await;
    assert_eq!(rig.get("/xml/ccPing.php").await.0, 200, "without any socket too");
    let mut first = connected(&rig).await;
    first.send(b"anything at all\r\n").await;
    for _ in 0..3 {
        rig.body("/xml/ccPing").await;
    }
    assert_eq!(first.octets(3 * PONG_TEXT.len()).await, PONG_TEXT.repeat(3));
    // Not before the client's system has acknowledged what was sent: until then another timer runs.
    soon(async {
        while !has_keep_alive(rig.events.port()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut second = connected(&rig).await;
    assert_eq!(first.octets(PONG_TEXT.len()).await, PONG_TEXT);
    rig.dials("SDC30015", "102", 1, None);
    let frame = "<evNewOrigChannel>\n<Channel>SIP/SDC30015-00000001</Channel>\n<CallerId>104</CallerId>\n<Extension>102</Extension>\n</evNewOrigChannel>\n";
    for socket in [&mut first, &mut second] {
        assert_eq!(socket.octets(frame.len()).await, frame, "nothing before it, nothing replayed");
    }
    first.socket.shutdown().await.unwrap();
    assert!(first.closed().await, "half closed is closed");
    rig.body("/xml/ccPing").await;
    assert_eq!(second.octets(PONG_TEXT.len()).await, PONG_TEXT);
    conformance::proves("FUS-EVT-01");
    conformance::proves("FUS-EVT-04");
    conformance::proves("FUS-CC-08");
}

#[tokio::test]
async fn a_hundred_sockets_and_no_more_and_none_that_is_blocked_for_long() {
    let rig = Rig::office().await;
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS_MAX {
        sockets.push(Client::connect(rig.events).await);
    }
    let mut last = Client::connect(rig.events).await;
    assert!(last.closed().await);
    rig.body("/xml/ccPing").await;
    for socket in &mut sockets {
        assert_eq!(socket.octets(PONG_TEXT.len()).await, PONG_TEXT);
    }
    sockets.pop();
    let mut again = soon(async {
        loop {
            let mut socket = Client::connect(rig.events).await;
            rig.body("/xml/ccPing").await;
            let mut octets = [0; 19];
            if tokio::io::AsyncReadExt::read_exact(&mut socket.socket, &mut octets).await.is_ok() {
                return socket;
            }
        }
    })
    .await;
    rig.body("/xml/ccPing").await;
    assert_eq!(again.octets(PONG_TEXT.len()).await, PONG_TEXT);
    a_blocked_socket_has_ten_seconds_or_a_mebibyte().await;
    conformance::proves("FUS-LIM-08");
}

#[tokio::test]
async fn a_socket_that_does_not_read_is_closed_and_nobody_waits_for_it() {
    let rig = Rig::office().await;
    let mut slow = connected(&rig).await;
    let mut good = connected(&rig).await;
    slow.octets(PONG_TEXT.len()).await;
    // More than what the operating system may buffer on both sides, and the bound on top, is bound to hit it.
    let mut sent: u64 = 0;
    let total = UNSENT_MAX + 16 * 1_048_576;
    while sent < total {
        for _ in 0..20_000 {
            rig.stream.pong();
            sent += PONG.len() as u64;
        }
        good.octets(20_000 * PONG.len()).await;
    }
    // It has been cut off with frames unsent: fewer came than were made.
    let mut read: u64 = 0;
    let mut octets = vec![0; 65_536];
    soon(async {
        while let Ok(count @ 1..) = tokio::io::AsyncReadExt::read(&mut slow.socket, &mut octets).await {
            read += count as u64;
        }
    })
    .await;
    assert!(read < total, "{read} of {total} came");
    rig.body("/xml/ccPing").await;
    assert_eq!(good.octets(PONG.len()).await, PONG_TEXT);
    conformance::proves_partly("FUS-LIM-03", "under load");
}

/// What becomes of a socket that takes so many pongs and then no more, after some time.
async fn fed(pongs: u64, after_ms: u64) -> Option<Closed> {
    let rig = Rig::start(super::super::FusionConfig::default()).await;
    let clock = rig.exchange.clock().clone();
    rig.body("/xml/ccPing").await;
    let _kept = rig.stream.reader();
    let (position, sent) = rig.stream.head();
    let (ours, _theirs) = tokio::io::duplex(PONG.len());
    let mut feeding = std::pin::pin!(feed(ours, &rig.stream, &clock, position, sent));
    rig.stream.pong();
    assert!(poll_once(&mut feeding).await.is_none(), "the first one is taken");
    // Streams rest until the same instants, so this one has rested then too.
    pace::rest().await;
    for _ in 0..pongs {
        rig.stream.pong();
    }
    assert!(after_ms == 0 || poll_once(&mut feeding).await.is_none(), "blocked");
    rig.passes_ms(after_ms);
    poll_once(&mut feeding).await
}

/// The outcome, if it is there without anything happening any more.
async fn poll_once(feeding: &mut (impl Future<Output = Closed> + Unpin)) -> Option<Closed> {
    for _ in 0..10 {
        let polled =
            std::future::poll_fn(|context| std::task::Poll::Ready(std::pin::Pin::new(&mut *feeding).poll(context)));
        if let std::task::Poll::Ready(why) = polled.await {
            return Some(why);
        }
        tokio::task::yield_now().await;
    }
    None
}

/// The other half of the row: what a blocked socket may do.
async fn a_blocked_socket_has_ten_seconds_or_a_mebibyte() {
    assert_eq!(fed(1, BLOCKED_MS_MAX - 1).await, None);
    assert_eq!(fed(1, BLOCKED_MS_MAX).await, Some(Closed::TooSlow));
    let fits = UNSENT_MAX / PONG.len() as u64;
    assert_eq!(fed(fits, 0).await, None);
    assert_eq!(fed(fits + 1, 0).await, Some(Closed::TooSlow));
}
