//! Metrics in OTLP's JSON: names in lowerCamelCase, numbers of 64 bits as text, enumerations as
//! numbers.

use std::fmt::Write as _;

use super::Error;
use super::schema::{Field, Kind, METRICS_DATA, Occurs};
use super::wire::{Fields, Value, fixed64, varint};

/// Messages inside one another, at most. Metrics themselves need nine.
const DEPTH_MAX: usize = 32;

/// Writes `metrics`, an encoded `MetricsData`, as one line of JSON with its end, as the file
/// exporter of OpenTelemetry's collector writes and its receivers read; the labels are put into the
/// attributes of each resource. Without metrics the line is empty.
///
/// # Errors
/// The bytes are no `MetricsData`, or the line would take more than `max` bytes.
pub fn json_line(metrics: &[u8], labels: &[(&str, &str)], max: usize) -> Result<String, Error> {
    let labels = labels.iter().map(|(key, value)| {
        let mut label = String::new();
        label.push_str("{\"key\":");
        write_text(&mut label, key);
        label.push_str(",\"value\":{\"stringValue\":");
        write_text(&mut label, value);
        label.push_str("}}");
        label
    });
    let labels = labels.collect::<Vec<_>>().join(",");
    let mut writer = Writer { out: String::new(), labels: &labels, max, depth: 0 };
    if metrics.is_empty() {
        return Ok(writer.out);
    }
    writer.message(METRICS_DATA, metrics)?;
    writer.out.push('\n');
    Ok(writer.out)
}

struct Writer<'a> {
    out: String,
    labels: &'a str,
    max: usize,
    depth: usize,
}

impl Writer<'_> {
    fn message(&mut self, schema: &'static [Field], bytes: &[u8]) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Error::Malformed("messages inside one another without end"));
        }
        let mut found: Vec<(usize, Value<'_>)> = Vec::new();
        for field in Fields(bytes) {
            let (number, value) = field?;
            if let Some(index) = schema.iter().position(|field| field.number == number) {
                found.push((index, value));
            }
        }
        // By field, and what came first of one first.
        found.sort_by_key(|(index, _)| *index);
        self.out.push('{');
        let mut separator = "";
        for (index, field) in schema.iter().enumerate() {
            let from = found.partition_point(|(other, _)| *other < index);
            let to = found.partition_point(|(other, _)| *other <= index);
            let values = found.get(from..to).unwrap_or_default();
            if values.is_empty() && matches!(field.occurs, Occurs::Once | Occurs::Repeated) {
                continue;
            }
            self.out.push_str(separator);
            separator = ",";
            write_text(&mut self.out, field.name);
            self.out.push(':');
            self.field(field, values)?;
        }
        self.out.push('}');
        self.depth -= 1;
        Ok(())
    }

    fn field(&mut self, field: &Field, values: &[(usize, Value<'_>)]) -> Result<(), Error> {
        if matches!(field.occurs, Occurs::Once | Occurs::Always) {
            let last = values.last().map_or(Value::Delimited(&[]), |(_, value)| *value);
            return self.value(field.kind, last);
        }
        self.out.push('[');
        let begin = self.out.len();
        for (_, value) in values {
            match (field.kind, *value) {
                (Kind::Fixed64 | Kind::Double, Value::Delimited(mut packed)) => {
                    while !packed.is_empty() {
                        self.separate(begin);
                        self.value(field.kind, Value::Fixed64(fixed64(&mut packed)?))?;
                    }
                }
                (Kind::Uint64, Value::Delimited(mut packed)) => {
                    while !packed.is_empty() {
                        self.separate(begin);
                        self.value(field.kind, Value::Varint(varint(&mut packed)?))?;
                    }
                }
                (kind, value) => {
                    self.separate(begin);
                    self.value(kind, value)?;
                }
            }
        }
        if field.occurs == Occurs::WithLabels && !self.labels.is_empty() {
            self.separate(begin);
            self.out.push_str(self.labels);
        }
        self.out.push(']');
        Ok(())
    }

    /// Puts a comma between elements of an array that began at `begin`.
    fn separate(&mut self, begin: usize) {
        if self.out.len() > begin {
            self.out.push(',');
        }
    }

    fn value(&mut self, kind: Kind, value: Value<'_>) -> Result<(), Error> {
        let out = &mut self.out;
        // Writing to a text does not fail.
        let _ = match (kind, value) {
            (Kind::Message(schema), Value::Delimited(bytes)) => {
                self.message(schema, bytes)?;
                Ok(())
            }
            (Kind::Text, Value::Delimited(bytes)) => {
                let text = std::str::from_utf8(bytes);
                write_text(out, text.map_err(|_| Error::Malformed("text that is not UTF-8"))?);
                Ok(())
            }
            (Kind::Bytes, Value::Delimited(bytes)) => {
                write_base64(out, bytes);
                Ok(())
            }
            (Kind::Bool, Value::Varint(value)) => write!(out, "{}", value != 0),
            (Kind::Number, Value::Varint(value)) => write!(out, "{}", value as u32),
            (Kind::Int64, Value::Varint(value)) => write!(out, "\"{}\"", value.cast_signed()),
            (Kind::Uint64, Value::Varint(value)) | (Kind::Fixed64, Value::Fixed64(value)) => {
                write!(out, "\"{value}\"")
            }
            (Kind::Signed, Value::Varint(value)) => {
                let value = value as u32;
                write!(out, "{}", (value >> 1).cast_signed() ^ -(value & 1).cast_signed())
            }
            (Kind::SignedFixed64, Value::Fixed64(value)) => {
                write!(out, "\"{}\"", value.cast_signed())
            }
            (Kind::Double, Value::Fixed64(bits)) => {
                write_double(out, f64::from_bits(bits));
                Ok(())
            }
            _ => return Err(Error::Malformed("a field of another type")),
        };
        if self.out.len() > self.max { Err(Error::TooLarge(self.max)) } else { Ok(()) }
    }
}

fn write_double(out: &mut String, value: f64) {
    let _ = match value {
        _ if value.is_nan() => write!(out, "\"NaN\""),
        f64::INFINITY => write!(out, "\"Infinity\""),
        f64::NEG_INFINITY => write!(out, "\"-Infinity\""),
        // The shortest text that means the same, with an exponent where that is shorter.
        _ => write!(out, "{value:?}"),
    };
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\x1f' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}

fn write_base64(out: &mut String, bytes: &[u8]) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.push('"');
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place > three.len() { '=' } else { char::from(letter) });
        }
    }
    out.push('"');
}
