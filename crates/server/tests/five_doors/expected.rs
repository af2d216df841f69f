//! "How a call looks" at every door, side by side: what each is told at a step of a call of 1001 to 1002, all fields of each frame.
//!
//! iPECS: S-1 and S-8, and how a click rings first; TelServices: H1, H13; Voicenter: scenarios 1 to 3; Fusion: flows 1, 3 and 4.

use crate::doors::Door;

/// What is told of a call, step by step.
pub struct Ladder {
    /// It was asked for: the first phone rings, or the second one does.
    pub asked: String,
    /// The first phone is lifted by hand, and the second one rings. Empty where the exchange lifted it.
    pub lifted: String,
    /// The second phone answers.
    pub answered: String,
    /// The second phone refuses.
    pub refused: String,
    /// The first phone ends what is left of a call whose destination refused.
    pub given_up: String,
    /// The first phone hangs up, in conversation.
    pub ended_by_first: String,
    /// The second phone hangs up, in conversation.
    pub ended_by_second: String,
    /// The first phone refuses.
    pub first_refused: String,
}

impl Ladder {
    /// The ladder of a call that was asked for through this door.
    pub fn of(maker: &Door) -> Self {
        let (prompted, outgoing) = ("Click2Call 1002 c2cdirection=2", "Outgoing 1002");
        let text = |text: &str| {
            let out = if maker.lifts_itself { outgoing } else { prompted };
            // A call that was asked for talks to its first phone before anybody answers; one that dials does not.
            let meanwhile = if maker.lifts_itself { "Dialing" } else { "Talking" };
            text.replace("{out}", out).replace("{meanwhile}", meanwhile)
        };
        let (asked, lifted) = match maker.lifts_itself {
            true => (text(&[LIFTS_ITSELF, DIALS].concat()), String::new()),
            false => (text(RINGS_FIRST), text(&[ANSWERS_FIRST, DIALS].concat())),
        };
        // Our own door lets a call end whose destination failed, unless a tone is asked for; the vendors' callers hear one.
        let (refused, given_up) = match maker.name {
            "console" => ([REFUSED, GIVEN_UP].concat().replace("1001 normal_clearing", "1001 rejected"), String::new()),
            _ => (REFUSED.to_owned(), GIVEN_UP.to_owned()),
        };
        Self {
            asked,
            lifted,
            answered: text(ANSWERED),
            refused: text(&refused),
            given_up: text(&given_up),
            ended_by_first: text(ENDED_BY_FIRST),
            ended_by_second: text(ENDED_BY_SECOND),
            first_refused: text(&[RINGS_FIRST, FIRST_REFUSED].concat()),
        }
    }

    /// How a call begins that comes to nothing: all until the number is dialled.
    pub fn begins(&self, to: &str) -> String {
        let begun = if self.lifted.is_empty() { self.asked.as_str() } else { &self.lifted };
        let until =
            |text: &str| text.split_once(DIALS_FIRST_LINE).map_or(String::new(), |(before, _)| before.to_owned());
        let rung = if self.lifted.is_empty() { "" } else { self.asked.as_str() };
        [rung, &until(begun)].concat().replace("1002", to)
    }

    /// All until both talk.
    pub fn until_talking(&self) -> String {
        [self.asked.as_str(), &self.lifted, &self.answered].concat()
    }
}

const RINGS_FIRST: &str = "
    console      service_initiated 1001
    console      prompted 1001
    voicenter    NEWCALL 1001 Click2Call 1002 c2cdirection=1 callstatus=Dialing answered=0
    ipxapi       ringing 1001 #1 calledDN=1001 callingDN=1002 causeCode=22 causeMsg=new_call serviceDN=1001
    telservices  1001 id=1 state=initiated otherParty=number duration=0 isOutgoing=true isConference=false permittedServices=dropCall
