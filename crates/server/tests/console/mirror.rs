//! A mirror that a client keeps of one subscription: put what comes, delete what is null.

use serde_json::{Map, Value, json};

/// A mirror.
#[derive(Default)]
pub struct Mirror {
    pub seq: u64,
    pub at: Map<String, Value>,
    events: Vec<u64>,
}

impl Mirror {
    /// Takes a frame of its subscription.
    pub fn take(&mut self, frame: &Value) {
        let seq = frame["seq"].as_u64().expect("a seq");
        match frame["op"].as_str() {
            Some("snapshot") => {
                let kind =
                    self.at.entry(frame["collection"].as_str().expect("a collection")).or_insert_with(|| json!({}));
                for item in frame["items"].as_array().expect("items") {
                    kind[item["id"].as_str().expect("an id")] = item.clone();
                }
                self.seq = seq;
            }
            Some("event") => {
                assert_eq!(frame["prev"], json!(self.seq), "nothing was lost: {frame}");
                assert!(seq > self.seq, "nothing comes twice");
                self.events.push(seq);
                self.seq = seq;
                for (collection, changed) in frame["after"].as_object().into_iter().flatten() {
                    let kind = self.at.entry(collection.clone()).or_insert_with(|| json!({}));
                    for (id, value) in changed.as_object().expect("by id") {
                        match value {
                            Value::Null => drop(kind.as_object_mut().expect("an object").remove(id)),
                            value => kind[id] = value.clone(),
                        }
                    }
                }
            }
            Some("heartbeat") => self.seq = self.seq.max(seq),
            other => panic!("{other:?}: {frame}"),
        }
    }

    /// How many events it has taken.
    pub fn events(&self) -> usize {
        self.events.len()
    }
}

/// The snapshot of the API in the form of a mirror.
pub fn of_snapshot(snapshot: &Value, collections: &[&str]) -> Map<String, Value> {
    collections
        .iter()
        .map(|collection| {
            let items = snapshot[*collection].as_array().expect("the collection was asked for");
            let by_id: Map<String, Value> =
                items.iter().map(|item| (item["id"].as_str().expect("an id").to_owned(), item.clone())).collect();
            ((*collection).to_owned(), Value::Object(by_id))
        })
        .collect()
}
