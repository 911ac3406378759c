//! Clients that take their time, and many of them.

use crate::{
    client::{Client, ask, get, post, try_ask},
    running::start,
};
use onionmeter_ledger::http::{Limits, Transport};
use std::{net::SocketAddr, num::NonZeroU32, time::Duration};
use tokio::{task::JoinSet, time::sleep};

/// The longest time that G-17 allows.
const MOST: Duration = Duration::from_secs(10);

const BETWEEN_BYTES: Duration = Duration::from_millis(50);

/// Many times what the timers of [`short`] allow.
const BYTES_MAX: usize = 1_000;

/// Timers short enough for a test. A client below sends a byte more often than they last.
fn short() -> Limits {
    Limits {
        head: Duration::from_millis(1_500),
        body: Duration::from_millis(1_500),
        write_stall: Duration::from_millis(500),
        circuit_line: Duration::from_millis(500),
        ..Limits::default()
    }
}

#[test]
fn g_17_no_timer_of_the_product_is_longer_than_ten_seconds() {
    let limits = Limits::default();
    for timer in [
        limits.head,
        limits.body,
        limits.write_stall,
        limits.circuit_line,
        limits.drain,
    ] {
        assert!(timer < MOST, "{timer:?}");
    }
}

/// Sends one byte after another until the server closes the connection.
async fn dribble(mut client: Client) {
    for _ in 0..BYTES_MAX {
        tokio::select! {
            _ = client.closed() => return,
            () = sleep(BETWEEN_BYTES) => {
                if !client.send("a").await {
                    return;
                }
            }
        }
    }
    panic!("the server took {BYTES_MAX} bytes one by one");
}

/// Opens `count` connections of clients that never finish: a third of them in the head, a third in
/// the body, and a third does not begin.
async fn slow_clients(to: SocketAddr, count: usize) -> JoinSet<()> {
    let mut slow = JoinSet::new();
    for number in 0..count {
        let mut client = Client::connect(to).await;
        let head = format!("GET / HTTP/1.1\r\nHost: {to}\r\nSlow: ");
        let body = format!("POST / HTTP/1.1\r\nHost: {to}\r\nContent-Length: 60000\r\n\r\n");
        match number % 3 {
            0 => client.send(head).await,
            1 => client.send(body).await,
            _ => true,
        };
        slow.spawn(async move {
            match number % 3 {
                2 => drop(client.closed().await),
                _ => dribble(client).await,
            }
        });
    }
    slow
}

