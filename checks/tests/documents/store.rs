//! The texts for the stores: a justification for each permission, and the limits of their forms.

use crate::{files::read, markdown};
use serde_json::Value;
use std::collections::BTreeSet;

/// Characters that the forms allow: Chrome's documentation, "Manifest - Description" and "Manifest
/// - Name"; addons-server, `max_length` of `summary` and `name`.
const CHROME: (usize, usize) = (75, 132);
const MOZILLA: (usize, usize) = (50, 250);
/// Of one permission's field in Chrome's store.
const JUSTIFICATION_MAX: usize = 1_000;

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every permission of the manifest, required or optional, hosts included.
fn permissions() -> BTreeSet<String> {
    let manifest = json("manifest.json");
    let lists = [
        "permissions",
        "optional_permissions",
        "host_permissions",
        "optional_host_permissions",
    ];
    let named = lists.iter().filter_map(|list| manifest[list].as_array());
    let named = named.flatten().filter_map(Value::as_str);
    named.map(str::to_owned).collect()
}

/// The rows of a table of permissions: the name and its reason.
fn reasons(page: &str) -> Vec<(String, String)> {
    let rows = markdown::rows(page).into_iter();
    rows.map(|row| {
        let [name, reason] = row.as_slice() else {
            panic!("two cells: {row:?}")
        };
        (name.trim_matches('`').to_owned(), reason.clone())
    })
    .collect()
}

#[test]
fn each_permission_of_the_manifest_has_its_reason_and_no_other_is_named() {
    let wanted = permissions();
    assert!(wanted.len() > 8, "{wanted:?}");
    let privacy = read("PRIVACY.md");
    for (path, page) in [
        ("PRIVACY.md", markdown::section(&privacy, "## Permissions")),
        ("docs/store", &read("docs/store/permissions.md")),
    ] {
        let reasons = reasons(page);
        let named: BTreeSet<_> = reasons.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(named, wanted, "{path}");
        assert_eq!(reasons.len(), wanted.len(), "{path}: once each");
        for (name, reason) in reasons {
            let length = reason.chars().count();
            assert!((20..=JUSTIFICATION_MAX).contains(&length), "{path}: {name}");
        }
    }
}

/// The text that is pasted into a field: the first block below its heading, as one line.
fn field(page: &str, heading: &str) -> String {
    let blocks = markdown::blocks(markdown::section(page, heading), "text");
    blocks.first().expect(heading).replace('\n', " ")
}

#[test]
fn names_and_short_descriptions_fit_into_the_forms_of_the_stores() {
    for (path, (name_max, short_max)) in [
        ("docs/store/chrome-web-store.md", CHROME),
        ("docs/store/addons-mozilla-org.md", MOZILLA),
    ] {
        let page = read(path);
        for (heading, most) in [("## Name", name_max), ("## Short description", short_max)] {
            let length = field(&page, heading).chars().count();
            assert!((1..=most).contains(&length), "{path}: {heading}: {length}");
        }
    }
}

/// Chrome's store takes both from the package, in every language.
#[test]
fn the_package_has_the_name_and_the_short_description_of_chromes_store() {
    let page = read("docs/store/chrome-web-store.md");
    for (key, heading, most) in [
        ("name", "## Name", CHROME.0),
        ("description", "## Short description", CHROME.1),
    ] {
        let english = json("_locales/en/messages.json");
        assert_eq!(english[key]["message"], *field(&page, heading), "{key}");
        for language in ["de", "en", "fa", "ru", "zh_CN"] {
            let messages = json(&format!("_locales/{language}/messages.json"));
            let text = messages[key]["message"].as_str().unwrap_or_default();
            let length = text.chars().count();
            assert!((1..=most).contains(&length), "{language}: {key}: {length}");
        }
    }
}
