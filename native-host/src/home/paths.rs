//! The path of everything in a home.

use std::path::{Path, PathBuf};

/// The variable for the home folder; must be absolute.
pub const HOME_VARIABLE: &str = "ONIONMETER_HOME";

/// Longest path of a Unix socket on Linux and macOS, without the closing zero of the shorter one.
pub(super) const SOCKET_PATH_MAX: usize = 103;
/// What that leaves for the folder: the longest of its sockets are `run/daemon.sock` and
/// `run/tor/control`.
pub(super) const HOME_PATH_MAX: usize = SOCKET_PATH_MAX - "/run/tor/control".len();

/// The name of [`Home::shadowsocks_server`], as the setting has it.
pub(crate) const SHADOWSOCKS_SERVER: &str = "shadowsocks-server";

/// Paths of everything.
#[derive(Clone, Debug)]
pub struct Home {
    pub(super) root: PathBuf,
}

impl Home {
    /// A home at a given place.
    #[must_use]
    pub const fn at(root: PathBuf) -> Self {
        Self { root }
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

    /// Held by the process that changes `config.toml`, so that no change is lost.
    #[must_use]
    pub fn settings_lock(&self) -> PathBuf {
        self.run().join("settings.lock")
    }

    /// Held by `install` and `uninstall`, one after the other.
    #[must_use]
    pub fn registration_lock(&self) -> PathBuf {
        self.run().join("registration.lock")
    }

    /// The Shadowsocks server that was given to the daemon, mode 0600.
    #[must_use]
    pub fn shadowsocks_server(&self) -> PathBuf {
        self.root.join(SHADOWSOCKS_SERVER)
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

    /// The number of the last signed report, which shows that the book was replaced by an older
    /// copy.
    #[must_use]
    pub fn last_signed(&self) -> PathBuf {
        self.key_folder().join("last-signed")
    }

    /// The book.
    #[must_use]
    pub fn book(&self) -> PathBuf {
        self.root.join("book.sqlite3")
    }

    /// The receipts of ledgers. Made at the first enrolment.
    #[must_use]
    pub fn receipts(&self) -> PathBuf {
        self.root.join("receipts.sqlite3")
    }

    /// Says that this home was restored from a backup, until it is known whether there are later
    /// reports.
    #[must_use]
    pub fn restored(&self) -> PathBuf {
        self.key_folder().join("restored")
    }

    /// Copies for a backup that is being made.
    #[must_use]
    pub fn backup_draft(&self) -> PathBuf {
        self.root.join("backup.new")
    }

    /// What a backup holds, until it is complete.
    #[must_use]
    pub fn restore_draft(&self) -> PathBuf {
        self.root.join("restore.new")
    }

    /// The same, complete, while what was here before is put into it.
    #[must_use]
    pub fn restore_ready(&self) -> PathBuf {
        self.root.join("restore.ready")
    }

    /// The same, while its files are put in place.
    #[must_use]
    pub fn restore_filling(&self) -> PathBuf {
        self.root.join("restore.filling")
    }

    /// A folder for what was here before a restore, by number.
    #[must_use]
    pub fn before_restore(&self, number: u32) -> PathBuf {
        self.root.join(format!("before-restore-{number}"))
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

    /// The lock of the daemon.
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

    /// The path for the program of `install`.
    #[must_use]
    pub fn program(&self) -> PathBuf {
        self.root.join("bin/onionmeter")
    }

    /// The profile that `open` gives to Firefox.
    #[must_use]
    pub fn firefox(&self) -> PathBuf {
        self.root.join("firefox")
    }

    /// Marks this folder as a home. Without it nothing is removed.
    #[must_use]
    pub fn mark_file(&self) -> PathBuf {
        self.root.join(".onionmeter")
    }

    /// The port that the relay chose itself.
    #[must_use]
    pub fn relay_port(&self) -> PathBuf {
        self.root.join("relay-port")
    }

    /// The token of `onionmeter serve`.
    #[must_use]
    pub fn http_token(&self) -> PathBuf {
        self.root.join("http-token")
    }

    /// Manifests that `install` wrote outside the usual places.
    #[must_use]
    pub fn registered(&self) -> PathBuf {
        self.root.join("registered.json")
    }
}
