//! The folder with everything of one person: configuration, key, book, sockets, log.

mod embedded_state;
mod error;
mod layout;
mod owner;
mod paths;
mod place;
mod remove;

use crate::files::private_folder;
use std::{
    env,
    io::ErrorKind,
    path::{Path, PathBuf},
};

pub use crate::files::FolderError;
pub use error::HomeError;
pub use owner::{Owner, acted_for};
pub(crate) use owner::{nearest, of_user, stranger};
pub(crate) use paths::SHADOWSOCKS_SERVER;
pub use paths::{HOME_VARIABLE, Home};
pub(crate) use place::{Kind, blocked, obstacle, obstacle_at, without_links};
pub(crate) use remove::{Removal, RunMode};

impl Home {
    /// Finds the home: the variable, else the folder above an installed program, else
    /// `$XDG_DATA_HOME/onionmeter` or `~/.local/share/onionmeter`.
    ///
    /// # Errors
    /// When the variable is relative, nothing is set, or a link on the way leads nowhere.
    pub fn find() -> Result<Self, HomeError> {
        let named = |variable| env::var_os(variable).filter(|value| !value.is_empty());
        let (given, below, from) = if let Some(root) = named(HOME_VARIABLE) {
            (PathBuf::from(root), "", HOME_VARIABLE)
        } else if let Some(root) = env::current_exe()
            .ok()
            .and_then(|exe| root_of_installed(&exe))
        {
            return Ok(Self { root });
        } else if let Some(data) = named("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
        {
            // The XDG base directory specification says that relative paths are ignored.
            (data, "onionmeter", "XDG_DATA_HOME")
        } else {
            let home = env::home_dir().filter(|home| !home.as_os_str().is_empty());
            let home = home.ok_or(HomeError::Unset)?;
            (home, ".local/share/onionmeter", "HOME")
        };
        place::check_path(&given, from)?;
        // Without slashes at the end and dots in between.
        let root: PathBuf = given.join(below).components().collect();
        place::check_links(&root)?;
        Ok(Self { root })
    }

    /// Makes the folders that are missing and checks that all are private.
    ///
    /// # Errors
    /// When the place is for other things ([`Self::check`]), or a folder cannot be made or is open
    /// to other users.
    pub fn prepare(&self) -> Result<(), HomeError> {
        self.check()?;
        if let Some(parent) = self.root.parent() {
            crate::files::folders(parent).map_err(|error| match error.kind() {
                // Another home would be on the same disk.
                ErrorKind::StorageFull
                | ErrorKind::QuotaExceeded
                | ErrorKind::ReadOnlyFilesystem => {
                    FolderError::Io(parent.to_path_buf(), error).into()
                }
                _ => HomeError::Parent(parent.to_path_buf(), obstacle(parent, error)),
            })?;
        }
        private_folder(&self.root)?;
        self.mark();
        // One command repairs all of it.
        let whole = |error| match error {
            FolderError::Owner { me, .. } => FolderError::Owner {
                path: self.root.clone(),
                me,
            },
            error => error,
        };
        for folder in [
            self.key_folder(),
            self.run(),
            self.tor_run(),
            self.tor_data(),
            self.log_folder(),
        ] {
            private_folder(&folder).map_err(whole)?;
        }
        Ok(())
    }
}

/// The home of an installed program: browsers start it without our variable.
fn root_of_installed(program: &Path) -> Option<PathBuf> {
    let root = program.parent()?.parent()?;
    let home = Home::at(root.to_path_buf());
    (home.program() == program && home.registered().is_file()).then(|| root.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_home_is_made_private_and_checked_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("a/b"));
        home.prepare().expect("made");
        home.prepare().expect("already there");
        let mode = |path: PathBuf| std::fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode(home.key_folder()) & 0o777, 0o700);
        std::fs::set_permissions(home.run(), std::fs::Permissions::from_mode(0o750)).expect("ours");
        let error = home.prepare().expect_err("open to the group");
        assert!(error.to_string().contains("chmod 700"), "{error}");
    }

    #[test]
    fn a_link_in_place_of_a_folder_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("home"));
        std::os::unix::fs::symlink(folder.path(), home.root()).expect("a link");
        match home.prepare() {
            Err(HomeError::Link { target, .. }) => assert_eq!(target, folder.path()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_refused_by_its_limit() {
        let home = Home::at(PathBuf::from("/tmp").join("x".repeat(90)));
        let error = home.prepare().expect_err("too long");
        assert!(error.to_string().contains("103"), "{error}");
        let limit = "at most 87 bytes";
        assert!(error.to_string().contains(limit), "{error}");
        assert!(error.to_string().contains("it has 95 bytes"), "{error}");
        let looked = home.check_folder().expect_err("a look says the same");
        assert_eq!(looked.to_string(), error.to_string());
        let longest = Home::at(PathBuf::from("/tmp").join("x".repeat(82)));
        longest.check().expect("87 bytes fit");
    }

    #[test]
    fn an_installed_program_knows_its_home() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().to_path_buf());
        assert_eq!(
            root_of_installed(&home.program()),
            None,
            "nothing was installed there"
        );
        std::fs::write(home.registered(), "[]").expect("written");
        assert_eq!(
            root_of_installed(&home.program()),
            Some(folder.path().to_path_buf())
        );
        assert_eq!(root_of_installed(Path::new("/usr/bin/onionmeter")), None);
    }
}
