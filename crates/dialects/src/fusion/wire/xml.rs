//! XML as the guide prints it (FUS-FMT-03): no declaration, no attributes, one element per line.

use crate::common::xml::{is_name_char, is_name_start};

/// An element with text or with elements in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    name: String,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Text(String),
    Elements(Vec<Element>),
}

impl Element {
    /// An element with text.
    #[must_use]
    pub fn text(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), content: Content::Text(text.into()) }
    }

    /// An element with elements.
    #[must_use]
    pub fn list(name: &str, elements: Vec<Self>) -> Self {
        Self { name: name.to_owned(), content: Content::Elements(elements) }
    }

    /// Writes it; each level is indented by `indent`.
    #[must_use]
    pub fn write(&self, indent: &str) -> String {
        let mut out = String::new();
        self.write_at(&mut out, indent, 0);
        out
    }

    fn write_at(&self, out: &mut String, indent: &str, level: usize) {
        out.extend(std::iter::repeat_n(indent, level));
        out.push_str(&format!("<{}>", self.name));
        match &self.content {
            Content::Text(text) => push_escaped(out, text),
            Content::Elements(elements) => {
                for element in elements {
                    out.push('\n');
                    element.write_at(out, indent, level + 1);
                }
                if !elements.is_empty() {
                    out.push('\n');
                    out.extend(std::iter::repeat_n(indent, level));
                }
            }
        }
        out.push_str(&format!("</{}>", self.name));
    }
}

/// Appends text: `& < >` escaped, what XML 1.0 does not know left out.
pub fn push_escaped(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\u{9}' | '\u{a}' | '\u{d}' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => {
                out.push(c)
            }
            _ => {}
        }
    }
}

/// A name that may stand in a tag: a wrong beginning gets `_` before it, a wrong character becomes `_`.
#[must_use]
pub fn element_name(name: &str) -> String {
    let begins = name.chars().next().is_some_and(is_name_start);
    let kept = name.chars().map(|c| if is_name_char(c) { c } else { '_' });
    if begins { kept.collect() } else { std::iter::once('_').chain(kept).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_written_one_per_line() {
        let result = Element::list("ccHangupResult", vec![Element::text("Result", "0")]);
        assert_eq!(result.write("   "), "<ccHangupResult>\n   <Result>0</Result>\n</ccHangupResult>");
        assert_eq!(result.write(""), "<ccHangupResult>\n<Result>0</Result>\n</ccHangupResult>");
        assert_eq!(Element::list("Channels", Vec::new()).write("   "), "<Channels></Channels>");
        let text = Element::text("CallerId", "\"A & <B>\" [\u{1}1\u{fffe}2]\u{fffd}é");
        assert_eq!(text.write(" "), "<CallerId>\"A &amp; &lt;B&gt;\" [12]\u{fffd}é</CallerId>");
    }

    #[test]
    fn any_variable_can_name_an_element() {
        for (name, element) in [
            ("Variable1", "Variable1"),
            ("1st", "_1st"),
            ("CFU.Number", "CFU.Number"),
            ("a b<", "a_b_"),
            ("", "_"),
            ("m²", "m_"),
            ("ªb", "__b"),
            ("Länge", "Länge"),
            ("a:b", "a_b"),
        ] {
            assert_eq!(element_name(name), element);
        }
    }
}
