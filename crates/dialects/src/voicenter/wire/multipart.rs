//! `multipart/form-data` (RFC 7578), as far as a form of texts needs it: names and values, no files.

/// Parts of one body.
pub const PARTS_MAX: usize = 1_000;
/// Characters of a boundary (RFC 2046 5.1.1).
const BOUNDARY_LEN_MAX: usize = 70;

/// The boundary that a content type names.
#[must_use]
pub fn boundary(content_type: &str) -> Option<&str> {
    let named = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then(|| value.trim().trim_matches('"'))
    })?;
    (1..=BOUNDARY_LEN_MAX).contains(&named.len()).then_some(named)
}

/// Names and values in order; none: the body is not of this form.
#[must_use]
pub fn fields(boundary: &str, body: &[u8]) -> Option<Vec<(String, String)>> {
    let dashes = format!("--{boundary}");
    let mut rest = after(body, dashes.as_bytes())?;
    let delimiter = format!("\r\n{dashes}");
    let mut fields = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Some(fields);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let end = find(rest, delimiter.as_bytes())?;
        let (part, tail) = rest.split_at(end);
        rest = tail.get(delimiter.len()..)?;
        if fields.len() >= PARTS_MAX {
            return None;
        }
        fields.push(field(part)?);
    }
}

fn field(part: &[u8]) -> Option<(String, String)> {
    let end = find(part, b"\r\n\r\n")?;
    let (head, value) = part.split_at(end);
    let head = std::str::from_utf8(head).ok()?;
    let name = head.split("\r\n").find_map(|line| {
        let (field, value) = line.split_once(':')?;
        field.trim().eq_ignore_ascii_case("content-disposition").then(|| name(value)).flatten()
    })?;
    let value = value.get(4..)?;
    Some((name, String::from_utf8_lossy(value).into_owned()))
}

fn name(disposition: &str) -> Option<String> {
    disposition.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("name").then(|| value.trim().trim_matches('"').to_owned())
    })
}

fn after<'a>(bytes: &'a [u8], what: &[u8]) -> Option<&'a [u8]> {
    bytes.get(find(bytes, what)? + what.len()..)
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_texts_is_read() {
        let kind = "multipart/form-data; boundary=\"xYz\"";
        let body = b"preamble\r\n--xYz\r\nContent-Disposition: form-data; name=\"phone\"\r\n\r\n1001\r\n--xYz\r\n\
            content-type: text/plain\r\ncontent-disposition: form-data; name=target\r\n\r\na--xYb\r\nc\r\n--xYz--\r\n";
        let fields = fields(boundary(kind).expect("named"), body).expect("a form");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fields, [pair("phone", "1001"), pair("target", "a--xYb\r\nc")]);
    }

    #[test]
    fn what_is_cut_off_or_nameless_is_no_form() {
        for wrong in [
            "",
            "--b",
            "--b\r\n",
            "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx",
            "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
            "--b\r\nno head\r\n--b--",
        ] {
            assert_eq!(fields("b", wrong.as_bytes()), None, "{wrong:?}");
        }
        let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n";
        assert_eq!(fields("b", format!("{}--b--", part.repeat(PARTS_MAX + 1)).as_bytes()), None, "too many");
        assert_eq!(boundary("multipart/form-data"), None);
        assert_eq!(boundary(&format!("multipart/form-data; boundary={}", "x".repeat(71))), None);
    }
}
