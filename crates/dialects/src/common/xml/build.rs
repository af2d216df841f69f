//! From octets to the tree. No recursion: depth is a number, not a stack frame.

use super::{Doctype, XmlElement, XmlError, XmlFault, XmlLimits, is_char, is_name_char, is_name_start, is_space};
use quick_xml::events::{BytesDecl, BytesStart, BytesText, Event};
use quick_xml::{Reader, XmlVersion};

/// The byte order mark of UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// Names of encodings that are UTF-8, or a part of it.
const UTF_8: [&str; 4] = ["utf-8", "utf8", "us-ascii", "ascii"];

/// Reads one whole document: prolog, root element, and nothing of weight after it.
///
/// # Errors
///
/// What is wrong with it; the first thing that is found.
pub fn parse(octets: &[u8], limits: &XmlLimits) -> Result<XmlElement, XmlError> {
    let fail = |fault, at| Err(XmlError { fault, at });
    if octets.len() > limits.octets_max {
        return fail(XmlFault::TooLong, limits.octets_max);
    }
    let text = match std::str::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => return fail(XmlFault::Encoding, error.valid_up_to()),
    };
    if let Some((at, _)) = text.char_indices().find(|(_, c)| !is_char(*c)) {
        return fail(XmlFault::Character, at);
    }
    let document = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).trim_start_matches(is_space);
    let skipped = text.len() - document.len();
    let mut reader = Reader::from_str(document);
    reader.config_mut().check_comments = true;
    let mut builder = Builder { limits, open: Vec::new(), root: None, elements: 0, at: 0 };
    let built = loop {
        builder.at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match reader.read_event() {
            Ok(Event::Eof) => break builder.finish(),
            Ok(event) => match builder.take(&event) {
                Ok(()) => {}
                Err(fault) => break Err(fault),
            },
            Err(_) => {
                builder.at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
                break Err(XmlFault::Syntax);
            }
        }
    };
    let at = builder.at;
    match (built, builder.root) {
        (Ok(()), Some(mut root)) => {
            move_by(&mut root, skipped);
            Ok(root)
        }
        (Ok(()), None) => fail(XmlFault::Root, at + skipped),
        (Err(fault), _) => fail(fault, at + skipped),
    }
}

/// Positions count from the first octet, not from the first of the prolog. As deep as the bound on depth.
fn move_by(element: &mut XmlElement, octets: usize) {
    if octets > 0 {
        element.at += octets;
        element.children.iter_mut().for_each(|child| move_by(child, octets));
    }
}

struct Builder<'a> {
    limits: &'a XmlLimits,
    /// From the root to the innermost open element.
    open: Vec<XmlElement>,
    root: Option<XmlElement>,
    elements: usize,
    /// Where the present piece of markup begins.
    at: usize,
}

impl Builder<'_> {
    fn take(&mut self, event: &Event<'_>) -> Result<(), XmlFault> {
        match event {
            Event::Start(start) => {
                let element = self.element(start)?;
                self.open.push(element);
                Ok(())
            }
            Event::Empty(start) => {
                let element = self.element(start)?;
                self.close(element)
            }
            Event::End(_) => match self.open.pop() {
                Some(element) => self.close(element),
                None => Err(XmlFault::Syntax),
            },
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let mut buffer = [0; 4];
                let text = match reference.resolve_char_ref() {
                    Ok(Some(c)) if is_char(c) => &*c.encode_utf8(&mut buffer),
                    Ok(Some(_)) | Err(_) => return Err(XmlFault::Character),
                    Ok(None) => predefined(reference).ok_or(XmlFault::Entity)?,
                };
                self.text(text)
            }
            Event::Decl(declaration) => self.declaration(declaration),
            Event::DocType(doctype) => self.doctype(doctype),
            Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn element(&mut self, start: &BytesStart<'_>) -> Result<XmlElement, XmlFault> {
        self.elements += 1;
        if self.elements > self.limits.elements_max {
            return Err(XmlFault::Elements);
        }
        if self.open.len() >= self.limits.depth_max {
            return Err(XmlFault::Depth);
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(XmlFault::Root);
        }
        let name = self.name(start.name().as_ref())?;
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| XmlFault::Attributes)?;
            if attributes.len() >= self.limits.attributes_max {
                return Err(XmlFault::Attributes);
            }
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| XmlFault::Entity)?;
            if value.len() > self.limits.text_len_max {
                return Err(XmlFault::Text);
            }
            if !value.chars().all(is_char) || attribute.value.contains('<') {
                return Err(XmlFault::Character);
            }
            attributes.push((self.name(attribute.key.as_ref())?, value.into_owned()));
        }
        Ok(XmlElement { name, attributes, at: self.at, ..XmlElement::default() })
    }

    fn name(&self, name: &str) -> Result<String, XmlFault> {
        let begins = |c: char| c == ':' || is_name_start(c);
        let follows = |c: char| c == ':' || is_name_char(c);
        let fits = name.len() <= self.limits.name_len_max && name.starts_with(begins) && name.chars().all(follows);
        if fits { Ok(name.to_owned()) } else { Err(XmlFault::Name) }
    }

    fn close(&mut self, element: XmlElement) -> Result<(), XmlFault> {
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlFault> {
        match self.open.last_mut() {
            Some(element) if element.text.len() + text.len() <= self.limits.text_len_max => {
                element.text.push_str(text);
                Ok(())
            }
            Some(_) => Err(XmlFault::Text),
            None if text.chars().all(is_space) => Ok(()),
            None => Err(XmlFault::Root),
        }
    }

    fn declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), XmlFault> {
        if self.at > 0 {
            return Err(XmlFault::Syntax);
        }
        let version = declaration.version().map_err(|_| XmlFault::Syntax)?;
        if !version.starts_with("1.") {
            return Err(XmlFault::Syntax);
        }
        match declaration.encoding() {
            None => Ok(()),
            Some(Ok(encoding)) if UTF_8.iter().any(|known| encoding.eq_ignore_ascii_case(known)) => Ok(()),
            Some(Ok(_)) => Err(XmlFault::Encoding),
            Some(Err(_)) => Err(XmlFault::Syntax),
        }
    }

    fn doctype(&self, doctype: &BytesText<'_>) -> Result<(), XmlFault> {
        let allowed = match self.limits.doctype {
            Doctype::Refused => false,
            Doctype::PassedOver => !doctype.contains('['),
        };
        let in_prolog = self.open.is_empty() && self.root.is_none();
        if allowed && in_prolog { Ok(()) } else { Err(XmlFault::Doctype) }
    }

    fn finish(&self) -> Result<(), XmlFault> {
        if self.open.is_empty() { Ok(()) } else { Err(XmlFault::Syntax) }
    }
}

/// The five entities that need no declaration (4.6).
fn predefined(name: &str) -> Option<&'static str> {
    match name {
        "lt" => Some("<"),
        "gt" => Some(">"),
        "amp" => Some("&"),
        "apos" => Some("'"),
        "quot" => Some("\""),
        _ => None,
    }
}
