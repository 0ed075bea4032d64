//! Who is meant by a number.
//!
//! People write numbers in many ways, and some countries' numbers are known to WhatsApp under another form than the one that is
//! dialled: the number is asked for as it was written first, then its variants, all in one question.

use std::collections::HashMap;
use std::sync::Arc;

use pombo_domain::channel::ChannelError;
use pombo_domain::clock::Timestamp;
use pombo_domain::jid;
use pombo_domain::port::{Directory, Registered};
use pombo_store::number_cache::{self, KnownNumber};
use pombo_store::{StoreError, contact};
use serde::Serialize;

use super::send::SendError;
use crate::gateway::Gateway;
use crate::instance::Entry;

/// Whether a number is on WhatsApp: `{jid, exists, number, name?, lid?}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NumberAnswer {
    /// The address that WhatsApp uses, or the one that was asked for.
    pub jid: String,
    /// Whether it is on WhatsApp.
    pub exists: bool,
    /// As it was asked for.
    pub number: String,
    /// What the instance calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Compatible: the text `lid` when the contact is known by a LID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lid: Option<String>,
    /// The LID itself.
    #[serde(rename = "lidJid", skip_serializing_if = "Option::is_none")]
    pub lid_jid: Option<String>,
}

impl NumberAnswer {
    fn plain(number: &str, jid: String, exists: bool) -> Self {
        Self {
            jid,
            exists,
            number: number.to_owned(),
            name: None,
            lid: None,
            lid_jid: None,
        }
    }
}

impl Gateway {
    /// The address of a recipient; of a person the one under which WhatsApp knows them.
    ///
    /// # Errors
    /// [`SendError::NotOnWhatsapp`], or when WhatsApp could not be asked.
    pub async fn recipient(&self, entry: &Arc<Entry>, number: &str) -> Result<String, SendError> {
        let address = jid::normalise(number);
        if !is_phone_number(&address) {
            return Ok(address);
        }
        let answers = self.numbers(entry, &[number.to_owned()]).await?;
        match answers.into_iter().next() {
            Some(answer) if answer.exists => Ok(answer.jid),
            Some(answer) => Err(SendError::NotOnWhatsapp(Box::new(answer))),
            None => Ok(address),
        }
    }

    /// Who of these is on WhatsApp, in the order of the question.
    ///
    /// # Errors
    /// When WhatsApp could not be asked.
    pub async fn numbers(
        &self,
        entry: &Arc<Entry>,
        numbers: &[String],
    ) -> Result<Vec<NumberAnswer>, SendError> {
        let instance = Arc::clone(&entry.state().instance);
        let not_available = || ChannelError::NotAvailable(instance.channel);
        let channel = entry.channel.clone().ok_or_else(not_available)?;
        let directory = channel.directory().ok_or_else(not_available)?;
        let mut answers: Vec<Option<NumberAnswer>> = vec![None; numbers.len()];
        let mut asked: Vec<(usize, Vec<String>)> = Vec::new();
        for (place, number) in numbers.iter().enumerate() {
            let address = jid::normalise(number);
            if !is_phone_number(&address) {
                answers[place] = Some(self.unasked(&channel, number, address).await);
                continue;
            }
            let variants = jid::variants(number);
            match self.remembered(entry, &variants).await? {
                Some(known) => answers[place] = Some(of_known(number, known)),
                None => asked.push((place, variants)),
            }
        }
        if !asked.is_empty() {
            self.ask(entry, directory, numbers, asked, &mut answers)
                .await?;
        }
        let mut answers: Vec<NumberAnswer> = answers.into_iter().flatten().collect();
        self.name(entry, &mut answers).await?;
        Ok(answers)
    }

