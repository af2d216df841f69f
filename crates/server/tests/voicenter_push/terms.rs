//! What a server may ask for beside its URL: whose calls, of which types, and in the words of the vendor's later clients (VOI-ADM-09).

use crate::servers::{Got, Listener, Server, taken};
use crate::{CODE, called, office_of, pass, push, refused_by_check, talk};
use serde_json::{Value, json};

/// Seconds by which the house's clock is ahead of UTC, all year.
const AHEAD_S: i64 = 19_800;

/// A house in Kolkata: 202 sells in the north, 203 sells; the others do neither.
fn house(pushes: &str) -> String {
    let phone =
        |number: &str, more: &str| format!("[[station]]\nnumber = \"{number}\"\nkind = \"simulated\"\n{more}\n");
    let phones = [
        phone("201", "answer_after_ms = 2000"),
        phone("202", "answer_after_ms = 3000\ndirectory = { dep = \"Sales/North\" }"),
        phone("203", "directory = { dep = \"Sales\" }"),
        phone("204", ""),
    ];
    format!(
        "[tenant]\ntime_zone = \"Asia/Kolkata\"\n[console]\ntest_control = true\n\
         [voicenter]\nrequests_per_s = 1000\ndepartments = {{ Sales = \"2\", \"Sales/North\" = \"3\", Support = \"4\" }}\n\
         [[account]]\ndoor = \"voicenter\"\npassword = \"{CODE}\"\n{}{pushes}",
        phones.concat()
    )
}

/// So many rows that a server is told of, by their time: those of different calls may overtake each other on the way.
fn rows(server: &Server, count: usize) -> Vec<Value> {
    let mut rows: Vec<Value> = (0..count).map(|_| server.next().json()).collect();
    rows.sort_by_key(by_time);
    rows
}

fn by_time(row: &Value) -> (Option<i64>, String) {
    (row["time"].as_i64(), row["type"].to_string())
}

/// Which rows they are.
fn kinds(rows: &[Value]) -> Vec<Value> {
    rows.iter().map(|row| json!([row["ivruniqueid"], row["type"]])).collect()
}

/// A row as who asks for it is told.
fn reworded(row: &Value) -> Value {
    let mut row = row.clone();
    row["time"] = json!(row["time"].as_i64().expect("a number") + AHEAD_S);
    if row["status"] == "ANSWER" {
        row["status"] = json!("ANSWERED");
    }
    if let Some(custom) = row.get("CustomData").cloned() {
        row["CUSTOM_DATA"] = custom;
    }
    row
}

