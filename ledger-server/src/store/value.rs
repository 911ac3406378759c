//! Values as both databases have them.

use super::StoreError;

/// A value of a parameter or a column.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    /// No value.
    Null,
    /// A 64-bit integer.
    Int(i64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text in UTF-8.
    Text(String),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of a result. Its columns are taken in their order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    columns: Vec<Value>,
    taken: usize,
}

impl Row {
    /// A row of these columns.
    #[must_use]
    pub fn new(columns: Vec<Value>) -> Self {
        Self { columns, taken: 0 }
    }

    /// All columns.
    #[must_use]
    pub fn columns(&self) -> &[Value] {
        &self.columns
    }

    fn next(&mut self) -> Result<Value, StoreError> {
        let value = self.columns.get_mut(self.taken);
        let value = value.ok_or_else(|| StoreError::column(self.taken))?;
        self.taken += 1;
        Ok(std::mem::replace(value, Value::Null))
    }

    fn wrong(&self) -> StoreError {
        StoreError::column(self.taken.saturating_sub(1))
    }

    /// The next column, a number.
    ///
    /// # Errors
    /// When it is something else.
    pub fn int(&mut self) -> Result<i64, StoreError> {
        match self.next()? {
            Value::Int(number) => Ok(number),
            _ => Err(self.wrong()),
        }
    }

    /// The next column, a number that is never negative, in a unit of its own.
    ///
    /// # Errors
    /// When it is something else.
    pub fn unit<T>(&mut self, unit: fn(u64) -> Option<T>) -> Result<T, StoreError> {
        let number = self.int()?;
        let number = u64::try_from(number).map_err(|_| self.wrong())?;
        unit(number).ok_or_else(|| self.wrong())
    }

    /// The next column, a number of 32 bits.
    ///
    /// # Errors
    /// When it is something else.
    pub fn int32(&mut self) -> Result<u32, StoreError> {
        u32::try_from(self.int()?).map_err(|_| self.wrong())
    }

    /// The next column, a time or nothing.
    ///
    /// # Errors
    /// When it is something else.
    pub fn time_or_null(&mut self) -> Result<Option<meter_core::UnixMs>, StoreError> {
        let number = match self.next()? {
            Value::Null => return Ok(None),
            Value::Int(number) => u64::try_from(number).ok(),
            _ => None,
        };
        let time = number.and_then(meter_core::UnixMs::new);
        time.map(Some).ok_or_else(|| self.wrong())
    }

    /// The next column, bytes.
    ///
    /// # Errors
    /// When it is something else.
    pub fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        self.bytes_or_null()?.ok_or_else(|| self.wrong())
    }

    /// The next column, bytes or nothing.
    ///
    /// # Errors
    /// When it is something else.
    pub fn bytes_or_null(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.next()? {
            Value::Null => Ok(None),
            Value::Bytes(bytes) => Ok(Some(bytes)),
            _ => Err(self.wrong()),
        }
    }

    /// The next column, exactly `N` bytes.
    ///
    /// # Errors
    /// When it is something else.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], StoreError> {
        self.bytes()?.try_into().map_err(|_| self.wrong())
    }

    /// The next column, text.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text(&mut self) -> Result<String, StoreError> {
        match self.next()? {
            Value::Text(text) => Ok(text),
            _ => Err(self.wrong()),
        }
    }
}
