//! What is easily missed at the edges of rows: texts that lead nowhere, who asks at a station's path, echoes of a query string.

use crate::client::{Login, ask, error, house};
use serde_json::json;

#[test]
fn wire_a_text_that_leads_nowhere_fails_as_it_was_dialled() {
    let office = house();
    let login = Login::server(&office, "one");
    let mut socket = login.socket(&["1001"]);
    for dialled in ["1199", "*01", "+3225550177"] {
        office.hand("1001", "dial", json!({ "to": dialled }));
        let frames = [(); 3].map(|()| socket.frame().expect("frames of the attempt"));
        assert_eq!(frames.each_ref().map(|frame| frame["type"].as_str()), ["dialing", "proceeding", "fail"].map(Some));
        assert_eq!((&frames[1]["dialDigit"], &frames[2]["calledDN"]), (&json!(dialled), &json!(dialled)));
        assert_eq!(frames[2]["causeCode"], 13, "invalid_destination");
        while socket.frame().expect("its end")["type"] != "released" {}
        office.wait_idle();
    }
}

#[test]
fn wire_click_to_call_is_denied_to_whoever_is_not_that_station() {
    let office = house();
    let (server, station) = (Login::server(&office, "one"), Login::station(&office, "1001"));
    let click = |kind: &str, user: &str, bearer: &str| {
        let path = format!("/ipxapi/{kind}/v1/users/{user}/clickcall");
        let answer = ask(&office, "POST", &path, bearer, r#"{"From":"1001","To":"1002"}"#);
        if answer.status == 200 { (200, 0) } else { (answer.status, error(&answer).1) }
    };
    for (kind, user, bearer, expected) in [
        ("client", "1001", &server.bearer, (403, 102)),
        ("client", "one", &server.bearer, (403, 102)),
        ("server", "one", &server.bearer, (403, 102)),
        ("client", "1004", &station.bearer, (403, 102)),
        ("server", "1001", &station.bearer, (403, 102)),
        ("client", "1001", &"bearer nonsense".to_owned(), (401, 101)),
        ("client", "1001", &String::new(), (401, 101)),
        ("client", "1001", &station.bearer, (200, 0)),
    ] {
        assert_eq!(click(kind, user, bearer), expected, "{kind} {user}");
    }
}

#[test]
fn wire_a_transaction_in_a_query_string_comes_back_as_the_number_that_it_is() {
    let office = house();
    let login = Login::server(&office, "one");
    let echo = |query: &str| {
        login.ask("GET", &format!("call/status?deviceNumber=1001&{query}"), "").json()["transactionID"].clone()
    };
    assert_eq!(echo("transactionID=5"), json!(5));
    assert_eq!(echo("transactionID=1699999999999"), json!(1_699_999_999_999_u64));
    assert_eq!(echo("transactionID=order-7"), json!("order-7"));
    assert_eq!(echo("q=%7B%22transactionID%22:%225%22%7D"), json!("5"), "JSON has types, and this is a text");
    let refused = login.ask("GET", "call/status?deviceNumber=9999&transactionID=6", "");
    assert_eq!((refused.status, refused.json()["transactionID"].clone()), (404, json!(6)));
}
