//! Whose calls and extensions a code is shown: the user's, his department's, all of the organisation (VOI-LOG-05, VOI-EXT-02); and
//! numbers however they are written (VOI-ADM-25).

use crate::common::Office;
use crate::request::{C2C, get, url};
use serde_json::{Value, json};

const HOUSE: &str = "[tenant]\nname = \"House\"\n\
     [voicenter]\nrequests_per_s = 1000\nlog_requests_per_min = 1000\n\
     departments = { Sales = \"2\", \"Sales/North\" = \"3\", Support = \"4\" }\n[console]\ntest_control = true\n\
     [[station]]\nnumber = \"201\"\nkind = \"simulated\"\nfirst_name = \"Ann\"\ndirectory = { dep = \"Sales\" }\n\
     [[station]]\nnumber = \"202\"\nkind = \"simulated\"\nfirst_name = \"Bob\"\ndirectory = { dep = \"Sales\" }\n\
     [[station]]\nnumber = \"203\"\nkind = \"simulated\"\nfirst_name = \"Cid\"\ndirectory = { dep = \"Sales/North\" }\n\
     [[station]]\nnumber = \"204\"\nkind = \"simulated\"\nfirst_name = \"Dan\"\ndirectory = { dep = \"Support\" }\n\
     [[station]]\nnumber = \"205\"\nkind = \"simulated\"\nfirst_name = \"Eve\"\n\
     [[trunk]]\nname = \"outside\"\ncircuits = 4\ndids = { \"+97239999999\" = \"201\" }\n\
     [[account]]\ndoor = \"voicenter\"\npassword = \"all\"\n\
     [[account]]\ndoor = \"voicenter\"\npassword = \"ann\"\nstation = \"201\"\n\
     [[account]]\ndoor = \"voicenter\"\npassword = \"cid\"\nstation = \"203\"\n\
     [[account]]\ndoor = \"voicenter\"\npassword = \"dan\"\nstation = \"204\"\nown_calls = true\n";

/// 201 has called 202, 202 has called 201, 203 has called 205, 204 has called 205, and 205 has called itself into the log.
fn after_some_calls() -> Office {
    let office = Office::configured(HOUSE);
    for (from, to) in [("201", "202"), ("202", "201"), ("203", "205"), ("204", "205"), ("205", "204")] {
        office.hand(from, "dial", json!({ "to": to }));
        crate::common::wait_for("it rings", || (!office.calls().is_empty()).then_some(()));
        office.hand(from, "hang_up", json!({}));
        office.wait_idle();
    }
    office
}

fn rows(office: &Office, code: &str, query: &str) -> Vec<Value> {
    let answer = get(office, &format!("/hub/cdr/?code={code}&{query}")).json();
    assert_eq!(answer["ERROR_NUMBER"], 0, "{query}: {answer}");
    answer["CDR_LIST"].as_array().expect("a list").clone()
}

/// Who called whom, oldest first.
fn pairs(office: &Office, code: &str, scope: &str) -> Vec<String> {
    let mut rows = rows(office, code, &format!("IdentityCriteria={scope}&fields=CallerExtension,TargetNumber"));
    rows.reverse();
    let text = |row: &Value, name: &str| row[name].as_str().expect("text").to_owned();
    rows.iter().map(|row| format!("{}-{}", text(row, "CallerExtension"), text(row, "TargetNumber"))).collect()
}

#[test]
fn wire_a_code_reads_the_calls_of_its_user_department_or_house() {
    let office = after_some_calls();
    let all = ["201-202", "202-201", "203-205", "204-205", "205-204"];
    for (code, scope, expected) in [
        ("ann", "User", vec!["201-202"]),
        ("ann", "Department", vec!["201-202", "202-201"]),
        ("ann", "Hierarchical", vec!["201-202", "202-201", "203-205"]),
        ("ann", "Account", all.to_vec()),
        ("ann", "", all.to_vec()),
        ("cid", "user", vec!["203-205"]),
        ("cid", "DEPARTMENT", vec!["203-205"]),
        ("cid", "Hierarchical", vec!["203-205"]),
        ("all", "User", vec![]),
        ("all", "Department", vec!["203-205", "204-205", "205-204"]),
        ("all", "Hierarchical", all.to_vec()),
        ("all", "Account", all.to_vec()),
        // One that is restricted to its own calls sees no others, whatever it asks for.
        ("dan", "User", vec!["204-205"]),
        ("dan", "Department", vec!["204-205"]),
        ("dan", "Account", vec!["204-205"]),
        ("dan", "", vec!["204-205"]),
    ] {
        assert_eq!(pairs(&office, code, scope), expected, "{code} {scope}");
    }
    let mut departments = rows(&office, "all", "fields=DepartmentName,DepartmentId,CallerExtension");
    departments.reverse();
    let told: Vec<Value> = departments.iter().map(|row| json!([row["DepartmentName"], row["DepartmentId"]])).collect();
    let expected =
        [json!(["Sales", 2]), json!(["Sales", 2]), json!(["North", 3]), json!(["Support", 4]), json!(["House", 1])];
    assert_eq!(told, expected);
    conformance::proves("VOI-LOG-05");
}

