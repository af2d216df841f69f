//! What the administrator of either product sets up (CCX-04): the licence, the feature of a station, and whose password counts.

use crate::common::Office;
use crate::common::ipxapi::Login;
use crate::desk::{Desk, answer_of, codes, destination, document, post, results, states};
use serde_json::json;
use std::path::Path;

/// Phones 1001 to 1005, with the door's licence or without.
///
/// 1001 has what iPECS-CM has: an extension password by its number. 1002 has a user of iPECS UCP's: an id of its own, and 1002 as
/// the desired number. 1003 has an authorization and a suffix code alone; 1004 has codes and an extension password. The feature is
/// disabled at 1005, whose user is known.
fn house(dir: &Path, licence: bool) -> Office {
    let mut text = format!(
        "[listen]\nsip_udp = []\nsip_tcp = []\nconsole = \"127.0.0.1:0\"\nclickcall = \"127.0.0.1:0\"\nipxapi = \"127.0.0.1:0\"\n\
         [console]\ntest_control = true\ncommands_per_min = 100000\nreads_per_min = 100000\n\
         [clickcall]\nlicence = {licence}\n"
    );
    for number in 1001..=1005 {
        text.push_str(&format!("[[station]]\nnumber = \"{number}\"\nkind = \"simulated\"\nlines = 1\n"));
        match number {
            1003 => text.push_str("authorization_code = \"*1234\"\nsuffix_code = \"Secr03$\"\n"),
            1004 => text.push_str("authorization_code = \"*1234\"\nsuffix_code = \"Secr04$\"\n"),
            1005 => text.push_str("no_click_to_call = true\n"),
            _ => {}
        }
    }
    for (user, password, station) in [
        ("1001", "extension-1001", "1001"),
        ("ada", "user-ada", "1002"),
        ("1004", "extension-1004", "1004"),
        ("1005", "extension-1005", "1005"),
    ] {
        text.push_str(&format!(
            "[[account]]\ndoor = \"clickcall\"\nuser = \"{user}\"\npassword = \"{password}\"\nstation = \"{station}\"\n"
        ));
    }
    text.push_str("[[account]]\ndoor = \"ipxapi\"\nuser = \"crm\"\npassword = \"crm-secret\"\n");
    let path = dir.join("office.toml");
    std::fs::write(&path, text).expect("written");
    Office::start_with(&["--config", path.to_str().expect("utf-8"), "--ephemeral-ports"])
}

fn desk(userid: &str, userpwd: &str, stnnum: &str) -> Desk {
    Desk { stnnum: stnnum.to_owned(), userid: userid.to_owned(), userpwd: userpwd.to_owned() }
}

fn users() -> [Desk; 4] {
    [
        desk("1001", "extension-1001", "1001"),
        desk("ada", "user-ada", "1002"),
        desk("1003", "*1234Secr03$", "1003"),
        desk("1004", "extension-1004", "1004"),
    ]
}

#[test]
fn wire_licence_and_accounts_of_both_products() {
    let without = tempfile::tempdir().expect("a directory");
    let office = house(without.path(), false);
    for user in users() {
        let call = user.call(&user.stnnum, "1005");
        assert_eq!(post(&office, &call).text, answer_of(104, "NOK Etc"), "{}", user.userid);
        assert_eq!(codes(&office, &user.hang_up()), [104], "{}", user.userid);
        let command = user.command("", &destination("", "1005"));
        let several = results(&post(&office, &document(" cmd_cnt=\"2\"", &[command.as_str(), &command].concat())));
        assert_eq!(several, [(104, "NOK Etc".to_owned()), (104, "NOK Etc".to_owned())]);
        // What is looked at after the licence is not told without it.
        let strange = Desk { stnnum: "1005".to_owned(), ..user };
        assert_eq!(codes(&office, &strange.call("1005", "1001")), [104]);
    }
    assert_eq!(codes(&office, &desk("1001", "wrong", "1001").call("1001", "1002")), [101], "the password comes first");
    assert!(states(&office).is_empty() && office.get("/calls")["items"].as_array().is_some_and(Vec::is_empty));
    drop(office);

    let with = tempfile::tempdir().expect("a directory");
    let office = house(with.path(), true);
    for user in users() {
        assert_eq!(post(&office, &user.call("", "1005")).text, answer_of(100, "OK"), "{}", user.userid);
        let rings = office.get("/connections")["items"][0].clone();
        assert_eq!(rings["device"], office.get(&format!("/devices/number:{}", user.stnnum))["id"], "{rings}");
        assert_eq!(codes(&office, &user.hang_up()), [100]);
        office.wait_idle();
    }
    // The station of the user's, and no other one, whichever table the user is of.
    assert_eq!(codes(&office, &desk("ada", "user-ada", "1001").call("", "1005")), [102]);
    assert_eq!(codes(&office, &desk("1003", "*1234Secr03$", "1001").call("", "1005")), [102]);
    // Codes count for a station that has no entry in the first table, and only in its own name.
    assert_eq!(
        codes(&office, &desk("1004", "*1234Secr04$", "1004").call("", "1005")),
        [101],
        "1004 has an entry there"
    );
    assert_eq!(codes(&office, &desk("1002", "user-ada", "1002").call("", "1005")), [101], "no entry, and no codes");
    assert_eq!(codes(&office, &desk("1003", "*1234", "1003").call("", "1005")), [101], "half of the code");
    assert_eq!(
        codes(&office, &desk("crm", "crm-secret", "1003").call("", "1005")),
        [101],
        "an application is no station"
    );
    assert_eq!(
        codes(&office, &desk("1005", "extension-1005", "1005").call("", "1001")),
        [104],
        "Click Call Use Option"
    );
    let set = |on: bool| office.console("PATCH", "/devices/number:1005", Some(json!({ "click_to_call": on })));
    assert_eq!(set(true).status, 200);
    assert_eq!(codes(&office, &desk("1005", "extension-1005", "1005").call("", "1001")), [100]);
    // The codes are those of the Web API, too.
    Login::of(&office, "client", "1003", "*1234Secr03$");
    conformance::proves("CCX-04");
}
