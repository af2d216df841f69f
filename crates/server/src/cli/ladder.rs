//! The signalling of a call as a picture of text: one column per peer, one line per message or event.

use serde_json::Value;
use std::fmt::Write;

/// Characters of one column.
const COLUMN_LEN: usize = 14;

/// Draws what `/calls/{call}/story` tells.
pub(super) fn draw(story: &Value) -> String {
    let items: Vec<&Value> = story["items"].as_array().into_iter().flatten().collect();
    let mut peers: Vec<&str> = Vec::new();
    for peer in items.iter().filter_map(|item| item["peer"].as_str()) {
        if !peers.contains(&peer) {
            peers.push(peer);
        }
    }
    let mut picture = String::new();
    for (column, peer) in peers.iter().enumerate() {
        let _ = writeln!(picture, "[{column}] {peer}");
    }
    if peers.is_empty() {
        picture.push_str("no SIP message of this call is remembered\n");
    }
    picture.push('\n');
    for item in items {
        let at = item["timestamp"].as_str().unwrap_or("");
        let first = item["text"].as_str().unwrap_or("").lines().next().unwrap_or("");
        let Some(peer) = item["peer"].as_str() else {
            let _ = writeln!(picture, "{at}  * {first}");
            continue;
        };
        let column = peers.iter().position(|known| *known == peer).unwrap_or(0);
        let arrow = if item["sent"] == Value::Bool(true) { "--->" } else { "<---" };
        let indent = " ".repeat(column * COLUMN_LEN);
        let _ = writeln!(picture, "{at}  {indent}us {arrow} [{column}] {first}");
    }
    picture
}

#[cfg(test)]
mod tests {
    use super::draw;
    use serde_json::json;

    #[test]
    fn a_ladder_names_its_peers_and_shows_directions() {
        let story = json!({ "items": [
            { "kind": "sip", "timestamp": "t1", "sent": false, "peer": "UDP a", "text": "INVITE sip:x SIP/2.0\nVia: y" },
            { "kind": "event", "timestamp": "t2", "text": "originated" },
            { "kind": "sip", "timestamp": "t3", "sent": true, "peer": "UDP b", "text": "INVITE sip:z SIP/2.0\nVia: y" },
        ]});
        let picture = "[0] UDP a\n[1] UDP b\n\nt1  us <--- [0] INVITE sip:x SIP/2.0\nt2  * originated\n\
                       t3                us ---> [1] INVITE sip:z SIP/2.0\n";
        assert_eq!(draw(&story), picture);
    }
}
