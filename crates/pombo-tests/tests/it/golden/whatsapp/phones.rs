//! What people did on their phones in a step.

use pombo_simulator::VirtualPhone;
use pombo_simulator::fault::StanzaFilter;
use pombo_simulator::fault::{Fault, FaultPoint, FaultRule};
use pombo_simulator::phone::media::{FileKind, UploadedFile};
use pombo_simulator::phone::{SendOptions, content, protobuf as wa};
use serde_json::{Value, json};

use super::super::compare::Comparison;
use super::recording::Step;
use super::stage::{ALICE, BOB, CAROL, DAVE, FILES, Stage};

/// A number that is not on WhatsApp until Alice writes to it on her phone.
const SOMEBODY: &str = "5511955555555";

/// The poll from `sendPoll-single`, and one of its choices.
const POLL: &str = "3EB0A0E3676DABDB667CF6";
const CHOICE: &str = "Yes";

/// As much of a JPEG as the network looks at.
const PICTURE: &[u8] = b"\xff\xd8\xff a picture";

/// Does it before the requests of the step are sent. `None`: a phone cannot do that.
pub(super) async fn act(stage: &mut Stage, step: &Step, comparison: &Comparison) -> Option<()> {
    let ours = |id: &str| comparison.our_ids(id);
    match step.step.as_str() {
        "scan" | "rescan-after-logout" => scan(stage, "waa", ALICE).await,
        "enter-code" => type_code(stage).await,
        "removed-by-phone" => remove(stage).await,
        "stream-error-503" => break_off(stage),
        "in-edit" | "in-edit-wrapped" | "in-revoke" | "in-ephemeral-setting" => {
            revise(stage, step).await
        }
        "call-offer-terminate" | "call-rejected-with-message" => call(stage, step).await,
        "in-undecryptable" => undecryptable(stage).await,
        "in-text-first-contact" => {
            let sent = stage.phone(DAVE).send_text(ALICE, "first contact").await;
            sent.ok().map(drop)
        }
        name if name.starts_with("in-") => receive(stage, step).await,
        "getBase64-in-sticker" => sticker(stage).await,
        // A voice note from `sendWhatsAppAudio-base64-encoded`.
        "receipt-played" => {
            let note = ours("3EB03B52CE0CA528A5031C");
            stage.phone(BOB).play(ALICE, &note).await.ok()
        }
        // A text from `sendText-reply-back`.
        "read-self-on-phone" => {
            let text = ours("3EB0C4F7B671F3183F4D28");
            stage.phone(ALICE).read_quietly(BOB, &text).await.ok()
        }
        // In the poll from `sendPoll-single`.
        "poll-vote" => {
            let poll = ours(POLL);
            let voted = stage.phone(BOB).vote(ALICE, &poll, &[CHOICE]).await;
            voted.ok().map(drop)
        }
        "text-from-other-companion" => {
            let text = "from the other companion";
            stage.send_from_another_companion(ALICE, BOB, text).await
        }
        _ => others(stage, step).await,
    }
}

/// The same after the requests.
pub(super) async fn act_after(stage: &Stage, step: &Step) -> Option<()> {
    match step.step.as_str() {
        "fetchProfilePictureUrl" => stage.phone(BOB).set_picture(None).await.ok(),
        name if name.ends_with("-prepare") => scan_dave(stage).await,
        _ => Some(()),
    }
}

