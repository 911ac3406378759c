//! The embedded Tor inside this process, controlled with lines as the daemon does.

use std::{os::unix::fs::DirBuilderExt, path::PathBuf, time::Duration};

use meter_arti::{Ended, Secrets};
use meter_embedded::{
    EmbeddedCommand, EmbeddedEvent, EmbeddedSetup, EmbeddedWay, parse_embedded_event,
    write_embedded_command,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex},
    task::JoinSet,
    time::timeout,
};

/// Longer than anything here takes on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
const PIPE_BYTES: usize = 64 * 1024;

/// A network with a single authority, which does not exist. It keeps the tests off the public
/// network.
pub(crate) const NOWHERE: &str = "\
[[tor_network.fallback_caches]]
rsa_identity = \"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\"
ed_identity = \"lviF3ZJEbUFT0MObt6JAglyD/cNeUoK5ruSkGryKAr0\"
orports = [\"127.0.0.1:1\"]
[tor_network.authorities]
v3idents = [\"FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\"]
uploads = [[\"127.0.0.1:1\"]]
downloads = [[\"127.0.0.1:1\"]]
votes = [[\"127.0.0.1:1\"]]
";

pub(crate) struct Child {
    pub(crate) folder: tempfile::TempDir,
    commands: Option<DuplexStream>,
    events: BufReader<DuplexStream>,
    running: JoinSet<Ended>,
}

impl Child {
    /// A child that has received nothing yet.
    pub(crate) fn new() -> Self {
        Self::with_log(|_, _| {})
    }

    fn with_log(set_up_log: impl FnOnce(&str, Secrets) + Send + 'static) -> Self {
        let (input, commands) = duplex(PIPE_BYTES);
        let (events, output) = duplex(PIPE_BYTES);
        let mut running = JoinSet::new();
        running.spawn(meter_arti::run(input, output, set_up_log));
        Self {
            folder: tempfile::Builder::new()
                .prefix("om")
                .tempdir_in("/tmp")
                .unwrap(),
            commands: Some(commands),
            events: BufReader::new(events),
            running,
        }
    }

    /// A child that was told to begin with this configuration of Arti.
    pub(crate) async fn begun(arti: &str) -> Self {
        Self::begun_on(arti, EmbeddedWay::Straight, |_, _| {}).await
    }

    /// A child that was told to begin with this configuration of Arti and this way.
    pub(crate) async fn begun_on(
        arti: &str,
        way: EmbeddedWay,
        set_up_log: impl FnOnce(&str, Secrets) + Send + 'static,
    ) -> Self {
        let mut child = Self::with_log(set_up_log);
        let data = child.folder.path().join("data");
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&data)
            .unwrap();
        let setup = EmbeddedSetup {
            data_dir: data.to_str().unwrap().into(),
            socks: child.socket().to_str().unwrap().into(),
            arti: arti.into(),
            log_level: "warn".into(),
            way,
        };
        child.say(&EmbeddedCommand::Begin(setup)).await;
        child
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socks")
    }

    pub(crate) async fn say(&mut self, command: &EmbeddedCommand) {
        self.write(&write_embedded_command(command)).await;
    }

    pub(crate) async fn write(&mut self, line: &[u8]) {
        self.commands
            .as_mut()
            .unwrap()
            .write_all(line)
            .await
            .unwrap();
    }

    /// The next event; `None` at the end.
    pub(crate) async fn hear(&mut self) -> Option<EmbeddedEvent> {
        let mut line = Vec::new();
        let read = self.events.read_until(b'\n', &mut line);
        timeout(LIMIT, read).await.unwrap().unwrap();
        (!line.is_empty()).then(|| parse_embedded_event(&line).unwrap())
    }

    /// Closes its stdin and waits for its end.
    pub(crate) async fn orphaned(mut self) -> Ended {
        drop(self.commands.take());
        let ended = timeout(LIMIT, self.running.join_next()).await.unwrap();
        ended.unwrap().unwrap()
    }
}
