//! What the documents hold, in the vendor's words: plain values without a meaning yet.

/// A request document (CCX-06, CCX-14).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// `request/@type`.
    pub kind: Option<String>,
    /// `request/@servicename`.
    pub servicename: Option<String>,
    /// `request/@encrypt`.
    pub encrypt: Option<String>,
    /// `request/@requestid`, which is given back.
    pub requestid: Option<String>,
    /// The commands in order.
    pub commands: Vec<ClickToCall>,
}

/// One command: texts without the white space around them; an element that is not there is empty.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ClickToCall {
    /// `userinfo/stnnum`.
    pub stnnum: String,
    /// `userinfo/userid`.
    pub userid: String,
    /// `userinfo/userpwd`.
    pub userpwd: String,
    /// `userinfo/userpwd/@encrypt`.
    pub userpwd_encrypt: Option<String>,
    /// `srcinfo/dialnum`.
    pub source: String,
    /// `destinfo/@calltype`.
    pub calltype: Option<String>,
    /// `destinfo/dialnum`.
    pub destination: String,
}

impl std::fmt::Debug for ClickToCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the password.
        f.debug_struct("ClickToCall")
            .field("stnnum", &self.stnnum)
            .field("userid", &self.userid)
            .field("source", &self.source)
            .field("calltype", &self.calltype)
            .field("destination", &self.destination)
            .finish_non_exhaustive()
    }
}
