//! W-08: a page runs nothing, styles nothing inline and loads nothing from elsewhere. And each page
//! has the landmarks and names that a screen reader needs.

use crate::samples;
use onionmeter_ledger::pages::{ICON_PATH, STYLES, styles_path};

/// The tags of a page: `<a href="/">` as `a href="/"`.
pub(crate) fn tags(page: &str) -> impl Iterator<Item = &str> {
    page.split('<').skip(1).filter_map(|rest| {
        let (tag, _) = rest.split_once('>')?;
        (!tag.starts_with('/')).then_some(tag)
    })
}

/// The values of an attribute in a tag.
pub(crate) fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    value.split_once('"').map(|(value, _)| value)
}

/// The name of a tag's element.
fn element(tag: &str) -> &str {
    tag.split([' ', '/']).next().unwrap_or_default()
}

#[test]
fn w_08_no_page_has_a_script_or_an_inline_style() {
    for (name, page) in samples::all() {
        for tag in tags(&page) {
            assert_ne!(element(tag), "script", "{name}");
            assert_ne!(element(tag), "style", "{name}");
            assert_eq!(attribute(tag, "style"), None, "{name}: {tag}");
            let handler = tag.split(' ').find(|word| word.starts_with("on"));
            assert_eq!(handler, None, "{name}: {tag}");
        }
        assert!(!page.contains("javascript:"), "{name}");
    }
}

#[test]
fn w_08_no_page_names_another_server() {
    for (name, page) in samples::all() {
        for tag in tags(&page) {
            for attribute_name in ["href", "src", "action", "srcset", "poster", "data"] {
                let Some(value) = attribute(tag, attribute_name) else {
                    continue;
                };
                let is_own = value.starts_with(['/', '#', '?']) && !value.starts_with("//");
                assert!(is_own, "{name}: {tag}");
            }
        }
    }
    for word in ["url(", "@import", "http:", "https:", "expression("] {
        assert!(!STYLES.contains(word), "{word}");
    }
}

#[test]
fn every_page_loads_the_stylesheet_and_the_icon_and_nothing_else() {
    let own = [styles_path(), ICON_PATH];
    for (name, page) in samples::all() {
        let links = tags(&page).filter(|tag| matches!(element(tag), "link" | "img"));
        for tag in links {
            let address = attribute(tag, "href").or_else(|| attribute(tag, "src"));
            assert!(own.contains(&address.unwrap_or_default()), "{name}: {tag}");
        }
        assert!(page.contains(styles_path()), "{name}");
    }
}

#[test]
fn every_page_has_one_heading_one_main_and_a_title() {
    for (name, page) in samples::all() {
        for (tag, times) in [
            ("<h1", 1),
            ("<main", 1),
            (" · Onionmeter ledger</title>", 1),
            ("<footer", 1),
        ] {
            assert_eq!(page.matches(tag).count(), times, "{name}: {tag}");
        }
        assert!(
            page.starts_with("<!doctype html>\n<html lang=\"en\">"),
            "{name}"
        );
        assert!(page.contains("class=\"skip\" href=\"#main\""), "{name}");
    }
}

#[test]
fn every_table_has_a_caption_and_headings_with_a_scope() {
    let mut tables = 0;
    for (name, page) in samples::all() {
        tables += page.matches("<table").count();
        assert_eq!(
            page.matches("<table").count(),
            page.matches("<caption").count(),
            "{name}"
        );
        for tag in tags(&page).filter(|tag| element(tag) == "th") {
            assert!(attribute(tag, "scope").is_some(), "{name}: {tag}");
        }
    }
    assert!(tables > 10, "{tables}");
}

/// The three colours, shapes and words of a state go together.
#[test]
fn a_picture_has_a_title_and_a_text_or_is_hidden_from_screen_readers() {
    for (name, page) in samples::all() {
        for tag in tags(&page).filter(|tag| element(tag) == "svg") {
            let is_hidden = attribute(tag, "aria-hidden") == Some("true");
            let named = attribute(tag, "aria-labelledby").unwrap_or_default();
            let ids = named.split(' ').filter(|id| !id.is_empty());
            let known = ids.filter(|id| page.contains(&format!(" id=\"{id}\"")));
            assert!(is_hidden || known.count() == 2, "{name}: {tag}");
        }
    }
}

#[test]
fn every_id_is_there_once_and_every_reference_finds_one() {
    for (name, page) in samples::all() {
        let mut ids: Vec<_> = tags(&page).filter_map(|tag| attribute(tag, "id")).collect();
        ids.sort_unstable();
        let all = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name}");
        for tag in tags(&page) {
            let named = attribute(tag, "aria-labelledby").unwrap_or_default();
            for id in named.split_whitespace() {
                assert!(ids.contains(&id), "{name}: {id}");
            }
        }
    }
}
