//! XML from outside as a small tree with bounds (XML 1.0, fifth edition), and text made fit to be written into XML.
//!
//! A tokenizer cuts the markup; everything that could be made large by a small input is refused here: no document type with
//! declarations in it, no entity but the five predefined ones and character references, and a bound on octets, depth,
//! elements, attributes and text. UTF-8 only (with or without byte order mark; US-ASCII is UTF-8 too). No namespaces, no
//! validation, nothing is ever fetched. Where on a stream a document ends is for the door to say.

mod build;
mod fault;
#[cfg(test)]
mod tests;

pub use build::parse;
pub use fault::{XmlError, XmlFault};

/// What to do with a `<!DOCTYPE name SYSTEM "...">`. One with declarations in it (`[ ... ]`) is always refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doctype {
    /// It is an error.
    Refused,
    /// It is passed over; what it points to is not fetched.
    PassedOver,
}

/// Bounds of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XmlLimits {
    /// Octets of the whole document.
    pub octets_max: usize,
    /// Elements within each other; the root has depth 1.
    pub depth_max: usize,
    /// Elements in all.
    pub elements_max: usize,
    /// Attributes of one element.
    pub attributes_max: usize,
    /// Octets of one element's own text, and of one attribute's value.
    pub text_len_max: usize,
    /// Octets of a name.
    pub name_len_max: usize,
    /// What a document type is.
    pub doctype: Doctype,
}

/// An element with all that is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct XmlElement {
    /// Its name as written, prefix and all.
    pub name: String,
    /// Its attributes as written, in order; no name twice.
    pub attributes: Vec<(String, String)>,
    /// All text directly in it, joined, as sent: blanks are kept, line ends are LF.
    pub text: String,
    /// The elements directly in it, in order.
    pub children: Vec<XmlElement>,
    /// Where its tag begins: octets from the start of the document.
    pub at: usize,
}

impl XmlElement {
    /// The first child of this name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of this name, in order.
    pub fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// An attribute's value.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The text without the white space around it.
    #[must_use]
    pub fn trimmed(&self) -> &str {
        self.text.trim_matches(is_space)
    }
}

/// White space of XML (production 3).
#[must_use]
pub const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A character of XML 1.0 (production 2).
#[must_use]
pub const fn is_char(c: char) -> bool {
    matches!(c, '\u{9}' | '\u{a}' | '\u{d}' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// A character that a name may begin with (production 4), but for the colon of namespaces.
#[must_use]
pub const fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | 'a'..='z' | '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// A character that may stand in a name (production 4a), but for that colon.
#[must_use]
pub const fn is_name_char(c: char) -> bool {
    is_name_start(c) || matches!(c, '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// Appends text to XML: `& < > "` escaped, so that it may stand in an element or between double quotes; what XML does not know
/// is left out.
pub fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars().filter(|c| is_char(*c)) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // A line end that is not LF would be read as LF.
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}
