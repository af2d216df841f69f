//! Sessions on a clock of the test's own: how they live, who gets in, what waits for whom, and how they end.

use super::*;
use switching::party::Digits;

const LIFE: u64 = 120_000;
const SERVER: Account = Account::Server(Privileges::ALL);

#[test]
fn a_session_slides_and_a_socket_keeps_it() {
    let sessions = Arc::new(Sessions::new(LIFE));
    let number = sessions.open("demo", SERVER, None, Time(0)).expect("the first");
    assert_eq!(sessions.open("demo", SERVER, None, Time(1)), Err(Refused::Already));
    let entered = sessions.enter("demo", number, Time(LIFE - 1)).expect("it lives");
    let (socket, _) = sessions.attach(&entered).expect("a socket");
    assert!(sessions.enter("demo", number, Time(10 * LIFE)).is_some(), "a socket is open");
    sessions.detach(&entered, socket, Time(10 * LIFE));
    assert!(sessions.enter("demo", number, Time(11 * LIFE)).is_none(), "it is over");
    assert!(sessions.open("demo", SERVER, None, Time(11 * LIFE)).is_ok(), "and free again");
}

#[test]
fn three_server_accounts_and_no_more() {
    let sessions = Sessions::new(LIFE);
    for user in ["a", "b", "c"] {
        sessions.open(user, SERVER, None, Time(0)).expect("room");
    }
    assert_eq!(sessions.open("d", SERVER, None, Time(0)), Err(Refused::Full));
    let station = Account::Station(Digits::parse("1101").expect("digits"));
    assert!(sessions.open("1101", station, None, Time(0)).is_ok(), "stations do not count");
}

#[test]
fn frames_wait_for_the_answer_and_are_numbered_without_a_socket_too() {
    let sessions = Arc::new(Sessions::new(LIFE));
    let number = sessions.open("demo", SERVER, None, Time(0)).expect("the first");
    let entered = sessions.enter("demo", number, Time(0)).expect("it lives");
    let device = DeviceId(1);
    sessions.watch(&entered, device, None);
    sessions.tell(&Told { device, frame: Frame::written(|_| {}, |_| {}) });
    let (socket, _) = sessions.attach(&entered).expect("a socket");
    let held = sessions.hold(&entered);
    sessions.tell(&Told { device, frame: Frame::written(|_| {}, |_| {}) });
    assert_eq!(sessions.next(&entered, socket, 9), Ok(Vec::new()));
    drop(held);
    let text = r#"{"event":"call","data":{"evtSerialNum":2}}"#.to_owned();
    assert_eq!(sessions.next(&entered, socket, 9), Ok(vec![text]));
    for _ in 0..=FRAMES_MAX {
        sessions.tell(&Told { device, frame: Frame::written(|_| {}, |_| {}) });
    }
    assert_eq!(sessions.next(&entered, socket, 9), Err(Close::Slow));
}

#[test]
fn how_a_login_ended_is_told_and_the_list_is_bounded() {
    let sessions = Sessions::new(LIFE);
    let address = Some(IpAddr::from([192, 0, 2, 7]));
    let number = |user: &str, at: u64| sessions.open(user, SERVER, address, Time(at)).expect("room");
    let (a, b, c) = (number("a", 0), number("b", 10), number("c", 20));
    let entered = sessions.enter("a", a, Time(30)).expect("it lives");
    let (socket, _) = sessions.attach(&entered).expect("a socket");
    assert!(sessions.force_out(a, Time(40)));
    assert!(!sessions.force_out(a, Time(41)), "it is over");
    assert_eq!(sessions.next(&entered, socket, 9), Err(Close::Forced));
    let entered = sessions.enter("b", b, Time(50)).expect("it lives");
    sessions.leave(&entered, Time(60));
    let list = sessions.logons(Time(2 * LIFE));
    let told: Vec<_> = list.iter().map(|logon| (logon.user.as_str(), logon.since.0, logon.ended)).collect();
    let (forced, left) = (Some((Time(40), Left::Forced)), Some((Time(60), Left::Logout)));
    assert_eq!(told, [("a", 0, forced), ("b", 10, left), ("c", 20, Some((Time(20 + LIFE), Left::Timeout)))]);
    assert!(list.iter().all(|logon| logon.address == address && logon.authority == "smdr acd cti"));
    assert!(sessions.enter("c", c, Time(2 * LIFE)).is_none());
    for n in 0..=ENDED_MAX as u64 {
        let number = sessions.open("d", SERVER, None, Time(n)).expect("room");
        assert!(sessions.force_out(number, Time(n)));
    }
    let list = sessions.logons(Time(3 * LIFE));
    assert_eq!((list.len(), list[0].user.as_str()), (ENDED_MAX, "d"));
}
