//! Circuits of the real Tor: no two sites share a circuit, and a new identity gets new circuits.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::{
    circuits::{self, Circuit},
    host::Host,
};
use meter_testkit::{
    site::Site,
    socks::{self, Credentials, Refused},
    tor_network::{ClientPorts, TorClient, TorNetwork},
};
use meter_wire::Status;
use std::{collections::HashSet, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);
const ATTEMPTS: u8 = 5;
const CLIENT: Credentials<'_> = Credentials {
    user: "marker-user",
    password: "marker-word",
};

/// One network for all claims, because booting it takes most of the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sites_and_identities_never_share_a_circuit() {
    let folder = tempfile::tempdir().unwrap();
    let network = TorNetwork::boot(folder.path()).await.unwrap();
    let ports = ClientPorts::hold().unwrap();
    let mut tor = network.start_client(ports.clone()).unwrap();
    tor.wait_until_ready(LIMIT).await.unwrap();
    let mut host = Host::start(&format!(
        "[log]\nlevel = \"debug\"\n[tor]\nbackend = \"existing\"\n{}",
        ports.settings()
    ))
    .unwrap();
    host.wait_until_ready(LIMIT).await.unwrap();
    let mut show = Show {
        site: Site::start().await.unwrap(),
        host,
        tor,
    };

    show.tor_knows_the_form_and_refuses_others().await;
    show.tor_reads_on_where_the_relay_does_not_wait().await;
    show.sites_never_share_and_new_identities_start_anew().await;
}

struct Show {
    site: Site,
    host: Host,
    tor: TorClient,
}

/// An open stream, as Tor's control port shows it.
struct Stream {
    _held_open: TcpStream,
    circuit: Circuit,
}

impl Show {
    async fn open(&self, name: &str, credentials: Option<Credentials<'_>>) -> Stream {
        // The check is about circuits. On a busy machine not every exit of Tor finds a free port at
        // once, so it tries again.
        let mut opened = self.open_at(self.host.relay(), name, credentials).await;
        for _ in 1..ATTEMPTS {
            if opened.as_ref().is_err_and(|error| error.is::<Refused>()) {
                opened = self.open_at(self.host.relay(), name, credentials).await;
            }
        }
        opened.unwrap_or_else(|error| {
            let tor = std::fs::read_to_string(self.tor.folder().join("stdout.log"));
            panic!("{error}\n{}\n{}", self.host.log(), tor.unwrap_or_default())
        })
    }

    /// Opens a stream by the proxy, and finds it among Tor's streams as the one that is new.
    async fn open_at(
        &self,
        proxy: SocketAddr,
        name: &str,
        credentials: Option<Credentials<'_>>,
    ) -> anyhow::Result<Stream> {
        let port = self.site.port();
        let before = circuits::streams_to(&self.tor, port).await?;
        let held_open = match credentials {
            None => socks::connect(proxy, name, port).await?,
            Some(credentials) => socks::connect_as(proxy, credentials, name, port).await?,
        };
        let after = circuits::streams_to(&self.tor, port).await?;
        let new: Vec<_> = after.difference(&before).collect();
        let [stream] = new[..] else {
            panic!("one new stream, not {}", new.len());
        };
        Ok(Stream {
            _held_open: held_open,
            circuit: circuits::circuit_of(&self.tor, stream).await?,
        })
    }

    /// Checks in the real Tor what the relay relies on.
    async fn tor_knows_the_form_and_refuses_others(&self) {
        let as_user = async |user| {
            let password = "x";
            let credentials = Credentials { user, password };
            self.open_at(self.tor.socks(), "a.test", Some(credentials))
                .await
        };
        assert!(as_user("<torS0X>0").await.is_ok());
        // The value belongs in the password. Nothing may follow the format.
        assert!(as_user("<torS0X>0value").await.is_err());
        assert!(as_user("<torS0X>z").await.is_err());
    }

    /// The relay sends its messages in as few pieces as Tor accepts: greeting and request together.
    /// With credentials it sends the greeting first, because Tor 0.4.9 otherwise loses its answer
    /// to it.
    async fn tor_reads_on_where_the_relay_does_not_wait(&self) {
        let target = [
            &[5, 1, 0, 3, 6][..],
            b"a.test",
            &self.site.port().to_be_bytes(),
        ]
        .concat();
        let known = [&[1, 9][..], b"<torS0X>0", &[1, b'x'], &target].concat();
        let say_and_hear = async |pieces: &[&[u8]], answers: &[&[u8]]| {
            let mut tor = socks::wire(self.tor.socks()).await.unwrap();
            for (piece, answer) in pieces.iter().zip(answers) {
                tor.write_all(piece).await.unwrap();
                let mut heard = vec![0; answer.len()];
                tor.read_exact(&mut heard).await.unwrap();
                assert_eq!(heard, *answer, "to {} pieces", pieces.len());
            }
        };
        say_and_hear(&[&[&[5, 1, 0], &target[..]].concat()], &[&[5, 0, 5, 0, 0]]).await;
        say_and_hear(&[&[5, 1, 2], &known], &[&[5, 2], &[1, 0, 5, 0, 0]]).await;
        // If the first two bytes were 5 and 2, the relay would not have to wait here either.
        say_and_hear(&[&[&[5, 1, 2], &known[..]].concat()], &[&[1, 0, 5, 0, 0]]).await;
    }

    async fn sites_never_share_and_new_identities_start_anew(&mut self) {
        let mut open: Vec<(String, Stream)> = Vec::new();
        for identity in 0..3 {
            for _ in 0..3 {
                for name in ["a.test", "www.a.test", "b.test", "c.test"] {
                    let site = name.trim_start_matches("www.");
                    let stream = self.open(name, None).await;
                    open.push((format!("{site} {identity}"), stream));
                }
                let stream = self.open("a.test", Some(CLIENT)).await;
                open.push((format!("a.test with credentials {identity}"), stream));
            }
            let possible = |status: &Status| status.new_identity_in_s == 0;
            self.host.wait_for(LIMIT, possible).await.unwrap();
            let said = self.host.run(&["new-identity"]).unwrap();
            assert!(said.contains("new circuits"), "{said}");
        }
        never_shared(&open);
        shared_within_a_site(&open);
        show_nothing_of_site_or_client(&open);
    }
}

/// All streams are still open, so Tor cannot have given one circuit's number to two circuits.
fn never_shared(open: &[(String, Stream)]) {
    for (one, Stream { circuit: first, .. }) in open {
        for (
            other,
            Stream {
                circuit: second, ..
            },
        ) in open
        {
            let same = (first.path == second.path, first.password == second.password);
            assert!(
                one == other || same == (false, false),
                "{one} and {other}: {same:?}"
            );
            assert!(one != other || same.1, "{one} keeps its credentials");
        }
    }
}

/// Without this, the check above could not tell sites from single streams. Tor does not promise one
/// circuit for a site, so this does not check every pair.
fn shared_within_a_site(open: &[(String, Stream)]) {
    let paths: HashSet<_> = open
        .iter()
        .map(|(_, stream)| &stream.circuit.path)
        .collect();
    assert!(paths.len() < open.len(), "no two of {} share", open.len());
}

fn show_nothing_of_site_or_client(open: &[(String, Stream)]) {
    for (group, stream) in open {
        assert_eq!(stream.circuit.user, "<torS0X>0", "{group}");
        let password = &stream.circuit.password;
        assert_eq!(password.len(), 32, "{group}");
        assert!(password.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
