//! The house in which an application of the Web API is tried.

use crate::common::Office;
pub use crate::common::ipxapi::{Login, ask, basic, error};

/// A house of three simulated phones (1003 never answers, 1004 may not call 1003), a SIP phone that is not there, five server accounts and
/// the account of station 1001.
pub fn house() -> Office {
    let mut text = String::from("[console]\ntest_control = true\n\n[tenant]\nring_timeout_s = 2\n");
    for number in ["1001", "1002", "1003"] {
        text.push_str(&format!(
            "\n[[station]]\nnumber = \"{number}\"\nkind = \"simulated\"\nlines = 1\nremote_answer = true\n"
        ));
    }
    text.push_str("\n[[station]]\nnumber = \"1004\"\nkind = \"simulated\"\nbarred = [\"1003\"]\n");
    text.push_str("\n[[station]]\nnumber = \"1101\"\npassword = \"house-1101\"\n");
    text.push_str("\n[[trunk]]\nname = \"outside\"\ncircuits = 2\ndids = { \"+3225550100\" = \"1001\" }\n");
    for user in ["one", "two", "three", "four"] {
        text.push_str(&format!("\n[[account]]\ndoor = \"ipxapi\"\nuser = \"{user}\"\npassword = \"house:{user}\"\n"));
    }
    text.push_str(
        "\n[[account]]\ndoor = \"ipxapi\"\nuser = \"1001\"\npassword = \"*1234Secr01$\"\nstation = \"1001\"\n",
    );
    Office::configured(&text)
}

impl<'a> Login<'a> {
    /// The login of one of the house's server accounts.
    pub fn server(office: &'a Office, user: &str) -> Self {
        Self::of(office, "server", user, &format!("house:{user}"))
    }
}
