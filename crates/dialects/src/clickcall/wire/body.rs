//! Where the XML stands in a body (CCX-02): bare, under any content type, or in a part of a multipart body (RFC 2046 5.1).
//!
//! Of several parts the first one that begins like XML counts, whatever its name. Part headers are passed over: a part in
//! another transfer encoding than 7bit, 8bit or binary is not XML then.

/// Octets of a body.
pub const BODY_MAX: usize = 65_536;
/// Parts of a multipart body that are looked at.
const PARTS_MAX: usize = 16;
/// Characters of a boundary (RFC 2046 5.1.1).
const BOUNDARY_LEN_MAX: usize = 70;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The document of a body; none: nothing in it looks like one.
#[must_use]
pub fn document<'a>(content_type: Option<&str>, body: &'a [u8]) -> Option<&'a [u8]> {
    if begins_like_xml(body) {
        return Some(body);
    }
    let boundary = content_type.and_then(boundary).map(str::as_bytes).or_else(|| first_line_boundary(body))?;
    parts(body, boundary).take(PARTS_MAX).find(|part| begins_like_xml(part))
}

fn begins_like_xml(octets: &[u8]) -> bool {
    octets.strip_prefix(BYTE_ORDER_MARK).unwrap_or(octets).trim_ascii_start().starts_with(b"<")
}

/// The parameter `boundary` of a multipart content type.
fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim_start().get(..10)?.eq_ignore_ascii_case("multipart/") {
        return None;
    }
    let value = parameters.split(';').find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value.trim())
    })?;
    let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    (1..=BOUNDARY_LEN_MAX).contains(&bare.len()).then_some(bare)
}

/// The boundary that a body shows itself, for clients that do not name it.
fn first_line_boundary(body: &[u8]) -> Option<&[u8]> {
    let line = body.trim_ascii_start().strip_prefix(b"--")?;
    let end = line.iter().take(BOUNDARY_LEN_MAX + 1).position(|b| matches!(b, b'\r' | b'\n'))?;
    let bare = line[..end].trim_ascii_end();
    (!bare.is_empty()).then_some(bare)
}

/// What stands between the delimiter lines, without each part's header lines.
fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = after_delimiter(body, boundary);
    std::iter::from_fn(move || {
        let part = rest.take()?;
        let (end, next) = match delimiter(part, boundary) {
            Some(at) => (at, after_delimiter(&part[at..], boundary)),
            None => (part.len(), None),
        };
        rest = next;
        Some(content(&part[..end]))
    })
}

/// Where the next delimiter line begins: at the beginning of the octets, or after a line end, which belongs to it.
fn delimiter(octets: &[u8], boundary: &[u8]) -> Option<usize> {
    let is = |at: usize| octets[at..].strip_prefix(b"--").is_some_and(|rest| rest.starts_with(boundary));
    (0..octets.len()).find(|&at| is(at) && (at == 0 || octets[at - 1] == b'\n'))
}

/// What follows the next delimiter line; none: it is the last one, or there is none.
fn after_delimiter<'a>(octets: &'a [u8], boundary: &[u8]) -> Option<&'a [u8]> {
    let line = &octets[delimiter(octets, boundary)? + 2 + boundary.len()..];
    if line.starts_with(b"--") {
        return None;
    }
    let end = line.iter().position(|b| *b == b'\n')?;
    Some(&line[end + 1..])
}

/// A part without its header lines, which end with an empty one.
fn content(part: &[u8]) -> &[u8] {
    let mut at = 0;
    while let Some(length) = part[at..].iter().position(|b| *b == b'\n') {
        let line = &part[at..at + length];
        at += length + 1;
        if line.trim_ascii().is_empty() {
            return &part[at..];
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: &str = "multipart/form-data; boundary=----x1";

    fn found(content_type: Option<&str>, body: &str) -> Option<String> {
        document(content_type, body.as_bytes()).map(|octets| String::from_utf8(octets.to_vec()).expect("text"))
    }

    #[test]
    fn a_bare_document_counts_under_any_type() {
        for kind in [None, Some("text/xml"), Some("application/x-www-form-urlencoded"), Some(""), Some(FORM)] {
            assert_eq!(found(kind, " \r\n<a/>").as_deref(), Some(" \r\n<a/>"), "{kind:?}");
        }
        assert_eq!(found(None, "\u{feff}<a/>").as_deref(), Some("\u{feff}<a/>"));
        for nothing in ["", " ", "xml=%3Ca%2F%3E", "{\"a\":1}", "--", "----", "--x"] {
            assert_eq!(found(None, nothing), None, "{nothing}");
        }
    }

    #[test]
    fn the_first_part_that_is_xml_counts() {
        let body = "ignored\r\n------x1\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n------x1\r\n\
                    Content-Disposition: form-data; name=\"file\"; filename=\"r.xml\"\r\nContent-Type: text/xml\r\n\r\n\
                    <a>--x1</a>\r\n------x1\r\n\r\n<b/>\r\n------x1--\r\nafter";
        assert_eq!(found(Some(FORM), body).as_deref(), Some("<a>--x1</a>\r\n"));
        let mixed = "--b\n\n \u{feff}\n--b\n\n\u{feff}<a/>\n--b--";
        assert_eq!(found(Some("Multipart/Mixed; charset=x; Boundary=\"b\""), mixed).as_deref(), Some("\u{feff}<a/>\n"));
        assert_eq!(found(Some("multipart/form-data"), mixed).as_deref(), Some("\u{feff}<a/>\n"), "its own first line");
        assert_eq!(found(None, mixed).as_deref(), Some("\u{feff}<a/>\n"));
        assert_eq!(found(Some(FORM), mixed), None, "another boundary is named");
        assert_eq!(found(Some(FORM), "------x1\r\n\r\n<a/>").as_deref(), Some("<a/>"), "cut off behind it");
        assert_eq!(found(Some(FORM), "------x1--\r\n\r\n<a/>"), None, "after the end");
        assert_eq!(found(Some(FORM), "------x1\r\nname: x\r\n<a/>"), None, "headers without end");
        let many = "------x1\r\n\r\nno\r\n".repeat(16) + "------x1\r\n\r\n<a/>\r\n------x1--";
        assert_eq!(found(Some(FORM), &many), None, "looked at 16");
    }
}
