//! Choice and admission: from selectors and guards to devices and connections.

use crate::command::{Choice, DeviceName, Guard, Which};
use crate::id::{CallId, ConnectionId, DeviceId};
use crate::limits::TOMBSTONE_LIFE_MS;
use crate::model::{Connection, ConnectionState, Shown};
use crate::party::{Digits, Presentation};
use crate::picture::Picture;
use crate::refusal::Refusal;
use crate::switch::Switch;

impl Picture {
    /// The device an application names. A number means the device with that number, else the primary (else secondary) phone of
    /// that directory number.
    #[must_use]
    pub fn resolve(&self, name: &DeviceName) -> Option<DeviceId> {
        match name {
            DeviceName::Id(id) => self.devices.contains_key(id).then_some(*id),
            DeviceName::Number(number) => self.device_by_number(number).map(|device| device.id).or_else(|| {
                let (_, extension) = self.extension_by_number(number)?;
                extension.config.primary.or(extension.config.secondary)
            }),
            DeviceName::Sip(user) => self.device_by_sip(user).map(|device| device.id),
            DeviceName::Resource(resource) => self.device_by_resource(resource).map(|device| device.id),
        }
    }
}

impl Switch {
    pub(crate) fn device(&self, name: &DeviceName) -> Result<DeviceId, Refusal> {
        self.state.picture.resolve(name).ok_or(Refusal::UnknownDevice)
    }

    /// Chooses the connection a command is about and checks the guard.
    pub(crate) fn admit(&self, which: &Which, guard: &Guard) -> Result<ConnectionId, Refusal> {
        let connection = match which {
            Which::Connection(id) => self.connection_or_grave(*id)?,
            Which::InCall { device, call } => {
                let device = self.device(device)?;
                self.in_call(device, *call)?
            }
            Which::OfDevice { device, states, other_party } => {
                let device = self.device(device)?;
                self.of_device(device, states, other_party.as_ref())?
            }
            Which::Latest { device, choices, other_party } => {
                let device = self.device(device)?;
                self.latest(device, choices, other_party.as_ref())?
            }
        };
        self.guard_connection(connection, guard)?;
        Ok(connection.id)
    }

    fn connection_or_grave(&self, id: ConnectionId) -> Result<&Connection, Refusal> {
        let now = self.state.now;
        let buried = || {
            self.state.tombstones.iter().any(|(at, grave, _)| *grave == id && now.ms_since(*at) <= TOMBSTONE_LIFE_MS)
        };
        match self.state.picture.connections.get(&id) {
            Some(connection) => Ok(connection),
            None if buried() => Err(Refusal::AlreadyOver),
            None => Err(Refusal::UnknownConnection),
        }
    }

    fn in_call(&self, device: DeviceId, call: CallId) -> Result<&Connection, Refusal> {
        let picture = &self.state.picture;
        let live = picture.calls.get(&call).and_then(|call| picture.connections_of(call).find(|c| c.device == device));
        match live {
            Some(connection) => Ok(connection),
            None if !picture.calls.contains_key(&call) && self.was_there(call) => Err(Refusal::AlreadyOver),
            None => Err(Refusal::UnknownConnection),
        }
    }

    /// Whether a call ended a short while ago.
    pub(crate) fn was_there(&self, call: CallId) -> bool {
        let now = self.state.now;
        self.state.tombstones.iter().any(|(at, _, grave)| *grave == call && now.ms_since(*at) <= TOMBSTONE_LIFE_MS)
    }

    fn of_device(
        &self,
        device: DeviceId,
        states: &[ConnectionState],
        other_party: Option<&Digits>,
    ) -> Result<&Connection, Refusal> {
        let connections = self.connections_with(device, other_party);
        states
            .iter()
            .find_map(|state| connections.iter().find(|connection| connection.state == *state))
            .copied()
            .ok_or_else(|| Refusal::NoSuchCall { wanted: states.to_vec() })
    }

    /// Among equals the one that began to talk, to ring or to be last.
    fn latest(
        &self,
        device: DeviceId,
        choices: &[Choice],
        other_party: Option<&Digits>,
    ) -> Result<&Connection, Refusal> {
        let connections = self.connections_with(device, other_party);
        let since = |it: &&&Connection| (it.party_since.or(it.answered).or(it.alerting).unwrap_or(it.created), it.id);
        let fits = |it: &Connection, choice: &Choice| {
            it.state == choice.state && choice.answered.is_none_or(|answered| it.answered.is_some() == answered)
        };
        choices
            .iter()
            .find_map(|choice| connections.iter().filter(|it| fits(it, choice)).max_by_key(since))
            .copied()
            .ok_or_else(|| Refusal::NoSuchCall { wanted: choices.iter().map(|choice| choice.state).collect() })
    }

    fn connections_with(&self, device: DeviceId, other_party: Option<&Digits>) -> Vec<&Connection> {
        let picture = &self.state.picture;
        picture
            .devices
            .get(&device)
            .into_iter()
            .flat_map(|device| &device.connections)
            .filter_map(|id| picture.connections.get(id))
            .filter(|connection| other_party.is_none_or(|number| self.has_party(connection, number)))
            .collect()
    }

    fn has_party(&self, connection: &Connection, number: &Digits) -> bool {
        let picture = &self.state.picture;
        picture.calls.get(&connection.call).is_some_and(|call| {
            let caller = call.caller_shown();
            // A caller that does not show its number cannot be found by it.
            let hidden = caller.is_some_and(|caller| caller.presentation != Presentation::Allowed);
            let hides = |other: &Connection| hidden && other.placed && !connection.placed;
            let shown = |shown: &Shown| !connection.placed && !hidden && shown.second.number == *number;
            call.dialled == *number
                || call.shown.as_deref().is_some_and(shown)
                || picture.connections_of(call).any(|other| {
                    other.id != connection.id
                        && !hides(other)
                        && (other.party.number == *number || other.addressed.number == *number)
                })
        })
    }

    fn guard_connection(&self, connection: &Connection, guard: &Guard) -> Result<(), Refusal> {
        if guard.device_idle {
            self.guard_idle(connection.device)?;
        }
        if !guard.states.is_empty() && !guard.states.contains(&connection.state) {
            return Err(Refusal::ConnectionState { found: connection.state });
        }
        match &guard.other_party {
            Some(number) if !self.has_party(connection, number) => {
                Err(Refusal::NoSuchCall { wanted: guard.states.clone() })
            }
            _ => Ok(()),
        }
    }

    /// Refuses when the device takes part in any call.
    pub(crate) fn guard_idle(&self, device: DeviceId) -> Result<(), Refusal> {
        let connections = u32::try_from(self.state.legs.lines_taken(device)).unwrap_or(u32::MAX);
        if connections == 0 { Ok(()) } else { Err(Refusal::DeviceState { connections }) }
    }
}
