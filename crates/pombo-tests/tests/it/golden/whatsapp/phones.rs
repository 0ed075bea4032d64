//! What people did on their phones in a step.

use pombo_simulator::fault::{Fault, FaultPoint, FaultRule};
use pombo_simulator::phone::{SendOptions, content, protobuf as wa};
use serde_json::{Value, json};

use super::recording::Step;
use super::stage::{ALICE, BOB, CAROL, DAVE, Stage};

/// A number that is not on WhatsApp until Alice writes to it on her phone.
const SOMEBODY: &str = "5511955555555";

/// Does it before the requests of the step are sent. `None`: a phone cannot do that.
pub(super) async fn act(stage: &mut Stage, step: &Step) -> Option<()> {
    match step.step.as_str() {
        "scan" | "rescan-after-logout" => scan(stage, "waa", ALICE).await,
        "enter-code" => type_code(stage).await,
        "removed-by-phone" => remove(stage).await,
        "stream-error-503" => break_off(stage),
        "in-edit" | "in-edit-wrapped" | "in-revoke" | "in-ephemeral-setting" => {
            revise(stage, step).await
        }
        name if name.starts_with("in-") => receive(stage, step).await,
        _ => others(stage, step).await,
    }
}

async fn scan(stage: &mut Stage, instance: &str, number: &str) -> Option<()> {
    stage
        .simulator
        .scan(number, stage.codes.get(instance)?)
        .ok()?;
    stage.until_open(instance).await;
    Some(())
}

async fn type_code(stage: &mut Stage) -> Option<()> {
    stage
        .simulator
        .type_code(BOB, &stage.pairing_code)
        .await
        .ok()?;
    stage.until_open("wab").await;
    Some(())
}

async fn remove(stage: &Stage) -> Option<()> {
    for companion in stage.simulator.companions(ALICE) {
        stage.simulator.unlink(ALICE, companion);
    }
    Some(())
}

fn break_off(stage: &Stage) -> Option<()> {
    let fault = Fault::StreamError {
        code: 503,
        conflict: None,
    };
    let rule = FaultRule::new(FaultPoint::ToClient, fault)
        .account(ALICE)
        .times(1);
    stage.simulator.faults().add(rule).ok().map(drop)
}

/// A message of the recording, sent by the phone of who sent it then, under the same id.
async fn receive(stage: &Stage, step: &Step) -> Option<()> {
    let upsert = step
        .events
        .iter()
        .find(|event| event.via == "webhook" && event.body["event"] == "messages.upsert");
    // Of some only what came with them was recorded.
    let Some(upsert) = upsert else {
        return Some(());
    };
    let data = &upsert.body["data"];
    let key = &data["key"];
    let author = [&key["remoteJid"], &key["remoteJidAlt"]]
        .into_iter()
        .filter_map(Value::as_str)
        .find(|jid| jid.ends_with("@s.whatsapp.net"))?
        .split('@')
        .next()?
        .to_owned();
    let phone = stage.phone(&author);
    match step.step.as_str() {
        "in-text-sender-has-picture" => drop(phone.set_picture(Some(b"picture")).await),
        "in-text-pushname-changed" => phone.set_name("Dave Renamed").await.ok()?,
        _ => {}
    }
    let by_lid = key["addressingMode"] == "lid";
    phone.set_habits(|habits| habits.writes_to_lids = by_lid);
    let message = on_the_wire(&stage.our_names(&data.to_string()))?;
    let options = SendOptions {
        id: key["id"].as_str().map(str::to_owned),
        ..SendOptions::default()
    };
    let to = if upsert.instance == "wab" { BOB } else { ALICE };
    phone.send_with(to, message, options).await.ok()?;
    phone.set_habits(|habits| habits.writes_to_lids = false);
    Some(())
}

/// The content as it was on the wire, before records were made of it.
fn on_the_wire(data: &str) -> Option<wa::Message> {
    let data: Value = serde_json::from_str(data).ok()?;
    let mut content = data["message"].clone();
    let members = content.as_object_mut()?;
    members.remove("base64");
    let kind = data["messageType"].as_str()?;
    match (kind, data.get("contextInfo")) {
        ("conversation", Some(context)) => {
            let text = members.remove("conversation");
            members.insert(
                "extendedTextMessage".to_owned(),
                json!({"text": text, "contextInfo": context}),
            );
        }
        ("documentMessage", None) => {
            let inner = json!({"message": {"documentMessage": members.remove("documentMessage")}});
            members.insert("documentWithCaptionMessage".to_owned(), inner);
        }
        (_, Some(context)) if !context.is_null() => {
            if let Some(Value::Object(inner)) = members.get_mut(kind) {
                inner.insert("contextInfo".to_owned(), context.clone());
            }
        }
        _ => {}
    }
    // Whose the message is that is reacted to is told as the sender sees it.
    if let Some(from_me) = content.pointer_mut("/reactionMessage/key/fromMe") {
        *from_me = Value::Bool(*from_me == Value::Bool(false));
    }
    pombo_channel_whatsapp::record_to_message(&content)
}

