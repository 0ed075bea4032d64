//! The account: its name, its picture, its address book, its chats. Companions are told.

use wacore_binary::Jid;

use super::super::app_state::Change;
use super::super::app_state::change::{Message, Range};
use super::super::error::PhoneError;
use super::super::handset::Phone;
use super::super::history::{self, HistorySettings, InventedPast};
use super::VirtualPhone;
use super::handle::address;
use crate::network::Addressing;
use crate::node::{node, service};

impl VirtualPhone {
    /// Renames the account.
    pub async fn set_name(&self, name: &str) -> Result<(), PhoneError> {
        let mut phone = self.lock();
        let stanza = node("presence").attr("name", name).build();
        phone.tell(&self.network, stanza)?;
        phone.change_settings(&self.network, &[Change::PushName(name.to_owned())]);
        Ok(())
    }

    /// Changes the "about" text.
    pub async fn set_about(&self, text: &str) -> Result<(), PhoneError> {
        let about = node("status").bytes(text.as_bytes().to_vec()).build();
        self.lock()
            .ask(&self.network, "status", "set", service(), vec![about])
            .map(drop)
    }

    /// Changes the profile picture (JPEG), or takes it away.
    pub async fn set_picture(&self, picture: Option<&[u8]>) -> Result<(), PhoneError> {
        let own = self.jid_by(Addressing::Pn);
        self.picture(None, own, picture)
    }

    /// Changes the picture of a group, or takes it away.
    pub async fn set_group_picture(
        &self,
        group: &str,
        picture: Option<&[u8]>,
    ) -> Result<(), PhoneError> {
        let group = address(group)?;
        self.picture(Some(group), service(), picture)
    }

    fn picture(
        &self,
        target: Option<Jid>,
        to: Jid,
        picture: Option<&[u8]>,
    ) -> Result<(), PhoneError> {
        let content = picture.map(|jpeg| {
            node("picture")
                .attr("type", "image")
                .bytes(jpeg.to_vec())
                .build()
        });
        let mut phone = self.lock();
        let id = phone.new_id();
        let content = content.into_iter().collect();
        let namespace = "w:profile:picture";
        phone
            .request(&self.network, namespace, "set", to, target, content, &id)
            .map(drop)
    }

    /// Blocks somebody, or no longer.
    pub async fn block(&self, person: &str, blocked: bool) -> Result<(), PhoneError> {
        let jid = address(person)?;
        let lid = self.network.with(|state| {
            let account = state.account(state.resolve(&jid)?)?;
            Some((account.jid(Addressing::Lid), account.jid(Addressing::Pn)))
        });
        let (lid, pn) = lid.ok_or_else(|| PhoneError::Unknown(person.to_owned()))?;
        let action = if blocked { "block" } else { "unblock" };
        let mut item = node("item").attr("action", action).attr("jid", lid);
        if blocked {
            item = item.attr("pn_jid", pn);
        }
        self.lock()
            .ask(
                &self.network,
                "blocklist",
                "set",
                service(),
                vec![item.build()],
            )
            .map(drop)
    }

    /// Puts somebody into the address book.
    pub async fn save_contact(&self, person: &str, full_name: &str) -> Result<(), PhoneError> {
        let jid = self.chat_name(person)?;
        let parsed = address(&jid)?;
        self.note_contact(&parsed, true);
        let lid = self.network.with(|state| {
            let account = state.account(state.resolve(&parsed)?)?;
            Some(account.jid(Addressing::Lid).to_string())
        });
        let first_name = full_name.split(' ').next().unwrap_or_default().to_owned();
        self.change(Change::Contact {
            jid,
            lid,
            full_name: full_name.to_owned(),
            first_name,
        })
        .await
    }

    /// Takes somebody out of the address book.
    pub async fn remove_contact(&self, person: &str) -> Result<(), PhoneError> {
        let jid = self.chat_name(person)?;
        self.note_contact(&address(&jid)?, false);
        self.change(Change::RemoveContact { jid }).await
    }

    /// Phones tell the service whom they have in the address book: it shows to contacts what is for contacts.
    fn note_contact(&self, jid: &Jid, known: bool) {
        let own = self.account;
        self.network.with(|state| {
            let contact = state.resolve(jid);
            if let Some((account, contact)) = state.account_mut(own).zip(contact) {
                if known {
                    account.address_book.insert(contact);
                } else {
                    account.address_book.remove(&contact);
                }
            }
        });
    }

    /// Makes a label, or changes it.
    pub async fn save_label(&self, id: &str, name: &str, color: i32) -> Result<(), PhoneError> {
        self.change(Change::Label {
            id: id.to_owned(),
            name: name.to_owned(),
            color,
            deleted: false,
        })
        .await
    }

