//! Pages of the ledger that a browser opens by itself: offered to every extension that opens pages,
//! and given to the first that takes one. Only an extension knows whether its browser sends
//! everything through Tor, and a link that it opens is on no command line.

use super::{detached::Answer, ledger};
use crate::{engine::EngineHandle, ipc};
use meter_wire::{ErrorCode, LedgerLogin, LedgerOpened, Problem, Request, Success};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{oneshot, watch},
    time::timeout,
};

/// How long extensions may take to say whether they open it. They decide at once, from what they
/// know.
const TAKE_MAX: Duration = Duration::from_secs(3);

/// Gives the page to the extension that took it.
type Taker = oneshot::Sender<Answer>;

/// The offers of one daemon.
#[derive(Clone)]
pub(crate) struct Offers {
    /// Counts them. Each receiver is an extension that opens pages.
    count: watch::Sender<u64>,
    open: Arc<Mutex<Option<oneshot::Sender<Taker>>>>,
}

impl Offers {
    pub(crate) fn new() -> Self {
        let (count, _) = watch::channel(0);
        Self {
            count,
            open: Arc::default(),
        }
    }

    /// Changes with each offer from now on.
    pub(super) fn follow(&self) -> watch::Receiver<u64> {
        self.count.subscribe()
    }

    /// Offers a page; `None` if no extension takes it.
    async fn offer(&self) -> Answer<Option<Taker>> {
        if self.count.receiver_count() == 0 {
            return Ok(None);
        }
        let (take, taken) = oneshot::channel();
        {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            if open.as_ref().is_some_and(|other| !other.is_closed()) {
                return Err(Problem::new(ErrorCode::Busy));
            }
            *open = Some(take);
        }
        self.count
            .send_modify(|count| *count = count.wrapping_add(1));
        let taken = timeout(TAKE_MAX, taken).await;
        Ok(taken.ok().and_then(Result::ok))
    }

    /// Takes the page that is offered; `None` if another extension has it, or none is offered any
    /// more.
    pub(super) fn take(&self) -> Option<oneshot::Receiver<Answer>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (give, given) = oneshot::channel();
        open.take()?.send(give).ok()?;
        Some(given)
    }
}

/// The page, once its link was made.
pub(super) async fn taken(page: oneshot::Receiver<Answer>) -> Answer {
    page.await.unwrap_or(Ok(Success::Done))
}

/// Makes a link that signs a browser in, and gives it to an extension that opens it. The link is
/// made last, because it lasts a minute.
pub(super) async fn open_login(offers: Offers, engine: EngineHandle) -> Answer {
    let taker = offers.offer().await?;
    let answer = ledger::ask(engine, Request::LedgerLogin).await;
    let gave = taker.is_some_and(|taker| taker.send(answer.clone()).is_ok());
    match answer? {
        Success::LedgerLogin(LedgerLogin { link, words }) => {
            let link = (!gave).then_some(link);
            Ok(Success::LedgerOpened(LedgerOpened { link, words }))
        }
        _ => Err(ipc::unexpected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn a_page_goes_to_the_first_extension_that_takes_it_and_to_no_other() {
        let offers = Offers::new();
        assert!(offers.take().is_none(), "none was offered");
        let (mut first, mut second) = (offers.follow(), offers.follow());
        let takes = async {
            first.changed().await.expect("offered");
            second.changed().await.expect("offered to both");
            let taken = offers.take().expect("the first");
            assert!(offers.take().is_none(), "the second");
            taken.await
        };
        let gives = async {
            let taker = offers.offer().await.expect("no other").expect("taken");
            taker.send(Ok(Success::Done)).expect("it waits");
        };
        let (given, ()) = tokio::join!(takes, gives);
        assert_eq!(given, Ok(Ok(Success::Done)));
    }

    #[tokio::test]
    async fn without_an_extension_that_opens_pages_nothing_is_waited_for() {
        let offers = Offers::new();
        drop(offers.follow());
        let offered = offers.offer().now_or_never();
        assert!(matches!(offered, Some(Ok(None))));
    }

    #[tokio::test]
    async fn an_offer_that_nobody_takes_ends_and_the_next_one_is_made() {
        let offers = Offers::new();
        let _idle = offers.follow();
        let two = async { tokio::join!(offers.offer(), offers.offer()) };
        let (first, second) = two.await;
        assert!(matches!(first, Ok(None)));
        let busy = second.err().map(|problem| problem.code);
        assert_eq!(busy, Some(ErrorCode::Busy), "one at a time");
        assert!(offers.take().is_none(), "it is over");
        let next = offers.offer().now_or_never();
        assert!(next.is_none(), "it waits for an extension");
    }
}
