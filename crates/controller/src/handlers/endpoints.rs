//! Listeners of registering nodes, in the machine's terms.

use metadata::Endpoint;
use metadata::controller::{Error, Reason};
use wire::messages::{broker_registration_request, controller_registration_request};

/// The security protocols there are: PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL.
const SECURITY_PROTOCOLS: std::ops::RangeInclusive<i16> = 0..=3;

pub(crate) fn of_broker(
    listeners: &[broker_registration_request::Listener],
) -> Result<Vec<Endpoint>, Error> {
    let endpoint = |listener: &broker_registration_request::Listener| Endpoint {
        name: listener.name.detach(),
        host: listener.host.detach(),
        port: listener.port,
        security_protocol: listener.security_protocol,
    };
    checked(listeners.iter().map(endpoint).collect())
}

pub(crate) fn of_controller(
    listeners: &[controller_registration_request::Listener],
) -> Result<Vec<Endpoint>, Error> {
    let endpoint = |listener: &controller_registration_request::Listener| Endpoint {
        name: listener.name.detach(),
        host: listener.host.detach(),
        port: listener.port,
        security_protocol: listener.security_protocol,
    };
    checked(listeners.iter().map(endpoint).collect())
}

/// Nobody could use a listener without name, or of a protocol that does not exist. Of two with the
/// same name the later one counts.
fn checked(endpoints: Vec<Endpoint>) -> Result<Vec<Endpoint>, Error> {
    let mut checked: Vec<Endpoint> = Vec::with_capacity(endpoints.len());
    for endpoint in endpoints {
        if endpoint.name.is_empty() || !SECURITY_PROTOCOLS.contains(&endpoint.security_protocol) {
            return Err(Error::standard(Reason::UnknownServerError));
        }
        match checked.iter_mut().find(|earlier| earlier.name == endpoint.name) {
            Some(earlier) => *earlier = endpoint,
            None => checked.push(endpoint),
        }
    }
    Ok(checked)
}
