//! Detours of Tor's own connections, the same tests over every Tor of ours, and computers that
//! move, sleep and lose their power and reach Tor by a detour. The embedded Tor takes part where it
//! is built: `--features embedded-tor`, for the program and for these checks.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

mod asleep;
mod computer;
mod elsewhere;
mod network;
mod place;
mod power;
mod straight;
mod walled;

use meter_core::Backend;
use meter_testkit::{
    shadowsocks::{Door, ShadowsocksServer},
    site::Site,
    tor_network::{Bridge, TorNetwork},
};
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};
use walled::Walled;

/// Longer than any step takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);
/// How long a person waits for a page before the next try.
const PATIENCE: Duration = Duration::from_secs(10);

const OURS: &[Backend] = &[
    Backend::Managed,
    #[cfg(feature = "embedded-tor")]
    Backend::Embedded,
];

const METHOD: &str = "2022-blake3-aes-256-gcm";
/// 32 bytes in base64, in the form for a URL.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8%3D";
const KEY_PLAIN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// Everything outside of the wall; booting it takes most of the time.
struct World {
    folder: tempfile::TempDir,
    network: TorNetwork,
    site: Site,
    server: (ShadowsocksServer, Outlet),
    /// A plain bridge and one behind obfs4.
    bridges: [(Bridge, Outlet); 2],
}

/// The outer half of a door; its socket is at the path.
struct Outlet {
    path: PathBuf,
    _door: Door,
}

impl World {
    async fn boot() -> Self {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp");
        let folder = folder.unwrap();
        let at = |name: &str| folder.path().join(name);
        let network = TorNetwork::boot(&at("network")).await.unwrap();
        let server = ShadowsocksServer::start(METHOD, KEY_PLAIN).await.unwrap();
        let (plain, obfs4) =
            tokio::try_join!(network.start_bridge(false), network.start_bridge(true)).unwrap();
        let outlet = |name: &str, inside| {
            let path = at(name);
            let _door = Door::to(&path, inside).unwrap();
            Outlet { path, _door }
        };
        let server_outlet = outlet("server", server.address());
        let outlets = [&plain, &obfs4].map(|bridge| {
            let name = format!("bridge{}", bridge.address().port());
            outlet(&name, bridge.address())
        });
        let [plain_outlet, obfs4_outlet] = outlets;
        Self {
            site: Site::start().await.unwrap(),
            server: (server, server_outlet),
            bridges: [(plain, plain_outlet), (obfs4, obfs4_outlet)],
            network,
            folder,
        }
    }

    fn start(&self, backend: Backend, name: &str, (door, way): (&Path, &str)) -> Walled {
        let folder = self
            .folder
            .path()
            .join(format!("{}-{name}", backend.name()));
        Walled::start(backend, &self.network, &folder, (door, way))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_wall_a_detour_is_the_only_way_and_a_way() {
    let world = World::boot().await;
    for backend in OURS.iter().copied() {
        // These Tors never connect, each for a different reason. They start before the others and
        // end after them.
        let lost = lost_ones(&world, backend).await;

        let door = &world.server.1.path;
        let url = format!("ss://{METHOD}:{KEY}@DOOR");
        a_page_comes_through(&world, backend, "shadowsocks", (door, &url)).await;
        for (bridge, Outlet { path, .. }) in &world.bridges {
            let way = bridge.line_at("DOOR");
            let name = format!("bridge{}", bridge.address().port());
            a_page_comes_through(&world, backend, &name, (path, &way)).await;
        }
        for (name, walled) in lost {
            let seen = walled.end().await;
            assert!(seen.iter().all(|line| line != "Ready"), "{name}: {seen:?}");
        }
    }
    assert_eq!(world.site.connections().len(), 3 * OURS.len());
    for backend in OURS.iter().copied() {
        a_network_that_goes_and_comes_back_is_used_again(&world, backend).await;
    }
}

/// As when a cable is pulled and put back: the routes are gone for a while, the addresses stay.
async fn a_network_that_goes_and_comes_back_is_used_again(world: &World, backend: Backend) {
    let (bridge, Outlet { path, .. }) = &world.bridges[0];
    let way = bridge.line_at("DOOR");
    let mut walled = world.start(backend, "device", (path, &way));
    walled.until(|line| line == "Ready").await;
    assert_eq!(walled.browse(&world.site).await.unwrap(), 150_000);
    walled.set_device("down").await;
    let asked = tokio::time::timeout(PATIENCE, walled.browse(&world.site)).await;
    assert!(!matches!(asked, Ok(Ok(_))), "{asked:?}");
    walled.set_device("up").await;
    assert_eq!(
        soon(again(&walled, &world.site)).await,
        150_000,
        "{backend:?}"
    );
    walled.end().await;
}

/// Requests a page again and again until it comes, as a person does who reloads it.
async fn again(walled: &Walled, site: &Site) -> usize {
    let mut patience = PATIENCE;
    loop {
        match tokio::time::timeout(patience, walled.browse(site)).await {
            Ok(Ok(bytes)) => break bytes,
            Ok(Err(_)) | Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
        patience += patience / 2;
    }
}

async fn a_page_comes_through(world: &World, backend: Backend, name: &str, way: (&Path, &str)) {
    let mut walled = world.start(backend, name, way);
    let seen = walled.until(|line| line == "Ready").await;
    let is_trouble = |line: &String| line.contains("problem") || line.contains("trouble");
    assert!(!seen.iter().any(is_trouble), "{name}: {seen:?}");
    assert_eq!(walled.browse(&world.site).await.unwrap(), 150_000, "{name}");
    walled.end().await;
}

/// Tors that never connect: one without a way, one with a wrong password for the server, and for
/// each bridge one whose line has another fingerprint.
async fn lost_ones(world: &World, backend: Backend) -> Vec<(&'static str, Walled)> {
    let door = &world.server.1.path;
    let none = world.start(backend, "none", (door, ""));

    // The server accepts connections and passes nothing on: this is a separate state.
    let url = format!("ss://{METHOD}:{}@DOOR", KEY.replacen("AA", "AQ", 1));
    let mut wrong = world.start(backend, "wrong-key", (door, &url));
    let seen = wrong.until(|line| line.contains("trouble")).await;
    let last = seen.last().unwrap();
    assert!(
        last.contains("accepts connections and passes nothing on"),
        "{last}"
    );
    assert!(seen.iter().all(|line| line != "Ready"), "{seen:?}");

    let mut lost = vec![("none", none), ("wrong key", wrong)];
    for (bridge, Outlet { path, .. }) in &world.bridges {
        let way = bridge.line_at("DOOR");
        let other = way.replacen(fingerprint(&way), &"0123456789".repeat(4), 1);
        let name = format!("other{}", bridge.address().port());
        lost.push(("other bridge", world.start(backend, &name, (path, &other))));
    }
    lost
}

fn fingerprint(line: &str) -> &str {
    let is_one = |word: &&str| word.len() == 40;
    line.split(' ').find(is_one).unwrap()
}

/// A file that names the Shadowsocks server at this address, in the form in which a person may keep
/// it.
fn server_file(folder: &Path, address: &str) -> PathBuf {
    let file = folder.join(format!("shadowsocks-{address}"));
    fs::write(&file, format!("ss://{METHOD}:{KEY}@{address}")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    file
}

/// Waits for something that must happen.
#[track_caller]
fn soon<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let place = std::panic::Location::caller();
    async move {
        let waited = tokio::time::timeout(LIMIT, future).await;
        waited.unwrap_or_else(|_| panic!("never comes: {place}"))
    }
}
