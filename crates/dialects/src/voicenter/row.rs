//! Rows of calls as this vendor counts them: one for each stage of a finished call (VOI-CDR-05 to 07, 11, 12, 14, 15; scenarios V1
//! to V4, V7, V20).
//!
//! A pure function of the record and the names in the directory. Two-leg calls of any door give two rows, leg 1 first, and leg 2
//! also where it was never dialled. Queues, voicemail, forwarding, transfer and conferences give no rows yet: there are none.

use super::config::VoicenterConfig;
pub use super::kind::Kind;
use super::{country, id, number};
use std::borrow::Cow;
use std::collections::BTreeMap;
use switching::cause::Cause;
use switching::id::{DeviceId, UserId};
use switching::model::{ConnectionState, Origin, Prompt, StageResult};
use switching::party::{Party, PartyKind};
use switching::picture::Picture;
use switching::record::{CallRecord, ConnectionRecord, StageRecord};
use switching::time::Time;

/// How it ended (VOI-CDR-07).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Somebody answered.
    Answer,
    /// Busy or declined.
    Busy,
    /// It rang and nobody answered.
    NoAnswer,
    /// The caller gave up.
    Cancel,
    /// The second leg was never dialled.
    NotCalled,
    /// Nothing was dialled.
    NotDialed,
    /// No such number, or the network refused.
    Congestion,
    /// The peer cannot be reached.
    ChanUnavail,
    /// The platform did not let it be dialled.
    SswPreauth,
}

impl Status {
    /// The exact text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer => "ANSWER",
            Self::Busy => "BUSY",
            Self::NoAnswer => "NOANSWER",
            Self::Cancel => "CANCEL",
            Self::NotCalled => "NOTCALLED",
            Self::NotDialed => "NOTDIALED",
            Self::Congestion => "CONGESTION",
            Self::ChanUnavail => "CHANUNAVAIL",
            Self::SswPreauth => "SSWPREAUTH",
        }
    }

    /// The status of an attempt that was not answered.
    const fn of(cause: Cause, rang: bool) -> Self {
        match cause {
            Cause::Busy | Cause::Rejected | Cause::DoNotDisturb => Self::Busy,
            Cause::NoAnswer | Cause::Timeout => Self::NoAnswer,
            // A phone that has rung and then goes is one that did not answer (480 after ringing).
            Cause::Unregistered | Cause::NotObtainable | Cause::EngineLost | Cause::MediaLost if rang => Self::NoAnswer,
            Cause::Unregistered | Cause::EngineLost | Cause::MediaLost => Self::ChanUnavail,
            Cause::InvalidDestination | Cause::NotObtainable | Cause::Incompatible | Cause::PeerFailure => {
                Self::Congestion
            }
            Cause::Blocked | Cause::TrunkBusy | Cause::Resource | Cause::Overflow => Self::SswPreauth,
            Cause::NewCall
            | Cause::TrunkCall
            | Cause::Consultation
            | Cause::NormalClearing
            | Cause::TalkLimit
            | Cause::AnsweredElsewhere(_)
            | Cause::Abandoned
            | Cause::Forward(_)
            | Cause::Recall(_)
            | Cause::Pickup
            | Cause::CallBack
            | Cause::CallWaiting
            | Cause::CampOn
            | Cause::ScreenedTransfer
            | Cause::UnscreenedTransfer
            | Cause::SingleStepTransfer
            | Cause::Conference
            | Cause::Intrude
            | Cause::SilentMonitoring
            | Cause::Deflect
            | Cause::Redirect
            | Cause::Route
            | Cause::Park
            | Cause::Unpark
            | Cause::GroupCall
            | Cause::NoAvailableAgents
            | Cause::ExitKey
            | Cause::QueueTimeout
            | Cause::BranchRelease
            | Cause::Shutdown => Self::Cancel,
        }
    }
}

