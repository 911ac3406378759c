//! Which port the relay takes when two users of one computer both have the defaults.

use crate::{
    person::{Person, USERS},
    said::Said,
};
use std::path::Path;

/// Runs in a network namespace of its own, in which no other test and no other program has the
/// usual port.
#[expect(clippy::print_stdout, reason = "says what a test leaves out")]
fn in_a_network_of_its_own(script: &str, people: &[&Person]) -> Option<Said> {
    let mut command = std::process::Command::new("unshare");
    command.args([
        "--net",
        "sh",
        "-ec",
        &format!("ip link set lo up\n{script}"),
    ]);
    let program = people.first().map(|person| person.program());
    command.arg(program.expect("somebody"));
    for person in people {
        command.arg(person.home());
    }
    let said = Said::of(command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"));
    if said.text.contains("unshare:") {
        println!("not checked: no network of its own here: {}", said.text);
        return None;
    }
    Some(said)
}

#[test]
fn the_second_user_of_a_computer_gets_another_port_and_keeps_it() {
    let [Some(first), Some(second)] = USERS.map(Person::ordinary) else {
        return;
    };
    for person in [&first, &second] {
        person.without_tor(&person.root());
    }
    let script = format!(
        "as() {{ HOME=$2 setpriv --reuid $1 --regid $1 --clear-groups \"$0\" $3 $4 || true; }}
         as {one} \"$1\" monitor start; as {two} \"$2\" monitor start
         echo ONE; as {one} \"$1\" status; as {one} \"$1\" doctor
         echo TWO; as {two} \"$2\" status; echo DOCTOR; as {two} \"$2\" doctor
         echo GET; as {two} \"$2\" config get
         as {one} \"$1\" stop; as {two} \"$2\" stop
         echo AGAIN; as {two} \"$2\" monitor start; as {two} \"$2\" status
         echo NAMED; as {two} \"$2\" stop; printf '[relay]\\nport = 9149\\n' >> \
         \"$2/.local/share/onionmeter/config.toml\"
         as {one} \"$1\" monitor start
         as {two} \"$2\" monitor start; as {two} \"$2\" status
         as {one} \"$1\" stop; as {two} \"$2\" stop",
        one = USERS[0],
        two = USERS[1],
    );
    let Some(said) = in_a_network_of_its_own(&script, &[&first, &second]) else {
        return;
    };
    let text = said.text;
    let part = |from: &str, to: &str| {
        let after = text
            .split(from)
            .nth(1)
            .unwrap_or_else(|| panic!("{from}: {text}"));
        after.split(to).next().unwrap_or_default().to_owned()
    };
    let one = part("ONE\n", "TWO\n");
    assert!(one.contains("127.0.0.1:9149"), "{text}");
    let two = part("TWO\n", "AGAIN\n");
    let port: u16 = two
        .split("127.0.0.1:")
        .nth(1)
        .and_then(|rest| rest.get(..5)?.parse().ok())
        .unwrap_or_else(|| panic!("no port: {text}"));
    assert!((19_149..19_249).contains(&port), "{text}");
    let because = "because 9149 was taken by another program";
    for place in [
        part("TWO\n", "DOCTOR\n"),
        part("DOCTOR\n", "GET\n"),
        part("GET\n", "AGAIN\n"),
    ] {
        assert!(place.contains(because), "{place}");
        assert!(place.contains(&port.to_string()), "{place}");
        assert!(
            !place.contains("stop it") && !place.contains("not in force"),
            "{place}"
        );
    }
    let again = part("AGAIN\n", "NAMED\n");
    assert!(
        again.contains(&format!("127.0.0.1:{port}")),
        "it stays when 9149 is free: {again}"
    );
    let named = part("NAMED\n", "never");
    assert!(
        named.contains("Another program has the relay"),
        "a named port is never replaced: {named}"
    );
    assert!(Path::new(&second.root()).join("relay-port").is_file());
}
