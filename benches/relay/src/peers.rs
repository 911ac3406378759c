//! The proxies that are measured, and how each is started.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::{process::Tree, socks};

/// A proxy, in the order of the table's columns.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Peer {
    /// No proxy: what the client, the stand-in and the machine can do.
    Direct,
    Ours,
    Limit,
    Haproxy,
    Nginx,
    Naive,
}

impl Peer {
    pub(crate) const ALL: [Self; 6] = [
        Self::Direct,
        Self::Ours,
        Self::Limit,
        Self::Haproxy,
        Self::Nginx,
        Self::Naive,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Ours => "onionmeter",
            Self::Limit => "splice limit",
            Self::Haproxy => "HAProxy",
            Self::Nginx => "nginx",
            Self::Naive => "naive",
        }
    }
}

/// A started proxy; dropping it ends the proxy.
pub(crate) struct Proxy {
    pub(crate) peer: Peer,
    pub(crate) address: SocketAddr,
    pub(crate) tree: Option<Tree>,
    _folder: TempDir,
}

/// Starts a proxy in front of `upstream`. `program` is our own program.
pub(crate) async fn start(peer: Peer, program: &Path, upstream: SocketAddr) -> Result<Proxy> {
    let folder = tempfile::tempdir()?;
    let address = free_address()?;
    let (listen, to) = (address.to_string(), upstream.to_string());
    let mut command = match peer {
        Peer::Direct => {
            return Ok(Proxy {
                peer,
                address: upstream,
                tree: None,
                _folder: folder,
            });
        }
        Peer::Ours => relay(program, &listen, &to),
        Peer::Limit | Peer::Naive => {
            let mut command = Command::new(std::env::current_exe()?);
            let kind = if peer == Peer::Limit {
                "limit"
            } else {
                "naive"
            };
            command.args([kind, &listen, &to]);
            command
        }
        Peer::Haproxy => haproxy(folder.path(), &listen, &to)?,
        Peer::Nginx => nginx(folder.path(), &listen, &to)?,
    };
    started(peer, address, &mut command, folder).await
}

/// Our own relay, with an optimistic port.
pub(crate) async fn start_optimistic(program: &Path, upstream: SocketAddr) -> Result<Proxy> {
    let address = free_address()?;
    let mut command = relay(program, &address.to_string(), &upstream.to_string());
    command.arg("--optimistic");
    started(Peer::Ours, address, &mut command, tempfile::tempdir()?).await
}

/// The whole daemon, with key, book and a Tor that it finds running.
pub(crate) async fn start_daemon(program: &Path, upstream: SocketAddr) -> Result<Proxy> {
    let folder = tempfile::tempdir()?;
    let address = free_address()?;
    let config = format!(
        "[relay]\nport = {}\nconnections_max = 10000\n[daemon]\nidle_exit_s = 0\n\
         [tor]\nbackend = \"existing\"\nsocks_port = {}\n",
        address.port(),
        upstream.port()
    );
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700))?;
    fs::write(folder.path().join("config.toml"), config)?;
    let mut command = Command::new(program);
    command.arg("daemon").env("ONIONMETER_HOME", folder.path());
    let proxy = started(Peer::Ours, address, &mut command, folder).await?;
    // By then the first search for Tor is over, and the start has used all that it needs.
    tokio::time::sleep(Duration::from_secs(3)).await;
    Ok(proxy)
}

fn relay(program: &Path, listen: &str, upstream: &str) -> Command {
    let mut command = Command::new(program);
    command.args(["relay", "--listen", listen, "--upstream", upstream]);
    command
}

async fn started(
    peer: Peer,
    address: SocketAddr,
    command: &mut Command,
    folder: TempDir,
) -> Result<Proxy> {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{} does not start", peer.name()))?;
    let proxy = Proxy {
        peer,
        address,
        tree: Some(Tree(child)),
        _folder: folder,
    };
    wait_for(address).await.with_context(|| peer.name())?;
    Ok(proxy)
}

/// The stand-in for Tor.
pub(crate) async fn start_stub() -> Result<(Tree, SocketAddr)> {
    let address = free_address()?;
    let child = Command::new(std::env::current_exe()?)
        .args(["stub", &address.to_string()])
        .spawn()?;
    let tree = Tree(child);
    wait_for(address).await?;
    Ok((tree, address))
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

async fn wait_for(address: SocketAddr) -> Result<()> {
    for _ in 0..200 {
        if socks::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("does not listen")
}

/// TCP mode, splice in both directions, everything else by default.
fn haproxy(folder: &Path, listen: &str, upstream: &str) -> Result<Command> {
    let config = folder.join("haproxy.cfg");
    let text = format!(
        "global\n  maxconn 9500\n  maxpipes 400\n\
         defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n  \
         option splice-request\n  option splice-response\n\
         listen relay\n  bind {listen} backlog 4096\n  server tor {upstream}\n"
    );
    fs::write(&config, text)?;
    let mut command = Command::new("haproxy");
    command.arg("-db").arg("-f").arg(config);
    Ok(command)
}

fn nginx(folder: &Path, listen: &str, upstream: &str) -> Result<Command> {
    let config = folder.join("nginx.conf");
    let user = if rustix::process::geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    let text = format!(
        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n{user}\ndaemon off;\n\
         worker_processes auto;\nworker_rlimit_nofile 20000;\npid {folder}/pid;\n\
         error_log /dev/null;\n\
         events {{ worker_connections 20000; }}\n\
         stream {{ server {{ listen {listen} backlog=4096; proxy_pass {upstream}; \
         proxy_half_close on; proxy_timeout 1h; tcp_nodelay on; }} }}\n",
        folder = folder.display()
    );
    fs::write(&config, text)?;
    let mut command = Command::new("nginx");
    command
        .arg("-e")
        .arg("/dev/null")
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(config);
    Ok(command)
}