#[test]
fn wire_extensions_of_the_account_or_of_all() {
    let office = Office::configured(HOUSE);
    let list = |code: &str, query: &str| {
        let answer = get(&office, &format!("/Comet/api/GetExtensions?code={code}{query}")).json();
        let listed = answer["EXTENSIONS"].as_array().expect("a list").clone();
        listed.iter().map(|it| json!([it["SpeedDial"], it["AccountID"], it["AccountName"]])).collect::<Vec<_>>()
    };
    let of = |number: &str, id: u32, name: &str| json!([number, id, name]);
    let all = [
        of("205", 1, "House"),
        of("203", 3, "North"),
        of("201", 2, "Sales"),
        of("202", 2, "Sales"),
        of("204", 4, "Support"),
    ];
    for code in ["ann", "all"] {
        for query in ["", "&showAll=1", "&ShowAll=true"] {
            assert_eq!(list(code, query), all, "{code} {query}: by account, then by number");
        }
    }
    for query in ["&showAll=0", "&showall=FALSE"] {
        assert_eq!(list("ann", query), all[2..4], "{query}");
        assert_eq!(list("cid", query), all[1..2], "{query}");
        assert_eq!(list("all", query), all[..1], "{query}");
    }
    conformance::proves("VOI-EXT-02");
}

#[test]
fn wire_numbers_are_the_same_however_they_are_written() {
    let office = Office::configured(HOUSE);
    // As a target: nothing leads outside, so each call fails, and has its rows.
    let written =
        ["0544444444", "+972544444444", "00972544444444", "972-54-444-4444", "(054) 444 4444", "972544444444"];
    for target in written {
        let encoded: String = target.bytes().map(|b| format!("%{b:02X}")).collect();
        let asked = format!("{C2C}?code=all&format=json&phone=201&target={encoded}&phoneautoanswer=1");
        let answer = office.http("GET", &url(&office, &asked), None, &[]).json();
        assert_eq!(answer["ERRORCODE"], 0, "{target}: {answer}");
        office.post("/test/phones/201/hang_up", json!({}));
        office.wait_idle();
    }
    // Called from there, and from another country.
    for from in ["+972544444444", "+442071234567"] {
        office.post("/test/outside/ring_in", json!({ "from": from, "to": "+97239999999", "name": "" }));
        office.post(&format!("/test/outside/{from}/hang_up"), json!({}));
        office.wait_idle();
    }
    let fields = "fields=Type,CallerNumber,TargetNumber,DID,TargetPrefixName";
    let second = rows(&office, "all", &format!("{fields}&cdrTypes=10"));
    assert_eq!(second.len(), written.len(), "{second:#?}");
    for row in &second {
        assert_eq!(
            (&row["TargetNumber"], &row["TargetPrefixName"]),
            (&json!("972544444444"), &json!("Israel")),
            "{row}"
        );
    }
    let incoming = rows(&office, "all", &format!("{fields}&cdrTypes=1"));
    let told: Vec<Value> = incoming.iter().map(|row| json!([row["CallerNumber"], row["DID"]])).collect();
    assert_eq!(
        told,
        [json!(["442071234567", "039999999"]), json!(["0544444444", "039999999"])],
        "home numbers in their form"
    );
    for phone in written {
        let encoded: String = phone.bytes().map(|b| format!("%{b:02X}")).collect();
        let found = rows(&office, "all", &format!("{fields}&phones={encoded}"));
        assert_eq!(found.len(), 2 * written.len() + 1, "{phone}: {found:#?}");
    }
    conformance::proves("VOI-ADM-25");
}
