//! "How a call looks" when it comes to nothing, and when it is dialled by hand: busy, do not disturb, nobody there, no such number, no
//! answer, given up; all fields of each frame, at every door, whichever door asked for the call.
//!
//! iPECS: S-1 to S-4, S-8; TelServices: H1, H13 to H17; Voicenter: scenarios 2 to 4 and the causes of its channel. Fusion tells of nothing
//! but the beginning.

use crate::doors::{DOORS, Door};
use crate::expected::{DIALLED, Ladder, REFUSED};
use crate::phones::{answer, dial, hang_up, passes, reject, wait_states};
use crate::room::{Room, STOPPED};
use serde_json::json;

/// Why a destination is not rung, in each door's words.
struct Failure {
    to: &'static str,
    name: &'static str,
    console: &'static str,
    voicenter: &'static str,
    ipxapi: &'static str,
    telservices: &'static str,
}

const BUSY: Failure = Failure {
    to: "1002",
    name: "name=Alan Turing ",
    console: "busy",
    voicenter: "User busy",
    ipxapi: "causeCode=3 causeMsg=user_busy",
    telservices: "busy",
};
const WANTS_NO_CALLS: Failure = Failure { console: "do_not_disturb", ipxapi: "causeCode=14 causeMsg=dnd", ..BUSY };
const NOT_THERE: Failure = Failure {
    console: "unregistered",
    voicenter: "Unknown",
    ipxapi: "causeCode=35 causeMsg=blocked",
    telservices: "destNotObtainable",
    ..BUSY
};
const NO_SUCH_NUMBER: Failure = Failure {
    to: "9999",
    name: "",
    console: "invalid_destination",
    voicenter: "Unallocated (unassigned) number",
    ipxapi: "causeCode=13 causeMsg=invalid_destination",
    telservices: "destNotObtainable",
};
/// Doors that refuse a number that does not exist before anything rings: theirs is another test.
const REFUSE_IT_EARLY: [&str; 3] = ["fusion", "voicenter", "ipxapi"];

/// The first phone's call comes to nothing.
const IN_VAIN: &str = "
    console      originated 1001 -> {to}
    console      failed 1001 {console}
    fusion       evNewOrigChannel Channel=SIP/SDP01001-#1 CallerId=1001 Extension={to}
    voicenter    NEWCALL 1001 {out} callstatus={meanwhile} answered=0
    ipxapi       proceeding 1001 #1 dialDigit={to} serviceDN=1001
    ipxapi       fail 1001 busySvcList=[] #1 calledDN={to} callingDN=1001 {ipxapi} serviceDN=1001
    telservices  1001 id=1 state=originated number={to} {name}duration=0 isOutgoing=true isConference=false permittedServices=dropCall
    telservices  1001 id=1 state=failed number={to} {name}duration=0 isOutgoing=true isConference=false cause={telservices} permittedServices=dropCall
";
/// The second phone has rung for a minute.
const UNANSWERED: &str = "
    console      connection_cleared 1002 no_answer
    console      failed 1001 no_answer
    voicenter    HANGUP 1002 Incoming 1001 callstatus=Ringing answered=0 cause=No user responding
    ipxapi       released 1002 #1 causeCode=10 causeMsg=no_answer releasedDN=1002 serviceDN=1002
    ipxapi       fail 1001 busySvcList=[] #1 calledDN=1002 callingDN=1001 causeCode=10 causeMsg=no_answer serviceDN=1001
    telservices  1002 id=1 state=cleared number=1001 name=Ada Lovelace duration=0 isOutgoing=false isConference=false cause=droppedByOtherParty permittedServices=
    telservices  1001 id=1 state=failed number=1002 name=Alan Turing duration=0 isOutgoing=true isConference=false cause=destNotObtainable permittedServices=dropCall
