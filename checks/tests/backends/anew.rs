//! The embedded Tor with a state that it cannot read or may not use: the state names its file, a
//! person's word sets a damaged one aside, and nothing else is lost.

use crate::{LIMIT, World};
use anyhow::{Result, ensure};
use checks::{host::Host, real_settings, stage::tor_section};
use meter_core::Backend;
use meter_testkit::socks;
use meter_wire::{ErrorCode, Outcome, Request, Status, Success, TorState};
use serde_json::Value;
use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

/// What a crash, a full disk or another program may leave: JSON that is cut off, and JSON that is
/// no list of guards.
const DAMAGES: [&str; 2] = ["{\"default\": {\"guards\": [", "[1]"];

pub(crate) async fn a_damaged_state_is_named_and_started_anew(world: &World) -> Result<()> {
    let (tor, _) = tor_section(&world.network, Backend::Embedded)?;
    let mut host = Host::start(&tor)?;
    host.wait_until_ready(LIMIT).await?;
    page(world, &host).await?;
    let home = host.folder().join("om");
    let state = home.join("arti/state");
    let guards = state.join("state/guards.json");
    host.end()?;
    let before = kept(&home)?;
    a_part_that_is_open_to_others_is_named(&mut host, &state).await?;

    for (number, damage) in (1..).zip(DAMAGES) {
        fs::write(&guards, damage)?;
        host.start_again()?;
        let name = guards.display().to_string();
        let is_named = |status: &Status| match &status.tor.state {
            TorState::Failed(problem) => {
                let detail = problem.detail.as_deref().unwrap_or_default();
                problem.code == ErrorCode::TorStateDamaged && detail.contains(&name)
            }
            _ => false,
        };
        host.wait_for(LIMIT, &is_named).await?;
        let said = host.run(&["status"])?;
        ensure!(
            said.contains(&name) && said.contains("onionmeter tor anew"),
            "{said}"
        );
        // Only a person's word sets it aside: another start leaves it. That start may fail before
        // its answer or after it, since Arti reads its guards only when it begins to connect.
        drop(host.run(&["tor", "start"]));
        host.wait_for(LIMIT, &is_named).await?;
        ensure!(fs::read_to_string(&guards)? == damage);

        // The button of the popup, and the command.
        if number == 1 {
            let outcome = real_settings::ask(host.folder(), &Request::TorAnew)?;
            ensure!(outcome == Outcome::Ok(Success::Done), "{outcome:?}");
        } else {
            host.run(&["tor", "anew"])?;
        }
        host.wait_until_ready(LIMIT).await?;
        page(world, &host).await?;
        let counted = |status: &Status| {
            let session = status.session.as_ref();
            session.is_some_and(|session| session.bytes_down.0 >= (number + 1) * PAGE)
        };
        host.wait_for(LIMIT, counted).await?;
        let aside = home.join(format!("arti/state.old-{number}/state/guards.json"));
        ensure!(fs::read_to_string(aside)? == damage, "kept as it was");
        let chosen: Value = serde_json::from_slice(&fs::read(&guards)?)?;
        ensure!(chosen.is_object(), "guards are chosen anew: {chosen}");
        host.end()?;
        ensure!(kept(&home)? == before, "something else has changed");
    }
    Ok(())
}

/// A person does what the message says, and Tor starts.
async fn a_part_that_is_open_to_others_is_named(host: &mut Host, state: &Path) -> Result<()> {
    fs::set_permissions(state, fs::Permissions::from_mode(0o777))?;
    host.start_again()?;
    let remedy = format!("`chmod 700 {}`", state.display());
    let is_told = |status: &Status| match &status.tor.state {
        TorState::Failed(problem) => {
            let detail = problem.detail.as_deref().unwrap_or_default();
            problem.code == ErrorCode::TorFolderUnusable && detail.contains(&remedy)
        }
        _ => false,
    };
    host.wait_for(LIMIT, is_told).await?;
    fs::set_permissions(state, fs::Permissions::from_mode(0o700))?;
    host.run(&["tor", "start"])?;
    host.wait_until_ready(LIMIT).await?;
    host.end()?;
    Ok(())
}

const PAGE: u64 = 1_000;

async fn page(world: &World, host: &Host) -> Result<()> {
    let stream = socks::connect(host.relay(), "site.test", world.site.port()).await?;
    let fetched = socks::get(stream, "site.test", &format!("/bytes/{PAGE}")).await?;
    ensure!(u64::try_from(fetched.body.len())? == PAGE);
    Ok(())
}

/// What must not change: settings, key, the files of the home, and the file of the directory that
/// was downloaded.
type Kept = (Vec<u8>, Vec<u8>, Vec<OsString>, u64);

fn kept(home: &Path) -> io::Result<Kept> {
    let entries = fs::read_dir(home)?;
    let mut names = entries
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok((
        fs::read(home.join("config.toml"))?,
        fs::read(home.join("key/device.key"))?,
        names,
        fs::metadata(home.join("arti/cache/dir.sqlite3"))?.ino(),
    ))
}
