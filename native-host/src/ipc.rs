//! The socket between the daemon and its clients: frames, connecting, starting on demand.

use crate::home::Home;
use futures_util::{SinkExt as _, StreamExt as _};
use meter_wire::{
    Client as ClientName, ErrorCode, FRAME_IN_MAX, FRAME_OUT_MAX, FromDaemon, Hello, HelloReply,
    Outcome, Problem, ProtocolRange, Request, RequestEnvelope, Success, parse_from_daemon,
    write_request,
};
use std::{io, process::Stdio, time::Duration};
use tokio::{net::UnixStream, process::Command, time};
use tokio_util::{
    bytes::Bytes,
    codec::{FramedRead, FramedWrite, LengthDelimitedCodec},
};

/// How long a client waits for a daemon that it started.
const START_MAX: Duration = Duration::from_secs(10);
/// How long a daemon may take to end: connections are drained, then Tor is stopped.
const STOP_MAX: Duration = Duration::from_secs(20);
const START_POLL: Duration = Duration::from_millis(20);
/// How long a command waits for one answer. Stopping may drain connections first.
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Frames of native messaging: a 32-bit length in native byte order, then that many bytes of
/// JSON. A longer frame is an error before anything is allocated for it.
pub(crate) fn codec(frame_max: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder()
        .native_endian()
        .length_field_length(HEADER_BYTES)
        .max_frame_length(frame_max)
        .new_codec()
}

/// Bytes of the length before each frame.
pub(crate) const HEADER_BYTES: usize = 4;

/// Like [`codec`], but frames keep their header, so that an end of the stream right behind a
/// header is noticed: the codec takes an empty buffer for the end of a frame otherwise.
pub(crate) fn codec_with_header(frame_max: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder()
        .native_endian()
        .length_field_length(HEADER_BYTES)
        .length_adjustment(4)
        .num_skip(0)
        .max_frame_length(frame_max)
        .new_codec()
}

/// Connects to a running daemon.
pub(crate) async fn connect(home: &Home) -> io::Result<UnixStream> {
    UnixStream::connect(home.socket()).await
}

/// Connects to the daemon, and starts it when there is none.
///
/// # Errors
/// When the home is unusable or no daemon comes up in time.
pub(crate) async fn connect_or_start(home: &Home) -> Result<UnixStream, Problem> {
    if let Ok(stream) = connect(home).await {
        return Ok(stream);
    }
    home.prepare()
        .map_err(|error| crate::problems::home(&error))?;
    // The daemon would refuse it as well, but could tell nobody.
    crate::config::Config::load(&home.config()).map_err(|error| crate::problems::config(&error))?;
    let unreachable = |why: String| Problem::with_detail(ErrorCode::DaemonUnreachable, why);
    let begin = || start(home).map_err(|error| unreachable(error.to_string()));
    let mut daemon = begin()?;
    let deadline = time::Instant::now() + START_MAX;
    while time::Instant::now() < deadline {
        if let Ok(stream) = connect(home).await {
            return Ok(stream);
        }
        time::sleep(START_POLL).await;
        match daemon.try_wait() {
            Ok(Some(status)) if !status.success() => {
                let log = home.log();
                return Err(unreachable(format!(
                    "it ended with {status}; see {}",
                    log.display()
                )));
            }
            // Another daemon holds the lock: one that was quicker and will answer in a moment, or
            // one that is just ending. Then it is our turn again.
            Ok(Some(_)) => daemon = begin()?,
            Ok(None) | Err(_) => {}
        }
    }
    Err(unreachable("it did not answer in time".to_owned()))
}

/// Ends the daemon of `home` as it would end by itself: relay drained, open session kept. `false`
/// when there was none.
///
/// # Errors
/// When it cannot be asked, or is still there after [`STOP_MAX`].
pub(crate) async fn stop(home: &Home) -> Result<bool, Problem> {
    let failed = |error: io::Error| {
        let detail = format!("it cannot be stopped: {error}");
        Problem::with_detail(ErrorCode::DaemonUnreachable, detail)
    };
    let Some(lock) = open_lock(home).map_err(failed)? else {
        return Ok(false);
    };
    if is_free(&lock).map_err(failed)? {
        return Ok(false);
    }
    let text = std::fs::read_to_string(home.lock()).map_err(failed)?;
    let daemon = text
        .trim()
        .parse()
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    let daemon = daemon.ok_or_else(|| failed(io::Error::other("its lock names no process")))?;
    rustix::process::kill_process(daemon, rustix::process::Signal::TERM)
        .map_err(|errno| failed(errno.into()))?;
    let deadline = time::Instant::now() + STOP_MAX;
    while !is_free(&lock).map_err(failed)? {
        if time::Instant::now() > deadline {
            return Err(failed(io::ErrorKind::TimedOut.into()));
        }
        time::sleep(START_POLL).await;
    }
    Ok(true)
}

