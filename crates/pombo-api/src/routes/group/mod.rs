//! `/group/*`: what groups are, and changing them.

mod accept_invite_code;
mod change;
mod create;
mod failure;
mod fetch_all_groups;
mod find_group_infos;
mod info;
mod invite_code;
mod invite_info;
mod join_requests;
mod leave_group;
mod participants;
mod remove_group_picture;
mod request;
mod revoke_invite_code;
mod send_invite;
mod toggle_ephemeral;
mod update_group_description;
mod update_group_picture;
mod update_group_subject;
mod update_join_approval;
mod update_join_requests;
mod update_member_add_mode;
mod update_participant;
mod update_setting;

use super::{Method, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::of_instance(
            Method::Post,
            "/group/create/{instanceName}",
            201,
            "create a group",
            create::create,
        ),
        Route::of_instance(
            Method::Post,
            "/group/updateGroupSubject/{instanceName}",
            201,
            "change the subject",
            update_group_subject::update_group_subject,
        ),
        Route::of_instance(
            Method::Post,
            "/group/updateGroupPicture/{instanceName}",
            201,
            "change the picture",
            update_group_picture::update_group_picture,
        ),
        Route::of_instance(
            Method::Delete,
            "/group/removeGroupPicture/{instanceName}",
            200,
            "remove the picture",
            remove_group_picture::remove_group_picture,
        ),
        Route::of_instance(
            Method::Post,
            "/group/updateGroupDescription/{instanceName}",
            201,
            "change the description",
            update_group_description::update_group_description,
        ),
        Route::of_instance(
            Method::Get,
            "/group/findGroupInfos/{instanceName}",
            200,
            "one group",
            find_group_infos::find_group_infos,
        ),
        Route::of_instance(
            Method::Get,
            "/group/fetchAllGroups/{instanceName}",
            200,
            "all groups",
            fetch_all_groups::fetch_all_groups,
        ),
        Route::of_instance(
            Method::Get,
            "/group/participants/{instanceName}",
            200,
            "members",
            participants::participants,
        ),
        Route::of_instance(
            Method::Get,
            "/group/inviteCode/{instanceName}",
            200,
            "the invite code",
            invite_code::invite_code,
        ),
        Route::of_instance(
            Method::Get,
            "/group/inviteInfo/{instanceName}",
            200,
            "the group of an invite code",
            invite_info::invite_info,
        ),
        Route::of_instance(
            Method::Get,
            "/group/acceptInviteCode/{instanceName}",
            200,
            "join by invite code",
            accept_invite_code::accept_invite_code,
        ),
        Route::of_instance(
            Method::Post,
            "/group/sendInvite/{instanceName}",
            200,
            "send the invite link",
            send_invite::send_invite,
        ),
        Route::of_instance(
            Method::Post,
            "/group/revokeInviteCode/{instanceName}",
            201,
            "a new invite code",
            revoke_invite_code::revoke_invite_code,
        ),
        Route::of_instance(
            Method::Post,
            "/group/updateParticipant/{instanceName}",
            201,
            "add, remove, promote, demote",
            update_participant::update_participant,
        ),
        Route::of_instance(
            Method::Get,
            "/group/joinRequests/{instanceName}",
            200,
            "who asks to join",
            join_requests::join_requests,
        ),
        Route::of_instance(
            Method::Post,
            "/group/updateJoinRequests/{instanceName}",
            201,
            "let them in, or not",
            update_join_requests::update_join_requests,
        ),
        Route::of_instance(
            Method::Post,
            "/group/updateSetting/{instanceName}",
            201,
            "who may write or edit",
            update_setting::update_setting,
        ),
        Route::of_instance(
            Method::Post,
            "/group/updateJoinApproval/{instanceName}",
            201,
            "whether admins approve new members",
            update_join_approval::update_join_approval,
        ),
        Route::of_instance(
            Method::Post,
            "/group/updateMemberAddMode/{instanceName}",
            201,
            "who may add members",
            update_member_add_mode::update_member_add_mode,
        ),
        Route::of_instance(
            Method::Post,
            "/group/toggleEphemeral/{instanceName}",
            201,
            "vanishing messages",
            toggle_ephemeral::toggle_ephemeral,
        ),
        Route::of_instance(
            Method::Delete,
            "/group/leaveGroup/{instanceName}",
            200,
            "leave",
            leave_group::leave_group,
        ),
    ]
}
