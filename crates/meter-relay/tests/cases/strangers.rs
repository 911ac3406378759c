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

/// Says all that it takes to have payload sent, and is gone before it can be asked about.
const THROW_AND_RUN: &str = r#"
    printf '\005\001\000\005\001\000\003\006a.test\000\120payload' >"/dev/tcp/127.0.0.1/$0""#;

/// What the relay says to a greeting by a process of its own, of another user if one is given.
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
    // Its socket is nobody's any more when it is asked about, most of the times.
    for _ in 0..20 {
        run(Some(NOBODY), THROW_AND_RUN, rig.port).await;
    }
    assert_eq!(answer_to(None, rig.port).await, "5   0", "still served");
    let snapshot = rig.finish_with(0, 0).await;
    assert_eq!(snapshot.connections, 21);
    tor.assert_untouched();
}
