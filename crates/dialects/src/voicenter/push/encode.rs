//! The bodies of a notification: XML-RPC, JSON, form (VOI-CDR-02 to 05, 12, 16).

use super::super::id;
use super::super::row::Row;
use super::super::wire::Json;
use super::super::wire::json::Fields;
use super::super::wire::xml_rpc::push_escaped;
use super::terms::{Format, Terms};

/// The value of one field.
enum Value<'a> {
    Text(&'a str),
    /// 32 bits in XML-RPC.
    Int(u64),
    /// 64 bits in XML-RPC.
    Long(i64),
}

/// The names under which custom data go: the second one for whoever asks for it too.
const CUSTOM: [&str; 2] = ["CustomData", "CUSTOM_DATA"];

/// One row, as a server asked for it.
pub(super) fn body(terms: &Terms, row: &Row, time: i64) -> String {
    let code = row.user.map(id::user).unwrap_or_default();
    let fields = fields(row, terms.status(row.status), &code, time);
    let names = match (row.custom.is_empty(), terms.custom_data_alias) {
        (true, _) => &CUSTOM[..0],
        (false, false) => &CUSTOM[..1],
        (false, true) => &CUSTOM[..],
    };
    match terms.format {
        Format::Json => json(row, fields, names).write(),
        Format::Form => form(row, fields, names),
        Format::XmlRpc => xml_rpc(row, &fields, names),
    }
}

/// The fields in the order of the vendor's XML example, then the rest of its table. There are no prices, recordings and queues
/// yet: those are empty.
fn fields<'a>(row: &'a Row, status: &'static str, code: &'a str, time: i64) -> [(&'static str, Value<'a>); 21] {
    use Value::{Int, Long, Text};
    [
        ("caller", Text(&row.caller)),
        ("target", Text(&row.target)),
        ("time", Long(time)),
        ("duration", Int(row.duration_s)),
        ("ivruniqueid", Text(&row.call_id)),
        ("targetextension", Text(&row.target_station.code)),
        ("callerextension", Text(&row.caller_station.code)),
        ("did", Text(&row.did)),
        ("queueid", Int(0)),
        ("queuename", Text("")),
        ("type", Text(row.kind.name())),
        ("status", Text(status)),
        ("record", Text("")),
        ("price", Int(0)),
        ("dialtime", Int(row.dial_s)),
        ("representative_name", Text(&row.user_name)),
        ("representative_code", Text(code)),
        ("targetextension_name", Text(&row.target_station.name)),
        ("callerextension_name", Text(&row.caller_station.name)),
        ("target_country", Text(row.target_country)),
        ("caller_country", Text(row.caller_country)),
    ]
}

fn json(row: &Row, fields: [(&'static str, Value<'_>); 21], names: &[&'static str]) -> Json {
    let value = |value: Value<'_>| match value {
        Value::Text(text) => Json::text(text),
        Value::Int(number) => Json::number(number),
        Value::Long(number) => Json::number(number),
    };
    let mut all: Fields = fields.into_iter().map(|(name, field)| (name.into(), value(field))).collect();
    all.extend(names.iter().map(|name| ((*name).into(), custom(row))));
    Json::Object(all)
}

fn custom(row: &Row) -> Json {
    Json::Object(row.custom.iter().map(|(name, value)| (name.clone().into(), Json::text(value.as_str()))).collect())
}

fn form(row: &Row, fields: [(&'static str, Value<'_>); 21], names: &[&str]) -> String {
    let mut out = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        match value {
            Value::Text(text) => out.append_pair(name, text),
            Value::Int(number) => out.append_pair(name, &number.to_string()),
            Value::Long(number) => out.append_pair(name, &number.to_string()),
        };
    }
    for name in names {
        out.append_pair(name, &custom(row).write());
    }
    out.finish()
}

fn xml_rpc(row: &Row, fields: &[(&'static str, Value<'_>); 21], names: &[&str]) -> String {
    let mut out =
        String::from("<?xml version=\"1.0\"?><methodCall><methodName>CDR</methodName><params><param><value><struct>");
    for (name, value) in fields {
        match value {
            Value::Text(text) => member(&mut out, name, text),
            Value::Int(number) => {
                out.push_str(&format!("<member><name>{name}</name><value><i4>{number}</i4></value></member>"))
            }
            Value::Long(number) => {
                out.push_str(&format!("<member><name>{name}</name><value><i8>{number}</i8></value></member>"))
            }
        }
    }
    for name in names {
        out.push_str(&format!("<member><name>{name}</name><value><struct>"));
        row.custom.iter().for_each(|(name, value)| member(&mut out, name, value));
        out.push_str("</struct></value></member>");
    }
    out.push_str("</struct></value></param></params></methodCall>");
    out
}

