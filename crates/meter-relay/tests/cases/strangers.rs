//! S-23: other users of this machine. Only root can act as another user, so the tests need root.

use std::process::Stdio;

use tokio::process::Command;

use crate::support::{
    fake_tor::FakeTor,
    rig::{Rig, soon},
};

/// Sends the relay a greeting and prints the two bytes of its answer as numbers.
const GREET: &str = r#"exec 3<>"/dev/tcp/127.0.0.1/$0"
    printf '\005\001\000' >&3
    head -c 2 <&3 | od -An -tu1"#;
const NOBODY: &str = "65534";

/// Sends everything that is needed to send payload, and ends before the relay can ask for its
/// owner.
const THROW_AND_RUN: &str = r#"
    printf '\005\001\000\005\001\000\003\006a.test\000\120payload' >"/dev/tcp/127.0.0.1/$0""#;

/// Returns the relay's answer to a greeting from another process, of another user if one is given.
async fn answer_to(user: Option<&str>, port: u16) -> String {
    run(user, GREET, port).await
}

async fn run(user: Option<&str>, script: &str, port: u16) -> String {
    let mut command = match user {
        None => Command::new("bash"),
        Some(user) => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", user, "--clear-groups", "bash"]);
            command
        }
    };
    command.args(["-c", script, &port.to_string()]);
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

#[tokio::test]
async fn s_23_another_user_who_leaves_at_once_has_nothing_sent_either() {
    if !rustix::process::geteuid().is_root() {
        println!("not checked: only root can act as another user");
        return;
    }
    let tor = FakeTor::start();
    let rig = Rig::before(&tor);
    // Mostly the socket no longer has an owner when the relay asks for it.
    for _ in 0..20 {
        run(Some(NOBODY), THROW_AND_RUN, rig.port).await;
    }
    assert_eq!(answer_to(None, rig.port).await, "5   0", "still served");
    let snapshot = rig.finish_with(0, 0).await;
    assert_eq!(snapshot.connections, 21);
    tor.assert_untouched();
}
