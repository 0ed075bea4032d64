//! Restrictions of the account itself. This network imposes none.

use serde_json::json;

use super::Outcome;
use crate::network::State;

/// Whether the account may write to strangers.
pub(super) fn reachout_timelock() -> Outcome {
    Ok((
        "xwa2_fetch_account_reachout_timelock",
        json!({
            "is_active": false,
            "enforcement_type": "DEFAULT",
            "time_enforcement_ends": "0",
        }),
    ))
}

/// How many new chats the account may begin.
pub(super) fn message_capping(state: &State) -> Outcome {
    let now = state.clock.now();
    Ok((
        "xwa2_message_capping_info",
        json!({
            "capping_status": "NONE",
            "total_quota": "-1",
            "used_quota": "0",
            "cycle_start_timestamp": now,
            "cycle_end_timestamp": now,
            "server_sent_timestamp": now,
            "ote_status": "NOT_ELIGIBLE",
            "mv_status": "NOT_ELIGIBLE",
        }),
    ))
}
