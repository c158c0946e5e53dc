//! A table, or the same as JSON.

use std::io::IsTerminal;

use serde_json::{Map, Value};

use super::{At, Format};
use crate::error::Error;

/// Something in a table.
pub(super) enum Cell {
    /// A word.
    Text(String),
    /// A number, which stands to the right.
    Number(i64),
    /// Nothing is known.
    Unknown,
}

impl Cell {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Unknown => String::from("-"),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => Value::from(text.as_str()),
            Self::Number(number) => Value::from(*number),
            Self::Unknown => Value::Null,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A number that may be unknown.
pub(super) fn number(number: Option<i64>) -> Cell {
    number.map_or(Cell::Unknown, Cell::Number)
}

/// Shows rows under a header. In JSON the header's words are the names of the fields.
pub(super) fn table(at: &mut At<'_>, header: &[&str], rows: Vec<Vec<Cell>>) -> Result<(), Error> {
    if at.format == Format::Json {
        let object = |row: &Vec<Cell>| {
            let fields = header.iter().zip(row);
            let fields = fields.map(|(name, cell)| (name.replace(' ', "_"), cell.json()));
            Value::Object(fields.collect::<Map<_, _>>())
        };
        let list = Value::Array(rows.iter().map(object).collect());
        at.terminal.say(format!("{list:#}"))?;
        return Ok(());
    }
    let texts: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(Cell::text).collect()).collect();
    let width = |column: usize| {
        let cells = texts.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].len()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let is_number = |column: usize| rows.iter().any(|row| matches!(row[column], Cell::Number(_)));
    let line = |cells: &[&str]| {
        let cells = cells.iter().enumerate().map(|(column, cell)| match is_number(column) {
            true => format!("{cell:>width$}", width = widths[column]),
            false => format!("{cell:<width$}", width = widths[column]),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    at.terminal.say(headline(&line(header).to_uppercase()))?;
    for row in &texts {
        at.terminal.say(line(&row.iter().map(String::as_str).collect::<Vec<_>>()))?;
    }
    Ok(())
}

/// Bold where somebody looks, unless `NO_COLOR` is set.
fn headline(text: &str) -> String {
    let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    match std::io::stdout().is_terminal() && !is_plain {
        true => format!("\x1b[1m{text}\x1b[0m"),
        false => text.to_owned(),
    }
}
