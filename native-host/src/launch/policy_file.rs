//! A file of policies that can be recognised as ours, so that exactly what we wrote is removed.

use super::policies::{Choices, PolicyPlace, policies};
use crate::{files, registration::Family};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The text of a file of policies.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyFile {
    family: Family,
    policies: Value,
    /// Number of folders that were made for it, the innermost first.
    folders_made: usize,
}

/// What is at the path of our file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// Our file, as we wrote it.
    Ours,
    /// Our file, changed by somebody since.
    Changed,
    /// A file that we did not write.
    Theirs,
}

/// The result of a removal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Removal {
    /// It was removed, with the folders that were made for it.
    Removed,
    /// It was not touched.
    Kept(Left),
}

const NOTE: &str = "Written by `onionmeter harden`; `onionmeter unharden` removes it.";

impl PolicyFile {
    /// The file to write at a place.
    #[must_use]
    pub fn new(place: &PolicyPlace, choices: Choices) -> Self {
        Self {
            family: place.family,
            policies: policies(place.family, choices),
            folders_made: missing_folders(&place.file),
        }
    }

    /// The text of the file. Chromium accepts comments and reports unknown members; Firefox accepts
    /// unknown members and no comments.
    #[must_use]
    pub fn text(&self) -> String {
        let mark = json!({
            "note": NOTE, "folders_made": self.folders_made, "sha256": hash(&self.policies),
        });
        match self.family {
            Family::Chromium => format!("// {mark}\n{:#}\n", self.policies),
            Family::Firefox => {
                format!(
                    "{:#}\n",
                    json!({ "onionmeter": mark, "policies": self.policies })
                )
            }
        }
    }

    /// Writes it. Replaces only an older file of ours.
    ///
    /// # Errors
    /// When it cannot be written; `AlreadyExists` if there is a file that we did not write.
    pub fn write(mut self, path: &Path) -> io::Result<()> {
        match state(self.family, path) {
            Left::Nothing => {}
            // The folders made for the older file count for this one, too.
            Left::Ours => {
                let older = read(self.family, path);
                self.folders_made = older.map_or(0, |(_, folders_made)| folders_made);
            }
            Left::Changed | Left::Theirs => return Err(io::ErrorKind::AlreadyExists.into()),
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        files::replace(path, self.text().as_bytes(), 0o644)
    }
}

/// What is at the path.
#[must_use]
pub fn state(family: Family, path: &Path) -> Left {
    match files::read_text(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Left::Nothing,
        Err(_) => Left::Theirs,
        Ok(text) if !text.contains(NOTE) => Left::Theirs,
        Ok(text) => match parse(family, &text) {
            Some((file, _)) if file.text() == text => Left::Ours,
            Some(_) | None => Left::Changed,
        },
    }
}

/// Removes our file, and the folders that were made for it if they are empty.
///
/// # Errors
/// When it is ours and cannot be removed.
pub fn remove(family: Family, path: &Path) -> io::Result<Removal> {
    let left = state(family, path);
    if left != Left::Ours {
        return Ok(Removal::Kept(left));
    }
    let made = read(family, path).map_or(0, |(_, made)| made);
    fs::remove_file(path)?;
    for folder in path.ancestors().skip(1).take(made) {
        crate::ignore_because("somebody put more there", fs::remove_dir(folder));
    }
    Ok(Removal::Removed)
}

fn read(family: Family, path: &Path) -> Option<(PolicyFile, usize)> {
    parse(family, &files::read_text(path).ok()?)
}

/// A file with a mark that contains the hash of its policies.
fn parse(family: Family, text: &str) -> Option<(PolicyFile, usize)> {
    let (mark, policies): (Value, Value) = match family {
        Family::Chromium => {
            let (mark, policies) = text.strip_prefix("// ")?.split_once('\n')?;
            (
                serde_json::from_str(mark).ok()?,
                serde_json::from_str(policies).ok()?,
            )
        }
        Family::Firefox => {
            let mut all: Value = serde_json::from_str(text).ok()?;
            (
                all.get_mut("onionmeter")?.take(),
                all.get_mut("policies")?.take(),
            )
        }
    };
    let folders_made = usize::try_from(mark["folders_made"].as_u64()?).ok()?;
    (mark["sha256"] == hash(&policies)).then_some(())?;
    let file = PolicyFile {
        family,
        policies,
        folders_made,
    };
    Some((file, folders_made))
}

fn hash(policies: &Value) -> String {
    hex::encode(Sha256::digest(policies.to_string()))
}

/// How many folders above the file do not exist.
fn missing_folders(file: &Path) -> usize {
    let folders = file.ancestors().skip(1).map(PathBuf::from);
    folders.take_while(|folder| !folder.is_dir()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(root: &Path, family: Family) -> PolicyPlace {
        PolicyPlace {
            title: "a browser",
            family,
            file: root.join("etc/policies/x.json"),
            present: true,
        }
    }

    #[test]
    fn what_was_written_is_removed_without_a_trace() {
        for family in [Family::Chromium, Family::Firefox] {
            let root = tempfile::tempdir().expect("a folder");
            fs::create_dir(root.path().join("etc")).expect("a folder that was there");
            let place = place(root.path(), family);
            assert_eq!(state(family, &place.file), Left::Nothing);
            let choices = Choices {
                no_safe_browsing: true,
                no_private_windows: true,
            };
            PolicyFile::new(&place, Choices::default())
                .write(&place.file)
                .expect("written");
            PolicyFile::new(&place, choices)
                .write(&place.file)
                .expect("written again");
            assert_eq!(state(family, &place.file), Left::Ours);
            assert_eq!(
                remove(family, &place.file).expect("removed"),
                Removal::Removed
            );
            let left: Vec<_> = fs::read_dir(root.path().join("etc"))
                .expect("stays")
                .collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }

    #[test]
    fn what_somebody_else_wrote_or_changed_is_never_touched() {
        for family in [Family::Chromium, Family::Firefox] {
            let root = tempfile::tempdir().expect("a folder");
            let place = place(root.path(), family);
            let file = PolicyFile::new(&place, Choices::default());
            let changed = file.text().replace("false", "true");
            for (text, left) in [
                ("{\"policies\":{}}", Left::Theirs),
                (&changed, Left::Changed),
            ] {
                fs::create_dir_all(place.file.parent().expect("a folder")).expect("made");
                fs::write(&place.file, text).expect("written");
                assert_eq!(state(family, &place.file), left);
                assert!(file.clone().write(&place.file).is_err());
                assert_eq!(
                    remove(family, &place.file).expect("kept"),
                    Removal::Kept(left)
                );
                assert_eq!(fs::read_to_string(&place.file).expect("read"), text);
            }
        }
    }
}
