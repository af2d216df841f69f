//! Every cause of the core's against the vendor's table of causes (IPX-EVT-37).

use super::cause_code;
use switching::cause::Cause::{self, AnsweredElsewhere, Forward, Recall};
use switching::cause::{Elsewhere, ForwardKind, RecallKind};

const TABLE: &[(u16, &str)] = &[
    (3, "user_busy"),
    (4, "call_back"),
    (6, "forward_immediate"),
    (7, "forward_busy"),
    (8, "forward_no_answer"),
    (9, "forward"),
    (10, "no_answer"),
    (11, "pickup"),
    (13, "invalid_destination"),
    (14, "dnd"),
    (22, "new_call"),
    (23, "no_available_agents"),
    (27, "recall"),
    (28, "redirected"),
    (31, "silent_monitoring"),
    (32, "screened_transfer"),
    (33, "trunk_busy"),
    (35, "blocked"),
    (37, "consultation"),
    (48, "normal_clearing"),
    (52, "blind_transfer"),
    (56, "timeout"),
    (57, "conference"),
    (58, "reroute"),
    (59, "trunk_call"),
    (60, "unscreened_transfer"),
    (61, "bridge_answer"),
    (62, "branch_answer"),
    (63, "branch_release"),
    (65, "group_call"),
    (99, "callwait"),
    (101, "mobile_answer"),
    (102, "madn_answer"),
    (103, "reject"),
];

const CAUSES: &[Cause] = &[
    Cause::NewCall,
    Cause::TrunkCall,
    Cause::Consultation,
    Cause::NormalClearing,
    Cause::Busy,
    Cause::NoAnswer,
    Cause::Rejected,
    Cause::DoNotDisturb,
    Cause::InvalidDestination,
    Cause::NotObtainable,
    Cause::Unregistered,
    Cause::Blocked,
    Cause::TrunkBusy,
    Cause::Timeout,
    Cause::TalkLimit,
    Cause::Abandoned,
    Cause::Pickup,
    Cause::CallBack,
    Cause::CallWaiting,
    Cause::CampOn,
    Cause::ScreenedTransfer,
    Cause::UnscreenedTransfer,
    Cause::SingleStepTransfer,
    Cause::Conference,
    Cause::Intrude,
    Cause::SilentMonitoring,
    Cause::Deflect,
    Cause::Redirect,
    Cause::Route,
    Cause::Park,
    Cause::Unpark,
    Cause::GroupCall,
    Cause::NoAvailableAgents,
    Cause::ExitKey,
    Cause::QueueTimeout,
    Cause::Overflow,
    Cause::BranchRelease,
    Cause::MediaLost,
    Cause::EngineLost,
    Cause::Resource,
    Cause::Incompatible,
    Cause::PeerFailure,
    Cause::Shutdown,
    Forward(ForwardKind::Immediate),
    Forward(ForwardKind::Busy),
    Forward(ForwardKind::NoAnswer),
    Forward(ForwardKind::Unregistered),
    Forward(ForwardKind::Other),
    Recall(RecallKind::Hold),
    Recall(RecallKind::Transfer),
    Recall(RecallKind::Park),
    AnsweredElsewhere(Elsewhere::Branch),
    AnsweredElsewhere(Elsewhere::Bridge),
    AnsweredElsewhere(Elsewhere::Madn),
    AnsweredElsewhere(Elsewhere::Mobile),
];

#[test]
fn every_cause_has_a_code_of_the_table_with_its_text() {
    for cause in CAUSES {
        let told = cause_code(*cause);
        assert!(TABLE.contains(&told), "{cause:?}: {told:?}");
    }
    for told in TABLE {
        assert!(CAUSES.iter().any(|cause| cause_code(*cause) == *told), "nothing leads to {told:?}");
    }
    for (cause, code) in [
        (Cause::NewCall, 22),
        (Cause::TrunkCall, 59),
        (Cause::CampOn, 99),
        (Cause::Park, 28),
        (Cause::Unpark, 28),
        (Cause::Blocked, 35),
        (Cause::Unregistered, 35),
        (Forward(ForwardKind::Other), 9),
    ] {
        assert_eq!(cause_code(cause).0, code, "{cause:?}");
    }
    conformance::proves_partly(
        "IPX-EVT-37",
        "recall, pickup, forwards, transfers, conferences, groups, agents, bridges, mobiles and callback are services that are not there",
    );
}