/// One extension in a row; empty where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Station {
    /// SIP code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub call_id: String,
    pub kind: Kind,
    pub status: Status,
    pub caller: String,
    pub target: String,
    pub caller_station: Station,
    pub target_station: Station,
    pub did: String,
    /// Name of the trunk through which one of its sides came; empty where both are telephones of ours.
    pub trunk: String,
    /// Of a target outside; empty where the call came from there.
    pub target_country: &'static str,
    /// Of a caller outside; empty where the call did not come from there.
    pub caller_country: &'static str,
    /// When the leg or stage began.
    pub started: Time,
    pub duration_s: u64,
    pub dial_s: u64,
    pub user: Option<UserId>,
    pub user_name: String,
    pub custom: BTreeMap<String, String>,
    /// Status of the second leg, on the row of a first one.
    pub other_status: Option<Status>,
}

/// What rows are made with.
pub struct Names<'a> {
    pub picture: &'a Picture,
    pub config: &'a VoicenterConfig,
}

/// The rows of one record, in the order in which they are told.
pub fn of(record: &CallRecord, names: &Names<'_>) -> Vec<Row> {
    let Some(caller) = record.connections.iter().find(|part| part.connection.placed) else { return Vec::new() };
    let told = Told { record, caller, names };
    match (record.call.origin, caller.connection.prompt) {
        (Origin::Trunk, _) => vec![told.dialled(Kind::Incoming)],
        (Origin::Phone, _) | (Origin::Application(_), None | Some(Prompt::OffHook)) => {
            vec![told.dialled(Kind::Outgoing)]
        }
        (Origin::Application(_), Some(Prompt::Ring | Prompt::AutoAnswer)) => {
            let leg2 = told.second_leg();
            let leg1 = Row { other_status: Some(leg2.status), ..told.first_leg() };
            vec![leg1, leg2]
        }
    }
}

/// The last stage that dialled a destination, if one did.
fn dialled_stage(record: &CallRecord) -> Option<&StageRecord> {
    record.stages.iter().rev().find(|part| part.stage.kind == switching::model::StageKind::Dial)
}

struct Told<'a> {
    record: &'a CallRecord,
    caller: &'a ConnectionRecord,
    names: &'a Names<'a>,
}

