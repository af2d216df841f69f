//! Reads what tests reported at run time and decides whether to believe it.
//!
//! A claim counts when its row id stands literally in the source of its test, the test function is found there, and it
//! is not ignored. A report line is `row, full|partial, file, test, what is missing`, with tabs between; any program
//! that tests (not only Rust) may append such a line.

use anyhow::{Context, bail};
use std::path::Path;

/// One line of the report.
#[derive(Debug)]
pub struct Claim {
    /// The row's id.
    pub id: String,
    /// What nobody asserts yet; none for a full proof.
    pub missing: Option<String>,
    /// The test's source, from the root.
    pub file: String,
    /// The test's full name.
    pub test: String,
}

/// All claims of the last run; none when nothing was reported.
pub fn read() -> anyhow::Result<Vec<Claim>> {
    let path = ::conformance::report_dir().join(::conformance::REPORT_FILE);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    text.lines().map(parse).collect()
}

fn parse(line: &str) -> anyhow::Result<Claim> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [id, extent, file, test, missing] = fields.as_slice() else {
        bail!("a report line has five fields: {line:?}");
    };
    let missing = match *extent {
        "full" => None,
        "partial" => Some((*missing).to_owned()),
        other => bail!("a proof is full or partial, not {other:?}"),
    };
    Ok(Claim { id: (*id).to_owned(), missing, file: (*file).to_owned(), test: (*test).to_owned() })
}

/// The bare name of the claim's test function, or why the claim does not count.
pub fn test_function(root: &Path, claim: &Claim) -> Result<String, String> {
    let Ok(source) = std::fs::read_to_string(root.join(&claim.file)) else {
        return Err(format!("{}: {} claims {} from a file that is not there", claim.file, claim.test, claim.id));
    };
    judge(&source, claim)
}

fn judge(source: &str, claim: &Claim) -> Result<String, String> {
    let Claim { id, file, test, .. } = claim;
    if !source.contains(&format!("\"{id}\"")) && !source.contains(&format!("'{id}'")) {
        return Err(format!("{file}: {test} claims {id}, which does not stand literally there"));
    }
    if !file.ends_with(".rs") {
        return if source.contains(test.as_str()) {
            Ok(test.clone())
        } else {
            Err(format!("{file}: the test {test} is not there"))
        };
    }
    // A generated case hangs below its function's name, so the function is the last segment that is one.
    let found = test.rsplit("::").find_map(|segment| Some((segment, source.find(&format!("fn {segment}("))?)));
    let Some((function, at)) = found else {
        return Err(format!("{file}: the test function of {test} is not there"));
    };
    if attributes_above(source, at).contains(concat!("#[ig", "nore")) {
        return Err(format!("{file}: {test} proves {id}, but is ignored"));
    }
    Ok(function.to_owned())
}

/// The lines directly above the function at `at`, up to a blank line or the end of another item.
fn attributes_above(source: &str, at: usize) -> String {
    let above = source[..at].lines().rev().skip_while(|line| line.trim().is_empty());
    let attributes = above.take_while(|line| !line.trim().is_empty() && line.trim() != "}");
    attributes.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(id: &str, test: &str) -> Claim {
        parse(&format!("{id}\tfull\tcrates/a/tests/b.rs\t{test}\t")).unwrap()
    }

    const SOURCE: &str =
        "#[test]\nfn rings() {\n    proves(\"A-01\");\n}\n\n#[test]\n#[IGN]\nfn sleeps() {\n    proves(\"A-02\");\n}\n";

    #[test]
    fn a_claim_counts_when_its_source_bears_it_out() {
        assert_eq!(judge(SOURCE, &claim("A-01", "calls::rings")).as_deref(), Ok("rings"));
        assert_eq!(judge(SOURCE, &claim("A-01", "calls::rings::case_1")).as_deref(), Ok("rings"));
    }

    #[test]
    fn a_claim_without_its_id_its_function_or_its_run_does_not_count() {
        assert!(judge(SOURCE, &claim("A-03", "rings")).unwrap_err().contains("literally"));
        assert!(judge(SOURCE, &claim("A-01", "hums")).unwrap_err().contains("not there"));
        let source = SOURCE.replace("IGN", "ignore");
        assert!(judge(&source, &claim("A-02", "sleeps")).unwrap_err().contains("ignored"));
        assert!(judge(&source, &claim("A-01", "rings")).is_ok());
    }

    #[test]
    fn a_torn_report_is_refused() {
        assert!(parse("A-01\tfull").is_err());
        assert!(parse("A-01\thalf\tf\tt\t").is_err());
        assert_eq!(parse("A-01\tpartial\tf\tt\tthe rest").unwrap().missing.as_deref(), Some("the rest"));
    }
}
