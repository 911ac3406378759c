//! Fixed layouts of signed bodies: fields one after the other, numbers big-endian. Each body begins
//! with four letters and the version of its format.

/// The version of every format here.
const VERSION: u8 = 1;

/// Why bytes do not have the form of a body: the rules that all formats share.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FormError {
    /// The body is shorter or longer than its format.
    #[error("the body has {found} bytes instead of {expected}")]
    Length {
        /// The length found.
        found: usize,
        /// The length of the format.
        expected: usize,
    },
    /// The body begins with other letters than its format.
    #[error("the body does not begin with {0}")]
    Magic(&'static str),
    /// The body has another version of the format.
    #[error("version {0} of the format is not known here")]
    Version(u8),
    /// The byte that says which kind of body it is has an unknown value.
    #[error("kind {0} is not known here")]
    Kind(u8),
    /// A reserved bit or byte is not zero.
    #[error("a reserved bit or byte is not zero")]
    Reserved,
    /// A number above 2⁶³ − 1.
    #[error("{0} exceeds 2^63 - 1")]
    Range(&'static str),
}

/// Writes the fields of a body of `N` bytes.
pub(crate) struct Writer<const N: usize> {
    body: [u8; N],
    at: usize,
}

impl<const N: usize> Writer<N> {
    /// A body that begins with these letters, the version and the byte that follows the version.
    pub(crate) fn new(magic: &str, kind: u8) -> Self {
        let empty = Self {
            body: [0; N],
            at: 0,
        };
        empty.put(magic.as_bytes()).put(&[VERSION, kind])
    }

    pub(crate) fn put(mut self, bytes: &[u8]) -> Self {
        let end = self.at.saturating_add(bytes.len());
        let place = self
            .body
            .get_mut(self.at..end)
            .expect("the fields add up to the length");
        place.copy_from_slice(bytes);
        self.at = end;
        self
    }

    pub(crate) fn number(self, number: u64) -> Self {
        self.put(&number.to_be_bytes())
    }

    pub(crate) fn number_32(self, number: u32) -> Self {
        self.put(&number.to_be_bytes())
    }

    pub(crate) fn finish(self) -> [u8; N] {
        debug_assert_eq!(self.at, N, "every byte is written");
        self.body
    }
}

/// Reads the fields of a body whose length was checked.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Checks length, first letters and version; returns the reader and the byte after the version.
    pub(crate) fn open<const N: usize>(
        body: &'a [u8],
        magic: &'static str,
    ) -> Result<(Self, u8), FormError> {
        if body.len() != N {
            return Err(FormError::Length {
                found: body.len(),
                expected: N,
            });
        }
        let mut reader = Self { rest: body };
        if reader.take::<4>() != magic.as_bytes() {
            return Err(FormError::Magic(magic));
        }
        let [version, kind] = reader.take();
        if version != VERSION {
            return Err(FormError::Version(version));
        }
        Ok((reader, kind))
    }

    pub(crate) fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self
            .rest
            .split_first_chunk()
            .expect("the length was checked first");
        self.rest = rest;
        *field
    }

    /// Passes over `N` reserved bytes, which must be zero.
    pub(crate) fn zeros<const N: usize>(&mut self) -> Result<(), FormError> {
        if self.take() == [0; N] {
            Ok(())
        } else {
            Err(FormError::Reserved)
        }
    }

    pub(crate) fn unit<T>(
        &mut self,
        field: &'static str,
        new: impl Fn(u64) -> Option<T>,
    ) -> Result<T, FormError> {
        new(u64::from_be_bytes(self.take())).ok_or(FormError::Range(field))
    }

    pub(crate) fn number(&mut self, field: &'static str) -> Result<u64, FormError> {
        self.unit(field, |number| {
            i64::try_from(number).is_ok().then_some(number)
        })
    }

    pub(crate) fn number_32(&mut self) -> u32 {
        u32::from_be_bytes(self.take())
    }
}
