//! Snapshots and long polls: until a change, for their time, or to the end of the session (TEL-TRN-09, TEL-REQ-26).

use super::{
    Events, LINE, Line, Office, SOON, STANDARD, ask, at_rest, closed_half, connect, device, empty_snapshot, error,
    make_call, moves_s, name, request, rest, wait_for, wait_within,
};
use std::io::Write;
use std::net::TcpStream;

const NO_SESSION: &str = "noOpenSession";

fn poll(number: &str, timeout_s: i64, seq: Option<u64>) -> String {
    let seq = seq.map(|seq| format!("<snapshotSeq>{seq}</snapshotSeq>")).unwrap_or_default();
    let inner = format!("<resultOnEvent><timeout>{timeout_s}</timeout>{seq}</resultOnEvent>");
    request("snapshot", &format!("{}{inner}", device(number)))
}

fn seq_of(answer: &str) -> u64 {
    let (_, rest) = answer.split_once("<snapshotSeq>").unwrap_or_else(|| panic!("{answer}"));
    rest.split('<').next().and_then(|text| text.parse().ok()).expect("a number")
}

#[test]
fn wire_a_long_poll_waits_for_a_change_for_its_time_or_for_the_end() {
    let office = at_rest();
    let ada = name(&office, "1001");
    assert_eq!(ask(&office, "openSession", &device("1002")), STANDARD);
    let asks = |timeout_s, seq| super::tcp(&office, &poll("1002", timeout_s, seq));
    let first = asks(100, None);
    let seq = seq_of(&first);
    assert_eq!(first, empty_snapshot(&format!("<snapshotSeq>{seq}</snapshotSeq>")));
    assert_eq!(asks(0, Some(seq)), first, "no time to wait");
    assert_eq!(asks(100, Some(seq + 9)), first, "an unknown number");
    assert_eq!(asks(100, Some(0)), first);

    let waits = |seq| {
        let mut socket = connect(&office, "telservices_tcp");
        socket.write_all(poll("1002", 100, Some(seq)).as_bytes()).expect("taken");
        closed_half(&socket);
        socket
    };
    // A change answers all that wait, also those that have shut down their sending side.
    let (mut one, mut two) = (waits(seq), waits(seq));
    let lost = waits(seq);
    drop(lost);
    // That they are in is seen by the one after them in line being answered.
    asks(0, Some(seq));
    make_call(&office, "1001", "1002");
    let rings = Line { device: "1002", other: ("1001", &ada), state: "alerting", services: "answerCall", ..LINE };
    let answer = rest(&mut one);
    assert!(seq_of(&answer) > seq && answer.contains(&rings.call()), "{answer}");
    assert_eq!(rest(&mut two), answer);

    // Calls that have ended since are shown once more.
    let seq = seq_of(&answer);
    ask(&office, "answerCall", &device("1002"));
    moves_s(&office, 5);
    ask(&office, "dropCall", &device("1002"));
    let ended = asks(100, Some(seq));
    let over = Line { state: "cleared", services: "", talk_s: 5, ..rings };
    assert!(ended.contains(&format!("<calls>{}</calls>", over.call())), "{ended}");
    let seq = seq_of(&ended);
    assert!(asks(0, Some(seq)).contains("<calls/>"));

    // Its time runs out, and nothing has changed.
    let mut idle = waits(seq);
    wait_for("it waits", || {
        moves_s(&office, 10);
        idle.set_nonblocking(true).expect("possible");
        let came = idle.peek(&mut [0; 1]).is_ok();
        idle.set_nonblocking(false).expect("possible");
        came.then_some(())
    });
    assert_eq!(seq_of(&rest(&mut idle)), seq);

    // The end of the session answers it.
    let mut last = waits(seq);
    asks(0, Some(seq));
    assert_eq!(ask(&office, "closeSession", &device("1002")), STANDARD);
    let answer = rest(&mut last);
    let closed = answer.contains("<session><sessionClosedByClient/></session>");
    assert!(closed || answer == error(NO_SESSION), "{answer}");
    assert!(!closed || seq_of(&answer) == seq + 1, "the end is a change too: {answer}");
    conformance::proves_partly("TEL-TRN-09", "events of the link, which is lost only with the whole program");
    conformance::proves_partly("TEL-SES-13", "forwards, message waiting, agents");
    conformance::proves_partly("TEL-REQ-26", "forwards, message lamp, agents");
}

