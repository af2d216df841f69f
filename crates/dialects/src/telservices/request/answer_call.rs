//! answerCall (TEL-REQ-06): the alerting call of a caller, else the one that came first.

use super::super::Door;
use super::super::error::TelError;
use super::{Client, Done, Other};
use switching::command::{DeviceName, Guard, Verb, Which};
use switching::model::ConnectionState;

/// The states in which a call can be answered (TEL-CALL-16).
const ANSWERABLE: &[ConnectionState] = &[ConnectionState::Alerting];

impl Door {
    pub(super) async fn answer_call(&self, number: &str, calling: Option<&str>, client: Client) -> Done {
        let open = self.session(number, client).await?;
        let oldest = |other_party| Which::OfDevice {
            device: DeviceName::Id(open.device),
            states: ANSWERABLE.to_vec(),
            other_party,
        };
        let which = match calling.map(|number| Self::other(open.device, number, ANSWERABLE)).transpose()? {
            None => oldest(None),
            Some(Other::Number(number)) => oldest(Some(number)),
            Some(Other::Call(which, states)) => {
                return self.order_guarded(Verb::AnswerCall { which }, states, client).await;
            }
        };
        self.order_done(Verb::AnswerCall { which }, client).await
    }

    /// Gives a command about one call, which has to be in one of these states.
    pub(super) async fn order_guarded(&self, verb: Verb, states: Vec<ConnectionState>, client: Client) -> Done {
        let guard = Guard { states, ..Guard::default() };
        self.submit(verb, guard, client).await.map(|_| None).map_err(|refusal| TelError::of(&refusal))
    }
}
