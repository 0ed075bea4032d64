//! The tables that the benchmarks print, in Markdown.
#![expect(
    clippy::print_stdout,
    reason = "this is what the programs are there for"
)]

/// One line of a table.
#[derive(Debug)]
pub struct Row {
    /// The figure.
    pub what: &'static str,
    /// What was measured.
    pub measured: String,
    /// What it should be; empty: nothing was promised.
    pub target: &'static str,
    /// What the original did.
    pub original: &'static str,
    /// Whether the target was reached.
    pub reached: bool,
    /// Everything else that was measured, for below the table.
    pub details: String,
}

/// A table that is printed row by row.
#[derive(Debug, Default)]
pub struct Table(Vec<String>);

impl Table {
    /// Prints the head.
    #[must_use]
    pub fn new() -> Self {
        println!("| figure | measured | target | original | |\n| --- | --- | --- | --- | --- |");
        Self::default()
    }

    /// Prints these rows, and keeps their details.
    pub fn add(&mut self, rows: Vec<Row>) {
        for row in rows {
            let reached = if row.target.is_empty() {
                ""
            } else if row.reached {
                "reached"
            } else {
                "**missed**"
            };
            println!(
                "| {} | {} | {} | {} | {reached} |",
                row.what, row.measured, row.target, row.original
            );
            if !row.details.is_empty() {
                self.0.push(format!("{}: {}", row.what, row.details));
            }
        }
    }

    /// Prints the details.
    pub fn details(&self) {
        println!();
        for line in &self.0 {
            println!("{line}");
        }
    }
}
