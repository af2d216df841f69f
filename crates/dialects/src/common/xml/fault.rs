//! What can be wrong with a document.

/// What is wrong, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XmlError {
    /// What.
    pub fault: XmlFault,
    /// Octets from the start of the document.
    pub at: usize,
}

impl std::fmt::Display for XmlError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "octet {}: {}", self.at, self.fault.text())
    }
}

impl std::error::Error for XmlError {}

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XmlFault {
    /// More octets than allowed.
    TooLong,
    /// Not UTF-8, or another encoding is declared.
    Encoding,
    /// A character that XML does not know, written out or as a reference.
    Character,
    /// The markup is broken.
    Syntax,
    /// A document type that is not allowed.
    Doctype,
    /// A reference to an entity that is not predefined.
    Entity,
    /// Elements too deep within each other.
    Depth,
    /// Too many elements.
    Elements,
    /// Too many attributes, or one twice.
    Attributes,
    /// A name that is too long, or none.
    Name,
    /// Too much text in one place.
    Text,
    /// No root element, or something beside it.
    Root,
}

impl XmlFault {
    /// One line for the log.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::TooLong => "the document is too long",
            Self::Encoding => "the encoding is not UTF-8",
            Self::Character => "a character that XML does not have",
            Self::Syntax => "broken markup",
            Self::Doctype => "a document type that is not allowed",
            Self::Entity => "an entity that is not predefined",
            Self::Depth => "elements too deep within each other",
            Self::Elements => "too many elements",
            Self::Attributes => "too many attributes, or one twice",
            Self::Name => "a wrong name",
            Self::Text => "too much text in one place",
            Self::Root => "not one root element",
        }
    }
}
