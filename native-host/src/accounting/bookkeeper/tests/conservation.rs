//! Whatever happens to a bookkeeper, each byte is counted once.

use super::*;
use proptest::prelude::*;

/// What happens within one second.
#[derive(Clone, Copy, Debug)]
enum Happening {
    /// So many bytes pass.
    Moves(u64),
    /// So many bytes pass, and the book takes no write.
    MovesAndIsRefused(u64),
    /// The daemon ends and another starts.
    Ends,
    /// The daemon is killed and another starts.
    IsKilled,
}

fn happening() -> impl Strategy<Value = Happening> {
    let bytes = || prop_oneof![Just(0), 1..4_000_u64];
    prop_oneof![
        8 => bytes().prop_map(Happening::Moves),
        2 => bytes().prop_map(Happening::MovesAndIsRefused),
        1 => Just(Happening::Ends),
        1 => Just(Happening::IsKilled),
    ]
}

const REFUSE: &str = "
    CREATE TRIGGER no_report BEFORE INSERT ON reports BEGIN SELECT RAISE(ABORT, 'no'); END;
    CREATE TRIGGER no_session BEFORE INSERT ON open_session BEGIN SELECT RAISE(ABORT, 'no'); END;";
const TAKE_AGAIN: &str = "DROP TRIGGER no_report; DROP TRIGGER no_session;";

impl Scene {
    fn happens(&mut self, happening: Happening) {
        match happening {
            Happening::Moves(bytes) => drop(self.second(bytes)),
            Happening::MovesAndIsRefused(bytes) => {
                let other = Connection::open(self.home().book()).expect("a second program");
                other.execute_batch(REFUSE).expect("changed");
                self.second(bytes);
                other.execute_batch(TAKE_AGAIN).expect("undone");
                self.second(0);
            }
            Happening::Ends => {
                self.bookkeeper.take().expect("open").end();
                self.open();
            }
            Happening::IsKilled => self.open(),
        }
    }

    /// Bytes of all reports and of the open session, as the book itself has them.
    fn in_book(&mut self) -> u64 {
        let signed: u64 = self
            .verified()
            .iter()
            .map(|report| report.bytes().get())
            .sum();
        let book = Book::open_to_read(&self.home().book()).expect("in order");
        let open = book.open_session().expect("readable");
        signed + open.map_or(0, |open| open.bytes_up.get() + open.bytes_down.get())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn every_byte_is_in_one_report_or_in_the_open_session(
        happenings in proptest::collection::vec(happening(), 1..50)
    ) {
        let (mut scene, mut moved) = (Scene::new(), 0);
        for happening in happenings {
            scene.happens(happening);
            moved += match happening {
                Happening::Moves(bytes) | Happening::MovesAndIsRefused(bytes) => bytes,
                Happening::Ends | Happening::IsKilled => 0,
            };
            prop_assert_eq!(scene.in_book(), moved, "after {:?}", happening);
        }
        let numbers = scene.verified().into_iter().map(|report| report.sequence);
        prop_assert!(numbers.eq(1..=scene.bookkeeper().head().sequence), "one after the other");
    }
}
