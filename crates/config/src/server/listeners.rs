//! Listeners of a server: where they are bound, what is advertised, how they are secured.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::endpoint::{Endpoint, ListenerText, SecurityProtocol};
use crate::error::Error;
use crate::server::DynamicSettings;
use crate::static_config::StaticConfig;
use crate::table;
use crate::typed::{Typed, Values};

const PROTOCOL_MAP: &str = "listener.security.protocol.map";

/// Where a server listens and what it advertises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listeners {
    /// Every bound listener, as `listeners` lists them.
    pub bound: Vec<Endpoint>,
    /// What a broker registers for its clients and other brokers: `advertised.listeners`, or else
    /// the bound ones; without those of controllers.
    pub advertised: Vec<Endpoint>,
    /// What a controller registers: the listeners of `controller.listener.names`, as advertised
    /// or else as bound, in that order. Without a host: the machine's own name.
    pub advertised_controllers: Vec<Endpoint>,
    /// Names of the listeners that lead to controllers; the first is the one to connect to.
    pub controller_names: Vec<String>,
    /// Name of the listener brokers reach each other by.
    pub inter_broker: String,
    /// How connections between brokers are secured.
    pub inter_broker_protocol: SecurityProtocol,
    /// Listeners that open before the authorizer is ready.
    pub early_start: Option<Vec<String>>,
    protocols: BTreeMap<String, SecurityProtocol>,
    limits: BTreeMap<String, ListenerLimits>,
}

/// Limits of one listener, over those of the whole server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListenerLimits {
    /// `listener.name.{name}.max.connections`
    pub max_connections: Option<i32>,
    /// `listener.name.{name}.max.connection.creation.rate`
    pub max_connection_creation_rate: Option<i32>,
    /// `listener.name.{name}.num.network.threads`
    pub num_network_threads: Option<i32>,
}

impl Listeners {
    pub(crate) fn read(
        values: &Values,
        statics: &StaticConfig,
        broker: &DynamicSettings,
    ) -> Result<Self, Error> {
        let is_set = |name: &str| statics.get(name).is_some() || broker.contains_key(name);
        let texts: Vec<String> = take(values, "listeners");
        let controller_names: Vec<String> = take(values, "controller.listener.names");
        let mut protocols = parse_protocol_map(&take::<String>(values, PROTOCOL_MAP))?;
        if !is_set(PROTOCOL_MAP) {
            add_controllers(&mut protocols, &controller_names, &texts);
        }
        let bound = parse_listeners(&texts, &protocols, true)?;
        let advertised = match take::<Option<Vec<String>>>(values, "advertised.listeners") {
            Some(texts) => parse_listeners(&texts, &protocols, false)?,
            None => bound.clone(),
        };
        let find = |endpoints: &[Endpoint], name: &str| {
            endpoints.iter().find(|e| e.listener.eq_ignore_ascii_case(name)).cloned()
        };
        let is_advertised = is_set("advertised.listeners");
        let named = |name: &String| {
            let endpoint = find(&advertised, name).filter(|_| is_advertised);
            endpoint.or_else(|| find(&bound, name).map(without_wildcard))
        };
        let advertised_controllers = controller_names.iter().filter_map(named).collect();
        let (inter_broker, inter_broker_protocol) =
            inter_broker(values, is_set("security.inter.broker.protocol"), &protocols)?;
        let limits = bound
            .iter()
            .map(|e| Ok((e.listener.clone(), read_limits(&e.listener, statics, broker)?)))
            .collect::<Result<_, Error>>()?;
        Ok(Listeners {
            advertised: advertised
                .into_iter()
                .filter(|e| !controller_names.contains(&e.listener))
                .collect(),
            bound,
            advertised_controllers,
            controller_names,
            inter_broker,
            inter_broker_protocol,
            early_start: take(values, "early.start.listeners"),
            protocols,
            limits,
        })
    }

    /// How a listener is secured; none if the protocol map does not know it.
    pub fn protocol(&self, listener: &str) -> Option<SecurityProtocol> {
        self.protocols.get(&listener.to_uppercase()).copied()
    }

    /// The limits a listener has of its own.
    pub fn limits(&self, listener: &str) -> ListenerLimits {
        self.limits.get(listener).copied().unwrap_or_default()
    }

    /// Whether a listener is for controllers.
    pub fn is_controller(&self, listener: &str) -> bool {
        self.controller_names.iter().any(|name| name.eq_ignore_ascii_case(listener))
    }
}

fn take<T: Typed + Default>(values: &Values, name: &str) -> T {
    T::take(values.get(name)).unwrap_or_default()
}

/// Reads `NAME:PROTOCOL,...`; names in upper case.
fn parse_protocol_map(text: &str) -> Result<BTreeMap<String, SecurityProtocol>, Error> {
    let mut protocols = BTreeMap::new();
    for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        let Some((listener, protocol)) = item.rsplit_once(':') else {
            return Err(Error::rejected(format!(
                "Error parsing configuration property '{PROTOCOL_MAP}': {item} is not of the form \
                 NAME:PROTOCOL"
            )));
        };
        protocols.insert(listener.trim().to_uppercase(), security_protocol(protocol.trim())?);
    }
    Ok(protocols)
}

fn security_protocol(name: &str) -> Result<SecurityProtocol, Error> {
    SecurityProtocol::from_name(name).ok_or_else(|| {
        Error::rejected(format!("Invalid security protocol `{name}` defined in {PROTOCOL_MAP}"))
    })
}

