//! Whatever comes on TCP and HTTP that is not a request: its own error or a clean close, bounded memory, and the next call works.

use super::{
    Events, Office, STANDARD, ask, at_rest, closed_half, connect, device, error, make_call, moves_s, request, rest,
    tcp, tcp_octets, wait_for,
};
use std::io::{Read, Write};

/// Kilobytes of memory in use by the program.
fn resident_kb(office: &Office) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", office.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("always there");
    line.trim().split(' ').next().and_then(|kb| kb.parse().ok()).expect("a number")
}

/// A call is made and dropped.
fn still_works(office: &Office) {
    assert_eq!(ask(office, "openSession", &device("1001")), STANDARD);
    assert_eq!(make_call(office, "1001", "1002"), STANDARD);
    assert_eq!(ask(office, "dropCall", &device("1001")), STANDARD);
    assert_eq!(ask(office, "closeSession", &device("1001")), STANDARD);
}

#[test]
fn wire_what_is_no_request_is_rejected_and_changes_nothing() {
    let office = at_rest();
    let open = |inside: &str| request("openSession", inside);
    let with = |inside: &str| open(&format!("{}{inside}", device("1001")));
    let good = request("openSession", &device("1001"));
    let deep = "<x>".repeat(400_000);
    let many = with(&"<x/>".repeat(30_000));
    let long = with(&format!("<userID>{}</userID>", "x".repeat(70_000)));
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE b [<!ENTITY a \"{}\">{}]>{}",
        "x".repeat(1_000),
        (0..9).map(|n| format!("<!ENTITY a{n} \"{}\">", "&a;".repeat(10))).collect::<String>(),
        with("<userID>&a8;</userID>"),
    );
    let external = format!("<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{}", with("<userID>&x;</userID>"));
    let outside = format!("<!DOCTYPE r SYSTEM \"http://127.0.0.1:1/x.dtd\">{good}");
    let twice = good.replace("</TelServiceRequest>", "<snapshot/></TelServiceRequest>");
    let lower = good.replace("openSession", "opensession");
    for wrong in [
        "x",
        "{\"a\":1}",
        "TelServiceRequest",
        "<a></b>",
        "<TelServiceRequest/>",
        "<TelServiceRequest></TelServiceRequest>",
        "<TelServiceRequest><noSuchThing/></TelServiceRequest>",
        "<TelServiceReturn><result/></TelServiceReturn>",
        &twice,
        &lower,
        &open(""),
        &open("<deviceNumber/>"),
        &open("<deviceNumber>  </deviceNumber>"),
        &with("<deviceNumber>1002</deviceNumber>"),
        &with("<eventUDPPort>0</eventUDPPort>"),
        &with("<eventUDPPort>70000</eventUDPPort>"),
        &with("<eventUDPPort>x</eventUDPPort>"),
        &with("<eventUDPPort>99999999999999999999</eventUDPPort>"),
        &with("<eventUpdate><some/></eventUpdate>"),
        &with("<eventUpdate><full/><restricted/></eventUpdate>"),
        &with("<startPbxMonitor>maybe</startPbxMonitor>"),
        &with("<userID>&unknown;</userID>"),
        &with("<userID>&#0;</userID>"),
        &request("makeCall", &device("1001")),
        &request("snapshot", &format!("{}<resultOnEvent/>", device("1001"))),
        &deep,
        &many,
        &long,
        &bomb,
        &external,
        &outside,
    ] {
        let shown: String = wrong.chars().take(80).collect();
        assert_eq!(tcp(&office, wrong), error("reject"), "{shown}");
        let by_http = office.http("POST", &format!("http://{}/", office.address("telservices_http")), Some(wrong), &[]);
        assert!(matches!(by_http.status, 200 | 413), "{shown}: {}", by_http.status);
        if by_http.status == 200 {
            assert_eq!(by_http.text, error("reject"), "{shown}");
        }
    }
    let extra = format!("{}<calledDeviceNumber>1002</calledDeviceNumber>", device("1001"));
    let extra = format!("{extra}<extraData>{}</extraData>", "x".repeat(1_025));
    assert_eq!(ask(&office, "makeCall", &extra), error("reject"));
    for octets in
        [&b"<TelServiceRequest>\xff\xfe</TelServiceRequest>"[..], b"\xff\xfe<\0T\0", b"\0\0\0", b"\x16\x03\x01"]
    {
        assert_eq!(tcp_octets(&office, octets), error("reject"), "{octets:?}");
    }
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(tcp_octets(&office, &utf16), error("reject"));
    assert_eq!(ask(&office, "snapshot", &device("1001")), error("noOpenSession"), "nothing was opened");
    assert!(office.calls().is_empty());
    still_works(&office);
    conformance::proves("TEL-TRN-13");
    conformance::proves("TEL-ERR-07");
    conformance::proves_partly("TEL-TRN-05", "services that are not there");
    conformance::proves_partly("TEL-TRN-12", "values of services that are not there");
    conformance::proves_partly("TEL-TRN-04", "values of services that are not there");
}

