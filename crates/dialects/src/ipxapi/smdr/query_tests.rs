//! The query language by the examples of its rows; what a record's fields are is tested beside the records.

use super::super::json;
use super::*;

const KNOWN: [&str; 5] = ["status", "age", "code", "StartTime", "Duration"];

fn holds(query: &str, row: &[(&str, &str)]) -> bool {
    let json = json::read(query).unwrap_or_else(|| panic!("JSON: {query}"));
    let expr = Expr::read(&json, &KNOWN, None).unwrap_or_else(|| panic!("a query: {query}"));
    expr.holds(&|name| row.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
}

fn person<'a>(status: &'a str, age: &'a str, code: &'a str) -> [(&'a str, &'a str); 3] {
    [("status", status), ("age", age), ("code", code)]
}

#[test]
fn the_printed_examples_mean_what_is_printed() {
    let either = r#""$or":[{"status":"normal","age":20},{"status":"idle","age":30}]"#;
    for (query, yes, no) in [
        (r#"{"status":"normal","age":"20"}"#.to_owned(), person("normal", "20", ""), person("normal", "21", "")),
        (format!("{{{either}}}"), person("idle", "30", ""), person("normal", "30", "")),
        (format!("{{\"code\":\"XYZ\",{either}}}"), person("normal", "20", "XYZ"), person("normal", "20", "X")),
        (
            r#"{"status":"normal","$>=":{"age":20},"$<=":{"age":30},"$not":{"age":25}}"#.to_owned(),
            person("normal", "30", ""),
            person("normal", "25", ""),
        ),
        (r#"{"$regex":{"status":"*L"}}"#.to_owned(), person("normaL", "", ""), person("normal", "", "")),
        (r#"{"$regex":{"status":"n????l"}}"#.to_owned(), person("normal", "", ""), person("nomal", "", "")),
    ] {
        assert!(holds(&query, &yes), "{query} {yes:?}");
        assert!(!holds(&query, &no), "{query} {no:?}");
        assert!(holds(&query.replace('$', "\\$"), &yes), "as printed: {query}");
    }
    conformance::proves("IPX-QRY-10");
    conformance::proves("IPX-QRY-03");
    conformance::proves("IPX-QRY-05");
}

#[test]
fn not_negates_the_whole_object_and_and_takes_alternatives() {
    assert!(holds(r#"{"$not":{"status":"a","age":1}}"#, &person("a", "2", "")));
    assert!(!holds(r#"{"$not":{"status":"a","age":1}}"#, &person("a", "1", "")));
    conformance::proves("IPX-QRY-04");
    let and = r#"{"$and":[{"age":1},{"age":3},{"status":"a"}]}"#;
    assert!(holds(and, &person("a", "3", "")) && holds(and, &person("a", "1", "")));
    assert!(!holds(and, &person("a", "2", "")) && !holds(and, &person("b", "3", "")));
    assert!(!holds(r#"{"$and":[{"status":"a"},{"age":1,"code":"x"}]}"#, &person("a", "1", "y")));
    conformance::proves("IPX-QRY-06");
    assert!(!holds(r#"{"$>":{"age":1},"$>":{"age":5}}"#, &person("", "3", "")), "both of a doubled name count");
}

#[test]
fn wildcards_match_the_whole_value() {
    for (pattern, yes, no) in [
        ("string*", "strings", "a string"),
        ("*string*", "a strings", "strng"),
        ("*string", "a string", "strings"),
        (r"*\\*\\*\\*\\**", "x****y", "x***y"),
        (r"*\*\*\*\**", "x****y", "x***y"),
        ("s????g", "string", "sting"),
        (r"\?", "?", "a"),
        ("", "", "a"),
        ("*", "", "\u{0}never"),
        ("a*b*c", "a1b2b3c", "a1b2"),
    ] {
        let query = format!("{{\"$regex\":{{\"status\":\"{pattern}\"}}}}");
        assert!(holds(&query, &person(yes, "", "")), "{query} {yes}");
        assert!(pattern == "*" || !holds(&query, &person(no, "", "")), "{query} {no}");
    }
    conformance::proves("IPX-QRY-07");
}

#[test]
fn comparisons_follow_the_kind_of_value() {
    for (query, name, yes, no) in [
        (r#"{"$>":{"age":100}}"#, "age", "101", "100"),
        (r#"{"$>=":{"age":"100"}}"#, "age", "100", "99"),
        (r#"{"$<":{"age":100}}"#, "age", "9", "100"),
        (r#"{"$<=":{"age":100}}"#, "age", "100", "101"),
        (r#"{"$>":{"status":"b"}}"#, "status", "c", "a"),
        (r#"{"$>":{"Duration":"00:59:59"}}"#, "Duration", "100:00:00", "00:59:58"),
    ] {
        assert!(holds(query, &[(name, yes)]), "{query} {yes}");
        assert!(!holds(query, &[(name, no)]), "{query} {no}");
    }
    assert!(holds(r#"{"$>":{"age":1,"status":"a"}}"#, &person("b", "2", "")));
    assert!(!holds(r#"{"$>":{"age":1,"status":"a"}}"#, &person("b", "1", "")));
    conformance::proves("IPX-QRY-08");
    for (query, yes, no) in [
        (r#"{"$>":{"StartTime":"2018-08-10"}}"#, "2018-08-10 00:00", "2018-08-09 23:59"),
        (r#"{"$>":{"StartTime":"2018-08-10 09:30"}}"#, "2018-08-10 09:31", "2018-08-10 09:30"),
        (r#"{"$<":{"StartTime":"2018-08-10 09:30:30"}}"#, "2018-08-10 09:30", "2018-08-10 09:31"),
    ] {
        assert!(holds(query, &[("StartTime", yes)]), "{query} {yes}");
        assert!(!holds(query, &[("StartTime", no)]), "{query} {no}");
    }
    conformance::proves("IPX-QRY-09");
}

#[test]
fn numbers_and_texts_are_equal_when_they_say_the_same() {
    assert!(holds(r#"{"age":20}"#, &[("age", "20")]) && holds(r#"{"age":"20"}"#, &[("age", "20")]));
    assert!(holds(r#"{"status":true}"#, &[("status", "true")]) && !holds(r#"{"age":20}"#, &[("age", "2")]));
    let dialled = Expr::equals("StationNumber", "100");
    assert!(dialled.holds(&|_| Some("100".to_owned())) && !dialled.holds(&|_| Some("0100".to_owned())));
    let mut options = Options::default();
    for (value, expected) in [("true", Some(true)), ("\"TRUE\"", Some(true)), ("false", Some(false))] {
        let json = json::read(&format!("{{\"countOnly\":{value}}}")).expect("JSON");
        assert_eq!(Expr::read(&json, &KNOWN, Some(&mut options)), Some(Expr::All(Vec::new())));
        assert_eq!(options.count_only, expected);
    }
    conformance::proves("IPX-QRY-11");
}

#[test]
fn what_is_not_a_query_is_refused() {
    for wrong in [
        "[]",
        "7",
        r#"{"$xor":[]}"#,
        r#"{"height":1}"#,
        r#"{"status":null}"#,
        r#"{"status":[1]}"#,
        r#"{"$or":{"status":1}}"#,
        r#"{"$not":[{"status":1}]}"#,
        r#"{"$regex":"x"}"#,
        r#"{"$>":{"height":1}}"#,
        r#"{"$not":{"countOnly":true}}"#,
        r#"{"maxCount":-1}"#,
    ] {
        let json = json::read(wrong).expect("JSON");
        assert_eq!(Expr::read(&json, &KNOWN, Some(&mut Options::default())), None, "{wrong}");
    }
}
