//! What a benchmark has measured: on stdout, and between the marks of a document.

use anyhow::{Context as _, Result};
use std::{
    env, fs,
    io::{Write as _, stdout},
    path::Path,
};

/// Prints the text. Where there is a document, puts the text between the marks of this name there,
/// below the heading that the caller of the benchmark gave in `BENCH_HEADING`: command, date,
/// machine.
///
/// # Errors
/// The document has no such marks, or cannot be written.
pub fn publish(marks: &str, text: &str, document: Option<&Path>) -> Result<()> {
    stdout().write_all(text.as_bytes())?;
    let Some(document) = document else {
        return Ok(());
    };
    let heading = env::var("BENCH_HEADING").unwrap_or_default();
    let read = fs::read_to_string(document);
    let old = read.with_context(|| document.display().to_string())?;
    let new = replaced(&old, marks, &format!("{heading}\n\n{text}"))?;
    fs::write(document, new).with_context(|| document.display().to_string())
}

fn replaced(old: &str, marks: &str, text: &str) -> Result<String> {
    let begin = format!("<!-- {marks}: begin -->\n");
    let end = format!("<!-- {marks}: end -->");
    let missing = || format!("the document has no marks {marks:?}");
    let (before, rest) = old.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{begin}{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
words
<!-- bench waits: begin -->
old
<!-- bench waits: end -->
<!-- bench build: begin -->
<!-- bench build: end -->
";

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let new = replaced(PAGE, "bench waits", "new\n").expect("its marks are there");
        assert_eq!(new, PAGE.replace("old\n", "new\n"));
    }

    #[test]
    fn a_name_without_marks_is_an_error() {
        replaced(PAGE, "bench", "new\n").expect_err("no marks");
        let torn = PAGE.replace("<!-- bench waits: end -->", "");
        replaced(&torn, "bench waits", "new\n").expect_err("no end");
    }
}
