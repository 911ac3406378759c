//! Looks up reports before they are verified. Those that come while one look-up runs are looked up
//! together by the next: a database spends most of a small question on everything around it.

use crate::store::{Row, Store, StoreError, Value, statements};
use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::{Builder, JoinHandle},
};
use tokio::sync::{mpsc, oneshot};

/// Reports after which a look-up takes no further request with it.
const REPORTS: usize = 512;
/// Requests in the queue. A further one waits for its place.
const WAITING: usize = 512;

/// The rows of each report of a request; none if the database did not answer.
type Found = Option<Vec<Vec<Row>>>;

struct Question {
    /// The parameters of [`statements::SEEN`] for each report.
    reports: Vec<Vec<Value>>,
    answer: oneshot::Sender<Found>,
}

/// The queue of look-ups, and the thread behind it.
pub(super) struct LookUps {
    /// None at the end.
    questions: Option<mpsc::Sender<Question>>,
    thread: Option<JoinHandle<()>>,
}

impl LookUps {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives none.
    pub(super) fn start(store: &Arc<Store>) -> io::Result<Self> {
        let (questions, asked) = mpsc::channel(WAITING);
        let store = Arc::clone(store);
        let thread = Builder::new().name("look-ups".to_owned());
        let thread = thread.spawn(move || run(&store, asked))?;
        Ok(Self {
            questions: Some(questions),
            thread: Some(thread),
        })
    }

    /// What the database knows about reports that are named by the parameters of
    /// [`statements::SEEN`], in their order.
    pub(super) async fn ask(&self, reports: Vec<Vec<Value>>) -> Found {
        if reports.is_empty() {
            return Some(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        let question = Question { reports, answer };
        self.questions.as_ref()?.send(question).await.ok()?;
        answered.await.ok()?
    }
}

impl Drop for LookUps {
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that looks up reports has panicked");
        }
    }
}

fn run(store: &Store, mut asked: mpsc::Receiver<Question>) {
    while let Some(questions) = next(&mut asked) {
        let all = questions.iter().flat_map(|question| &question.reports);
        let all: Vec<_> = all.cloned().collect();
        // A panic must not end the thread: no report could be taken any more.
        let found = catch_unwind(AssertUnwindSafe(|| look_up(store, &all)));
        let mut found = found.unwrap_or_default().map(Vec::into_iter);
        for Question { reports, answer } in questions {
            let of_question = found.as_mut();
            let of_question = of_question.map(|found| found.by_ref().take(reports.len()).collect());
            // Who asked may have gone.
            drop(answer.send(of_question));
        }
    }
}

fn look_up(store: &Store, reports: &[Vec<Value>]) -> Found {
    let found = store.read(|db| db.rows_all(statements::SEEN, reports));
    let warn = |error: &StoreError| {
        tracing::warn!(reports = reports.len(), %error, "cannot look up reports");
    };
    found.inspect_err(warn).ok()
}

/// Everything that waits, until it is [`REPORTS`] or more; `None` at the end.
fn next(asked: &mut mpsc::Receiver<Question>) -> Option<Vec<Question>> {
    let first = asked.blocking_recv()?;
    let mut reports = first.reports.len();
    let mut questions = vec![first];
    while reports < REPORTS
        && let Ok(question) = asked.try_recv()
    {
        reports = reports.saturating_add(question.reports.len());
        questions.push(question);
    }
    Some(questions)
}
