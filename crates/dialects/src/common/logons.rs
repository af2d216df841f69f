//! Who is logged in at a door, and who was: what an operator sees and may end (IPX-ADM-17, IPX-ADM-18).
//!
//! A door that has logins lends its list to the exchange's handle; whoever keeps the house finds it there by the door's name.

use std::net::IpAddr;
use switching::time::Time;

/// One login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logon {
    /// Its number at the door; none is given twice in one life of the program.
    pub number: u64,
    /// Whose it is.
    pub user: String,
    /// Where it came from.
    pub address: Option<IpAddr>,
    /// What the account may do, in the door's words.
    pub authority: String,
    /// When it began.
    pub since: Time,
    /// When and how it ended; none: it goes on.
    pub ended: Option<(Time, Left)>,
}

/// How a login ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Its user said so.
    Logout,
    /// An operator said so.
    Forced,
    /// Nothing was heard for too long.
    Timeout,
}

impl Left {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Logout, Self::Forced, Self::Timeout];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::Forced => "forced",
            Self::Timeout => "timeout",
        }
    }
}

/// A door's list of logins.
pub trait Logons: Send + Sync {
    /// Those that go on, and the last of those that ended, by number.
    fn list(&self) -> Vec<Logon>;

    /// Ends one as an operator does. False: it does not go on.
    fn force_out(&self, number: u64) -> bool;
}
