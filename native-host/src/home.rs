//! The folder that holds everything of one person: configuration, key, book, sockets, log.

pub use crate::files::FolderError;
use crate::files::private_folder;
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
    /// The variable holds a relative path.
    #[error("{HOME_VARIABLE} is {path}; it must be an absolute path", path = .0.display())]
    Relative(PathBuf),
    /// Neither `ONIONMETER_HOME` nor `HOME` is set.
    #[error("neither {HOME_VARIABLE} nor HOME is set; set one of them")]
    Unset,
    /// A Unix socket's path would be too long.
    #[error("{path} is too long: at most {SOCKET_PATH_MAX} bytes fit a socket's path; set {HOME_VARIABLE} to a shorter one", path = .0.display())]
    TooLong(PathBuf),
    /// A folder is not ours alone.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The folder above cannot be made.
    #[error("{path} cannot be made", path = .0.display())]
    Parent(PathBuf, #[source] io::Error),
}

impl Home {
    /// Finds the home: the variable, else the folder above an installed program, else
    /// `$XDG_DATA_HOME/onionmeter` or `~/.local/share/onionmeter`.
    ///
    /// # Errors
    /// When the variable is relative, or nothing is set.
    pub fn find() -> Result<Self, HomeError> {
        if let Some(root) = env::var_os(HOME_VARIABLE).filter(|root| !root.is_empty()) {
            let root = PathBuf::from(root);
            return if root.is_absolute() {
                Ok(Self { root })
            } else {
                Err(HomeError::Relative(root))
            };
        }
        if let Some(root) = env::current_exe()
            .ok()
            .and_then(|exe| root_of_installed(&exe))
        {
            return Ok(Self { root });
        }
        let xdg = env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute());
        let data = match (xdg, env::home_dir()) {
            (Some(data), _) => data,
            (None, Some(home)) if home.is_absolute() => home.join(".local/share"),
            (None, _) => return Err(HomeError::Unset),
        };
        Ok(Self {
            root: data.join("onionmeter"),
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
    /// When one cannot be made, is not ours alone, or leaves no room for a socket's name.
    pub fn prepare(&self) -> Result<(), HomeError> {
        let socket = self.socket();
        if socket.as_os_str().len() > SOCKET_PATH_MAX
            || self.tor_run().as_os_str().len() + 8 > SOCKET_PATH_MAX
        {
            return Err(HomeError::TooLong(self.root.clone()));
        }
        if let Some(parent) = self.root.parent() {
            std::fs::create_dir_all(parent)
                .map_err(|error| HomeError::Parent(parent.to_path_buf(), error))?;
        }
        for folder in [
            self.root.clone(),
            self.key_folder(),
            self.run(),
            self.tor_run(),
            self.tor_data(),
            self.log_folder(),
        ] {
            private_folder(&folder)?;
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
