//! How a line becomes a record.

use bytes::Bytes;
use client::ProducerRecord;
use records::Header;
use wire::Str;

use crate::error::Error;
use crate::properties::Properties;

/// Reads lines by the reader's properties.
#[derive(Debug)]
pub(super) struct LineReader {
    topic: Str,
    parse_key: bool,
    parse_headers: bool,
    key_separator: String,
    headers_delimiter: String,
    headers_separator: String,
    headers_key_separator: String,
    null_marker: Option<String>,
    ignore_error: bool,
    line_number: u64,
}

impl LineReader {
    /// # Errors
    /// Properties that make no sense together.
    pub(super) fn new(topic: Str, properties: &Properties) -> Result<Self, Error> {
        let flag = |name| properties.lenient_flag(name).unwrap_or(false);
        let text = |name, default: &str| properties.get(name).unwrap_or(default).to_owned();
        let reader = Self {
            topic,
            parse_key: flag("parse.key"),
            parse_headers: flag("parse.headers"),
            key_separator: text("key.separator", "\t"),
            headers_delimiter: text("headers.delimiter", "\t"),
            headers_separator: text("headers.separator", ","),
            headers_key_separator: text("headers.key.separator", ":"),
            null_marker: properties.get("null.marker").map(str::to_owned),
            ignore_error: flag("ignore.error"),
            line_number: 0,
        };
        let separators = [
            ("headers.delimiter", &reader.headers_delimiter),
            ("headers.separator", &reader.headers_separator),
            ("headers.key.separator", &reader.headers_key_separator),
        ];
        for (at, (name, separator)) in separators.iter().enumerate() {
            if let Some((other, _)) = separators[..at].iter().find(|(_, it)| it == separator) {
                return Err(Error::Refused(format!("{other} and {name} may not be equal")));
            }
        }
        if let Some(marker) = &reader.null_marker {
            let of_key = [("key.separator", &reader.key_separator)];
            let all = separators.iter().chain(&of_key);
            let mut equal = all.filter(|(_, separator)| *separator == marker);
            if let Some((name, _)) = equal.next() {
                return Err(Error::Refused(format!("null.marker and {name} may not be equal")));
            }
        }
        Ok(reader)
    }

    /// Reads the next line.
    ///
    /// # Errors
    /// It lacks something that `ignore.error` does not excuse.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<ProducerRecord, Error> {
        self.line_number += 1;
        let delimiter = (self.parse_headers, self.headers_delimiter.as_str());
        let (headers, rest) = self.part(line, line, delimiter, "headers delimiter")?;
        let separator = (self.parse_key, self.key_separator.as_str());
        let (key, value) = self.part(line, rest, separator, "key separator")?;
        let headers = match headers {
            Some(headers) if !headers.is_empty() && !self.is_null(headers) => {
                self.headers(headers)?
            }
            _ => Vec::new(),
        };
        Ok(ProducerRecord {
            topic: self.topic.clone(),
            key: key.and_then(|key| self.bytes(key)),
            value: self.bytes(value),
            headers,
            ..ProducerRecord::default()
        })
    }

    /// What is in front of a separator, and what is behind.
    fn part<'a>(
        &self,
        line: &[u8],
        rest: &'a [u8],
        (wanted, separator): (bool, &str),
        what: &str,
    ) -> Result<(Option<&'a [u8]>, &'a [u8]), Error> {
        if !wanted {
            return Ok((None, rest));
        }
        match find(rest, separator) {
            Some(at) => Ok((Some(&rest[..at]), &rest[at + separator.len()..])),
            None if self.ignore_error => Ok((None, rest)),
            None => Err(Error::Refused(format!(
                "No {what} found on line number {}: '{}'",
                self.line_number,
                String::from_utf8_lossy(line)
            ))),
        }
    }

    fn headers(&self, text: &[u8]) -> Result<Vec<Header>, Error> {
        let mut headers = Vec::new();
        let mut rest = Some(text);
        while let Some(all) = rest {
            let (pair, after) = match find(all, &self.headers_separator) {
                Some(at) => (&all[..at], Some(&all[at + self.headers_separator.len()..])),
                None => (all, None),
            };
            rest = after;
            headers.push(self.header(pair)?);
        }
        Ok(headers)
    }

    fn header(&self, pair: &[u8]) -> Result<Header, Error> {
        let shown = String::from_utf8_lossy(pair);
        let Some(at) = find(pair, &self.headers_key_separator) else {
            if self.ignore_error {
                return Ok(Header { key: Bytes::copy_from_slice(pair), value: None });
            }
            return Err(Error::Refused(format!(
                "No header key separator found in pair '{shown}' on line number {}",
                self.line_number
            )));
        };
        let (key, value) = (&pair[..at], &pair[at + self.headers_key_separator.len()..]);
        if self.is_null(key) {
            return Err(Error::Refused(format!(
                "Header keys should not be equal to the null marker '{}' as they can't be null",
                String::from_utf8_lossy(key)
            )));
        }
        Ok(Header { key: Bytes::copy_from_slice(key), value: self.bytes(value) })
    }

    fn is_null(&self, text: &[u8]) -> bool {
        self.null_marker.as_ref().is_some_and(|marker| marker.as_bytes() == text)
    }

    fn bytes(&self, text: &[u8]) -> Option<Bytes> {
        (!self.is_null(text)).then(|| Bytes::copy_from_slice(text))
    }
}

/// Where `separator` first is.
fn find(text: &[u8], separator: &str) -> Option<usize> {
    if separator.is_empty() {
        return Some(0);
    }
    text.windows(separator.len()).position(|window| window == separator.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(properties: &str, line: &str) -> String {
        let mut read = Properties::default();
        properties.split_whitespace().for_each(|pair| read.add(pair));
        let mut reader = LineReader::new(Str::from("t"), &read).unwrap();
        let show = |bytes: Option<Bytes>| match bytes {
            Some(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            None => "-".to_owned(),
        };
        match reader.read(line.as_bytes()) {
            Err(error) => error.to_string(),
            Ok(record) => {
                let headers = record.headers.into_iter();
                let headers: Vec<String> = headers
                    .map(|header| format!("{}={}", show(Some(header.key)), show(header.value)))
                    .collect();
                format!("[{}] {} {}", headers.join(" "), show(record.key), show(record.value))
            }
        }
    }

    #[test]
    fn lines_are_taken_apart_as_apache_kafkas_reader_does() {
        let all = "parse.key=true parse.headers=true";
        assert_eq!(check("", "a\tb"), "[] - a\tb");
        assert_eq!(check("parse.key=true", "k\tv\tw"), "[] k v\tw");
        assert_eq!(check("parse.headers=true", "h:1,i:\tv"), "[h=1 i=] - v");
        assert_eq!(check(all, "h1:v1,h2:v2\tk\tv"), "[h1=v1 h2=v2] k v");
        assert_eq!(check(&format!("{all} null.marker=N"), "N\tN\tN"), "[] - -");
        assert_eq!(check(&format!("{all} null.marker=N"), "a:N\tk\tv"), "[a=-] k v");
    }

    #[test]
    fn what_is_missing_is_named_or_excused() {
        let missing = check("parse.key=true", "nokey");
        assert_eq!(missing, "No key separator found on line number 1: 'nokey'");
        assert_eq!(check("parse.key=true ignore.error=true", "nokey"), "[] - nokey");
        let missing = check("parse.headers=true", "novalue\tv");
        assert_eq!(missing, "No header key separator found in pair 'novalue' on line number 1");
    }
}
