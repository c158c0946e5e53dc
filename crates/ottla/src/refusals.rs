//! Configurations that a node does not start with.

use config::ServerConfig;

use crate::error::StartError;

/// Whether a node can be what the configuration asks for.
///
/// # Errors
/// It cannot.
pub(crate) fn check(config: &ServerConfig) -> Result<(), StartError> {
    refuse_other_nodes(config)?;
    refuse_authorizer(config)
}

/// A quorum of several nodes, or a node of one role alone, is not served.
fn refuse_other_nodes(config: &ServerConfig) -> Result<(), StartError> {
    let roles = config.node.process_roles;
    let others =
        config.quorum.voters.iter().filter(|voter| voter.id != config.node.node_id).count();
    if others > 0 || !roles.broker || !roles.controller {
        return Err(StartError::Unsupported(
            "this release runs one node that is both broker and controller; set \
             process.roles=broker,controller and name no other node in controller.quorum.voters"
                .to_owned(),
        ));
    }
    Ok(())
}

/// A file that asks for access control must not start a node that lets everybody in.
fn refuse_authorizer(config: &ServerConfig) -> Result<(), StartError> {
    match config.static_config().get("authorizer.class.name").map(str::trim) {
        None | Some("") => Ok(()),
        Some(_) => Err(StartError::Unsupported(
            "authorizer.class.name asks for access control, which this release does not have: \
             whoever reaches a listener may do everything; take the setting out to start all the \
             same"
                .to_owned(),
        )),
    }
}
