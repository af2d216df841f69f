//! Header names: the ones this stack reads, their compact forms (RFC 3261 7.3.3), and [`HeaderName::Other`] for the
//! rest, whose spelling stays in the message. Names are case insensitive.

/// Longest name that is compared with the table; a longer one is `Other`.
const KNOWN_NAME_LEN_MAX: usize = 24;

macro_rules! header_names {
    ($($variant:ident = $text:literal, $lower:literal $(, $compact:literal)?;)*) => {
        /// The name of a header field.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum HeaderName {
            $(#[doc = $text] $variant,)*
            /// A name outside the table; see [`crate::message::Header::name`] for its spelling.
            Other,
        }

        impl HeaderName {
            fn from_lower(name: &[u8]) -> HeaderName {
                $(if name == $lower { return HeaderName::$variant })*
                HeaderName::Other
            }

            fn from_compact(letter: u8) -> HeaderName {
                match letter {
                    $($($compact => HeaderName::$variant,)?)*
                    _ => HeaderName::Other,
                }
            }

            /// The usual spelling; empty for `Other`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(HeaderName::$variant => $text,)*
                    HeaderName::Other => "",
                }
            }
        }
    };
}

header_names! {
    Via = "Via", b"via", b'v';
    From = "From", b"from", b'f';
    To = "To", b"to", b't';
    CallId = "Call-ID", b"call-id", b'i';
    CSeq = "CSeq", b"cseq";
    Contact = "Contact", b"contact", b'm';
    MaxForwards = "Max-Forwards", b"max-forwards";
    ContentLength = "Content-Length", b"content-length", b'l';
    ContentType = "Content-Type", b"content-type", b'c';
    Route = "Route", b"route";
    RecordRoute = "Record-Route", b"record-route";
    UserAgent = "User-Agent", b"user-agent";
    Allow = "Allow", b"allow";
    Supported = "Supported", b"supported", b'k';
    Require = "Require", b"require";
    ProxyRequire = "Proxy-Require", b"proxy-require";
    Unsupported = "Unsupported", b"unsupported";
    Accept = "Accept", b"accept";
    AcceptEncoding = "Accept-Encoding", b"accept-encoding";
    AcceptLanguage = "Accept-Language", b"accept-language";
    AlertInfo = "Alert-Info", b"alert-info";
    AllowEvents = "Allow-Events", b"allow-events", b'u';
    AnswerMode = "Answer-Mode", b"answer-mode";
    Authorization = "Authorization", b"authorization";
    CallInfo = "Call-Info", b"call-info";
    ContentDisposition = "Content-Disposition", b"content-disposition";
    ContentEncoding = "Content-Encoding", b"content-encoding", b'e';
    ContentLanguage = "Content-Language", b"content-language";
    Date = "Date", b"date";
    Diversion = "Diversion", b"diversion";
    Event = "Event", b"event", b'o';
    Expires = "Expires", b"expires";
    HistoryInfo = "History-Info", b"history-info";
    InfoPackage = "Info-Package", b"info-package";
    MinExpires = "Min-Expires", b"min-expires";
    MinSe = "Min-SE", b"min-se";
    PAssertedIdentity = "P-Asserted-Identity", b"p-asserted-identity";
    PPreferredIdentity = "P-Preferred-Identity", b"p-preferred-identity";
    Path = "Path", b"path";
    Privacy = "Privacy", b"privacy";
    ProxyAuthenticate = "Proxy-Authenticate", b"proxy-authenticate";
    ProxyAuthorization = "Proxy-Authorization", b"proxy-authorization";
    RAck = "RAck", b"rack";
    Reason = "Reason", b"reason";
    RecvInfo = "Recv-Info", b"recv-info";
    ReferTo = "Refer-To", b"refer-to", b'r';
    ReferredBy = "Referred-By", b"referred-by", b'b';
    RemotePartyId = "Remote-Party-ID", b"remote-party-id";
    Replaces = "Replaces", b"replaces";
    RetryAfter = "Retry-After", b"retry-after";
    RSeq = "RSeq", b"rseq";
    Server = "Server", b"server";
    ServiceRoute = "Service-Route", b"service-route";
    SessionExpires = "Session-Expires", b"session-expires", b'x';
    SipEtag = "SIP-ETag", b"sip-etag";
    SipIfMatch = "SIP-If-Match", b"sip-if-match";
    Subject = "Subject", b"subject", b's';
    SubscriptionState = "Subscription-State", b"subscription-state";
    Timestamp = "Timestamp", b"timestamp";
    Warning = "Warning", b"warning";
    WwwAuthenticate = "WWW-Authenticate", b"www-authenticate";
}

impl HeaderName {
    /// The name of this spelling, long or compact.
    pub fn from_bytes(name: &[u8]) -> HeaderName {
        if let [letter] = name {
            return HeaderName::from_compact(letter.to_ascii_lowercase());
        }
        let mut lower = [0u8; KNOWN_NAME_LEN_MAX];
        let Some(lower) = lower.get_mut(..name.len()) else { return HeaderName::Other };
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        HeaderName::from_lower(lower)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compact_and_long_forms_agree() {
        for (long, compact) in [("Call-ID", "i"), ("Contact", "M"), ("VIA", "v"), ("session-expires", "x")] {
            assert_eq!(HeaderName::from_bytes(long.as_bytes()), HeaderName::from_bytes(compact.as_bytes()));
        }
        assert_eq!(HeaderName::from_bytes(b"X-Anything"), HeaderName::Other);
        assert_eq!(HeaderName::from_bytes(b"z"), HeaderName::Other);
        assert_eq!(HeaderName::from_bytes(&[b'a'; 300]), HeaderName::Other);
    }
}
