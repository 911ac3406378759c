//! `onionmeter serve` as people and programs use it. The forms of bad requests are in
//! `crates/meter-face/tests`; here are the rows H-16 to H-18, which need the whole program.

use crate::{
    said::Said,
    support::{TestHome, connect, hold_port},
};
use meter_fixtures::script;
use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::net::TcpSocket;

/// A running server of a home. Dropping it ends it.
struct Server {
    child: Child,
    port: u16,
    token: String,
    link: String,
    _held: TcpSocket,
}

impl Server {
    fn start(home: &TestHome) -> Self {
        Self::run(home.command(&["serve"]), home)
    }

    fn run(mut command: Command, home: &TestHome) -> Self {
        let (port, held) = hold_port();
        let mut child = command
            .args(["--port", &port.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdout = child.stdout.take().expect("piped");
        let mut lines = BufReader::new(stdout).lines();
        let mut link = None;
        // To its last line, since a program whose reader has closed ends.
        for line in lines.by_ref().map(|line| line.expect("text")) {
            if line.starts_with("http://127.0.0.1:") {
                link = Some(line);
            } else if line.starts_with("For programs") {
                break;
            }
        }
        let token = fs::read_to_string(home.root().join("http-token")).expect("a token");
        Self {
            child,
            port,
            token: token.trim().to_owned(),
            link: link.expect("a link"),
            _held: held,
        }
    }

    /// Status and body of one request.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut tcp = connect(([127, 0, 0, 1], self.port).into());
        let (port, token, length) = (self.port, &self.token, body.len());
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
             Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        tcp.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).expect("read");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an answer");
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let json = serde_json::from_str(body).unwrap_or(Value::Null);
        (status.expect("a status"), json)
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.ask("GET", path, "")
    }

