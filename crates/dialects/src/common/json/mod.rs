//! JSON written straight into a text, for what is told of every event: there is no tree of values in between.
//!
//! Names come as they are, so that they keep the order of the caller. Reading, and answers that are made seldom, stay with the
//! doors' own trees.

mod view;

pub use view::push_view;

use std::cell::RefCell;

/// The zeros that a short number is filled up with.
const ZEROS: &str = "00000000000000000000";

/// An object that is being written.
pub struct Object<'a> {
    out: &'a mut String,
    empty: bool,
}

impl Object<'_> {
    /// Writes an object at the end of `out`.
    pub fn write(out: &mut String, fields: impl FnOnce(&mut Object<'_>)) {
        out.push('{');
        fields(&mut Object { out, empty: true });
        out.push('}');
    }

    /// Text.
    pub fn text(&mut self, name: &'static str, text: &str) {
        push_text(self.value(name), text);
    }

    /// A whole number.
    pub fn number(&mut self, name: &'static str, number: i64) {
        push_number(self.value(name), number);
    }

    /// A whole number that is never negative.
    pub fn count(&mut self, name: &'static str, count: u64) {
        push_count(self.value(name), count);
    }

    /// True or false.
    pub fn flag(&mut self, name: &'static str, flag: bool) {
        self.value(name).push_str(if flag { "true" } else { "false" });
    }

    /// An object in it.
    pub fn object(&mut self, name: &'static str, fields: impl FnOnce(&mut Object<'_>)) {
        Object::write(self.value(name), fields);
    }

    /// Text by a name from outside.
    pub fn named_text(&mut self, name: &str, text: &str) {
        self.comma();
        push_text(self.out, name);
        self.out.push(':');
        push_text(self.out, text);
    }

    /// Where the value of a name is to be written: one value, and nothing else. The name is one that needs no escapes.
    pub fn value(&mut self, name: &'static str) -> &mut String {
        self.comma();
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
        self.out
    }

    fn comma(&mut self) {
        if !std::mem::replace(&mut self.empty, false) {
            self.out.push(',');
        }
    }
}

/// Appends text in quotes.
pub fn push_text(out: &mut String, text: &str) {
    if !is_plain(text) {
        return push_view(out, text);
    }
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// Whether a text stands in quotes as it is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|octet| octet >= b' ' && octet != b'"' && octet != b'\\')
}

/// Appends a whole number.
pub fn push_number(out: &mut String, number: i64) {
    if number < 0 {
        out.push('-');
    }
    push_count(out, number.unsigned_abs());
}

/// Appends a whole number that is never negative.
pub fn push_count(out: &mut String, count: u64) {
    out.push_str(Decimal::of(count).as_str());
}

/// Appends a whole number with zeros before it where it has less than `width` digits.
pub fn push_digits(out: &mut String, number: u64, width: usize) {
    push_filled(out, Decimal::of(number).as_str(), width);
}

/// The same in lower-case hex digits.
pub fn push_hex(out: &mut String, number: u64, width: usize) {
    push_filled(out, Written::<16>::of(number).as_str(), width);
}

fn push_filled(out: &mut String, digits: &str, width: usize) {
    out.push_str(&ZEROS[..width.saturating_sub(digits.len()).min(ZEROS.len())]);
    out.push_str(digits);
}

/// A whole number in decimal digits.
pub type Decimal = Written<10>;

/// A whole number in digits, without leading zeros.
#[derive(Debug, Clone, Copy)]
pub struct Written<const BASE: u64> {
    digits: [u8; DIGITS_MAX],
    from: usize,
}

/// As many as the largest number has in base 10.
const DIGITS_MAX: usize = 20;

impl<const BASE: u64> Written<BASE> {
    /// Writes a number.
    #[must_use]
    pub fn of(mut number: u64) -> Self {
        let mut digits = [0; DIGITS_MAX];
        let mut from = digits.len();
        while number > 0 || from == digits.len() {
            from -= 1;
            digits[from] = b"0123456789abcdef"[(number % BASE) as usize];
            number /= BASE;
        }
        Self { digits, from }
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[self.from..]).expect("digits are ASCII")
    }
}

thread_local! {
    static PAPER: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Writes a text on paper that the thread keeps for the next one, and makes of it what is to be kept: so a text that lives long has
/// exactly its own length, and was written without moving.
pub fn on_paper<T>(write: impl FnOnce(&mut String) -> T) -> T {
    let mut paper = PAPER.take();
    paper.clear();
    let kept = write(&mut paper);
    PAPER.set(paper);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let mut out = String::from("x");
        Object::write(&mut out, |o| {
            o.text("z", "\"x\" [\\]\n\r\t\u{1}\u{1f}é");
            o.number("a", i64::MIN);
            o.count("z", u64::MAX);
            o.object("o", |o| o.flag("f", false));
            o.object("e", |_| {});
            o.value("list").push_str("[1]");
            o.named_text("\"", "");
        });
        let expected = "x{\"z\":\"\\\"x\\\" [\\\\]\\n\\r\\t\\u0001\\u001fé\",\"a\":-9223372036854775808,\
            \"z\":18446744073709551615,\"o\":{\"f\":false},\"e\":{},\"list\":[1],\"\\\"\":\"\"}";
        assert_eq!(out, expected);
        assert!(serde_json::from_str::<serde_json::Value>(&out[1..]).is_ok());
    }

    #[test]
    fn numbers_are_filled_up() {
        let written = |push: fn(&mut String, u64, usize), number, width| {
            let mut out = String::new();
            push(&mut out, number, width);
            out
        };
        for (number, width, expected) in [(0, 1, "0"), (0, 3, "000"), (7, 2, "07"), (2026, 4, "2026"), (123, 2, "123")]
        {
            assert_eq!(written(push_digits, number, width), expected);
        }
        assert_eq!(written(push_hex, 0xa1b2, 14), "0000000000a1b2");
        assert_eq!(written(push_hex, u64::MAX, 14), "ffffffffffffffff");
    }
}
