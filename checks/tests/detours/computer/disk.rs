//! The contents of its disks: the system, as an archive that Linux loads as its first file system,
//! and `/home`.

use super::{ADDRESS, LOOPBACK_OF_PLACE, SHELL};
use anyhow::{Context as _, Result, ensure};
use checks::stage::program;
use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};
use tokio::process::Command;

/// The file of the system.
pub(super) const SYSTEM: &str = "system";
/// The file of its `/home`.
pub(super) const HOME: &str = "home";
const HOME_BYTES: u64 = 64 << 20;
/// In the order in which they depend on each other.
const MODULES: [&str; 11] = [
    "virtio_ring",
    "virtio",
    "virtio_pci_modern_dev",
    "virtio_pci_legacy_dev",
    "virtio_pci",
    "virtio_blk",
    "failover",
    "net_failover",
    "virtio_net",
    // With these the kernel tells which user a connection belongs to.
    "inet_diag",
    "tcp_diag",
];

/// The folder with a kernel and its modules.
///
/// # Errors
/// No kernel is installed.
pub(super) fn kernel() -> Result<PathBuf> {
    let tools = env::var_os("ONIONMETER_TOOLS").map(PathBuf::from);
    let home = || env::home_dir().map(|home| home.join(".cache/onionmeter/tools"));
    let folder = tools.or_else(home).context("no home")?.join("guest");
    ensure!(
        folder.join("vmlinuz").is_file(),
        "no kernel in {}; ./build.sh test fetches one",
        folder.display()
    );
    Ok(folder)
}

/// Makes both in `folder`.
///
/// # Errors
/// A program is missing, or the disk is full.
pub(super) async fn make(folder: &Path) -> Result<()> {
    let root = folder.join("root");
    for part in ["bin", "etc", "modules"] {
        fs::create_dir_all(root.join(part))?;
    }
    for (path, text) in [
        ("etc/inittab", inittab()),
        ("setup", setup()),
        // Arti looks up the owner of its folders.
        ("etc/passwd", "root:x:0:0::/root:/bin/sh\n".to_owned()),
        ("etc/group", "root:x:0:\n".to_owned()),
    ] {
        fs::write(root.join(path), text)?;
    }
    symlink("bin/busybox", root.join("init"))?;
    symlink("busybox", root.join("bin/sh"))?;
    for name in MODULES {
        let file = format!("{name}.ko");
        fs::copy(kernel()?.join(&file), root.join("modules").join(file))?;
    }
    add(&root, &installed("busybox")?).await?;
    add(&root, &installed("tor")?).await?;
    add(&root, &program()?).await?;
    let system = folder.join(SYSTEM);
    let pack = "cd \"$0\" && find . | busybox cpio -o -H newc >\"$1\"";
    let arguments: [&Path; 4] = [Path::new("-c"), Path::new(pack), &root, &system];
    output("sh", &arguments).await?;
    let home = folder.join(HOME);
    fs::File::create(&home)?.set_len(HOME_BYTES)?;
    output("mkfs.ext4", &[Path::new("-q"), &home]).await?;
    Ok(())
}

fn inittab() -> String {
    format!(
        "::sysinit:/bin/sh /setup\n\
         ::respawn:/bin/nc -ll -p {SHELL} -e /bin/sh\n"
    )
}

fn setup() -> String {
    let modules = MODULES.join(" ");
    format!(
        "/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /tmp /home /root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for name in {modules}; do insmod /modules/$name.ko; done
mount -t ext4 /dev/vda /home
ip link set lo up
ip link set eth0 up
ip address add {ADDRESS}/24 dev eth0
ip route add default via {LOOPBACK_OF_PLACE}
"
    )
}

fn installed(program: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&path).map(|folder| folder.join(program));
    places
        .find(|place| place.is_file())
        .with_context(|| format!("{program} is not installed; ./build.sh test installs it"))
}

/// Adds a program, without its debug information, and the libraries that it needs.
async fn add(root: &Path, program: &Path) -> Result<()> {
    let name = program.file_name().context("a name")?;
    output(
        "strip",
        &[Path::new("-o"), &root.join("bin").join(name), program],
    )
    .await?;
    // `ldd` fails for a program that needs no libraries.
    let needed = output("ldd", &[program]).await.unwrap_or_default();
    let libraries = needed
        .split_whitespace()
        .filter_map(|word| word.strip_prefix('/'));
    for library in libraries {
        let to = root.join(library);
        fs::create_dir_all(to.parent().context("a folder")?)?;
        fs::copy(Path::new("/").join(library), to)?;
    }
    Ok(())
}

async fn output(program: &str, arguments: &[&Path]) -> Result<String> {
    let ran = Command::new(program).args(arguments).output().await;
    let ran = ran.with_context(|| program.to_owned())?;
    ensure!(ran.status.success(), "{program} {arguments:?}: {ran:?}");
    Ok(String::from_utf8(ran.stdout)?)
}
