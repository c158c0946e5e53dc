//! Where tools write to: one place for what they say, one for what they complain about.

use std::io::{self, Write};

/// The two outputs of a tool.
pub(crate) struct Terminal {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
}

impl Terminal {
    /// The process's own. What is said is written when a tool pauses, not line by line.
    pub(crate) fn process() -> Self {
        Self {
            out: Box::new(io::BufWriter::with_capacity(64 << 10, io::stdout())),
            err: Box::new(io::stderr()),
        }
    }

    /// Says a line.
    ///
    /// # Errors
    /// Nobody reads it any more.
    pub(crate) fn say(&mut self, line: impl AsRef<str>) -> io::Result<()> {
        self.out.write_all(line.as_ref().as_bytes())?;
        self.out.write_all(b"\n")
    }

    /// What is said, byte by byte.
    pub(crate) fn out(&mut self) -> &mut dyn Write {
        &mut *self.out
    }

    /// Brings out what was said.
    ///
    /// # Errors
    /// Nobody reads it any more.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Complains. Where that cannot be heard, nothing can be done about it.
    pub(crate) fn complain(&mut self, line: impl AsRef<str>) {
        let _ = self.out.flush();
        let _ = writeln!(self.err, "{}", line.as_ref());
        let _ = self.err.flush();
    }
}
