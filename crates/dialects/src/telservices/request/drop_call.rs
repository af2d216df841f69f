//! dropCall (TEL-REQ-11): the connected call first, then one that is being placed, failed or held; never one that rings.

use super::super::Door;
use super::{Client, Done, Other};
use switching::command::{Choice, DeviceName, Verb, Which};
use switching::model::ConnectionState;

/// What is dropped, in the order of choice.
const CHOICES: &[Choice] = &[
    choice(ConnectionState::Connected, Some(true)),
    choice(ConnectionState::Connected, Some(false)),
    choice(ConnectionState::Initiated, None),
    choice(ConnectionState::Fail, None),
    choice(ConnectionState::Hold, None),
];

/// The states in which a call can be dropped (TEL-CALL-16).
const DROPPABLE: &[ConnectionState] =
    &[ConnectionState::Connected, ConnectionState::Initiated, ConnectionState::Fail, ConnectionState::Hold];

const fn choice(state: ConnectionState, answered: Option<bool>) -> Choice {
    Choice { state, answered }
}

impl Door {
    pub(super) async fn drop_call(&self, number: &str, other: Option<&str>, client: Client) -> Done {
        let open = self.session(number, client).await?;
        let latest =
            |other_party| Which::Latest { device: DeviceName::Id(open.device), choices: CHOICES.to_vec(), other_party };
        let which = match other.map(|number| Self::other(open.device, number, DROPPABLE)).transpose()? {
            None => latest(None),
            Some(Other::Number(number)) => latest(Some(number)),
            Some(Other::Call(which, states)) => {
                return self.order_guarded(Verb::ClearConnection { which }, states, client).await;
            }
        };
        self.order_done(Verb::ClearConnection { which }, client).await
    }
}
