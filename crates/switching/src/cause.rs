//! Why something happened to a connection: one list for the whole exchange, finer than any vendor's.
//!
//! Every dialect maps it by one total match. [`Cause::q850`] gives the value of ITU-T Q.850 for the same fact.

use minicbor::{Decode, Encode};

/// Which rule forwarded a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum ForwardKind {
    /// At once.
    #[n(0)]
    Immediate,
    /// Because the number was busy.
    #[n(1)]
    Busy,
    /// Because nobody answered.
    #[n(2)]
    NoAnswer,
    /// Because no phone was registered.
    #[n(3)]
    Unregistered,
    /// By any other rule.
    #[n(4)]
    Other,
}

/// What came back to the one who had let go of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum RecallKind {
    /// A held call.
    #[n(0)]
    Hold,
    /// A transferred call.
    #[n(1)]
    Transfer,
    /// A parked call.
    #[n(2)]
    Park,
}

/// Which sibling took the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Elsewhere {
    /// Another phone of the same number.
    #[n(0)]
    Branch,
    /// A bridged line.
    #[n(1)]
    Bridge,
    /// Another member of a multiple-appearance number.
    #[n(2)]
    Madn,
    /// The mobile phone.
    #[n(3)]
    Mobile,
}

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Cause {
    /// An ordinary new call.
    #[n(0)]
    NewCall,
    /// An incoming call from a trunk.
    #[n(1)]
    TrunkCall,
    /// A consultation from a held call.
    #[n(2)]
    Consultation,
    /// An ordinary end.
    #[n(3)]
    NormalClearing,
    /// The called party is busy.
    #[n(4)]
    Busy,
    /// Nobody answered in time.
    #[n(5)]
    NoAnswer,
    /// The called party refused.
    #[n(6)]
    Rejected,
    /// The called number wants no calls now.
    #[n(7)]
    DoNotDisturb,
    /// No such number.
    #[n(8)]
    InvalidDestination,
    /// The number exists and cannot be reached.
    #[n(9)]
    NotObtainable,
    /// No phone of the number is registered.
    #[n(10)]
    Unregistered,
    /// Not allowed to call there.
    #[n(11)]
    Blocked,
    /// No free trunk circuit.
    #[n(12)]
    TrunkBusy,
    /// A timer of the exchange ended it.
    #[n(13)]
    Timeout,
    /// The talk limit of the call ended it.
    #[n(14)]
    TalkLimit,
    /// A sibling answered.
    #[n(15)]
    AnsweredElsewhere(#[n(0)] Elsewhere),
    /// The caller gave up first.
    #[n(16)]
    Abandoned,
    /// By a forwarding rule.
    #[n(17)]
    Forward(#[n(0)] ForwardKind),
    /// Came back.
    #[n(18)]
    Recall(#[n(0)] RecallKind),
    /// Taken from another phone that rang.
    #[n(19)]
    Pickup,
    /// A call back on a free phone.
    #[n(20)]
    CallBack,
    /// Waits at a busy phone.
    #[n(21)]
    CallWaiting,
    /// Waits at a busy phone, by camp-on.
    #[n(22)]
    CampOn,
    /// Attended transfer, target answered.
    #[n(23)]
    ScreenedTransfer,
    /// Attended transfer, target still ringing.
    #[n(24)]
    UnscreenedTransfer,
    /// Blind transfer.
    #[n(25)]
    SingleStepTransfer,
    /// Joined a conference.
    #[n(26)]
    Conference,
    /// Intruded on a call.
    #[n(27)]
    Intrude,
    /// Listened to.
    #[n(28)]
    SilentMonitoring,
    /// Sent on by a command.
    #[n(29)]
    Deflect,
    /// Sent to another number by a command, the caller kept.
    #[n(30)]
    Redirect,
    /// Sent on by a group or routing point.
    #[n(31)]
    Route,
    /// Parked.
    #[n(32)]
    Park,
    /// Taken back from a slot.
    #[n(33)]
    Unpark,
    /// A call of a group.
    #[n(34)]
    GroupCall,
    /// No agent is free.
    #[n(35)]
    NoAvailableAgents,
    /// Left a queue by key.
    #[n(36)]
    ExitKey,
    /// Waited too long in a queue.
    #[n(37)]
    QueueTimeout,
    /// The queue was full.
    #[n(38)]
    Overflow,
    /// Another end of a branch ended it.
    #[n(39)]
    BranchRelease,
    /// Sound stopped coming and the phone did not answer a probe.
    #[n(40)]
    MediaLost,
    /// The engine lost the leg: a crash, a vanished phone, a failed network.
    #[n(41)]
    EngineLost,
    /// The exchange ran out of something.
    #[n(42)]
    Resource,
    /// The peers have no codec in common, or the offer was not acceptable.
    #[n(43)]
    Incompatible,
    /// The peer failed in another way.
    #[n(44)]
    PeerFailure,
    /// The program is being stopped.
    #[n(45)]
    Shutdown,
}

impl Cause {
    /// The cause value of ITU-T Q.850 table 1 that says the same.
    #[must_use]
    pub const fn q850(self) -> u8 {
        match self {
            Self::Busy => 17,
            Self::NoAnswer => 19,
            Self::Rejected | Self::DoNotDisturb | Self::Blocked => 21,
            Self::InvalidDestination => 1,
            Self::NotObtainable | Self::Unregistered => 20,
            Self::TrunkBusy => 34,
            Self::Timeout | Self::TalkLimit | Self::QueueTimeout => 102,
            Self::AnsweredElsewhere(_) | Self::Pickup => 26,
            Self::MediaLost | Self::EngineLost | Self::Shutdown => 41,
            Self::Resource | Self::Overflow | Self::NoAvailableAgents => 47,
            Self::Incompatible => 88,
            Self::PeerFailure => 38,
            Self::NewCall
            | Self::TrunkCall
            | Self::Consultation
            | Self::NormalClearing
            | Self::Abandoned
            | Self::Forward(_)
            | Self::Recall(_)
            | Self::CallBack
            | Self::CallWaiting
            | Self::CampOn
            | Self::ScreenedTransfer
            | Self::UnscreenedTransfer
            | Self::SingleStepTransfer
            | Self::Conference
            | Self::Intrude
            | Self::SilentMonitoring
            | Self::Deflect
            | Self::Redirect
            | Self::Route
            | Self::Park
            | Self::Unpark
            | Self::GroupCall
            | Self::ExitKey
            | Self::BranchRelease => 16,
        }
    }

    /// The name that log and console use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewCall => "new_call",
            Self::TrunkCall => "trunk_call",
            Self::Consultation => "consultation",
            Self::NormalClearing => "normal_clearing",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Rejected => "rejected",
            Self::DoNotDisturb => "do_not_disturb",
            Self::InvalidDestination => "invalid_destination",
            Self::NotObtainable => "not_obtainable",
            Self::Unregistered => "unregistered",
            Self::Blocked => "blocked",
            Self::TrunkBusy => "trunk_busy",
            Self::Timeout => "timeout",
            Self::TalkLimit => "talk_limit",
            Self::AnsweredElsewhere(Elsewhere::Branch) => "answered_elsewhere_branch",
            Self::AnsweredElsewhere(Elsewhere::Bridge) => "answered_elsewhere_bridge",
            Self::AnsweredElsewhere(Elsewhere::Madn) => "answered_elsewhere_madn",
            Self::AnsweredElsewhere(Elsewhere::Mobile) => "answered_elsewhere_mobile",
            Self::Abandoned => "abandoned",
            Self::Forward(ForwardKind::Immediate) => "forward_immediate",
            Self::Forward(ForwardKind::Busy) => "forward_busy",
            Self::Forward(ForwardKind::NoAnswer) => "forward_no_answer",
            Self::Forward(ForwardKind::Unregistered) => "forward_unregistered",
            Self::Forward(ForwardKind::Other) => "forward_other",
            Self::Recall(RecallKind::Hold) => "recall_hold",
            Self::Recall(RecallKind::Transfer) => "recall_transfer",
            Self::Recall(RecallKind::Park) => "recall_park",
            Self::Pickup => "pickup",
            Self::CallBack => "call_back",
            Self::CallWaiting => "call_waiting",
            Self::CampOn => "camp_on",
            Self::ScreenedTransfer => "screened_transfer",
            Self::UnscreenedTransfer => "unscreened_transfer",
            Self::SingleStepTransfer => "single_step_transfer",
            Self::Conference => "conference",
            Self::Intrude => "intrude",
            Self::SilentMonitoring => "silent_monitoring",
            Self::Deflect => "deflect",
            Self::Redirect => "redirect",
            Self::Route => "route",
            Self::Park => "park",
            Self::Unpark => "unpark",
            Self::GroupCall => "group_call",
            Self::NoAvailableAgents => "no_available_agents",
            Self::ExitKey => "exit_key",
            Self::QueueTimeout => "queue_timeout",
            Self::Overflow => "overflow",
            Self::BranchRelease => "branch_release",
            Self::MediaLost => "media_lost",
            Self::EngineLost => "engine_lost",
            Self::Resource => "resource",
            Self::Incompatible => "incompatible",
            Self::PeerFailure => "peer_failure",
            Self::Shutdown => "shutdown",
        }
    }
}
