//! Who may ask, how often, and how many calls at a time.

use crate::common::{Office, wait_for};
use crate::request::{C2C, get, xml};
use serde_json::json;

#[test]
fn wire_refusals_limits_and_trust_are_configured() {
    let office = Office::configured(
        "[voicenter]\nrequests_per_s = 2\nlog_requests_per_min = 3\nlog_records = 1\n\
         [[station]]\nnumber = \"201\"\nkind = \"simulated\"\n[[station]]\nnumber = \"202\"\nkind = \"simulated\"\nno_click_to_call = true\n\
         [[account]]\ndoor = \"voicenter\"\npassword = \"letmein\"\n",
    );
    let ask = |query: &str| {
        let answer = get(&office, &format!("{C2C}?code=letmein&format=json&{query}")).json();
        (answer["ERRORCODE"].as_u64().expect("a number"), answer["ERRORMESSAGE"].as_str().expect("text").to_owned())
    };
    wait_for("the blocked one is told", || {
        let refused = ask("phone=202&target=201");
        (refused == (4, "Extension blocked for Click2Call calls".to_owned())).then_some(())
    });
    wait_for("too many in a second", || {
        let refused = ask("phone=201&target=0500000000");
        (refused == (2, "Request limit exceeded. Please try again later.".to_owned())).then_some(())
    });
    let log = |query: &str| get(&office, &format!("/hub/cdr/?code=letmein&{query}")).json()["ERROR_NUMBER"].clone();
    assert_eq!(log("fromdate=2020-01-02&todate=2020-01-01"), 5);
    assert_eq!(log("code2=x&todate=2000-01-01"), 0);
    assert_eq!(log("todate=2000-01-01"), 0);
    assert_eq!(log("todate=2000-01-01"), 1);
    assert_eq!(get(&office, "/hub/cdr/?code=other").json()["ERROR_NUMBER"], 2);

    let office = Office::configured(
        "[voicenter]\ntrusted = [\"192.0.2.1\"]\ntrusted_everywhere = true\n\
         [[account]]\ndoor = \"voicenter\"\npassword = \"letmein\"\n",
    );
    let refused = get(&office, "/hub/cdr?code=letmein").json();
    assert_eq!(
        (&refused["ERROR_NUMBER"], &refused["ERROR_DESCRIPTION"]),
        (&json!(4), &json!("IP address 127.0.0.1 is not trusted."))
    );
    assert_eq!(get(&office, &format!("{C2C}?code=letmein")).text, xml(1, "IP address 127.0.0.1 is not trusted.", ""));
    assert_eq!(get(&office, "/Comet/api/GetExtensions?code=letmein").json()["DESC"], "Authorization failed.");

    let office = Office::configured(
        "[voicenter]\nrequests_per_s = 1000\n[limits]\ncalls = 1\n[[account]]\ndoor = \"voicenter\"\npassword = \"letmein\"\n\
         [[station]]\nnumber = \"201\"\nkind = \"simulated\"\n[[station]]\nnumber = \"202\"\nkind = \"simulated\"\n",
    );
    let ask = |query: &str| {
        let answer = get(&office, &format!("{C2C}?code=letmein&format=json&{query}")).json();
        (answer["ERRORCODE"].as_u64().expect("a number"), answer["ERRORMESSAGE"].as_str().expect("text").to_owned())
    };
    assert_eq!(ask("phone=201&target=0500000000").0, 0);
    assert_eq!(
        ask("phone=202&target=0500000000"),
        (2, "No free line".to_owned()),
        "the organisation's calls are counted"
    );
    assert_eq!(ask("action=terminate&phone=201").0, 0);
    assert_eq!(ask("phone=202&target=0500000000").0, 0);
    conformance::proves_partly("VOI-LIM-09", "the dialler; 100 calls are no default");

    // Two rows where one may be told: none is (VOI-LOG-09).
    let office = Office::configured(
        "[voicenter]\nlog_records = 1\n[[account]]\ndoor = \"voicenter\"\npassword = \"letmein\"\n\
         [[station]]\nnumber = \"201\"\nkind = \"simulated\"\n[[station]]\nnumber = \"202\"\nkind = \"simulated\"\n",
    );
    let ask =
        |query: &str| get(&office, &format!("{C2C}?code=letmein&format=json&{query}")).json()["ERRORCODE"].clone();
    assert_eq!((ask("phone=201&target=202"), ask("action=terminate&phone=201")), (json!(0), json!(0)));
    let refused = wait_for("the rows are there", || {
        let told = get(&office, "/hub/cdr/?code=letmein").json();
        (told["ERROR_NUMBER"] != 0).then_some(told)
    });
    assert_eq!(
        (&refused["ERROR_NUMBER"], &refused["ERROR_DESCRIPTION"], &refused["CDR_LIST"]),
        (&json!(3), &json!("CDR limit exceeded."), &json!([]))
    );
}

