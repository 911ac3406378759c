//! `backup`, and `restore` of what it wrote.

use super::{
    exit, given_path,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    passphrase, print, when,
};
use crate::{
    EXIT_DATA, EXIT_UNAVAILABLE, EXIT_USAGE,
    accounting::EarlierChains,
    backup::{self, BackupError},
    files,
    home::Home,
    last_signed::LastSigned,
    lock::DaemonLock,
    problems, restored,
    system::clock::Clock,
};
use clap::Args;
use meter_core::{ChainId, UnixMs};
use meter_ledger::Book;
use meter_wire::U64Text;
use std::{
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
};

const HELP: &str = "\
Examples:
  onionmeter backup onionmeter.age
  onionmeter backup onionmeter.age --passphrase-file words.txt
  onionmeter restore onionmeter.age          on another computer, or later on this one

In it: the signing key, all reports (those that wait for the ledger too), the receipts, and with
them the account at the ledger. Not in it: config.toml, Tor's folders, what browsers know of this
program. Everybody with the file and its passphrase can sign as this device. The program `age`
opens it, too: docs/spec/backup.md.

The file is never written over another one. `-` is refused: on a screen or in a pipe that breaks,
a backup would be lost without a word.

Exit status: 0 written, 5 there is nothing to back up yet, 64 a passphrase that is too weak, or two
that differ, 65 key, book or receipts do not hold up, 66 the passphrase cannot be read, 73 the file
exists already or cannot be written, 75 another program holds the book, or makes a backup, too.";

/// Write key, reports and receipts to one encrypted file
#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Backup {
    /// The file to write
    #[arg(value_parser = given_path::parser())]
    file: PathBuf,
    #[command(flatten)]
    passphrase: passphrase::From,
}

/// How `restore` puts a backup back.
#[derive(Args)]
pub(super) struct Options {
    /// Put a backup in the place of what is there, which is kept in a folder beside it
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    passphrase: passphrase::From,
}

pub(super) fn backup(arguments: &Backup, home: &Home, format: Format) -> Outcome {
    let name = arguments.file.display();
    if arguments.file.as_os_str() == "-" {
        let text = "a backup goes into a file and not to standard output; name one, such as \
            onionmeter.age";
        return Err(CommandError::Exit(EXIT_USAGE, text.to_owned()));
    }
    problems::check_files_of_command()?;
    let cannot = |error: &io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let text = format!("{name} is there already; a backup is not written over it");
            CommandError::Exit(exit::CANNOT_WRITE, text)
        }
        _ => CommandError::cannot_write(&arguments.file, error),
    };
    if arguments.file.symlink_metadata().is_ok() {
        return Err(cannot(&io::ErrorKind::AlreadyExists.into()));
    }
    let path = std::path::absolute(&arguments.file).map_err(|error| cannot(&error))?;
    finish(home)?;
    // Before a person has typed a passphrase for nothing.
    backup::check_there(home).map_err(|error| failed(None, &error))?;
    let words = passphrase::new(&arguments.passphrase)?;
    let (sealed, about) =
        backup::collect(home, &words, Clock::wall()).map_err(|error| failed(None, &error))?;
    write(&path, &sealed).map_err(|error| cannot(&error))?;
    let chains = Chains::read(home, &about);
    let reports = chains.words();
    let held = match about.has_receipts() {
        true => "key, receipts",
        false => "key",
    };
    let text = format!(
        "{name} holds {held} and {reports}. Keep its passphrase elsewhere: without \
            it nobody can open the file, and with it everybody can sign as this device."
    );
    Answer::new("backed_up", text)
        .with("file", path.to_string_lossy())
        .with("reports", about.reports)
        .with("earlier_reports", U64Text(chains.earlier_reports))
        .with("credits", chains.credits())
        .with("key", about.key)
        .with("chain", about.chain)
        .print(format)
}

