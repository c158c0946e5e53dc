//! `meta.properties`: whose log directory this is (kafka-storage §2).

use std::collections::BTreeMap;
use std::fmt::Write;

use wire::Uuid;

use crate::checkpoint::{Malformed, text_of};

/// Name of the file in its log directory.
pub const META_PROPERTIES_FILE: &str = "meta.properties";

const VERSION: &str = "version";
const CLUSTER_ID: &str = "cluster.id";
const NODE_ID: &str = "node.id";
const BROKER_ID: &str = "broker.id";
const DIRECTORY_ID: &str = "directory.id";

/// Identity of a log directory.
///
/// Version 1 is what KRaft writes. Version 0 comes from the time of ZooKeeper, has `broker.id`
/// in place of `node.id`, and may lack everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaProperties {
    /// Version of the file: 0 or 1.
    pub version: i32,
    /// The cluster the directory belongs to; any text, by custom the text of a UUID.
    pub cluster_id: Option<String>,
    /// The node the directory belongs to.
    pub node_id: Option<i32>,
    /// The directory itself, unique in the cluster; absent in files of old releases.
    pub directory_id: Option<Uuid>,
}

impl MetaProperties {
    /// The file of a directory of a KRaft node.
    pub fn new(cluster_id: impl Into<String>, node_id: i32, directory_id: Uuid) -> Self {
        Self {
            version: 1,
            cluster_id: Some(cluster_id.into()),
            node_id: Some(node_id),
            directory_id: Some(directory_id),
        }
    }

    /// Reads the file. Keys that are not known are ignored, as Kafka does.
    ///
    /// # Errors
    /// [`Malformed`] for another version, a value that is not what its key asks for, or a version
    /// 1 file without cluster or node id.
    pub fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let properties = Properties::parse(text_of(bytes)?)?;
        let version = properties.number(VERSION)?.unwrap_or(0);
        if !(0..=1).contains(&version) {
            let (line, _) = properties.0[VERSION];
            return Err(Malformed::new(line, format!("unknown version {version}, expected 1")));
        }
        let id = if version == 0 { BROKER_ID } else { NODE_ID };
        let directory_id = properties.0.get(DIRECTORY_ID).map(|(line, text)| {
            text.parse().map_err(|_| Malformed::new(*line, format!("{text:?} is not a UUID")))
        });
        let read = Self {
            version,
            cluster_id: properties.0.get(CLUSTER_ID).map(|(_, text)| text.clone()),
            node_id: properties.number(id)?,
            directory_id: directory_id.transpose()?,
        };
        if version == 1 {
            let missing =
                [(CLUSTER_ID, read.cluster_id.is_none()), (NODE_ID, read.node_id.is_none())]
                    .into_iter()
                    .find(|(_, missing)| *missing);
            if let Some((key, _)) = missing {
                return Err(Malformed::new(1, format!("{key} is missing")));
            }
        }
        Ok(read)
    }

    /// Writes the file.
    pub fn encode(&self) -> Vec<u8> {
        let mut text = String::new();
        let id = if self.version == 0 { BROKER_ID } else { NODE_ID };
        if let Some(cluster_id) = &self.cluster_id {
            let _ = writeln!(text, "{CLUSTER_ID}={}", escaped(cluster_id));
        }
        if let Some(directory_id) = &self.directory_id {
            let _ = writeln!(text, "{DIRECTORY_ID}={directory_id}");
        }
        if let Some(node_id) = &self.node_id {
            let _ = writeln!(text, "{id}={node_id}");
        }
        let _ = writeln!(text, "{VERSION}={}", self.version);
        text.into_bytes()
    }
}

/// Keys with their line number and value.
struct Properties(BTreeMap<String, (usize, String)>);

impl Properties {
    /// Java's properties syntax, as far as these files use it: one `key=value` (or `key: value`,
    /// or `key value`) per line, comments with `#` or `!`, and backslash escapes.
    fn parse(text: &str) -> Result<Self, Malformed> {
        let mut properties = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            let mut before = ' ';
            let end = line
                .find(|c: char| {
                    let found = before != '\\' && (c == '=' || c == ':' || c.is_ascii_whitespace());
                    before = c;
                    found
                })
                .unwrap_or(line.len());
            let value = line[end..].trim_start();
            let value = value.strip_prefix(['=', ':']).unwrap_or(value).trim_start();
            let number = index + 1;
            let key = unescaped(&line[..end], number)?;
            properties.insert(key, (number, unescaped(value, number)?));
        }
        Ok(Self(properties))
    }

    fn number(&self, key: &str) -> Result<Option<i32>, Malformed> {
        let Some((line, text)) = self.0.get(key) else { return Ok(None) };
        let number = text.trim().parse();
        let number =
            number.map_err(|_| Malformed::new(*line, format!("{key}={text:?} is not a number")))?;
        Ok(Some(number))
    }
}

fn unescaped(text: &str, line: usize) -> Result<String, Malformed> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.next() {
            None => return Err(Malformed::new(line, "a value that goes over several lines")),
            Some('t') => plain.push('\t'),
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('f') => plain.push('\x0c'),
            Some('u') => {
                let code: String = chars.by_ref().take(4).collect();
                let char = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                plain.push(char.ok_or_else(|| Malformed::new(line, "an invalid \\u escape"))?);
            }
            Some(other) => plain.push(other),
        }
    }
    Ok(plain)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, c) in text.chars().enumerate() {
        match c {
            '\\' | '=' | ':' | '#' | '!' => out.extend(['\\', c]),
            ' ' if index == 0 => out.push_str("\\ "),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\x0c' => out.push_str("\\f"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let mut properties = MetaProperties::new("Some id: =#\t\\x", 7, Uuid([3; 16]));
        assert_eq!(MetaProperties::decode(&properties.encode()), Ok(properties.clone()));
        properties = MetaProperties { version: 0, cluster_id: None, ..properties };
        assert_eq!(MetaProperties::decode(&properties.encode()), Ok(properties));
    }

    #[test]
    fn files_of_kafka_are_read() {
        let text = "#\n#Tue Nov 24 10:00:00 UTC 2026\nversion=1\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAQ\n\
                    node.id=2\ncluster.id=4L6g3nShT-eMCtK--X86sw\nnew.key=x\n";
        let read = MetaProperties::decode(text.as_bytes()).unwrap();
        let expected = MetaProperties::new("4L6g3nShT-eMCtK--X86sw", 2, Uuid::from_halves(0, 1));
        assert_eq!(read, expected);

        let read =
            MetaProperties::decode(b"broker.id : 4\r\ncluster.id abc\\u002d\r\nversion=0").unwrap();
        assert_eq!((read.version, read.node_id), (0, Some(4)));
        assert_eq!(read.cluster_id.as_deref(), Some("abc-"));
        assert_eq!(MetaProperties::decode(b"").unwrap().version, 0);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_line() {
        let cases: [(&[u8], usize); 8] = [
            (b"version=2", 1),
            (b"#\nversion=one", 2),
            (b"version=1\nnode.id=1", 1),
            (b"version=1\ncluster.id=x", 1),
            (b"version=1\ncluster.id=x\nnode.id=99999999999", 3),
            (b"version=1\ncluster.id=x\nnode.id=1\ndirectory.id=y", 4),
            (b"cluster.id=\\", 1),
            (b"version=1\ncluster.id=\xff", 2),
        ];
        for (text, line) in cases {
            assert_eq!(MetaProperties::decode(text).unwrap_err().line, line, "{text:?}");
        }
    }
}
