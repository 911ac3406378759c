//! Form: sizes, leftovers, secrets, and paths that must not be in the tree.

use crate::files::{read, tracked};

/// More than this is read by nobody at once: split such a file by its subjects.
const LINES_MAX: usize = 400;

#[test]
fn no_file_of_code_is_too_long() {
    for ending in [".rs", ".js", ".css", ".sh"] {
        let files = tracked(ending);
        assert!(files.len() > 5, "{ending}: {}", files.len());
        for file in files {
            let lines = file.text.lines().count();
            assert!(lines <= LINES_MAX, "{}: {lines} lines", file.path);
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_for() {
    for file in tracked(".rs") {
        let first = file.text.lines().next().unwrap_or_default();
        let says = first.starts_with("//!") || first.starts_with("#![doc");
        assert!(says, "{} begins with {first:?}", file.path);
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
