//! Tables: text to the left, numbers to the right, no borders, so that `awk` and eyes both find the columns.

use std::io::{self, Write};

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, Table, presets};

use crate::cli::Look;

/// Which way a column leans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lean {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table under way.
pub(crate) struct Sheet {
    table: Table,
    leans: Vec<Lean>,
}

impl Sheet {
    /// Headings of text columns, then those of number columns.
    pub(crate) fn new(look: Look, texts: &[&str], numbers: &[impl AsRef<str>]) -> Self {
        let columns = texts.iter().map(|name| (*name, Lean::Left));
        let numbers = numbers.iter().map(|name| (name.as_ref(), Lean::Right));
        Self::mixed(look, &columns.chain(numbers).collect::<Vec<_>>())
    }

    /// Headings in any order.
    pub(crate) fn mixed(look: Look, columns: &[(&str, Lean)]) -> Self {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).force_no_tty();
        if look.color {
            table.enforce_styling();
        }
        if let Some(width) = look.width {
            table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
        }
        let leans: Vec<Lean> = columns.iter().map(|(_, lean)| *lean).collect();
        let heading = |(name, lean): &(&str, Lean)| {
            Cell::new(*name).add_attribute(Attribute::Bold).set_alignment(alignment(*lean))
        };
        table.set_header(columns.iter().map(heading));
        Self { table, leans }
    }

    /// A row; its texts are already fit to be shown.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        let cells = cells.into_iter().zip(&self.leans);
        self.table.add_row(cells.map(|(text, lean)| Cell::new(text).set_alignment(alignment(*lean))));
    }

    /// A row that sums up the others.
    pub(crate) fn total(&mut self, cells: Vec<String>) {
        let cells = cells.into_iter().zip(&self.leans);
        self.table.add_row(cells.map(|(text, lean)| {
            Cell::new(text).set_alignment(alignment(*lean)).add_attribute(Attribute::Bold)
        }));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The table, or what stands in its place if it has no rows.
    pub(crate) fn print_or(&self, nothing: &str, out: &mut dyn Write) -> io::Result<()> {
        if self.is_empty() { writeln!(out, "{nothing}") } else { self.print(out) }
    }

    /// The table after a blank line; nothing if it has no rows.
    pub(crate) fn print_below(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        self.print(out)
    }

    pub(crate) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", self.table.trim_fmt())
    }
}

const fn alignment(lean: Lean) -> CellAlignment {
    match lean {
        Lean::Left => CellAlignment::Left,
        Lean::Right => CellAlignment::Right,
    }
}
