//! Writes figures to stdout, and between the marks of a document.

use std::{
    fs,
    io::{Write as _, stdout},
    path::Path,
};

use anyhow::{Context as _, Result};

/// Prints the text of a part. Where there is a document, puts the text between the part's marks,
/// below the heading that this program's caller gave: command, date, machine.
///
/// # Errors
/// The document has no such marks, or cannot be written.
pub(crate) fn publish(part: &str, text: &str, document: Option<&Path>) -> Result<()> {
    stdout().write_all(text.as_bytes())?;
    let Some(document) = document else {
        return Ok(());
    };
    let heading = std::env::var("BENCH_HEADING").unwrap_or_default();
    let old = fs::read_to_string(document)?;
    let new = replaced(&old, part, &format!("{heading}\n\n{text}"))?;
    Ok(fs::write(document, new)?)
}

fn replaced(old: &str, part: &str, text: &str) -> Result<String> {
    let begin = format!("<!-- bench-ledger {part}: begin -->\n");
    let end = format!("<!-- bench-ledger {part}: end -->");
    let (before, rest) = old.split_once(&begin).context("no mark for the bench")?;
    let (_, after) = rest.split_once(&end).context("no mark for its end")?;
    Ok(format!("{before}{begin}{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
words
<!-- bench-ledger sqlite: begin -->
old
<!-- bench-ledger sqlite: end -->
<!-- bench-ledger large: begin -->
<!-- bench-ledger large: end -->
";

    #[test]
    fn only_what_is_between_the_marks_of_the_part_is_replaced() {
        let new = replaced(PAGE, "sqlite", "new\n").expect("its marks are there");
        assert_eq!(new, PAGE.replace("old\n", "new\n"));
    }

    #[test]
    fn a_part_without_marks_is_an_error() {
        assert!(replaced(PAGE, "postgres", "new\n").is_err());
        let torn = PAGE.replace("<!-- bench-ledger sqlite: end -->", "");
        assert!(replaced(&torn, "sqlite", "new\n").is_err());
    }
}
