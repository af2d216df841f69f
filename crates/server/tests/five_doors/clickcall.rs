//! ClickCall's door: one document that makes a call and one that ends it. It has no events, no queries and no records.

use crate::common::Office;
use crate::doors::{Door, unless_done};

pub const DOOR: Door = Door {
    name: "clickcall",
    lifts_itself: false,
    asks: |office, from, to| {
        let code = ask(office, from, "single", to);
        unless_done(code == 100, &code.to_string())
    },
    end: |office, phone| assert_eq!(ask(office, phone, "hangup", "0000"), 100, "{phone} hangs up"),
    answer: None,
    watch: None,
    picture: None,
    records: None,
};

/// Posts a command of a phone that has an account in the demo, 1001 or 1101; gives the code.
pub fn ask(office: &Office, phone: &str, calltype: &str, to: &str) -> u16 {
    let document = format!(
        "<ipecs_svc><request type=\"service\" encrypt=\"off\" servicename=\"clicktocall\"><clicktocall>\
         <userinfo><stnnum>{phone}</stnnum><userid>click{phone}</userid><userpwd>demo-clickcall</userpwd></userinfo>\
         <srcinfo><dialnum>{phone}</dialnum></srcinfo>\
         <destinfo calltype=\"{calltype}\"><dialnum>{to}</dialnum></destinfo></clicktocall></request></ipecs_svc>"
    );
    let answer = office.https("clickcall", "POST", "/ipecs_svc", &[], document.as_bytes());
    let code = answer.text.split_once("<code>").and_then(|(_, rest)| rest.split('<').next()?.parse().ok());
    code.unwrap_or_else(|| panic!("no code: {answer:?}"))
}
