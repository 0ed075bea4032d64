//! One piece of a long answer.

/// Which piece: pages count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows per page.
    pub size: u32,
    /// Which page, from 1; 0 is taken as 1.
    pub number: u32,
}

impl Page {
    /// How many rows come before it.
    #[must_use]
    pub fn offset(self) -> i64 {
        i64::from(self.number.saturating_sub(1)) * i64::from(self.size)
    }
}