    #[track_caller]
    fn post(&self, path: &str, body: &str) -> Value {
        let (status, answer) = self.ask("POST", path, body);
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    fn end(mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("ours");
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn the_server_starts_the_daemon_and_speaks_for_it() {
    let home = TestHome::new();
    let server = Server::start(&home);
    assert!(home.daemon_pid().is_some(), "it keeps a daemon");
    let (status, tor) = server.get("/api/tor/status");
    assert_eq!(
        (status, &tor["relay"]["isListening"]),
        (200, &Value::Bool(true)),
        "{tor}"
    );
    assert_eq!(tor["relay"]["port"], home.relay_port);
    let config = server.get("/api/tor/traffic-config").1;
    assert_eq!(config["proxyPort"], home.relay_port);
    assert_eq!(server.get("/api/tor/traffic-stats").1["totalBytesIn"], 0);

    server.post("/api/tor/monitoring/stop", "");
    let (status, config) = server.get("/api/tor/traffic-config");
    assert_eq!(
        (status, &config["error"]["code"]),
        (409, &"relay_stopped".into())
    );
    assert_eq!(
        server.get("/api/tor/monitoring/stats").1["isMonitoring"],
        false
    );
    server.post("/api/tor/monitoring/start", "");
    assert_eq!(
        server.get("/api/tor/monitoring/stats").1["isMonitoring"],
        true
    );

    server.post(
        "/api/tor/thresholds",
        r#"{"minBytes": 10000, "minDuration": 10}"#,
    );
    let said = Said::of(&mut home.command(&["thresholds", "--json"]));
    said.expect(
        0,
        &["\"min_bytes\": \"10000\"", "\"min_duration_ms\": \"10000\""],
    );

    let chain = tor["chain"].as_str().expect("a chain");
    let (status, balance) = server.get(&format!("/api/sessions/balance/{chain}"));
    assert_eq!(
        (status, &balance["claimed"]),
        (200, &"0.0".into()),
        "{balance}"
    );
    assert_eq!(server.end(), Some(0), "asked to end, it ends well");
}

#[test]
fn a_daemon_that_runs_is_used_and_one_that_was_stopped_stays_stopped_until_something_starts() {
    let home = TestHome::new();
    Said::of(&mut home.command(&["monitor", "start"])).expect(0, &[]);
    let before = home.daemon_pid().expect("it runs");
    let server = Server::start(&home);
    assert_eq!(home.daemon_pid(), Some(before), "the same daemon");
    Said::of(&mut home.command(&["stop"])).expect(0, &["stopped"]);
    let (status, answer) = server.get("/api/tor/status");
    assert_eq!(
        (status, &answer["error"]["code"]),
        (503, &"daemon_unreachable".into())
    );
    assert!(home.daemon_pid().is_none(), "a question starts none");
    server.post("/api/tor/monitoring/start", "");
    assert!(home.daemon_pid().is_some_and(|pid| pid != before));
    assert_eq!(server.get("/api/tor/status").0, 200);
}

#[test]
fn the_link_of_the_command_gives_the_page_its_token_once() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let (address, code) = server.link.split_once("/#").expect("a code");
    assert_eq!(address, format!("http://127.0.0.1:{}", server.port));
    let login = format!("{{\"link\": \"{code}\"}}");
    assert_eq!(
        server.post("/api/login", &login)["token"],
        server.token.as_str()
    );
    assert_eq!(server.ask("POST", "/api/login", &login).0, 401, "once");
    let port = server.port.to_string();
    let another = home.run(&["serve", "--link", "--port", &port, "--json"]);
    let another: Value = serde_json::from_slice(&another.stdout).expect("an object");
    let code = another["link"]
        .as_str()
        .and_then(|link| link.split_once("/#"));
    let login = format!("{{\"link\": \"{}\"}}", code.expect("a code").1);
    assert_eq!(
        server.post("/api/login", &login)["token"],
        server.token.as_str()
    );
    let log = fs::read_to_string(home.root().join("log/onionmeter.log")).expect("a log");
    assert!(!log.contains(&server.token) && !log.contains(code.expect("a code").1));
}

#[test]
fn the_browser_is_started_without_a_secret_and_its_page_gets_the_token_once() {
    let home = TestHome::new();
    let opener = home.user().join("xdg-open");
    let said = home.user().join("opened");
    let script = "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$HOME/opening\"\n\
                  mv \"$HOME/opening\" \"$HOME/opened\"\n";
    script::put(&opener, script).expect("a script");
    let mut command = home.command(&["serve", "--open"]);
    command.env("PATH", format!("{}:/usr/bin:/bin", home.user().display()));
    let server = Server::run(command, &home);
    let limit = Instant::now() + Duration::from_secs(60);
    while !said.is_file() {
        assert!(Instant::now() < limit, "no browser was started");
        std::thread::sleep(Duration::from_millis(20));
    }
    let page = fs::read_to_string(&said).expect("read");
    assert_eq!(page, format!("http://127.0.0.1:{}/#open\n", server.port));
    let login = r#"{"link": "open"}"#;
    assert_eq!(
        server.post("/api/login", login)["token"],
        server.token.as_str()
    );
    assert_eq!(server.ask("POST", "/api/login", login).0, 401, "once");
    let without = Server::start(&home);
    assert_eq!(without.ask("POST", "/api/login", login).0, 401, "no --open");
}

#[test]
fn events_tell_that_a_daemon_was_stopped_and_started_again_and_that_it_hangs() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let mut tcp = connect(([127, 0, 0, 1], server.port).into());
    let (port, token) = (server.port, &server.token);
    let request = format!(
        "GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    );
    tcp.write_all(request.as_bytes()).expect("sent");
    tcp.set_read_timeout(Some(Duration::from_secs(120)))
        .expect("a limit");
    let mut lines = BufReader::new(tcp).lines();
    let mut until = |wanted: &str| {
        let limit = Instant::now() + Duration::from_secs(120);
        loop {
            let line = lines.next().expect("open").expect("in time");
            let notice = line.strip_prefix("data: ");
            let notice: Option<Value> = notice.and_then(|json| serde_json::from_str(json).ok());
            if notice.is_some_and(|notice| notice["notice"][wanted].is_object()) {
                return;
            }
            assert!(Instant::now() < limit, "no {wanted}");
        }
    };
    until("status");
    Said::of(&mut home.command(&["stop"])).expect(0, &["stopped"]);
    until("problem");
    server.post("/api/tor/monitoring/start", "");
    until("status");
    let pid = home.daemon_pid().expect("one runs");
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).expect("ours");
    until("problem");
}

#[test]
fn h_16_a_token_that_others_may_know_is_refused() {
    let home = TestHome::new();
    let path = home.root().join("http-token");
    fs::write(
        &path,
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n",
    )
    .expect("written");
    for mode in [0o640, 0o604, 0o660, 0o700] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("ours");
        for args in [&["serve"][..], &["serve", "--link"]] {
            let said = Said::of(&mut home.command(args));
            said.expect(65, &["http-token", "remove it"]);
        }
    }
    fs::write(&path, "short").expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
    Said::of(&mut home.command(&["serve"])).expect(65, &["holds no token", "remove it"]);
    let doctor = Said::of(&mut home.command(&["doctor"])).text;
    assert!(doctor.contains("holds no token"), "{doctor}");
    fs::remove_file(&path).expect("there");
    std::os::unix::fs::symlink("/etc/hostname", &path).expect("a link");
    Said::of(&mut home.command(&["serve"])).expect(65, &["not a plain file"]);
    assert!(home.daemon_pid().is_none(), "nothing was started");
    fs::remove_file(&path).expect("there");
    let server = Server::start(&home);
    let mode = fs::metadata(&path).expect("made").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(server.token.len(), 64);
}

