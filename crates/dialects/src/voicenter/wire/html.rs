//! The HTML answer of the call log: a page with one table, or with one line of text (VOI-LOG-08).

use super::json::Json;
use super::xml_rpc::push_escaped;

/// The field whose values are links.
const LINK: &str = "RecordURL";

/// A page with one table: a row of names, then one row for each record.
#[must_use]
pub fn table(names: &[&str], rows: &[Vec<Json>]) -> String {
    let mut out = head();
    out.push_str("<table>\n<tr>");
    for name in names {
        cell(&mut out, "th", name);
    }
    out.push_str("</tr>\n");
    for row in rows {
        out.push_str("<tr>");
        for (name, value) in names.iter().zip(row) {
            let text = plain(value);
            if *name == LINK && !text.is_empty() {
                out.push_str("<td><a href=\"");
                push_escaped(&mut out, &text);
                out.push_str("\">");
                push_escaped(&mut out, &text);
                out.push_str("</a></td>");
            } else {
                cell(&mut out, "td", &text);
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n</body></html>\n");
    out
}

/// A page with one line and no table.
#[must_use]
pub fn line(text: &str) -> String {
    let mut out = head();
    push_escaped(&mut out, text);
    out.push_str("\n</body></html>\n");
    out
}

fn head() -> String {
    "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>Call log</title></head><body>\n".to_owned()
}

fn cell(out: &mut String, tag: &str, text: &str) {
    out.push_str(&format!("<{tag}>"));
    push_escaped(out, text);
    out.push_str(&format!("</{tag}>"));
}

/// Text and numbers as they are, lists and objects as JSON.
fn plain(value: &Json) -> String {
    match value {
        Json::Text(text) => text.clone(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.write(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_recordings_are_links() {
        let rows = [vec![Json::text("<b>"), Json::text("http://x/?a&b"), Json::number(3)]];
        let page = table(&["CallerNumber", "RecordURL", "Duration"], &rows);
        assert!(page.contains("<tr><th>CallerNumber</th><th>RecordURL</th><th>Duration</th></tr>\n"), "{page}");
        let row = "<tr><td>&lt;b&gt;</td><td><a href=\"http://x/?a&amp;b\">http://x/?a&amp;b</a></td><td>3</td></tr>\n";
        assert!(page.contains(row), "{page}");
        assert_eq!(page.matches("<table>").count(), 1);
        let page = line("2: <no>");
        assert!(page.contains("\n2: &lt;no&gt;\n") && !page.contains("<table"), "{page}");
    }
}
