//! The files of the repository, as git knows them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// One tracked file.
pub(crate) struct Tracked {
    /// From the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// Every tracked text file whose path ends with `ending`; an empty ending takes all.
#[track_caller]
pub(crate) fn tracked(ending: &str) -> Vec<Tracked> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "this is a git checkout");
    let list = String::from_utf8(output.stdout).expect("paths are UTF-8");
    let files: Vec<_> = list
        .split('\0')
        .filter(|path| !path.is_empty() && path.ends_with(ending))
        // Leaves out a file that was removed in the checkout but not yet in git, and a file that is
        // not text, such as an icon.
        .filter_map(|path| {
            let text = fs::read_to_string(root().join(path)).ok()?;
            let path = path.to_owned();
            Some(Tracked { path, text })
        })
        .collect();
    assert!(!files.is_empty(), "no file ends with {ending:?}");
    files
}

/// A file that must exist.
#[track_caller]
pub(crate) fn read(path: &str) -> String {
    match fs::read_to_string(root().join(path)) {
        Ok(text) => text,
        Err(error) => panic!("{path}: {error}"),
    }
}
