//! What an outbox is told, what it wants done, and what it says about itself.

use crate::batch::{Batch, Plan};
use meter_core::{
    Answered, AnsweredReport, ChainEnd, ChainHead, ChainState, ContradictionKind, KeyChange,
    LinkHash, Receipt, Signed,
};

/// Something that an outbox must know.
#[derive(Debug)]
pub enum Seen {
    /// Only time has passed.
    Tick,
    /// The head of the book's chain, the one in use.
    Head(ChainHead),
    /// Whether the ledger can be dialled: Tor can be used, or the ledger is on this computer.
    Reachable(bool),
    /// A person wants what waits to be sent now.
    SendNow,
    /// The answer to [`Act::AskChain`].
    Chain {
        /// What the ledger signed.
        state: Box<Signed<ChainState>>,
        /// The link hash of the book's report with the number in it, or of the chain's beginning
        /// for 0; `None` if the book has no such report. [`ChainState`] is decoded for the number
        /// without being verified: a wrong one only finds a wrong hash.
        ours: Option<LinkHash>,
    },
    /// The answer to [`Act::AskKeys`]: the changes of the ledger's key, in the order of the ledger.
    Keys(Vec<Signed<KeyChange>>),
    /// The answers to a batch, one for each report.
    Answered(Batch, Vec<Answer>),
    /// The ledger says to [`Act::AskChain`] that it does not know the device.
    UnknownDevice,
    /// The ledger says to [`Act::AskChain`] that the signature does not hold. It may have changed
    /// its key: a signed request names the key of the ledger that it is for.
    SignatureRefused,
    /// What was asked or sent got no answer, or none that can be read.
    Failed {
        /// The reason.
        failure: SendError,
        /// The ledger's `Retry-After`, in seconds.
        retry_after_s: Option<u32>,
    },
    /// [`Act::Store`] was done; how far the chain is answered now.
    Stored(Answered),
    /// [`Act::Store`] or [`Act::BeginNewChain`] could not be done.
    Refused,
}

/// What the ledger says to one report.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Credited, now or before.
    Receipt(Signed<Receipt>),
    /// It does not follow the chain as the ledger has it.
    Conflict(Box<Signed<ChainState>>),
    /// Its bytes break a rule; the code of the rule.
    Refused(String),
    /// Nothing was stored; later.
    Busy,
    /// The ledger does not know the device, or the device was removed.
    UnknownDevice,
    /// An answer of a newer ledger, or one without what belongs to it.
    Unreadable,
}

/// What is to be done. An outbox wants one thing at a time, and evidence to be kept beside it.
#[derive(Clone, Debug)]
pub enum Act {
    /// Ask the ledger where it has the chain in use; then [`Seen::Chain`] or [`Seen::Failed`].
    AskChain,
    /// Ask the ledger for the changes of its key; then [`Seen::Keys`] or [`Seen::Failed`].
    AskKeys,
    /// Read the planned reports and make a batch of them with
    /// [`Outbox::batch`](crate::Outbox::batch), send it, then [`Seen::Answered`] or
    /// [`Seen::Failed`]. Where no batch can be made, [`Seen::Tick`].
    Send(Plan),
    /// Store these receipts in one transaction; then [`Seen::Stored`] or [`Seen::Refused`].
    Store(Vec<AnsweredReport>),
    /// Store a change of the ledger's key. It is verified.
    AddKey(Box<Signed<KeyChange>>),
    /// Keep evidence that the ledger contradicts itself. A key of the ledger signed it.
    Keep(ContradictionKind, Vec<u8>),
    /// End the chain in use, begin another one, and make a new outbox for it. If that is not
    /// possible, [`Seen::Refused`].
    BeginNewChain(ChainEnd),
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SendError {
    /// Tor cannot be used.
    NoTor,
    /// Tor does not find the onion service.
    NotFound,
    /// No connection.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The ledger is busy, or its store does not answer.
    Busy,
    /// What came is not an answer of a ledger.
    Unreadable,
    /// What came looks like an answer, but no key of the ledger signed it. So it proves nothing,
    /// and against nobody: any program on the way can have changed or made it.
    Unsigned,
    /// The ledger declined the request itself.
    Declined,
    /// Another ledger answers: it lists no key that is known here.
    OtherLedger,
    /// The ledger says that reports do not follow, although they do as far as is known here.
    Conflict,
    /// The receipts or the new chain could not be stored here.
    Disk,
}

/// Why nothing more is sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Stop {
    /// The ledger contradicts what it signed.
    Contradiction(ContradictionKind),
    /// The ledger refuses a report for its bytes.
    Refused {
        /// Its number.
        sequence: u64,
        /// The ledger's code for the broken rule.
        code: String,
    },
    /// The ledger does not know the device.
    UnknownDevice,
}

/// What an outbox is doing, for a person.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SendingState {
    /// Nothing waits.
    Idle,
    /// Reports wait for their time.
    Waiting {
        /// Milliseconds until then.
        in_ms: u64,
        /// Why the last try had no success, if it had none.
        failure: Option<SendError>,
    },
    /// The ledger is being asked, or reports are on their way.
    Sending,
    /// Tor cannot be used.
    NoTor,
    /// There was no success for ten minutes or longer; it is still tried.
    Trouble {
        /// Milliseconds since reports began to wait, or since the last success.
        since_ms: u64,
        /// The reason of the last failure.
        failure: SendError,
    },
    /// Nothing is sent any more.
    Stopped(Stop),
    /// A new chain is about to begin.
    NewChain(ChainEnd),
}
