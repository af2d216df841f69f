//! A link that is dead or out of service (TEL-ERR-01, TEL-ERR-03), and which error wins (TEL-ERR-10), for every service over TCP,
//! HTTP and by URL.

use super::super::{Door, Speaks, Stream, TelServicesConfig, serve};
use crate::common::ask::Ask;
use crate::common::clock::Clock;
use crate::common::exchange::{Down, Exchange};
use std::net::SocketAddr;
use switching::command::{Answer, Configure, Principal, Reply, Verb};
use switching::config::{Capabilities, Change, ClassOfService, DeviceConfig, DeviceKind, Names};
use switching::id::RequestId;
use switching::party::Digits;
use switching::time::Time;
use switching::{Input, Switch};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const STANDARD: &str = "<TelServiceReturn><result><standard/></result></TelServiceReturn>";
/// The link's time-out as the behaviour list has it (TEL-ADM-14), in milliseconds.
const LINK_MS: u64 = 10_000;

/// A door with two devices, and the end of the link at which a test sits.
struct Link {
    exchange: Exchange,
    queue: mpsc::Receiver<Down>,
    at: SocketAddr,
}

fn error(name: &str) -> String {
    format!("<TelServiceReturn><error><{name}/></error></TelServiceReturn>")
}

fn digits(text: &str) -> Digits {
    Digits::parse(text).expect("a number")
}

fn furnished() -> Switch {
    let mut switch = Switch::new();
    for (request, number) in [(1, "1001"), (2, "1002")] {
        let config = DeviceConfig {
            kind: DeviceKind::Simulated,
            names: Names { number: Some(digits(number)), sip: None, resource: None },
            lines_max: 2,
            can: Capabilities::default(),
            context: "internal".to_owned(),
            display_name: number.to_owned(),
            class: ClassOfService::default(),
        };
        let change = Change::PutDevice { id: None, config: Box::new(config) };
        let by = Principal { door: "test".to_owned(), account: String::new() };
        switch.handle(Time(1), Input::Configure(Box::new(Configure { request: RequestId(request), by, change })));
        while switch.poll().is_some() {}
    }
    switch
}

impl Link {
    async fn with(config: TelServicesConfig) -> Self {
        let clock = Clock::stopped(Time(1_700_000_000_000));
        let (exchange, queue) = Exchange::new(furnished().picture().clone(), "ep_1".to_owned(), clock);
        let stream = Stream::new(1, &config);
        let door = Door::new(exchange.clone(), config, stream, None);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("bound");
        tokio::spawn(serve(listener, door, Speaks::Both));
        Self { exchange, queue, at }
    }

    async fn up() -> Self {
        Self::with(TelServicesConfig::default()).await
    }

    /// Asks, and gives the whole answer when it comes.
    fn asks(&self, octets: String) -> JoinHandle<String> {
        let at = self.at;
        tokio::spawn(async move {
            let mut socket = TcpStream::connect(at).await.expect("it listens");
            socket.write_all(octets.as_bytes()).await.expect("taken");
            let mut text = String::new();
            socket.read_to_string(&mut text).await.expect("an answer");
            text
        })
    }

    /// The next order, which the exchange has taken.
    async fn taken(&mut self) -> Down {
        self.queue.recv().await.expect("the door is there")
    }

    fn passes_ms(&self, ms: u64) {
        let clock = self.exchange.clock();
        clock.advance_to(clock.now().after_ms(ms));
    }

    /// Opens sessions that watch, with an exchange that does what it is told.
    async fn opens(&mut self, numbers: &[&str]) {
        for number in numbers {
            let answer = self.asks(raw("openSession", &device(number)));
            let Down::Command(submit, back) = self.taken().await else { panic!("an order") };
            assert!(matches!(submit.verb, Verb::OpenSession { .. }), "{:?}", submit.verb);
            let seq = self.exchange.seq();
            let (request, outcome) = (RequestId(9), Ok(Answer::Done));
            let reply = Reply { request, before: seq, through: seq, replayed: false, outcome };
            back.send(reply).expect("the door waits");
            // What was opened is not in this picture, so the door asks for it once more, and is told so once more.
            let Down::Command(_, back) = self.taken().await else { panic!("an order") };
            let reply = Reply { request, before: seq, through: seq, replayed: false, outcome: Ok(Answer::Done) };
            back.send(reply).expect("the door waits");
            assert_eq!(answer.await.expect("no panic"), STANDARD);
        }
    }
}

fn device(number: &str) -> String {
    format!("<deviceNumber>{number}</deviceNumber>")
}

fn raw(service: &str, elements: &str) -> String {
    format!("<TelServiceRequest><{service}>{elements}</{service}></TelServiceRequest>")
}

