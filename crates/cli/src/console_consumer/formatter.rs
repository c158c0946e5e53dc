//! How records are shown.

use std::io::Write as _;

use client::ConsumedRecord;
use records::TimestampType;

use super::coordinator;
use super::deserializer::Deserializer;
use crate::error::Error;
use crate::properties::Properties;

/// The formatters there are, by the end of their class names.
#[derive(Debug)]
pub(super) enum Formatter {
    /// Fields, one record per line.
    Default(Box<DefaultFormatter>),
    /// Records of a coordinator's topic, as JSON.
    Coordinator(coordinator::Shown),
    /// Nothing.
    NoOp,
}

/// Where Kafka's formatters live, now and before 4.0.
const PACKAGES: [&str; 2] = ["org.apache.kafka.tools.consumer.", "kafka.tools."];

impl Formatter {
    /// # Errors
    /// There is no such formatter here, or a property makes no sense.
    pub(super) fn new(class: Option<&str>, properties: &Properties) -> Result<Self, Error> {
        let name = class.map_or(Some("DefaultMessageFormatter"), |class| {
            PACKAGES.iter().find_map(|package| class.strip_prefix(package))
        });
        match name {
            // The second one writes to the log as well, where by default nobody sees it.
            Some("DefaultMessageFormatter" | "LoggingMessageFormatter") => {
                Ok(Self::Default(Box::new(DefaultFormatter::new(properties)?)))
            }
            Some("OffsetsMessageFormatter") => Ok(Self::Coordinator(coordinator::Shown::Offsets)),
            Some("GroupMetadataMessageFormatter") => {
                Ok(Self::Coordinator(coordinator::Shown::Groups))
            }
            Some("NoOpMessageFormatter") => Ok(Self::NoOp),
            _ => Err(Error::Refused(format!(
                "the formatter {} is not part of this tool; it has DefaultMessageFormatter, \
                 LoggingMessageFormatter, NoOpMessageFormatter, OffsetsMessageFormatter and \
                 GroupMetadataMessageFormatter of {}",
                class.unwrap_or_default(),
                PACKAGES[0].trim_end_matches('.'),
            ))),
        }
    }

    /// Shows a record.
    ///
    /// # Errors
    /// It is not what a deserializer reads; then nothing is shown.
    pub(super) fn show(&self, record: &ConsumedRecord, out: &mut Vec<u8>) -> Result<(), Error> {
        match self {
            Self::Default(formatter) => formatter.show(record, out),
            Self::Coordinator(shown) => coordinator::show(*shown, record, out),
            Self::NoOp => Ok(()),
        }
    }
}

/// Shows the fields that are asked for, in a fixed order.
#[derive(Debug)]
pub(super) struct DefaultFormatter {
    timestamp: bool,
    key: bool,
    value: bool,
    partition: bool,
    offset: bool,
    delivery: bool,
    epoch: bool,
    headers: bool,
    key_separator: String,
    line_separator: String,
    headers_separator: String,
    null_literal: String,
    key_deserializer: Deserializer,
    value_deserializer: Deserializer,
    headers_deserializer: Deserializer,
}

impl DefaultFormatter {
    fn new(properties: &Properties) -> Result<Self, Error> {
        let flag = |name| properties.lenient_flag(name).unwrap_or(false);
        let text = |name, default: &str| properties.get(name).unwrap_or(default).to_owned();
        let deserializer = |name| {
            let class = properties.get(name).filter(|class| !class.is_empty());
            class.map_or(Ok(Deserializer::Bytes), Deserializer::of_class)
        };
        Ok(Self {
            timestamp: flag("print.timestamp"),
            key: flag("print.key"),
            value: properties.lenient_flag("print.value").unwrap_or(true),
            partition: flag("print.partition"),
            offset: flag("print.offset"),
            delivery: flag("print.delivery"),
            epoch: flag("print.epoch"),
            headers: flag("print.headers"),
            key_separator: text("key.separator", "\t"),
            line_separator: text("line.separator", "\n"),
            headers_separator: text("headers.separator", ","),
            null_literal: text("null.literal", "null"),
            key_deserializer: deserializer("key.deserializer")?,
            value_deserializer: deserializer("value.deserializer")?,
            headers_deserializer: deserializer("headers.deserializer")?,
        })
    }

    fn show(&self, record: &ConsumedRecord, out: &mut Vec<u8>) -> Result<(), Error> {
        let begin = out.len();
        let shown = self.fields(record, out);
        if shown.is_err() {
            out.truncate(begin);
        }
        shown
    }

