//! Where a home may be: a separate folder, with a path that sockets, manifests and Tor can use.

use super::{
    error::HomeError,
    layout,
    owner::{self, of_user},
    paths::{Home, SOCKET_PATH_MAX},
};
use crate::{
    shell_word::shell_word,
    system::{self, files::is_frozen},
};
use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

/// Checks the path itself, before the disk is read.
///
/// # Errors
/// When it is not text, contains line breaks or `..`, or is relative. `from` names its source.
pub(super) fn check_path(root: &Path, from: &'static str) -> Result<(), HomeError> {
    if !root.is_absolute() {
        return Err(HomeError::Relative {
            from,
            path: root.to_path_buf(),
        });
    }
    // Manifests and the embedded Tor's first line are JSON, which can contain only text.
    let Some(text) = root.to_str() else {
        return Err(HomeError::NotText {
            from,
            path: root.to_path_buf(),
        });
    };
    if text.chars().any(char::is_control) {
        return Err(HomeError::NotText {
            from,
            path: root.to_path_buf(),
        });
    }
    if root.components().any(|part| part == Component::ParentDir) {
        return Err(HomeError::Dots {
            from,
            path: root.to_path_buf(),
        });
    }
    Ok(())
}

/// Checks that a link at the path or above it leads somewhere. What lies behind one that does not,
/// such as a disk that is not mounted, is not there to be seen: nobody may then say that there are
/// no reports.
///
/// # Errors
/// [`HomeError::DeadLink`].
pub(super) fn check_links(root: &Path) -> Result<(), HomeError> {
    let Some(above) = owner::nearest(root) else {
        return Ok(());
    };
    let is_link = fs::symlink_metadata(above).is_ok_and(|meta| meta.is_symlink());
    match is_link && fs::metadata(above).is_err() {
        true => Err(HomeError::DeadLink(above.to_path_buf())),
        false => Ok(()),
    }
}

/// Mode bit of a shared folder that everybody can write to.
const STICKY: u32 = 0o1000;

/// Folders of the system, which may be empty (Filesystem Hierarchy Standard 3.0).
const SYSTEM: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/local",
    "/usr/share",
    "/var",
    "/var/cache",
    "/var/lib",
    "/var/local",
    "/var/log",
    "/var/opt",
    "/var/tmp",
];

impl Home {
    /// Checks that this may be a home. Changes nothing.
    ///
    /// # Errors
    /// When the folder is for other things, belongs to another user, or has a path that is too
    /// long.
    pub fn check(&self) -> Result<(), HomeError> {
        self.check_length()?;
        if let Some(what) = self.is_for_everything() {
            return Err(HomeError::NotOfItsOwn {
                path: self.root.clone(),
                example: self.root.join("onionmeter"),
                what,
            });
        }
        self.check_folder()?;
        if let Some(owner) = owner::acted_for(&self.root) {
            return Err(HomeError::OfAnother {
                path: self.root.clone(),
                owner,
            });
        }
        match self.kind() {
            Kind::Missing | Kind::Empty | Kind::Marked | Kind::Earlier | Kind::NotAFolder => Ok(()),
            Kind::Other { name, proof } => {
                let root = self.root.clone();
                Err(if proof {
                    HomeError::Mixed { root, name }
                } else {
                    HomeError::Occupied { root, name }
                })
            }
        }
    }

