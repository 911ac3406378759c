//! A person with a home folder of their own, as a new user of this computer has it.

use crate::{
    programs::copy_program,
    said::Said,
    support::{Bridge, PROGRAM},
};
use std::{
    ffi::OsStr,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Two users who own nothing on this computer.
pub(crate) const USERS: [u32; 2] = [64_001, 64_002];

/// A folder that is `HOME`, and the user who owns it.
pub(crate) struct Person {
    folder: tempfile::TempDir,
    /// Another user than the one who runs the tests; only root can start programs as this user.
    uid: Option<u32>,
    /// Where another user finds the program: a folder of root, where the tests may have been built,
    /// is closed to them.
    for_all: Option<tempfile::TempDir>,
}

impl Person {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            folder,
            uid: None,
            for_all: None,
        }
    }

    /// An ordinary user; `None` where the tests do not run as root and so cannot act as this user.
    #[expect(clippy::print_stdout, reason = "says what a test leaves out")]
    pub(crate) fn ordinary(uid: u32) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("not checked: only root can act as another user");
            return None;
        }
        let for_all = tempfile::tempdir().expect("a folder");
        Self::mode(for_all.path(), 0o755);
        let program = for_all.path().join("onionmeter");
        if fs::hard_link(PROGRAM, &program).is_err() {
            copy_program(PROGRAM.as_ref(), &program, "");
        }
        let mut person = Self::new();
        (person.uid, person.for_all) = (Some(uid), Some(for_all));
        person.own(person.home());
        Some(person)
    }

    /// The program, where this person may read it.
    pub(crate) fn program(&self) -> PathBuf {
        let for_all = self.for_all.as_ref();
        for_all.map_or_else(|| PROGRAM.into(), |folder| folder.path().join("onionmeter"))
    }

    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.home().join(path)
    }

    /// Where Onionmeter has its home by default.
    pub(crate) fn root(&self) -> PathBuf {
        self.at(".local/share/onionmeter")
    }

    /// Makes a folder that belongs to this person.
    pub(crate) fn make(&self, path: &str) -> PathBuf {
        let mut made = self.home().to_path_buf();
        for part in Path::new(path).components() {
            made.push(part);
            if !made.is_dir() {
                fs::create_dir(&made).expect("made");
                self.own(&made);
            }
        }
        made
    }

    /// Writes a file that belongs to this person.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let file = self.at(path);
        fs::write(&file, text).expect("written");
        self.own(&file);
        file
    }

    fn own(&self, path: impl AsRef<Path>) {
        if self.uid.is_some() {
            std::os::unix::fs::chown(path, self.uid, self.uid).expect("root may");
        }
    }

    /// Writes a configuration without any Tor to find, so that nothing leaves this machine.
    pub(crate) fn without_tor(&self, root: &Path) {
        let inside = root.strip_prefix(self.home()).expect("below HOME");
        self.make(inside.to_str().expect("UTF-8"));
        Self::mode(root, 0o700);
        let text = "[tor]\nbackend = \"managed\"\nprogram = \"/nowhere/tor\"\n";
        self.write(inside.join("config.toml").to_str().expect("UTF-8"), text);
    }

    /// Sets the mode of a file or folder.
    pub(crate) fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("ours");
    }

    /// A program, started as this person.
    pub(crate) fn start(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = match self.uid {
            None => Command::new(program),
            Some(uid) => {
                let mut command = Command::new("setpriv");
                let uid = uid.to_string();
                command.args(["--reuid", &uid, "--regid", &uid, "--clear-groups"]);
                command.arg(program);
                command
            }
        };
        command
            .args(args)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", self.home())
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.start(&self.program(), args)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Said {
        Said::of(&mut self.command(args))
    }

    /// Runs with another `ONIONMETER_HOME`.
    pub(crate) fn run_in(&self, root: impl AsRef<OsStr>, args: &[&str]) -> Said {
        Said::of(self.command(args).env("ONIONMETER_HOME", root))
    }

    /// Starts the bridge as Chromium starts the host that a manifest names.
    pub(crate) fn bridge(&self, program: &Path) -> Bridge {
        let origin = onionmeter_host::ids::chromium_origin();
        Bridge::start(self.start(program, &[&origin]))
    }

    /// Paths of everything below a folder, without following links.
    pub(crate) fn everything(path: &Path) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                found.extend(Self::everything(&entry.path()));
            }
            found.push(entry.path());
        }
        found.sort();
        found
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        drop(self.run(&["stop"]));
    }
}
