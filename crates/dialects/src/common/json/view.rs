//! Views and texts as `serde_json` writes them, straight into a text.

use serde::Serialize;
use std::cell::RefCell;

thread_local! {
    static OCTETS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Appends what serde can take apart, as JSON.
///
/// # Panics
///
/// On what has no form in JSON: a map whose names are no texts.
pub fn push_view(out: &mut String, view: &(impl Serialize + ?Sized)) {
    // Looked through once, and not piece by piece.
    let mut octets = OCTETS.take();
    octets.clear();
    serde_json::to_writer(&mut octets, view).expect("views have names, texts, numbers, lists and maps");
    out.push_str(std::str::from_utf8(&octets).expect("JSON is text"));
    OCTETS.set(octets);
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
