//! Requests: one file per service, named as the vendor names it. What they share is here: who asks, sessions, orders.
//!
//! Checks come in the order of TEL-ERR-10: syntax, session, exchange, call.

mod answer_call;
mod close_session;
mod drop_call;
mod make_call;
mod open_session;
mod query_history;
mod snapshot;

use super::error::TelError;
use super::id;
use super::session::Over;
use super::turns::Turn;
use super::wire::{self, Absent, Request, decode_within};
use super::{DOOR, Door};
use crate::common::ask::{Ask, Back, Fault};
use crate::common::exchange::Submit;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::task::Poll;
use switching::command::{Answer, DeviceName, Guard, Principal, Verb, Which};
use switching::id::DeviceId;
use switching::model::ConnectionState;
use switching::party::Digits;
use switching::refusal::Refusal;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    pub(super) ip: IpAddr,
    /// By HTTP: a snapshot then carries its number (TEL-REQ-26).
    pub(super) http: bool,
}

/// What a request comes to: a return of its own, the standard one, or an error.
type Done = Result<Option<String>, TelError>;

/// The device of a session.
struct Open {
    key: String,
    device: DeviceId,
}

impl Door {
    /// Answers one request in octets with one return.
    pub(super) async fn answer(&self, octets: &[u8], client: Client) -> String {
        match decode_within(octets, &self.0.config.bounds) {
            Ok(request) => {
                let turn = self.turn_of(&request);
                self.in_turn(request, client, turn).await
            }
            Err(malformed) => {
                tracing::info!(dialect = "telservices", client = %client.ip, %malformed, "rejected");
                wire::error(TelError::Reject.name())
            }
        }
    }

    /// The place of a request in the line of its device; none: it is about none (TEL-TRN-01).
    pub(super) fn turn_of(&self, request: &Request) -> Option<Turn> {
        let number = match request {
            Request::OpenSession(open) => &open.device,
            Request::CloseSession { device, .. }
            | Request::MakeCall { device, .. }
            | Request::AnswerCall { device, .. }
            | Request::DropCall { device, .. }
            | Request::Snapshot { device, .. }
            | Request::Absent(_, Some(device)) => device,
            Request::QueryHistory(_) | Request::Absent(_, None) => return None,
        };
        let key = self.device(number).map_or_else(|| id::key(number), |device| format!("device {}", device.0));
        Some(self.0.turns.take(key))
    }

    /// Carries out one request when its turn comes. What waits for a phone or for an event lets the next one go on as soon as it has
    /// been asked for.
    pub(super) async fn in_turn(&self, request: Request, client: Client, turn: Option<Turn>) -> String {
        let Some(mut turn) = turn else { return self.carry_out(request, client).await };
        turn.comes().await;
        let waits = matches!(request, Request::AnswerCall { .. } | Request::Snapshot { poll: Some(_), .. });
        let mut work = pin!(self.carry_out(request, client));
        if waits {
            let begun = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await;
            drop(turn);
            return match begun {
                Poll::Ready(answer) => answer,
                Poll::Pending => work.await,
            };
        }
        work.await
    }

    /// Carries out one request.
    async fn carry_out(&self, request: Request, client: Client) -> String {
        let done = match request {
            Request::OpenSession(open) => self.open_session(open, client).await,
            Request::CloseSession { device, after_s, client_only } => {
                self.close_session(&device, after_s, client_only, client).await
            }
            Request::MakeCall { device, called, extra } => self.make_call(&device, &called, extra, client).await,
            Request::AnswerCall { device, calling } => self.answer_call(&device, calling.as_deref(), client).await,
            Request::DropCall { device, other } => self.drop_call(&device, other.as_deref(), client).await,
            Request::Snapshot { device, poll } => self.snapshot(&device, poll, client).await,
            Request::QueryHistory(query) => self.query_history(&query).await,
            Request::Absent(needs, device) => self.absent(needs, device.as_deref(), client).await,
        };
        match done {
            Ok(None) => wire::standard(),
            Ok(Some(result)) => result,
            Err(error) => {
                tracing::info!(dialect = "telservices", client = %client.ip, error = error.name(), "refused");
                wire::error(error.name())
            }
        }
    }

    /// A service that this exchange does not have: it refuses, where one with a session would.
    async fn absent(&self, needs: Absent, device: Option<&str>, client: Client) -> Done {
        match (needs, device) {
            (Absent::Call, Some(device)) => {
                self.session(device, client).await?;
                Err(TelError::PbxReject)
            }
            (Absent::Exchange, _) => Err(TelError::PbxReject),
            (Absent::Server, _) | (Absent::Call, None) => Err(TelError::Reject),
        }
    }

    /// Gives a command; what it did is in the mirror when this returns.
    async fn order(&self, verb: Verb, client: Client) -> Result<Answer, Refusal> {
        self.submit(verb, Guard::default(), client).await
    }

    async fn submit(&self, verb: Verb, guard: Guard, client: Client) -> Result<Answer, Refusal> {
        let by = Principal { door: DOOR.to_owned(), account: client.ip.to_string() };
        let link_timeout_ms = self.0.config.link_timeout_ms;
        let submit = Submit { deadline_ms: Some(link_timeout_ms), guard, ..Submit::plain(by, verb) };
        let clock = self.0.exchange.clock();
        let until = clock.now().after_ms(link_timeout_ms);
        let answered = async {
            let reply = self.0.exchange.command(submit).await.map_err(|_| Refusal::OutOfService)?;
            self.0.exchange.reached(reply.through).await;
            if let Err(refusal) = &reply.outcome {
                tracing::info!(dialect = "telservices", request = %reply.request, refused = refusal.name(), "refused");
            }
            reply.outcome
        };
        tokio::select! {
            biased;
            outcome = answered => outcome,
            // An exchange that says nothing may still do it; events will tell (TEL-ERR-03).
            () = clock.sleep_until(until) => Err(Refusal::PeerTimeout),
        }
    }

