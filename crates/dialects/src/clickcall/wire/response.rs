//! The response document, exactly as the vendor prints it (CCX-05, CCX-10, CCX-14): no document type, attributes in the order of
//! the example, `encrypt` always sent as `off`, one `clicktocall_r` per command.

use crate::clickcall::error::Code;
use crate::common::xml::push_escaped;

/// The content type of an answer: the row's "file type".
pub const CONTENT_TYPE: &str = "text/xml; charset=utf-8";
/// How a client is told that it is a file.
pub const CONTENT_DISPOSITION: &str = "attachment; filename=\"response.xml\"";

/// Writes the answer. `responseid` is what the request had as its id.
#[must_use]
pub fn write(responseid: Option<&str>, codes: &[Code]) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\"?>\n<ipecs_svc>\n  <response encrypt=\"off\" servicename=\"clicktocall\" type=\"service\"",
    );
    if let Some(id) = responseid {
        out.push_str(" responseid=\"");
        push_escaped(&mut out, id);
        out.push('"');
    }
    if codes.len() > 1 {
        out.push_str(&format!(" cmd_cnt=\"{}\"", codes.len()));
    }
    out.push_str(">\n");
    for code in codes {
        let (number, message) = (code.number(), code.message());
        out.push_str(&format!(
            "    <clicktocall_r>\n      <code>{number}</code>\n      <message>{message}</message>\n      <status_id />\n    \
             </clicktocall_r>\n"
        ));
    }
    out.push_str("  </response>\n</ipecs_svc>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The response example of the vendor's document.
    const PRINTED: &str = r#"<?xml version="1.0"?>
<ipecs_svc>
  <response encrypt="off" servicename="clicktocall" type="service">
    <clicktocall_r>
      <code>100</code>
      <message>OK</message>
      <status_id />
    </clicktocall_r>
  </response>
</ipecs_svc>
"#;

    #[test]
    fn the_printed_response_is_written() {
        assert_eq!(write(None, &[Code::Ok]), PRINTED);
        let two = write(Some("a\"<&>"), &[Code::Ok, Code::CallerBusy]);
        let head = "type=\"service\" responseid=\"a&quot;&lt;&amp;&gt;\" cmd_cnt=\"2\">\n";
        assert!(two.contains(head), "{two}");
        assert!(two.find("<code>100</code>") < two.find("<code>110</code>"), "{two}");
        assert_eq!(two.matches("<status_id />").count(), 2);
    }
}
