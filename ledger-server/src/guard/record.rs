//! What the rollback guard says.

use meter_core::UnixMs;

/// Most threads of one process that write at the same time.
pub const WRITERS_MAX: usize = 32;

/// Names a data folder in the database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Instance(pub [u8; 16]);

/// How far one writing thread has come.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Mark {
    /// Receipts that it has stored, ever.
    pub receipts: u64,
    /// The ledger's time of the last one.
    pub at: UnixMs,
}

/// What the file says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// The data folder.
    pub instance: Instance,
    /// Whether the database was restored and nobody has accepted it yet.
    pub restored: bool,
    /// One for each writing thread; zeros where there was none.
    pub marks: [Mark; WRITERS_MAX],
}

impl Record {
    /// That of a new data folder.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut instance = [0; 16];
        getrandom::fill(&mut instance)?;
        Ok(Self {
            instance: Instance(instance),
            restored: false,
            marks: [Mark::default(); WRITERS_MAX],
        })
    }

    /// Receipts of all its threads together.
    #[must_use]
    pub fn receipts(&self) -> u64 {
        self.marks
            .iter()
            .fold(0, |sum, mark| sum.saturating_add(mark.receipts))
    }

    /// The time of the last receipt.
    #[must_use]
    pub fn last(&self) -> UnixMs {
        let times = self.marks.iter().map(|mark| mark.at);
        times.max().unwrap_or(UnixMs::ZERO)
    }
}
