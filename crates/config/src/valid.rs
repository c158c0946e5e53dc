//! What values a setting may have, and Kafka's words when a value is not one of them.

use crate::endpoint;
use crate::error::Error;
use crate::value::Value;

/// The bounds of a setting (`ConfigDef.Validator`).
#[derive(Clone, Copy, Debug)]
pub enum Valid {
    /// Anything of its type.
    Any,
    /// A number, this or higher.
    AtLeast(i64),
    /// A number from here to here, both included.
    Between(i64, i64),
    /// A number from here to here with decimals, both included.
    BetweenDecimals(i64, f64),
    /// A gzip level: 1 to 9, or -1 for the codec's own default.
    GzipLevel,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// One of these words, in any case.
    OneOfAnyCase(&'static [&'static str]),
    /// Text that is not empty, or nothing.
    NonEmpty,
    /// Text, even empty, but not nothing.
    NonNull,
    /// A list without empty items. An item that is repeated counts once.
    Items(Items),
    /// `{id}@{host}:{port}` items.
    QuorumVoters,
    /// `{host}:{port}` items.
    BootstrapServers,
    /// `*` or `{partition}:{broker}` items.
    ThrottledReplicas,
    /// `earliest`, `latest` or `by_duration:{ISO 8601 duration}`.
    OffsetReset,
}

/// What a list may hold.
#[derive(Clone, Copy, Debug)]
pub struct Items {
    /// The words it may consist of; any words when empty.
    pub words: &'static [&'static str],
    /// It may be empty.
    pub may_be_empty: bool,
    /// It may have no value at all.
    pub may_be_null: bool,
}

impl Items {
    /// Any items, at least one.
    pub(crate) const SOME: Items = Items { words: &[], may_be_empty: false, may_be_null: false };
    /// Any items.
    pub(crate) const ANY: Items = Items { words: &[], may_be_empty: true, may_be_null: false };
    /// Any items, at least one, or no value.
    pub(crate) const SOME_OR_NULL: Items =
        Items { words: &[], may_be_empty: false, may_be_null: true };
    /// Any items, or no value.
    pub(crate) const ANY_OR_NULL: Items =
        Items { words: &[], may_be_empty: true, may_be_null: true };

    /// Any of these words.
    pub(crate) const fn among(words: &'static [&'static str]) -> Items {
        Items { words, may_be_empty: true, may_be_null: false }
    }

    /// At least one of these words.
    pub(crate) const fn some_among(words: &'static [&'static str]) -> Items {
        Items { words, may_be_empty: false, may_be_null: false }
    }
}

impl Valid {
    /// Checks a value of the setting `name`.
    ///
    /// # Errors
    /// [`Error::Invalid`] or [`Error::Rejected`], saying what is allowed.
    pub fn check(&self, name: &str, value: Option<&Value>) -> Result<(), Error> {
        match *self {
            Valid::Any => Ok(()),
            Valid::AtLeast(min) => check_range(name, value, min, None),
            Valid::Between(min, max) => check_range(name, value, min, Some((max as f64, &max))),
            Valid::BetweenDecimals(min, max) => check_range(name, value, min, Some((max, &max))),
            Valid::GzipLevel => match value {
                None => Err(Error::invalid(name, "null", "Value must be non-null")),
                Some(Value::Int(-1 | 1..=9)) => Ok(()),
                Some(other) => {
                    let reason = "Value must be between 1 and 9 or equal to -1";
                    Err(Error::invalid(name, other, reason))
                }
            },
            Valid::OneOf(words) => match value {
                Some(Value::String(word)) if words.contains(&word.as_str()) => Ok(()),
                other => Err(not_one_of(name, &in_message(other), "", words)),
            },
            Valid::OneOfAnyCase(words) => match value {
                Some(Value::String(word)) if words.iter().any(|w| w.eq_ignore_ascii_case(word)) => {
                    Ok(())
                }
                other => Err(not_one_of(name, &in_message(other), " (case insensitive)", words)),
            },
            Valid::NonEmpty => match value {
                Some(Value::String(text)) if text.is_empty() => {
                    Err(Error::invalid(name, text, "String must be non-empty"))
                }
                _ => Ok(()),
            },
            Valid::NonNull => match value {
                None => Err(Error::invalid(name, "null", "entry must be non null")),
                Some(_) => Ok(()),
            },
            Valid::Items(items) => items.check(name, value),
            Valid::QuorumVoters => endpoint::parse_voters(items_of(name, value)?).map(drop),
            Valid::BootstrapServers => {
                endpoint::parse_bootstrap_servers(items_of(name, value)?).map(drop)
            }
            Valid::ThrottledReplicas => check_throttled_replicas(name, value),
            Valid::OffsetReset => check_offset_reset(name, value),
        }
    }
}

/// What is allowed, as Kafka's reference writes it (`[1,...]`); empty when anything is.
impl std::fmt::Display for Valid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Valid::Any => Ok(()),
            Valid::AtLeast(min) => write!(f, "[{min},...]"),
            Valid::Between(min, max) => write!(f, "[{min},...,{max}]"),
            Valid::BetweenDecimals(min, max) => write!(f, "[{min},...,{max}]"),
            Valid::GzipLevel => f.write_str("[1,...,9] or -1"),
            Valid::OneOf(words) => write!(f, "[{}]", words.join(", ")),
            Valid::OneOfAnyCase(words) => write!(f, "(case insensitive) [{}]", words.join(", ")),
            Valid::NonEmpty => f.write_str("non-empty string"),
            Valid::NonNull => f.write_str("non-null string"),
            Valid::Items(items) if items.words.is_empty() => Ok(()),
            Valid::Items(items) => write!(f, "[{}]", items.words.join(", ")),
            Valid::QuorumVoters => f.write_str("{id}@{host}:{port},..."),
            Valid::BootstrapServers => f.write_str("{host}:{port},..."),
            Valid::ThrottledReplicas => {
                f.write_str("[partitionId]:[brokerId],[partitionId]:[brokerId],...")
            }
            Valid::OffsetReset => f.write_str("[latest, earliest, by_duration:PnDTnHnMn.nS]"),
        }
    }
}