";
const ANSWERS_FIRST: &str = "
    voicenter    ANSWER 1001 Click2Call 1002 c2cdirection=1 callstatus=Talking answered=0
    ipxapi       connected 1001 #1 calledDN=1001 callingDN=1002 causeCode=22 causeMsg=new_call diversionNum= serviceDN=1001
";
const LIFTS_ITSELF: &str = "
    console      service_initiated 1001
    console      prompted 1001
    telservices  1001 id=1 state=initiated otherParty=number duration=0 isOutgoing=true isConference=false permittedServices=dropCall
";
/// The line with which dialling begins, in all ladders.
const DIALS_FIRST_LINE: &str = "    console      originated ";
const DIALS: &str = "
    console      originated 1001 -> 1002
    console      delivered 1002 new_call
    fusion       evNewOrigChannel Channel=SIP/SDP01001-#1 CallerId=1001 Extension=1002
    voicenter    NEWCALL 1001 {out} callstatus={meanwhile} answered=0
    voicenter    NEWCALL 1002 Incoming 1001 callstatus=Ringing answered=0
    ipxapi       proceeding 1001 #1 dialDigit=1002 serviceDN=1001
    ipxapi       ringing 1002 #1 calledDN=1002 callingDN=1001 causeCode=22 causeMsg=new_call serviceDN=1002
    ipxapi       alerting 1001 #1 calledDN=1002 callingDN=1001 causeCode=22 causeMsg=new_call serviceDN=1001
    telservices  1001 id=1 state=originated number=1002 name=Alan Turing duration=0 isOutgoing=true isConference=false permittedServices=dropCall
    telservices  1001 id=1 state=delivered number=1002 name=Alan Turing duration=0 isOutgoing=true isConference=false permittedServices=dropCall
    telservices  1002 id=1 state=alerting number=1001 name=Ada Lovelace duration=0 isOutgoing=false isConference=false permittedServices=answerCall
";
const ANSWERED: &str = "
    console      established 1002 new_call
    voicenter    ANSWER 1002 Incoming 1001 callstatus=Talking answered=1
    voicenter    ANSWER 1001 {out} callstatus=Talking answered=1
    ipxapi       connected 1002 #1 calledDN=1002 callingDN=1001 causeCode=22 causeMsg=new_call diversionNum= serviceDN=1002
    ipxapi       connected 1001 #1 calledDN=1002 callingDN=1001 causeCode=22 causeMsg=new_call diversionNum= serviceDN=1001
    telservices  1002 id=1 state=connected number=1001 name=Ada Lovelace duration=0 isOutgoing=false isConference=false permittedServices=dropCall
    telservices  1001 id=1 state=connected number=1002 name=Alan Turing duration=0 isOutgoing=true isConference=false permittedServices=dropCall
";
const ENDED_BY_FIRST: &str = "
    console      connection_cleared 1001 normal_clearing
    console      connection_cleared 1002 normal_clearing
    console      call_cleared
    voicenter    HANGUP 1001 {out} callstatus=Talking answered=1 cause=Normal hangup
    voicenter    HANGUP 1002 Incoming 1001 callstatus=Talking answered=1 cause=Normal hangup
    ipxapi       released 1001 #1 causeCode=48 causeMsg=normal_clearing releasedDN=1001 serviceDN=1001
    ipxapi       releasedasc 1002 #1 causeCode=48 causeMsg=normal_clearing releasedAscDN=1001 serviceDN=1002
    ipxapi       released 1002 #1 causeCode=48 causeMsg=normal_clearing releasedDN=1002 serviceDN=1002
    telservices  1001 id=1 state=cleared number=1002 name=Alan Turing duration=7 isOutgoing=true isConference=false permittedServices=
    telservices  1002 id=1 state=cleared number=1001 name=Ada Lovelace duration=7 isOutgoing=false isConference=false cause=droppedByOtherParty permittedServices=
