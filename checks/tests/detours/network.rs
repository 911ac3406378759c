//! A network namespace with one address, which can be exchanged for another.

use tokio::process::Command;

/// Where connections to 127.0.0.1 come from there: not from 127.0.0.1, which cannot be taken away.
const ADDRESS: &str = "10.9.0.2";
const ELSEWHERE: &str = "10.9.0.3";

/// What runs a program, whose command line is to follow, in a new one.
pub(crate) fn new(more: &str) -> Command {
    // Root needs no namespace of users to make one of networks, and may not be given any.
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

/// What runs a program, whose command line is to follow, in that of this process.
pub(crate) fn of(process: u32) -> Vec<String> {
    let is_root = rustix::process::geteuid().is_root();
    let target = ["nsenter", "--target", &process.to_string(), "--net"].map(str::to_owned);
    let user = ["--user", "--preserve-credentials"].map(str::to_owned);
    let user = user.into_iter().filter(|_| !is_root);
    target.into_iter().chain(user).collect()
}

/// The same, as the beginning of a command.
pub(crate) fn command_in(process: u32) -> Command {
    let enter = of(process);
    let mut command = Command::new(&enter[0]);
    command.args(&enter[1..]);
    command
}

/// Exchanges its address: what is connected from the old one is cut off without a word.
pub(crate) async fn moves(process: u32) {
    let other = with_address(ELSEWHERE);
    let gone = format!("{other} && ip address del {ADDRESS}/32 dev lo");
    inside(process, &gone).await;
}

/// Runs a command there; what it printed.
pub(crate) async fn inside(process: u32, command: &str) -> Vec<u8> {
    let ran = command_in(process)
        .args(["sh", "-c", command])
        .output()
        .await
        .expect("`nsenter` of util-linux");
    assert!(ran.status.success(), "{command}: {ran:?}");
    ran.stdout
}
