//! dbGetDirectoryInfo (FUS-DB-01): searches the directory.
//!
//! Profiles do not exist yet: `profile` and `status` are what the directory says, and there are no profile parameters to show.

use super::super::id;
use super::super::wire::json::Json;
use super::super::wire::pattern::{Pattern, Wildcards};
use super::super::wire::xml::Element;
use super::db_get_registration::CHUNK;
use super::{Answer, Asked, Format};
use switching::id::{DeviceId, ExtensionId};
use switching::model::Extension;
use switching::picture::Picture;

/// Every field, in the order of the JSON form; all of them filter.
const FIELDS: [&str; 25] = [
    "admin",
    "company",
    "context_id",
    "context_name",
    "dp",
    "email",
    "ext",
    "fax",
    "fn",
    "grp",
    "home",
    "ln",
    "login",
    "mobile",
    "office",
    "outgoing_number",
    "profile",
    "site",
    "sop1",
    "sop1_ip",
    "sop2",
    "sop2_ip",
    "source",
    "sp",
    "status",
];
/// The elements of the XML form. `pincode` is always empty; `dep` and `pincode` are in no JSON.
const ELEMENTS: [&str; 19] = [
    "login", "ext", "fn", "ln", "site", "grp", "dep", "profile", "status", "dp", "sp", "email", "mobile", "fax",
    "home", "pincode", "company", "office", "source",
];
/// Fields that are null where they are not set.
const NULLABLE: [&str; 2] = ["outgoing_number", "site"];
/// Where the directory says nothing else.
const SOURCE: &str = "net.PBX";

/// One extension with all that the directory says of it.
struct Entry {
    fields: [String; 25],
    dep: String,
}

pub(super) async fn answer(asked: &Asked<'_>) -> Answer {
    let wildcards = Wildcards::named(asked.params.get("wildcards").unwrap_or_default());
    let filters: Vec<(usize, Pattern)> = FIELDS
        .iter()
        .enumerate()
        .filter_map(|(at, name)| asked.params.get(name).map(|text| (at, Pattern::new(text, wildcards))))
        .collect();
    let invisible = asked.params.flag("show_invisible", false);
    let mut entries =
        search(asked, |entry| filters.iter().all(|(at, pattern)| pattern.matches(&entry.fields[*at])), invisible).await;
    entries.sort_by(|a, b| a.field("ext").cmp(b.field("ext")));
    match asked.format {
        Format::Json => Answer::Json(Json::Array(entries.into_iter().map(json).collect())),
        Format::Xml | Format::Plain => Answer::Xml(Element::list("DirectoryInfo", entries.iter().map(xml).collect())),
    }
}

/// Looks at every extension, a few at a time, so that the mirror is never held for long.
async fn search(asked: &Asked<'_>, matches: impl Fn(&Entry) -> bool, invisible: bool) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut from = ExtensionId(0);
    loop {
        let last = asked.door.exchange.read(|picture| {
            let mut last = None;
            for (id, extension) in picture.extensions.range(from..).take(CHUNK) {
                last = Some(*id);
                if invisible || !hidden(extension) {
                    found.extend(Some(entry(asked, picture, extension)).filter(&matches));
                }
            }
            last
        });
        let Some(last) = last else { return found };
        from = ExtensionId(last.0 + 1);
        tokio::task::yield_now().await;
    }
}

fn hidden(extension: &Extension) -> bool {
    extension.config.fields.get("hidden").is_some_and(|hidden| matches!(hidden.as_str(), "1" | "true"))
}

fn entry(asked: &Asked<'_>, picture: &Picture, extension: &Extension) -> Entry {
    let (config, door) = (&extension.config, &asked.door.config);
    let field = |name: &str| config.fields.get(name).cloned();
    let phone = |id: Option<DeviceId>| id.and_then(|id| picture.devices.get(&id));
    let name = |id: Option<DeviceId>| phone(id).map(id::device_name).unwrap_or_default();
    let context = phone(config.primary).or_else(|| phone(config.secondary)).map(|phone| phone.config.context.clone());
    let context = field("context_name").or(context).unwrap_or_default();
    let sop1 = field("sop1").unwrap_or_else(|| door.sop_key.clone());
    let sop2 = field("sop2").unwrap_or_default();
    let address = |key: &str| door.sops.get(key).cloned().unwrap_or_default();
    let value = |which: &str| match which {
        "context_id" => field("context_id").or_else(|| door.contexts.get(&context).cloned()).unwrap_or_default(),
        "context_name" => context.clone(),
        "dp" => name(config.primary),
        "sp" => name(config.secondary),
        "ext" => config.number.as_str().to_owned(),
        "fn" => config.first_name.clone(),
        "ln" => config.last_name.clone(),
        "outgoing_number" => config.outgoing_number.as_ref().map(|n| n.as_str().to_owned()).unwrap_or_default(),
        "sop1" => sop1.clone(),
        "sop1_ip" => address(&sop1),
        "sop2" => sop2.clone(),
        "sop2_ip" => address(&sop2),
        "source" => field("source").unwrap_or_else(|| SOURCE.to_owned()),
        other => field(other).unwrap_or_default(),
    };
    Entry { fields: FIELDS.map(value), dep: field("dep").unwrap_or_default() }
}

impl Entry {
    fn field(&self, name: &str) -> &str {
        match FIELDS.iter().position(|field| *field == name) {
            Some(at) => &self.fields[at],
            None if name == "dep" => &self.dep,
            None => "",
        }
    }
}

fn xml(entry: &Entry) -> Element {
    Element::list("DirectoryEntry", ELEMENTS.iter().map(|name| Element::text(name, entry.field(name))).collect())
}

fn json(entry: Entry) -> Json {
    let value = |(name, value): (&str, String)| {
        let value = if value.is_empty() && NULLABLE.contains(&name) { Json::Null } else { Json::Text(value) };
        (name.to_owned(), value)
    };
    Json::Object(FIELDS.into_iter().zip(entry.fields).map(value).collect())
}
