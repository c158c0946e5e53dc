//! Tables of text.

use crate::error::Error;
use crate::terminal::Terminal;

/// Shows a table whose columns are as wide as their widest cell, with tabs between them.
///
/// # Errors
/// Nobody reads it any more.
pub(crate) fn tabbed(
    terminal: &mut Terminal,
    header: &[&str],
    rows: &[Vec<String>],
) -> Result<(), Error> {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain([header[at].len()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| -> String {
        cells.zip(&widths).map(|(cell, width)| format!("{cell:width$}\t")).collect()
    };
    terminal.say(line(&mut header.iter().copied()))?;
    for row in rows {
        terminal.say(line(&mut row.iter().map(String::as_str)))?;
    }
    Ok(())
}

/// A line of cells of given widths with a blank after each, as Java's `%-Ns %-Ns ...`.
pub(crate) fn padded<'a>(cells: impl IntoIterator<Item = (&'a str, usize)>) -> String {
    let cells = cells.into_iter().map(|(cell, width)| format!("{cell:width$}"));
    cells.collect::<Vec<_>>().join(" ")
}
