//! Events as lines for people: when, which, and its facts, with the number of whoever is at a connection. What says nothing is left out.

use serde_json::Value;
use std::collections::BTreeMap;

/// Who is at the connections that live, as far as they were seen.
#[derive(Default)]
pub(super) struct Lines {
    /// By the connection's id: its call, and the number of its party.
    parties: BTreeMap<String, (String, String)>,
}

impl Lines {
    /// Knows these connections from the start.
    pub(super) fn of(connections: &[Value]) -> Self {
        let mut lines = Self::default();
        connections.iter().for_each(|it| lines.learn(it));
        lines
    }

    /// The line of an event; none for what is no event.
    pub(super) fn line(&mut self, event: &Value) -> Option<String> {
        let kind = event["type"].as_str()?;
        event["after"]["connections"].as_object().into_iter().flatten().for_each(|(_, it)| self.learn(it));
        let facts = event["data"].as_object().into_iter().flatten();
        let facts = facts.filter_map(|(name, value)| Some(format!("{name}={}", self.fact(value)?)));
        let facts = facts.collect::<Vec<_>>().join(" ");
        let at = event["timestamp"].as_str().unwrap_or_default();
        if let Some(call) = event["data"]["call"].as_str().filter(|_| kind == "call_cleared") {
            self.parties.retain(|_, (of, _)| of != call);
        }
        Some(format!("{at} {:>6} {kind:<22} {facts}", event["seq"].as_u64().unwrap_or_default()).trim_end().to_owned())
    }

    fn learn(&mut self, connection: &Value) {
        let party = (connection["call"].as_str(), connection["party"]["number"].as_str());
        if let (Some(id), (Some(call), Some(number))) = (connection["id"].as_str(), party) {
            self.parties.insert(id.to_owned(), (call.to_owned(), number.to_owned()));
        }
    }

    /// A value in few words: a party is its number and name, a thing its id, a reason its kind.
    fn fact(&self, value: &Value) -> Option<String> {
        match value {
            Value::Null => None,
            Value::String(text) => Some(match self.parties.get(text) {
                Some((_, number)) if !number.is_empty() => format!("{text}({number})"),
                Some(_) | None => text.clone(),
            }),
            Value::Array(items) => Some(items.iter().filter_map(|it| self.fact(it)).collect::<Vec<_>>().join(",")),
            Value::Object(members) => {
                let text = |name: &str| members.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
                match (text("number"), text("name")) {
                    (Some(number), Some(name)) => return Some(format!("{number} \"{name}\"")),
                    (Some(number), None) => return Some(number.to_owned()),
                    (None, _) => {}
                }
                let known = ["connection", "id", "kind"].into_iter().find_map(|name| members.get(name));
                known.map_or_else(|| Some(value.to_string()), |known| self.fact(known))
            }
            Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use serde_json::{Value, json};

    fn event(seq: u64, kind: &str, data: Value, after: Value) -> Value {
        json!({ "seq": seq, "type": kind, "timestamp": "t", "data": data, "after": after })
    }

    #[test]
    fn parties_and_whoever_is_at_a_connection_are_named() {
        let there = json!({ "id": "conn_1", "call": "call_1", "party": { "number": "1001", "name": "Ada" } });
        let mut lines = Lines::of(&[json!({ "id": "conn_9", "call": "call_9", "party": { "number": "1009" } })]);
        assert_eq!(lines.line(&json!({ "op": "heartbeat", "seq": 6 })), None);
        let called = json!({ "kind": "device", "number": "1002", "name": "Alan Turing", "device": "dev_4" });
        let data =
            json!({ "arrival": "phone", "called": called, "connection": "conn_1", "dialled": "1002", "did": null });
        let line = lines.line(&event(7, "originated", data, json!({ "connections": { "conn_1": there } })));
        let said = "t      7 originated             arrival=phone called=1002 \"Alan Turing\" connection=conn_1(1001) dialled=1002";
        assert_eq!(line.as_deref(), Some(said));
        let data = json!({ "by": { "kind": "party", "connection": "conn_1" }, "connection": "conn_9", "left": 0 });
        let line = lines.line(&event(8, "connection_cleared", data, json!({ "connections": { "conn_9": null } })));
        let said = "t      8 connection_cleared     by=conn_1(1001) connection=conn_9(1009) left=0";
        assert_eq!(line.as_deref(), Some(said));
        let data = json!({ "by": { "kind": "itself" }, "peers": ["conn_1", "conn_9"], "prompted": true });
        let line = lines.line(&event(9, "established", data, json!({})));
        let said = "t      9 established            by=itself peers=conn_1(1001),conn_9(1009) prompted=true";
        assert_eq!(line.as_deref(), Some(said));
        lines.line(&event(10, "call_cleared", json!({ "call": "call_1" }), json!({})));
        let line = lines.line(&event(11, "prompted", json!({ "connection": "conn_1" }), json!({})));
        assert_eq!(
            line.as_deref(),
            Some("t     11 prompted               connection=conn_1"),
            "forgotten with its call"
        );
    }
}
