//! The public picture of one exchange, folded from its events.
//!
//! The core changes its own picture by [`Picture::fold`] alone, and every mirror outside runs the same function over the
//! log: what a client sees is what the core decided, at an exact sequence number. What is private to the core (legs,
//! timers, deferred replies) is not here.

use crate::config::{Settings, TrunkConfig, UserConfig};
use crate::event::{Configured, Event, What};
use crate::id::{CallId, ConnectionId, DeviceId, ExtensionId, StageId, TrunkId, UserId};
use crate::model::{Call, Connection, ConnectionState, Device, Extension, LastCall, Registration, Stage};
use crate::names::Index;
use crate::party::{Digits, PartyKind};
use crate::time::Time;
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// Everything that may be known of an exchange at one sequence number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Picture {
    /// The last event that is in it.
    #[n(0)]
    pub seq: u64,
    /// When that event happened.
    #[n(1)]
    pub at: Time,
    /// All devices.
    #[n(2)]
    pub devices: BTreeMap<DeviceId, Device>,
    /// All directory numbers.
    #[n(3)]
    pub extensions: BTreeMap<ExtensionId, Extension>,
    /// All persons.
    #[n(4)]
    pub users: BTreeMap<UserId, UserConfig>,
    /// All trunks.
    #[n(5)]
    pub trunks: BTreeMap<TrunkId, TrunkConfig>,
    /// The settings.
    #[n(6)]
    pub settings: Settings,
    /// Live calls.
    #[n(7)]
    pub calls: BTreeMap<CallId, Call>,
    /// Live connections.
    #[n(8)]
    pub connections: BTreeMap<ConnectionId, Connection>,
    /// Open stages.
    #[n(9)]
    pub stages: BTreeMap<StageId, Stage>,
    /// Look-up by name; derived, see [`Picture::reindex`].
    #[cbor(skip)]
    pub(crate) index: Index,
}

/// The objects an event touched, as they were before it (none: not there).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overlay {
    /// Calls.
    pub calls: Touched<CallId, Call>,
    /// Connections.
    pub connections: Touched<ConnectionId, Connection>,
    /// Stages.
    pub stages: Touched<StageId, Stage>,
    /// Devices.
    pub devices: Touched<DeviceId, Device>,
    /// Directory numbers.
    pub extensions: Touched<ExtensionId, Extension>,
}

impl Overlay {
    /// Empties it for the next event.
    pub fn clear(&mut self) {
        let Self { calls, connections, stages, devices, extensions } = self;
        calls.0.clear();
        connections.0.clear();
        stages.0.clear();
        devices.0.clear();
        extensions.0.clear();
    }
}

/// Objects of one kind that an event touched, in the order of their ids. An event touches few, so a list serves better than a tree,
/// whose nodes have room for eleven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched<K, V>(Vec<(K, Option<V>)>);

impl<K, V> Default for Touched<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord + Copy, V> Touched<K, V> {
    /// The object as it was; none: it was not touched.
    #[must_use]
    pub fn get(&self, id: K) -> Option<&Option<V>> {
        self.place(id).ok().map(|at| &self.0[at].1)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (K, &Option<V>)> {
        self.0.iter().map(|(id, old)| (*id, old))
    }

    /// Keeps what was first there.
    fn note(&mut self, id: K, old: impl FnOnce() -> Option<V>) {
        if let Err(at) = self.place(id) {
            self.0.insert(at, (id, old()));
        }
    }

    /// It was not there.
    fn note_born(&mut self, id: K) {
        match self.place(id) {
            Ok(at) => self.0[at].1 = None,
            Err(at) => self.0.insert(at, (id, None)),
        }
    }

    fn place(&self, id: K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(&id))
    }
}

/// The picture before an event: the present one under the overlay that its fold gave back.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// The picture after the event.
    pub after: &'a Picture,
    /// What the event changed.
    pub overlay: &'a Overlay,
}

macro_rules! before_lookup {
    ($($name:ident: $field:ident, $id:ty => $value:ty;)*) => {$(
        /// The object as it was before the event.
        #[must_use]
        pub fn $name(&self, id: $id) -> Option<&'a $value> {
            match self.overlay.$field.get(id) {
                Some(old) => old.as_ref(),
                None => self.after.$field.get(&id),
            }
        }
    )*};
}

