//! The walks of `docs/tour.md`: each stop exists, under the name that the page uses.

use crate::files::read;

/// A line `N. [text](../path) `name`: …`: its number, path and name.
fn stop(line: &str) -> Option<(usize, &str, &str)> {
    let (number, rest) = line.split_once(". [")?;
    let (_, rest) = rest.split_once("](../")?;
    let (path, rest) = rest.split_once(") `")?;
    let (name, _) = rest.split_once('`')?;
    Some((number.parse().ok()?, path, name))
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = text.split_at(at);
        let after = after.split_at(word.len()).1;
        !before.ends_with(is_part) && !after.starts_with(is_part)
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
            assert!(has_word(&read(path), name), "{path} has no `{name}`");
        }
    }
}

#[test]
fn a_name_that_is_only_a_part_of_another_is_not_found() {
    assert!(has_word("fn badge(state)", "badge"));
    assert!(!has_word("fn badges(state)", "badge"));
    assert!(!has_word("fn draw_badge(state)", "badge"));
}
