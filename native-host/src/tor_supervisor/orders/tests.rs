//! Setting the embedded Tor's state aside, with a stand-in for the embedded Tor.

use super::*;
use crate::config::Config;
use meter_tor::{Embedded, TorConfig};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

/// An embedded Tor that finds its state damaged, as the real one says it.
const DAMAGED: &str = "#!/bin/sh\necho \
    '{\"event\":\"failed\",\"fault\":{\"state_damaged\":\"state/guards.json\"}}'\n";

/// The Tor that is started in its place: none.
const SETTINGS: &str = "[tor]\nbackend = \"managed\"\nprogram = \"/nowhere/tor\"\n";

struct Scene {
    home: Home,
    tor: Tor,
    orders: TorOrders,
    stop: CancellationToken,
    tasks: TaskTracker,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        // Below /tmp, since the path of a socket is short.
        let folder = tempfile::tempdir_in("/tmp").expect("a folder");
        let home = Home::at(folder.path().join("om"));
        home.prepare().expect("made");
        fs::write(home.config(), SETTINGS).expect("written");
        let config = Config::load(&home.config()).expect("in order");
        let settings = Settings::new(&home, config.clone());
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let tor_stop = CancellationToken::new();
        let tor = Tor::new(embedded(&home, folder.path()), &tasks, tor_stop.clone());
        let runner = Runner {
            tor: tor.clone(),
            home: home.clone(),
            settings,
            watch_now: Arc::default(),
            in_force: watch::Sender::new(config.tor),
            tor_stop,
        };
        Self {
            orders: runner.spawn(&tasks, stop.clone()),
            home,
            tor,
            stop,
            tasks,
            _folder: folder,
        }
    }

    fn guards(&self, folder: &str) -> Option<String> {
        let file = self.home.embedded_data().join(folder).join("guards.json");
        fs::read_to_string(file).ok()
    }

    fn save_guards(&self) {
        let data = self.home.embedded_data();
        let folder = data.join("state");
        fs::create_dir_all(&folder).expect("made");
        fs::set_permissions(data, fs::Permissions::from_mode(0o700)).expect("set");
        fs::write(folder.join("guards.json"), "{").expect("written");
    }

    async fn start_without_state(&self) -> ErrorCode {
        let answer = self.orders.start_without_state().answer().await;
        answer.expect_err("there is no Tor to start").code
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn embedded(home: &Home, folder: &Path) -> TorConfig {
    let program = folder.join("embedded");
    fs::write(&program, DAMAGED).expect("written");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("set");
    TorConfig {
        backend: Some(Backend::Embedded),
        embedded: Some(Embedded {
            program,
            arguments: Vec::new(),
            data_dir: home.embedded_data(),
            arti: String::new(),
            log_level: "warn".to_owned(),
        }),
        ..TorConfig::new(home.tor_data(), home.tor_run())
    }
}

#[tokio::test]
async fn only_a_state_that_is_known_to_be_damaged_is_set_aside_and_then_tor_is_started() {
    let scene = Scene::new();
    scene.save_guards();
    assert_eq!(scene.start_without_state().await, ErrorCode::TorStateSound);
    assert_eq!(scene.guards("state").as_deref(), Some("{"));

    let problem = scene.tor.start().await.expect_err("damaged");
    assert!(
        matches!(problem, TorProblem::StateDamaged { .. }),
        "{problem:?}"
    );
    assert_eq!(scene.start_without_state().await, ErrorCode::TorMissing);
    let kept = (scene.guards("state"), scene.guards("state.old-1"));
    assert_eq!(kept, (None, Some("{".to_owned())));

    scene.save_guards();
    assert_eq!(scene.start_without_state().await, ErrorCode::TorStateSound);
    assert_eq!(scene.guards("state").as_deref(), Some("{"), "asked twice");
    scene.end().await;
}

#[tokio::test]
async fn a_mistake_in_the_settings_is_told_before_a_state_is_set_aside() {
    let scene = Scene::new();
    scene.save_guards();
    scene.tor.start().await.expect_err("damaged");
    fs::write(scene.home.config(), "[tor]\nbackend = 7\n").expect("written");
    assert_eq!(scene.start_without_state().await, ErrorCode::ConfigInvalid);
    assert_eq!(scene.guards("state").as_deref(), Some("{"));
    scene.end().await;
}
