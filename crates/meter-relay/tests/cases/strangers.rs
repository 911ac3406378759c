//! S-23: other users of this machine. Only root can play another user, so only root can check it.

use std::process::Stdio;

use tokio::process::Command;

use crate::support::{
    fake_tor::FakeTor,
    rig::{Rig, soon},
};

/// Greets the relay and prints the two bytes of its answer as numbers.
const GREET: &str = r#"exec 3<>"/dev/tcp/127.0.0.1/$0"
    printf '\005\001\000' >&3
    head -c 2 <&3 | od -An -tu1"#;
const NOBODY: &str = "65534";

/// What the relay says to a greeting by a process of its own, of another user if one is given.
async fn answer_to(user: Option<&str>, port: u16) -> String {
    let mut command = match user {
        None => Command::new("bash"),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", user, "--clear-groups", "bash"]);
            command
        }
    };
    command.args(["-c", GREET, &port.to_string()]);
    command.stderr(Stdio::null()).kill_on_drop(true);
    let output = soon(command.output()).await.unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn s_23_another_users_connection_is_closed_without_a_word_and_counted() {
    if !rustix::process::geteuid().is_root() {
        println!("not checked: only root can act as another user");
        return;
    }
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    assert_eq!(answer_to(None, rig.port).await, "5   0", "our own process");
    assert_eq!(answer_to(Some(NOBODY), rig.port).await, "");
    assert_eq!(answer_to(Some(NOBODY), rig.port).await, "");
    assert_eq!(answer_to(None, rig.port).await, "5   0", "as before");
    tor.assert_untouched();
    let snapshot = rig.finish_with(0, 0).await;
    assert_eq!(
        (snapshot.connections, snapshot.foreign, snapshot.refused),
        (4, 2, 2)
    );
}
