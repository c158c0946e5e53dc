//! Addresses in settings: listeners, quorum voters, bootstrap servers, security protocols.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// How a listener secures its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SecurityProtocol {
    /// Neither encrypted nor authenticated.
    Plaintext,
    /// TLS.
    Ssl,
    /// SASL over an unencrypted connection.
    SaslPlaintext,
    /// SASL over TLS.
    SaslSsl,
}

impl SecurityProtocol {
    /// All of them.
    pub const ALL: [SecurityProtocol; 4] = [
        SecurityProtocol::Plaintext,
        SecurityProtocol::Ssl,
        SecurityProtocol::SaslPlaintext,
        SecurityProtocol::SaslSsl,
    ];

    /// The name in configuration files, such as `SASL_SSL`.
    pub const fn name(self) -> &'static str {
        match self {
            SecurityProtocol::Plaintext => "PLAINTEXT",
            SecurityProtocol::Ssl => "SSL",
            SecurityProtocol::SaslPlaintext => "SASL_PLAINTEXT",
            SecurityProtocol::SaslSsl => "SASL_SSL",
        }
    }

    /// The number in requests and metadata records.
    pub const fn code(self) -> i16 {
        match self {
            SecurityProtocol::Plaintext => 0,
            SecurityProtocol::Ssl => 1,
            SecurityProtocol::SaslPlaintext => 2,
            SecurityProtocol::SaslSsl => 3,
        }
    }

    /// The protocol of a name in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.name().eq_ignore_ascii_case(name))
    }

    /// Whether connections authenticate with SASL.
    pub const fn uses_sasl(self) -> bool {
        matches!(self, SecurityProtocol::SaslPlaintext | SecurityProtocol::SaslSsl)
    }
}

impl fmt::Display for SecurityProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A listener: its name, how it is secured, and where it is bound or advertised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name in upper case, such as `PLAINTEXT` or `INTERNAL`.
    pub listener: String,
    /// How its connections are secured.
    pub protocol: SecurityProtocol,
    /// Host or address; none means every interface (as a bound address) or the machine's own
    /// name (as an advertised one).
    pub host: Option<String>,
    /// Port; 0 lets the system choose when bound.
    pub port: i32,
}

/// One voter of a static quorum, as `controller.quorum.voters` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voter {
    /// Its `node.id`.
    pub id: i32,
    /// Where its controller listener is reached.
    pub address: HostPort,
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPort {
    /// Name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A listener as written: `NAME://host:port`, before its security protocol is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenerText {
    pub(crate) name: String,
    pub(crate) host: Option<String>,
    pub(crate) port: i32,
}

impl FromStr for ListenerText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.rsplit_once("://").and_then(|(name, address)| {
            let (host, port) = address.rsplit_once(':')?;
            let host = bare_host(host)?;
            let digits = port.strip_prefix('-').unwrap_or(port);
            let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            numeric.then_some((name, host, port))
        });
        let Some((name, host, port)) = parsed else {
            return Err(format!("Unable to parse {text} to a broker endpoint"));
        };
        let port = port.parse().map_err(|_| format!("For input string: \"{port}\""))?;
        let host = (!host.is_empty()).then(|| host.to_owned());
        Ok(ListenerText { name: name.to_uppercase(), host, port })
    }
}

/// Reads `controller.quorum.voters`.
///
/// # Errors
/// Kafka's words for the first item that is not `{id}@{host}:{port}`.
pub fn parse_voters(items: &[String]) -> Result<Vec<Voter>, Error> {
    const NAME: &str = "controller.quorum.voters";
    const FORM: &str = "Each entry should be in the form `{id}@{host}:{port}`.";
    let mut voters: Vec<Voter> = Vec::with_capacity(items.len());
    for item in items {
        let parts: Vec<&str> = item.split('@').collect();
        let [id, address] = parts[..] else {
            return Err(Error::rejected(format!("Invalid configuration value for {NAME}. {FORM}")));
        };
        let id = id.parse().map_err(|_| {
            Error::rejected(format!("Failed to parse voter ID as an integer from {id}"))
        })?;
        let address = parse_host_port(address).ok_or_else(|| {
            Error::rejected(format!(
                "Failed to parse host name from entry {item} for the configuration {NAME}. {FORM}"
            ))
        })?;
        let voter = Voter { id, address };
        // a voter named twice counts as named last
        match voters.iter_mut().find(|known| known.id == id) {
            Some(known) => *known = voter,
            None => voters.push(voter),
        }
    }
    Ok(voters)
}

/// Reads `controller.quorum.bootstrap.servers`.
///
/// # Errors
/// Kafka's words for the first item that is not `{host}:{port}`.
pub fn parse_bootstrap_servers(items: &[String]) -> Result<Vec<HostPort>, Error> {
    items
        .iter()
        .map(|item| {
            parse_host_port(item).ok_or_else(|| {
                Error::rejected(format!(
                    "Failed to parse host name from {item} for the configuration \
                     controller.quorum.bootstrap.servers. Each entry should be in the form \
                     \"{{host}}:{{port}}\""
                ))
            })
        })
        .collect()
}

/// Reads `host:port`, `[v6]:port` or `PROTOCOL://host:port`.
pub fn parse_host_port(text: &str) -> Option<HostPort> {
    let address = match text.split_once("://") {
        Some((scheme, address)) if scheme.chars().all(is_host_char) => address,
        Some(_) => return None,
        None => text,
    };
    let (host, port) = address.rsplit_once(':')?;
    let host = bare_host(host)?;
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(HostPort { host: host.to_owned(), port: port.parse().ok()? })
}

/// The host without its brackets, if it consists of what a host may consist of.
fn bare_host(host: &str) -> Option<&str> {
    let host = host.strip_prefix('[').unwrap_or(host);
    let host = host.strip_suffix(']').unwrap_or(host);
    host.chars().all(|c| is_host_char(c) || c == ':').then_some(host)
}

fn is_host_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '%' | '.' | '_')
}
