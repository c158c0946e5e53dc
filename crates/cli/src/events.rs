//! Events as JSON, one a line, as Kafka's verifiable clients tell them.

use serde_json::Value;

use crate::error::Error;
use crate::terminal::Terminal;

/// An object whose fields keep their order.
pub(crate) fn object(fields: &[(&str, Value)]) -> String {
    let fields = fields.iter().map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// Tells an event.
///
/// # Errors
/// Nobody reads it any more.
pub(crate) fn event(
    terminal: &mut Terminal,
    now_ms: i64,
    name: &str,
    fields: &[(&str, Value)],
) -> Result<(), Error> {
    let head = [("timestamp", Value::from(now_ms)), ("name", Value::from(name))];
    let all: Vec<(&str, Value)> = head.into_iter().chain(fields.iter().cloned()).collect();
    terminal.say(object(&all))?;
    Ok(())
}