";
/// What is left of a call that came to nothing ends.
const LETS_GO: &str = "
    console      connection_cleared 1001 {last}
    console      call_cleared
    voicenter    HANGUP 1001 {out} callstatus={meanwhile} answered=0 cause={voicenter}
    ipxapi       released 1001 #1 causeCode=48 causeMsg=normal_clearing releasedDN=1001 serviceDN=1001
    telservices  1001 id=1 state=cleared number={to} {name}duration=0 isOutgoing=true isConference=false permittedServices=
";
/// The first phone's call is ended while the second one rings.
const GIVEN_UP: &str = "
    console      connection_cleared 1001 normal_clearing
    console      connection_cleared 1002 {alone}
    console      call_cleared
    voicenter    HANGUP 1001 {out} callstatus={meanwhile} answered=0 cause=Normal hangup
    voicenter    HANGUP 1002 Incoming 1001 callstatus=Ringing answered=0 cause=Normal hangup
    ipxapi       released 1001 #1 causeCode=48 causeMsg=normal_clearing releasedDN=1001 serviceDN=1001
    ipxapi       releasedasc 1002 #1 causeCode=48 causeMsg=normal_clearing releasedAscDN=1001 serviceDN=1002
    ipxapi       released 1002 #1 causeCode=48 causeMsg=normal_clearing releasedDN=1002 serviceDN=1002
    telservices  1001 id=1 state=cleared number=1002 name=Alan Turing duration=0 isOutgoing=true isConference=false permittedServices=
    telservices  1002 id=1 state=cleared number=1001 name=Ada Lovelace duration=0 isOutgoing=false isConference=false cause=droppedByOtherParty permittedServices=
";

impl Failure {
    /// A text of this failure, of a call that a door asked for; none: that was dialled by hand.
    fn told(&self, text: &str, maker: Option<&Door>) -> String {
        let (kind, meanwhile) = match maker {
            Some(maker) if !maker.lifts_itself => ("Click2Call {to} c2cdirection=2", "Talking"),
            Some(_) | None => ("Outgoing {to}", "Dialing"),
        };
        // Our own calls and those of a telephone end by themselves; the others at their doors.
        let last = if maker.is_none_or(|maker| maker.name == "console") { self.console } else { "normal_clearing" };
        text.replace("{out}", kind)
            .replace("{meanwhile}", meanwhile)
            .replace("{last}", last)
            .replace("{to}", self.to)
            .replace("{name}", self.name)
            .replace("{console}", self.console)
            .replace("{voicenter}", self.voicenter)
            .replace("{ipxapi}", self.ipxapi)
            .replace("{telservices}", self.telservices)
    }
}

/// Whether calls to a number ring.
fn disturb(room: &Room, number: &str, may: bool) {
    let path = format!("/extensions/number:{number}/do_not_disturb");
    assert_eq!(room.office.console("PUT", &path, Some(json!({ "on": !may }))).status, 200);
}

/// Every door calls the destination that fails, and a telephone dials it.
fn fails_at_every_door(room: &Room, failure: &Failure) {
    let office = &room.office;
    room.pass();
    let early = |maker: &Door| failure.to == NO_SUCH_NUMBER.to && REFUSE_IT_EARLY.contains(&maker.name);
    for maker in DOORS.iter().filter(|maker| !early(maker)) {
        let step = |step: &str| format!("{} by {}: {step}", failure.console, maker.name);
        let told = |text| failure.told(text, Some(maker));
        maker.make_and_lift(office, "1001", failure.to);
        let begins = Ladder::of(maker).begins(failure.to);
        let (tone, given_up) = match maker.name {
            "console" => (told(LETS_GO), String::new()),
            _ => (String::new(), told(LETS_GO)),
        };
        room.see(&step("it fails"), &[begins, told(IN_VAIN), tone].concat());
        if !given_up.is_empty() {
            maker.end_call(office, "1001");
        }
        room.see_all(&step("it is given up"), &given_up);
    }
    dial(office, "1001", failure.to);
    let told = |text| failure.told(text, None);
    let dialling = "\nipxapi dialing 1001 #1 serviceDN=1001\n".to_owned();
    room.see_all(&format!("{} dialled by hand", failure.console), &[dialling, told(IN_VAIN), told(LETS_GO)].concat());
}

