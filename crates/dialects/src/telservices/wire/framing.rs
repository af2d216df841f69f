//! Where a request ends on a stream that has neither delimiter nor length: where its root element closes (TEL-TRN-02).
//!
//! Octets are looked at once, one by one, so that a client that sends slowly costs no more than one that sends at once. Only
//! what is needed to find the end is understood here; whether it is XML is for the decoder to say.

use super::{DEPTH_MAX, ELEMENTS_MAX};

/// How far a stream has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The request goes on.
    More,
    /// It ends before this octet, counted from the start of the stream.
    Done(usize),
    /// It is not one, or beyond the bounds.
    Bad,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Text,
    /// Behind `<`.
    Tag,
    /// Behind `<!`, with so many octets matched of the comment's or the section's opening.
    Comment(u8),
    Section(u8),
    Bang,
    /// So many `-` or `]` in a row.
    CommentBody(u8),
    SectionBody(u8),
    /// The last octet was `?`.
    Instruction(bool),
    /// The last octet was `/`.
    Open(bool),
    Quoted(u8),
    Close,
}

/// Follows one stream.
#[derive(Debug)]
pub struct Framer {
    within: Within,
    depth: usize,
    elements: usize,
    seen: usize,
    ended: Option<Progress>,
}

impl Default for Framer {
    fn default() -> Self {
        Self { within: Within::Text, depth: 0, elements: 0, seen: 0, ended: None }
    }
}

impl Framer {
    /// Takes the next octets.
    pub fn feed(&mut self, octets: &[u8]) -> Progress {
        for octet in octets {
            if let Some(ended) = self.ended {
                return ended;
            }
            self.seen += 1;
            match self.step(*octet) {
                Some(within) => self.within = within,
                None => self.ended = Some(self.ended.unwrap_or(Progress::Bad)),
            }
        }
        self.ended.unwrap_or(Progress::More)
    }

    /// The next state; none: it ends here.
    fn step(&mut self, octet: u8) -> Option<Within> {
        let next = match (self.within, octet) {
            // No UTF-8 text of XML has it; UTF-16 does.
            (_, 0) => return None,
            (Within::Text, b'<') => Within::Tag,
            (Within::Text, _) if self.depth > 0 || is_blank(octet) => Within::Text,
            (Within::Text, _) => return None,
            (Within::Tag, b'?') => Within::Instruction(false),
            (Within::Tag, b'!') => Within::Bang,
            (Within::Tag, b'/') => Within::Close,
            (Within::Tag, b'>' | b'<') => return None,
            (Within::Tag, _) => Within::Open(false),
            (Within::Bang, b'-') => Within::Comment(1),
            (Within::Bang, b'[') => Within::Section(1),
            (Within::Bang, _) => return None,
            (Within::Comment(_), b'-') => Within::CommentBody(0),
            (Within::Comment(_), _) => return None,
            (Within::Section(at), _) if b"[CDATA["[usize::from(at)] == octet => match at {
                6 => Within::SectionBody(0),
                _ => Within::Section(at + 1),
            },
            (Within::Section(_), _) => return None,
            (Within::CommentBody(2), b'>') | (Within::SectionBody(2), b'>') => Within::Text,
            (Within::CommentBody(dashes), b'-') => Within::CommentBody((dashes + 1).min(2)),
            (Within::CommentBody(_), _) => Within::CommentBody(0),
            (Within::SectionBody(brackets), b']') => Within::SectionBody((brackets + 1).min(2)),
            (Within::SectionBody(_), _) => Within::SectionBody(0),
            (Within::Instruction(true), b'>') => Within::Text,
            (Within::Instruction(_), _) => Within::Instruction(octet == b'?'),
            (Within::Open(_), b'"' | b'\'') => Within::Quoted(octet),
            (Within::Open(empty), b'>') => return self.opened(empty),
            (Within::Open(_), b'<') => return None,
            (Within::Open(_), _) => Within::Open(octet == b'/'),
            (Within::Quoted(quote), _) if quote == octet => Within::Open(false),
            (Within::Quoted(quote), _) => Within::Quoted(quote),
            (Within::Close, b'>') => return self.closed(),
            (Within::Close, _) => Within::Close,
        };
        Some(next)
    }

    fn opened(&mut self, empty: bool) -> Option<Within> {
        self.elements += 1;
        self.depth += 1;
        if self.depth > DEPTH_MAX || self.elements > ELEMENTS_MAX {
            return None;
        }
        if empty { self.closed() } else { Some(Within::Text) }
    }

    fn closed(&mut self) -> Option<Within> {
        self.depth = self.depth.checked_sub(1)?;
        if self.depth == 0 {
            self.ended = Some(Progress::Done(self.seen));
            return None;
        }
        Some(Within::Text)
    }
}

/// White space, and the octets of a byte order mark.
pub(crate) const fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n' | 0xef | 0xbb | 0xbf)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Progress {
        let at_once = Framer::default().feed(text.as_bytes());
        let mut framer = Framer::default();
        let mut drops = Progress::More;
        for octet in text.as_bytes().chunks(1) {
            drops = framer.feed(octet);
        }
        assert_eq!(at_once, drops, "{text}");
        at_once
    }

    #[test]
    fn a_request_ends_where_its_root_closes() {
        let ends = |text: &str| whole(&format!("{text}\r\nrest<")) == Progress::Done(text.len());
        for text in [
            "<a/>",
            "\u{feff} <?xml version='1.0'?><!-- <a> -- --><a><b>x</b></a>",
            "<a x='>' y=\"/>\"><![CDATA[</a>]]]></a>",
            "<a><b/><b></b ></a >",
        ] {
            assert!(ends(text), "{text}");
        }
        for text in ["", " ", "<", "<a>", "<a", "<a><b></b>", "<!--", "<a b='"] {
            assert_eq!(whole(text), Progress::More, "{text}");
        }
        for text in ["<\0a\0>\0", "x", "</a>", "<!DOCTYPE a>", "<>", "<a<b>", "<![CDATX", "{}"] {
            assert_eq!(whole(text), Progress::Bad, "{text}");
        }
        assert_eq!(whole(&"<a>".repeat(DEPTH_MAX + 1)), Progress::Bad);
        assert_eq!(whole(&format!("<a>{}", "<b/>".repeat(ELEMENTS_MAX))), Progress::Bad);
    }
}