/// What concerns an earlier message: the one of `in-conversation`.
async fn revise(stage: &Stage, step: &Step) -> Option<()> {
    const EARLIER: &str = "3A40FCC33EE56C64CE9D";
    let carol = stage.phone(CAROL);
    match step.step.as_str() {
        "in-edit" => {
            let key = carol.key(ALICE, EARLIER).ok()?;
            let edit = content::edit_plain(key, content::text("plain, edited"), now_ms());
            carol.send(ALICE, edit).await.ok().map(drop)
        }
        "in-edit-wrapped" => {
            let edited = content::text("plain, edited again");
            carol.edit(ALICE, EARLIER, edited).await.ok().map(drop)
        }
        "in-revoke" => carol.revoke(ALICE, EARLIER).await.ok().map(drop),
        _ => {
            let setting = content::expire_chat(86_400, now_ms() / 1000);
            carol.send(ALICE, setting).await.ok().map(drop)
        }
    }
}

fn now_ms() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(0))
}

async fn others(stage: &Stage, step: &Step) -> Option<()> {
    let (alice, bob, carol) = (stage.phone(ALICE), stage.phone(BOB), stage.phone(CAROL));
    match step.step.as_str() {
        "presence-subscribed-peer" => {
            bob.available().await.ok()?;
            bob.typing(ALICE).await.ok()?;
            bob.recording(ALICE).await.ok()?;
            bob.paused(ALICE).await.ok()?;
            bob.unavailable().await.ok()
        }
        "group-text-from-phone-pn" => {
            let group = stage.group();
            carol
                .send_text(&group, "Carol in group")
                .await
                .ok()
                .map(drop)
        }
        "own-phone-text" => {
            let sent = alice.send_text(CAROL, "sent from my phone").await;
            sent.ok().map(drop)
        }
        "own-phone-unknown-chat" => {
            stage.simulator.add_account(SOMEBODY, SOMEBODY);
            let sent = alice.send_text(SOMEBODY, "to someone new").await;
            sent.ok().map(drop)
        }
        "status-text-inbound" => {
            let options = SendOptions {
                status_viewers: Some(vec![BOB.to_owned()]),
                ..SendOptions::default()
            };
            let status = content::text("Carol's status");
            let sent = carol.send_with("status@broadcast", status, options).await;
            sent.ok().map(drop)
        }
        "call-offer-terminate" | "call-rejected-with-message" => {
            let call = carol.call(ALICE, false).await.ok()?;
            if step.step == "call-offer-terminate" {
                carol.hang_up(&call).await.ok()?;
            }
            Some(())
        }
        "label-create-on-phone" => alice.save_label("11", "VIP", 3).await.ok(),
        "label-rename-on-phone" => alice.save_label("11", "VIP 2", 4).await.ok(),
        "label-delete-on-phone" => alice.delete_label("11").await.ok(),
        "contact-saved-on-phone" => alice.save_contact(CAROL, "Carol Saved").await.ok(),
        "contact-removed-on-phone" => alice.remove_contact(CAROL).await.ok(),
        "chat-archive-on-phone" => alice.archive(BOB, true).await.ok(),
        "chat-mute-on-phone" => alice.mute(BOB, Some(now_ms() / 1000 + 3600)).await.ok(),
        "chat-read-on-phone" => alice.mark_chat(BOB, true).await.ok(),
        "chat-unread-on-phone" => alice.mark_chat(BOB, false).await.ok(),
        "chat-delete-on-phone" => alice.delete_chat(BOB).await.ok(),
        "updatePrivacySettings" | "updateProfilePicture" | "removeProfilePicture" => {
            scan_dave(stage).await
        }
        _ => Some(()),
    }
}

async fn scan_dave(stage: &Stage) -> Option<()> {
    stage.simulator.scan(DAVE, stage.codes.get("wac")?).ok()?;
    stage.until_open("wac").await;
    Some(())
}