fn open_lock(home: &Home) -> io::Result<Option<std::fs::File>> {
    match std::fs::File::open(home.lock()) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether no daemon holds the lock. Taken shared and given back at once, so that a daemon that
/// starts meanwhile is not kept from it for longer than this call.
fn is_free(lock: &std::fs::File) -> io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    match flock(lock, FlockOperation::NonBlockingLockShared) {
        Ok(()) => {
            flock(lock, FlockOperation::Unlock)?;
            Ok(true)
        }
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// The daemon makes itself a session leader, so that the browser does not take it along.
fn start(home: &Home) -> io::Result<tokio::process::Child> {
    Command::new(std::env::current_exe()?)
        .arg("daemon")
        .env(crate::home::HOME_VARIABLE, home.root())
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(false)
        .spawn()
}

/// A client of the daemon for commands: asks one thing at a time, without notices.
pub struct Connection {
    reader: FramedRead<tokio::net::unix::OwnedReadHalf, LengthDelimitedCodec>,
    writer: FramedWrite<tokio::net::unix::OwnedWriteHalf, LengthDelimitedCodec>,
    last_id: u32,
    hello: HelloReply,
}

impl Connection {
    /// Attaches to a running daemon; `None` when there is none.
    ///
    /// # Errors
    /// When it answers, but not as a daemon.
    pub async fn attach(home: &Home) -> Result<Option<Self>, Problem> {
        match connect(home).await {
            Ok(stream) => Self::introduce(stream).await.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Attaches to the daemon, and starts it when there is none.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn attach_or_start(home: &Home) -> Result<Self, Problem> {
        Self::introduce(connect_or_start(home).await?).await
    }

    async fn introduce(stream: UnixStream) -> Result<Self, Problem> {
        let (reader, writer) = stream.into_split();
        let mut connection = Self {
            reader: FramedRead::new(reader, codec(FRAME_OUT_MAX)),
            writer: FramedWrite::new(writer, codec(FRAME_IN_MAX)),
            last_id: 0,
            hello: HelloReply {
                protocol: 0,
                version: String::new(),
                capabilities: Vec::new(),
                key: None,
                chain: None,
            },
        };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let client = ClientName {
            name: "cli".to_owned(),
            version,
        };
        let hello = Hello {
            protocol: ProtocolRange::OURS,
            client,
            notices: false,
        };
        match connection.ask(Request::Hello(hello)).await? {
            Success::Hello(reply) => connection.hello = reply,
            Success::Status(_) | Success::Reports(_) | Success::Circuit(_) | Success::Done => {
                return Err(unexpected());
            }
        }
        Ok(connection)
    }

    /// What the daemon said of itself.
    #[must_use]
    pub const fn hello(&self) -> &HelloReply {
        &self.hello
    }

    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// The daemon's own, or `daemon_unreachable` when it does not answer.
    pub async fn ask(&mut self, request: Request) -> Result<Success, Problem> {
        time::timeout(ANSWER_MAX, self.exchange(request))
            .await
            .map_err(|_| gone("it did not answer in time"))?
    }

    async fn exchange(&mut self, request: Request) -> Result<Success, Problem> {
        self.last_id = self.last_id.wrapping_add(1);
        let envelope = RequestEnvelope {
            id: self.last_id,
            request,
        };
        let frame = Bytes::from(write_request(&envelope));
        self.writer
            .send(frame)
            .await
            .map_err(|error| gone(&error.to_string()))?;
        while let Some(frame) = self.reader.next().await {
            let frame = frame.map_err(|error| gone(&error.to_string()))?;
            match parse_from_daemon(&frame)? {
                FromDaemon::Reply(reply) if reply.id == Some(envelope.id) => {
                    return match reply.outcome {
                        Outcome::Ok(success) => Ok(success),
                        Outcome::Error(problem) => Err(problem),
                    };
                }
                FromDaemon::Reply(_) | FromDaemon::Notice(_) => {}
            }
        }
        Err(gone("it closed the connection"))
    }
}

fn gone(why: &str) -> Problem {
    Problem::with_detail(ErrorCode::DaemonUnreachable, why)
}

pub(crate) fn unexpected() -> Problem {
    Problem::with_detail(
        ErrorCode::Internal,
        "the daemon answered something else than was asked",
    )
}
