//! SASL mechanisms.

use crate::setting::{Setting, boolean, class, double, int, list, long, password, short, string};
use crate::valid::{Items, Valid};

/// The rows, by name.
pub(super) const ROWS: &[Setting] = &[
    class("sasl.client.callback.handler.class", "").null().never(),
    list("sasl.enabled.mechanisms", "GSSAPI").items(Items::ANY).per_broker(),
    password("sasl.jaas.config").per_broker(),
    string("sasl.kerberos.kinit.cmd", "/usr/bin/kinit").per_broker().never(),
    long("sasl.kerberos.min.time.before.relogin", 60_000).per_broker(),
    list("sasl.kerberos.principal.to.local.rules", "DEFAULT").items(Items::ANY).per_broker(),
    string("sasl.kerberos.service.name", "").null().per_broker(),
    double("sasl.kerberos.ticket.renew.jitter", 0.05).per_broker(),
    double("sasl.kerberos.ticket.renew.window.factor", 0.8).per_broker(),
    class("sasl.login.callback.handler.class", "").null().never(),
    class("sasl.login.class", "").null().never(),
    int("sasl.login.connect.timeout.ms", 0).null().low(),
    int("sasl.login.read.timeout.ms", 0).null().low(),
    short("sasl.login.refresh.buffer.seconds", 300).per_broker(),
    short("sasl.login.refresh.min.period.seconds", 60).per_broker(),
    double("sasl.login.refresh.window.factor", 0.8).per_broker(),
    double("sasl.login.refresh.window.jitter", 0.05).per_broker(),
    long("sasl.login.retry.backoff.max.ms", 10_000).low(),
    long("sasl.login.retry.backoff.ms", 100).low(),
    string("sasl.mechanism.controller.protocol", "GSSAPI").high(),
    string("sasl.mechanism.inter.broker.protocol", "GSSAPI").per_broker(),
    string("sasl.oauthbearer.assertion.algorithm", "RS256")
        .valid(Valid::OneOfAnyCase(&["ES256", "RS256"])),
    string("sasl.oauthbearer.assertion.claim.aud", "").null(),
    int("sasl.oauthbearer.assertion.claim.exp.seconds", 300).between(0, 86_400).low(),
    string("sasl.oauthbearer.assertion.claim.iss", "").null(),
    boolean("sasl.oauthbearer.assertion.claim.jti.include", false),
    int("sasl.oauthbearer.assertion.claim.nbf.seconds", 60).between(0, 3600).low(),
    string("sasl.oauthbearer.assertion.claim.sub", "").null(),
    string("sasl.oauthbearer.assertion.file", "").null(),
    string("sasl.oauthbearer.assertion.private.key.file", "").null(),
    password("sasl.oauthbearer.assertion.private.key.passphrase"),
    string("sasl.oauthbearer.assertion.template.file", "").null(),
    string("sasl.oauthbearer.client.credentials.client.id", "").null(),
    password("sasl.oauthbearer.client.credentials.client.secret"),
    int("sasl.oauthbearer.clock.skew.seconds", 30).low(),
    list("sasl.oauthbearer.expected.audience", "").items(Items::ANY).high(),
    string("sasl.oauthbearer.expected.issuer", "").null().high(),
    long("sasl.oauthbearer.jwks.endpoint.refresh.ms", 3_600_000).low(),
    long("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", 10_000).low(),
    long("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", 100).low(),
    string("sasl.oauthbearer.jwks.endpoint.url", "").null(),
    class(
        "sasl.oauthbearer.jwt.retriever.class",
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
    )
    .never(),
    class(
        "sasl.oauthbearer.jwt.validator.class",
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
    )
    .never(),
    string("sasl.oauthbearer.scope", "").null(),
    string("sasl.oauthbearer.scope.claim.name", "scope").low(),
    string("sasl.oauthbearer.sub.claim.name", "sub").low(),
    string("sasl.oauthbearer.token.endpoint.url", "").null(),
    class("sasl.server.callback.handler.class", "").null().never(),
    int("sasl.server.max.receive.size", 524_288),
];