/// Asks as an honest client does until the last slow one is gone, and returns how often it was
/// answered and how often its connection was closed instead.
async fn honest(to: SocketAddr, slow: &mut JoinSet<()>) -> (usize, usize) {
    let (mut answered, mut closed) = (0, 0);
    while !slow.is_empty() {
        match try_ask(to, get("/api/hello", to)).await {
            Some(answer) => {
                assert_eq!(
                    (answer.status, answer.body.as_slice()),
                    (200, &b"hello"[..])
                );
                answered += 1;
            }
            None => closed += 1,
        }
        while let Some(gone) = slow.try_join_next() {
            gone.expect("closed by the server");
        }
        sleep(BETWEEN_BYTES / 5).await;
    }
    (answered, closed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_17_a_thousand_slow_clients_are_closed_and_honest_ones_are_answered_meanwhile() {
    let running = start(short(), Transport::default());
    let mut slow = slow_clients(running.to, 1_000).await;
    let (answered, closed) = honest(running.to, &mut slow).await;
    assert_eq!(closed, 0);
    assert!(answered > 0, "asked only after the slow ones were gone");
    running.ended().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_17_honest_clients_are_answered_when_slow_ones_take_every_place() {
    let limits = Limits {
        connections: 50,
        ..short()
    };
    let running = start(limits, Transport::default());
    let mut slow = slow_clients(running.to, 300).await;
    let (answered, closed) = honest(running.to, &mut slow).await;
    // All places are taken, and each new connection takes the place of the oldest one.
    assert!(answered > closed, "{answered} answered, {closed} closed");
    running.ended().await;
}

#[tokio::test]
async fn g_17_a_connection_that_was_used_and_then_idles_is_closed() {
    let running = start(short(), Transport::default());
    let mut client = Client::connect(running.to).await;
    for _ in 0..3 {
        client.send(get("/api/hello", running.to)).await;
        assert_eq!(client.answer().await.expect("kept open").status, 200);
    }
    assert!(!client.closed().await, "closed without a word");
    running.ended().await;
}

#[tokio::test]
async fn g_17_of_ten_thousand_requests_at_once_only_some_are_answered() {
    let limits = Limits {
        requests_per_second: NonZeroU32::new(10).expect("positive"),
        ..Limits::default()
    };
    let running = start(limits, Transport::default());
    let to = running.to;
    let mut greedy = Client::connect(to).await;
    greedy.send(get("/api/hello", to).repeat(10_000)).await;
    assert_eq!(ask(to, get("/api/hello", to)).await.status, 200);
    // The refusal itself may be lost: the server closes with requests that it has not read.
    let mut answered = 0;
    while greedy
        .answer()
        .await
        .is_some_and(|answer| answer.status == 200)
    {
        answered += 1;
    }
    assert!(answered < 10_000, "{answered}");
    running.ended().await;
}

#[tokio::test]
async fn a_connection_that_asks_too_often_is_closed_and_the_others_are_not() {
    let limits = Limits {
        requests_per_second: NonZeroU32::MIN,
        ..Limits::default()
    };
    let running = start(limits, Transport::default());
    let to = running.to;
    let mut client = Client::connect(to).await;
    let refused = loop {
        client.send(get("/api/hello", to)).await;
        let answer = client.answer().await.expect("an answer");
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many"));
    assert!(refused.header("retry-after").is_some());
    assert!(!client.closed().await);
    assert_eq!(ask(to, get("/api/hello", to)).await.status, 200);
    running.ended().await;
}

#[tokio::test]
async fn g_17_a_client_that_takes_no_byte_of_its_answer_is_closed() {
    let running = start(short(), Transport::default());
    let mut client = Client::connect(running.to).await;
    client.send(get("/api/much", running.to)).await;
    // Only a closed connection stops taking bytes with an error.
    for _ in 0..BYTES_MAX {
        if !client.send("x").await {
            return running.ended().await;
        }
        sleep(BETWEEN_BYTES).await;
    }
    panic!("the connection is still open");
}

#[tokio::test]
async fn a_slow_body_is_answered_408_and_closed() {
    let running = start(short(), Transport::default());
    let mut client = Client::connect(running.to).await;
    let request = post("/api/length", running.to, "{}");
    client
        .send(request.strip_suffix('}').expect("the end"))
        .await;
    let answer = client.answer().await.expect("an answer");
    assert_eq!((answer.status, answer.code().as_str()), (408, "too_slow"));
    client.closed().await;
    running.ended().await;
}

#[tokio::test]
async fn the_server_ends_when_its_requests_are_answered_and_not_before() {
    let running = start(Limits::default(), Transport::default());
    let to = running.to;
    let mut held = Client::connect(to).await;
    held.send(get("/api/held", to)).await;
    running.held.acquire().await.expect("open").forget();
    let mut idle = Client::connect(to).await;
    idle.send(get("/api/hello", to)).await;
    assert_eq!(idle.answer().await.expect("answered").status, 200);
    running.ask_to_end();
    idle.closed().await;
    assert!(
        meter_testkit::loopback::connect(to).await.is_err(),
        "it still accepts"
    );
    running.finish.add_permits(1);
    let answer = held.answer().await.expect("answered before the end");
    assert_eq!(answer.body, b"held");
    held.closed().await;
    running.ended().await;
}

#[tokio::test]
async fn the_server_ends_although_clients_never_finish() {
    let limits = Limits {
        drain: Duration::from_millis(300),
        ..Limits::default()
    };
    let running = start(limits, Transport::default());
    let to = running.to;
    let mut held = Client::connect(to).await;
    held.send(get("/api/held", to)).await;
    running.held.acquire().await.expect("open").forget();
    let mut half = Client::connect(to).await;
    half.send("GET / HT").await;
    running.ended().await;
    held.closed().await;
    half.closed().await;
}

#[tokio::test]
async fn with_circuits_named_the_line_comes_first_and_each_circuit_has_its_own_places() {
    let transport = Transport {
        names_circuit: true,
        ..Transport::default()
    };
    let running = start(short(), transport);
    let to = running.to;
    let line =
        |circuit: u16| format!("PROXY TCP6 fc00:dead:beef:4dad::{circuit:x} ::1 65535 42\r\n");
    let answer = ask(to, line(1) + &get("/api/hello", to)).await;
    assert_eq!(answer.status, 200);
    // Strangers come over the onion service; the counters are the operator's.
    let answer = ask(to, line(1) + &get("/metrics", to)).await;
    assert_eq!(answer.status, 404);
    for begin in ["", "GET / HTTP/1.1\r\n", "PROXY TCP6 ", "PROXY UNKNOWN\r\n"] {
        let mut client = Client::connect(to).await;
        client.send(begin).await;
        assert!(!client.closed().await, "{begin}");
    }
    let mut first = Client::connect(to).await;
    first.send(line(2) + &get("/api/hello", to)).await;
    assert_eq!(first.answer().await.expect("answered").status, 200);
    let mut others = Vec::new();
    for _ in 0..Limits::default().connections_per_circuit {
        let mut client = Client::connect(to).await;
        client.send(line(2) + &get("/api/hello", to)).await;
        assert_eq!(client.answer().await.expect("answered").status, 200);
        others.push(client);
    }
    assert!(!first.closed().await, "it made room for a newer one");
    running.ended().await;
}
