//! All tests of this program, in one module, so that they can be left out where no namespace may be
//! made.

mod floor;
mod kept;
mod names;
mod services;
mod welcomes;
mod windows;

use anyhow::{Context as _, Result, ensure};
use checks::{
    defaults::{Arrival, Chromium, Firefox, World, chromium, firefox, inside},
    stage::{built, copy_folder, extension},
};
use serde_json::Value;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// Only an upper bound, for a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// How long one opening of a page may take to be seen outside.
const AGAIN: Duration = Duration::from_secs(10);

/// A home of the product in a world, registered for one profile. Its daemon has a relay and waits
/// for a Tor that does not run, so nothing passes through the relay.
struct Product {
    home: PathBuf,
    profile: PathBuf,
    user: PathBuf,
    /// A copy, so that a test can replace it by a newer one.
    extension: PathBuf,
}

impl Product {
    fn registered(world: &World) -> Result<Self> {
        let folder = world.folder();
        let product = Self {
            home: folder.join("om"),
            profile: folder.join("profile"),
            user: folder.join("user"),
            extension: folder.join("extension"),
        };
        copy_folder(&extension(), &product.extension)?;
        fs::create_dir_all(product.user.join(".mozilla"))?;
        product.register()?;
        let config = "[tor]\nbackend = \"existing\"\nsocks_port = 9\ncontrol_port = 10\n";
        fs::write(product.home.join("config.toml"), config)?;
        Ok(product)
    }

    /// Makes the profile, with the file by which `install` recognizes a profile of Chromium, and
    /// registers the host in it.
    fn register(&self) -> Result<()> {
        fs::create_dir_all(&self.profile)?;
        fs::write(self.profile.join("First Run"), "")?;
        let profile = self.profile.to_str().context("UTF-8")?;
        self.run(&["install", "--browser-dir", profile]).map(drop)
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(built("onionmeter")?)
            .args(arguments)
            .env("ONIONMETER_HOME", &self.home)
            .env("HOME", &self.user)
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_DATA_HOME")
            .output()?;
        ensure!(output.status.success(), "{arguments:?}: {output:?}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The command line of a Chromium on this profile with the extension, with or without a floor.
    fn chromium(&self, floor: bool) -> Result<Vec<OsString>> {
        if !floor {
            let mut line = chromium(&self.profile)?;
            let mut load = OsString::from("--load-extension=");
            load.push(&self.extension);
            line.push(load);
            return Ok(line);
        }
        let mut line: Vec<OsString> = vec![built("onionmeter")?.into(), "open".into()];
        line.extend(["chromium", "--profile"].map(OsString::from));
        line.push(self.profile.clone().into());
        line.extend(["--extension".into(), self.extension.clone().into()]);
        line.push("--".into());
        line.extend(Chromium::UNSEEN.iter().map(OsString::from));
        Ok(line)
    }

    /// The same without the extension.
    fn without_extension(&self, floor: bool) -> Result<Vec<OsString>> {
        let mut line = self.chromium(floor)?;
        let load = line.iter().position(|word| word == "--extension");
        match load {
            Some(load) => drop(line.drain(load..load + 2)),
            None => line.retain(|word| !word.to_string_lossy().starts_with("--load-extension=")),
        }
        Ok(line)
    }

    /// Replaces the extension that is loaded by a newer version.
    fn renew_extension(&self) -> Result<()> {
        let manifest = self.extension.join("manifest.json");
        let mut newer: Value = serde_json::from_slice(&fs::read(&manifest)?)?;
        newer["version"] = "99.0".into();
        fs::write(manifest, newer.to_string()).map_err(Into::into)
    }

    async fn start(&self, world: &World, floor: bool) -> Result<Chromium> {
        self.begin(world, &self.chromium(floor)?).await
    }

    async fn begin(&self, world: &World, line: &[OsString]) -> Result<Chromium> {
        let environment = [("ONIONMETER_HOME", self.home.clone().into())];
        Chromium::start_with(world, line, &environment).await
    }

    /// Starts Firefox as a person does, with a profile of this world.
    async fn start_firefox(&self, world: &World, profile: &Path) -> Result<Firefox> {
        let environment = [("ONIONMETER_HOME", self.home.clone().into())];
        Firefox::start_with(world, &firefox(profile)?, profile, &environment).await
    }
}

/// Opens a page until the outside has seen what is wanted, as a person would who loads it again.
/// One opening is not enough where protection has just ended, because the browser may still load
/// that page with its old settings.
async fn until_seen(
    world: &World,
    wanted: impl Fn(&[Arrival]) -> bool,
    mut open: impl AsyncFnMut() -> Result<()>,
) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    loop {
        open().await?;
        match world.wait_for(AGAIN, &wanted).await {
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => {}
            Ok(_) => return Ok(()),
        }
    }
}

/// Whether it is a request for one of the pages that a test opened.
fn is_page(arrival: &Arrival) -> bool {
    arrival.to.ends_with("page.test") || arrival.to.ends_with("frame.test")
}

#[test]
fn a_browser_without_a_floor_is_seen_outside() -> Result<()> {
    let name = "by_default::a_browser_without_a_floor_is_seen_outside";
    inside(name, async |world| {
        let mut browser = Chromium::start(&world, &chromium(&world.folder().join("c"))?).await?;
        browser.open("http://page.test/").await?;
        world
            .wait_for(LIMIT, |seen| seen.iter().any(is_page))
            .await?;
        browser.close().await?;
        world.forget().await?;
        let profile = world.folder().join("f");
        let mut browser = Firefox::start(&world, &firefox(&profile)?, &profile).await?;
        browser.open("http://page.test/", false).await?;
        world
            .wait_for(LIMIT, |seen| seen.iter().any(is_page))
            .await?;
        browser.close().await
    })
}
