//! Findings about the home folder: its owner, and whether it is a home.

use super::finding::Finding::{self, Bad, Good, Note};
use crate::{
    files::{self, FolderError},
    home::{self, Home},
    lock, problems, restored,
    shell_word::shell_word,
    system::{self, mounts, user},
};
use std::{
    fs,
    io::{self, ErrorKind},
    iter,
    path::{Path, PathBuf},
};

pub(super) fn finding(home: &Home) -> Finding {
    let root = home.root().display();
    let of_another = home::acted_for(home.root()).or_else(|| home::stranger(home.root()));
    if let Some(owner) = of_another {
        let name = owner.name();
        return Bad {
            what: format!("you are root, and {root} is of {name}"),
            remedy: format!(
                "run `onionmeter doctor` as {name}, without sudo; nothing has to change its owner \
                    for it"
            ),
        };
    }
    if let Err(error) = home.check() {
        return Bad {
            what: problems::chain(&error),
            remedy: "then run doctor again".to_owned(),
        };
    }
    let folders = [
        home.root().to_path_buf(),
        home.key_folder(),
        home.run(),
        home.tor_run(),
        home.tor_data(),
        home.log_folder(),
    ];
    let strange = of_others(home);
    if let Some(first) = strange.first() {
        let me = user::effective();
        let list = strange
            .iter()
            .map(|path| shell_word(path))
            .collect::<Vec<_>>()
            .join(" ");
        return Bad {
            what: format!(
                "{} belongs to another user, as `sudo onionmeter install` leaves it",
                first.display()
            ),
            remedy: format!("run `sudo chown -hR {me} {list}`, then `onionmeter install`"),
        };
    }
    if !home.root().try_exists().unwrap_or(true) {
        return Note(format!("folder {root} does not exist yet"));
    }
    rights(home, &folders).unwrap_or_else(|| Good(format!("folder {root} is private")))
}

/// What keeps the home's own folders from being used; `None` if nothing does.
fn rights(home: &Home, folders: &[PathBuf]) -> Option<Finding> {
    let socket = home.socket();
    if socket.is_dir() {
        return Some(Bad {
            what: format!("{} is a folder, not a socket", socket.display()),
            remedy: "move it away; the next daemon makes the socket".to_owned(),
        });
    }
    if let Some(found) = in_the_way(home) {
        return Some(found);
    }
    // A link that leads nowhere is there, too.
    let is_missing = |folder: &PathBuf| {
        let found = fs::symlink_metadata(folder);
        found.is_err_and(|error| error.kind() == ErrorKind::NotFound)
    };
    let found = folders.iter().filter(|folder| !is_missing(folder));
    let found: Vec<_> = found.collect();
    let open = found
        .iter()
        .find_map(|folder| files::private_folder(folder).err());
    if let Some(error) = open {
        let remedy = match error {
            FolderError::NotAFolder(_) => "the next daemon makes the folder",
            _ => "repair its owner and mode as said, then run doctor again",
        };
        return Some(Bad {
            what: problems::chain(&error),
            remedy: remedy.to_owned(),
        });
    }
    if let Some(path) = frozen(home) {
        return Some(Bad {
            what: format!(
                "{} is marked as unchangeable (`lsattr -d` shows it), so nothing new can be kept",
                path.display()
            ),
            remedy: format!("run `sudo chattr -R -i -a {}`", shell_word(home.root())),
        });
    }
    // Any other error says that the system cannot be asked, as in a sandbox.
    let is_sure = |error: &io::Error| {
        matches!(
            error.kind(),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
        )
    };
    let shut = found.iter().find_map(|folder| {
        let error = system::files::check_writable(folder).err();
        Some((folder, error.filter(is_sure)?))
    });
    shut.map(|(folder, error)| unwritable(folder, &error))
        .or_else(|| full(home.root()))
}

/// A disk with less room refuses the next session, or the next start of Tor.
const ROOM_MIN: u64 = 1 << 20;

fn full(root: &Path) -> Option<Finding> {
    let room = mounts::room(root)?;
    let (why, remedy) = match room.takes_files {
        true if room.bytes >= ROOM_MIN => return None,
        true => (
            format!("is full ({} kB are free)", room.bytes / 1_000),
            "make room on it",
        ),
        false => (
            "takes no further file, however small (`df -i` shows it)".to_owned(),
            "remove files from it",
        ),
    };
    Some(Bad {
        what: format!(
            "the disk of {} {why}, so nothing new can be kept",
            root.display()
        ),
        remedy: format!("{remedy}; the reports and the open session stay"),
    })
}

/// What of the home must change and cannot. A person may want this for key and settings, which the
/// program only reads.
fn frozen(home: &Home) -> Option<PathBuf> {
    let only_read = [home.key(), home.config()];
    let root = home.root().to_path_buf();
    let mut all = iter::once(root).chain(home.made());
    all.find(|path| !only_read.contains(path) && system::files::is_frozen(path))
}

/// What is in the place of a file or folder that Onionmeter makes anew each time.
fn in_the_way(home: &Home) -> Option<Finding> {
    let locks = [home.lock(), home.settings_lock(), home.registration_lock()];
    let mut locks = locks.into_iter().filter_map(|path| {
        let what = lock::what_is_in_the_way(&path)?;
        Some((path, what))
    });
    if let Some((path, what)) = locks.next() {
        return Some(Bad {
            what: format!("{}: {what}", path.display()),
            remedy: "move it away; a new one is made".to_owned(),
        });
    }
    restored::check(home).err().map(|error| Bad {
        what: error.to_string(),
        remedy: "until then no daemon starts".to_owned(),
    })
}

/// Reports can still be read and checked there.
fn unwritable(folder: &Path, error: &io::Error) -> Finding {
    let shown = folder.display();
    let (what, remedy) = match error.kind() {
        ErrorKind::ReadOnlyFilesystem => (
            format!("{shown} is on a read-only disk, so nothing new can be kept"),
            "make the disk writable; until then only `onionmeter reports`, `export` and `verify` \
                work"
                .to_owned(),
        ),
        _ => (
            format!("you may not write into {shown}"),
            format!("run `chmod 700 {}`", shell_word(folder)),
        ),
    };
    Bad { what, remedy }
}

/// All paths of Onionmeter in this user's folders that belong to another user, so that one command
/// repairs all.
fn of_others(home: &Home) -> Vec<PathBuf> {
    let me = user::effective();
    let strange =
        |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|meta| user::owner(&meta) != me);
    let mut found = Vec::new();
    let root = home.root().to_path_buf();
    if strange(&root) || home.made().iter().any(strange) {
        found.push(root);
    }
    let record = crate::registration::Record::load(home).unwrap_or_default();
    for place in crate::registration::all_places(&record) {
        let folder = place.manifest.parent().map(PathBuf::from).filter(strange);
        found.extend(folder.or(Some(place.manifest)).filter(strange));
    }
    if let Some(user) = home::of_user() {
        // The first folder on the path that belongs to another user contains the rest.
        let way = [
            ".local",
            ".local/share",
            ".local/bin",
            ".local/bin/onionmeter",
        ];
        let way = way.iter().map(|part| user.join(part)).filter(strange);
        found.extend(way);
    }
    found.dedup();
    found
}