#[test]
fn wire_a_destination_that_is_not_rung_is_told_at_all_doors() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    dial(office, "1003", "1002");
    answer(office, "1002");
    wait_states(office, &["connected", "connected"]);
    fails_at_every_door(&room, &BUSY);
    hang_up(office, "1003");
    office.wait_idle();
    disturb(&room, "1002", false);
    fails_at_every_door(&room, &WANTS_NO_CALLS);
    disturb(&room, "1002", true);
    office.hand("1002", "unplug", json!({}));
    fails_at_every_door(&room, &NOT_THERE);
    fails_at_every_door(&room, &NO_SUCH_NUMBER);
}

#[test]
fn wire_a_destination_that_does_not_answer_is_told_at_all_doors() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    let silent = Failure { console: "no_answer", voicenter: "User alerting, no answer", ..BUSY };
    for maker in DOORS {
        let step = |step: &str| format!("made through {}: {step}", maker.name);
        let ladder = Ladder::of(maker);
        maker.make_and_lift(office, "1001", "1002");
        room.see(&step("1002 rings"), &[ladder.asked, ladder.lifted].concat());
        passes(office, 59_999);
        room.see(&step("a millisecond before its time"), "");
        passes(office, 1);
        let lets_go = silent.told(LETS_GO, Some(maker));
        if maker.name == "console" {
            room.see_all(&step("nobody answers"), &[UNANSWERED, &lets_go].concat());
        } else {
            room.see(&step("nobody answers"), UNANSWERED);
            maker.end_call(office, "1001");
            room.see_all(&step("it is given up"), &lets_go);
        }
    }
    dial(office, "1001", "1002");
    room.see("1002 rings", DIALLED);
    passes(office, 60_000);
    room.see_all("nobody answers who was dialled", &[UNANSWERED, &silent.told(LETS_GO, None)].concat());
}

#[test]
fn wire_a_call_can_be_given_up_through_its_door_while_it_rings() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    for maker in DOORS {
        let ladder = Ladder::of(maker);
        maker.make_and_lift(office, "1001", "1002");
        room.see(maker.name, &[ladder.asked, ladder.lifted].concat());
        maker.end_call(office, "1001");
        // Fusion's and Voicenter's verbs end the call, the others' the first phone's part in it.
        let alone = if ["fusion", "voicenter"].contains(&maker.name) { "normal_clearing" } else { "abandoned" };
        let told = BUSY.told(GIVEN_UP, Some(maker)).replace("{alone}", alone);
        room.see_all(&format!("given up through {}", maker.name), &told);
    }
}

#[test]
fn wire_a_call_dialled_by_hand_is_answered_or_refused_at_all_doors() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    // What is told of a call that lifted its own receiver is told of one that was dialled, but for how it began.
    let ladder = Ladder::of(crate::doors::door("telservices"));
    for (hangs_up, ended) in [("1001", &ladder.ended_by_first), ("1002", &ladder.ended_by_second)] {
        dial(office, "1001", "1002");
        room.see("1001 dials", DIALLED);
        answer(office, "1002");
        room.see("1002 answers", &ladder.answered);
        passes(office, 7_000);
        hang_up(office, hangs_up);
        room.see_all(&format!("{hangs_up} hangs up"), ended);
    }
    dial(office, "1001", "1002");
    room.see("1001 dials", DIALLED);
    reject(office, "1002");
    let refused = Failure { console: "rejected", voicenter: "Call Rejected", ..BUSY };
    room.see_all("1002 refuses", &[REFUSED, &refused.told(LETS_GO, None)].concat());
}