impl<'a> Before<'a> {
    before_lookup! {
        call: calls, CallId => Call;
        connection: connections, ConnectionId => Connection;
        stage: stages, StageId => Stage;
        device: devices, DeviceId => Device;
        extension: extensions, ExtensionId => Extension;
    }
}

impl Picture {
    /// Takes one event into the picture. With an overlay, the old values of all it touches are put there.
    ///
    /// # Panics
    ///
    /// When the event does not follow the last one: that is a fault of ours, never of a peer.
    pub fn fold(&mut self, event: &Event, overlay: Option<&mut Overlay>) {
        assert_eq!(event.seq, self.seq + 1, "the log has no gap");
        if let Some(overlay) = overlay {
            self.remember(event, overlay);
        }
        self.seq = event.seq;
        self.at = event.at;
        self.apply(event);
        for device in &event.devices {
            if let Some(device) = self.devices.get_mut(device) {
                device.changed = event.seq;
            }
        }
    }

    /// Builds the look-up tables anew after decoding.
    pub fn reindex(&mut self) {
        self.index = Index::of(self);
    }

    fn apply(&mut self, event: &Event) {
        let at = event.at;
        match &event.what {
            What::ServiceInitiated { connection, call, .. } => self.be_born(connection, Some(call), at),
            What::Originated { connection, born, called, did, prompted, .. } => {
                if let Some(born) = born {
                    self.be_born(&born.0, Some(&born.1), at);
                }
                if let Some(connection) = self.connections.get_mut(connection) {
                    connection.state = ConnectionState::Connected;
                    if *prompted {
                        connection.supervised = connection.supervised.or(Some(at));
                        if let Some(stage) = self.stages.get_mut(&connection.stage) {
                            stage.answered = stage.answered.or(Some(at));
                            stage.user = connection.serving.user;
                        }
                    }
                    if let Some(call) = self.calls.get_mut(&connection.call) {
                        call.called = called.clone();
                        call.did.clone_from(did);
                    }
                }
            }
            What::Delivered { connection, .. } => {
                self.be_born(connection, None, at);
                if let Some(stage) = self.stages.get_mut(&connection.stage) {
                    stage.ringing = stage.ringing.or(Some(at));
                }
            }
            What::Established { connection, born, peers, .. } => {
                if let Some(born) = born {
                    self.be_born(born, None, at);
                }
                self.establish(*connection, peers, at);
            }
            What::Failed { connection, cause, .. } => {
                if let Some(connection) = self.connections.get_mut(connection) {
                    connection.state = ConnectionState::Fail;
                    connection.failed = Some(*cause);
                }
            }
            What::ConnectionCleared { connection, .. } => self.clear(*connection, at),
            What::CallCleared { call } => {
                self.calls.remove(call);
            }
            What::StageOpened { stage } => {
                if let Some(call) = self.calls.get_mut(&stage.call) {
                    call.open_stages.push(stage.id);
                    call.stage = stage.id;
                }
                self.stages.insert(stage.id, (**stage).clone());
            }
            What::StageClosed { stage, .. } => {
                self.stages.remove(&stage.id);
                if let Some(call) = self.calls.get_mut(&stage.call) {
                    call.open_stages.retain(|open| *open != stage.id);
                }
            }
            What::CallInformation { call, data, vars } => {
                if let Some(call) = self.calls.get_mut(call) {
                    call.data = (**data).clone();
                }
                if let Some((connection, vars)) = vars
                    && let Some(connection) = self.connections.get_mut(connection)
                {
                    connection.vars.clone_from(vars);
                }
            }
            What::DigitsGenerated { .. } => {}
            What::BackInService { device, contacts } => {
                if let Some(device) = self.devices.get_mut(device) {
                    device.registration = Registration::Contacts(contacts.clone());
                }
            }
            What::OutOfService { device } => {
                if let Some(device) = self.devices.get_mut(device) {
                    device.registration = Registration::Lapsed;
                }
            }
            What::DoNotDisturb { extension, on } => {
                if let Some(extension) = self.extensions.get_mut(extension) {
                    extension.do_not_disturb = *on;
                }
            }
            What::ApplicationSession { device, user, open } => {
                if let Some(device) = self.devices.get_mut(device) {
                    device.session = open.then_some(*user);
                }
            }
            What::ConfigurationChanged(change) => self.configure(change),
            What::Prompted { connection } => self.ring_first(*connection, at),
        }
    }

