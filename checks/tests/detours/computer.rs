//! A computer that can sleep and lose its power, in the network of a [`Place`]: Linux under QEMU,
//! with the program and `tor`. A container cannot do either by itself, only together with all
//! others.

mod daemon;
mod disk;

pub(crate) use daemon::{Daemon, POLL};

use crate::{LIMIT, network, place::Place};
use anyhow::{Context as _, Result, bail};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::UnixStream,
    process::{Child, ChildStdin, ChildStdout},
    time::{sleep, timeout},
};

/// Its address in the network that QEMU makes for it.
const ADDRESS: &str = "10.0.2.15";
/// The address at which it reaches the place's loopback.
const LOOPBACK_OF_PLACE: &str = "10.0.2.2";
/// The port at which it takes scripts.
const SHELL: u16 = 22;

/// A running computer.
pub(crate) struct Computer {
    qemu: Child,
    _orders: ChildStdin,
    events: Lines<BufReader<ChildStdout>>,
    folder: PathBuf,
    _ways_in: Vec<Child>,
}

impl Computer {
    /// Starts a computer in this place. Its files are in `folder`, which is made at its first
    /// start; its `/home` stays from one start to the next. A socket leads to each of its `ports`.
    ///
    /// # Errors
    /// QEMU, a kernel for it or a program is missing, or it does not start.
    pub(crate) async fn boot(place: &Place, folder: &Path, ports: &[u16]) -> Result<Self> {
        if !folder.try_exists()? {
            fs::create_dir(folder)?;
            disk::make(folder).await?;
        }
        let ports: Vec<u16> = ports.iter().copied().chain([SHELL]).collect();
        let mut qemu = qemu(place, folder, &ports)?;
        let mut orders = qemu.stdin.take().context("piped")?;
        orders
            .write_all(br#"{"execute":"qmp_capabilities"}"#)
            .await?;
        let events = BufReader::new(qemu.stdout.take().context("piped")?).lines();
        let mut ways_in = Vec::new();
        for port in ports {
            let address = format!("127.0.0.1:{}", outside(port));
            let socket = socket(folder, port);
            if socket.try_exists()? {
                fs::remove_file(&socket)?;
            }
            ways_in.push(place.way_in(&socket, &address).await);
        }
        let computer = Self {
            qemu,
            _orders: orders,
            events,
            folder: folder.to_owned(),
            _ways_in: ways_in,
        };
        let listens = timeout(LIMIT, computer.listens()).await;
        listens.with_context(|| computer.console())?;
        Ok(computer)
    }

    async fn listens(&self) {
        // A question that was sent too early may wait for long.
        let answer = || timeout(Duration::from_secs(2), self.shell("echo here"));
        while answer().await.unwrap_or_default() != "here\n" {
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// The socket that leads to this port of the computer.
    pub(crate) fn socket(&self, port: u16) -> PathBuf {
        socket(&self.folder, port)
    }

    /// Runs a script on the computer and returns its output; an empty text if the computer does not
    /// listen yet.
    pub(crate) async fn shell(&self, script: &str) -> String {
        let ran = async {
            let mut shell = UnixStream::connect(self.socket(SHELL)).await?;
            let whole = format!("{{ {script}\n}} 2>&1\nexit\n");
            shell.write_all(whole.as_bytes()).await?;
            let mut printed = String::new();
            shell.read_to_string(&mut printed).await?;
            anyhow::Ok(printed)
        };
        let ran = timeout(LIMIT, ran).await;
        ran.expect("an end").unwrap_or_default()
    }

    /// Makes it sleep, in memory only (S3 of ACPI), until its own clock wakes it; runs `meanwhile`
    /// during the sleep.
    ///
    /// # Errors
    /// It does not fall asleep or wake up.
    pub(crate) async fn sleep(
        &mut self,
        seconds: u32,
        meanwhile: impl Future<Output = ()>,
    ) -> Result<()> {
        let alarm = "/sys/class/rtc/rtc0/wakealarm";
        let script = format!(
            "echo deep >/sys/power/mem_sleep
             {{ sleep 1; echo 0 >{alarm}; echo +{seconds} >{alarm}; echo mem >/sys/power/state; }} \
             </dev/null >/dev/null 2>&1 &"
        );
        assert_eq!(self.shell(&script).await, "");
        self.event("SUSPEND").await?;
        meanwhile.await;
        self.event("WAKEUP").await
    }

    async fn event(&mut self, name: &str) -> Result<()> {
        let named = format!("\"event\": \"{name}\"");
        let came = async {
            while let Some(line) = self.events.next_line().await? {
                if line.contains(&named) {
                    return Ok(());
                }
            }
            bail!("QEMU ended")
        };
        let came = timeout(LIMIT, came).await;
        came.with_context(|| format!("no {name}\n{}", self.console()))?
    }

    /// Cuts its power. Its disk keeps what it was told to write, for the next start.
    ///
    /// # Errors
    /// QEMU has ended already.
    pub(crate) async fn unplug(mut self) -> Result<()> {
        Ok(self.qemu.kill().await?)
    }

    fn console(&self) -> String {
        fs::read_to_string(self.folder.join(CONSOLE)).unwrap_or_default()
    }
}

fn qemu(place: &Place, folder: &Path, ports: &[u16]) -> Result<Child> {
    let mut network = "user,model=virtio".to_owned();
    for port in ports {
        let outside = outside(*port);
        network.push_str(&format!(",hostfwd=tcp:127.0.0.1:{outside}-:{port}"));
    }
    let home = folder.join(disk::HOME);
    let home = home.display();
    let mut qemu = network::command_in(place.process());
    qemu.args(["qemu-system-x86_64", "-nodefaults", "-no-user-config"])
        .args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"])
        .args(["-m", "1024", "-display", "none", "-nic", &network])
        .args(["-qmp", "stdio", "-drive"])
        .arg(format!("file={home},if=virtio,format=raw"))
        .arg("-serial")
        .arg(format!("file:{}", folder.join(CONSOLE).display()))
        // A kernel that tests its timer ends in a panic if this computer is too busy to emulate it.
        .args([
            "-no-reboot",
            "-append",
            "console=ttyS0 quiet panic=-1 no_timer_check",
        ])
        .arg("-kernel")
        .arg(disk::kernel()?.join("vmlinuz"))
        .arg("-initrd")
        .arg(folder.join(disk::SYSTEM))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    Ok(qemu.spawn()?)
}

fn socket(folder: &Path, port: u16) -> PathBuf {
    folder.join(format!("port{port}"))
}

/// The port in the place that leads to a port of the computer; nothing else listens there.
const fn outside(port: u16) -> u16 {
    20_000 + port
}

const CONSOLE: &str = "console";
