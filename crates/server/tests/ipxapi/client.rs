//! The house in which an application of the Web API is tried.

use crate::common::Office;
pub use crate::common::ipxapi::{Login, ask, basic, error};
use serde_json::json;

/// What an account of a station logs in with in [`house`].
pub const CODES: [(&str, &str); 3] = [("1001", "*1234Secr01$"), ("1004", "*1004"), ("1101", "Secr11$")];

/// A house of three simulated phones (1003 never answers, 1004 may not call 1003 and does not answer on command), a SIP phone that is not there, server accounts with all
/// privileges and with one, and the account of station 1001. Stations 1004 and 1101 have codes of their own.
pub fn house() -> Office {
    house_with("")
}

/// The same with more in its configuration.
pub fn house_with(more: &str) -> Office {
    let mut text = String::from("[console]\ntest_control = true\n\n[tenant]\nring_timeout_s = 2\n");
    for number in ["1001", "1002", "1003"] {
        text.push_str(&format!(
            "\n[[station]]\nnumber = \"{number}\"\nkind = \"simulated\"\nlines = 1\nremote_answer = true\n"
        ));
    }
    text.push_str("\n[[station]]\nnumber = \"1004\"\nkind = \"simulated\"\nbarred = [\"1003\"]\n");
    text.push_str("authorization_code = \"*1004\"\n");
    text.push_str("\n[[station]]\nnumber = \"1101\"\npassword = \"house-1101\"\nsuffix_code = \"Secr11$\"\n");
    text.push_str("\n[[trunk]]\nname = \"outside\"\ncircuits = 2\ndids = { \"+3225550100\" = \"1001\" }\n");
    for user in ["one", "two", "three", "four"] {
        text.push_str(&format!("\n[[account]]\ndoor = \"ipxapi\"\nuser = \"{user}\"\npassword = \"house:{user}\"\n"));
    }
    for privilege in ["smdr", "acd", "cti"] {
        text.push_str(&format!("\n[[account]]\ndoor = \"ipxapi\"\nuser = \"{privilege}\"\n"));
        text.push_str(&format!("password = \"house:{privilege}\"\nprivileges = [\"{privilege}\"]\n"));
    }
    text.push_str(
        "\n[[account]]\ndoor = \"ipxapi\"\nuser = \"1001\"\npassword = \"*1234Secr01$\"\nstation = \"1001\"\n",
    );
    text.push_str(more);
    let office = Office::configured(&text);
    let deaf = office.console("PATCH", "/devices/number:1004", Some(json!({ "remote_answer": false })));
    assert_eq!(deaf.status, 200, "{}", deaf.text);
    office
}

impl<'a> Login<'a> {
    /// The login of one of the house's server accounts.
    pub fn server(office: &'a Office, user: &str) -> Self {
        Self::of(office, "server", user, &format!("house:{user}"))
    }

    /// The login of one of the house's stations.
    pub fn station(office: &'a Office, number: &str) -> Self {
        let (_, code) = CODES.into_iter().find(|(station, _)| *station == number).expect("a station with codes");
        Self::of(office, "client", number, code)
    }
}
