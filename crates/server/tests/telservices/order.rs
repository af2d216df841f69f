//! What comes first: requests of one device in the order in which they came (TEL-TRN-01), and of two errors the earlier one
//! (TEL-ERR-10).

use super::common::sipp::{Does, SipPhone};
use super::{
    Events, Office, STANDARD, ask, at_rest, closed_half, connect, device, error, make_call, moves_s, request, rest,
    wait_for,
};
use serde_json::json;
use std::io::{Read, Write};
use std::process::Command;

/// Stops the program where it is, or lets it go on.
fn signal(office: &Office, name: &str) {
    let done = Command::new("kill").args([name, &office.pid().to_string()]).status().expect("kill is there");
    assert!(done.success());
}

#[test]
fn wire_one_connection_is_one_exchange_and_a_device_does_what_came_first() {
    let office = at_rest();
    for number in ["1001", "1003", "1005", "1007"] {
        assert_eq!(ask(&office, "openSession", &device(number)), STANDARD);
    }
    // Many requests are there when the program comes to read: four devices, each makes a call and drops it, four times.
    let numbers = [("1001", "1002"), ("1003", "1004"), ("1005", "1006"), ("1007", "1008")];
    let asked = |(from, to): (&str, &str), drops: bool| match drops {
        true => request("dropCall", &device(from)),
        false => request("makeCall", &format!("{}<calledDeviceNumber>{to}</calledDeviceNumber>", device(from))),
    };
    let mut waiting = Vec::new();
    for round in 0..8 {
        for pair in numbers {
            waiting.push((connect(&office, "telservices_tcp"), asked(pair, round % 2 == 1)));
        }
    }
    // All of them have been taken in when a later one has been answered.
    assert_eq!(ask(&office, "snapshot", &device("1009")), error("noOpenSession"));
    // They were opened in another order than they are used in.
    waiting.rotate_left(8);
    waiting[..24].rotate_right(16);
    signal(&office, "-STOP");
    for (socket, request) in &mut waiting {
        socket.write_all(request.as_bytes()).expect("taken");
    }
    signal(&office, "-CONT");
    let mut orders = waiting.iter().map(|(_, request)| request.contains("dropCall")).collect::<Vec<_>>();
    orders.dedup();
    assert_eq!(orders, [false, true, false, true, false, true, false, true], "calls and drops take turns");
    for (socket, request) in &mut waiting {
        assert_eq!(rest(socket), STANDARD, "{request}");
    }
    office.wait_idle();
    // What waits for a phone or an event keeps nobody waiting.
    let set = office.console("PATCH", "/test/phones/1002", Some(json!({"ring": "never"})));
    assert_eq!(set.status, 200, "{}", set.text);
    assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
    let mut poll = connect(&office, "telservices_tcp");
    let since = "<resultOnEvent><timeout>60</timeout><snapshotSeq>999999</snapshotSeq></resultOnEvent>";
    poll.write_all(request("snapshot", &format!("{}{since}", device("1001"))).as_bytes()).expect("taken");
    assert_eq!(ask(&office, "openSession", &device("1002")), STANDARD);
    let mut slow = connect(&office, "telservices_tcp");
    slow.write_all(request("answerCall", &device("1002")).as_bytes()).expect("taken");
    closed_half(&slow);
    assert_eq!(ask(&office, "dropCall", &device("1002")), error("noCall"), "one that rings is not dropped");
    assert_eq!(ask(&office, "dropCall", &device("1001")), STANDARD);
    office.wait_idle();
    // One return for each request, and only the first on a connection.
    let mut socket = connect(&office, "telservices_tcp");
    let twice = [request("snapshot", &device("1009")), request("openSession", &device("1009"))].concat();
    socket.write_all(twice.as_bytes()).expect("taken");
    assert_eq!(rest(&mut socket), error("noOpenSession"));
    assert_eq!(ask(&office, "snapshot", &device("1009")), error("noOpenSession"), "the second was not looked at");
    // Nothing said, and half a request: `wire_slow_silent_and_cut_clients_are_let_go`.
    let mut half = connect(&office, "telservices_tcp");
    half.write_all(&request("snapshot", &device("1009")).as_bytes()[..20]).expect("taken");
    assert_eq!(ask(&office, "snapshot", &device("1009")), error("noOpenSession"), "what came before has been read");
    moves_s(&office, 11);
    assert_eq!(rest(&mut half), error("reject"));
    conformance::proves("TEL-TRN-01");
}

