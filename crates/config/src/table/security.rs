//! Authorization, delegation tokens, TLS.

use crate::setting::{Setting, boolean, class, list, long, password, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    string("authorizer.class.name", "").valid(Valid::NonNull).low().doc(
        "Authorizer; Kafka's StandardAuthorizer stands for the built-in one. Empty: \
         everything is allowed.",
    ),
    long("connections.max.reauth.ms", 0).doc(
        "Clients must authenticate again after this time; 0: never. With the prefix \
         `listener.name.{name}.{mechanism}.` for one mechanism.",
    ),
    long("delegation.token.expiry.check.interval.ms", 3_600_000)
        .at_least(1)
        .low()
        .doc("How often to look for expired delegation tokens."),
    long("delegation.token.expiry.time.ms", 86_400_000)
        .at_least(1)
        .doc("How long a delegation token is valid before it must be renewed."),
    long("delegation.token.max.lifetime.ms", 604_800_000)
        .at_least(1)
        .doc("How long a delegation token can be renewed."),
    password("delegation.token.secret.key")
        .doc("Key that delegation tokens are signed with; the same on every node."),
    class(
        "principal.builder.class",
        "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder",
    )
    .per_broker()
    .doc(
        "Class that turns an authenticated connection into a principal. Java classes \
         are not loaded.",
    ),
    string("security.providers", "").null().low().never().doc("Java security providers."),
    boolean("ssl.allow.dn.changes", false).low().doc(
        "Accept a new key store whose certificate has another \
         distinguished name.",
    ),
    boolean("ssl.allow.san.changes", false)
        .low()
        .doc("Accept a new key store whose certificate has other alternative names."),
    list("ssl.cipher.suites", "")
        .items(Items::ANY)
        .per_broker()
        .doc("Cipher suites that may be negotiated; empty: the default ones."),
    string("ssl.client.auth", "none").one_of(&["required", "requested", "none"]).per_broker().doc(
        "Whether clients must show a certificate: `required`, \
         `requested` or `none`.",
    ),
    list("ssl.enabled.protocols", "TLSv1.2,TLSv1.3")
        .items(Items::ANY)
        .per_broker()
        .doc("TLS versions that may be negotiated."),
    string("ssl.endpoint.identification.algorithm", "https").low().per_broker().doc(
        "How the name of a server is checked against its certificate; empty: not at \
         all.",
    ),
    class("ssl.engine.factory.class", "")
        .null()
        .low()
        .per_broker()
        .never()
        .doc("Class that makes TLS engines. Java classes are not loaded."),
    password("ssl.key.password").per_broker().doc("Password of the private key."),
    string("ssl.keymanager.algorithm", "SunX509")
        .per_broker()
        .never()
        .doc("Java key manager algorithm."),
    password("ssl.keystore.certificate.chain").per_broker().doc("Certificate chain in PEM."),
    password("ssl.keystore.key").per_broker().doc("Private key in PEM."),
    string("ssl.keystore.location", "").null().per_broker().doc("Path of the key store."),
    password("ssl.keystore.password").per_broker().doc("Password of the key store."),
    string("ssl.keystore.type", "JKS")
        .per_broker()
        .doc("Format of the key store: JKS, PKCS12 or PEM."),
    string("ssl.principal.mapping.rules", "DEFAULT").low().doc(
        "Rules that turn the distinguished name of a certificate into \
         a principal.",
    ),
    string("ssl.protocol", "TLSv1.3").per_broker().doc("TLS version contexts are made for."),
    string("ssl.provider", "").null().per_broker().never().doc("Java security provider for TLS."),
    string("ssl.secure.random.implementation", "")
        .null()
        .low()
        .per_broker()
        .never()
        .doc("Java random number generator for TLS."),
    string("ssl.trustmanager.algorithm", "PKIX")
        .per_broker()
        .never()
        .doc("Java trust manager algorithm."),
    password("ssl.truststore.certificates").per_broker().doc("Trusted certificates in PEM."),
    string("ssl.truststore.location", "").null().per_broker().doc("Path of the trust store."),
    password("ssl.truststore.password").per_broker().doc("Password of the trust store."),
    string("ssl.truststore.type", "JKS")
        .per_broker()
        .doc("Format of the trust store: JKS, PKCS12 or PEM."),
];