impl Told<'_> {
    fn first_leg(&self) -> Row {
        let shown = self.record.call.shown.as_deref().map(|shown| &shown.first);
        let caller = shown.unwrap_or(&self.record.call.called);
        let station = self.station(self.caller.connection.device, &self.caller.connection.party);
        let row = self.blank(Kind::Leg1, caller);
        let row = Row { target: station.code.clone(), target_station: station, ..row };
        match self.record.stages.first() {
            Some(stage) => self.timed(row, stage, self.caller.ended, None),
            None => row,
        }
    }

    fn second_leg(&self) -> Row {
        let row = self.blank(Kind::Leg2, self.shown_caller());
        self.with_destination(Row { caller_station: self.caller_station(), status: Status::NotCalled, ..row })
    }

    fn shown_caller(&self) -> &Party {
        self.record.call.caller_shown().unwrap_or(&self.caller.connection.party)
    }

    fn dialled(&self, kind: Kind) -> Row {
        let caller = self.shown_caller();
        let mut row = Row { status: Status::NotDialed, ..self.blank(kind, caller) };
        if kind == Kind::Outgoing {
            row.caller_station = self.caller_station();
            if caller.number.is_empty() {
                row.caller.clone_from(&row.caller_station.code);
            }
        }
        self.with_destination(row)
    }

    /// The rest of a row from the stage that dialled the destination, if that came to pass.
    fn with_destination(&self, row: Row) -> Row {
        let called = &self.record.call.called;
        let reached = self.reached();
        let mut row = row;
        if let Some(part) = reached.filter(|_| row.trunk.is_empty()) {
            row.trunk = self.trunk(part);
        }
        if called.kind == PartyKind::Device {
            let answered = reached.map(|part| self.station(part.connection.device, &part.connection.party));
            let only = called.device.map(|device| self.station(device, called));
            row.target_station = answered.or(only).unwrap_or_default();
            row.target.clone_from(&row.target_station.code);
        } else {
            row.target = number::comparable(called.number.as_str(), &self.names.config.home_country);
            if row.kind != Kind::Incoming {
                row.target_country = country::of(&row.target);
            }
        }
        if row.kind == Kind::Incoming {
            row.caller_country = country::of(&number::comparable(&row.caller, &self.names.config.home_country));
        }
        if row.kind == Kind::Incoming
            && let Some(part) = reached.or_else(|| self.called_parts().next())
        {
            (row.user, row.user_name) = self.user(part.connection.serving.user);
        }
        let ended = reached.map_or(self.record.ended, |part| part.ended);
        match dialled_stage(self.record) {
            Some(stage) => self.timed(row, stage, ended, self.failed_at()),
            None => Row { started: self.record.ended, ..row },
        }
    }

    /// Status, beginning and lengths of a row from its stage.
    fn timed(&self, row: Row, stage: &StageRecord, ended: Time, failed: Option<Time>) -> Row {
        let opened = stage.stage.opened;
        let tried = stage.stage.answered.or(failed).unwrap_or(stage.closed);
        let status = match stage.result {
            StageResult::Answered => Status::Answer,
            StageResult::Unanswered(cause) => Status::of(cause, stage.stage.ringing.is_some()),
        };
        Row {
            status,
            started: opened,
            duration_s: stage.stage.answered.map_or(0, |answered| ended.ms_since(answered) / 1_000),
            dial_s: tried.ms_since(opened) / 1_000,
            ..row
        }
    }

    fn blank(&self, kind: Kind, caller: &Party) -> Row {
        let call = &self.record.call;
        let config = self.names.config;
        let root = self.record.stages.first().map_or(call.created, |part| part.stage.opened);
        let (user, user_name) = self.user(self.caller.connection.serving.user);
        let did = call.did.as_ref().map(|did| number::shown(did.as_str(), &config.home_country).into_owned());
        Row {
            call_id: id::call(root, call.root, config.node),
            kind,
            status: Status::NotDialed,
            caller: number::shown_party(caller, &config.home_country).into_owned(),
            target: String::new(),
            caller_station: Station::default(),
            target_station: Station::default(),
            did: did.unwrap_or_default(),
            trunk: self.trunk(self.caller),
            target_country: "",
            caller_country: "",
            started: call.created,
            duration_s: 0,
            dial_s: 0,
            user,
            user_name,
            custom: call.data.custom.clone(),
            other_status: None,
        }
    }

    fn caller_station(&self) -> Station {
        self.station(self.caller.connection.device, &self.caller.connection.party)
    }

    fn station(&self, device: DeviceId, party: &Party) -> Station {
        let code = self.names.picture.devices.get(&device).map(id::sip_code);
        let code = code.map_or_else(|| party.number.as_str().to_owned(), Cow::into_owned);
        Station { code, name: party.name.clone() }
    }

    fn trunk(&self, part: &ConnectionRecord) -> String {
        let device = part.connection.device;
        let trunk = self.names.picture.trunks.values().find(|trunk| trunk.device == device);
        trunk.map(|trunk| trunk.name.clone()).unwrap_or_default()
    }

    fn user(&self, user: Option<UserId>) -> (Option<UserId>, String) {
        let name = user.and_then(|id| self.names.picture.users.get(&id)).map(|user| user.name.clone());
        (user, name.unwrap_or_default())
    }

    fn called_parts(&self) -> impl Iterator<Item = &ConnectionRecord> {
        self.record.connections.iter().filter(|part| !part.connection.placed)
    }

    /// The called leg that talked.
    fn reached(&self) -> Option<&ConnectionRecord> {
        self.called_parts().find(|part| part.connection.answered.is_some())
    }

    /// When the attempt failed, where the caller stayed to hear it.
    fn failed_at(&self) -> Option<Time> {
        self.caller.segments.iter().find(|segment| segment.state == ConnectionState::Fail).map(|segment| segment.from)
    }
}