";
const ENDED_BY_SECOND: &str = "
    console      connection_cleared 1002 normal_clearing
    console      connection_cleared 1001 normal_clearing
    console      call_cleared
    voicenter    HANGUP 1002 Incoming 1001 callstatus=Talking answered=1 cause=Normal hangup
    voicenter    HANGUP 1001 {out} callstatus=Talking answered=1 cause=Normal hangup
    ipxapi       released 1002 #1 causeCode=48 causeMsg=normal_clearing releasedDN=1002 serviceDN=1002
    ipxapi       releasedasc 1001 #1 causeCode=48 causeMsg=normal_clearing releasedAscDN=1002 serviceDN=1001
    ipxapi       released 1001 #1 causeCode=48 causeMsg=normal_clearing releasedDN=1001 serviceDN=1001
    telservices  1002 id=1 state=cleared number=1001 name=Ada Lovelace duration=7 isOutgoing=false isConference=false permittedServices=
    telservices  1001 id=1 state=cleared number=1002 name=Alan Turing duration=7 isOutgoing=true isConference=false cause=droppedByOtherParty permittedServices=
";
/// The second phone refuses.
pub const REFUSED: &str = "
    console      connection_cleared 1002 rejected
    console      failed 1001 rejected
    voicenter    HANGUP 1002 Incoming 1001 callstatus=Ringing answered=0 cause=Call Rejected
    ipxapi       released 1002 #1 causeCode=103 causeMsg=reject releasedDN=1002 serviceDN=1002
    ipxapi       releasedasc 1001 #1 causeCode=103 causeMsg=reject releasedAscDN=1002 serviceDN=1001
    telservices  1002 id=1 state=cleared number=1001 name=Ada Lovelace duration=0 isOutgoing=false isConference=false permittedServices=
    telservices  1001 id=1 state=failed number=1002 name=Alan Turing duration=0 isOutgoing=true isConference=false cause=busy permittedServices=dropCall
";
const GIVEN_UP: &str = "
    console      connection_cleared 1001 normal_clearing
    console      call_cleared
    voicenter    HANGUP 1001 {out} callstatus={meanwhile} answered=0 cause=Call Rejected
    ipxapi       released 1001 #1 causeCode=48 causeMsg=normal_clearing releasedDN=1001 serviceDN=1001
    telservices  1001 id=1 state=cleared number=1002 name=Alan Turing duration=0 isOutgoing=true isConference=false permittedServices=
";
const FIRST_REFUSED: &str = "
    console      connection_cleared 1001 rejected
    console      call_cleared
    voicenter    HANGUP 1001 Click2Call 1002 c2cdirection=1 callstatus=Dialing answered=0 cause=Call Rejected
    ipxapi       released 1001 #1 causeCode=103 causeMsg=reject releasedDN=1001 serviceDN=1001
    telservices  1001 id=1 state=cleared otherParty=number duration=0 isOutgoing=true isConference=false permittedServices=
";

/// 1001 dials 1002 by hand.
pub const DIALLED: &str = "
    console      originated 1001 -> 1002
    console      delivered 1002 new_call
    fusion       evNewOrigChannel Channel=SIP/SDP01001-#1 CallerId=1001 Extension=1002
    voicenter    NEWCALL 1001 Outgoing 1002 callstatus=Dialing answered=0
    voicenter    NEWCALL 1002 Incoming 1001 callstatus=Ringing answered=0
    ipxapi       dialing 1001 #1 serviceDN=1001
    ipxapi       proceeding 1001 #1 dialDigit=1002 serviceDN=1001
    ipxapi       ringing 1002 #1 calledDN=1002 callingDN=1001 causeCode=22 causeMsg=new_call serviceDN=1002
    ipxapi       alerting 1001 #1 calledDN=1002 callingDN=1001 causeCode=22 causeMsg=new_call serviceDN=1001
    telservices  1001 id=1 state=originated number=1002 name=Alan Turing duration=0 isOutgoing=true isConference=false permittedServices=dropCall
    telservices  1001 id=1 state=delivered number=1002 name=Alan Turing duration=0 isOutgoing=true isConference=false permittedServices=dropCall
    telservices  1002 id=1 state=alerting number=1001 name=Ada Lovelace duration=0 isOutgoing=false isConference=false permittedServices=answerCall