fn member(out: &mut String, name: &str, text: &str) {
    out.push_str("<member><name>");
    push_escaped(out, name);
    out.push_str("</name><value>");
    if text.is_empty() {
        out.push_str("<string />");
    } else {
        out.push_str("<string>");
        push_escaped(out, text);
        out.push_str("</string>");
    }
    out.push_str("</value></member>");
}

#[cfg(test)]
mod tests {
    use super::super::super::row::{Kind, Station, Status};
    use super::*;
    use std::collections::BTreeMap;
    use switching::id::UserId;
    use switching::time::Time;

    fn row() -> Row {
        let station = Station { code: "IuYtReWq".to_owned(), name: "Desk <1>".to_owned() };
        Row {
            call_id: "x".repeat(32),
            kind: Kind::Outgoing,
            status: Status::Answer,
            caller: "0540000000".to_owned(),
            target: "972500000000".to_owned(),
            caller_station: station,
            target_station: Station::default(),
            did: String::new(),
            trunk: String::new(),
            target_country: "Israel",
            caller_country: "",
            started: Time(0),
            duration_s: 12,
            dial_s: 31,
            user: Some(UserId(9996)),
            user_name: "Walter Melon".to_owned(),
            custom: BTreeMap::from([("var_a".to_owned(), "1&2".to_owned())]),
            other_status: None,
        }
    }

    fn terms(format: Format) -> Terms {
        Terms { format, ..Terms::default() }
    }

    #[test]
    fn json_has_every_field_once_and_no_null() {
        let expected = format!(
            "{{\"caller\":\"0540000000\",\"target\":\"972500000000\",\"time\":1345373417,\"duration\":12,\"ivruniqueid\":\"{}\",\
             \"targetextension\":\"\",\"callerextension\":\"IuYtReWq\",\"did\":\"\",\"queueid\":0,\"queuename\":\"\",\
             \"type\":\"Extension Outgoing\",\"status\":\"ANSWER\",\"record\":\"\",\"price\":0,\"dialtime\":31,\
             \"representative_name\":\"Walter Melon\",\"representative_code\":\"9996\",\"targetextension_name\":\"\",\
             \"callerextension_name\":\"Desk <1>\",\"target_country\":\"Israel\",\"caller_country\":\"\",\
             \"CustomData\":{{\"var_a\":\"1&2\"}}}}",
            "x".repeat(32)
        );
        assert_eq!(body(&Terms::default(), &row(), 1_345_373_417), expected);
    }

    #[test]
    fn xml_rpc_has_its_types_and_order() {
        let text = body(&terms(Format::XmlRpc), &row(), 1_345_373_417);
        let begin = "<?xml version=\"1.0\"?><methodCall><methodName>CDR</methodName><params><param><value><struct>\
            <member><name>caller</name><value><string>0540000000</string></value></member>\
            <member><name>target</name><value><string>972500000000</string></value></member>\
            <member><name>time</name><value><i8>1345373417</i8></value></member>\
            <member><name>duration</name><value><i4>12</i4></value></member>";
        assert!(text.starts_with(begin), "{text}");
        assert!(
            text.contains("<member><name>did</name><value><string /></value></member><member><name>queueid</name>"),
            "{text}"
        );
        assert!(text.contains("<string>Desk &lt;1&gt;</string>"), "{text}");
        let custom =
            "<member><name>CustomData</name><value><struct><member><name>var_a</name><value><string>1&amp;2</string>";
        assert!(text.contains(custom), "{text}");
        assert_eq!(text.matches("<member>").count(), 23);
    }

    #[test]
    fn a_form_has_the_same_names() {
        let text = body(&terms(Format::Form), &row(), 1_345_373_417);
        let pairs: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        assert_eq!(pairs.len(), 22);
        assert_eq!(pairs[2], ("time".to_owned(), "1345373417".to_owned()));
        assert_eq!(pairs[21], ("CustomData".to_owned(), "{\"var_a\":\"1&2\"}".to_owned()));
    }
}
