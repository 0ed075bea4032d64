//! What changed settings of the account do to the screen.

use wacore_appstate::Mutation;
use waproto::whatsapp::syncd_mutation::SyncdOperation;

use super::{Contact, Label, View};

impl View {
    /// Applies a mutation of app state; `chat` turns an address (perhaps a LID) into that of the chat on this screen.
    pub(crate) fn apply_setting(&mut self, mutation: &Mutation, chat: impl Fn(&str) -> String) {
        let part = |at: usize| {
            mutation
                .index
                .get(at)
                .map(String::as_str)
                .unwrap_or_default()
        };
        let removed = mutation.operation == SyncdOperation::REMOVE;
        let Some(value) = mutation.action_value.as_ref() else {
            return;
        };
        match part(0) {
            "archive" => {
                let archived = value.archive_chat_action.archived.unwrap_or(false) && !removed;
                self.chat_mut(&chat(part(1))).archived = archived;
            }
            "pin_v1" => {
                let pinned = value.pin_action.pinned.unwrap_or(false) && !removed;
                self.chat_mut(&chat(part(1))).pinned = pinned;
            }
            "mute" => {
                let mute = &value.mute_action;
                let muted = mute.muted.unwrap_or(false) && !removed;
                let until = muted.then(|| mute.mute_end_timestamp.unwrap_or(-1));
                self.chat_mut(&chat(part(1))).muted_until = until;
            }
            "markChatAsRead" => {
                let read = value.mark_chat_as_read_action.read.unwrap_or(true);
                let chat = self.chat_mut(&chat(part(1)));
                chat.marked_unread = !read;
                if read {
                    chat.unread = 0;
                }
            }
            "star" => {
                let starred = value.star_action.starred.unwrap_or(false) && !removed;
                if let Some(message) = self.message_mut(&chat(part(1)), part(2)) {
                    message.starred = starred;
                }
            }
            "deleteMessageForMe" => {
                if let Some(chat) = self.chats.get_mut(&chat(part(1))) {
                    chat.messages.retain(|message| message.id != part(2));
                }
            }
            "deleteChat" => {
                self.chats.remove(&chat(part(1)));
            }
            "clearChat" => {
                if let Some(chat) = self.chats.get_mut(&chat(part(1))) {
                    chat.messages.clear();
                    chat.unread = 0;
                }
            }
            "contact" if removed => {
                self.contacts.remove(&chat(part(1)));
            }
            "contact" => {
                let contact = &value.contact_action;
                self.contacts.insert(
                    chat(part(1)),
                    Contact {
                        full_name: contact.full_name.clone().unwrap_or_default(),
                        first_name: contact.first_name.clone().unwrap_or_default(),
                    },
                );
            }
            "label_edit" => {
                let label = &value.label_edit_action;
                if removed || label.deleted == Some(true) {
                    self.labels.remove(part(1));
                    for chat in self.chats.values_mut() {
                        chat.labels.remove(part(1));
                    }
                } else {
                    let label = Label {
                        name: label.name.clone().unwrap_or_default(),
                        color: label.color.unwrap_or_default(),
                    };
                    self.labels.insert(part(1).to_owned(), label);
                }
            }
            "label_jid" => {
                let labelled = value.label_association_action.labeled == Some(true) && !removed;
                let chat = self.chat_mut(&chat(part(2)));
                if labelled {
                    chat.labels.insert(part(1).to_owned());
                } else {
                    chat.labels.remove(part(1));
                }
            }
            name => {
                let json = serde_json::to_string(value).unwrap_or_default();
                self.settings.insert(name.to_owned(), json);
            }
        }
    }
}
