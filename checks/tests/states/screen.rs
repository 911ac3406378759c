//! One browser that is shown one daemon after another: its native host is a script that reads the
//! home from a file.

use crate::LIMIT;
use checks::{
    host::Host,
    popup::Popup,
    stage::{extension, root},
};
use meter_testkit::browser::{Browser, Kind, LaunchOptions, Tab};
use meter_wire::ErrorCode;
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

pub(crate) struct Screen {
    browser: Browser,
    /// Stays open, so that the browser stays open.
    first_tab: Tab,
    folder: tempfile::TempDir,
    pictures: PathBuf,
}

impl Screen {
    /// Opens a browser that uses this daemon first.
    pub(crate) async fn open(first: &Host) -> Self {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp");
        let folder = folder.unwrap();
        let (user, profile) = (folder.path().join("user"), folder.path().join("profile"));
        let mut options = LaunchOptions::new(&user, &profile);
        options.extension = Some(extension());
        fs::create_dir_all(&profile).unwrap();
        fs::write(profile.join("First Run"), "").unwrap();
        first
            .run(&["install", "--browser-dir", profile.to_str().unwrap()])
            .unwrap();
        by_way_of_a_script(&options.native_hosts_folder(Kind::Chromium), folder.path());
        let pictures = root().join("dist/checks");
        fs::create_dir_all(&pictures).unwrap();
        belong_to(folder.path(), first);
        let browser = Browser::launch(Kind::Chromium, &options).await.unwrap();
        Self {
            first_tab: browser.current_tab().await.unwrap(),
            browser,
            folder,
            pictures,
        }
    }

    /// Switches to a daemon and checks the problem that the popup shows, by its texts and by
    /// pictures.
    pub(crate) async fn shows(&self, host: &Host, name: &str, code: ErrorCode) {
        let popup = self.turn_to(host).await;
        let wanted = serde_json::json!({
            "problem": code,
            "sentence": code.sentence(),
            "hint": code.tor_action(),
        });
        // On a busy machine another problem can stand there for a moment, so all is read at once.
        let told = format!(
            "const wanted = {wanted};
            const by = (id) => document.querySelector(`[data-testid=${{id}}]`);
            const says = (id, words) => by(id).textContent.trim() === words;
            return !by('problem').hidden && by('problem').dataset.problem === wanted.problem
                && says('problem-sentence', wanted.sentence)
                && (wanted.hint === null || says('problem-hint', wanted.hint))
                && !says('action', '')"
        );
        self.wait(&popup, &told, name).await;
        self.look(popup, name).await;
    }

    /// The daemon in use has a Tor that works, and the popup shows this advice about it.
    pub(crate) async fn shows_advice(&self, name: &str, code: ErrorCode) {
        let popup = Popup::open(&self.browser).await.unwrap();
        popup
            .wait_for_state(&self.browser, LIMIT, "protected")
            .await
            .unwrap();
        let advice = format!("{} {}", code.sentence(), code.tor_action().unwrap());
        let told = format!(
            "const detail = document.querySelector('[data-testid=tor-detail]');
            return detail.textContent.trim() === {}",
            serde_json::json!(advice)
        );
        self.wait(&popup, &told, name).await;
        self.look(popup, name).await;
    }

    /// A start: how far Tor has come, then why it does not continue.
    pub(crate) async fn shows_connecting(&self, host: &Host, name: &str) {
        let popup = self.turn_to(host).await;
        let percent = "const percent = document.querySelector('[data-testid=tor-percent]');
            return percent.checkVisibility() && percent.textContent.endsWith('%')";
        self.wait(&popup, percent, name).await;
        self.pictures(&popup, name).await;
        // After a minute the popup says why as its problem, and here only how long. A slow machine
        // comes that far before this look.
        let code = ErrorCode::TorBlocked;
        let parts = serde_json::json!([code.sentence(), code.tor_action().unwrap()]);
        let warned = format!(
            "const shown = ['tor-warning', 'problem-sentence', 'problem-hint']
                 .map((id) => document.querySelector(`[data-testid=${{id}}]`))
                 .filter((node) => node.checkVisibility())
                 .map((node) => node.textContent);
             return shown[0]?.startsWith('No progress for')
                 && {parts}.every((part) => shown.some((text) => text.includes(part)))"
        );
        self.wait(&popup, &warned, name).await;
        self.look(popup, &format!("{name}_stuck")).await;
    }

    pub(crate) async fn close(self) {
        self.browser.close().await;
    }

    /// Loads the popup and the background again, as for a person who opens the popup on another
    /// day.
    async fn turn_to(&self, host: &Host) -> Popup {
        belong_to(self.folder.path(), host);
        self.browser.stop_background().await.unwrap();
        Popup::open(&self.browser).await.unwrap()
    }

    async fn wait(&self, popup: &Popup, body: &str, name: &str) {
        let waited = popup.wait_until(&self.browser, LIMIT, body).await;
        waited.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    }

    async fn look(&self, popup: Popup, name: &str) {
        self.pictures(&popup, name).await;
        self.browser.switch_to(&popup.tab).await.unwrap();
        self.browser.close_tab(&self.first_tab).await.unwrap();
    }

    async fn pictures(&self, popup: &Popup, name: &str) {
        let cut = self.browser.call(CUT_OFF, vec![]).await.unwrap();
        assert_eq!(cut, Value::Array(vec![]), "{name}: cut off");
        for (dark, look) in [(true, "dark"), (false, "light")] {
            self.browser.set_dark(dark).await.unwrap();
            let picture = self.pictures.join(format!("state-{name}-{look}.png"));
            popup.picture(&self.browser, &picture).await.unwrap();
        }
    }
}

/// Texts that do not fit into their places.
const CUT_OFF: &str = "return [...document.querySelectorAll('main *')]
    .filter((node) => node.checkVisibility() && !node.closest('svg, .visually-hidden'))
    .filter((node) => node.clientWidth > 0 && node.scrollWidth > node.clientWidth + 1)
    .map((node) => node.id || node.tagName)";

/// Replaces the registered host by a script, which starts the program with the home that a file
/// beside it names.
fn by_way_of_a_script(manifests: &Path, folder: &Path) {
    let manifest = fs::read_dir(manifests).unwrap().next().unwrap().unwrap();
    let text = fs::read_to_string(manifest.path()).unwrap();
    let mut json: Value = serde_json::from_str(&text).unwrap();
    let (script, home) = (folder.join("host"), folder.join("home"));
    let program = checks::stage::program().unwrap();
    let (home, program) = (home.display(), program.display());
    let text = format!("#!/bin/sh\nONIONMETER_HOME=\"$(cat '{home}')\" exec '{program}' \"$@\"\n");
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    json["path"] = script.to_str().unwrap().into();
    fs::write(manifest.path(), json.to_string()).unwrap();
}

fn belong_to(folder: &Path, host: &Host) {
    let home = host.folder().join("om");
    fs::write(folder.join("home"), home.to_str().unwrap()).unwrap();
}