#[test]
fn wire_of_two_errors_the_earlier_one_is_told() {
    let phone =
        |number: &str| format!("[[station]]\nnumber = \"{number}\"\npassword = \"phone-{number}\"\nlines = 1\n");
    let simulated = |number: &str| format!("[[station]]\nnumber = \"{number}\"\nkind = \"simulated\"\n");
    let office = Office::configured(&format!(
        "[telservices]\nsessions_max = 2\nauthenticate = true\nhistory_of_all = false\nconnections_per_address = 8\n\
         [console]\ntest_control = true\n{}{}{}{}{}\
         [[account]]\ndoor = \"telservices\"\nuser = \"setup\"\npassword = \"once for all\"\n",
        phone("1101"),
        phone("1102"),
        simulated("1001"),
        simulated("1002"),
        simulated("1003"),
    ));
    let credentials = |password: &str| format!("<userID>setup</userID><userPassword>{password}</userPassword>");
    let open = |number: &str, password: &str| {
        ask(&office, "openSession", &format!("{}{}", device(number), credentials(password)))
    };
    let phones = ["1101", "1102"]
        .map(|number| SipPhone::at(&office.address("sip_udp").to_string(), number, &format!("phone-{number}")));
    phones.iter().for_each(|phone| phone.register(200));
    assert_eq!(open("1001", "once for all"), STANDARD);
    // Syntax before everything; then the session, credentials before the licence of one more.
    let port = "<eventUDPPort>0</eventUDPPort>";
    assert_eq!(ask(&office, "openSession", &format!("{}{port}", device("1002"))), error("reject"));
    assert_eq!(ask(&office, "closeSession", &format!("{}<clientOnly>x</clientOnly>", device("1002"))), error("reject"));
    let events = Events::listen();
    assert_eq!(events.open(&office, "1102", &credentials("once for all")), STANDARD);
    assert_eq!(open("1003", "wrong"), error("invalidCredentials"));
    assert_eq!(open("1003", "once for all"), error("sessionLimitExceeded"));
    assert_eq!(ask(&office, "dropCall", &device("1003")), error("noOpenSession"), "before the call that is not there");
    // The call before the exchange: a phone that does not answer when it is told to is asked only for a call that is there.
    assert_eq!(ask(&office, "answerCall", &device("1102")), error("noCall"));
    // An overload, after what cannot be read and before what is not open, by TCP and HTTP.
    let mut held: Vec<_> = (0..8).map(|_| connect(&office, "telservices_tcp")).collect();
    let by_http = |request: &str| {
        let mut socket = connect(&office, "telservices_http");
        let head = format!("POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", request.len());
        socket.write_all([head.as_bytes(), request.as_bytes()].concat().as_slice()).expect("taken");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("UTF-8");
        answer
    };
    wait_for("the bound", || {
        // Those of before leave when they leave: whatever place they give free is taken at once.
        let mut full = || {
            held.push(connect(&office, "telservices_tcp"));
            ask(&office, "dropCall", &device("1003")) == error("resourceError")
        };
        (0..5).all(|_| full()).then_some(())
    });
    assert_eq!(ask(&office, "dropCall", ""), error("reject"));
    assert!(by_http(&request("dropCall", &device("1003"))).ends_with(&error("resourceError")));
    assert!(by_http(&request("dropCall", "")).ends_with(&error("reject")));
    drop(held);
    wait_for("there is room", || (ask(&office, "dropCall", &device("1003")) == error("noOpenSession")).then_some(()));
    // The link, between the session and the call; the gateway's own policy needs no link.
    let playing = [phones[0].answer(Does::Answers(50)), phones[1].answer(Does::Answers(50))];
    assert_eq!(make_call(&office, "1101", "1102"), STANDARD);
    assert!(events.next().contains("<alerting/>"));
    assert!(events.next().contains("<connected/>"));
    playing.iter().for_each(super::common::sipp::Playing::stall);
    office.tell_to_stop();
    wait_for("the link is down", || (make_call(&office, "1002", "1003") == error("pbxlinkOutOfService")).then_some(()));
    let told = [
        ask(&office, "dropCall", ""),
        ask(&office, "dropCall", &device("1003")),
        ask(&office, "dropCall", &device("1001")),
        ask(&office, "holdCall", &device("1003")),
        ask(&office, "queryHistory", ""),
    ];
    let expected = ["reject", "noOpenSession", "pbxlinkOutOfService", "noOpenSession", "reject"].map(error);
    assert_eq!(told, expected);
    conformance::proves("TEL-ERR-10");
}
