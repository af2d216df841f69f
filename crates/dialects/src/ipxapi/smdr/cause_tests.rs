//! Every text of the vendor's table of causes, as it is printed there (IPX-SMDR-07).

use super::coded;

const TABLE: &[(u8, &str)] = &[
    (1, "UnAllocated Number"),
    (3, "No Route to Dest"),
    (8, "Warning Tone"),
    (16, "Normal Call Clearing"),
    (18, "No User Responding"),
    (19, "User No Answer"),
    (20, "subscriber absent"),
    (21, "Call Rejected"),
    (22, "Number Changed"),
    (27, "Destination Out of Order"),
    (28, "Invalid Number format"),
    (30, "Response to STATUS ENQUIRY"),
    (31, "Normal, Unspecified"),
    (34, "No Channel Available"),
    (38, "Network Out Of Order"),
    (41, "Temporary Failure"),
    (42, "switching equipment congestion"),
    (44, "Request Channel Unavailable"),
    (47, "Resource Unavailable"),
    (50, "Request Facility Not Subscribed"),
    (57, "Bearer Capability No Authorized"),
    (58, "Bearer capability Not Available"),
    (63, "Service or option not available"),
    (65, "Bearer capability Not Implemented"),
    (66, "Channel Type Not Implemented"),
    (69, "Request Facility Not Implemented"),
    (70, "Only restricted digital information bearer capability is available"),
    (79, "Service or option not implemented, unspecified"),
    (81, "Invalid Call Reference"),
    (83, "Call ID No exist"),
    (84, "Call ID In Use"),
    (85, "No Call Suspended"),
    (86, "Call ID Cleared"),
    (88, "Incompatible Destination"),
    (91, "Invalid transit network selection"),
    (97, "Message Type No Exist"),
    (98, "Message Type Not Compatible with Call state"),
    (100, "Invalid Information Element"),
    (102, "timer expire"),
    (110, "message with unrecognized parameter, discarded : Only Russia ISUP"),
    (111, "Protocol Error"),
    (112, "SIP Enblock Address Incomplete (LG Only)"),
];

#[test]
fn every_cause_is_told_by_the_text_of_the_table() {
    for (code, text) in TABLE {
        assert_eq!(coded(false, *code), format!("{code}-{text}"));
    }
    assert_eq!(coded(true, 21), "22-User DND", "the called station's own wish");
    assert_eq!(coded(false, 17), "17-User Busy", "which the table lacks");
    let known = |code: &u8| *code == 17 || TABLE.iter().any(|(listed, _)| listed == code);
    for code in (0..=u8::MAX).filter(|code| !known(code)) {
        assert_eq!(coded(false, code), "31-Normal, Unspecified", "{code}: never a code outside the table");
    }
    conformance::proves("IPX-SMDR-07");
}
