//! A native host in place of ours, for checks of what a faulty host does to the extension.
//!
//! It sends the messages of `docs/spec/native-messages.md` and claims to have a relay and a Tor
//! that are ready. `STAND_IN` names its folder. The file `port` there holds the relay's port. As
//! long as a file `flood` is there, it sends its status as fast as it can. As long as a file
//! `damaged` is there, its Tor has a damaged state; it removes the file when it is asked to start
//! Tor anew. It sends the content of the file `raw` unchanged. Each start adds a byte to the file
//! `starts`. If there is a file `sessions`, it has signed as many sessions as the file says, and it
//! signs one more and removes the file when there is a file `sign`. As long as a file `first` is
//! there, it is the first daemon. `checks::hostile` has what the file `hostile` makes of its
//! messages. `checks::pretended` has what it says of settings and a ledger; if there is a home
//! `om`, the real program in it answers about settings.

use anyhow::{Context as _, Result};
use checks::{
    first_daemon,
    hostile::{self, Way},
    pretended, real_settings,
    signed::Signed,
};
use meter_core::{Backend, WitnessName};
use meter_wire::{
    EarlierSum, ErrorCode, FromDaemon, HelloReply, HexBytes, Notice, Outcome, Problem, RelayStatus,
    Reply, ReportsPage, Request, SessionStatus, Status, Success, TorState, TorStatus, Traffic,
    U64Text, Witness, WitnessSeen, WitnessText, parse_request, write_message,
};
use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::var_os("STAND_IN").context("STAND_IN is not set")?);
    let mut starts = File::options()
        .create(true)
        .append(true)
        .open(folder.join("starts"))?;
    starts.write_all(b".")?;
    let port = std::fs::read_to_string(folder.join("port"))?
        .trim()
        .parse()?;
    let sessions = std::fs::read_to_string(folder.join("sessions")).unwrap_or_default();
    let book = Arc::new(Mutex::new(Signed::sessions(&sessions)));
    let mut greeted = false;
    while let Some(frame) = read()? {
        let Ok(envelope) = parse_request(&frame) else {
            continue;
        };
        let id = Some(envelope.id);
        let is_real = real_settings::home(&folder).is_dir();
        let is_first = folder.join(first_daemon::FILE).is_file();
        let outcome = match &envelope.request {
            _ if is_first && !first_daemon::knows(&frame) => {
                Outcome::Error(Problem::new(ErrorCode::UnknownRequest))
            }
            request @ (Request::Settings | Request::ChangeSetting(_)) if is_real => {
                real_settings::ask(&folder, request)?
            }
            request => Outcome::Ok(answer(request, &folder, port, &lock(&book))?),
        };
        say(&folder, &FromDaemon::Reply(Reply { id, outcome }))?;
        if matches!(envelope.request, Request::Hello(_)) && !greeted {
            greeted = true;
            let (folder, book) = (folder.clone(), Arc::clone(&book));
            // The thread ends with the process, or when the pipe has no reader any more.
            thread::spawn(move || flood(&folder, port, &book));
        }
    }
    Ok(())
}

fn answer(request: &Request, folder: &Path, port: u16, book: &Signed) -> Result<Success> {
    Ok(match request {
        Request::Hello(_) => Success::Hello(HelloReply {
            protocol: 1,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: Request::NAMES.map(str::to_owned).to_vec(),
            key: Some(HexBytes(book.key)),
            chain: Some(HexBytes(book.chain)),
            parts: None,
        }),
        Request::Status => {
            let mut status = status(folder, port, book);
            if Way::of(folder)? == Some(Way::Markup) {
                hostile::say_more(&mut status);
            }
            Success::Status(Box::new(status))
        }
        Request::TorAnew => {
            std::fs::remove_file(folder.join("damaged"))?;
            Success::Done
        }
        Request::Reports(query) => Success::Reports(ReportsPage {
            reports: book.page(query)?,
            total: U64Text(book.count()),
        }),
        Request::Receipts(query) => Success::Receipts(book.receipts(query)?),
        Request::Traffic => Success::Traffic(traffic()?),
        Request::Witness => Success::Witness(Witness {
            name: WitnessText(WitnessName::new([3; 16])),
        }),
        Request::WitnessSeen(_) => Success::WitnessSeen(WitnessSeen {
            arrived: true,
            connections: 0,
        }),
        other => pretended::answer(other, folder)?.unwrap_or(Success::Done),
    })
}