#[test]
fn wire_what_is_written_otherwise_is_read_all_the_same() {
    let office = at_rest();
    let inside =
        "<sessionTimeout> 0 </sessionTimeout><eventUpdate>\r\n <restricted/> </eventUpdate><unknown><x/></unknown>";
    let number = "<deviceNumber lang=\"x\"><!-- who --> <![CDATA[1001]]>\n</deviceNumber>";
    let latin = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>";
    for (head, tail) in [
        ("", ""),
        ("\u{feff}", ""),
        ("<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<!-- a -->", "\r\n"),
        (" \r\n\t", "<TelServiceRequest><second/></TelServiceRequest>"),
        (latin, ""),
    ] {
        let whole = format!(
            "{head}<TelServiceRequest ><openSession>{inside}{number}</openSession\n></TelServiceRequest>{tail}"
        );
        assert_eq!(tcp(&office, &whole), STANDARD, "{whole}");
    }
    let mut octets = latin.as_bytes().to_vec();
    octets.extend_from_slice(
        b"<TelServiceRequest><openSession><deviceNumber>1001</deviceNumber><userID>J\xfcrgen</userID>",
    );
    octets.extend_from_slice(b"</openSession></TelServiceRequest>");
    assert_eq!(tcp_octets(&office, &octets), STANDARD);
    // The bound is 1 MiB, and 32 MiB for a directory: whoever is beyond it is told before the end of what is sent.
    let entry = format!("<entry><name>{}</name></entry>", "x".repeat(1_000));
    let entries = |octets: usize| entry.repeat(octets / entry.len());
    let begun = |service: &str, octets: usize| format!("<TelServiceRequest><{service}>{}", entries(octets));
    for listener in ["telservices_tcp", "telservices_http"] {
        let http = listener == "telservices_http";
        let send = |service: &str, octets: usize| {
            let body = begun(service, octets);
            let tail = format!("</{service}></TelServiceRequest>");
            let mut socket = connect(&office, listener);
            if http {
                let length = body.len() + tail.len();
                socket
                    .write_all(format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n").as_bytes())
                    .expect("taken");
            }
            // Whoever is refused early need not have taken all.
            let _ = socket.write_all(body.as_bytes());
            (socket, tail)
        };
        let (mut socket, tail) = send("updateUserDirectory", 3 << 20);
        socket.set_read_timeout(Some(std::time::Duration::from_millis(300))).expect("a time-out");
        assert!(socket.read(&mut [0; 1]).is_err(), "{listener}: it is read on to its end");
        socket.set_read_timeout(Some(2 * super::SOON)).expect("a time-out");
        socket.write_all(tail.as_bytes()).expect("taken");
        let answer = rest(&mut socket);
        assert!(
            answer.ends_with(&error("reject")) && answer.starts_with(if http { "HTTP/1.1 200" } else { "<" }),
            "{answer}"
        );
        for (service, octets) in [("searchName", 3 << 20), ("updateUserDirectory", 33 << 20)] {
            let (mut socket, _) = send(service, octets);
            let mut answer = Vec::new();
            let _ = socket.read_to_end(&mut answer);
            let answer = String::from_utf8(answer).expect("UTF-8");
            let refused = if http { answer.starts_with("HTTP/1.1 413") } else { answer == error("reject") };
            assert!(refused, "{listener} {service}: {answer}");
        }
    }
    conformance::proves("TEL-TRN-02");
}

#[test]
fn wire_the_bounds_of_a_request_are_settings() {
    let settings = "[telservices]\nrequest_kib = 4\nrequest_depth = 8\nrequest_elements = 32\ntext_kib = 1\ndirectory_kib = 8\n\
         directory_elements = 64\nconnections = 6\nconnections_per_address = 5\npolls_per_session = 1\n\
         [[station]]\nnumber = \"1001\"\nkind = \"simulated\"\n";
    let office = Office::configured(settings);
    let open = |more: &str| ask(&office, "openSession", &format!("{}{more}", device("1001")));
    let nested = |depth: usize| format!("{}{}", "<x>".repeat(depth), "</x>".repeat(depth));
    let user = |octets: usize| format!("<userID>{}</userID>", "u".repeat(octets));
    let comment = |octets: usize| format!("<!--{}-->", "c".repeat(octets));
    // Two elements are around them, and one names the device.
    for (what, fits, beyond) in [
        ("depth", nested(6), nested(7)),
        ("elements", "<x/>".repeat(29), "<x/>".repeat(30)),
        ("text", user(1_024), user(1_025)),
        ("size", comment(3_900), comment(4_096)),
    ] {
        assert_eq!(open(&fits), STANDARD, "{what}");
        assert_eq!(open(&beyond), error("reject"), "{what}");
    }
    // A directory may be larger, and no larger than that; it is read to its end and refused as a service that is not there.
    let whole = |octets: usize| format!("<TelServiceRequest><updateUserDirectory>{}", comment(octets));
    for (octets, waits) in [(7_000, true), (9_000, false)] {
        let mut socket = connect(&office, "telservices_tcp");
        let _ = socket.write_all(whole(octets).as_bytes());
        socket.set_read_timeout(Some(std::time::Duration::from_millis(300))).expect("a time-out");
        assert_eq!(socket.read(&mut [0; 1]).is_err(), waits, "{octets}");
    }
    let held: Vec<_> = (0..5).map(|_| connect(&office, "telservices_tcp")).collect();
    wait_for("five are all", || (open("") == error("resourceError")).then_some(()));
    drop(held);
    wait_for("there is room again", || (open("") == STANDARD).then_some(()));
    // Whoever asks for a password is not told of it in the log; `wire_no_password_is_logged` looks there.
    conformance::proves("TEL-TRN-11");
}

#[test]
fn wire_what_is_too_much_costs_little_and_stops_nobody() {
    let office = at_rest();
    still_works(&office);
    let before = resident_kb(&office);
    let part = vec![b'x'; 1 << 20];
    for listener in ["telservices_tcp", "telservices_http"] {
        for head in [
            "<TelServiceRequest><openSession><userID>",
            "<!--",
            "   ",
            "POST / HTTP/1.1\r\nContent-Length: 67108864\r\n\r\n",
            "POST / HTTP/1.1\r\nX-Flood: ",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4000000\r\n",
        ] {
            let mut socket = connect(&office, listener);
            socket.write_all(head.as_bytes()).expect("taken");
            for _ in 0..64 {
                if socket.write_all(&part).is_err() {
                    break;
                }
            }
            let mut answer = Vec::new();
            // Whoever goes on sending may lose its answer by its own doing.
            let _ = socket.read_to_end(&mut answer);
            let answer = String::from_utf8(answer).expect("UTF-8");
            let refused = ["HTTP/1.1 4"].iter().any(|start| answer.starts_with(start));
            assert!(refused || answer == error("reject"), "{head}: {answer}");
        }
        let mut socket = connect(&office, listener);
        socket.write_all(b"GET / HTTP/1.1\r\n").expect("taken");
        let flood: String = (0..10_000).map(|n| format!("H{n}: x\r\n")).collect();
        let _ = socket.write_all(flood.as_bytes());
        assert!(rest(&mut socket).starts_with("HTTP/1.1 431 "));
    }
    let grown = resident_kb(&office).saturating_sub(before);
    assert!(grown < 32_768, "{grown} kB more");
    still_works(&office);
}

#[test]
fn wire_slow_silent_and_cut_clients_are_let_go() {
    let office = at_rest();
    let whole = request("openSession", &device("1001"));
    // Cut in the middle, orderly and not.
    for listener in ["telservices_tcp", "telservices_http"] {
        for at in [1, whole.len() / 2, whole.len() - 1] {
            let mut socket = connect(&office, listener);
            socket.write_all(&whole.as_bytes()[..at]).expect("taken");
            closed_half(&socket);
            let answer = rest(&mut socket);
            assert!(answer == error("reject") || answer.starts_with("HTTP/1.1 400 "), "{answer}");
            let mut socket = connect(&office, listener);
            socket.write_all(&whole.as_bytes()[..at]).expect("taken");
            drop(socket);
        }
    }
    // Silence: closed without a word; after some octets: rejected. One octet a second is silence too after a minute.
    let mut silent = connect(&office, "telservices_tcp");
    let mut half = connect(&office, "telservices_tcp");
    half.write_all(&whole.as_bytes()[..20]).expect("taken");
    let mut slow = connect(&office, "telservices_tcp");
    let mut slow_http = connect(&office, "telservices_http");
    slow_http.write_all(b"POST / HTTP/1.1\r\nX: ").expect("taken");
    let mut answers = (None, None);
    let octets = whole.as_bytes().iter().chain(std::iter::repeat(&b' '));
    for octet in octets.take(70) {
        let _ = slow.write_all(&[*octet]);
        let _ = slow_http.write_all(b"x");
        // The octet arrives before the time does: the server has answered something asked after it.
        assert_eq!(ask(&office, "snapshot", &device("1003")), error("noOpenSession"));
        moves_s(&office, 1);
    }
    answers.0 = Some(rest(&mut slow));
    let mut text = Vec::new();
    let _ = slow_http.read_to_end(&mut text);
    answers.1 = Some(String::from_utf8(text).expect("UTF-8"));
    assert_eq!(answers.0.as_deref(), Some(error("reject").as_str()));
    assert!(answers.1.as_ref().is_some_and(|text| text.starts_with("HTTP/1.1 408 ")), "{answers:?}");
    assert_eq!(rest(&mut silent), "");
    assert_eq!(rest(&mut half), error("reject"));
    still_works(&office);
}

#[test]
fn wire_connections_are_bounded_and_those_who_read_nothing_hold_only_their_own() {
    let office = at_rest();
    let mut held: Vec<_> = (0..64).map(|_| connect(&office, "telservices_tcp")).collect();
    let refused = wait_for("the bound", || {
        let mut socket = connect(&office, "telservices_tcp");
        // Those before are taken in first.
        let _ = socket.write_all(request("snapshot", &device("1001")).as_bytes());
        let answer = rest(&mut socket);
        (answer != error("noOpenSession")).then_some(answer)
    });
    assert_eq!(refused, error("resourceError"));
    held.truncate(10);
    wait_for("places are free again", || {
        (ask(&office, "snapshot", &device("1001")) == error("noOpenSession")).then_some(())
    });
    // Some ask and never read, others listen for events and never read them.
    let deaf = Events::with(&office, "1001", "");
    let port = deaf.0.local_addr().expect("bound").port();
    let body = request("snapshot", &device("1001"));
    for socket in &mut held {
        socket.write_all(body.as_bytes()).expect("taken");
    }
    for _ in 0..200 {
        assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
        assert_eq!(ask(&office, "dropCall", &device("1001")), STANDARD);
    }
    drop(deaf);
    // Nobody listens there any more: that closes nothing.
    assert_eq!(make_call(&office, "1001", "1002"), STANDARD);
    assert_eq!(ask(&office, "dropCall", &device("1001")), STANDARD);
    assert!(ask(&office, "snapshot", &device("1001")).contains("<calls/>"), "{port}");
    conformance::proves("TEL-ERR-09");
    // One that cannot be read at all is told so first, where there is room to read it.
    held.clear();
    wait_for("the bound, again", || {
        // Those of before leave when they leave: whatever place they give free is taken at once.
        let mut full = || {
            held.push(connect(&office, "telservices_tcp"));
            ask(&office, "snapshot", &device("1001")) == error("resourceError")
        };
        (0..5).all(|_| full()).then_some(())
    });
    assert_eq!(ask(&office, "snapshot", ""), error("reject"));
    let unread = wait_for("not even read", || {
        held.push(connect(&office, "telservices_tcp"));
        let answer = ask(&office, "snapshot", "");
        (answer != error("reject")).then_some(answer)
    });
    assert_eq!(unread, error("resourceError"));
}

#[test]
fn wire_the_shared_listener_takes_no_more() {
    let office = at_rest();
    let raw = |octets: &[u8]| {
        let mut socket = connect(&office, "shared_http");
        // Whoever is refused early need not have sent all.
        let _ = socket.write_all(octets);
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    let post = |body: &[u8]| {
        let head = format!(
            "POST /telservices HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        raw(&[head.as_bytes(), body].concat())
    };
    let good = request("openSession", &device("1001"));
    let bomb = format!("<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{good}");
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for wrong in
        [&b""[..], b"{}", &good.as_bytes()[..30], &b"<x>".repeat(100_000), bomb.as_bytes(), &utf16, b"\xff\xfe"]
    {
        let answer = post(wrong);
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(&error("reject")), "{answer}");
    }
    let before = resident_kb(&office);
    for _ in 0..4 {
        let answer = post(&vec![b' '; 64 << 20]);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 413 "), "{answer}");
    }
    let grown = resident_kb(&office).saturating_sub(before);
    assert!(grown < 32_768, "{grown} kB more");
    let cut = format!("POST /telservices HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n{good}");
    let mut socket = connect(&office, "shared_http");
    socket.write_all(cut.as_bytes()).expect("taken");
    drop(socket);
    assert_eq!(ask(&office, "snapshot", &device("1001")), error("noOpenSession"), "what was cut off is no request");
    still_works(&office);
}
