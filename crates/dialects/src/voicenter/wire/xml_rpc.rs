//! The XML answer of Click2Call: an XML-RPC `methodResponse` of one struct (VOI-C2C-13).
//!
//! The vendor's own client walks `params/param/value/struct/member` and reads `value/string`, so nothing may stand between. As
//! printed there is no XML declaration, and also the number is a string.

/// A `methodResponse` whose struct has these members in this order.
#[must_use]
pub fn method_response(members: &[(&str, &str)]) -> String {
    let mut out = String::from("<methodResponse><params><param><value><struct>");
    for (name, value) in members {
        out.push_str("<member><name>");
        push_escaped(&mut out, name);
        out.push_str("</name><value><string>");
        push_escaped(&mut out, value);
        out.push_str("</string></value></member>");
    }
    out.push_str("</struct></value></param></params></methodResponse>");
    out
}

/// Text as XML 1.0 allows it: what no document may hold becomes a question mark.
pub fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_values_cannot_break_out() {
        assert_eq!(
            method_response(&[("B", "1"), ("A", "<a href=\"x\">&\u{0}\r\n")]),
            "<methodResponse><params><param><value><struct>\
             <member><name>B</name><value><string>1</string></value></member>\
             <member><name>A</name><value><string>&lt;a href=&quot;x&quot;&gt;&amp;?&#13;\n</string></value></member>\
             </struct></value></param></params></methodResponse>"
        );
    }
}
