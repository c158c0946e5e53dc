//! Authorization, delegation tokens, TLS.

use crate::setting::{Setting, boolean, class, list, long, password, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    string("authorizer.class.name", "").valid(Valid::NonNull).low(),
    long("connections.max.reauth.ms", 0),
    long("delegation.token.expiry.check.interval.ms", 3_600_000).at_least(1).low(),
    long("delegation.token.expiry.time.ms", 86_400_000).at_least(1),
    long("delegation.token.max.lifetime.ms", 604_800_000).at_least(1),
    password("delegation.token.secret.key"),
    class(
        "principal.builder.class",
        "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder",
    )
    .per_broker(),
    string("security.providers", "").null().low().never(),
    boolean("ssl.allow.dn.changes", false).low(),
    boolean("ssl.allow.san.changes", false).low(),
    list("ssl.cipher.suites", "").items(Items::ANY).per_broker(),
    string("ssl.client.auth", "none").one_of(&["required", "requested", "none"]).per_broker(),
    list("ssl.enabled.protocols", "TLSv1.2,TLSv1.3").items(Items::ANY).per_broker(),
    string("ssl.endpoint.identification.algorithm", "https").low().per_broker(),
    class("ssl.engine.factory.class", "").null().low().per_broker().never(),
    password("ssl.key.password").per_broker(),
    string("ssl.keymanager.algorithm", "SunX509").per_broker().never(),
    password("ssl.keystore.certificate.chain").per_broker(),
    password("ssl.keystore.key").per_broker(),
    string("ssl.keystore.location", "").null().per_broker(),
    password("ssl.keystore.password").per_broker(),
    string("ssl.keystore.type", "JKS").per_broker(),
    string("ssl.principal.mapping.rules", "DEFAULT").low(),
    string("ssl.protocol", "TLSv1.3").per_broker(),
    string("ssl.provider", "").null().per_broker().never(),
    string("ssl.secure.random.implementation", "").null().low().per_broker().never(),
    string("ssl.trustmanager.algorithm", "PKIX").per_broker().never(),
    password("ssl.truststore.certificates").per_broker(),
    string("ssl.truststore.location", "").null().per_broker(),
    password("ssl.truststore.password").per_broker(),
    string("ssl.truststore.type", "JKS").per_broker(),
];