/// Writes the file as a whole. One that the disk has not confirmed is removed: a backup is there
/// for the day on which the disk fails.
fn write(path: &Path, sealed: &[u8]) -> io::Result<()> {
    files::create(path, sealed, 0o600).inspect_err(|_| {
        let is_ours = fs::read(path).is_ok_and(|found| found == sealed);
        if is_ours {
            crate::ignore_because("its disk fails already", fs::remove_file(path));
        }
    })
}

/// What a backup holds, or a home after it is in place: its chain, and those before.
struct Chains {
    reports: u64,
    earlier_reports: u64,
    amount: u64,
}

impl Chains {
    fn read(home: &Home, about: &backup::Manifest) -> Self {
        let earlier = EarlierChains::read(home, Some(ChainId(about.chain.0)));
        let here = Book::open_to_read(&home.book()).and_then(|book| book.balance());
        let here = here.map_or(0, meter_core::Amount::get);
        Self {
            reports: about.reports.0,
            earlier_reports: earlier.reports(),
            amount: here.saturating_add(earlier.sum().amount.0),
        }
    }

    fn credits(&self) -> String {
        print::credits(U64Text(self.amount))
    }

    fn words(&self) -> String {
        let all = self.reports.saturating_add(self.earlier_reports);
        let earlier = match self.earlier_reports {
            0 => String::new(),
            number => format!(", {} of them in earlier chains,", print::grouped(number)),
        };
        let (all, credits) = (print::counted(all, "report"), self.credits());
        format!("{all}{earlier} with {credits} credits")
    }
}

/// Puts a backup back, in one step: a kill leaves either the old home or the new one.
pub(super) fn restore(file: &Path, options: &Options, home: &Home, format: Format) -> Outcome {
    let name = file.display();
    problems::check_files_of_command()?;
    finish(home)?;
    // Before a person has typed a passphrase for nothing.
    may_replace(options, home)?;
    let opened = File::open(file).map_err(|error| {
        CommandError::Exit(exit::NO_INPUT, format!("{name} cannot be read: {error}"))
    })?;
    let words = passphrase::known(&options.passphrase)?;
    let opened = backup::open(BufReader::new(opened), &words);
    let opened = opened.map_err(|error| failed(Some(file), &error))?;
    home.prepare().map_err(|error| CommandError::home(&error))?;
    let lock = DaemonLock::take(home).map_err(|error| cannot(home, &error))?;
    let Some(_lock) = lock else {
        let text = "the daemon runs, so nothing was changed; `onionmeter stop`, then once more";
        return Err(CommandError::Exit(exit::REFUSED, text.to_owned()));
    };
    may_replace(options, home)?;
    opened.stage(home).map_err(|error| {
        // It holds a key, and room that a full disk needs.
        crate::ignore_because(
            "the next restore removes it",
            home.remove_copies(&home.restore_draft()),
        );
        failed(Some(file), &error)
    })?;
    restored::commit(home).map_err(|error| match restored::is_decided(home) {
        true => comes_later(home, &error),
        false => cannot(home, &error),
    })?;
    let aside = restored::finish(home).map_err(|error| comes_later(home, &error))?;
    said(&opened.manifest, aside.as_deref(), home).print(format)
}

fn said(about: &backup::Manifest, aside: Option<&Path>, home: &Home) -> Answer {
    let made_at = UnixMs::new(about.made_at_ms.0).unwrap_or(UnixMs::ZERO);
    let chains = Chains::read(home, about);
    let mut text = format!(
        "The backup of {} is in place: {}. Before more is signed, the \
            ledger or a browser is asked for later reports; `onionmeter status` says what came of \
            it.\n",
        when::local(made_at, &when::zone()),
        chains.words(),
    );
    if let Some(aside) = aside {
        text += &format!("What was here before is in {}.\n", aside.display());
    }
    text += "Browsers of this computer find the program by `onionmeter install`.\n";
    Answer::new("home_restored", text)
        .with("reports", about.reports)
        .with("earlier_reports", U64Text(chains.earlier_reports))
        .with("credits", chains.credits())
        .with("key", about.key)
        .with("chain", about.chain)
        .with("made_at_ms", about.made_at_ms)
        .with(
            "aside",
            aside.map(|aside| aside.to_string_lossy().into_owned()),
        )
}