/// A long poll that waits: its connection.
fn waits(office: &Office, listener: &str, number: &str, timeout_s: i64, seq: u64) -> TcpStream {
    let mut socket = connect(office, listener);
    let body = poll(number, timeout_s, Some(seq));
    let octets = match listener {
        "telservices_http" => format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
        _ => body,
    };
    socket.write_all(octets.as_bytes()).expect("taken");
    socket
}

/// Whether an answer is there.
fn answered(socket: &TcpStream) -> bool {
    socket.set_nonblocking(true).expect("possible");
    let came = socket.peek(&mut [0; 1]).is_ok();
    socket.set_nonblocking(false).expect("possible");
    came
}

#[test]
fn wire_long_polls_are_bounded_in_time_and_number_and_those_who_leave_make_room() {
    let text = "[telservices]\npolls_per_session = 3\n[console]\ntest_control = true\n\
                [[station]]\nnumber = \"1001\"\nkind = \"simulated\"\n[[station]]\nnumber = \"1002\"\nkind = \"simulated\"\n";
    let file = tempfile::tempdir().expect("a directory");
    let path = file.path().join("office.toml");
    std::fs::write(&path, text).expect("written");
    let office =
        Office::start_with(&["--config", path.to_str().expect("utf-8"), "--ephemeral-ports", "--virtual-clock"]);
    assert_eq!(ask(&office, "openSession", &device("1002")), STANDARD);
    let seq = seq_of(&super::tcp(&office, &poll("1002", 0, None)));
    // What is not positive, or no number that is known, is answered at once; what is no number, not at all.
    for (timeout_s, known) in [(-5, Some(seq)), (0, Some(seq)), (i64::from(i32::MAX), None)] {
        assert_eq!(seq_of(&super::tcp(&office, &poll("1002", timeout_s, known))), seq, "{timeout_s}");
    }
    let odd = |inner: &str| request("snapshot", &format!("{}<resultOnEvent>{inner}</resultOnEvent>", device("1002")));
    let negative = odd("<timeout>100</timeout><snapshotSeq>-1</snapshotSeq>");
    assert_eq!(seq_of(&super::tcp(&office, &negative)), seq);
    for wrong in ["", "<timeout/>", "<timeout>soon</timeout>", "<timeout>9</timeout><snapshotSeq>x</snapshotSeq>"] {
        assert_eq!(super::tcp(&office, &odd(wrong)), error("reject"), "{wrong}");
    }
    // Three wait; a fourth finds no room, until one of them has gone.
    let mut waiting: Vec<TcpStream> =
        (0..4).map(|_| waits(&office, "telservices_http", "1002", 1_000_000, seq)).collect();
    let refused = wait_for("one is refused", || waiting.iter().position(answered));
    let mut refused = waiting.swap_remove(refused);
    closed_half(&refused);
    assert!(rest(&mut refused).ends_with(&error("resourceError")));
    assert!(!waiting.iter().any(answered));
    drop(waiting.pop());
    wait_for("who has gone leaves room", || {
        let mut socket = waits(&office, "telservices_tcp", "1002", 1, seq);
        closed_half(&socket);
        // In steps so small that the time of the others never runs out, however slow the machine is.
        wait_for("it has waited or is refused", || {
            office.advance(50);
            answered(&socket).then_some(())
        });
        rest(&mut socket).contains("<snapshotSeq>").then_some(())
    });
    // The longest wait is five minutes, whatever was asked.
    assert!(!waiting.iter().any(answered));
    moves_s(&office, 300);
    for socket in &mut waiting {
        // Who closes before the answer has gone.
        wait_for("it is answered", || answered(socket).then_some(()));
        closed_half(socket);
        assert_eq!(seq_of(&rest(socket)), seq, "at expiry the number is unchanged");
    }
    // Each starts the time of its client anew, when it comes and when it is answered.
    let timed = Events::with(&office, "1001", "<sessionTimeout>500</sessionTimeout>");
    let seq = seq_of(&super::tcp(&office, &poll("1001", 0, None)));
    let mut long = waits(&office, "telservices_http", "1001", 300, seq);
    // In small steps: it has to be in before the client's time is over.
    wait_within(3 * SOON, "it is answered", || {
        moves_s(&office, 1);
        answered(&long).then_some(())
    });
    closed_half(&long);
    assert_eq!(seq_of(&rest(&mut long)), seq);
    moves_s(&office, 400);
    timed.nothing();
    assert_eq!(ask(&office, "snapshot", &device("1001")), empty_snapshot(""));
}
