//! `open`: a browser that reaches nothing except through Onionmeter.

use super::{
    given_path,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
};
use crate::{
    EXIT_UNAVAILABLE, EXIT_USAGE,
    home::{self, Home, HomeError},
    launch::{self, Launchable, Use},
    problems,
    registration::{self, Family},
};
use clap::Args;
use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

/// Start a browser that reaches nothing except through Onionmeter
#[derive(Args)]
#[command(after_help = "\
A browser that is started so has a floor: whatever becomes of the extension (reloaded, disabled,
removed, not allowed in private windows), pages and the browser's own services go through the relay
or nowhere. Also while protection is off: for browsing without Tor start the browser as usual.

Chromium and its relatives open with your usual profile, Firefox with one of its own in Onionmeter's
folder, unless --profile names another. The browser must not be running on that profile.

This command becomes the browser. With --json it starts the browser, names its process and ends.

Exit status: 0 the browser was started, 64 wrong usage, 69 it is not there or cannot be started.")]
pub(super) struct Open {
    /// chromium, brave-browser, vivaldi, firefox, …, also by its path; the first one found if
    /// absent
    browser: Option<OsString>,
    /// The folder of the profile (Chromium: --user-data-dir)
    #[arg(long, value_name = "DIR", value_parser = given_path::parser())]
    profile: Option<PathBuf>,
    /// Load this unpacked extension (Chromium, Brave, Vivaldi, Opera), with developer mode on
    #[arg(long, value_name = "DIR", value_parser = given_path::parser())]
    extension: Option<PathBuf>,
    /// More arguments for the browser: addresses or its own options
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

pub(super) fn run(arguments: &Open, home: &Home, format: Format) -> Outcome {
    let browser = launch::find(arguments.browser.as_deref()).ok_or_else(|| not_found(arguments))?;
    if let Some(argument) = launch::undoing(&arguments.arguments) {
        let text = format!(
            "{} would undo the floor; leave it out, or start the browser without Onionmeter",
            argument.to_string_lossy()
        );
        return Err(CommandError::Exit(EXIT_USAGE, text));
    }
    let profile = profile(arguments, &browser, home)?;
    // What a browser of root's makes there, its owner's browser could not write.
    if let Some(owner) = home::acted_for(&profile) {
        let path = profile;
        return Err(CommandError::usage(&HomeError::OfAnother { path, owner }));
    }
    let mut line = match browser.preset.family {
        Family::Chromium => launch::arguments(),
        Family::Firefox => vec!["--profile".into(), profile.clone().into()],
    };
    if let Some(extension) = &arguments.extension {
        line.push(load(extension, &browser)?);
    }
    // Named even if it is the usual one: the browser must use the profile that was checked here.
    if browser.preset.family == Family::Chromium {
        line.push(joined("--user-data-dir=", &profile));
    }
    match launch::use_of(browser.preset.family, &profile) {
        Use::Free => {
            let loads = arguments.extension.is_some();
            launch::prepare(browser.preset.family, &profile, loads)
                .map_err(|error| CommandError::usage(&error))?;
        }
        Use::WithFloor => {}
        Use::WithoutFloor(process) => return Err(runs_already(&browser, process)),
    }
    line.extend(arguments.arguments.iter().cloned());
    let failed = |error: &io::Error| {
        CommandError::Exit(
            EXIT_UNAVAILABLE,
            format!("{}: {}", browser.program.display(), problems::chain(error)),
        )
    };
    if format == Format::Text {
        return Err(failed(&launch::become_browser(&browser.program, &line)));
    }
    let process = launch::start_browser(&browser.program, &line).map_err(|error| failed(&error))?;
    let words: Vec<_> = line.iter().map(|word| word.to_string_lossy()).collect();
    Answer::new("started", "")
        .with("browser", browser.preset.title)
        .with("program", browser.program.to_string_lossy())
        .with("profile", profile.to_string_lossy())
        .with("arguments", words)
        .with("process", process)
        .print(format)
}

fn not_found(arguments: &Open) -> CommandError {
    let names = launch::names().join(", ");
    let text = match &arguments.browser {
        Some(name) => format!(
            "there is no browser \"{}\" here; name one of {names}, or the path of a program with \
                such a name",
            name.to_string_lossy()
        ),
        None => format!("none of these browsers is installed: {names}; name the path of one"),
    };
    CommandError::Exit(EXIT_UNAVAILABLE, text)
}

fn runs_already(browser: &Launchable, process: u32) -> CommandError {
    let title = browser.preset.title;
    CommandError::Exit(
        EXIT_UNAVAILABLE,
        format!(
            "{title} already runs on this profile without Onionmeter's floor (process {process}); \
             close all of its windows, then run this again"
        ),
    )
}

fn load(extension: &Path, browser: &Launchable) -> Result<OsString, CommandError> {
    let title = browser.preset.title;
    if !browser.preset.loads_extensions {
        let text = format!(
            "{title} takes no extension from its command line; leave out --extension and load {} \
                by \
             hand (README, \"Load the extension\")",
            extension.display()
        );
        return Err(CommandError::Exit(EXIT_USAGE, text));
    }
    let manifest = extension.join("manifest.json");
    if !manifest.is_file() {
        let text = format!(
            "{} is not there, so this is no extension",
            manifest.display()
        );
        return Err(CommandError::Exit(EXIT_USAGE, text));
    }
    Ok(joined("--load-extension=", &absolute(extension)?))
}

fn absolute(path: &Path) -> Result<PathBuf, CommandError> {
    std::path::absolute(path).map_err(|error| CommandError::usage(&error))
}

fn joined(option: &str, path: &Path) -> OsString {
    let mut joined = OsString::from(option);
    joined.push(path);
    joined
}

/// The profile to use: for a Chromium the usual one, for a Firefox a separate one, because its
/// floor is part of the profile and would apply to every other start as well.
fn profile(arguments: &Open, browser: &Launchable, home: &Home) -> Result<PathBuf, CommandError> {
    if let Some(profile) = &arguments.profile {
        return absolute(profile);
    }
    match browser.preset.family {
        Family::Firefox => {
            home.prepare()
                .map_err(|error| CommandError::usage(&error))?;
            Ok(home.firefox())
        }
        Family::Chromium => {
            let text = "there is no home folder; name the profile's folder with --profile";
            let config = registration::config_home();
            let config = config.ok_or_else(|| CommandError::Exit(EXIT_USAGE, text.to_owned()))?;
            Ok(config.join(browser.preset.folder))
        }
    }
}
