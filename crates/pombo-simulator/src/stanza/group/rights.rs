//! Who may do what in a group.

use super::super::answer::Refusal;
use crate::network::group::{Group, Role};
use crate::network::{Session, State};

/// The group, and what the speaker is in it. 404 when there is none, 403 to those outside.
pub(crate) fn member_of<'a>(
    state: &'a mut State,
    from: &Session,
    id: &str,
) -> Result<(&'a mut Group, Role), Refusal> {
    let group = state.groups.get_mut(id).ok_or(Refusal::NOT_FOUND)?;
    let role = *group.members.get(&from.account).ok_or(Refusal::FORBIDDEN)?;
    Ok((group, role))
}

/// The group, when the speaker is an admin of it.
pub(super) fn admin_of<'a>(
    state: &'a mut State,
    from: &Session,
    id: &str,
) -> Result<&'a mut Group, Refusal> {
    match member_of(state, from, id)? {
        (group, role) if role.is_admin() => Ok(group),
        _ => Err(Refusal::FORBIDDEN),
    }
}

/// The group, when the speaker may change what it is called and looks like.
pub(crate) fn editor_of<'a>(
    state: &'a mut State,
    from: &Session,
    id: &str,
) -> Result<&'a mut Group, Refusal> {
    match member_of(state, from, id)? {
        (group, role) if role.is_admin() || !group.settings.locked => Ok(group),
        _ => Err(Refusal::FORBIDDEN),
    }
}