fn posted(service: &str, elements: &str) -> String {
    let body = raw(service, elements);
    format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

const BY_URL: &str = "GET /makeCall?deviceNumber=1001&calledDeviceNumber=1002 HTTP/1.1\r\n\r\n";

/// Every request of the slice that the exchange has to carry out, over TCP, HTTP and by URL. 1001 is watched, 1002 is open and
/// not watched yet, 1003 is nobody.
fn needing_the_link() -> Vec<String> {
    let called = |from: &str| format!("{}<calledDeviceNumber>1002</calledDeviceNumber>", device(from));
    let services = [
        ("openSession", device("1002")),
        ("makeCall", called("1001")),
        ("makeCall", called("1003")),
        ("answerCall", device("1001")),
        ("answerCall", format!("{}<callingNumber>5</callingNumber>", device("1001"))),
        ("dropCall", device("1001")),
        ("dropCall", format!("{}<otherNumber>*****-7</otherNumber>", device("1001"))),
        ("snapshot", device("1003")),
    ];
    let both = services.iter().flat_map(|(service, elements)| [raw(service, elements), posted(service, elements)]);
    both.chain([BY_URL.to_owned()]).collect()
}

/// A session on a number that is nobody's, of which nothing is watched yet.
async fn opens_unwatched(link: &Link) {
    let off = format!("{}<startPbxMonitor><false/></startPbxMonitor>", device("1003"));
    assert_eq!(link.asks(raw("openSession", &off)).await.expect("no panic"), STANDARD);
}

#[tokio::test]
async fn a_link_that_says_nothing_is_told_after_its_time() {
    assert_eq!(TelServicesConfig::default().link_timeout_ms, LINK_MS);
    for request in needing_the_link() {
        let mut link = Link::up().await;
        link.opens(&["1001"]).await;
        opens_unwatched(&link).await;
        let answer = link.asks(request.clone());
        // The order is on its way and stays without an answer.
        let order = link.taken().await;
        link.passes_ms(LINK_MS - 1);
        assert!(!answer.is_finished(), "{request}: not before its time");
        link.passes_ms(1);
        let answer = answer.await.expect("no panic");
        assert!(answer.ends_with(&error("pbxTimeout")), "{request}: {answer}");
        drop(order);
    }
    conformance::proves("TEL-ADM-14");
}

#[tokio::test]
async fn a_link_that_is_down_is_told_at_once_and_what_needs_none_goes_on() {
    let mut link = Link::up().await;
    link.opens(&["1001"]).await;
    link.queue.close();
    for request in needing_the_link() {
        opens_unwatched(&link).await;
        let answer = link.asks(request.clone()).await.expect("no panic");
        assert!(answer.ends_with(&error("pbxlinkOutOfService")), "{request}: {answer}");
    }
    // What is answered from the state of the session goes on, and so do sessions.
    let snapshot = link.asks(raw("snapshot", &device("1001"))).await.expect("no panic");
    assert!(snapshot.contains("<snapshot><calls/>"), "{snapshot}");
    let joined = link.asks(raw("openSession", &device("1001"))).await.expect("no panic");
    assert_eq!(joined, STANDARD, "a session that is watched takes another client");
    assert_eq!(link.asks(raw("closeSession", &device("1001"))).await.expect("no panic"), STANDARD);
    conformance::proves("TEL-ERR-01");
}

#[tokio::test]
async fn one_error_wins_and_it_is_the_first_of_the_list() {
    let config = TelServicesConfig { sessions_max: 1, authenticate: true, ..TelServicesConfig::default() };
    let mut link = Link::with(config).await;
    let ask = async |link: &Link, request: &str| link.asks(request.to_owned()).await.expect("no panic");
    // Each request cures the fault of the one before; the link is down from the start.
    let with = |more: &str| raw("openSession", &format!("{}{more}", device("1001")));
    let queue = std::mem::replace(&mut link.queue, mpsc::channel(1).1);
    let directory = tokio::spawn(plays_the_directory(queue));
    let good = "<userID>setup</userID><userPassword>right</userPassword>";
    for (request, wins) in [
        (with("<eventUDPPort>0</eventUDPPort><userID>setup</userID>"), "reject"),
        (with("<userID>setup</userID><userPassword>wrong</userPassword>"), "invalidCredentials"),
        (with(good), "pbxlinkOutOfService"),
        (raw("answerCall", ""), "reject"),
        (raw("answerCall", &device("1001")), "noOpenSession"),
        (raw("makeCall", &device("1001")), "reject"),
    ] {
        assert_eq!(ask(&link, &request).await, error(wins), "{request}");
    }
    // One session is open: credentials come before the licence.
    let off = |number: &str, more: &str| {
        raw("openSession", &format!("{}<startPbxMonitor>false</startPbxMonitor>{more}", device(number)))
    };
    assert_eq!(ask(&link, &off("1001", good)).await, STANDARD);
    assert_eq!(ask(&link, &off("1002", "")).await, error("invalidCredentials"));
    assert_eq!(ask(&link, &off("1002", good)).await, error("sessionLimitExceeded"));
    // The session is there; the link comes before the call.
    assert_eq!(ask(&link, &raw("dropCall", &device("1001"))).await, error("pbxlinkOutOfService"));
    directory.abort();
}

/// An exchange of which only the directory works: one user, nobody authorised, every order refused as out of service.
async fn plays_the_directory(mut queue: mpsc::Receiver<Down>) {
    use crate::common::ask::Identity;
    use switching::refusal::Refusal;
    let settings = [("role".to_owned(), "operator".to_owned())].into();
    let identity = Identity { account: "setup".to_owned(), scopes: Vec::new(), settings };
    while let Some(down) = queue.recv().await {
        match down {
            Down::Ask(Ask::Kept { back, .. }) => drop(back.send(Ok(Vec::new()))),
            Down::Ask(Ask::Keep { back, .. }) => drop(back.send(Ok(true))),
            Down::Ask(Ask::Login { password, back, .. }) => {
                drop(back.send((password == "right").then(|| identity.clone())));
            }
            Down::Command(_, back) => {
                let (request, outcome) = (RequestId(9), Err(Refusal::OutOfService));
                drop(back.send(Reply { request, before: 0, through: 0, replayed: false, outcome }));
            }
            Down::Ask(_) | Down::Configure(..) | Down::Key(..) | Down::Seq(_) => panic!("not asked by this door"),
        }
    }
}
