//! `logs`: the end of the daemon's log, and new lines as they come.

use super::{
    exit,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    print,
};
use crate::{
    files,
    home::Home,
    system::{files::FileId, streams::has_reader},
};
use clap::Args;
use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
    thread::sleep,
    time::Duration,
};

const HELP: &str = "\
Examples:
  onionmeter logs                 the last 40 lines
  onionmeter logs -n 200 -f       the last 200, then new ones as they come, until Ctrl-C
  onionmeter logs -n 0 -f | grep WARN

The log names no site that you visit, at any level. How much it says: `onionmeter config set
log.level debug`, from the daemon's next start on.

Exit status: 0 done, 66 there is no log yet or it cannot be read.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// Continue with new lines as they come
    #[arg(long, short)]
    follow: bool,
    /// How many of the last lines
    #[arg(
        long,
        short = 'n',
        value_name = "NUMBER",
        default_value_t = 40,
        value_parser = count,
        allow_hyphen_values = true,
    )]
    lines: usize,
}

fn count(text: &str) -> Result<usize, String> {
    let number = text.trim().parse();
    number.map_err(|_| "write a whole number, such as 100".to_owned())
}

/// Pause between two looks at the log.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The log is rotated at a megabyte; this is more than both files contain.
const READ_BYTES_MAX: u64 = 8 * 1024 * 1024;

pub(super) fn run(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    let path = home.log();
    let older = path.with_extension("old.log");
    let cannot = |path: &Path, error: &io::Error| {
        let message = match error.kind() {
            io::ErrorKind::NotFound => {
                format!(
                    "there is no log yet: {} comes with the daemon's first start",
                    path.display()
                )
            }
            _ => format!("{} cannot be read: {error}", path.display()),
        };
        CommandError::Exit(exit::NO_INPUT, message)
    };
    let log = Follower::open(&path);
    let (mut log, newer) = log.map_err(|error| cannot(&path, &error))?;
    let mut lines = match read(&older) {
        Ok(text) => lines_of(&text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(cannot(&older, &error)),
    };
    lines.extend(lines_of(&newer));
    let lines = lines.split_off(lines.len().saturating_sub(arguments.lines));
    if !arguments.follow {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        return Answer::new("log", text)
            .with("path", path.to_string_lossy())
            .with("lines", lines)
            .print(format);
    }
    for line in lines {
        print(&line, format).map_err(CommandError::Output)?;
    }
    while has_reader() {
        let next = log.next_lines().map_err(|error| cannot(&path, &error))?;
        for line in next {
            print(&line, format).map_err(CommandError::Output)?;
        }
        sleep(LOOK_EVERY);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(line: &str, format: Format) -> io::Result<()> {
    match format {
        Format::Json => Answer::new("log_line", "").with("line", line).print_line(),
        Format::Text => {
            let mut out = stdout().lock();
            writeln!(out, "{line}")?;
            out.flush()
        }
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    files::open(path)?
        .take(READ_BYTES_MAX)
        .read_to_end(&mut text)?;
    Ok(text)
}

fn lines_of(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text)
        .lines()
        .map(|line| print::harmless(line).into_owned())
        .collect()
}

/// Reads a log that grows and is replaced by another file from time to time.
struct Follower {
    path: PathBuf,
    file: BufReader<File>,
    id: FileId,
    /// A line without its end.
    begun: Vec<u8>,
}

impl Follower {
    /// Opens the log. Also returns its current content.
    fn open(path: &Path) -> io::Result<(Self, Vec<u8>)> {
        let file = files::open(path)?;
        let id = FileId::of(&file.metadata()?);
        let mut follower = Self {
            path: path.to_path_buf(),
            file: BufReader::new(file),
            id,
            begun: Vec::new(),
        };
        let mut text = Vec::new();
        (&mut follower.file)
            .take(READ_BYTES_MAX)
            .read_to_end(&mut text)?;
        // An incomplete line waits for the next look.
        let whole = text
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        follower.begun = text.split_off(whole);
        Ok((follower, text))
    }

    fn next_lines(&mut self) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        self.read_on(&mut lines)?;
        let there = std::fs::metadata(&self.path);
        let is_new = there.as_ref();
        let is_new = is_new.is_ok_and(|there| FileId::of(there) != self.id);
        // The file was emptied.
        let is_cut = match &there {
            Ok(there) => !is_new && there.len() < self.file.stream_position()?,
            Err(_) => false,
        };
        if is_new {
            // Lines that came between the last look and the rotation are in the old file.
            self.read_on(&mut lines)?;
            let (next, text) = Self::open(&self.path)?;
            lines.extend(lines_of(&text));
            *self = next;
        } else if is_cut {
            self.file.seek(SeekFrom::Start(0))?;
            self.begun.clear();
        }
        Ok(lines)
    }

    fn read_on(&mut self, lines: &mut Vec<String>) -> io::Result<()> {
        while self.file.read_until(b'\n', &mut self.begun)? > 0 {
            if self.begun.ends_with(b"\n") {
                lines.extend(lines_of(&self.begun));
                self.begun.clear();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_log_is_followed_over_its_turn_and_half_lines() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("onionmeter.log");
        fs::write(&path, "one\ntw").expect("ours");
        let (mut log, before) = Follower::open(&path).expect("there");
        assert_eq!(lines_of(&before), ["one"]);
        assert!(log.next_lines().expect("read").is_empty());
        let append = |text: &str| {
            let mut file = File::options().append(true).open(&path).expect("ours");
            file.write_all(text.as_bytes()).expect("written");
        };
        append("o\nthree\n");
        assert_eq!(log.next_lines().expect("read"), ["two", "three"]);
        append("four\n");
        fs::rename(&path, folder.path().join("onionmeter.old.log")).expect("turned over");
        fs::write(&path, "five\n").expect("ours");
        assert_eq!(log.next_lines().expect("read"), ["four", "five"]);
        append("six\n");
        assert_eq!(log.next_lines().expect("read"), ["six"]);
        fs::write(&path, "").expect("emptied");
        assert!(log.next_lines().expect("read").is_empty());
        append("seven\n");
        assert_eq!(log.next_lines().expect("read"), ["seven"]);
    }

    #[test]
    fn what_is_quoted_in_the_log_commands_no_terminal() {
        assert_eq!(
            lines_of(b"a\x1b[2Jb\xff\tc\r\n"),
            ["a\u{fffd}[2Jb\u{fffd}\tc"]
        );
    }
}
