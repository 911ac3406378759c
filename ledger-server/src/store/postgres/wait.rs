//! Waits for answers on the calling thread, with a limit.
//!
//! One thread drives all connections. A caller only waits, so it may be any thread: also one that
//! must not enter a runtime of its own.

use std::{
    future::{Future, poll_fn},
    io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};
use tokio::runtime::{Builder, Handle, Runtime};

/// The thread that drives connections. Dropping it ends them.
pub(super) struct Driver(Option<Runtime>);

impl Driver {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("postgres")
            .enable_all()
            .build()?;
        Ok(Self(Some(runtime)))
    }

    /// Where connections are driven; `None` after the end.
    pub(super) fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // To wait here would panic in a task of another runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread; `None` when `limit` has passed.
pub(super) fn wait<T>(answer: impl Future<Output = T>, limit: Duration) -> Option<T> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut answer = pin!(answer);
    let began = Instant::now();
    loop {
        if let Poll::Ready(value) = answer.as_mut().poll(&mut context) {
            return Some(value);
        }
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

/// Sends all requests at once and returns their answers in order; the first error ends it.
pub(super) async fn in_order<T, E>(
    requests: impl Iterator<Item = impl Future<Output = Result<T, E>>>,
) -> Result<Vec<T>, E> {
    let mut waiting: Vec<_> = requests.map(|request| (Box::pin(request), None)).collect();
    // A request is sent when it is polled for the first time.
    poll_fn(|context| {
        for (request, answer) in &mut waiting {
            if let Poll::Ready(early) = request.as_mut().poll(context) {
                *answer = Some(early);
            }
        }
        Poll::Ready(())
    })
    .await;
    let mut answers = Vec::with_capacity(waiting.len());
    for (request, answer) in waiting {
        answers.push(match answer {
            Some(early) => early?,
            None => request.await?,
        });
    }
    Ok(answers)
}

/// Sends `first` and then `second` without waiting between them, and returns the answer to
/// `second`.
pub(super) async fn behind<A, B, E>(
    first: impl Future<Output = Result<A, E>>,
    second: impl Future<Output = Result<B, E>>,
) -> Result<B, E> {
    let mut first = pin!(first);
    let early = poll_fn(|context| Poll::Ready(first.as_mut().poll(context))).await;
    let second = second.await;
    match early {
        Poll::Ready(first) => first?,
        Poll::Pending => first.await?,
    };
    second
}

/// Sends a request whose answer is of no interest.
pub(super) fn send<T>(request: impl Future<Output = T>) {
    let mut context = Context::from_waker(Waker::noop());
    let answer = pin!(request).as_mut().poll(&mut context);
    drop(answer);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[test]
    fn a_wait_ends_with_the_answer_or_at_its_limit_on_any_thread() {
        let driver = Driver::start().unwrap();
        let answer = driver.handle().unwrap().spawn(async { 7 });
        assert_eq!(wait(answer, Duration::from_secs(60)).unwrap().unwrap(), 7);
        assert!(wait(pending::<()>(), Duration::from_millis(1)).is_none());
        let runtime = Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let driver = Driver::start().unwrap();
            let answer = driver.handle().unwrap().spawn(async { 7 });
            assert_eq!(wait(answer, Duration::from_secs(60)).unwrap().unwrap(), 7);
        });
    }

    #[test]
    fn an_error_of_what_was_sent_first_comes_first() {
        let both = |first, second| {
            let answer = behind(ready::<Result<i32, i32>>(first), ready(second));
            wait(answer, Duration::from_secs(60)).unwrap()
        };
        assert_eq!(both(Ok(1), Ok(2)), Ok(2));
        assert_eq!(both(Ok(1), Err(2)), Err::<i32, _>(2));
        assert_eq!(both(Err(1), Err(2)), Err::<i32, _>(1));
    }

    #[test]
    fn answers_come_in_the_order_of_their_requests_and_the_first_error_ends_them() {
        let all = in_order([Ok::<_, ()>(1), Ok(2), Ok(3)].into_iter().map(ready));
        assert_eq!(wait(all, Duration::from_secs(60)), Some(Ok(vec![1, 2, 3])));
        let some = in_order([Ok(1), Err(2), Err(3)].into_iter().map(ready));
        assert_eq!(wait(some, Duration::from_secs(60)), Some(Err(2)));
    }
}