    /// Asks something beside the core; who has no answer in time has run out of something (TEL-ERR-09).
    async fn ask<T>(&self, ask: impl FnOnce(Back<Result<T, Fault>>) -> Ask) -> Result<T, TelError> {
        let clock = self.0.exchange.clock();
        let until = clock.now().after_ms(self.0.config.link_timeout_ms);
        tokio::select! {
            biased;
            answer = self.0.exchange.ask(ask) => Ok(answer??),
            () = clock.sleep_until(until) => Err(TelError::ResourceError),
        }
    }

    async fn order_done(&self, verb: Verb, client: Client) -> Done {
        self.order(verb, client).await.map(|_| None).map_err(|refusal| TelError::of(&refusal))
    }

    /// The device of a number, as the exchange has it.
    fn device(&self, number: &str) -> Option<DeviceId> {
        let number = id::number(number)?;
        self.0.exchange.read(|picture| picture.resolve(&DeviceName::Number(number)))
    }

    /// The session that a service needs; the time of the client starts anew, and a device that was not watched yet is from now.
    async fn session(&self, number: &str, client: Client) -> Result<Open, TelError> {
        let resolved = self.device(number);
        let now = self.0.exchange.clock().now();
        let found = self.0.stream.sessions(|sessions, _, _| {
            let key = sessions.find(number, resolved)?;
            sessions.touch(&key, client.ip, now);
            let device = sessions.get(&key)?.device;
            Some((key, device))
        });
        self.0.timers.notify_one();
        let (key, device) = found.ok_or(TelError::NoOpenSession)?;
        let device = match device {
            Some(device) => device,
            None => self.monitor_late(&key, client).await?,
        };
        Ok(Open { key, device })
    }

    /// Begins to watch the device of a session that had put it off; where that fails, the session is over (TEL-SES-11).
    async fn monitor_late(&self, key: &str, client: Client) -> Result<DeviceId, TelError> {
        match self.monitor(key, client).await {
            Ok(device) => {
                self.0.stream.sessions(|sessions, _, _| sessions.watch(key, device));
                self.keep_watching(device, client).await;
                Ok(device)
            }
            Err(error) => {
                let over = Over::MonitoringReject;
                self.0.stream.sessions(|sessions, out, tail| sessions.end(key, over, None, out, tail));
                Err(error)
            }
        }
    }

    /// Opens the application session on the device that a number means. A number that nobody has is the exchange's to refuse.
    async fn monitor(&self, number: &str, client: Client) -> Result<DeviceId, TelError> {
        let device = self.device(number);
        let name = device.map(DeviceName::Id).or_else(|| id::number(number).map(DeviceName::Number));
        let device_name = name.ok_or(TelError::PbxReject)?;
        match self.order(Verb::OpenSession { device: device_name, user: None }, client).await {
            // Another door attends to the device in somebody's name: it can be watched all the same.
            Ok(_) | Err(Refusal::SessionState) => device.or_else(|| self.device(number)).ok_or(TelError::PbxReject),
            Err(refusal) => Err(TelError::of(&refusal)),
        }
    }

    /// Another client's close may have crossed the opening: a device with a session stays watched.
    async fn keep_watching(&self, device: DeviceId, client: Client) {
        let closed =
            self.0.exchange.read(|picture| picture.devices.get(&device).is_some_and(|it| it.session.is_none()));
        if closed && self.0.stream.sessions(|sessions, _, _| sessions.is_watched(device)) {
            // Where it is refused, the device or the exchange is going: events tell that.
            let _ = self.order(Verb::OpenSession { device: DeviceName::Id(device), user: None }, client).await;
        }
    }

    /// Closes the application session of a device that has none here any more, unless another door has opened it in somebody's
    /// name.
    pub(super) async fn unwatch(&self, device: DeviceId) {
        let ours =
            self.0.exchange.read(|picture| picture.devices.get(&device).is_some_and(|it| it.session == Some(None)));
        let begins = self.0.stream.sessions(|sessions, _, _| {
            let begins = ours && !sessions.is_watched(device);
            if begins {
                sessions.closes_itself(device, true);
            }
            begins
        });
        if !begins {
            return;
        }
        let client = Client { ip: IpAddr::from([127, 0, 0, 1]), http: false };
        // A device that has gone meanwhile has no session to close.
        let _ = self.order(Verb::CloseSession { device: DeviceName::Id(device) }, client).await;
        self.0.stream.sessions(|sessions, _, _| sessions.closes_itself(device, false));
        self.keep_watching(device, client).await;
    }

    /// The other party of a call as a client names it: a number, or the call itself for a caller that shows none (TEL-REQ-38).
    fn other(device: DeviceId, number: &str, states: &[ConnectionState]) -> Result<Other, TelError> {
        match id::call_of_hidden(number) {
            Some(call) => {
                let which = Which::InCall { device: DeviceName::Id(device), call };
                Ok(Other::Call(which, states.to_vec()))
            }
            None => id::number(number).map(Other::Number).ok_or(TelError::NoCall),
        }
    }
}

/// How the other party of a call was named.
enum Other {
    /// By its number.
    Number(Digits),
    /// By the call, which has to be in one of these states.
    Call(Which, Vec<ConnectionState>),
}
