//! Where a request ends on a stream that has neither delimiter nor length: where its root element closes (TEL-TRN-02).
//!
//! Octets are looked at once, one by one, so that a client that sends slowly costs no more than one that sends at once. Only
//! what is needed to find the end is understood here; whether it is XML is for the decoder to say.

use super::{Bounds, DIRECTORY};

/// Octets in which the name of the service is looked for where a request is large.
const HEAD_LEN_MAX: usize = 4_096;

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
    bounds: Bounds,
    service: Service,
}

/// The name of the second element, which is that of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    /// Not come yet; so many octets of the directory's name have.
    Comes(usize),
    /// Another one.
    Other,
    /// The directory's.
    Directory,
}

impl Default for Framer {
    fn default() -> Self {
        Self::new(Bounds::default())
    }
}

impl Framer {
    /// For a request within these bounds.
    #[must_use]
    pub fn new(bounds: Bounds) -> Self {
        let service = Service::Comes(0);
        Self { within: Within::Text, depth: 0, elements: 0, seen: 0, ended: None, bounds, service }
    }

    /// Whether it is a directory; none: the name of the service has not come yet.
    #[must_use]
    pub fn is_directory(&self) -> Option<bool> {
        match self.service {
            Service::Comes(_) => None,
            Service::Other => Some(false),
            Service::Directory => Some(true),
        }
    }

    /// Octets that the request may have, as far as it is known what it is.
    #[must_use]
    pub fn octets_max(&self) -> usize {
        self.bounds.octets_of(self.is_directory() == Some(true))
    }

    /// Takes the next octets.
    pub fn feed(&mut self, octets: &[u8]) -> Progress {
        for octet in octets {
            if let Some(ended) = self.ended {
                return ended;
            }
            self.seen += 1;
            self.name(*octet);
            match self.step(*octet) {
                Some(within) => self.within = within,
                None => self.ended = Some(self.ended.unwrap_or(Progress::Bad)),
            }
        }
        self.ended.unwrap_or(Progress::More)
    }

    /// Follows the name of the second element.
    fn name(&mut self, octet: u8) {
        let Service::Comes(known) = self.service else { return };
        if self.elements != 1 || !matches!(self.within, Within::Tag | Within::Open(_)) {
            return;
        }
        let name = DIRECTORY.as_bytes();
        self.service = match (name.get(known), octet) {
            // Not an element after all.
            (_, b'!' | b'?' | b'/') if known == 0 => Service::Comes(0),
            (Some(expected), _) if *expected == octet => Service::Comes(known + 1),
            (None, b' ' | b'\t' | b'\r' | b'\n' | b'>' | b'/') => Service::Directory,
            (Some(_) | None, _) => Service::Other,
        };
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
        let elements_max = self.bounds.elements_of(self.is_directory() == Some(true));
        if self.depth > self.bounds.depth_max || self.elements > elements_max {
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

/// Whether what begins so is a directory; none: that cannot be told yet.
#[must_use]
pub fn is_directory(octets: &[u8]) -> Option<bool> {
    let head = &octets[..octets.len().min(HEAD_LEN_MAX)];
    let mut framer = Framer::default();
    let progress = framer.feed(head);
    match framer.is_directory() {
        None if progress == Progress::More && head.len() < HEAD_LEN_MAX => None,
        known => Some(known == Some(true)),
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
        let bounds = Bounds::default();
        assert_eq!(whole(&"<a>".repeat(bounds.depth_max + 1)), Progress::Bad);
        assert_eq!(whole(&format!("<a>{}", "<b/>".repeat(bounds.elements_max))), Progress::Bad);
    }

    #[test]
    fn a_directory_is_known_by_the_name_of_its_service() {
        for (text, expected) in [
            ("<TelServiceRequest><updateUserDirectory>", Some(true)),
            ("<?xml version='1.0'?><!-- <b> --><r>\n<!-- x --><updateUserDirectory ", Some(true)),
            ("<r><updateUserDirectory/>", Some(true)),
            ("<r><updateUserDirector", None),
            ("<r", None),
            ("<r><updateUserDirectoryX", Some(false)),
            ("<r><update/><updateUserDirectory>", Some(false)),
            ("<updateUserDirectory><makeCall>", Some(false)),
            ("x<r><updateUserDirectory>", Some(false)),
            (&" ".repeat(HEAD_LEN_MAX), Some(false)),
        ] {
            assert_eq!(is_directory(text.as_bytes()), expected, "{text}");
        }
        let large = format!("<r><updateUserDirectory>{}", "<e/>".repeat(30_000));
        assert_eq!(whole(&large), Progress::More, "more elements than others may have");
    }
}