    /// Deletes a label.
    pub async fn delete_label(&self, id: &str) -> Result<(), PhoneError> {
        let label = self
            .look(|view| view.labels.get(id).cloned())
            .unwrap_or_default();
        self.change(Change::Label {
            id: id.to_owned(),
            name: label.name,
            color: label.color,
            deleted: true,
        })
        .await
    }

    /// Puts a label on a chat, or takes it off.
    pub async fn label_chat(&self, id: &str, chat: &str, labelled: bool) -> Result<(), PhoneError> {
        let jid = self.chat_name(chat)?;
        self.change(Change::LabelChat {
            id: id.to_owned(),
            jid,
            labelled,
        })
        .await
    }

    /// Puts a chat away, or brings it back.
    pub async fn archive(&self, chat: &str, archived: bool) -> Result<(), PhoneError> {
        let (jid, range) = self.range(chat)?;
        self.change(Change::Archive {
            jid,
            archived,
            range,
        })
        .await
    }

    /// Keeps a chat on top, or no longer.
    pub async fn pin_chat(&self, chat: &str, pinned: bool) -> Result<(), PhoneError> {
        let jid = self.chat_name(chat)?;
        self.change(Change::Pin { jid, pinned }).await
    }

    /// Silences a chat until then (milliseconds, -1: for ever), or no longer.
    pub async fn mute(&self, chat: &str, until: Option<i64>) -> Result<(), PhoneError> {
        let jid = self.chat_name(chat)?;
        self.change(Change::Mute { jid, until }).await
    }

    /// Marks a message with a star, or no longer.
    pub async fn star(&self, chat: &str, id: &str, starred: bool) -> Result<(), PhoneError> {
        let message = self.named(chat, id)?;
        self.change(Change::Star { message, starred }).await
    }

    /// Makes a chat look read or unread.
    pub async fn mark_chat(&self, chat: &str, read: bool) -> Result<(), PhoneError> {
        let (jid, range) = self.range(chat)?;
        self.change(Change::MarkChatAsRead { jid, read, range })
            .await
    }

    /// Deletes a chat on the account's own devices.
    pub async fn delete_chat(&self, chat: &str) -> Result<(), PhoneError> {
        let (jid, range) = self.range(chat)?;
        self.change(Change::DeleteChat { jid, range }).await
    }

    /// Empties a chat on the account's own devices.
    pub async fn clear_chat(&self, chat: &str) -> Result<(), PhoneError> {
        let (jid, range) = self.range(chat)?;
        self.change(Change::ClearChat { jid, range }).await
    }

    /// Deletes a message on the account's own devices.
    pub async fn delete_for_me(&self, chat: &str, id: &str) -> Result<(), PhoneError> {
        let message = self.named(chat, id)?;
        let chat = self.chat_name(chat)?;
        let timestamp = self.lock().shown(&chat, id)?.timestamp;
        let timestamp = i64::try_from(timestamp).unwrap_or(i64::MAX);
        self.change(Change::DeleteForMe { message, timestamp })
            .await
    }

    /// Gives the account a salt: with it all its devices show those who keep strangers away that they know them.
    pub async fn set_nct_salt(&self, salt: &[u8]) -> Result<(), PhoneError> {
        self.network.with(|state| {
            if let Some(account) = state.account_mut(self.account) {
                account.privacy.nct_salt = salt.to_vec();
            }
        });
        self.change(Change::NctSalt(salt.to_vec())).await
    }

    /// Any change of the account's shared settings.
    pub async fn change(&self, change: Change) -> Result<(), PhoneError> {
        let mut phone = self.lock();
        if !phone.online {
            return Err(PhoneError::Offline);
        }
        phone.change_settings(&self.network, &[change]);
        Ok(())
    }

    /// How much of its past it gives to companions that are linked from now on.
    pub fn set_history(&self, settings: HistorySettings) {
        self.lock().history = settings;
    }

    /// Fills the screen with an invented past: what a companion gets as history.
    pub fn invent_past(&self, past: InventedPast) {
        let mut phone = self.lock();
        let own = phone.own_addresses(&self.network);
        let now = self.network.clock.now();
        let Phone { view, signal, .. } = &mut *phone;
        history::invent(view, past, &own, now, signal.random());
        phone.changed();
    }

    fn named(&self, chat: &str, id: &str) -> Result<Message, PhoneError> {
        let key = self.key(chat, id)?;
        Ok(Message {
            chat: self.chat_name(chat)?,
            id: id.to_owned(),
            from_me: key.from_me.unwrap_or(false),
            participant: key.participant,
        })
    }

    fn range(&self, chat: &str) -> Result<(String, Range), PhoneError> {
        let jid = self.chat_name(chat)?;
        let last = self.look(|view| view.chat(&jid)?.last().cloned());
        let range = last.map(|message| {
            let time = i64::try_from(message.timestamp).unwrap_or(i64::MAX);
            Range {
                last: Some(time),
                messages: vec![(message.key(&jid), time)],
            }
        });
        Ok((jid, range.unwrap_or_default()))
    }
}
