//! The network of a test, and what arrived outside of it.

use super::{LIMIT, POLL};
use anyhow::{Context as _, Result, bail, ensure};
use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    net::UdpSocket,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tokio::time::Instant;

/// Something that left loopback and arrived outside.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Arrival {
    /// What it was.
    pub kind: Kind,
    /// The name, where the address was given out for one; else the address.
    pub to: String,
    /// The port.
    pub port: u16,
}

/// What arrived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A question for a name's address.
    Dns,
    /// A connection.
    Tcp,
    /// Any other UDP packet: STUN, QUIC, mDNS or another.
    Udp,
}

/// The namespace of this process. Dropping it ends the `outside` program.
pub struct World {
    outside: Child,
    /// Closing it ends the `outside` program.
    _stdin: ChildStdin,
    seen: Arc<Mutex<Vec<Arrival>>>,
    folder: tempfile::TempDir,
}

/// Runs the body of the test called `test` (its name with its modules, as `--exact` takes it) in
/// separate namespaces of networks, mounts and processes. Everything that the test starts ends with
/// it.
///
/// # Errors
/// The body failed, or this process may not make namespaces.
pub fn inside(test: &str, body: impl AsyncFnOnce(World) -> Result<()>) -> Result<()> {
    if env::var_os(INSIDE).is_none() {
        return enter(test);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async { body(World::open().await?).await })
}

/// Starts this test again, inside of the namespaces.
fn enter(test: &str) -> Result<()> {
    // Root needs no user namespace to make the others, and may not be allowed to make one.
    let user = (!rustix::process::geteuid().is_root()).then_some("--map-root-user");
    let output = Command::new("unshare")
        .args(user)
        .args([
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ])
        .arg(env::current_exe()?)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .context("`unshare` of util-linux")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && said.contains("1 passed");
    ensure!(
        passed,
        "{}\n{said}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

impl World {
    async fn open() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp")?;
        let mut outside = Command::new("unshare")
            .arg("--net")
            .arg(crate::stage::built("outside")?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let set_up = format!("{}{SET_UP}", resolver(folder.path())?);
        run(&set_up.replace("OUTSIDE", &outside.id().to_string()))?;
        let mut stdin = outside.stdin.take().context("its stdin")?;
        stdin.write_all(b"\n")?;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut lines = BufReader::new(outside.stdout.take().context("its stdout")?).lines();
        let ready = lines.next().context("the outside ended")??;
        ensure!(ready == "ready", "the outside says {ready}");
        let list = Arc::clone(&seen);
        thread::spawn(move || {
            for arrival in lines.map_while(Result::ok).filter_map(|line| read(&line)) {
                if let Ok(mut list) = list.lock() {
                    list.push(arrival);
                }
            }
        });
        let world = Self {
            outside,
            _stdin: stdin,
            seen,
            folder,
        };
        world.arrivals().await.context("the outside sees nothing")?;
        Ok(world)
    }

    /// A folder of the test's own.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Everything that arrived since the beginning, or since [`Self::forget`]. It includes
    /// everything that was sent before this call.
    ///
    /// # Errors
    /// The `outside` program does not answer.
    pub async fn arrivals(&self) -> Result<Vec<Arrival>> {
        let socket = UdpSocket::bind("10.11.0.2:0")?;
        let port = socket.local_addr()?.port();
        // Packets stay in order, so everything that was sent before the mark arrives before it. On
        // a busy machine a mark may be lost, so it is sent again.
        let mut marked = Instant::now();
        socket.send_to(&[], (MARK, port))?;
        let is_mark = |one: &Arrival| one.kind == Kind::Udp && one.to == MARK && one.port == port;
        let deadline = Instant::now() + LIMIT;
        loop {
            let mut seen = self.seen.lock().ok().context("the list")?.clone();
            if seen.iter().any(is_mark) {
                seen.retain(|one| one.to != MARK);
                return Ok(seen);
            }
            ensure!(Instant::now() < deadline, "the outside does not answer");
            if marked.elapsed() > MARK_AGAIN {
                marked = Instant::now();
                socket.send_to(&[], (MARK, port))?;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Waits until the arrivals are as wanted, and returns them.
    ///
    /// # Errors
    /// They are not within `limit`.
    pub async fn wait_for(
        &self,
        limit: Duration,
        wanted: impl Fn(&[Arrival]) -> bool,
    ) -> Result<Vec<Arrival>> {
        let deadline = Instant::now() + limit;
        loop {
            let arrivals = self.arrivals().await?;
            if wanted(&arrivals) {
                return Ok(arrivals);
            }
            if Instant::now() > deadline {
                bail!("still not as wanted: {arrivals:#?}");
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Forgets all arrivals and counts again from zero.
    ///
    /// # Errors
    /// The `outside` program does not answer.
    pub async fn forget(&self) -> Result<()> {
        self.arrivals().await?;
        self.seen.lock().ok().context("the list")?.clear();
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.outside.kill());
        drop(self.outside.wait());
    }
}

fn read(line: &str) -> Option<Arrival> {
    let mut words = line.split(' ');
    let kind = match words.next()? {
        "dns" => Kind::Dns,
        "tcp" => Kind::Tcp,
        "udp" => Kind::Udp,
        _ => return None,
    };
    Some(Arrival {
        kind,
        to: words.next()?.to_owned(),
        port: words.next()?.parse().ok()?,
    })
}

/// Mounts files over those that name the computer's resolver. Where such a file is a link, its
/// target is covered.
fn resolver(folder: &Path) -> Result<String> {
    let files = [
        ("/etc/resolv.conf", "nameserver 10.11.0.1\n"),
        ("/etc/nsswitch.conf", "hosts: files dns\n"),
    ];
    let mut mounts = String::new();
    for (path, text) in files {
        let Ok(path) = fs::canonicalize(path) else {
            continue;
        };
        let name = path.file_name().context("a name")?;
        let ours = folder.join(name);
        fs::write(&ours, text)?;
        mounts += &format!("mount --bind '{}' '{}' && ", ours.display(), path.display());
    }
    Ok(mounts)
}

fn run(script: &str) -> Result<()> {
    let output = Command::new("sh").args(["-c", script]).output()?;
    ensure!(output.status.success(), "{script}: {output:?}");
    Ok(())
}

const INSIDE: &str = "ONIONMETER_INSIDE";
const SET_UP: &str = "ip link set lo up && ip link add out type veth peer name in netns OUTSIDE && \
    ip address add 10.11.0.2/24 dev out && ip address add fd00:11::2/64 dev out nodad && \
    ip link set out up && ip route add default via 10.11.0.1 && ip -6 route add default via \
    fd00:11::1";
/// The address of the mark, from a range for documentation that no computer has (RFC 5737).
const MARK: &str = "203.0.113.113";
const MARK_AGAIN: Duration = Duration::from_secs(1);
