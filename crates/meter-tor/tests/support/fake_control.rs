//! A scripted control port on a real loopback socket.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Mutex as AsyncMutex, mpsc},
    task::JoinSet,
};

pub(crate) const COOKIE: [u8; 32] = [0x42; 32];

/// The behaviour of the fake.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) methods: &'static str,
    pub(crate) cookie_file: Option<PathBuf>,
    pub(crate) version: &'static str,
    pub(crate) is_honest: bool,
    /// Closes the connection at this command, this many times.
    pub(crate) hang_up_at: (&'static str, usize),
    /// Replies that replace the usual ones, by the beginning of the command.
    pub(crate) instead: Vec<(&'static str, Vec<u8>)>,
    pub(crate) phase: String,
    pub(crate) socks: String,
}

impl Script {
    /// A Tor that is ready, with its cookie in `folder` and one SOCKS port.
    pub(crate) fn ready(folder: &Path, socks: SocketAddr) -> Self {
        let cookie_file = folder.join("control_auth_cookie");
        std::fs::write(&cookie_file, COOKIE).unwrap();
        Self {
            methods: "COOKIE,SAFECOOKIE",
            cookie_file: Some(cookie_file),
            version: "0.4.9.11",
            is_honest: true,
            hang_up_at: ("", 0),
            instead: Vec::new(),
            phase: phase(100, "done", "Done"),
            socks: format!("\"{socks}\""),
        }
    }
}

pub(crate) fn phase(percent: u8, tag: &str, summary: &str) -> String {
    format!("NOTICE BOOTSTRAP PROGRESS={percent} TAG={tag} SUMMARY=\"{summary}\"")
}

/// The running fake. Ends when dropped.
pub(crate) struct FakeControl {
    pub(crate) address: SocketAddr,
    commands: Arc<Mutex<Vec<String>>>,
    events: mpsc::Sender<Option<String>>,
    _server: JoinSet<()>,
}

impl FakeControl {
    pub(crate) async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let commands = Arc::new(Mutex::new(Vec::new()));
        let (events, inbox) = mpsc::channel(2_000);
        let mut server = JoinSet::new();
        let (log, inbox) = (Arc::clone(&commands), Arc::new(AsyncMutex::new(inbox)));
        server.spawn(async move {
            let mut script = script;
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                // A connection that fails is the client's concern.
                drop(serve(stream, &mut script, &log, &inbox).await);
            }
        });
        Self {
            address,
            commands,
            events,
            _server: server,
        }
    }

    /// Sends an event (without its `650 `) on the open connection.
    pub(crate) async fn say(&self, event: impl Into<String>) {
        self.events.send(Some(event.into())).await.unwrap();
    }

    /// Closes the open connection.
    pub(crate) async fn hang_up(&self) {
        self.events.send(None).await.unwrap();
    }

    /// Whether a command with this beginning was received.
    pub(crate) fn heard(&self, beginning: &str) -> bool {
        self.commands
            .lock()
            .unwrap()
            .iter()
            .any(|line| line.starts_with(beginning))
    }
}

async fn serve(
    stream: TcpStream,
    script: &mut Script,
    log: &Mutex<Vec<String>>,
    events: &AsyncMutex<mpsc::Receiver<Option<String>>>,
) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut challenge = Vec::new();
    let mut events = events.lock().await;
    let mut is_subscribed = false;
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line?,
            event = events.recv(), if is_subscribed => match event.flatten() {
                Some(event) => {
                    write.write_all(format!("650 {event}\r\n").as_bytes()).await?;
                    continue;
                }
                None => return Ok(()),
            },
        };
        let Some(line) = line else { return Ok(()) };
        log.lock().unwrap().push(line.clone());
        let (hang_up_at, times) = &mut script.hang_up_at;
        if *times > 0 && line.starts_with(*hang_up_at) {
            *times -= 1;
            return Ok(());
        }
        is_subscribed |= line.starts_with("GETINFO status/bootstrap-phase");
        write
            .write_all(&reply(script, &line, &mut challenge))
            .await?;
    }
}

fn reply(script: &Script, line: &str, challenge: &mut Vec<u8>) -> Vec<u8> {
    if let Some((_, bytes)) = script
        .instead
        .iter()
        .find(|(start, _)| line.starts_with(start))
    {
        return bytes.clone();
    }
    let text = if line == "PROTOCOLINFO 1" {
        let file = script.cookie_file.as_ref();
        let file = file.map_or(String::new(), |path| {
            format!(" COOKIEFILE=\"{}\"", path.display())
        });
        format!(
            "250-PROTOCOLINFO 1\r\n250-AUTH METHODS={}{file}\r\n250-VERSION Tor=\"{}\"\r\n250 \
             OK\r\n",
            script.methods, script.version
        )
    } else if let Some(nonce) = line.strip_prefix("AUTHCHALLENGE SAFECOOKIE ") {
        let server_nonce = [0x17; 32];
        *challenge = [&COOKIE[..], &hex::decode(nonce).unwrap(), &server_nonce].concat();
        let mut hash = mac("server-to-controller", challenge);
        hash[0] ^= u8::from(!script.is_honest);
        let (hash, nonce) = (hex::encode(hash), hex::encode(server_nonce));
        format!("250 AUTHCHALLENGE SERVERHASH={hash} SERVERNONCE={nonce}\r\n")
    } else if let Some(proof) = line.strip_prefix("AUTHENTICATE") {
        let expected = hex::encode_upper(mac("controller-to-server", challenge));
        let is_right = script.methods == "NULL" || proof.trim() == expected;
        if is_right {
            "250 OK\r\n".into()
        } else {
            "515 Authentication failed\r\n".into()
        }
    } else if line == "GETINFO net/listeners/socks" {
        format!("250-net/listeners/socks={}\r\n250 OK\r\n", script.socks)
    } else if line == "GETINFO status/bootstrap-phase" {
        // A pending event arrives before the answer, as Tor may send it.
        format!(
            "650 STATUS_CLIENT {}\r\n250-status/bootstrap-phase={}\r\n250 OK\r\n",
            phase(3, "older", "Older"),
            script.phase
        )
    } else if line.starts_with("SETEVENTS ") {
        "250 OK\r\n".into()
    } else {
        "510 Unrecognized command\r\n".into()
    };
    text.into_bytes()
}

fn mac(direction: &str, message: &[u8]) -> [u8; 32] {
    let key = format!("Tor safe cookie authentication {direction} hash");
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.chain_update(message).finalize().into_bytes().into()
}