/// What grows as if a page loaded all the time: 84 kB down and 5 kB up in a second.
fn traffic() -> Result<Traffic> {
    let ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    let ms = u64::try_from(ms)?;
    Ok(Traffic {
        bytes_up: U64Text(ms * 5),
        bytes_down: U64Text(ms * 84),
        connections: U64Text(14),
        active: U64Text(3),
    })
}

/// Each status differs from the one before it, so that the extension has to draw each.
fn flood(folder: &Path, port: u16, book: &Mutex<Signed>) -> Result<()> {
    let mut told = status(folder, port, &lock(book));
    for number in 0.. {
        while !folder.join("flood").try_exists()? {
            say_raw(folder)?;
            sign(folder, port, &mut lock(book))?;
            thread::sleep(Duration::from_millis(20));
        }
        // Ten for each look at the file, so that the looks do not take most of the time.
        for digit in 0..10 {
            told.tor.version = Some(format!("{TOR}.{number}{digit}"));
            let status = Box::new(told.clone());
            say(folder, &FromDaemon::Notice(Notice::Status(status)))?;
        }
    }
    Ok(())
}

fn lock(book: &Mutex<Signed>) -> MutexGuard<'_, Signed> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Signs one more session if it is asked to, and says its status.
fn sign(folder: &Path, port: u16, book: &mut Signed) -> Result<()> {
    let file = folder.join("sign");
    if file.try_exists()? {
        std::fs::remove_file(&file)?;
        book.sign_one_more().context("the chain is full")?;
        let status = Box::new(status(folder, port, book));
        say(folder, &FromDaemon::Notice(Notice::Status(status)))?;
    }
    Ok(())
}

/// What the program says of a file that is damaged.
const DAMAGED: &str = "/home/anna/.local/share/onionmeter/arti/state/state/guards.json is damaged";

/// Says what lies in `raw`, as it is and once.
fn say_raw(folder: &Path) -> Result<()> {
    let file = folder.join("raw");
    if file.try_exists()? {
        let bytes = std::fs::read(&file)?;
        std::fs::remove_file(&file)?;
        let mut stdout = io::stdout().lock();
        stdout.write_all(&bytes)?;
        stdout.flush()?;
    }
    Ok(())
}

/// A session in progress, if there were others.
const SESSION: SessionStatus = SessionStatus {
    started_at: U64Text(1_800_000_000_000),
    duration_ms: U64Text(18_400),
    bytes_up: U64Text(12_345),
    bytes_down: U64Text(51_200),
    progress_permille: 613,
};

/// The version of a Tor that people have.
const TOR: &str = "0.4.9.11";

fn status(folder: &Path, port: u16, book: &Signed) -> Status {
    let damaged = folder.join("damaged").is_file();
    let problem = || Problem::with_detail(ErrorCode::TorStateDamaged, DAMAGED);
    Status {
        relay: RelayStatus::Listening { port },
        tor: TorStatus {
            backend: Some(Backend::Managed.into()),
            version: Some(TOR.to_owned()),
            state: match damaged {
                true => TorState::Failed(problem()),
                false => TorState::Ready,
            },
            trouble: None,
            chosen: None,
            offered: vec![Backend::Managed.into()],
        },
        session: (book.count() > 0).then_some(SESSION),
        balance: U64Text(book.amount()),
        reports: U64Text(book.count()),
        chain: None,
        earlier: EarlierSum::default(),
        ledger: pretended::ledger(folder, book),
        restored: None,
        thresholds: pretended::thresholds(folder),
        problem: None,
        unreached: Vec::new(),
        foreign: U64Text(0),
        unidentified: U64Text(0),
        literals: U64Text(0),
        new_identity_in_s: 0,
        new_circuit_in_s: 0,
        connections: 0,
    }
}

/// One frame; `None` at the end.
fn read() -> Result<Option<Vec<u8>>> {
    let mut stdin = io::stdin().lock();
    let mut length = [0; 4];
    match stdin.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let mut frame = vec![0; usize::try_from(u32::from_ne_bytes(length))?];
    stdin.read_exact(&mut frame)?;
    Ok(Some(frame))
}

fn say(folder: &Path, message: &FromDaemon) -> Result<()> {
    let frames = match Way::of(folder)? {
        Some(way) => way.frames(message)?,
        None if folder.join(first_daemon::FILE).is_file() => vec![first_daemon::frame(message)?],
        None => vec![write_message(message)],
    };
    let mut stdout = io::stdout().lock();
    for json in frames {
        stdout.write_all(&u32::try_from(json.len())?.to_ne_bytes())?;
        stdout.write_all(&json)?;
    }
    Ok(stdout.flush()?)
}
