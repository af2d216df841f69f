//! Every refusal that this door tells: name, status, blame and outcome, declared once. The descriptions publish this list, and
//! a test provokes each row of it over the wire (CONSOLE A3).
//!
//! What the core could refuse but no operation here can bring about stands at the end: mapped, so that the match stays total,
//! and not published.

/// A refusal as it is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared {
    /// Its name on the wire.
    pub name: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Who is to blame: `caller`, `rights`, `peer` or `server`.
    pub blame: &'static str,
    /// What happened all the same: `unchanged`, `happened` or `unknown`.
    pub outcome: &'static str,
    /// One line on it.
    pub title: &'static str,
}

macro_rules! declare {
    ($($constant:ident $status:literal $name:literal $blame:literal $outcome:literal $title:literal;)*) => {
        $(
            #[doc = $title]
            pub const $constant: Declared =
                Declared { name: $name, status: $status, blame: $blame, outcome: $outcome, title: $title };
        )*
    };
    (told: $($constant:ident $status:literal $name:literal $blame:literal $outcome:literal $title:literal;)*) => {
        declare! { $($constant $status $name $blame $outcome $title;)* }
        /// All refusals that are told here.
        pub const TOLD: &[Declared] = &[$($constant),*];
        /// Their names.
        pub const NAMES: &[&str] = &[$($name),*];
    };
}

declare! { told:
    SYNTAX 400 "syntax" "caller" "unchanged" "The request is not well-formed";
    UNAUTHENTICATED 401 "unauthenticated" "rights" "unchanged" "Who is asking is not known";
    SCOPE 403 "scope" "rights" "unchanged" "The credential has no such right";
    ORIGIN 403 "origin" "rights" "unchanged" "Writes come from our own pages only";
    RESTRICTED 403 "restricted" "rights" "unchanged" "The class of service does not allow it";
    UNKNOWN_PATH 404 "unknown_path" "caller" "unchanged" "There is no such path";
    UNKNOWN_DEVICE 404 "unknown_device" "caller" "unchanged" "There is no such device";
    UNKNOWN_NUMBER 404 "unknown_number" "caller" "unchanged" "There is no such number";
    UNKNOWN_CALL 404 "unknown_call" "caller" "unchanged" "There is no such call";
    UNKNOWN_CONNECTION 404 "unknown_connection" "caller" "unchanged" "There is no such connection or call";
    UNKNOWN_REQUEST 404 "unknown_request" "caller" "unchanged" "No command came with this key";
    UNKNOWN_SESSION 404 "unknown_session" "caller" "unchanged" "There is no such login";
    UNKNOWN_TOKEN 404 "unknown_token" "caller" "unchanged" "There is no such token";
    UNKNOWN_PUSH 404 "unknown_push" "caller" "unchanged" "There is no such parked message";
    UNKNOWN_DOOR 404 "unknown_door" "caller" "unchanged" "There is no such door, or none with sessions";
    METHOD 405 "method" "caller" "unchanged" "That method is not known here";
    TOO_SLOW 408 "too_slow" "caller" "unchanged" "The body did not arrive in time";
    NO_SUCH_CALL 409 "no_such_call" "caller" "unchanged" "The device has no call in a state that this needs";
    DEVICE_STATE 409 "device_state" "caller" "unchanged" "The device is in another state";
    CONNECTION_STATE 409 "connection_state" "caller" "unchanged" "The connection is in another state";
    SESSION_STATE 409 "session_state" "caller" "unchanged" "The session is in another state";
    CLOCK_STATE 409 "clock_state" "caller" "unchanged" "The clock does not allow it";
    IN_USE 409 "in_use" "caller" "unchanged" "It is in use";
    NAME_TAKEN 409 "name_taken" "caller" "unchanged" "Another one has that name";
    UNREGISTERED 409 "unregistered" "peer" "unchanged" "The device is not registered";
    DEVICE_CANNOT 409 "device_cannot" "peer" "unchanged" "The device has no means to do it";
    PEER_REJECTED 409 "peer_rejected" "peer" "unchanged" "The phone refused";
    FIRST_LEG 409 "first_leg" "peer" "happened" "The first leg failed";
    ALREADY_OVER 410 "already_over" "caller" "unchanged" "It is over";
    GAP 410 "gap" "caller" "unchanged" "The stream cannot go on from there";
    PRECONDITION 412 "precondition" "caller" "unchanged" "Somebody else has changed it";
    SIZE 413 "size" "caller" "unchanged" "The body is too large";
    MEDIA_TYPE 415 "media_type" "caller" "unchanged" "The body has to be application/json";
    VALUE 422 "value" "caller" "unchanged" "A value is not as it should be";
    DESTINATION_KIND 422 "destination_kind" "caller" "unchanged" "Such a number cannot be called so";
    KEY_REUSED 422 "key_reused" "caller" "unchanged" "The key was used before with another body";
    RATE_LIMITED 429 "rate_limited" "caller" "unchanged" "Too many requests";
    INTERNAL 500 "internal" "server" "unknown" "An error of ours";
    RESOURCE 503 "resource" "server" "unchanged" "Something ran out";
    OUT_OF_SERVICE 503 "out_of_service" "server" "unchanged" "The exchange is starting or stopping";
    NOT_YET 503 "not_yet" "server" "unchanged" "The mirror has not come so far";
    PEER_TIMEOUT 504 "peer_timeout" "peer" "unknown" "The phone did not do it in time; it may still";
}

// What no operation here can bring about yet.
declare! {
    NOT_YOURS 403 "not_yours" "rights" "unchanged" "There is no right to this";
    FEATURE_OFF 403 "feature_off" "rights" "unchanged" "It is switched off";
    UNKNOWN_OBJECT 404 "unknown_object" "caller" "unchanged" "There is no such thing here";
}