#[test]
fn wire_only_trusted_sources_are_served_also_behind_a_proxy() {
    let office = |settings: &str| {
        Office::configured(&format!(
            "[voicenter]\n{settings}\n[[account]]\ndoor = \"voicenter\"\npassword = \"letmein\"\n\
             [[station]]\nnumber = \"201\"\nkind = \"simulated\"\n"
        ))
    };
    let log = |office: &Office, headers: &[(&str, &str)]| {
        let answer = office.http("GET", &crate::request::url(office, "/hub/cdr/?code=letmein"), None, headers).json();
        (
            answer["ERROR_NUMBER"].as_u64().expect("a number"),
            answer["ERROR_DESCRIPTION"].as_str().expect("text").to_owned(),
        )
    };
    let untrusted = |address: &str| (4, format!("IP address {address} is not trusted."));
    let ok = || (0, "OK".to_owned());
    // Without a list everybody may; with one, whoever is on it, and for the call log alone.
    assert_eq!(log(&office(""), &[]), ok());
    let listed = office("trusted = [\"198.51.100.0/24\", \"2001:db8::/32\"]");
    assert_eq!(log(&listed, &[]), untrusted("127.0.0.1"));
    assert_eq!(log(&listed, &[("X-Forwarded-For", "198.51.100.7")]), untrusted("127.0.0.1"), "no proxy is known");
    assert_eq!(get(&listed, "/Comet/api/GetExtensions?code=letmein").json()["ERR"], 0);
    assert_eq!(log(&office("trusted = [\"127.0.0.0/8\"]"), &[]), ok());
    let proxied = office(
        "trusted = [\"198.51.100.0/24\", \"2001:db8::/32\"]\ntrusted_everywhere = true\nproxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n\
         forwarded_header = \"X-Client\"",
    );
    for (said, expected) in [
        (vec!["198.51.100.7"], ok()),
        (vec!["2001:db8::5"], ok()),
        (vec!["192.0.2.1, 198.51.100.7"], ok()),
        (vec!["198.51.100.7, 10.1.2.3"], ok()),
        (vec!["198.51.100.7", "10.1.2.3"], ok()),
        (vec!["192.0.2.1"], untrusted("192.0.2.1")),
        (vec!["198.51.100.7, 192.0.2.1"], untrusted("192.0.2.1")),
        (vec!["unknown"], untrusted("0.0.0.0")),
        (vec![], untrusted("127.0.0.1")),
    ] {
        let headers: Vec<(&str, &str)> = said.iter().map(|said| ("X-Client", *said)).collect();
        assert_eq!(log(&proxied, &headers), expected, "{said:?}");
    }
    assert_eq!(log(&proxied, &[("X-Forwarded-For", "198.51.100.7")]), untrusted("127.0.0.1"), "another header");
    // With the switch every interface that takes a code asks, in its own words.
    for (from, trusted) in [("198.51.100.7", true), ("192.0.2.1", false)] {
        let said =
            |path: &str| proxied.http("GET", &crate::request::url(&proxied, path), None, &[("X-Client", from)]).text;
        let call = said(&format!("{C2C}?code=letmein&phone=201&target=201"));
        assert_eq!(call.contains(&format!("IP address {from} is not trusted.")), !trusted, "{call}");
        for list in ["/Comet/api/GetExtensions?code=letmein", "/comet/API/GetExtensionsCalls?code=letmein"] {
            assert_eq!(said(list).contains("Authorization failed."), !trusted, "{list}");
        }
    }
    conformance::proves("VOI-ADM-03");
}