    fn fields(&self, record: &ConsumedRecord, out: &mut Vec<u8>) -> Result<(), Error> {
        let begin = out.len();
        let next = |out: &mut Vec<u8>| {
            if out.len() > begin {
                out.extend_from_slice(self.key_separator.as_bytes());
            }
        };
        if self.timestamp {
            match record.timestamp_type {
                None => write!(out, "NO_TIMESTAMP")?,
                Some(TimestampType::CreateTime) => write!(out, "CreateTime:{}", record.timestamp)?,
                Some(TimestampType::LogAppendTime) => {
                    write!(out, "LogAppendTime:{}", record.timestamp)?;
                }
            }
        }
        if self.partition {
            next(out);
            write!(out, "Partition:{}", record.partition)?;
        }
        if self.offset {
            next(out);
            write!(out, "Offset:{}", record.offset)?;
        }
        // Only share groups count deliveries, and Apache Kafka's tool loses the epoch on the way.
        for (wanted, name) in [(self.delivery, "Delivery"), (self.epoch, "Epoch")] {
            if wanted {
                next(out);
                write!(out, "{name}:NOT_PRESENT")?;
            }
        }
        if self.headers {
            next(out);
            self.headers(record, out)?;
        }
        // A field may be empty, so what was written no longer tells whether there was one.
        let before = self.timestamp
            || self.partition
            || self.offset
            || self.delivery
            || self.epoch
            || self.headers;
        if self.key {
            if before {
                out.extend_from_slice(self.key_separator.as_bytes());
            }
            self.part(record.key.as_deref(), self.key_deserializer, out)?;
        }
        if self.value {
            if before || self.key {
                out.extend_from_slice(self.key_separator.as_bytes());
            }
            self.part(record.value.as_deref(), self.value_deserializer, out)?;
        }
        out.extend_from_slice(self.line_separator.as_bytes());
        Ok(())
    }

    fn headers(&self, record: &ConsumedRecord, out: &mut Vec<u8>) -> Result<(), Error> {
        if record.headers.is_empty() {
            out.extend_from_slice(b"NO_HEADERS");
        }
        for (at, header) in record.headers.iter().enumerate() {
            if at > 0 {
                out.extend_from_slice(self.headers_separator.as_bytes());
            }
            out.extend_from_slice(&header.key);
            out.push(b':');
            self.part(header.value.as_deref(), self.headers_deserializer, out)?;
        }
        Ok(())
    }

    fn part(
        &self,
        bytes: Option<&[u8]>,
        deserializer: Deserializer,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        match bytes {
            Some(bytes) => deserializer.show(bytes, out),
            None => {
                out.extend_from_slice(self.null_literal.as_bytes());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use records::Header;
    use wire::Str;

    use super::*;

    fn check(properties: &str, record: &ConsumedRecord) -> String {
        let mut read = Properties::default();
        properties.split_whitespace().for_each(|pair| read.add(pair));
        let mut out = Vec::new();
        match Formatter::new(None, &read).unwrap().show(record, &mut out) {
            Ok(()) => String::from_utf8(out).unwrap(),
            Err(error) => error.to_string(),
        }
    }

    fn record(key: Option<&'static [u8]>, headers: Vec<Header>) -> ConsumedRecord {
        ConsumedRecord {
            topic: Str::from("t"),
            partition: 3,
            offset: 7,
            timestamp: 11,
            timestamp_type: Some(TimestampType::CreateTime),
            leader_epoch: 0,
            key: key.map(Bytes::from_static),
            value: Some(Bytes::from_static(b"v")),
            headers,
        }
    }

    #[test]
    fn fields_come_in_the_order_of_apache_kafkas_formatter() {
        let header = |value: Option<&'static [u8]>| Header {
            key: Bytes::from_static(b"h"),
            value: value.map(Bytes::from_static),
        };
        let full = record(Some(b"k"), vec![header(Some(b"1")), header(None)]);
        let all = "print.key=true print.headers=true print.partition=true print.offset=true \
                   print.epoch=true print.delivery=true print.timestamp=true key.separator=|";
        assert_eq!(check("", &full), "v\n");
        assert_eq!(
            check(all, &full),
            "CreateTime:11|Partition:3|Offset:7|Delivery:NOT_PRESENT|Epoch:NOT_PRESENT|\
             h:1,h:null|k|v\n"
        );
        let bare = record(None, Vec::new());
        assert_eq!(check("print.key=true null.literal=NIL", &bare), "NIL\tv\n");
        assert_eq!(check("print.headers=true print.value=false", &bare), "NO_HEADERS\n");
        assert_eq!(check("print.key=true", &record(Some(b""), Vec::new())), "\tv\n");
    }

    #[test]
    fn deserializers_show_numbers_and_refuse_other_bytes() {
        let long = "print.value=false print.key=true \
                    key.deserializer=org.apache.kafka.common.serialization.LongDeserializer";
        assert_eq!(check(long, &record(Some(b"\0\0\0\0\0\0\0\x05"), Vec::new())), "5\n");
        let refused = check(long, &record(Some(b"abc"), Vec::new()));
        assert_eq!(refused, "Size of data received by LongDeserializer is not 8");
    }
}
