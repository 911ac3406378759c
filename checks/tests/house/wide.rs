//! No line of code is over 100 columns: rustfmt does not split strings and comments.

use crate::files::tracked;

const COLUMNS_MAX: usize = 100;

/// Files that still have longer lines. The list only shrinks: a file without one fails the test,
/// too.
const STILL: &[&str] = &[
    "extension-wasm/src/inbox.rs",
    "extension-wasm/src/proxy_value.rs",
    "extension-wasm/src/runtime.rs",
    "extension-wasm/src/runtime/effects.rs",
    "extension-wasm/src/runtime/pages.rs",
    "extension-wasm/src/runtime/probe.rs",
    "extension-wasm/src/update/book.rs",
    "extension-wasm/src/update/effect.rs",
    "extension-wasm/src/update/host.rs",
    "extension-wasm/src/update/pages.rs",
    "extension-wasm/src/update/private.rs",
    "extension-wasm/src/update/reports.rs",
    "extension-wasm/src/update/state.rs",
    "extension-wasm/src/update/witness.rs",
    "extension-wasm/src/view/badge.rs",
    "extension-wasm/src/view/circuit.rs",
    "extension-wasm/src/view/identity.rs",
    "extension-wasm/src/view/note.rs",
    "extension-wasm/src/view/pages.rs",
    "extension-wasm/src/view/problem.rs",
    "extension-wasm/src/view/tor.rs",
    "extension-wasm/src/view/witness.rs",
    "extension-wasm/src/web_rtc.rs",
    "extension-wasm/tests/it/hostile.rs",
    "extension-wasm/tests/it/properties.rs",
    "extension-wasm/tests/it/witness.rs",
    "native-host/src/bridge.rs",
    "native-host/src/cli.rs",
    "native-host/src/cli/chain.rs",
    "native-host/src/cli/circuit.rs",
    "native-host/src/cli/control.rs",
    "native-host/src/cli/doctor.rs",
    "native-host/src/cli/doctor/book.rs",
    "native-host/src/cli/doctor/browsers.rs",
    "native-host/src/cli/doctor/folder.rs",
    "native-host/src/cli/doctor/settings.rs",
    "native-host/src/cli/doctor/tor.rs",
    "native-host/src/cli/doctor/tor/others.rs",
    "native-host/src/cli/exit.rs",
    "native-host/src/cli/harden.rs",
    "native-host/src/cli/install.rs",
    "native-host/src/cli/open.rs",
    "native-host/src/cli/output.rs",
    "native-host/src/cli/quantity.rs",
    "native-host/src/cli/relay.rs",
    "native-host/src/cli/reports.rs",
    "native-host/src/cli/settings.rs",
    "native-host/src/cli/status.rs",
    "native-host/src/cli/status/words.rs",
    "native-host/src/cli/succession.rs",
    "native-host/src/cli/thresholds.rs",
    "native-host/src/cli/tor.rs",
    "native-host/src/cli/uninstall.rs",
    "native-host/src/cli/verify.rs",
    "native-host/src/cli/version.rs",
    "native-host/src/cli/wait.rs",
    "native-host/src/clock.rs",
    "native-host/src/config/edit.rs",
    "native-host/src/config/keys.rs",
    "native-host/src/config/parse.rs",
    "native-host/src/config/parse/tor.rs",
    "native-host/src/daemon.rs",
    "native-host/src/daemon/client.rs",
    "native-host/src/daemon/detached.rs",
    "native-host/src/daemon/door.rs",
    "native-host/src/engine.rs",
    "native-host/src/engine/circuit.rs",
    "native-host/src/engine/house.rs",
    "native-host/src/engine/house/doubt.rs",
    "native-host/src/engine/house/recovery.rs",
    "native-host/src/engine/lately.rs",
    "native-host/src/engine/tor.rs",
    "native-host/src/engine/watchdog.rs",
    "native-host/src/engine/watchdog/revival.rs",
    "native-host/src/engine/whereabouts.rs",
    "native-host/src/files.rs",
    "native-host/src/home.rs",
    "native-host/src/home/layout.rs",
    "native-host/src/home/owner.rs",
    "native-host/src/home/place.rs",
    "native-host/src/home/remove.rs",
    "native-host/src/ipc/reach.rs",
    "native-host/src/ipc/silence.rs",
    "native-host/src/ipc/start.rs",
    "native-host/src/ipc/stop.rs",
    "native-host/src/key.rs",
    "native-host/src/last_signed.rs",
    "native-host/src/launch.rs",
    "native-host/src/launch/browsers.rs",
    "native-host/src/launch/desktop.rs",
    "native-host/src/launch/floor.rs",
    "native-host/src/launch/policies.rs",
    "native-host/src/launch/policy_file.rs",
    "native-host/src/launch/profile.rs",
    "native-host/src/lock.rs",
    "native-host/src/port.rs",
    "native-host/src/problems.rs",
    "native-host/src/process.rs",
    "native-host/src/registration/browsers.rs",
    "native-host/src/registration/command.rs",
    "native-host/src/registration/manifest.rs",
    "native-host/src/registration/named.rs",
    "native-host/src/registration/places.rs",
    "native-host/src/registration/program.rs",
    "native-host/src/registration/record.rs",
    "native-host/src/registration/sandbox.rs",
    "native-host/src/registration/trial.rs",
    "native-host/src/ticks.rs",
    "native-host/src/versions.rs",
    "native-host/tests/it/attach.rs",
    "native-host/tests/it/book.rs",
    "native-host/tests/it/command_line.rs",
    "native-host/tests/it/detour.rs",
    "native-host/tests/it/in_the_way.rs",
    "native-host/tests/it/person.rs",
    "native-host/tests/it/places.rs",
    "native-host/tests/it/ports.rs",
    "native-host/tests/it/purge.rs",
    "native-host/tests/it/registered.rs",
    "native-host/tests/it/relay.rs",
    "native-host/tests/it/scripts.rs",
    "native-host/tests/it/settings.rs",
    "native-host/tests/it/support.rs",
    "native-host/tests/it/truth.rs",
    "native-host/tests/it/unguarded.rs",
    "native-host/tests/it/versions.rs",
];

fn has_a_long_line(text: &str) -> bool {
    text.lines().any(|line| line.chars().count() > COLUMNS_MAX)
}

#[test]
fn no_line_of_code_is_longer_than_100_columns() {
    let mut long = Vec::new();
    for file in tracked(".rs") {
        let is_allowed = STILL.contains(&file.path.as_str());
        for (number, line) in file.text.lines().enumerate() {
            if !is_allowed && line.chars().count() > COLUMNS_MAX {
                long.push(format!("{}:{}", file.path, number.saturating_add(1)));
            }
        }
    }
    assert!(long.is_empty(), "wrap these lines: {long:#?}");
}

#[test]
fn every_file_that_may_still_have_long_lines_has_one() {
    let files = tracked(".rs");
    let is_done = |path: &&&str| {
        let file = files.iter().find(|file| file.path == **path);
        !file.is_some_and(|file| has_a_long_line(&file.text))
    };
    let done: Vec<_> = STILL.iter().filter(is_done).collect();
    assert!(done.is_empty(), "take these off the list: {done:#?}");
}
