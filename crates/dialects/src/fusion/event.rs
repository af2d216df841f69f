//! What each core event is on the event socket (FUS-EVT-02, FUS-EVT-04, FUS-EVT-06).
//!
//! Three events exist in the vendor's guide; of these `evParked` has no core event yet. All else is polled by the clients.

use super::channel::{caller, shown_number};
use super::id;
use super::wire::xml::push_escaped;
use switching::event::{Event, What};
use switching::picture::{Before, Picture};

/// The frame of `evPong`.
pub const PONG: &[u8] = b"<evPong>\n</evPong>\n";

/// The frame of one core event, if the vendor has one for it.
#[must_use]
pub fn render(_before: &Before<'_>, event: &Event, after: &Picture) -> Option<Vec<u8>> {
    match &event.what {
        What::Originated { connection, dialled, .. } => {
            let connection = after.connections.get(connection)?;
            let channel = id::channel(after, connection);
            let fields = [
                ("Channel", channel.as_str()),
                ("CallerId", shown_number(caller(after, connection))),
                ("Extension", dialled.as_str()),
            ];
            Some(frame("evNewOrigChannel", &fields))
        }
        What::ServiceInitiated { .. }
        | What::Delivered { .. }
        | What::Established { .. }
        | What::Failed { .. }
        | What::ConnectionCleared { .. }
        | What::CallCleared { .. }
        | What::StageOpened { .. }
        | What::StageClosed { .. }
        | What::CallInformation { .. }
        | What::DigitsGenerated { .. }
        | What::BackInService { .. }
        | What::OutOfService { .. }
        | What::DoNotDisturb { .. }
        | What::ApplicationSession { .. }
        | What::ConfigurationChanged(_)
        | What::Prompted { .. } => None,
    }
}

/// Start tag, one line per child, end tag; each line ends with LF (FUS-EVT-01).
fn frame(name: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let mut text = format!("<{name}>\n");
    for (field, value) in fields {
        text.push_str(&format!("<{field}>"));
        push_escaped(&mut text, value);
        text.push_str(&format!("</{field}>\n"));
    }
    text.push_str(&format!("</{name}>\n"));
    text.into_bytes()
}
