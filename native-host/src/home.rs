//! The folder that holds everything of one person: configuration, key, book, sockets, log.

mod layout;
mod owner;
mod place;
mod remove;

pub use crate::files::FolderError;
use crate::files::private_folder;
pub(crate) use owner::nearest;
pub use owner::{Owner, acted_for};
pub(crate) use place::{Kind, obstacle, of_user, without_links};
pub(crate) use remove::{Mood, Removal};
use std::{
    env, io,
    path::{Path, PathBuf},
};

/// Names the home folder when set; must be absolute.
pub const HOME_VARIABLE: &str = "ONIONMETER_HOME";

/// Longest path of a Unix socket on Linux and macOS, without the closing zero of the shorter one.
const SOCKET_PATH_MAX: usize = 103;

/// Paths of everything.
#[derive(Clone, Debug)]
pub struct Home {
    root: PathBuf,
}

/// Why there is no usable home.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A variable holds a relative path.
    #[error("{from} is {path}; it must be an absolute path, one that begins with \
        /", path = .path.display())]
    Relative {
        /// The variable.
        from: &'static str,
        /// What it holds.
        path: PathBuf,
    },
    /// A path that no manifest can hold.
    #[error(
        "{from} is {path:?}, which is not text on one line; set {HOME_VARIABLE} to a folder whose \
            path is"
    )]
    NotText {
        /// The variable.
        from: &'static str,
        /// What it holds.
        path: PathBuf,
    },
    /// A path that goes up again.
    #[error("{from} is {path}; write it without `..`", path = .path.display())]
    Dots {
        /// The variable.
        from: &'static str,
        /// What it holds.
        path: PathBuf,
    },
    /// Neither `ONIONMETER_HOME` nor `HOME` is set.
    #[error("neither {HOME_VARIABLE} nor HOME is set; set one of them")]
    Unset,
    /// A Unix socket's path would be too long.
    #[error("{path} is too long: at most {SOCKET_PATH_MAX} bytes fit a socket's path; set \
        {HOME_VARIABLE} to a shorter one", path = .0.display())]
    TooLong(PathBuf),
    /// A folder that is for everything.
    #[error("{path} is {what}; set {HOME_VARIABLE} to a folder for Onionmeter alone, for example \
        {path}/onionmeter", path = .path.display())]
    NotOfItsOwn {
        /// The folder.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// A folder that is used for something else.
    #[error("{root} holds other things, {name:?} for one; set {HOME_VARIABLE} to a new or an empty \
        folder", root = .root.display())]
    Occupied {
        /// The folder.
        root: PathBuf,
        /// One of the other things.
        name: String,
    },
    /// A home of an earlier version with other things in it.
    #[error("{root} holds a home of Onionmeter and other things, {name:?} for one; move those \
        elsewhere, or run `touch {root}/.onionmeter` if all of it may stay \
        together", root = .root.display())]
    Mixed {
        /// The folder.
        root: PathBuf,
        /// One of the other things.
        name: String,
    },
    /// Root acts in the home of somebody else.
    #[error("you are root, and {path} would be made in a folder of {owner} ({folder}); run this as \
        {owner}, without \
        sudo", path = .path.display(), owner = .owner.name(), folder = .owner.folder.display())]
    OfAnother {
        /// The home.
        path: PathBuf,
        /// Whose it would be.
        owner: Owner,
    },
    /// A folder is not ours alone.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The folder above cannot be made.
    #[error("{path} cannot be made; set {HOME_VARIABLE} to a folder that you may \
        write", path = .0.display())]
    Parent(PathBuf, #[source] io::Error),
}

impl Home {
    /// Finds the home: the variable, else the folder above an installed program, else
    /// `$XDG_DATA_HOME/onionmeter` or `~/.local/share/onionmeter`.
    ///
    /// # Errors
    /// When the variable is relative, or nothing is set.
    pub fn find() -> Result<Self, HomeError> {
        let named = |variable| env::var_os(variable).filter(|value| !value.is_empty());
        let (root, from) = if let Some(root) = named(HOME_VARIABLE) {
            (PathBuf::from(root), HOME_VARIABLE)
        } else if let Some(root) = env::current_exe()
            .ok()
            .and_then(|exe| root_of_installed(&exe))
        {
            return Ok(Self { root });
        } else if let Some(data) = named("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
        {
            // The XDG base directory specification has relative ones ignored.
            (data.join("onionmeter"), "XDG_DATA_HOME")
        } else {
            let home = env::home_dir().filter(|home| !home.as_os_str().is_empty());
            let home = home.ok_or(HomeError::Unset)?;
            (home.join(".local/share/onionmeter"), "HOME")
        };
        place::check_path(&root, from)?;
        // Without slashes at its end and dots in between.
        Ok(Self {
            root: root.components().collect(),
        })
    }

    /// A home at a given place.
    #[must_use]
    pub const fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes the folders that are missing and checks that all are private.
    ///
    /// # Errors
    /// When the place is for other things ([`Self::check`]), or a folder cannot be made or is not
    /// ours alone.
    pub fn prepare(&self) -> Result<(), HomeError> {
        self.check()?;
        if let Some(parent) = self.root.parent() {
            std::fs::create_dir_all(parent).map_err(|error| {
                HomeError::Parent(parent.to_path_buf(), obstacle(parent, error))
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

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `config.toml`.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// The folder of the signing key.
    #[must_use]
    pub fn key_folder(&self) -> PathBuf {
        self.root.join("key")
    }

    /// The signing key's seed.
    #[must_use]
    pub fn key(&self) -> PathBuf {
        self.key_folder().join("device.key")
    }

    /// The number of the last signed report, for noticing that an older book was put back.
    #[must_use]
    pub fn last_signed(&self) -> PathBuf {
        self.key_folder().join("last-signed")
    }

    /// The book.
    #[must_use]
    pub fn book(&self) -> PathBuf {
        self.root.join("book.sqlite3")
    }

    /// Sockets and locks.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// The daemon's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.run().join("daemon.sock")
    }

    /// Held by the one daemon.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.run().join("daemon.lock")
    }

    /// Sockets of a managed Tor.
    #[must_use]
    pub fn tor_run(&self) -> PathBuf {
        self.run().join("tor")
    }

    /// Data of a managed Tor.
    #[must_use]
    pub fn tor_data(&self) -> PathBuf {
        self.root.join("tor")
    }

    /// Data of the embedded Tor.
    #[must_use]
    pub fn embedded_data(&self) -> PathBuf {
        self.root.join("arti")
    }

    /// Logs.
    #[must_use]
    pub fn log_folder(&self) -> PathBuf {
        self.root.join("log")
    }

    /// The daemon's log.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.log_folder().join("onionmeter.log")
    }

    /// Where `install` puts the program.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.root.join("bin/onionmeter")
    }

    /// The profile that `open` gives a Firefox.
    #[must_use]
    pub fn firefox(&self) -> PathBuf {
        self.root.join("firefox")
    }

    /// Says that this folder is a home. Without it nothing is removed.
    #[must_use]
    pub fn mark_file(&self) -> PathBuf {
        self.root.join(".onionmeter")
    }

    /// The port that the relay chose by itself.
    #[must_use]
    pub fn relay_port(&self) -> PathBuf {
        self.root.join("relay-port")
    }

    /// Manifests that `install` wrote outside the usual places.
    #[must_use]
    pub fn registered(&self) -> PathBuf {
        self.root.join("registered.json")
    }
}

/// The home that an installed program belongs to: browsers start it without our variable.
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
        assert!(matches!(
            home.prepare(),
            Err(HomeError::Folder(FolderError::NotAFolder(_)))
        ));
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_refused_by_its_limit() {
        let home = Home::at(PathBuf::from("/tmp").join("x".repeat(90)));
        let error = home.prepare().expect_err("too long");
        assert!(error.to_string().contains("103"), "{error}");
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
