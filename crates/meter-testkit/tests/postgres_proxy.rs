//! The proxy before PostgreSQL spoils exactly the planned message.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, helpers included"
)]

use std::{sync::Arc, time::Duration};

use meter_testkit::{
    postgres::Postgres,
    postgres_proxy::{Act, Counts, Point, PostgresProxy},
};
use tokio::task::JoinSet;
use tokio_postgres::{Client, Error, NoTls};

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn tokio_postgres_takes_a_commit_that_was_rolled_back_for_a_success() {
    let place = Place::new();
    for (point, stored) in [(Point::Commit(1), "0"), (Point::Committed(1), "1")] {
        place.proxy.spoil(point, Act::RollBack);
        let said = place.insert().await;
        assert!(place.proxy.has_acted());
        // rust-postgres #1334. Where this fails, reading back after a commit is no longer needed
        // for this reason.
        assert!(said.is_ok(), "{said:?}");
        assert_eq!(place.stored(), stored, "{point:?}");
        place.empty();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_message_of_a_transaction_can_be_the_last_one() {
    let place = Place::new();
    place.proxy.count_anew();
    place.insert().await.unwrap();
    let all = place.proxy.counts();
    assert_eq!((all.commits, all.committed), (1, 1));
    assert!(all.frontend > 8 && all.backend > 8, "{all:?}");
    place.empty();

    let mut outcomes = Vec::new();
    for number in 1..=all.backend {
        for act in [Act::CutBefore, Act::CutAfter] {
            place.proxy.spoil(Point::Backend(number), act);
            let said = place.insert().await;
            assert!(place.proxy.has_acted(), "{number} {act:?}");
            let stored = place.stored_or_not();
            // An error leaves it open; a success does not.
            assert!(said.is_err() || stored == "1", "{number} {act:?}: {said:?}");
            outcomes.push((said.is_ok(), stored));
            place.empty();
        }
    }
    let told = |ok, stored: &str| outcomes.contains(&(ok, stored.to_owned()));
    assert!(told(false, "0") && told(false, "1") && told(true, "1"));

    // The cut of the very request for the commit: not arrived, nothing stored.
    place.proxy.spoil(Point::Commit(1), Act::CutBefore);
    place.insert().await.unwrap_err();
    assert_eq!(place.stored_or_not(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_message_waits_until_it_is_released() {
    let place = Place::new();
    place.proxy.spoil(Point::Query("COMM"), Act::CutBefore);
    place.insert().await.unwrap_err();
    assert_eq!(place.stored_or_not(), "0");
    place.proxy.spoil(Point::Committed(1), Act::Hold);
    let work = place.insert();
    let watch = async {
        let proxy = Arc::clone(&place.proxy);
        let waited = tokio::task::spawn_blocking(move || proxy.wait_until_acted(LIMIT));
        waited.await.unwrap().unwrap();
        // PostgreSQL has committed; only its word is held.
        assert_eq!(place.stored(), "1");
        place.proxy.release();
    };
    let (said, ()) = tokio::join!(work, watch);
    said.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_connections_can_be_cut_at_once() {
    let place = Place::new();
    let (client, mut tasks) = place.connect().await.unwrap();
    client.simple_query("SELECT 1").await.unwrap();
    place.proxy.cut_all();
    tasks.join_next().await.unwrap().unwrap();
    client.simple_query("SELECT 1").await.unwrap_err();
    place.proxy.count_anew();
    assert_eq!(place.proxy.counts(), Counts::default());
    place.insert().await.unwrap();
}

struct Place {
    postgres: Postgres,
    proxy: Arc<PostgresProxy>,
}

impl Place {
    fn new() -> Self {
        let postgres = Postgres::start().unwrap();
        postgres.create_database("one").unwrap();
        let table = "CREATE TABLE kept (number bigint)";
        postgres.sql("one", table).unwrap();
        let proxy = PostgresProxy::start(postgres.address()).unwrap();
        Self {
            postgres,
            proxy: Arc::new(proxy),
        }
    }

    async fn connect(&self) -> Result<(Client, JoinSet<()>), Error> {
        let url = self.postgres.url_through(self.proxy.address(), "one");
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        let mut tasks = JoinSet::new();
        tasks.spawn(async { drop(connection.await) });
        Ok((client, tasks))
    }

    async fn insert(&self) -> Result<(), Error> {
        let (mut client, _tasks) = self.connect().await?;
        let work = client.transaction().await?;
        let number = work
            .execute("INSERT INTO kept VALUES ($1)", &[&7_i64])
            .await?;
        assert_eq!(number, 1);
        work.commit().await
    }

    fn stored(&self) -> String {
        let count = "SELECT count(*) FROM kept";
        self.postgres.sql("one", count).unwrap()
    }

    /// The same, when every transaction whose connection was cut has ended.
    fn stored_or_not(&self) -> String {
        let others = "SELECT count(*) FROM pg_stat_activity \
             WHERE datname = 'one' AND pid <> pg_backend_pid()";
        while self.postgres.sql("one", others).unwrap() != "0" {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.stored()
    }

    fn empty(&self) {
        self.stored_or_not();
        self.postgres.sql("one", "TRUNCATE kept").unwrap();
    }
}
