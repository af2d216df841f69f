//! What is accepted as a target and as parameters (FUS-FMT-01).

use super::super::wire::http;
use super::super::wire::query::{PARAMETERS_MAX, Params, TooMany, target};

#[test]
fn a_target_is_taken_as_clients_write_it() {
    let parts = |raw: &'static str| {
        let found = target(raw.as_bytes())?;
        let query = String::from_utf8(found.query.to_vec()).unwrap();
        Some((found.function, found.extension.unwrap_or_default(), query))
    };
    let whole = |function: &str, extension: &str, query: &str| {
        Some((function.to_owned(), extension.to_owned(), query.to_owned()))
    };
    assert_eq!(parts("/xml/ccPing.php"), whole("ccPing", "php", ""));
    assert_eq!(parts("/xml/ccgetchannels?parked_only=1"), whole("ccgetchannels", "", "parked_only=1"));
    assert_eq!(parts("/xml/dbGetNextStatus.php&ext=102"), whole("dbGetNextStatus", "php", "ext=102"));
    assert_eq!(parts("/xml/ccPing.php?&x=1"), whole("ccPing", "php", "&x=1"));
    assert_eq!(parts("/xml/ccGetChannels.PHP>"), whole("ccGetChannels", "php", ""));
    assert_eq!(parts("/xml/cc%50ing.json"), whole("ccPing", "json", ""));
    assert_eq!(parts("http://sop:80/xml/ccPing.php?a=b"), whole("ccPing", "php", "a=b"));
    assert_eq!(parts("/xml/a.b.php?x=?&y=1"), whole("a.b", "php", "x=?&y=1"));
    for outside in ["/", "/xml", "/XML/ccPing.php", "/api/ccPing.php", "*", "http://sop", "ccPing.php"] {
        assert_eq!(parts(outside), None, "{outside}");
    }
}

fn value(query: &[u8], name: &str) -> Option<String> {
    Params::parse(query, b"").unwrap().get(name).map(str::to_owned)
}

#[test]
fn values_are_decoded_and_rid_of_print_errors() {
    for (query, name, expected) in [
        (&b"ext=67%"[..], "ext", "67%"),
        (b"ext=6*%", "ext", "6*%"),
        (b"ext=%67", "ext", "g"),
        (b"ext=%2567", "ext", "%67"),
        (b"a=%zz%4", "a", "%zz%4"),
        (b"fn=Ann+Marie%20Lee", "fn", "Ann Marie Lee"),
        (b"to=2024-05-02 10:11:12", "to", "2024-05-02 10:11:12"),
        (b"channel_id=Local/0475@internal-00000043;1", "channel_id", "Local/0475@internal-00000043;1"),
        (b"channel_id=Local%2F0475%40internal-00000043%3B1", "channel_id", "Local/0475@internal-00000043;1"),
        (b"show_vars=a|[b]", "show_vars", "a|[b]"),
        (b"var=a=1|b=2", "var", "a=1|b=2"),
        (b"fn=  Ann%20", "fn", "Ann"),
        (b"phone=SDX60001\"", "phone", "SDX60001"),
        (b"phone=SDX60001%22", "phone", "SDX60001"),
        (b"ext=102=", "ext", "102"),
        (b"fn=102=", "fn", "102="),
        (b"ln=L%C3%A9on", "ln", "L\u{e9}on"),
        (b"ln=L%E9on", "ln", "L\u{e9}on"),
        (b"ln=L\xe9on", "ln", "L\u{e9}on"),
        (b"ln=L\xc3\xa9on", "ln", "L\u{e9}on"),
        (b"ext=1&ext=2", "ext", "2"),
        (b"EXT=102", "ext", "102"),
        (b"EXT=1&ext=2&EXT=3", "ext", "2"),
        (b"&&ext=102&", "ext", "102"),
    ] {
        assert_eq!(value(query, name).as_deref(), Some(expected), "{}", String::from_utf8_lossy(query));
    }
    for (query, name) in
        [(&b"ext="[..], "ext"), (b"ext", "ext"), (b"ext=%20", "ext"), (b"ext=1&ext=", "ext"), (b"", "ext")]
    {
        assert_eq!(value(query, name), None, "{}", String::from_utf8_lossy(query));
    }
    assert_eq!(Params::parse(b"value=", b"").unwrap().even_empty("value"), Some(""));
    assert_eq!(Params::parse(b"ext=1&fn=A", b"ext=2\r\n").unwrap().get("ext"), Some("2"), "the form counts last");
}

#[test]
fn flags_are_read_in_every_spelling() {
    let flag = |text: &str| Params::parse(format!("f={text}").as_bytes(), b"").unwrap().flag("f", true);
    for yes in ["1", "true", "TRUE", "Yes", "on"] {
        assert!(flag(yes), "{yes}");
    }
    for no in ["0", "false", "no", "OFF", "2", "maybe"] {
        assert!(!flag(no), "{no}");
    }
    assert!(flag(""), "empty is not given");
    conformance::proves_partly("FUS-FMT-14", "`paused` has no function yet");
}

#[test]
fn parameters_are_bounded_in_number() {
    let query = |count: usize| "a=1&".repeat(count);
    assert!(Params::parse(query(PARAMETERS_MAX).as_bytes(), b"").is_ok());
    assert_eq!(Params::parse(query(PARAMETERS_MAX).as_bytes(), b"b=1"), Err(TooMany));
}

/// A small generator, so that a failing input can be made again.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[test]
fn no_octets_upset_the_readers() {
    let samples: [&[u8]; 4] = [
        b"POST /xml/ccSetVar.php?channel_id=SIP/a-00000001&value=%41%2 HTTP/1.1\r\nContent-Length: 5\r\n\r\nab=cd",
        b"GET http://h/xml/dbGetDirectoryInfo&ext=1\xe9% HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"3;x\r\nabc\r\n0\r\nA: b\r\n\r\n",
        b"fn=\xc3\xa9+%%%&=&&a==\"",
    ];
    let mut seed = 7;
    for round in 0..40_000 {
        let mut octets = samples[round % samples.len()].to_vec();
        for _ in 0..=next(&mut seed) % 6 {
            let at = usize::try_from(next(&mut seed)).unwrap() % octets.len().max(1);
            let octet = u8::try_from(next(&mut seed) % 256).unwrap();
            match next(&mut seed) % 3 {
                0 if !octets.is_empty() => octets[at] = octet,
                1 if octets.len() > 1 => drop(octets.remove(at)),
                _ => octets.insert(at.min(octets.len()), octet),
            }
        }
        if let Ok(http::Progress::Done(head, used)) = http::head(&octets) {
            assert!(used <= octets.len());
            let _ = http::body(&octets[used..], head.length);
            let _ = target(&head.target);
        }
        if let Ok(http::Progress::Done(_, used)) = http::body(&octets, http::BodyLength::Chunked) {
            assert!(used <= octets.len());
        }
        let _ = target(&octets);
        let _ = Params::parse(&octets, &octets).map(|params| params.get("ext").map(str::len));
    }
}