#[test]
fn h_17_there_is_no_other_address_than_loopback() {
    let home = TestHome::new();
    for option in ["--bind", "--host", "--listen", "--address"] {
        Said::of(&mut home.command(&["serve", option, "0.0.0.0"])).expect(64, &[option]);
    }
    Said::of(&mut home.command(&["serve", "--port", "0.0.0.0:3001"])).expect(64, &["--port"]);
    Said::of(&mut home.command(&["serve", "--port", "0"])).expect(64, &["--port"]);
    home.configure("[serve]\nlisten = \"0.0.0.0:3001\"\n");
    Said::of(&mut home.command(&["serve"])).expect(78, &["serve"]);
    home.relay_at(home.relay_port);
    let server = Server::start(&home);
    // Whoever listens on all addresses has this one, too.
    let other = TcpListener::bind(("127.0.0.2", server.port));
    assert!(other.is_ok(), "{other:?}");
}

#[test]
fn h_18_the_relay_does_not_lead_to_the_server() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let mut tcp = connect(([127, 0, 0, 1], home.relay_port).into());
    tcp.write_all(&[5, 1, 0]).expect("sent");
    let mut answer = [0; 2];
    tcp.read_exact(&mut answer).expect("a method");
    assert_eq!(answer, [5, 0]);
    let port = server.port.to_be_bytes();
    tcp.write_all(&[&[5, 1, 0, 1, 127, 0, 0, 1][..], &port].concat())
        .expect("sent");
    let mut reply = [0; 2];
    tcp.read_exact(&mut reply).expect("a reply");
    assert_eq!(reply, [5, 2], "not allowed by the rules");
}

#[test]
fn a_taken_port_is_said_with_the_way_out() {
    let home = TestHome::new();
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let said = Said::of(&mut home.command(&["serve", "--port", &port]));
    let own = format!("taken by process {}", std::process::id());
    said.expect(69, &[&port, &own, "--port", "serve --link"]);
    assert!(home.daemon_pid().is_none(), "nothing was started");
}

/// Whoever listens at the port gets the link that is opened.
#[test]
fn a_link_is_printed_only_to_a_server_that_runs() {
    let home = TestHome::new();
    let link = |port: u16, said: &str| {
        let port = port.to_string();
        let run = Said::of(&mut home.command(&["serve", "--link", "--port", &port]));
        run.expect(69, &[&port, said, "--port"]);
    };
    let (silent, _held) = hold_port();
    link(silent, "no server listens");
    let other = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let own = format!("belongs to process {}", std::process::id());
    link(other.local_addr().expect("bound").port(), &own);
}

/// Who has the token changes settings as the extension does; a page of another site has none of it.
#[test]
fn settings_are_changed_with_the_token_and_by_no_other_page() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let file = || fs::read_to_string(home.root().join("config.toml")).expect("there");
    let before = file();
    let change = r#"{"key":"log.level","to":{"words":["warn"]},"keep":true}"#;
    let change = format!(r#"{{"id":1,"request":{{"change_setting":{change}}}}}"#);
    let (port, token, length) = (server.port, &server.token, change.len());
    let json = "Content-Type: application/json\r\n";
    let bearer = format!("Authorization: Bearer {token}\r\n");
    for headers in [
        json.to_owned(),
        format!("{json}{bearer}Origin: https://example.org\r\n"),
        format!("{json}{bearer}Sec-Fetch-Site: cross-site\r\n"),
        format!("Content-Type: text/plain\r\n{bearer}"),
    ] {
        let mut tcp = connect(([127, 0, 0, 1], port).into());
        let request = format!(
            "POST /api/ask HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
             {headers}Content-Length: {length}\r\n\r\n{change}"
        );
        tcp.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        tcp.read_to_string(&mut answer).expect("read");
        assert!(answer.starts_with("HTTP/1.1 4"), "{headers}: {answer}");
        assert_eq!(file(), before);
    }
    let changed = server.post("/api/ask", &change);
    assert_eq!(
        changed["reply"]["ok"]["setting_changed"]["takes_effect"], "daemon_start",
        "{changed}"
    );
    assert!(file().contains("level = \"warn\""));
    let program = change.replace("log.level", "tor.program");
    let refused = server.post("/api/ask", &program);
    assert_eq!(refused["reply"]["error"]["code"], "setting_by_command");
    assert!(!file().contains("program = \"warn\""));
}
