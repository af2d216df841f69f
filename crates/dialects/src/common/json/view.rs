//! Views and texts as `serde_json` writes them, straight into a text.

use serde::Serialize;
use std::io::{Error, ErrorKind, Result, Write};

/// Appends what serde can take apart, as JSON.
///
/// # Panics
///
/// On what has no form in JSON: a map whose names are no texts.
pub fn push_view(out: &mut String, view: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(Pen(out), view).expect("views have names, texts, numbers, lists and maps");
}

/// Writes into a text; `serde_json` writes whole characters at a time.
struct Pen<'a>(&'a mut String);

impl Write for Pen<'_> {
    fn write(&mut self, octets: &[u8]) -> Result<usize> {
        self.write_all(octets)?;
        Ok(octets.len())
    }

    fn write_all(&mut self, octets: &[u8]) -> Result<()> {
        self.0.push_str(std::str::from_utf8(octets).map_err(|error| Error::new(ErrorKind::InvalidData, error))?);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::push_view;
    use std::collections::BTreeMap;

    #[test]
    fn it_is_what_serde_json_writes() {
        let view = BTreeMap::from([("\"k\u{8}", "\u{c}\n\u{1f}é\u{1f4de}\\"), ("", "/")]);
        let mut out = String::from("x");
        push_view(&mut out, &view);
        assert_eq!(out[1..], serde_json::to_string(&view).expect("a view"));
    }
}
