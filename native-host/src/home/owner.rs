//! Finds the owner of a folder: if root acts in another user's home, it leaves files there that the
//! owner cannot use.

use crate::system::user;
use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The user who owns a folder.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Owner {
    /// The folder.
    pub folder: PathBuf,
    /// The user's number.
    pub uid: u32,
}

impl Owner {
    /// The user's name, or the number where there is no name.
    #[must_use]
    pub fn name(&self) -> String {
        name_of(self.uid).unwrap_or_else(|| format!("the user with number {}", self.uid))
    }
}

/// The user's own home folder as the system names it, absolute; `None` if it names none.
pub(crate) fn of_user() -> Option<PathBuf> {
    env::home_dir().filter(|home| home.is_absolute())
}

/// The deepest existing folder on the way to `path`.
pub(crate) fn nearest(path: &Path) -> Option<&Path> {
    path.ancestors()
        .find(|above| fs::symlink_metadata(above).is_ok())
}

/// The owner of the nearest existing folder.
pub(super) fn of_nearest(path: &Path) -> Option<Owner> {
    let folder = nearest(path)?;
    let uid = user::owner(&fs::metadata(folder).ok()?);
    Some(Owner {
        folder: folder.to_path_buf(),
        uid,
    })
}

/// The other user for whom root would write at `path`: the owner of the home folder in `HOME`, or
/// the user who called `sudo`, `doas` or `pkexec`. `None` for everybody except root.
#[must_use]
pub fn acted_for(path: &Path) -> Option<Owner> {
    if !user::is_root() {
        return None;
    }
    let owner = of_nearest(path).filter(|owner| owner.uid != 0)?;
    let home = of_user().and_then(|home| of_nearest(&home));
    let called = ["SUDO_UID", "PKEXEC_UID"].map(number).into_iter().flatten();
    let doas = env::var("DOAS_USER").ok().and_then(|name| number_of(&name));
    let people = home
        .map(|home| home.uid)
        .into_iter()
        .chain(called)
        .chain(doas);
    people
        .into_iter()
        .any(|uid| uid == owner.uid)
        .then_some(owner)
}

/// The other user whose folder is at `path`, for root. `sudo` may have been told to keep nothing
/// that names that user.
pub(crate) fn stranger(path: &Path) -> Option<Owner> {
    let owner = of_nearest(path).filter(|owner| owner.folder == path && owner.uid != 0);
    owner.filter(|_| user::is_root())
}

fn number(variable: &str) -> Option<u32> {
    env::var(variable).ok()?.parse().ok()
}

/// From the list of local users; a user known only on the network is shown by number.
fn name_of(uid: u32) -> Option<String> {
    users().find_map(|(name, number)| (number == uid).then_some(name))
}

fn number_of(user: &str) -> Option<u32> {
    users().find_map(|(name, number)| (name == user).then_some(number))
}

fn users() -> impl Iterator<Item = (String, u32)> {
    let list = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let users: Vec<_> = list
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?.to_owned();
            Some((name, fields.nth(1)?.parse().ok()?))
        })
        .collect();
    users.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_folder_is_the_deepest_that_is_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let deep = folder.path().join("a/b/c");
        assert_eq!(nearest(&deep), Some(folder.path()));
        fs::create_dir_all(deep.parent().expect("above")).expect("made");
        assert_eq!(nearest(&deep), deep.parent());
    }

    #[test]
    fn root_has_a_name_and_a_number_that_nobody_has_is_said_as_a_number() {
        assert_eq!(name_of(0).as_deref(), Some("root"));
        assert_eq!(number_of("root"), Some(0));
        let nobody = Owner {
            folder: PathBuf::from("/"),
            uid: 4_123_456_789,
        };
        assert!(nobody.name().contains("4123456789"));
    }
}
