//! A value of another program's database.

/// One typed value. Dates, enums and JSON are what the program made of them: text or numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating-point number in the shortest decimal digits that read back as the same number.
    Real(String),
    /// Text; what was no UTF-8 in it is replaced.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}
