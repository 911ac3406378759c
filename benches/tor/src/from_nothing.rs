//! Builds the program without any earlier output, external crates included, with the embedded Tor
//! and without.

use std::{
    env, fs,
    io::{Write as _, stderr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use meter_fixtures::figures;

use crate::{
    options::Options,
    table::{Ratio, Table},
    usage::Usage,
};

/// A column of the table.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Build {
    Without,
    With,
}

impl Build {
    const ALL: [Self; 2] = [Self::Without, Self::With];

    const fn name(self) -> &'static str {
        match self {
            Self::Without => "without",
            Self::With => "with",
        }
    }

    const fn features(self) -> &'static [&'static str] {
        match self {
            Self::Without => &[],
            Self::With => &["--features", "onionmeter/embedded-tor"],
        }
    }
}

/// Measures both builds, each in a target folder of its own, and publishes the table.
///
/// Everything that must come from crates.io is downloaded before, so that no download is measured.
///
/// # Errors
/// Something cannot be built.
pub(crate) fn run(options: &Options) -> Result<()> {
    let fetched = cargo(&["fetch", "--locked"]).status()?;
    ensure!(fetched.success(), "not everything could be fetched");
    let mut table = Table::new();
    for build in Build::ALL {
        writeln!(stderr(), "building {} the embedded Tor", build.name())?;
        measure(build, &mut table)?;
    }
    let columns = Build::ALL.map(|build| (build, build.name().to_owned()));
    let ratio = Ratio {
        title: "with ÷ without",
        of: Build::With,
        to: Build::Without,
    };
    let text = format!("{PREFACE}{}", table.markdown(&columns, Some(&ratio)));
    figures::publish("bench-tor build", &text, options.figures.as_deref())
}

fn measure(build: Build, table: &mut Table<Build>) -> Result<()> {
    let folder = target_folder().join("from-nothing").join(build.name());
    if folder.try_exists()? {
        fs::remove_dir_all(&folder)?;
    }
    let here = Usage::of(std::process::id());
    let (began, cpu_before_s) = (Instant::now(), here.cpu_of_children_s()?);
    let built = cargo(&["build", "--release", "--locked", "--offline"])
        .args(["--package", "onionmeter", "--target-dir"])
        .arg(&folder)
        .args(build.features())
        .stderr(Stdio::piped())
        .output()
        .context("cargo does not start")?;
    let wall_s = began.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&built.stderr);
    ensure!(built.status.success(), "{said}");
    let program = fs::metadata(folder.join("release/onionmeter"))?;
    for (row, digits, figure) in [
        ("build, wall, s", 0, wall_s),
        (
            "build, processor, s",
            0,
            here.cpu_of_children_s()? - cpu_before_s,
        ),
        ("crates compiled", 0, crates_compiled(&said) as f64),
        ("program, stripped, MB", 1, program.len() as f64 / 1e6),
    ] {
        table.add(row, digits, build, figure);
    }
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Cargo's default target folder, or the one that the environment names. The output stays there for
/// `cargo clean`.
fn target_folder() -> PathBuf {
    let named = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new("target").to_owned())
}

/// How many crates cargo's output names; a crate with a build script counts once too.
fn crates_compiled(said: &str) -> usize {
    let lines = said.lines().map(str::trim_start);
    lines.filter(|line| line.starts_with("Compiling ")).count()
}

const PREFACE: &str = "\
`cargo build --release --package onionmeter` into an empty folder, external crates included, their
download not; with: `--features onionmeter/embedded-tor`.

";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_counted_by_what_cargo_says() {
        let said = "    Updating index\n   Compiling libc v0.2.1\n   Compiling onionmeter v0.1.0 \
                    (Compiling is a word)\n    Finished `release` profile\n";
        assert_eq!(crates_compiled(said), 2);
        assert_eq!(crates_compiled(""), 0);
    }
}
