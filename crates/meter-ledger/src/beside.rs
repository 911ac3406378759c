//! Names of the files beside a book: its log, its index, a draft of it.

use std::path::{Path, PathBuf};

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