    /// Checks that the path is a folder or does not exist yet. Does not follow links: a removal
    /// through a link would not remove what was checked.
    ///
    /// # Errors
    /// When the path is a link or a file.
    pub(crate) fn check_folder(&self) -> Result<(), HomeError> {
        let path = self.root.clone();
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_symlink() => {
                let target = without_links(&path);
                Err(HomeError::Link { path, target })
            }
            Ok(meta) if !meta.is_dir() => Err(HomeError::NotAFolder(path)),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                let error = obstacle(&path, error);
                Err(HomeError::Parent(path, error))
            }
            // The next use of the folder reports the reason of an error.
            Ok(_) | Err(_) => self.check_length(),
        }
    }

    /// Both paths to the sockets must be short enough: the given one, and the one without links, by
    /// which an installed program finds itself.
    fn check_length(&self) -> Result<(), HomeError> {
        let given = self.root.clone();
        let real = without_links(&self.root);
        for root in [given, real] {
            let home = Self::at(root);
            let tor = home.tor_run().join("control");
            if [home.socket(), tor]
                .iter()
                .any(|path| path.as_os_str().len() > SOCKET_PATH_MAX)
            {
                return Err(HomeError::TooLong(home.root));
            }
        }
        Ok(())
    }

    /// Returns a description if the folder contains more than one program's files by its nature.
    fn is_for_everything(&self) -> Option<&'static str> {
        let root = without_links(&self.root);
        if root == Path::new("/") {
            return Some("the root of the file system");
        }
        let user = of_user().map(|user| without_links(&user));
        let is_shared =
            fs::metadata(&root).is_ok_and(|meta| system::files::mode(&meta) & STICKY != 0);
        match user {
            Some(user) if root == user => Some("your home folder"),
            Some(user) if user.starts_with(&root) => Some("a folder above your home folder"),
            Some(_) | None if is_shared => Some("a folder that all users share"),
            Some(_) | None if SYSTEM.iter().any(|folder| root == Path::new(folder)) => {
                Some("a folder of the system")
            }
            Some(_) | None => None,
        }
    }

    /// What is at the place now.
    pub(crate) fn kind(&self) -> Kind {
        match fs::symlink_metadata(&self.root) {
            Ok(meta) if meta.is_dir() => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Kind::Missing,
            Ok(_) | Err(_) => return Kind::NotAFolder,
        }
        // If it cannot be listed, the reason is reported when it is used.
        let Ok(entries) = fs::read_dir(&self.root) else {
            return Kind::NotAFolder;
        };
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        if is_plain(&self.mark_file()) {
            return Kind::Marked;
        }
        let proof = layout::PROOFS
            .iter()
            .any(|proof| is_plain(&self.root.join(proof)));
        let foreign = names
            .iter()
            .find(|name| !name.to_str().is_some_and(|name| self.belongs(name)));
        match foreign {
            Some(name) => Kind::Other {
                name: name.to_string_lossy().into_owned(),
                proof,
            },
            None if proof => Kind::Earlier,
            None => Kind::Empty,
        }
    }

    /// Whether an entry of the folder belongs to a home. The file of a Shadowsocks server is
    /// allowed, too.
    fn belongs(&self, name: &str) -> bool {
        // Whatever has its name instead of the mark, a home is known without it.
        if name == layout::MARKER {
            return true;
        }
        let path = self.root.join(name);
        // People who keep their settings elsewhere, in one folder for all programs, link them.
        if path == self.config() && path.is_file() {
            return true;
        }
        let known = layout::Made::find(layout::HOME, name);
        known.is_some_and(|made| made.fits(&path) || is_gone(&path)) || self.is_server_file(name)
    }

    fn is_server_file(&self, name: &str) -> bool {
        let config = crate::config::Config::load(&self.config());
        let file = config.ok().and_then(|config| config.tor.shadowsocks);
        file.is_some_and(|file| file == Path::new(name) || file == self.root.join(name))
    }

    /// Marks the folder as a home. A full or read-only disk is no reason to refuse an old home; it
    /// is then marked another time.
    pub(super) fn mark(&self) {
        let marker = self.mark_file();
        if !is_plain(&marker) {
            let text =
                b"This folder is Onionmeter's. `onionmeter uninstall --purge` removes it by \
                this mark.\n";
            crate::ignore_because(
                "marked the next time",
                crate::files::replace(&marker, text, 0o600),
            );
        }
    }
}

/// The kind of a folder.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Nothing is there.
    Missing,
    /// A file, a link, or a folder that cannot be read.
    NotAFolder,
    /// A folder without anything: it proves nothing and contains nothing else.
    Empty,
    /// A home with its mark.
    Marked,
    /// A home of a version that made no mark.
    Earlier,
    /// A folder without a mark that contains other things.
    Other {
        /// One of the other things.
        name: String,
        /// Whether it also contains something that only a home contains.
        proof: bool,
    },
}

/// A regular file, not a link to one.
fn is_plain(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_file())
}

/// Another process may rename or remove it while we look.
fn is_gone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The path with every link followed, as far as it exists.
pub(crate) fn without_links(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (fs::canonicalize(above), path.strip_prefix(above)) {
            return if rest.as_os_str().is_empty() {
                real
            } else {
                real.join(rest)
            };
        }
    }
    path.to_path_buf()
}

/// The reason why a file cannot be written or removed, if its marks or the folder above it are the
/// cause.
pub(crate) fn obstacle_at(file: &Path, error: io::Error) -> io::Error {
    match error.kind() == io::ErrorKind::PermissionDenied && is_frozen(file) {
        true => frozen(file),
        false => obstacle(file.parent().unwrap_or(file), error),
    }
}

/// The reason why nothing can be made at `path`, if the folder above it is the cause.
pub(crate) fn obstacle(path: &Path, error: io::Error) -> io::Error {
    if let Some(blocked) = blocked(path) {
        return blocked;
    }
    match owner::nearest(path) {
        Some(above) if error.kind() == io::ErrorKind::PermissionDenied => match is_frozen(above) {
            true => frozen(above),
            false => io::Error::other(format!("you may not write into {}", above.display())),
        },
        Some(_) | None => error,
    }
}

/// What is in the place of a folder on the way to `path`, where nobody can make anything.
pub(crate) fn blocked(path: &Path) -> Option<io::Error> {
    let above = owner::nearest(path)?;
    let shown = above.display();
    match fs::metadata(above) {
        Ok(meta) if meta.is_dir() => None,
        Ok(_) => Some(io::Error::other(format!("{shown} is a file, not a folder"))),
        Err(_) => Some(io::Error::other(format!(
            "{shown} is a link that leads nowhere"
        ))),
    }
}

fn frozen(path: &Path) -> io::Error {
    io::Error::other(format!(
        "{} is marked as unchangeable; run `sudo chattr -i -a {}`",
        path.display(),
        shell_word(path)
    ))
}
