//! The part of Markdown that our own pages use.

/// The contents of fenced blocks of one language.
pub(crate) fn blocks(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(found) = line.strip_prefix("```") else {
            continue;
        };
        let block: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
        if found.split(',').next() == Some(language) {
            blocks.push(block.join("\n"));
        }
    }
    blocks
}

/// The text without fenced blocks.
pub(crate) fn prose(text: &str) -> String {
    let mut inside = false;
    let outside = |line: &&str| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        !inside && !fence
    };
    text.lines().filter(outside).collect::<Vec<_>>().join("\n")
}

/// The text between single backticks, outside of fenced blocks.
pub(crate) fn code_spans(text: &str) -> Vec<String> {
    let prose = prose(text);
    let parts = prose.split('`').skip(1).step_by(2);
    parts.map(|part| part.replace('\n', " ")).collect()
}

/// The targets of links, outside of code.
pub(crate) fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let outside: String = prose.split('`').step_by(2).collect();
    let targets = outside.split("](").skip(1);
    targets
        .filter_map(|rest| rest.split(')').next())
        .map(str::to_owned)
        .collect()
}

/// The anchors of the headings, as GitHub makes them: a repeated one gets a number.
pub(crate) fn anchors(text: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    let prose = prose(text);
    for heading in prose.lines().filter(|line| line.starts_with('#')) {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = words
            .chars()
            .filter(|letter| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_'));
        let slug = kept.collect::<String>().replace(' ', "-");
        let again = (1..).map(|number| format!("{slug}-{number}"));
        let anchor = std::iter::once(slug.clone())
            .chain(again)
            .find(|anchor| !anchors.contains(anchor));
        anchors.extend(anchor);
    }
    anchors
}

/// The text below a heading, up to the next one of its level or above.
#[track_caller]
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let start = text.find(&format!("\n{heading}\n"));
    let start = start.unwrap_or_else(|| panic!("there is no {heading:?}"));
    let level = heading.split(' ').next().unwrap_or_default().len();
    let below = text.split_at(start + heading.len() + 2).1;
    let ends = (1..=level).filter_map(|level| below.find(&format!("\n{} ", "#".repeat(level))));
    below.split_at(ends.min().unwrap_or(below.len())).0
}

/// The cells of the body rows of all tables.
pub(crate) fn rows(text: &str) -> Vec<Vec<String>> {
    let lines: Vec<_> = text.lines().collect();
    let is_row = |line: &str| line.starts_with("| ");
    let mut rows = Vec::new();
    let mut in_body = false;
    for line in lines {
        if line.starts_with("| ---") {
            in_body = true;
        } else if !is_row(line) {
            in_body = false;
        } else if in_body {
            let cells = line.trim_matches('|').split(" | ");
            rows.push(cells.map(|cell| cell.trim().to_owned()).collect());
        }
    }
    rows
}

#[test]
fn the_reader_of_pages_reads_pages() {
    let page = "# A b!\n\n[x](y.md#z) `[no](no)` “q”\n\n```json\n{}\n[no](no)\n```\n\n## `A` b\n\n\
                | h | i |\n| --- | --- |\n| 1 | `two` |\n\n## A b\n";
    assert_eq!(blocks(page, "json"), ["{}\n[no](no)"]);
    assert_eq!(links(page), ["y.md#z"]);
    assert_eq!(code_spans(page), ["[no](no)", "A", "two"]);
    assert_eq!(anchors(page), ["a-b", "a-b-1", "a-b-2"]);
    assert_eq!(rows(page), [["1", "`two`"]]);
    assert_eq!(rows(section(page, "## `A` b")).len(), 1);
    assert_eq!(section(page, "## A b"), "");
}