/// Without a map of one's own, controller listeners are plaintext unless TLS or SASL is in use.
fn add_controllers(
    protocols: &mut BTreeMap<String, SecurityProtocol>,
    controller_names: &[String],
    listeners: &[String],
) {
    let names = listeners.iter().map(|text| text.split(':').next().unwrap_or_default());
    let secured = |name: &str| {
        SecurityProtocol::from_name(name).is_some_and(|p| p != SecurityProtocol::Plaintext)
    };
    if names.chain(controller_names.iter().map(String::as_str)).any(secured) {
        return;
    }
    for name in controller_names {
        protocols.entry(name.clone()).or_insert(SecurityProtocol::Plaintext);
    }
}

fn parse_listeners(
    texts: &[String],
    protocols: &BTreeMap<String, SecurityProtocol>,
    distinct_ports: bool,
) -> Result<Vec<Endpoint>, Error> {
    let wrap = |reason: String| {
        Error::rejected(format!(
            "Error creating broker listeners from '[{}]': {reason}",
            texts.join(", ")
        ))
    };
    let mut endpoints = Vec::with_capacity(texts.len());
    for text in texts {
        let ListenerText { name, host, port } = text.parse().map_err(wrap)?;
        let Some(protocol) = protocols.get(&name).copied() else {
            return Err(wrap(format!("No security protocol defined for listener {name}")));
        };
        endpoints.push(Endpoint { listener: name, protocol, host, port });
    }
    check_distinct(texts, &endpoints, distinct_ports).map_err(wrap)?;
    Ok(endpoints)
}

/// Listener names differ; so do ports, except that one IPv4 and one IPv6 address may share one.
fn check_distinct(texts: &[String], endpoints: &[Endpoint], ports: bool) -> Result<(), String> {
    let listed = format!("[{}]", texts.join(", "));
    let same_name = |at: usize| {
        endpoints[..at].iter().any(|earlier| earlier.listener == endpoints[at].listener)
    };
    if (1..endpoints.len()).any(same_name) {
        return Err(format!("Each listener must have a different name, listeners: {listed}"));
    }
    for endpoint in endpoints.iter().filter(|e| ports && e.port != 0) {
        let port = endpoint.port;
        let sharing: Vec<Option<IpAddr>> =
            endpoints.iter().filter(|e| e.port == port).map(ip_address).collect();
        let named = sharing.iter().filter(|ip| ip.is_none()).count();
        let addresses: Vec<IpAddr> = sharing.into_iter().flatten().collect();
        if named > 1 {
            return Err(format!("Each listener must have a different port, listeners: {listed}"));
        }
        if named + addresses.len() == 1 {
            continue;
        }
        match addresses[..] {
            [first, second] if named == 0 && first.is_ipv4() != second.is_ipv4() => {}
            [_, _] => {
                return Err(format!(
                    "If you have two listeners on the same port then one needs to be IPv4 and the \
                     other IPv6, listeners: {listed}, port: {port}"
                ));
            }
            _ => {
                return Err(format!(
                    "Each listener must have a different port unless exactly one listener has an \
                     IPv4 address and the other IPv6 address, listeners: {listed}, port: {port}"
                ));
            }
        }
    }
    Ok(())
}

/// A controller that is bound to every interface advertises the machine's own name.
fn without_wildcard(mut endpoint: Endpoint) -> Endpoint {
    endpoint.host = endpoint.host.filter(|host| host != "0.0.0.0");
    endpoint
}

fn ip_address(endpoint: &Endpoint) -> Option<IpAddr> {
    endpoint.host.as_ref()?.parse().ok()
}

fn inter_broker(
    values: &Values,
    protocol_is_set: bool,
    protocols: &BTreeMap<String, SecurityProtocol>,
) -> Result<(String, SecurityProtocol), Error> {
    let Some(name) = take::<Option<String>>(values, "inter.broker.listener.name") else {
        let protocol =
            security_protocol(&take::<String>(values, "security.inter.broker.protocol"))?;
        return Ok((protocol.name().to_owned(), protocol));
    };
    if protocol_is_set {
        return Err(Error::rejected(
            "Only one of inter.broker.listener.name and security.inter.broker.protocol should be \
             set.",
        ));
    }
    let name = name.to_uppercase();
    match protocols.get(&name) {
        Some(protocol) => Ok((name, *protocol)),
        None => Err(Error::rejected(format!(
            "Listener with name {name} defined in inter.broker.listener.name not found in \
             {PROTOCOL_MAP}."
        ))),
    }
}

fn read_limits(
    listener: &str,
    statics: &StaticConfig,
    broker: &DynamicSettings,
) -> Result<ListenerLimits, Error> {
    let limit = |name: &str| {
        let full = format!("listener.name.{}.{name}", listener.to_lowercase());
        let text = broker.get(&full).map(String::as_str).or_else(|| statics.get(&full));
        let row = table::find(table::BROKER, name);
        let value = row.zip(text).map(|(row, text)| row.parse(text)).transpose()?;
        Ok::<_, Error>(value.and_then(|value| i32::take(Some(&value))))
    };
    Ok(ListenerLimits {
        max_connections: limit("max.connections")?,
        max_connection_creation_rate: limit("max.connection.creation.rate")?,
        num_network_threads: limit("num.network.threads")?,
    })
}
