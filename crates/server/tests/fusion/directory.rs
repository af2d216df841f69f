//! The directory as the configuration and our own API write it (FUS-DB-01, FUS-ADM-02, 04, 05, FUS-LIM-04).

use crate::common::Office;
use serde_json::{Value, json};

const OFFICE: &str = r#"
[console]
test_control = true
[fusion]
sop_key = "00033445"
sops = { 00033445 = "192.0.2.1", 00006969 = "192.0.2.2" }
contexts = { internal = "1", warehouse = "23" }
[[station]]
number = "666"
kind = "simulated"
resource = "SVE20012"
first_name = "Tim"
last_name = "Schmit"
directory = { admin = "admin@example.net", company = "Fuzer", context_name = "warehouse", email = "tim@example.net", fax = "+32223", grp = "Sales", home = "+32123456789", login = "tim", mobile = "+32475123456", office = "B2", outgoing_number = "+3225550666", profile = "Template-User", site = "Gent", sop1 = "00006969", sop2 = "00033445", source = "ldap", status = "Office", dep = "Field" }
[[station]]
number = "777"
kind = "simulated"
resource = "SDX60076"
directory = { hidden = "true" }
"#;

fn entries(office: &Office, query: &str) -> Vec<Value> {
    office.fusion(&format!("/xml/dbGetDirectoryInfo.json?{query}")).json().as_array().expect("an array").clone()
}

#[test]
fn wire_every_field_of_the_directory_is_set_and_shown() {
    let office = Office::configured(OFFICE);
    let expected = "[{\"admin\":\"admin@example.net\",\"company\":\"Fuzer\",\"context_id\":\"23\",\"context_name\":\"warehouse\",\
        \"dp\":\"SVE20012\",\"email\":\"tim@example.net\",\"ext\":\"666\",\"fax\":\"+32223\",\"fn\":\"Tim\",\"grp\":\"Sales\",\
        \"home\":\"+32123456789\",\"ln\":\"Schmit\",\"login\":\"tim\",\"mobile\":\"+32475123456\",\"office\":\"B2\",\
        \"outgoing_number\":\"+3225550666\",\"profile\":\"Template-User\",\"site\":\"Gent\",\"sop1\":\"00006969\",\
        \"sop1_ip\":\"192.0.2.2\",\"sop2\":\"00033445\",\"sop2_ip\":\"192.0.2.1\",\"source\":\"ldap\",\"sp\":\"\",\
        \"status\":\"Office\"}]";
    assert_eq!(office.fusion("/xml/dbGetDirectoryInfo.json").text, expected, "777 is hidden");
    let xml = office.fusion("/xml/dbGetDirectoryInfo.php").text;
    let lines: Vec<&str> = xml.lines().map(str::trim).collect();
    assert_eq!(
        lines,
        [
            "<DirectoryInfo>",
            "<DirectoryEntry>",
            "<login>tim</login>",
            "<ext>666</ext>",
            "<fn>Tim</fn>",
            "<ln>Schmit</ln>",
            "<site>Gent</site>",
            "<grp>Sales</grp>",
            "<dep>Field</dep>",
            "<profile>Template-User</profile>",
            "<status>Office</status>",
            "<dp>SVE20012</dp>",
            "<sp></sp>",
            "<email>tim@example.net</email>",
            "<mobile>+32475123456</mobile>",
            "<fax>+32223</fax>",
            "<home>+32123456789</home>",
            "<pincode></pincode>",
            "<company>Fuzer</company>",
            "<office>B2</office>",
            "<source>ldap</source>",
            "</DirectoryEntry>",
            "</DirectoryInfo>",
        ]
    );
    // Each field is a filter, in either form; the first letters of its value are in no other entry.
    let all: Value = serde_json::from_str(expected).expect("JSON");
    for (name, value) in all[0].as_object().expect("an object") {
        let value = value.as_str().expect("text");
        let pattern = value.replace('+', "%2B").replace('@', "%40");
        assert_eq!(
            entries(&office, &format!("{name}={pattern}&wildcards=strict&show_invisible=1")).len(),
            if value.is_empty() { 2 } else { 1 },
            "{name}"
        );
        assert_eq!(entries(&office, &format!("{name}=%25{pattern}zz")).len(), 0, "{name}");
    }
    // The defaults: this server's key and address, the phone's context, net.PBX, nothing else.
    let hidden = entries(&office, "show_invisible=1&ext=777");
    let field = |name: &str| hidden[0][name].clone();
    assert_eq!((field("sop1"), field("sop1_ip")), (json!("00033445"), json!("192.0.2.1")));
    assert_eq!((field("sop2"), field("sop2_ip")), (json!(""), json!("")));
    assert_eq!((field("context_id"), field("context_name")), (json!("1"), json!("internal")));
    assert_eq!(
        (field("source"), field("site"), field("outgoing_number")),
        (json!("net.PBX"), Value::Null, Value::Null)
    );
    conformance::proves("FUS-ADM-02");
    conformance::proves_partly("FUS-LIM-12", "functions that are missing: parking, queues, recording, PUM");
    conformance::proves_partly("FUS-ADM-05", "profile and status are texts of no meaning until there are profiles");
}

/// The rest of a directory's life goes over our own API: numbers without phones, a second phone, changes that show at once.
#[test]
fn wire_what_our_own_api_changes_shows_at_once() {
    let office = Office::configured(OFFICE);
    let devices = office.get("/devices")["items"].as_array().expect("a list").clone();
    let device = |resource: &str| devices.iter().find(|it| it["resource"] == resource).map(|it| it["id"].clone());
    let made =
        office.post("/extensions", json!({ "number": "5000", "last_name": "Menu", "fields": { "grp": "Services" } }));
    let entry = &entries(&office, "ext=5000")[0];
    assert_eq!(
        (&entry["ln"], &entry["grp"], &entry["dp"], &entry["sp"]),
        (&json!("Menu"), &json!("Services"), &json!(""), &json!(""))
    );
    assert_eq!(entry["context_name"], "", "nothing of it has a context");
    let id = made["result"]["id"].as_str().expect("an id");
    let change = json!({ "primary": device("SVE20012"), "secondary": device("SDX60076"), "fields": { "hidden": "1" } });
    let changed = office.console("PATCH", &format!("/extensions/{id}"), Some(change));
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert!(entries(&office, "ext=5000").is_empty(), "hidden now");
    let entry = &entries(&office, "ext=5000&show_invisible=yes")[0];
    assert_eq!(
        (&entry["dp"], &entry["sp"], &entry["context_name"]),
        (&json!("SVE20012"), &json!("SDX60076"), &json!("internal"))
    );
    let twice = office.console("POST", "/extensions", Some(json!({ "number": "666" })));
    assert!(twice.status >= 400, "a number is there once");
    conformance::proves_partly("FUS-ADM-04", "routes per context");
}
