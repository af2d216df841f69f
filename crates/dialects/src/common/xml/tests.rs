//! What is read, and what is refused before it costs anything.

use super::*;

const LIMITS: XmlLimits = XmlLimits {
    octets_max: 100_000,
    depth_max: 4,
    elements_max: 20,
    attributes_max: 3,
    text_len_max: 50,
    name_len_max: 10,
    doctype: Doctype::PassedOver,
};

fn read(text: &str) -> XmlElement {
    parse(text.as_bytes(), &LIMITS).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn fault(text: &str) -> XmlFault {
    match parse(text.as_bytes(), &LIMITS) {
        Ok(root) => panic!("{text} was read: {root:?}"),
        Err(error) => error.fault,
    }
}

#[test]
fn a_document_becomes_a_tree() {
    let root = read(
        "\u{feff}\n<?xml version=\"1.0\" encoding='UTF-8'?><!DOCTYPE a SYSTEM \"a.dtd\"><!-- one --><?pi?>\
         <a x=\"1 &amp; &#50;\"\n y='\"'> t<b/>wo<b k=\"\"><![CDATA[<&>]]>&lt;&#x41;&#9;\r\n</b > </a> <!-- end -->\n",
    );
    assert_eq!(root.attributes, [("x".into(), "1 & 2".into()), ("y".into(), "\"".into())]);
    assert_eq!((root.attribute("y"), root.attribute("z")), (Some("\""), None));
    assert_eq!((root.text.as_str(), root.trimmed()), (" two ", "two"));
    let [first, second] = root.children.as_slice() else { panic!("{root:?}") };
    assert_eq!((first.text.as_str(), first.attributes.len()), ("", 0));
    assert_eq!(second.text, "<&><A\t\n");
    assert_eq!(root.child("b"), Some(first));
    assert_eq!(root.children_named("b").count(), 2);
    assert_eq!(read("<é/>").name, "é");
    assert_eq!(read("<a>é &#233;</a>").text, "é é");
    let placed = read("\u{feff} <a><b/></a>");
    assert_eq!((placed.at, placed.children[0].at), (4, 7), "octets from the very first");
}

#[test]
fn broken_markup_is_refused_with_its_place() {
    for text in
        ["<a>", "<a></b>", "<a><b></a></b>", "</a>", "<a", "<a/", "<a><!-- ", "<a><![CDATA[", "<a b=\"1/>", "<!>"]
    {
        assert_eq!(fault(text), XmlFault::Syntax, "{text}");
    }
    for text in ["", " \n", "<!-- only -->", "text", "<a/>text", "<a/><b/>", "text<a/>", "<?xml version=\"1.0\"?>"] {
        assert_eq!(fault(text), XmlFault::Root, "{text}");
    }
    for text in ["< a/>", "<1a/>", "<a-é!/>", "<a$/>", "<abcdefghijk/>", "<>", "<a><></></a>"] {
        assert_eq!(fault(text), XmlFault::Name, "{text}");
    }
    for text in ["<a b/>", "<a b=c/>", "<a b='1' b='2'/>", "<a b='1' c='2' d='3' e='4'/>"] {
        assert_eq!(fault(text), XmlFault::Attributes, "{text}");
    }
    assert_eq!(fault("<a><?xml version=\"1.0\"?></a>"), XmlFault::Syntax);
    assert_eq!(parse(b"<a><b>\n</c></a>", &LIMITS), Err(XmlError { fault: XmlFault::Syntax, at: 7 }));
    assert_eq!(parse(b" <a/> <b/>", &LIMITS), Err(XmlError { fault: XmlFault::Root, at: 6 }));
}

#[test]
fn nothing_that_grows_or_fetches_is_read() {
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbbbbbb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
    assert_eq!(fault(bomb), XmlFault::Doctype);
    assert_eq!(fault("<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>"), XmlFault::Doctype);
    assert_eq!(fault("<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://127.0.0.1/\"> %p;]><a/>"), XmlFault::Doctype);
    assert_eq!(fault("<a><!DOCTYPE a></a>"), XmlFault::Doctype);
    assert_eq!(fault("<a/><!DOCTYPE a>"), XmlFault::Doctype);
    let strict = XmlLimits { doctype: Doctype::Refused, ..LIMITS };
    let refused = parse(b"<!DOCTYPE a SYSTEM \"a.dtd\"><a/>", &strict).expect_err("not allowed");
    assert_eq!(refused.fault, XmlFault::Doctype);
    for text in ["<a>&b;</a>", "<a b='&b;'/>", "<a>&nbsp;</a>"] {
        assert_eq!(fault(text), XmlFault::Entity, "{text}");
    }
    assert_eq!(fault("<a>&b</a>"), XmlFault::Syntax);
    assert_eq!(fault("<a>R&D</a>"), XmlFault::Syntax);
}

#[test]
fn bounds_hold_at_their_edge() {
    let deep = |depth: usize| "<a>".repeat(depth) + &"</a>".repeat(depth);
    read(&deep(4));
    assert_eq!(fault(&deep(5)), XmlFault::Depth);
    assert_eq!(fault(&"<a>".repeat(30_000)), XmlFault::Depth);
    let wide = |count: usize| format!("<a>{}</a>", "<b/>".repeat(count - 1));
    read(&wide(20));
    assert_eq!(fault(&wide(21)), XmlFault::Elements);
    let long = |length: usize| format!("<a>{}</a>", "x".repeat(length));
    read(&long(50));
    assert_eq!(fault(&long(51)), XmlFault::Text);
    assert_eq!(fault(&format!("<a>{}<b/>y</a>", "x".repeat(50))), XmlFault::Text, "pieces count together");
    assert_eq!(fault(&format!("<a b='{}'/>", "x".repeat(51))), XmlFault::Text);
    read("<a b='1' c='2' d='3'/>");
    read("<abcdefghij/>");
    assert_eq!(fault(&long(100_000)), XmlFault::TooLong);
}

#[test]
fn only_utf_8_is_read() {
    let declared = |encoding: &str| format!("<?xml version=\"1.0\" encoding=\"{encoding}\"?><a/>");
    for known in ["utf-8", "UTF-8", "Utf8", "US-ASCII"] {
        read(&declared(known));
    }
    for other in ["ISO-8859-1", "UTF-16", "euc-kr", "utf-7", ""] {
        assert_eq!(fault(&declared(other)), XmlFault::Encoding, "{other}");
    }
    for octets in [&b"<a>\xe9</a>"[..], b"\xff\xfe<\0a\0/\0>\0", b"\xfe\xff\0<\0a\0/\0>", b"<a>\xed\xa0\x80</a>"] {
        assert_eq!(parse(octets, &LIMITS).expect_err("not UTF-8").fault, XmlFault::Encoding, "{octets:?}");
    }
    for text in ["<a>\u{0}</a>", "<a>\u{1b}</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#x110000;</a>", "<a b='<'/>"] {
        assert_eq!(fault(text), XmlFault::Character, "{text}");
    }
    assert_eq!(fault("<a b='&#1;'/>"), XmlFault::Character);
    assert_eq!(fault("<?xml version=\"2.0\"?><a/>"), XmlFault::Syntax);
}

#[test]
fn what_is_written_is_read_the_same() {
    let mut out = String::from("<a b=\"");
    let text = "a & <b> \"c\" 'd' \r\n é \u{1}\u{fffe}";
    push_escaped(&mut out, text);
    out.push_str("\">");
    push_escaped(&mut out, text);
    out.push_str("</a>");
    let root = read(&out);
    assert_eq!(root.text, "a & <b> \"c\" 'd' \r\n é ");
}