";
/// And gives up while that rings.
pub const ABANDONED: &str = "
    console      connection_cleared 1001 normal_clearing
    console      connection_cleared 1002 abandoned
    console      call_cleared
    voicenter    HANGUP 1001 Outgoing 1002 callstatus=Dialing answered=0 cause=Normal hangup
    voicenter    HANGUP 1002 Incoming 1001 callstatus=Ringing answered=0 cause=Normal hangup
    ipxapi       released 1001 #1 causeCode=48 causeMsg=normal_clearing releasedDN=1001 serviceDN=1001
    ipxapi       releasedasc 1002 #1 causeCode=48 causeMsg=normal_clearing releasedAscDN=1001 serviceDN=1002
    ipxapi       released 1002 #1 causeCode=48 causeMsg=normal_clearing releasedDN=1002 serviceDN=1002
    telservices  1001 id=1 state=cleared number=1002 name=Alan Turing duration=0 isOutgoing=true isConference=false permittedServices=
    telservices  1002 id=1 state=cleared number=1001 name=Ada Lovelace duration=0 isOutgoing=false isConference=false cause=droppedByOtherParty permittedServices=
";

/// What is up: the first phone rings.
pub const SHOWS_FIRST_RINGING: &str = "
    console      1001 initiated
    fusion       SDP01001 Ringing \"Ada Lovelace\" [1001]
    voicenter    1001 Dialing answered=0 Click2Call 1002
    ipxapi       1001 ring
    telservices  1001 id=1 state=initiated otherParty=number duration=0 isOutgoing=true isConference=false permittedServices=dropCall
";

/// What is up: the second phone rings.
pub fn shows_ringing(maker: &Door) -> String {
    let (status, kind) = if maker.lifts_itself { ("Dialing", "Outgoing") } else { ("Talking", "Click2Call") };
    format!(
        "
    console      1001 connected
    console      1002 alerting
    fusion       SDP01001 Up \"Ada Lovelace\" [1001]
    fusion       SDP01002 Ringing \"Ada Lovelace\" [1001]
    voicenter    1001 {status} answered=0 {kind} 1002
    voicenter    1002 Ringing answered=0 Incoming 1001
    ipxapi       1001 busy
    ipxapi       1002 ring
    telservices  1001 id=1 state=delivered number=1002 name=Alan Turing duration=0 isOutgoing=true isConference=false permittedServices=dropCall
    telservices  1002 id=1 state=alerting number=1001 name=Ada Lovelace duration=0 isOutgoing=false isConference=false permittedServices=answerCall
"
    )
}

/// What is up: both talk, since seven seconds.
pub fn shows_talking(maker: &Door) -> String {
    let kind = if maker.lifts_itself { "Outgoing" } else { "Click2Call" };
    format!(
        "
    console      1001 connected
    console      1002 connected
    fusion       SDP01001 Up with SDP01002 \"Ada Lovelace\" [1001]
    fusion       SDP01002 Up with SDP01001 \"Ada Lovelace\" [1001]
    voicenter    1001 Talking answered=1 {kind} 1002
    voicenter    1002 Talking answered=1 Incoming 1001
    ipxapi       1001 stn_talk
    ipxapi       1002 stn_talk
    telservices  1001 id=1 state=connected number=1002 name=Alan Turing duration=7 isOutgoing=true isConference=false permittedServices=dropCall
    telservices  1002 id=1 state=connected number=1001 name=Ada Lovelace duration=7 isOutgoing=false isConference=false permittedServices=dropCall
"
    )
}

/// What is up: nothing.
pub const SHOWS_NOTHING: &str = "
    console      -
    fusion       -
    voicenter    -
    ipxapi       -
    telservices  -
";
