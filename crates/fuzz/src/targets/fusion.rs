//! The Fusion door's readers: HTTP in the form that its clients send, parameters, directory patterns. What is read is written into both of
//! its formats, and reads there.

use dialects::common::xml::{Doctype, XmlLimits, parse};
use dialects::fusion::wire::http::{self, BODY_MAX, BodyLength, Progress, REQUEST_LINE_MAX};
use dialects::fusion::wire::json::Json;
use dialects::fusion::wire::pattern::{Pattern, Wildcards};
use dialects::fusion::wire::query::{PARAMETERS_MAX, Params, target};
use dialects::fusion::wire::xml::{Element, element_name};
use dialects::fusion::{FusionConfig, civil, id};

/// Names that functions read.
const NAMES: [&str; 8] = ["ext", "to", "phone_id", "channel_id", "limit", "start_date", "show_vars", "value"];

/// A request on a connection: head and body end where they end, whether they come at once or drop by drop, and are within bounds.
pub(super) fn http(input: &[u8]) {
    let Ok(Progress::Done(head, used)) = whole(input, http::head) else { return };
    assert!(head.target.len() <= REQUEST_LINE_MAX, "{} octets of a target", head.target.len());
    let read = |octets: &[u8]| http::body(octets, head.length);
    if let Ok(Progress::Done(body, after)) = whole(&input[used..], read) {
        assert!(body.len() <= BODY_MAX && after <= input.len() - used);
        if let BodyLength::Octets(length) = head.length {
            assert_eq!((body.len(), after), (length, length));
        }
        let _ = target(&head.target).map(|target| Params::parse(target.query, &body));
    }
}

/// What a reader makes of all octets; what it is content with, it is content with once they are there, and not before.
fn whole<T: PartialEq + std::fmt::Debug, E: PartialEq + std::fmt::Debug>(
    octets: &[u8],
    read: impl Fn(&[u8]) -> Result<Progress<T>, E>,
) -> Result<Progress<T>, E> {
    let at_once = read(octets);
    if let Ok(Progress::Done(_, used)) = &at_once {
        assert_eq!(read(&octets[..*used]), at_once, "what follows changes nothing");
        let early = octets[..*used].len().saturating_sub(1);
        for end in [early, early / 2] {
            assert!(end == *used || matches!(read(&octets[..end]), Ok(Progress::More)), "it was content too early");
        }
    }
    at_once
}

/// A target, and a form after a line end: parameters are bounded and bare of blanks, and each can stand in an answer.
pub(super) fn parameters(input: &[u8]) {
    let (line, form) = match input.iter().position(|b| *b == b'\n') {
        Some(end) => (&input[..end], &input[end + 1..]),
        None => (input, &[][..]),
    };
    let query = target(line).map_or(line, |target| target.query);
    let Ok(params) = Params::parse(query, form) else {
        assert!(input.iter().filter(|b| matches!(b, b'&' | b'\n')).count() >= PARAMETERS_MAX, "too many of few");
        return;
    };
    let config = FusionConfig::default();
    for name in NAMES {
        let Some(value) = params.get(name) else { continue };
        assert!(!value.is_empty() && value == value.trim(), "{value:?}");
        assert!(!id::is_number(value) || value.len() <= id::NUMBER_LEN_MAX);
        let _ = (params.flag(name, false), civil::parse(value, &config.time_zone));
        answered(value);
    }
    if let Some(channel) = params.get("channel_id") {
        assert!(id::connection_of(&switching_picture(), channel).is_none(), "there are no channels");
    }
}

fn switching_picture() -> switching::picture::Picture {
    switching::picture::Picture::default()
}

/// A text as a value and as the name of a variable, in both formats.
fn answered(text: &str) {
    let json = Json::Object(vec![(text.to_owned(), Json::text(text))]).write();
    let read: serde_json::Value = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    assert_eq!(read[text], text);
    let name = element_name(text);
    let xml = Element::list("Vars", vec![Element::text(&name, text)]).write("   ");
    let limits = XmlLimits {
        octets_max: usize::MAX,
        depth_max: 2,
        elements_max: 2,
        attributes_max: 0,
        text_len_max: usize::MAX,
        name_len_max: usize::MAX,
        doctype: Doctype::Refused,
    };
    let read = parse(xml.as_bytes(), &limits).unwrap_or_else(|error| panic!("{error:?}: {xml}"));
    assert_eq!(read.children[0].name, name);
}

/// A pattern and, after a line end, a field: it matches as a matcher says that tries everything.
pub(super) fn pattern(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let (pattern, field) = text.split_once('\n').unwrap_or((&text, ""));
    for mode in ["", "strict", "translate"] {
        let wildcards = Wildcards::named(mode);
        let read = Pattern::new(pattern, wildcards);
        if pattern.len() <= 40 && field.len() <= 40 {
            let around = if wildcards == Wildcards::Anywhere { "%" } else { "" };
            let pattern: Vec<char> = format!("{around}{pattern}").to_lowercase().chars().collect();
            let field: Vec<char> = field.to_lowercase().chars().collect();
            let expected = tries(&pattern, around, &field, wildcards == Wildcards::Translate);
            assert_eq!(read.matches(&field.iter().collect::<String>()), expected, "{mode} {pattern:?} {field:?}");
        } else {
            let _ = read.matches(field);
        }
    }
}

/// Whether a pattern, and then `rest`, takes the whole field: in the plainest way, which may take long.
fn tries(pattern: &[char], rest: &str, field: &[char], star: bool) -> bool {
    let mut reached: Vec<bool> = (0..=field.len()).map(|at| at == 0).collect();
    let mut left = pattern;
    let run = |reached: &mut Vec<bool>| {
        let first = reached.iter().position(|here| *here).unwrap_or(reached.len());
        reached[first..].fill(true);
    };
    while let [c, after @ ..] = left {
        left = after;
        let escaped = match (c, after) {
            ('\\', [next @ ('%' | '_' | '*' | '\\'), after @ ..]) => {
                left = after;
                Some(*next)
            }
            _ => None,
        };
        let one = |takes: &dyn Fn(char) -> bool, reached: &[bool]| {
            let moved = |at: usize| at > 0 && reached[at - 1] && takes(field[at - 1]);
            (0..reached.len()).map(moved).collect()
        };
        match (escaped, c) {
            (None, '%') => run(&mut reached),
            (None, '*') if star => run(&mut reached),
            (None, '_') => reached = one(&|_| true, &reached),
            (known, c) => reached = one(&|it| it == known.unwrap_or(*c), &reached),
        }
    }
    if !rest.is_empty() {
        run(&mut reached);
    }
    reached.last().copied().unwrap_or(false)
}
