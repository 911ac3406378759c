//! A browser with a copy of the extension that has faults, a host in place of ours, and the two
//! possible targets: the relay that this host claims to have, and a site.

use anyhow::{Context as _, Result};
use checks::{
    first_daemon,
    fixture::stand_in_manifest,
    hostile::{self, Way},
    signed::Signed,
    stage,
};
use meter_core::{Amount, credits_short};
use meter_testkit::{
    browser::{Browser, Kind, LaunchOptions},
    site::Site,
};
use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{net::TcpListener, task::JoinSet};

const FAULT: &str = include_str!("fault.js");
const BARE: &str = "<!doctype html><title>Bare</title>";
const SHELL: &str = include_str!("shell.js");
const SHELL_PAGE: &str = "<!doctype html><script type=module src=shell.js></script>";
const SHELL_MODULE: &str = "export const load = () => globalThis.load();";

/// Everything but the browser.
pub(crate) struct Place {
    folder: tempfile::TempDir,
    site: Site,
    port: u16,
    at_relay: Arc<AtomicUsize>,
    _relay: JoinSet<()>,
}

impl Place {
    pub(crate) async fn new() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp")?;
        let relay = TcpListener::bind("127.0.0.1:0").await?;
        let port = relay.local_addr()?.port();
        let at_relay = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        tasks.spawn(count(relay, Arc::clone(&at_relay)));
        fs::write(folder.path().join("port"), port.to_string())?;
        fs::write(folder.path().join("starts"), "")?;
        let place = Self {
            folder,
            site: Site::start().await?,
            port,
            at_relay,
            _relay: tasks,
        };
        place.break_the_extension()?;
        Ok(place)
    }

    fn extension(&self) -> PathBuf {
        self.folder.path().join("extension")
    }

    /// Makes a copy of the extension whose worker loads the faults first.
    fn break_the_extension(&self) -> Result<()> {
        stage::copy_folder(&stage::extension(), &self.extension())?;
        let worker = self.extension().join("service_worker.js");
        let text = fs::read_to_string(&worker)?;
        fs::write(worker, format!("import \"./fault.js\";\n{text}"))?;
        fs::write(self.extension().join("fault.js"), FAULT)?;
        fs::write(self.extension().join("bare.html"), BARE)?;
        self.make_a_shell()
    }

    /// Makes a page with the worker's shell, in which everything else of the worker is replaced.
    fn make_a_shell(&self) -> Result<()> {
        let folder = self.extension().join("shell");
        fs::create_dir(&folder)?;
        stage::copy_folder(
            &stage::extension().join("_locales"),
            &folder.join("_locales"),
        )?;
        fs::create_dir(folder.join("dashboard"))?;
        for script in [
            "service_worker.js",
            "shut.js",
            "badge.js",
            "clicks.js",
            "dashboard/words.js",
        ] {
            fs::copy(stage::extension().join(script), folder.join(script))?;
        }
        for (name, text) in [
            ("shell.html", SHELL_PAGE),
            ("shell.js", SHELL),
            ("onionmeter.js", SHELL_MODULE),
            ("notify.js", "export async function notify() {}\n"),
        ] {
            fs::write(folder.join(name), text)?;
        }
        Ok(())
    }

    pub(crate) async fn launch(&self, kind: Kind) -> Result<Browser> {
        let mut options = self.options();
        options.extension = Some(self.extension());
        for kind in Kind::ALL {
            let manifest = self.manifest(kind);
            fs::create_dir_all(manifest.parent().context("a folder")?)?;
            fs::write(manifest, stand_in_manifest(kind)?.to_string())?;
        }
        let folder = self.folder.path().to_str().context("UTF-8")?;
        options.env = vec![("STAND_IN".to_owned(), folder.to_owned())];
        Browser::launch(kind, &options).await
    }

    fn options(&self) -> LaunchOptions {
        let folder = self.folder.path();
        LaunchOptions::new(&folder.join("user"), &folder.join("profile"))
    }

    fn manifest(&self, kind: Kind) -> PathBuf {
        let folder = self.options().native_hosts_folder(kind);
        folder.join(format!("{}.json", meter_wire::HOST_NAME))
    }

    /// Makes every browser unable to find the host.
    pub(crate) fn hide_host(&self) {
        for kind in Kind::ALL {
            fs::remove_file(self.manifest(kind)).unwrap();
        }
    }

    pub(crate) fn flood(&self, on: bool) {
        let file = self.folder.path().join("flood");
        match on {
            true => fs::write(file, "").unwrap(),
            false => fs::remove_file(file).unwrap(),
        }
    }

    /// The program is hostile in this way from its next message on.
    pub(crate) fn be(&self, way: Option<Way>) {
        let file = self.folder.path().join(hostile::FILE);
        match way {
            Some(way) => fs::write(file, way.to_string()).unwrap(),
            None => fs::remove_file(file).unwrap(),
        }
    }

    /// The program is the first daemon, from its next message on.
    pub(crate) fn be_first(&self, on: bool) {
        let file = self.folder.path().join(first_daemon::FILE);
        match on {
            true => fs::write(file, "").unwrap(),
            false => fs::remove_file(file).unwrap(),
        }
    }

    /// The program has signed so many sessions, from its next start on.
    pub(crate) fn sign(&self, count: u64) {
        fs::write(self.folder.path().join("sessions"), sessions(count)).unwrap();
    }

    /// The credits of the first of these sessions, as the popup shows them.
    pub(crate) fn credits(count: u64) -> String {
        let first = Signed::sessions(&sessions(count));
        credits_short(Amount::new(first.amount()).unwrap())
    }

    /// The program's Tor has a damaged state from now on.
    pub(crate) fn damage(&self) {
        fs::write(self.folder.path().join("damaged"), "").unwrap();
    }

    /// The program writes these bytes once, without a length of ours before them.
    pub(crate) fn say_raw(&self, bytes: &[u8]) {
        let (file, done) = ("raw.new", "raw");
        let folder = self.folder.path();
        fs::write(folder.join(file), bytes).unwrap();
        fs::rename(folder.join(file), folder.join(done)).unwrap();
    }

    pub(crate) fn is_damaged(&self) -> bool {
        self.folder.path().join("damaged").try_exists().unwrap()
    }

    pub(crate) fn starts(&self) -> usize {
        fs::read(self.folder.path().join("starts")).unwrap().len()
    }

    /// The port of the relay that the host claims to have.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        self.site.url("site.test", "/")
    }

    /// How many connections the relay and the site have got.
    pub(crate) fn arrivals(&self) -> (usize, u64) {
        let at_site = self.site.totals().connections;
        (
            self.at_relay.load(Ordering::Relaxed),
            u64::try_from(at_site).unwrap(),
        )
    }
}

/// So many sessions, up to a time that does not change.
fn sessions(count: u64) -> String {
    format!("{count} 1800000000000")
}

async fn count(relay: TcpListener, arrivals: Arc<AtomicUsize>) {
    while relay.accept().await.is_ok() {
        arrivals.fetch_add(1, Ordering::Relaxed);
    }
}
