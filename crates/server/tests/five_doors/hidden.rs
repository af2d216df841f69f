//! A caller that is not to be known: an application has it withheld from whom it calls, and no door tells, neither while the call is
//! up nor afterwards.

use crate::common::wait_for;
use crate::doors::door;
use crate::phones::{answer, hang_up};
use crate::room::{Room, STOPPED};
use crate::voicenter;

/// Whether a line names the caller to anybody but its own phone.
fn names_the_caller(line: &str) -> bool {
    match line.split(' ').collect::<Vec<_>>()[..] {
        // Our own stream shows each end of a call as what it is: a device of the office.
        ["console", ..] => false,
        ["ipxapi", ..] => line.contains("callingDN=1001") || line.contains("releasedAscDN=1001"),
        ["fusion", ..] => line.contains("CallerId=1001"),
        ["telservices", device, ..] => device == "1002" && line.contains("1001"),
        ["voicenter", _, extension, ..] => extension == "1002" && line.contains("1001"),
        _ => panic!("no door's line: {line}"),
    }
}

#[test]
fn wire_a_withheld_caller_is_told_by_no_door() {
    let room = Room::open(STOPPED);
    let office = &room.office;
    for (ends, first) in [("1001", true), ("1002", false)] {
        let made = voicenter::click(office, "phone=1001&target=1002&targetcallerid=Anonymous");
        assert_eq!(made["ERRORCODE"], 0, "{made}");
        answer(office, "1001");
        answer(office, "1002");
        room.show(
            "they talk",
            "fusion SDP01001 Up with SDP01002 \"Anonymous\" []
             fusion SDP01002 Up with SDP01001 \"Anonymous\" []
             voicenter 1001 Talking answered=1 Click2Call 1002
             voicenter 1002 Talking answered=1 Incoming Anonymous",
        );
        hang_up(office, ends);
        office.wait_idle();
        let lines = room.lines_until(
            "a caller without a number",
            &[
                "fusion evNewOrigChannel",
                "ipxapi ringing 1002",
                "ipxapi released 1002",
                "voicenter HANGUP 1002 Incoming Anonymous",
                "voicenter HANGUP 1001",
            ],
        );
        let told: Vec<&String> = lines.iter().filter(|line| names_the_caller(line)).collect();
        assert_eq!(told, Vec::<&String>::new(), "{ends} ends the call");
        let new: Vec<&String> = lines.iter().filter(|line| line.contains("evNewOrigChannel")).collect();
        assert!(new.iter().all(|line| line.ends_with("CallerId= Extension=1002")), "{new:?}");
        let calling = |line: &&String| line.starts_with("ipxapi ") && line.contains("callingDN= ");
        assert!(lines.iter().filter(calling).count() >= 4, "who rings and who is connected: {lines:#?}");
        room.pass();
        // What is kept is no more than what was shown.
        let records = |name: &str, number: &str| {
            let rows = (door(name).records.expect("it has some"))(office, number);
            rows.into_iter().map(|row| row.told).collect::<Vec<_>>()
        };
        let count = if first { 1 } else { 2 };
        let fusion = wait_for("it is in the history", || {
            Some(records("fusion", "1002")).filter(|records| records.len() == count)
        });
        assert!(fusion.iter().all(|record| record.caller.is_empty() && record.called == "1002"), "{fusion:?}");
        let telservices = records("telservices", "1002");
        assert_eq!(telservices.len(), count);
        assert!(telservices.iter().all(|record| record.caller.starts_with("*****-")), "{telservices:?}");
        let kept = office.fusion("/xml/dbGetCallHistory.json?ext=1002&limit=10&start_date=2000-01-01").text;
        assert!(kept.contains("\"caller_name\":\"Anonymous\"") && kept.contains("\"caller_number\":\"\""), "{kept}");
    }
}