/// Whether the home is empty, or may be replaced.
fn may_replace(options: &Options, home: &Home) -> Result<(), CommandError> {
    if options.replace || !home.root().is_dir() {
        return Ok(());
    }
    let found = restored::in_use(home).map_err(|error| cannot(home, &error))?;
    if found.is_empty() || is_unused(home, &found) {
        return Ok(());
    }
    let root = home.root().display();
    let reports = Book::open_to_read(&home.book()).and_then(|book| book.audit());
    let reports = match reports {
        Ok(audit) => format!("a book of {}", print::counted(audit.reports, "report")),
        Err(_) => "other files of a device".to_owned(),
    };
    let text = format!(
        "{root} already has a key or {reports}; nothing was changed. `onionmeter restore FILE \
            --replace` keeps them in {} and puts the backup in their place; with \
            ONIONMETER_HOME=/another/folder it goes beside them",
        home.before_restore(1).display()
    );
    Err(CommandError::Exit(EXIT_USAGE, text))
}

/// Whether nothing was ever signed or enrolled here: some command has started a daemon, which made
/// a key. It is kept aside all the same.
fn is_unused(home: &Home, found: &[PathBuf]) -> bool {
    let is_of_a_start = |path: &PathBuf| {
        let name = path.to_str().unwrap_or_default();
        ["book.sqlite3", "book.sqlite3-wal", "book.sqlite3-shm"].contains(&name)
            || ["key/device.key", "key/last-signed"].contains(&name)
    };
    let reports = || {
        let audit = Book::open_to_read(&home.book()).and_then(|book| book.audit());
        audit.map(|audit| audit.reports)
    };
    found.iter().all(is_of_a_start)
        && LastSigned::load(&home.last_signed()).is_ok_and(|known| known.is_unused())
        && reports().is_ok_and(|reports| reports == 0)
}

/// Finishes a restore that was interrupted.
fn finish(home: &Home) -> Result<(), CommandError> {
    restored::finish_alone(home).map_err(|error| cannot(home, &error))
}

fn cannot(home: &Home, error: &io::Error) -> CommandError {
    CommandError::cannot_write(home.root(), error)
}

/// A disk that failed after the restore was decided: it will not be taken back.
fn comes_later(home: &Home, error: &io::Error) -> CommandError {
    let root = home.root().display();
    let comes = match restored::is_decided(home) {
        true => "the next command puts it in place",
        false => "it is in place, and may be lost if the power fails now",
    };
    let text = format!(
        "the backup is checked and complete, and {comes}; repair the disk of {root} first: {error}"
    );
    CommandError::Exit(exit::CANNOT_WRITE, text)
}

fn failed(file: Option<&Path>, error: &BackupError) -> CommandError {
    if let Some(problem) = problems::too_many_files(error) {
        return CommandError::Problem(problem);
    }
    if let BackupError::Io { path, source } = error
        && problems::disk_of(source.kind()).is_some()
    {
        return CommandError::cannot_write(path, source);
    }
    let code = match error {
        BackupError::Nothing(_) => exit::NO_REPORTS,
        BackupError::Busy(_) => exit::TOO_SOON,
        BackupError::Io { .. } => exit::CANNOT_WRITE,
        BackupError::Book { path, source } => exit::of_problem(problems::book(source, path).code),
        BackupError::Receipts { path, source } => {
            exit::of_problem(problems::receipts(source, path).code)
        }
        _ if error.is_limit() => EXIT_UNAVAILABLE,
        _ => EXIT_DATA,
    };
    let why = problems::chain(error);
    let text = file.map_or_else(|| why.clone(), |file| format!("{}: {why}", file.display()));
    CommandError::Exit(code, text)
}
