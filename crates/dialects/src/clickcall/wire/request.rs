//! From XML to a request document (CCX-05, CCX-06, CCX-14).
//!
//! Not validated: the printed DTD is half of one. Elements that are not known are passed over, so are attributes; a document type
//! without declarations is passed over unread. What has no `request` in `ipecs_svc`, or no command in that, is no request.

use super::{ClickToCall, Document, body};
use crate::common::xml::{self, Doctype, XmlElement, XmlError, XmlFault, XmlLimits};

/// Commands of one request.
pub const COMMANDS_MAX: usize = 32;

/// Bounds of a document. The deepest path that means something has five elements.
const LIMITS: XmlLimits = XmlLimits {
    octets_max: body::BODY_MAX,
    depth_max: 16,
    elements_max: 1_000,
    attributes_max: 32,
    text_len_max: 1_024,
    name_len_max: 64,
    doctype: Doctype::PassedOver,
};

/// Reads a document.
///
/// # Errors
///
/// What is wrong with it, for the log: the vendor's answer is the same for everything.
pub fn read(octets: &[u8]) -> Result<Document, XmlError> {
    let root = xml::parse(octets, &LIMITS)?;
    let no_request = |at| XmlError { fault: XmlFault::Root, at };
    if root.name != "ipecs_svc" {
        return Err(no_request(root.at));
    }
    let request = root.child("request").ok_or(no_request(root.at))?;
    let commands: Vec<ClickToCall> = request.children_named("clicktocall").map(command).collect();
    // Another service may have other elements; it is answered as one that is not supported.
    let other_service = request.attribute("servicename").is_some_and(|name| name != "clicktocall");
    if commands.is_empty() && !other_service {
        return Err(no_request(request.at));
    }
    if commands.len() > COMMANDS_MAX {
        return Err(XmlError { fault: XmlFault::Elements, at: request.at });
    }
    let attribute = |name| request.attribute(name).map(str::to_owned);
    Ok(Document {
        kind: attribute("type"),
        servicename: attribute("servicename"),
        encrypt: attribute("encrypt"),
        requestid: attribute("requestid"),
        commands,
    })
}

fn command(element: &XmlElement) -> ClickToCall {
    let text = |parent: &str, name: &str| {
        let found = element.child(parent).and_then(|parent| parent.child(name));
        found.map(|element| element.trimmed().to_owned()).unwrap_or_default()
    };
    let password = element.child("userinfo").and_then(|userinfo| userinfo.child("userpwd"));
    let destination = element.child("destinfo");
    ClickToCall {
        stnnum: text("userinfo", "stnnum"),
        userid: text("userinfo", "userid"),
        userpwd: text("userinfo", "userpwd"),
        userpwd_encrypt: password.and_then(|password| password.attribute("encrypt")).map(str::to_owned),
        source: text("srcinfo", "dialnum"),
        calltype: destination.and_then(|destination| destination.attribute("calltype")).map(str::to_owned),
        destination: text("destinfo", "dialnum"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The request example of the vendor's document.
    pub(crate) const PRINTED: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE ipecs_svc SYSTEM "iPECSService.dtd">
<ipecs_svc>
  <request type="service" encrypt="off" servicename="clicktocall">
    <clicktocall>
      <userinfo>
        <stnnum>1006058</stnnum>
        <userid>1006058</userid>
        <userpwd encrypt="off">1006058</userpwd>
      </userinfo>
      <srcinfo>
        <dialnum>1006058</dialnum>
      </srcinfo>
      <destinfo calltype="single">
        <dialnum>01064950821</dialnum>
      </destinfo>
    </clicktocall>
  </request>
</ipecs_svc>
"#;

    #[test]
    fn the_printed_request_is_read() {
        let document = read(PRINTED.as_bytes()).expect("it is printed so");
        let some = |text: &str| Some(text.to_owned());
        assert_eq!((document.kind, document.servicename), (some("service"), some("clicktocall")));
        assert_eq!((document.encrypt, document.requestid), (some("off"), None));
        let [command] = document.commands.as_slice() else { panic!("{:?}", document.commands) };
        let credentials = [&command.stnnum, &command.userid, &command.userpwd, &command.source];
        assert!(credentials.iter().all(|text| *text == "1006058"), "{command:?}");
        assert_eq!((command.userpwd_encrypt.as_deref(), command.calltype.as_deref()), (Some("off"), Some("single")));
        assert_eq!(command.destination, "01064950821");
        assert!(!format!("{command:?}").contains("userpwd"), "no password in a log");
    }

    #[test]
    fn white_space_order_and_unknown_things_do_not_matter() {
        let command = "<destinfo><dialnum>\n 2 </dialnum></destinfo><extra><dialnum>9</dialnum></extra>\
                       <userinfo><userpwd> p&amp;w </userpwd><stnnum>1</stnnum></userinfo>";
        let text = format!(
            "<ipecs_svc><request requestid='r&gt;1' servicename='clicktocall' x='y'>\
             <clicktocall>{command}</clicktocall><clicktocall/></request></ipecs_svc>"
        );
        let document = read(text.as_bytes()).expect("readable");
        assert_eq!((document.requestid.as_deref(), document.kind), (Some("r>1"), None));
        let [first, second] = document.commands.as_slice() else { panic!("{:?}", document.commands) };
        assert_eq!((first.destination.as_str(), first.userpwd.as_str()), ("2", "p&w"));
        assert_eq!((first.source.as_str(), first.userid.as_str(), first.calltype.as_deref()), ("", "", None));
        assert_eq!(*second, ClickToCall::default());
    }

    #[test]
    fn what_is_no_request_is_told_with_its_place() {
        for text in [
            "<ipecs_svc/>",
            "<ipecs_svc><response/></ipecs_svc>",
            "<ipecs_svc><request/></ipecs_svc>",
            "<ipecs_svc><request servicename='clicktocall'/></ipecs_svc>",
            "<request><clicktocall/></request>",
            "<IPECS_SVC><request><clicktocall/></request></IPECS_SVC>",
        ] {
            assert_eq!(read(text.as_bytes()).map_err(|error| error.fault), Err(XmlFault::Root), "{text}");
        }
        let other = read(b"<ipecs_svc><request servicename='smdr'><smdr/></request></ipecs_svc>");
        assert_eq!(other.expect("another service").commands, []);
        let many = |count: usize| {
            let commands = "<clicktocall/>".repeat(count);
            read(format!("<ipecs_svc><request>{commands}</request></ipecs_svc>").as_bytes())
        };
        assert_eq!(many(COMMANDS_MAX).expect("as many as there may be").commands.len(), COMMANDS_MAX);
        assert_eq!(many(COMMANDS_MAX + 1).map_err(|error| error.fault), Err(XmlFault::Elements));
    }
}
