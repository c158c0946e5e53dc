//! SASL mechanisms.

use crate::setting::{Setting, boolean, class, double, int, list, long, password, short, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    class("sasl.client.callback.handler.class", "").null().never().doc(
        "Callback handler class for connections to other nodes. Java classes are not \
         loaded.",
    ),
    list("sasl.enabled.mechanisms", "GSSAPI")
        .items(Items::ANY)
        .per_broker()
        .doc("SASL mechanisms that are offered."),
    password("sasl.jaas.config").per_broker().doc(
        "Credentials in JAAS form, with the prefix \
         `listener.name.{name}.{mechanism}.`.",
    ),
    string("sasl.kerberos.kinit.cmd", "/usr/bin/kinit")
        .per_broker()
        .never()
        .doc("Path of `kinit`."),
    long("sasl.kerberos.min.time.before.relogin", 60_000)
        .per_broker()
        .doc("Shortest time between two Kerberos logins."),
    list("sasl.kerberos.principal.to.local.rules", "DEFAULT")
        .items(Items::ANY)
        .per_broker()
        .doc("Rules that turn Kerberos principals into short names."),
    string("sasl.kerberos.service.name", "")
        .null()
        .per_broker()
        .doc("Kerberos service that Kafka runs as."),
    double("sasl.kerberos.ticket.renew.jitter", 0.05)
        .per_broker()
        .doc("Share of the renewal time that is random."),
    double("sasl.kerberos.ticket.renew.window.factor", 0.8)
        .per_broker()
        .doc("Share of a ticket's life after which it is renewed."),
    class("sasl.login.callback.handler.class", "")
        .null()
        .never()
        .doc("Callback handler class for logins. Java classes are not loaded."),
    class("sasl.login.class", "").null().never().doc("Login class. Java classes are not loaded."),
    int("sasl.login.connect.timeout.ms", 0)
        .null()
        .low()
        .doc("How long to wait for a connection to the identity provider."),
    int("sasl.login.read.timeout.ms", 0)
        .null()
        .low()
        .doc("How long to wait for an answer of the identity provider."),
    short("sasl.login.refresh.buffer.seconds", 300)
        .per_broker()
        .doc("Renew credentials at least this long before they expire."),
    short("sasl.login.refresh.min.period.seconds", 60)
        .per_broker()
        .doc("Renew credentials not more often than this."),
    double("sasl.login.refresh.window.factor", 0.8)
        .per_broker()
        .doc("Share of the credentials' life after which they are renewed."),
    double("sasl.login.refresh.window.jitter", 0.05)
        .per_broker()
        .doc("Share of the renewal time that is random."),
    long("sasl.login.retry.backoff.max.ms", 10_000)
        .low()
        .doc("Longest wait between two login attempts with the identity provider."),
    long("sasl.login.retry.backoff.ms", 100)
        .low()
        .doc("First wait between two login attempts with the identity provider."),
    string("sasl.mechanism.controller.protocol", "GSSAPI")
        .high()
        .doc("SASL mechanism for connections to controllers."),
    string("sasl.mechanism.inter.broker.protocol", "GSSAPI")
        .per_broker()
        .doc("SASL mechanism among brokers; must be among `sasl.enabled.mechanisms`."),
    string("sasl.oauthbearer.assertion.algorithm", "RS256")
        .valid(Valid::OneOfAnyCase(&["ES256", "RS256"]))
        .doc("Algorithm that assertions are signed with."),
    string("sasl.oauthbearer.assertion.claim.aud", "").null().doc("Audience claim of assertions."),
    int("sasl.oauthbearer.assertion.claim.exp.seconds", 300)
        .between(0, 86_400)
        .low()
        .doc("How long assertions are valid."),
    string("sasl.oauthbearer.assertion.claim.iss", "").null().doc("Issuer claim of assertions."),
    boolean("sasl.oauthbearer.assertion.claim.jti.include", false)
        .doc("Give every assertion an id of its own."),
    int("sasl.oauthbearer.assertion.claim.nbf.seconds", 60)
        .between(0, 3600)
        .low()
        .doc("How long before the present assertions become valid."),
    string("sasl.oauthbearer.assertion.claim.sub", "").null().doc("Subject claim of assertions."),
    string("sasl.oauthbearer.assertion.file", "").null().doc("File with a ready-made assertion."),
    string("sasl.oauthbearer.assertion.private.key.file", "")
        .null()
        .doc("PEM file with the key that assertions are signed with."),
    password("sasl.oauthbearer.assertion.private.key.passphrase").doc("Password of that key."),
    string("sasl.oauthbearer.assertion.template.file", "")
        .null()
        .doc("JSON file with more headers and claims of assertions."),
    string("sasl.oauthbearer.client.credentials.client.id", "")
        .null()
        .doc("Client id for tokens by client credentials."),
    password("sasl.oauthbearer.client.credentials.client.secret")
        .doc("Client secret for tokens by client credentials."),
    int("sasl.oauthbearer.clock.skew.seconds", 30)
        .low()
        .doc("Difference of clocks tolerated when tokens are checked."),
    list("sasl.oauthbearer.expected.audience", "")
        .items(Items::ANY)
        .high()
        .doc("Audiences of which a token must name one; empty: not checked."),
    string("sasl.oauthbearer.expected.issuer", "")
        .null()
        .high()
        .doc("Issuer a token must have; unset: not checked."),
    long("sasl.oauthbearer.jwks.endpoint.refresh.ms", 3_600_000)
        .low()
        .doc("How often the keys that tokens are checked with are fetched."),
    long("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", 10_000)
        .low()
        .doc("Longest wait between two attempts to fetch those keys."),
    long("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", 100)
        .low()
        .doc("First wait between two attempts to fetch those keys."),
    string("sasl.oauthbearer.jwks.endpoint.url", "")
        .null()
        .doc("Where those keys are fetched from: an http, https or file URL."),
    class(
        "sasl.oauthbearer.jwt.retriever.class",
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
    )
    .never()
    .doc("Class that fetches tokens. Java classes are not loaded."),
    class(
        "sasl.oauthbearer.jwt.validator.class",
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
    )
    .never()
    .doc("Class that checks tokens. Java classes are not loaded."),
    string("sasl.oauthbearer.scope", "").null().doc("Scope to ask for when a token is fetched."),
    string("sasl.oauthbearer.scope.claim.name", "scope")
        .low()
        .doc("Claim of a token that holds its scope."),
    string("sasl.oauthbearer.sub.claim.name", "sub")
        .low()
        .doc("Claim of a token that holds the principal."),
    string("sasl.oauthbearer.token.endpoint.url", "").null().doc("Where tokens are fetched from."),
    class("sasl.server.callback.handler.class", "").null().never().doc(
        "Callback handler class for authenticating clients. Java classes are not \
         loaded.",
    ),
    int("sasl.server.max.receive.size", 524_288)
        .doc("Largest message of a client during authentication."),
];
