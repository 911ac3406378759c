//! C code that tests compile: programs around the one that is tested, and libraries inside it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

/// Compiles a program into a folder, under the name of its source without the ending.
///
/// # Errors
/// The code does not compile, or there is no C compiler (`cc`), which SQLite needs, too.
pub fn program(source: &Path, folder: &Path) -> Result<PathBuf> {
    compile(source, folder.join(stem(source)?), &[])
}

/// Compiles a library that a program loads before the C library (`LD_PRELOAD`), so that it can
/// stand in the place of the system's functions.
///
/// # Errors
/// Those of [`program`].
pub fn library(source: &Path, folder: &Path) -> Result<PathBuf> {
    let file = folder.join(stem(source)?).with_extension("so");
    compile(source, file, &["-shared", "-fPIC"])
}

fn stem(source: &Path) -> Result<&std::ffi::OsStr> {
    source.file_stem().context("a source has a name")
}

fn compile(source: &Path, file: PathBuf, options: &[&str]) -> Result<PathBuf> {
    let mut compiler = Command::new("cc");
    compiler.args(options).args(["-Wall", "-Werror", "-o"]);
    let compiled = compiler.arg(&file).arg(source).status().context("cc")?;
    ensure!(compiled.success(), "{}: {compiled}", source.display());
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_program_runs_with_a_library_in_the_place_of_a_function() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        fs::write(
            at("tells.c"),
            "#include <unistd.h>\nint main(void) { return getpid() == 7 ? 3 : 4; }\n",
        )?;
        fs::write(at("seven.c"), "int getpid(void) { return 7; }\n")?;
        let tells = program(&at("tells.c"), folder.path())?;
        let seven = library(&at("seven.c"), folder.path())?;
        assert_eq!(Command::new(&tells).status()?.code(), Some(4));
        let mut with = Command::new(&tells);
        assert_eq!(with.env("LD_PRELOAD", seven).status()?.code(), Some(3));
        fs::write(at("broken.c"), "int main(void) {")?;
        assert!(program(&at("broken.c"), folder.path()).is_err());
        Ok(())
    }
}