impl Items {
    fn check(&self, name: &str, value: Option<&Value>) -> Result<(), Error> {
        let items = match value {
            Some(Value::List(items)) => items,
            None if self.may_be_null => return Ok(()),
            _ => {
                let message = format!("Configuration '{name}' values must not be null.");
                return Err(Error::rejected(message));
            }
        };
        if items.is_empty() && !self.may_be_empty {
            let words = match self.words {
                [] => "any non-empty value".to_owned(),
                words => format!("[{}]", words.join(", ")),
            };
            let message =
                format!("Configuration '{name}' must not be empty. Valid values include: {words}");
            return Err(Error::rejected(message));
        }
        for item in items {
            if item.is_empty() {
                let message = format!("Configuration '{name}' values must not be empty.");
                return Err(Error::rejected(message));
            }
            if !self.words.is_empty() && !self.words.contains(&item.as_str()) {
                return Err(not_one_of(name, item, "", self.words));
            }
        }
        Ok(())
    }
}

fn in_message(value: Option<&Value>) -> String {
    value.map_or_else(|| "null".to_owned(), Value::in_message)
}

fn not_one_of(name: &str, value: &str, how: &str, words: &[&str]) -> Error {
    Error::invalid(name, value, format!("String must be one of{how}: {}", words.join(", ")))
}

fn check_range(
    name: &str,
    value: Option<&Value>,
    min: i64,
    max: Option<(f64, &dyn std::fmt::Display)>,
) -> Result<(), Error> {
    let Some((number, value)) = value.and_then(|value| value.number().zip(Some(value))) else {
        return Err(Error::invalid(name, "null", "Value must be non-null"));
    };
    if number < min as f64 {
        return Err(Error::invalid(name, value, format!("Value must be at least {min}")));
    }
    match max {
        Some((max, shown)) if number > max => {
            Err(Error::invalid(name, value, format!("Value must be no more than {shown}")))
        }
        _ => Ok(()),
    }
}

fn items_of<'a>(name: &str, value: Option<&'a Value>) -> Result<&'a [String], Error> {
    match value {
        Some(Value::List(items)) => Ok(items),
        _ => Err(Error::invalid(name, "null", "")),
    }
}

fn check_throttled_replicas(name: &str, value: Option<&Value>) -> Result<(), Error> {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let pair =
        |item: &String| item.split_once(':').is_some_and(|(p, broker)| number(p) && number(broker));
    match value {
        Some(Value::List(items)) if items.iter().all(pair) || *items == ["*"] => Ok(()),
        // Kafka drops empty items at the end before it looks: a lone comma is an empty list
        Some(Value::List(items)) if items.iter().all(String::is_empty) => Ok(()),
        other => {
            let reason = format!(
                "{name} must be the literal '*' or a list of replicas in the following format: \
                 [partitionId]:[brokerId],[partitionId]:[brokerId],..."
            );
            Err(Error::invalid(name, in_message(other), reason))
        }
    }
}

fn check_offset_reset(name: &str, value: Option<&Value>) -> Result<(), Error> {
    let shown = in_message(value);
    let duration = shown.strip_prefix("by_duration:");
    if matches!(shown.as_str(), "earliest" | "latest") || duration.is_some_and(is_duration) {
        return Ok(());
    }
    let reason = format!(
        "Invalid value `{shown}` for configuration {name}. The value must be either 'earliest', \
         'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'."
    );
    Err(Error::invalid(name, shown, reason))
}

/// A duration of ISO 8601 that is not negative, as Java's `Duration.parse` reads it:
/// days, hours, minutes and seconds in this order, the last with up to nine decimals.
fn is_duration(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let Some(rest) = upper.strip_prefix('P').or_else(|| upper.strip_prefix("+P")) else {
        return false;
    };
    let (days, time) = match rest.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return false,
        None => (rest, ""),
    };
    take_units(days, &['D']) && take_units(time, &['H', 'M', 'S']) && !rest.is_empty()
}

/// Whether `text` is a run of numbers each followed by one of `units`, in their order.
fn take_units(mut text: &str, units: &[char]) -> bool {
    let mut next = 0;
    while !text.is_empty() {
        let digits = text.trim_start_matches('+');
        if text.len() - digits.len() > 1 {
            return false;
        }
        let Some(end) = digits.find(|c: char| !c.is_ascii_digit() && c != '.') else {
            return false;
        };
        let (number, unit) = (&digits[..end], digits[end..].chars().next());
        let Some(at) = units[next..].iter().position(|u| Some(*u) == unit) else {
            return false;
        };
        let whole = number.split_once('.').map_or(number, |(whole, _)| whole);
        let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let seconds = units[next + at] == 'S';
        if whole.is_empty() || (number.contains('.') && !seconds) || decimals > 9 {
            return false;
        }
        // beyond this Java's arithmetic overflows and the text is refused as well
        if whole.len() > 18 || number.matches('.').count() > 1 {
            return false;
        }
        next += at + 1;
        text = &digits[end + 1..];
    }
    true
}