async fn call(stage: &mut Stage, step: &Step) -> Option<()> {
    let carol = stage.phone(CAROL);
    let call = carol.call(ALICE, false).await.ok()?;
    let mut recorded = step.events.iter().map(|event| &event.body["data"]["id"]);
    if let Some(theirs) = recorded.find_map(Value::as_str) {
        stage.is_called(theirs, &call);
    }
    if step.step == "call-offer-terminate" {
        stage.until_told_of_call(&call).await;
        carol.hang_up(&call).await.ok()?;
    }
    Some(())
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
    stage.until_state("waa", "close").await;
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
        "in-text-sender-has-picture" => phone.set_picture(Some(PICTURE)).await.ok()?,
        "in-text-pushname-changed" => phone.set_name("Dave Renamed").await.ok()?,
        _ => {}
    }
    let by_lid = key["addressingMode"] == "lid";
    phone.set_habits(|habits| habits.writes_to_lids = by_lid);
    let mut data: Value = serde_json::from_str(&stage.our_names(&data.to_string())).ok()?;
    // Those that are asked for later have a file.
    match step.step.as_str() {
        "in-ptt" => with_file(&phone, &mut data, FileKind::Audio, "a.ogg").await?,
        "in-ptv" => with_file(&phone, &mut data, FileKind::Video, "v.mp4").await?,
        _ => {}
    }
    let message = on_the_wire(&data)?;
    let options = SendOptions {
        id: key["id"].as_str().map(str::to_owned),
        ..SendOptions::default()
    };
    let to = if upsert.instance == "wab" { BOB } else { ALICE };
    phone.send_with(to, message, options).await.ok()?;
    phone.set_habits(|habits| habits.writes_to_lids = false);
    Some(())
}

/// Puts one of our files into a recorded message.
async fn with_file(
    phone: &VirtualPhone,
    data: &mut Value,
    kind: FileKind,
    name: &str,
) -> Option<()> {
    let (_, bytes) = FILES.iter().find(|(known, _)| *known == name)?;
    let UploadedFile {
        url,
        direct_path,
        media_key,
        file_sha256,
        file_enc_sha256,
        file_length,
        ..
    } = phone.upload(kind, bytes).await.ok()?;
    let indexed = |bytes: Vec<u8>| {
        let members = bytes.into_iter().enumerate();
        Value::Object(
            members
                .map(|(at, byte)| (at.to_string(), byte.into()))
                .collect(),
        )
    };
    let message_type = data["messageType"].as_str()?.to_owned();
    let file = data["message"][&message_type].as_object_mut()?;
    for (member, value) in [
        ("url", url.into()),
        ("directPath", direct_path.into()),
        ("mediaKey", indexed(media_key)),
        ("fileSha256", indexed(file_sha256)),
        ("fileEncSha256", indexed(file_enc_sha256)),
        (
            "fileLength",
            json!({"low": file_length, "high": 0, "unsigned": true}),
        ),
    ] {
        file.insert(member.to_owned(), value);
    }
    Some(())
}

/// The sticker of the recording: only what came with it was recorded.
async fn sticker(stage: &Stage) -> Option<()> {
    let webp = stage.file("i.webp")?;
    let carol = stage.phone(CAROL);
    let file = carol.upload(FileKind::Sticker, &webp).await.ok()?;
    let options = SendOptions {
        id: Some("3A8E612E4F8B87A8FCCD".to_owned()),
        ..SendOptions::default()
    };
    let sticker = content::sticker(file, false);
    carol.send_with(ALICE, sticker, options).await.ok()?;
    stage.until_received("3A8E612E4F8B87A8FCCD").await;
    Some(())
}

async fn undecryptable(stage: &Stage) -> Option<()> {
    let rule = FaultRule::new(FaultPoint::ToClient, Fault::DamageCiphertext)
        .account(ALICE)
        .stanza(StanzaFilter::tag("message"))
        .times(1);
    stage.simulator.faults().add(rule).ok()?;
    let sent = stage.phone(CAROL).send_text(ALICE, "not to be read").await;
    sent.ok().map(drop)
}

/// The content as it was on the wire, before records were made of it.
fn on_the_wire(data: &Value) -> Option<wa::Message> {
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
    // The message that is reacted to is named as the sender sees it.
    if let Some(key) = content.pointer_mut("/reactionMessage/key") {
        key["fromMe"] = Value::Bool(key["fromMe"] == Value::Bool(false));
        key["remoteJid"] = format!("{ALICE}@s.whatsapp.net").into();
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
        // Who was taken out by an administrator does not come in again by a link; in the network of the recording they did.
        "group-acceptInviteCode" => alice.add_members(&stage.group(), &[BOB]).await.ok(),
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
        "fetchProfilePictureUrl" => bob.set_picture(Some(PICTURE)).await.ok(),
        _ => Some(()),
    }
}

async fn scan_dave(stage: &Stage) -> Option<()> {
    stage.simulator.scan(DAVE, stage.codes.get("wac")?).ok()?;
    stage.until_open("wac").await;
    Some(())
}
