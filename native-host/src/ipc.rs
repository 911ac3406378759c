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
    let mut daemon = start(home).map_err(|error| unreachable(error.to_string()))?;
    let deadline = time::Instant::now() + START_MAX;
    while time::Instant::now() < deadline {
        if let Ok(stream) = connect(home).await {
            return Ok(stream);
        }
        // Status 0 means that another daemon was quicker; ours left it the field.
        if let Ok(Some(status)) = daemon.try_wait()
            && !status.success()
        {
            return Err(unreachable(format!(
                "it ended with {status}; see {}",
                home.log().display()
            )));
        }
        time::sleep(START_POLL).await;
    }
    Err(unreachable("it did not answer in time".to_owned()))
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
            Success::Status(_) | Success::Reports(_) | Success::Done => return Err(unexpected()),
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
