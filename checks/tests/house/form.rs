//! Form: sizes, leftovers, secrets, and paths that must not be in the tree.

use crate::{
    absent::{is_of_tests, is_product},
    files::{read, tracked},
};

/// The limit for a file of a product. Tests are lists of cases and may be longer.
const LINES_MAX: usize = 400;
const LINES_OF_TESTS_MAX: usize = 600;
/// A file that is one table, which people read as one.
const TABLE: &str = "native-host/src/registration/browsers.rs";

#[test]
fn no_source_file_is_too_long_and_each_says_what_it_is_for() {
    for file in tracked(".rs") {
        let lines = file.text.lines().count();
        let is_longer = !is_product(&file.path) || is_of_tests(&file.path) || file.path == TABLE;
        let most = if is_longer {
            LINES_OF_TESTS_MAX
        } else {
            LINES_MAX
        };
        assert!(lines <= most, "{}: {lines} lines", file.path);
        let first = file.text.lines().next().unwrap_or_default();
        let says = first.starts_with("//!") || first.starts_with("#![doc");
        assert!(says, "{} begins with {first:?}", file.path);
    }
}

#[test]
fn no_script_and_no_style_sheet_of_a_product_is_too_long() {
    for ending in [".js", ".css"] {
        let mut files = tracked(ending);
        files.retain(|file| !file.path.contains("tests/"));
        assert!(files.len() > 5, "{}", files.len());
        for file in files {
            let lines = file.text.lines().count();
            assert!(lines <= LINES_MAX, "{}: {lines} lines", file.path);
        }
    }
}

/// Built from parts here, so that the search does not find this file itself.
fn leftovers() -> Vec<String> {
    [
        ("to", "do!("),
        ("unimple", "mented!("),
        ("X", "XX"),
        ("FIX", "ME"),
        ("#[ig", "nore"),
        ("#[should_", "panic"),
        ("db", "g!("),
        ("PRIVATE ", "KEY"),
        ("AGE-SECRET", "-KEY"),
    ]
    .map(|(one, other)| format!("{one}{other}"))
    .to_vec()
}

#[test]
fn nothing_is_left_to_do_and_no_private_key_lies_around() {
    for file in tracked("") {
        for word in leftovers() {
            assert!(!file.text.contains(&word), "{}: {word}", file.path);
        }
    }
}

#[test]
fn no_file_names_a_folder_of_one_machine() {
    let folders = ["work", "root", "mnt", "workspace", "builds"];
    for file in tracked("") {
        for folder in folders {
            let path = format!("/{folder}/");
            for (at, _) in file.text.match_indices(&path) {
                // The end of another path or of a URL is none of these folders.
                let before = file.text.split_at(at).0;
                let whole = before.ends_with(|letter: char| {
                    !letter.is_alphanumeric() && !"._-~}$/".contains(letter)
                });
                assert!(!whole && !before.is_empty(), "{} names {path}", file.path);
            }
        }
    }
}

#[test]
fn every_library_is_explained_by_its_readme_with_its_limits() {
    let manifests = tracked("/Cargo.toml");
    let folders = manifests.iter().filter_map(|file| {
        let folder = file.path.strip_suffix("/Cargo.toml")?;
        (folder != "checks" && !folder.starts_with("benches/")).then_some(folder)
    });
    let folders: Vec<_> = folders.collect();
    assert!(folders.len() >= 8, "{folders:?}");
    for folder in folders {
        let readme = read(&format!("{folder}/README.md"));
        let last = readme.lines().rfind(|line| line.starts_with("## "));
        assert_eq!(last, Some("## Limitations"), "{folder}");
        let library = read(&format!("{folder}/src/lib.rs"));
        let included = "#![doc = include_str!(\"../README.md\")]";
        assert!(library.starts_with(included), "{folder}");
    }
}

/// There is one module style, `session.rs` beside `session/`, and no file for unsorted things.
#[test]
fn no_file_has_a_name_that_says_nothing() {
    for file in tracked(".rs") {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let empty = [
            "common.rs",
            "helpers.rs",
            "misc.rs",
            "mod.rs",
            "types.rs",
            "utils.rs",
        ];
        assert!(!empty.contains(&name), "{}", file.path);
    }
}