#[test]
fn wire_a_server_gets_what_it_asked_for_in_its_words() {
    let dir = tempfile::tempdir().expect("a directory");
    let [plain, second, dialled, sales, north, support, later, form] =
        std::array::from_fn(|_| Server::start(|_, _| taken()));
    let mut listener = Listener::start(4);
    let words = "local_time = true\nanswered = true\ncustom_data_alias = true";
    let pushes = [
        push("plain", plain.port, ""),
        push("second", second.port, "types = [\"Click2Callleg2\"]"),
        push("dialled", dialled.port, "types = [\"extension outgoing\", \"Incoming Call\"]"),
        push("sales", sales.port, "department = \"Sales\""),
        push("north", north.port, "department = \"Sales/North\"\ntypes = [\"Click2Call leg1\", \"10\"]"),
        push("support", support.port, "department = \"Support\""),
        push("later", later.port, words),
        push("form", form.port, &format!("format = \"form\"\ntypes = [\"Click2Call leg1\"]\n{words}")),
        push("xml", listener.port, &format!("format = \"xml-rpc\"\ntypes = [\"9\", \"10\"]\n{words}")),
    ];
    let (office, _) = office_of(&dir, &house(&pushes.concat()));
    // Answered by both, with custom data; dialled by hand at a phone that sells; between two that do not.
    let first = talk(&office);
    office.hand("203", "dial", json!({"to": "201"}));
    pass(&office, 1_000);
    office.hand("203", "hang_up", json!({}));
    office.wait_idle();
    let last = called(&office, "phone=201&target=204");
    pass(&office, 1_000);
    assert_eq!(called(&office, "action=terminate&phone=201"), last);

    let all = rows(&plain, 5);
    let by_hand = all[2]["ivruniqueid"].as_str().expect("text").to_owned();
    let row = |id: &str, kind: &str| json!([id, kind]);
    let (leg1, leg2, outgoing) = ("Click2Call leg1", "Click2Call leg2", "Extension Outgoing");
    let expected = [row(&first, leg1), row(&first, leg2), row(&by_hand, outgoing), row(&last, leg1), row(&last, leg2)];
    assert_eq!(kinds(&all), expected);
    let plainly = |row: &Value| row.get("CUSTOM_DATA").is_none() && row["status"] != "ANSWERED";
    assert!(all.iter().all(plainly), "who asks for nothing is told as before: {all:?}");
    // By type, in the vendor's two spellings, in any case, by its number.
    assert_eq!(kinds(&rows(&second, 2)), [row(&first, leg2), row(&last, leg2)]);
    assert_eq!(kinds(&rows(&dialled, 1)), [row(&by_hand, outgoing)]);
    // By account: a row is of the accounts of its extensions, and of those above them.
    assert_eq!(kinds(&rows(&sales, 2)), [row(&first, leg2), row(&by_hand, outgoing)]);
    assert_eq!(kinds(&rows(&north, 1)), [row(&first, leg2)]);
    // In the words of later clients, in every format.
    assert_eq!(rows(&later, 5), all.iter().map(reworded).collect::<Vec<_>>());
    let forms: Vec<Got> = (0..2).map(|_| form.next()).collect();
    for row in [&all[0], &all[3]].map(reworded) {
        let text = |name: &str| row[name].to_string().replace('"', "");
        let part = format!("&time={}&duration={}&ivruniqueid={}&", text("time"), text("duration"), text("ivruniqueid"));
        let body = &forms.iter().find(|got| got.body.contains(&part)).unwrap_or_else(|| panic!("{part}")).body;
        assert!(body.contains(&format!("&status={}&", text("status"))), "{body}");
        let data = "%7B%22var_customer%22%3A%227%22%7D";
        let twice = format!("&CustomData={data}&CUSTOM_DATA={data}");
        assert_eq!(body.ends_with(&twice), row.get("CUSTOM_DATA").is_some(), "{body}");
        assert!(row.get("CUSTOM_DATA").is_some() || !body.to_lowercase().contains("data="), "{body}");
    }
    let mut told: Vec<Value> = (0..4).map(|_| listener.next()).collect();
    told.sort_by_key(by_time);
    for (told, row) in told.iter().zip([&all[0], &all[1], &all[3], &all[4]].map(reworded)) {
        for name in ["ivruniqueid", "type", "time", "status", "CustomData", "CUSTOM_DATA"] {
            assert_eq!(told[name], row[name], "{name}: {told}");
        }
        assert_eq!(told["wrong"], json!([]), "{told}");
    }
    assert!(listener.ended());
    let servers = [&plain, &second, &dialled, &sales, &north, &support, &later, &form];
    assert!(servers.iter().all(|server| server.nothing()), "nobody is told of more");
    conformance::proves_partly("VOI-ADM-09", "the split of ABANDONE into its cases: there are no queues");
}

#[test]
fn wire_terms_that_cannot_be_kept_are_named_by_check() {
    let pushes = push("a", 1, "types = [\"Click2Call leg1\", \"Chat\"]\ndepartment = \"Nowhere\"");
    let told = refused_by_check(&house(&pushes));
    assert!(told.contains("cdr_push[1].types: no call is of the type \"Chat\""), "{told}");
    assert!(told.contains("\"Extension Outgoing\""), "it says what there is: {told}");
    assert!(told.contains("cdr_push[1].department: there is no department Nowhere"), "{told}");
}
