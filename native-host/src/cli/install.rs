//! `install` and `uninstall`: the program in its place, a manifest for every browser.

use super::{Failure, Outcome, block_on, succession, this_program};
use crate::{
    EXIT_USAGE, files,
    home::Home,
    ipc, launch, problems,
    registration::{self, Family, ManifestState, Place},
};
use clap::Args;
use meter_wire::HOST_NAME;
use std::{
    env, fs,
    io::{self, Write as _, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};

#[derive(Args)]
pub(super) struct Install {
    /// Also register for a Chromium-family browser that is started with this --user-data-dir
    #[arg(long, value_name = "DIR")]
    browser_dir: Vec<PathBuf>,
}

#[derive(Args)]
pub(super) struct Uninstall {
    /// Also remove key, reports and everything else of Onionmeter; there is no way back
    #[arg(long)]
    purge: bool,
}

pub(super) fn install(arguments: &Install, home: &Home) -> Outcome {
    home.prepare().map_err(|error| Failure::usage(&error))?;
    let program = put_program(home)?;
    let command = put_command(&program)?;
    let mut extra = registered(home)?;
    for folder in &arguments.browser_dir {
        let place = extra_place(folder)?;
        if !extra.contains(&place.manifest) {
            extra.push(place.manifest);
        }
    }
    remember(home, &extra)?;
    let mut out = stdout().lock();
    let mut count = 0_usize;
    for place in all_places(&extra) {
        let before = registration::inspect(&place.manifest, place.family, &program);
        let done = match (place.present, before) {
            (false, ManifestState::Absent) => continue,
            (_, ManifestState::Current) => "already registered",
            (true, ManifestState::Absent) => put(&place, &program, "registered")?,
            (_, _) => put(&place, &program, "repaired")?,
        };
        count = count.saturating_add(1);
        writeln!(
            out,
            "{:24}  {done:18}  {}",
            place.name,
            place.manifest.display()
        )?;
    }
    if count == 0 {
        writeln!(
            out,
            "No browser of this user was found. Start one once, or name its folder with --browser-dir, and run this again."
        )?;
    }
    if let Some(command) = command {
        writeln!(out, "Command: {}", command.display())?;
    }
    writeln!(out, "Program: {}", program.display())?;
    if let Some(told) = block_on(async { Ok(succession::succeed(home, &program).await) })? {
        writeln!(out, "Daemon:  {told}")?;
    }
    put_launcher(&program, &mut out)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn uninstall(arguments: &Uninstall, home: &Home) -> Outcome {
    let extra = registered(home)?;
    block_on(ipc::stop(home, ipc::Means::Asking))?;
    let mut out = stdout().lock();
    for place in all_places(&extra) {
        if registration::remove(&place.manifest).map_err(|error| cannot(&place.manifest, &error))? {
            writeln!(
                out,
                "{:24}  removed  {}",
                place.name,
                place.manifest.display()
            )?;
        }
    }
    remove_command(&home.program())?;
    let current = this_program()?;
    let program = match current.starts_with("/usr") {
        true => current,
        false => home.program(),
    };
    let removed = launch::remove_launcher(&program).map_err(|error| cannot(&program, &error))?;
    if let Some(path) = removed {
        writeln!(out, "{:24}  removed  {}", "Launcher", path.display())?;
    }
    gone(fs::remove_file(home.program()), &home.program())?;
    if let Some(folder) = home.program().parent() {
        crate::ignore_because("somebody put more there", fs::remove_dir(folder));
    }
    gone(fs::remove_file(home.registered()), &home.registered())?;
    if arguments.purge {
        gone(fs::remove_dir_all(home.root()), home.root())?;
        writeln!(
            out,
            "Everything of Onionmeter is removed, key and reports too."
        )?;
    } else {
        writeln!(
            out,
            "Onionmeter is no longer registered. Key and reports stay in {}.",
            home.root().display()
        )?;
    }
    writeln!(
        out,
        "If the extension is still loaded, turn protection off in its popup before you remove it."
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Every place of the table and those that were named by hand.
pub(super) fn all_places(extra: &[PathBuf]) -> Vec<Place> {
    let config = env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let mut places = env::home_dir()
        .map(|home| registration::places(&home, config.as_deref()))
        .unwrap_or_default();
    for manifest in extra {
        if !places.iter().any(|place| place.manifest == *manifest) {
            places.push(named_place(manifest.clone()));
        }
    }
    places
}

/// Manifests outside the table, from the `install`s so far.
pub(super) fn registered(home: &Home) -> Result<Vec<PathBuf>, Failure> {
    match fs::read_to_string(home.registered()) {
        Ok(text) => serde_json::from_str(&text).map_err(|error| cannot(&home.registered(), &error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(cannot(&home.registered(), &error)),
    }
}

fn remember(home: &Home, extra: &[PathBuf]) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(extra).map_err(io::Error::other)?;
    files::replace(&home.registered(), text.as_bytes(), 0o600)
        .map_err(|error| cannot(&home.registered(), &error))
}

fn extra_place(folder: &Path) -> Result<Place, Failure> {
    let folder = std::path::absolute(folder)?;
    Ok(named_place(
        folder.join(format!("NativeMessagingHosts/{HOST_NAME}.json")),
    ))
}

fn named_place(manifest: PathBuf) -> Place {
    Place {
        name: "named by --browser-dir".to_owned(),
        family: Family::Chromium,
        present: true,
        manifest,
    }
}

fn put(place: &Place, program: &Path, done: &'static str) -> Result<&'static str, Failure> {
    registration::write(&place.manifest, place.family, program)
        .map(|()| done)
        .map_err(|error| cannot(&place.manifest, &error))
}

/// Browsers must find the program even after a build folder is cleaned, so it gets a place of its
/// own; a program that a package manager put under /usr stays where it is.
fn put_program(home: &Home) -> Result<PathBuf, Failure> {
    let current = this_program()?;
    if current.starts_with("/usr") || current == home.program() {
        return Ok(current);
    }
    let target = home.program();
    let copy = || {
        if let Some(folder) = target.parent() {
            fs::create_dir_all(folder)?;
        }
        let program = fs::read(&current)?;
        if fs::read(&target).is_ok_and(|installed| installed == program) {
            return Ok(());
        }
        files::replace(&target, &program, 0o755)
    };
    copy().map_err(|error| cannot(&target, &error))?;
    Ok(target)
}

/// So that `onionmeter` can be typed: a link in the folder that desktops put into `PATH`. Whatever
/// else is there stays.
fn put_command(program: &Path) -> Result<Option<PathBuf>, Failure> {
    let Some(link) = command_link().filter(|_| !program.starts_with("/usr")) else {
        return Ok(None);
    };
    if fs::read_link(&link).is_ok_and(|target| target == program) {
        return Ok(Some(link));
    }
    let put = || {
        if let Some(folder) = link.parent() {
            fs::create_dir_all(folder)?;
        }
        std::os::unix::fs::symlink(program, &link)
    };
    match put() {
        Ok(()) => Ok(Some(link)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(cannot(&link, &error)),
    }
}

/// For the desktop's menu, where there is a browser that it could start.
fn put_launcher(program: &Path, out: &mut impl io::Write) -> Result<(), Failure> {
    if launch::find(None).is_none() {
        return Ok(());
    }
    let put = launch::put_launcher(program).map_err(|error| cannot(program, &error))?;
    if let Some(path) = put {
        writeln!(out, "Launcher: {} (onionmeter open)", path.display())?;
    }
    Ok(())
}

fn remove_command(program: &Path) -> Result<(), Failure> {
    let Some(link) = command_link() else {
        return Ok(());
    };
    if fs::read_link(&link).is_ok_and(|target| target == program) {
        gone(fs::remove_file(&link), &link)?;
    }
    Ok(())
}

/// Where the XDG base directory specification puts a user's own programs.
fn command_link() -> Option<PathBuf> {
    env::home_dir()
        .filter(|home| home.is_absolute())
        .map(|home| home.join(".local/bin/onionmeter"))
}

fn gone(result: io::Result<()>, path: &Path) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn cannot(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::Exit(
        EXIT_USAGE,
        format!("{}: {}", path.display(), problems::chain(error)),
    )
}
