//! A network namespace with one address, which can be replaced by another.

use tokio::process::Command;

/// The source address of connections to 127.0.0.1 there. It is not 127.0.0.1, because that one
/// cannot be removed.
const ADDRESS: &str = "10.9.0.2";
const ELSEWHERE: &str = "10.9.0.3";

/// The beginning of a command that runs a program in a new network namespace; the program's command
/// line follows.
pub(crate) fn new(more: &str) -> Command {
    // Root needs no user namespace to make a network namespace, and may not be allowed to make one.
    let is_root = rustix::process::geteuid().is_root();
    let user = (!is_root).then_some("--map-root-user");
    let set_up = format!("{}{more} && exec \"$0\" \"$@\"", with_address(ADDRESS));
    let mut command = Command::new("unshare");
    command.args(user).args(["--net", "sh", "-c", &set_up]);
    command
}

fn with_address(address: &str) -> String {
    format!(
        "ip link set lo up && ip address add {address}/32 dev lo && \
         ip route replace local 127.0.0.1 dev lo table local proto kernel scope host src {address}"
    )
}

/// The beginning of a command that runs a program in the network namespace of this process; the
/// program's command line follows.
pub(crate) fn of(process: u32) -> Vec<String> {
    let is_root = rustix::process::geteuid().is_root();
    let target = ["nsenter", "--target", &process.to_string(), "--net"].map(str::to_owned);
    let user = ["--user", "--preserve-credentials"].map(str::to_owned);
    let user = user.into_iter().filter(|_| !is_root);
    target.into_iter().chain(user).collect()
}

/// The same as a [`Command`].
pub(crate) fn command_in(process: u32) -> Command {
    let enter = of(process);
    let mut command = Command::new(&enter[0]);
    command.args(&enter[1..]);
    command
}

/// Replaces its address. Connections from the old address are cut off, and neither side is told.
pub(crate) async fn moves(process: u32) {
    let other = with_address(ELSEWHERE);
    let gone = format!("{other} && ip address del {ADDRESS}/32 dev lo");
    inside(process, &gone).await;
}

/// Runs a command there and returns its output.
pub(crate) async fn inside(process: u32, command: &str) -> Vec<u8> {
    let ran = command_in(process)
        .args(["sh", "-c", command])
        .output()
        .await
        .expect("`nsenter` of util-linux");
    assert!(ran.status.success(), "{command}: {ran:?}");
    ran.stdout
}
