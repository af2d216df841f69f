//! The fields of the call log, by their canonical names (VOI-LOG-06).

use super::super::id;
use super::super::row::{Row, Status};
use super::super::wire::Json;
use super::civil;

macro_rules! fields {
    ($($name:ident = $text:literal;)*) => {
        /// A field of a record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Field {
            $(#[allow(missing_docs)] $name,)*
        }

        impl Field {
            /// How many there are.
            pub(super) const COUNT: usize = [$($text,)*].len();

            const ALL: [(&'static str, Self); Self::COUNT] = [$(($text, Self::$name),)*];

            /// The canonical name.
            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

fields! {
    Date = "Date";
    Type = "Type";
    Did = "DID";
    CallerNumber = "CallerNumber";
    CallerExtension = "CallerExtension";
    TargetNumber = "TargetNumber";
    TargetExtension = "TargetExtension";
    TargetPrefixName = "TargetPrefixName";
    Duration = "Duration";
    Price = "Price";
    RecordUrl = "RecordURL";
    RecordExpect = "RecordExpect";
    RepresentativeName = "RepresentativeName";
    RepresentativeCode = "RepresentativeCode";
    DtmfData = "DTMFData";
    CallId = "CallID";
    QueueName = "QueueName";
    DialStatus = "DialStatus";
    DialStatus2 = "DialStatus2";
    RingTime = "RingTime";
    CustomData = "CustomData";
    DepartmentName = "DepartmentName";
    DepartmentId = "DepartmentId";
    DateEpoch = "DateEpoch";
    CdrType = "CdrType";
    UserName = "UserName";
    UserId = "UserId";
}

/// Fields that are given where none are asked for: those of the vendor's document.
const DOCUMENTED: usize = 23;

impl Field {
    /// The fields of these names in their order, each once; unknown names are passed over. No name at all is no choice.
    pub(super) fn chosen(names: Option<Vec<String>>) -> Vec<Self> {
        let Some(names) = names.filter(|names| !names.is_empty()) else {
            return Self::ALL.into_iter().take(DOCUMENTED).map(|(_, field)| field).collect();
        };
        let mut chosen = Vec::new();
        for name in names {
            let named = Self::ALL.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
            if let Some((_, field)) = named.filter(|(_, field)| !chosen.contains(field)) {
                chosen.push(field);
            }
        }
        chosen
    }

    /// The field of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, field)| field)
    }

    /// Its value in a row. `unix_ms` is when the row began.
    pub(super) fn value(self, row: &Row, unix_ms: i64, account: (&str, u32)) -> Json {
        match self {
            Self::Date => Json::text(civil::written(unix_ms)),
            Self::Type => Json::text(row.kind.name()),
            Self::Did => Json::text(row.did.as_str()),
            Self::CallerNumber => Json::text(row.caller.as_str()),
            Self::CallerExtension => Json::text(row.caller_station.code.as_str()),
            Self::TargetNumber => Json::text(row.target.as_str()),
            Self::TargetExtension => Json::text(row.target_station.code.as_str()),
            Self::Duration => Json::number(row.duration_s),
            Self::RepresentativeName | Self::UserName => Json::text(row.user_name.as_str()),
            Self::RepresentativeCode => Json::text(row.user.map(id::user).unwrap_or_default()),
            Self::UserId => Json::number(row.user.map_or(0, |user| user.0)),
            Self::CallId => Json::text(row.call_id.as_str()),
            Self::DialStatus => Json::text(row.status.name()),
            Self::DialStatus2 => Json::text(row.other_status.map_or("", Status::name)),
            Self::RingTime => Json::number(row.dial_s),
            Self::CustomData => {
                let pairs = row.custom.iter().map(|(name, value)| (name.clone().into(), Json::text(value.as_str())));
                Json::Object(pairs.collect())
            }
            Self::DepartmentName => Json::text(account.0),
            Self::DepartmentId => Json::number(account.1),
            Self::DateEpoch => Json::number(unix_ms.div_euclid(1_000)),
            Self::CdrType => Json::number(row.kind.number()),
            Self::TargetPrefixName => Json::text(row.target_country),
            // What there is none of: prices, recordings, menus, queues.
            Self::Price => Json::number(0),
            Self::RecordExpect => Json::Bool(false),
            Self::DtmfData => Json::Array(Vec::new()),
            Self::RecordUrl | Self::QueueName => Json::text(""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Field;

    #[test]
    fn fields_are_chosen_in_any_case_once_and_in_order() {
        let chosen = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Field::chosen(Some(names)).into_iter().map(Field::name).collect::<Vec<_>>()
        };
        assert_eq!(chosen(&["callid", "DATE", "fromdate", "date", "x", "CdrType"]), ["CallID", "Date", "CdrType"]);
        assert!(chosen(&["x"]).is_empty());
        let all: Vec<&str> = Field::chosen(None).into_iter().map(Field::name).collect();
        assert_eq!(chosen(&[]), all, "no name is no choice");
        assert_eq!((all.len(), all[0], all[22]), (23, "Date", "DepartmentId"));
    }
}
