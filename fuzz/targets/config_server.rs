//! A properties file with anything in it, over the settings of a start without one.

#![no_main]

use config::{Query, ServerConfig, StaticConfig};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut statics = StaticConfig::without_file("/data");
    if statics.set_file("server.properties", data).is_err() {
        return;
    }
    let Ok(config) = ServerConfig::new(statics) else { return };
    config.warnings();
    let own = config.static_config().iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let query = Query { include_synonyms: true, ..Query::default() };
    let name = config.node.node_id.to_string();
    config.describe_broker(&name, &query).expect("it is this broker");
    // the same text as dynamic settings, valid or not
    let _ = config.describe_topic(&own, &query);
    let _ = config.describe_group(&own, &query);
    let _ = config.check_broker_replacement(&name, own.clone());
    if let Ok((dynamic, _)) = config.with_dynamic(own.clone(), own) {
        dynamic.describe_broker("", &query).expect("anybody may ask for the defaults");
    }
});