    /// Groups, lists and LIDs: nobody is asked about a LID, and a group exists when its metadata can be read.
    async fn unasked(
        &self,
        channel: &Arc<dyn pombo_domain::port::Channel>,
        number: &str,
        address: String,
    ) -> NumberAnswer {
        let mut answer = NumberAnswer::plain(number, address, true);
        if jid::is_group(&answer.jid) {
            let group = match channel.groups() {
                Some(groups) => groups.metadata(&answer.jid).await.ok(),
                None => None,
            };
            answer.exists = group.is_some();
            answer.name = group.map(|group| group.subject.clone());
        } else if answer.jid == jid::STATUS {
            // Compatible.
            answer.exists = false;
        } else if answer.jid.ends_with("@lid") {
            answer.lid = Some("lid".to_owned());
            answer.lid_jid = Some(answer.jid.clone());
        }
        answer
    }

    async fn remembered(
        &self,
        entry: &Entry,
        variants: &[String],
    ) -> Result<Option<KnownNumber>, StoreError> {
        let Some(age) = self.config.save.numbers else {
            return Ok(None);
        };
        let millis = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let since = Timestamp::from_millis(self.now().millis().saturating_sub(millis));
        // Only what was asked first counts: a variant may be somebody else.
        let Some(first) = variants.first() else {
            return Ok(None);
        };
        number_cache::find(&self.store, &entry.state().instance.id, first, since).await
    }

    async fn ask(
        &self,
        entry: &Entry,
        directory: &dyn Directory,
        numbers: &[String],
        asked: Vec<(usize, Vec<String>)>,
        answers: &mut [Option<NumberAnswer>],
    ) -> Result<(), SendError> {
        let mut question: Vec<String> = asked
            .iter()
            .flat_map(|(_, variants)| variants.iter().cloned())
            .collect();
        question.sort();
        question.dedup();
        let told: HashMap<String, Registered> = directory
            .registered(&question)
            .await?
            .into_iter()
            .map(|answer| (answer.asked.clone(), answer))
            .collect();
        let mut news = Vec::new();
        for (place, variants) in asked {
            let number = &numbers[place];
            let found = variants
                .iter()
                .filter_map(|variant| told.get(variant))
                .find(|answer| answer.exists);
            answers[place] = Some(match found {
                Some(found) => {
                    let known = KnownNumber {
                        asked: variants[0].clone(),
                        jid: found.jid.clone().unwrap_or_else(|| found.asked.clone()),
                        lid: found.lid.clone(),
                    };
                    news.push(known.clone());
                    of_known(number, known)
                }
                None => NumberAnswer::plain(number, jid::normalise(number), false),
            });
        }
        if self.config.save.numbers.is_some() && !news.is_empty() {
            let (id, now, news) = (
                entry.state().instance.id.clone(),
                self.now(),
                Arc::new(news),
            );
            self.store
                .write(move |tx| {
                    let (id, news) = (id.clone(), Arc::clone(&news));
                    Box::pin(async move {
                        for known in news.iter() {
                            number_cache::remember(tx, &id, known, now).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
        Ok(())
    }

    /// Adds what the instance calls them.
    async fn name(&self, entry: &Entry, answers: &mut [NumberAnswer]) -> Result<(), StoreError> {
        let addresses: Vec<String> = answers
            .iter()
            .filter(|answer| answer.name.is_none())
            .map(|answer| answer.jid.clone())
            .collect();
        if addresses.is_empty() {
            return Ok(());
        }
        let id = &entry.state().instance.id;
        let known = contact::of_addresses(&self.store, id, &addresses).await?;
        for answer in answers.iter_mut().filter(|answer| answer.name.is_none()) {
            answer.name = known
                .get(&answer.jid)
                .and_then(|contact| contact.push_name.clone());
        }
        Ok(())
    }
}

fn is_phone_number(address: &str) -> bool {
    address.ends_with("@s.whatsapp.net")
}

fn of_known(number: &str, known: KnownNumber) -> NumberAnswer {
    let mut answer = NumberAnswer::plain(number, known.jid, true);
    answer.lid = known.lid.as_ref().map(|_| "lid".to_owned());
    answer.lid_jid = known.lid;
    answer
}
