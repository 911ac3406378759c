//! The walks of `docs/tour.md`: each stop is defined, under the name that the page uses.

use crate::files::read;

/// A line `N. [text](../path) `name`: …`: its number, path and name.
fn stop(line: &str) -> Option<(usize, &str, &str)> {
    let (number, rest) = line.split_once(". [")?;
    let (_, rest) = rest.split_once("](../")?;
    let (path, rest) = rest.split_once(") `")?;
    let (name, _) = rest.split_once('`')?;
    Some((number.parse().ok()?, path, name))
}

/// Whether a file defines this name, or decides what to do in this case. A name that is only
/// mentioned leads a reader nowhere.
fn defines(text: &str, name: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let keywords = ["fn ", "struct ", "enum ", "trait ", "const ", "function "];
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = text.split_at(at);
        let after = after.split_at(name.len()).1;
        let is_whole = !before.ends_with(is_part) && !after.starts_with(is_part);
        let is_item = keywords.iter().any(|keyword| before.ends_with(keyword));
        let is_case = before.ends_with("::") && after.starts_with(" =>");
        is_whole && (is_item || is_case)
    })
}

#[test]
fn every_stop_of_the_tour_is_there_under_the_name_that_the_page_uses() {
    let page = read("docs/tour.md");
    let walks: Vec<_> = page.split("\n## ").skip(1).collect();
    assert_eq!(walks.len(), 2);
    for walk in walks {
        let is_numbered = |line: &&str| line.starts_with(|letter: char| letter.is_ascii_digit());
        let stops: Vec<_> = walk.lines().filter(is_numbered).collect();
        assert_eq!(stops.len(), 10, "ten stops");
        for (index, line) in stops.into_iter().enumerate() {
            let (number, path, name) = stop(line).unwrap_or_else(|| panic!("no stop: {line}"));
            assert_eq!(number, index + 1, "{line}");
            assert!(
                defines(&read(path), name),
                "{path} does not define `{name}`"
            );
        }
    }
}

#[test]
fn a_name_that_is_mentioned_or_a_part_of_another_is_not_defined() {
    for text in ["fn badge(state)", "const badge = 1;", "Of::badge => 1"] {
        assert!(defines(text, "badge"), "{text}");
    }
    for text in ["fn badges()", "fn draw_badge()", "badge(1)", "// badge"] {
        assert!(!defines(text, "badge"), "{text}");
    }
}