    fn be_born(&mut self, connection: &Connection, call: Option<&Call>, at: Time) {
        if let Some(call) = call {
            self.calls.insert(call.id, call.clone());
        }
        if let Some(call) = self.calls.get_mut(&connection.call) {
            call.connections.push(connection.id);
        }
        if let Some(device) = self.devices.get_mut(&connection.device) {
            device.connections.push(connection.id);
            let LastCall { placed, offered, .. } = &mut device.last;
            *(if connection.placed { placed } else { offered }) = Some(at);
        }
        self.connections.insert(connection.id, connection.clone());
    }

    /// The phone of a first leg rings.
    fn ring_first(&mut self, id: ConnectionId, at: Time) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.alerting = connection.alerting.or(Some(at));
        if let Some(stage) = self.stages.get_mut(&connection.stage) {
            stage.ringing = stage.ringing.or(Some(at));
        }
    }

    fn establish(&mut self, id: ConnectionId, peers: &[ConnectionId], at: Time) {
        for each in peers.iter().chain(std::iter::once(&id)) {
            let Some(connection) = self.connections.get_mut(each) else { continue };
            connection.state = ConnectionState::Connected;
            connection.supervised = connection.supervised.or(Some(at));
            connection.answered = connection.answered.or(Some(at));
            connection.party_since = Some(at);
            if let Some(device) = self.devices.get_mut(&connection.device) {
                device.last.answered = Some(at);
            }
        }
        let Some(connection) = self.connections.get(&id) else { return };
        if let Some(stage) = self.stages.get_mut(&connection.stage) {
            stage.answered = stage.answered.or(Some(at));
            stage.user = connection.serving.user;
        }
    }

    fn clear(&mut self, id: ConnectionId, at: Time) {
        let Some(connection) = self.connections.remove(&id) else { return };
        if let Some(call) = self.calls.get_mut(&connection.call) {
            call.connections.retain(|other| *other != id);
        }
        if let Some(device) = self.devices.get_mut(&connection.device) {
            device.connections.retain(|other| *other != id);
            device.last.ended = Some(at);
        }
    }

    fn configure(&mut self, change: &Configured) {
        match change {
            Configured::Device(id, config) => {
                self.index.forget_device(*id);
                match config {
                    Some(config) => {
                        self.index.add_device(*id, config);
                        let fresh = || Device {
                            id: *id,
                            config: (**config).clone(),
                            registration: Registration::Never,
                            connections: Vec::new(),
                            last: LastCall::default(),
                            changed: 0,
                            session: None,
                        };
                        self.devices.entry(*id).or_insert_with(fresh).config = (**config).clone();
                    }
                    None => {
                        self.devices.remove(id);
                    }
                }
            }
            Configured::Extension(id, config) => {
                self.index.forget_extension(*id);
                match config {
                    Some(config) => {
                        self.index.add_extension(*id, config);
                        let fresh = || Extension { config: (**config).clone(), do_not_disturb: false };
                        self.extensions.entry(*id).or_insert_with(fresh).config = (**config).clone();
                    }
                    None => {
                        self.extensions.remove(id);
                    }
                }
            }
            Configured::User(id, config) => {
                put(&mut self.users, *id, config.as_deref());
            }
            Configured::Trunk(id, config) => {
                put(&mut self.trunks, *id, config.as_deref());
            }
            Configured::Settings(settings) => self.settings = (**settings).clone(),
        }
    }

    fn remember(&self, event: &Event, overlay: &mut Overlay) {
        for id in &event.calls {
            overlay.calls.note(*id, || self.calls.get(id).cloned());
            let Some(call) = self.calls.get(id) else { continue };
            for id in &call.connections {
                overlay.connections.note(*id, || self.connections.get(id).cloned());
            }
        }
        for id in &event.devices {
            overlay.devices.note(*id, || self.devices.get(id).cloned());
        }
        let mut stage = |id: StageId| {
            overlay.stages.note(id, || self.stages.get(&id).cloned());
        };
        match &event.what {
            What::ServiceInitiated { connection, .. } | What::Delivered { connection, .. } => {
                overlay.connections.note_born(connection.id);
                stage(connection.stage);
            }
            What::Originated { born: Some(born), .. } => {
                overlay.connections.note_born(born.0.id);
            }
            What::Established { connection, born, .. } => {
                if let Some(born) = born {
                    overlay.connections.note_born(born.id);
                    stage(born.stage);
                }
                if let Some(connection) = self.connections.get(connection) {
                    stage(connection.stage);
                }
            }
            What::Originated { born: None, connection, .. } | What::Prompted { connection } => {
                if let Some(connection) = self.connections.get(connection) {
                    stage(connection.stage);
                }
            }
            What::StageOpened { stage: it } | What::StageClosed { stage: it, .. } => stage(it.id),
            What::DoNotDisturb { extension, .. } => {
                overlay.extensions.note(*extension, || self.extensions.get(extension).cloned());
            }
            What::ConfigurationChanged(Configured::Device(id, _)) => {
                overlay.devices.note(*id, || self.devices.get(id).cloned());
            }
            What::ConfigurationChanged(Configured::Extension(id, _)) => {
                overlay.extensions.note(*id, || self.extensions.get(id).cloned());
            }
            What::ConfigurationChanged(Configured::User(..) | Configured::Trunk(..) | Configured::Settings(_))
            | What::Failed { .. }
            | What::ConnectionCleared { .. }
            | What::CallCleared { .. }
            | What::CallInformation { .. }
            | What::DigitsGenerated { .. }
            | What::BackInService { .. }
            | What::OutOfService { .. }
            | What::ApplicationSession { .. } => {}
        }
    }

    /// The connections of a call in the order in which they joined.
    pub fn connections_of<'a>(&'a self, call: &'a Call) -> impl DoubleEndedIterator<Item = &'a Connection> {
        call.connections.iter().filter_map(|id| self.connections.get(id))
    }

    /// The connection that placed a call: the caller, or the first leg that an application had rung.
    #[must_use]
    pub fn caller_of<'a>(&'a self, call: &'a Call) -> Option<&'a Connection> {
        self.connections_of(call).find(|connection| connection.placed)
    }

    /// The parties with which a connection talks: both answered, in one call, neither failed.
    pub fn peers_of<'a>(&'a self, connection: &'a Connection) -> impl Iterator<Item = &'a Connection> {
        let talking = |c: &&Connection| c.answered.is_some() && c.state != ConnectionState::Fail;
        self.calls
            .get(&connection.call)
            .into_iter()
            .flat_map(|call| self.connections_of(call))
            .filter(|other| other.id != connection.id)
            .filter(talking)
            .filter(move |_| talking(&connection))
    }

    /// The directory number whose name a device's calls carry: the lowest for which it is the primary phone, else the lowest
    /// for which it is the secondary.
    #[must_use]
    pub fn extension_of(&self, device: DeviceId) -> Option<(ExtensionId, &Extension)> {
        let id = self.index.extension_of(device)?;
        self.extensions.get(&id).map(|extension| (id, extension))
    }

    /// The directory number with these digits.
    #[must_use]
    pub fn extension_by_number(&self, number: &Digits) -> Option<(ExtensionId, &Extension)> {
        let id = self.index.extension_by_number(number)?;
        self.extensions.get(&id).map(|extension| (id, extension))
    }

    /// The device with this number of its own.
    #[must_use]
    pub fn device_by_number(&self, number: &Digits) -> Option<&Device> {
        self.index.device_by_number(number).and_then(|id| self.devices.get(&id))
    }

    /// The device with this SIP user.
    #[must_use]
    pub fn device_by_sip(&self, user: &str) -> Option<&Device> {
        self.index.device_by_sip(user).and_then(|id| self.devices.get(&id))
    }

    /// The device with this resource id.
    #[must_use]
    pub fn device_by_resource(&self, resource: &str) -> Option<&Device> {
        self.index.device_by_resource(resource).and_then(|id| self.devices.get(&id))
    }

    /// The devices whose resource id begins with this one and is longer.
    pub(crate) fn devices_by_resource_beginning<'a>(&'a self, with: &'a str) -> impl Iterator<Item = &'a Device> {
        self.index.resources_beginning(with).filter_map(|id| self.devices.get(&id))
    }

    /// Whether a connection's far end is outside: any other party of its call is remote.
    #[must_use]
    pub fn talks_outside(&self, connection: &Connection) -> bool {
        self.peers_of(connection).any(|peer| peer.party.kind == PartyKind::Remote)
    }
}

fn put<K: Ord, V: Clone>(map: &mut BTreeMap<K, V>, key: K, value: Option<&V>) {
    match value {
        Some(value) => map.insert(key, value.clone()),
        None => map.remove(&key),
    };
}
