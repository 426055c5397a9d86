//! The use cases: write down whom to tell, tell them, look, try again.
mod patients; // who are told by e-mail and by SMS
mod reminders; // visits that are near

use crate::channel::{Channels, Letter, Message};
use crate::choosing::Choosing;
use crate::domain::{
    About, AccountKind, Alarm, Appointment, Change, Channel, Failure, Notification, Outcome, Recipient,
};
use crate::error::Error;
use crate::links::{Links, Ways};
use crate::neighbours::Neighbours;
use crate::phrasebook::Phrasebook;
use crate::store::{Claim, Filter, Store};
use crate::templates::{Content, Reader, TextTo, render, render_account, render_alarm, render_offer};
use crate::templates::{text_of_offer, text_of_visit};
use crate::watch::Watch;
use crate::words::Voice;
use jiff::Timestamp;
use metrics::SharedString;
use platform::propagation;
use proto::ids::{DoctorId, EventId, NotificationId, OneTimeTokenId, PatientId, UserId, WaitlistOfferId};
use std::convert::Infallible;
use std::error::Error as StdError;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tracing::Instrument as _;

/// How long one sender has a message for itself; what a sender leaves behind when it dies waits as long.
const LEASE: Duration = Duration::from_secs(30);
/// How often a lease is renewed while the message is under way.
const RENEWAL: Duration = Duration::from_secs(10);
/// Longest time to find out what to write, and to whom.
const PREPARATION: Duration = Duration::from_secs(20);
/// What is due by SMS for that long, and nobody has a way to send it, is dropped: as long as what fails is tried.
const UNTAKEN: Duration = Duration::from_hours(24);
/// Pause before the store is asked again that could not answer.
const BACK_OFF: Duration = Duration::from_millis(200);

/// What is to be sent, unless the message is settled without that.
type Prepared = ControlFlow<Outcome, Message>;

const SKIPPED: Prepared = Prepared::Break(Outcome::Skipped);

#[derive(Clone)]
pub struct Delivery {
    store: Store,
    neighbours: Neighbours,
    choosing: Choosing,
    watch: Watch,
    channels: Channels,
    phrasebook: Phrasebook,
    links: Links,
    due: Arc<Due>,
}

/// What is waited for by those who send, each by a channel of its own.
#[derive(Default)]
struct Due {
    email: Notify,
    sms: Notify,
}

impl Due {
    fn by(&self, channel: Channel) -> &Notify {
        match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.sms,
        }
    }
}

impl Delivery {
    pub fn new(
        store: Store,
        neighbours: Neighbours,
        choosing: Choosing,
        watch: Watch,
        channels: Channels,
        phrasebook: Phrasebook,
        links: Links,
    ) -> Self {
        Self { store, neighbours, choosing, watch, channels, phrasebook, links, due: Arc::default() }
    }

    /// Writes down `messages`, which are to be sent by each channel that they go by; nothing when `event` was seen before.
    pub async fn enqueue(&self, event: EventId, messages: &[About]) -> Result<(), Error> {
        let traceparent = propagation::traceparent();
        let mut addressed = Vec::new();
        for about in messages {
            let channels = self.choosing.channels(about).await?;
            addressed.extend(channels.iter().map(|channel| (*about, *channel)));
        }
        if self.store.enqueue(event, &addressed, traceparent.as_deref()).await? {
            for (_, channel) in addressed {
                self.wake(channel);
            }
        }
        Ok(())
    }

    pub async fn list(
        &self,
        filter: Filter,
        before: Option<NotificationId>,
        limit: i64,
    ) -> Result<Vec<Notification>, Error> {
        Ok(self.store.list(filter, before, limit).await?)
    }

    pub async fn find(&self, id: NotificationId) -> Result<Notification, Error> {
        self.store.find(id).await?.ok_or(Error::NotFound(id))
    }

    /// Makes a failed message due again.
    pub async fn resend(&self, id: NotificationId) -> Result<Notification, Error> {
        if let Some(notification) = self.store.resend(id).await? {
            self.wake(notification.channel);
            return Ok(notification);
        }
        self.find(id).await?;
        Err(Error::NotFailed)
    }

    /// The channels that there is a way for.
    pub fn channels(&self) -> &'static [Channel] {
        if self.choosing.is_texting() { &[Channel::Email, Channel::Sms] } else { &[Channel::Email] }
    }

    /// Tells who sends by `channel` to look for messages that are due.
    pub fn wake(&self, channel: Channel) {
        self.due.by(channel).notify_one();
    }

    /// Resolves when there may be messages that are due by `channel`.
    pub async fn woken(&self, channel: Channel) {
        self.due.by(channel).notified().await;
    }

    /// Withdraws what is no longer true, and takes back what a sender left behind.
    pub async fn tidy(&self) -> Result<(), Error> {
        for (kind, channel) in self.store.supersede().await? {
            count(kind.name(), channel, Outcome::Superseded);
        }
        for kind in self.store.drop_untaken(UNTAKEN).await? {
            count(kind, Channel::Sms, Outcome::Late);
        }
        let expired = self.store.expire().await?;
        if expired > 0 {
            tracing::warn!(expired, "messages were left half-sent and will be sent again");
        }
        Ok(())
    }

    /// Measures how late messages by `channel` are. While the database is away, the last is the best that is known.
    pub async fn measure(&self, channel: Channel) {
        if let Ok(longest) = self.store.longest_due(channel).await {
            let seconds = longest.unwrap_or_default();
            metrics::gauge!("notifications_due_age_seconds", "channel" => channel.name()).set(seconds);
        }
    }

    /// Takes up to `limit` messages that are due by `channel`. Each is to be given to [`Delivery::attempt`].
    pub async fn claim(&self, channel: Channel, limit: usize) -> Result<Vec<Claim>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.store.claim(channel, limit, LEASE).await?)
    }

    /// Tries to send one message, and writes down what came of it.
    pub async fn attempt(&self, Claim { notification, traceparent, claimed_at: now }: Claim) {
        let span = tracing::info_span!(
            "notification.send",
            notification.id = %notification.id,
            notification.kind = notification.about.kind(),
            notification.recipient_kind = notification.about.recipient().kind(),
            notification.channel = notification.channel.name(),
        );
        propagation::continue_from_traceparent(&span, traceparent.as_deref());
        async {
            let tried = tokio::select! {
                tried = self.send(&notification, now) => tried,
                never = self.keep(&notification) => match never {},
            };
            let outcome = tried.unwrap_or_else(|failure| notification.after(failure, now));
            self.settle(&notification, outcome).await;
            count(notification.about.kind(), notification.channel, outcome);
            tell(&notification, outcome);
        }
        .instrument(span)
        .await;
    }

    /// Renews the lease of a message: mail servers may take longer than that.
    async fn keep(&self, notification: &Notification) -> Infallible {
        loop {
            sleep(RENEWAL).await;
            while self.store.renew(notification, LEASE).await.is_err() {
                sleep(BACK_OFF).await;
            }
        }
    }

    async fn send(&self, notification: &Notification, now: Timestamp) -> Result<Outcome, Failure> {
        let prepared = timeout(PREPARATION, self.prepare(notification, now)).await;
        match prepared.map_err(|_| Failure::Interrupted)?? {
            ControlFlow::Continue(message) => self.channels.send(message, now).await.map(|()| Outcome::Sent),
            ControlFlow::Break(outcome) => Ok(outcome),
        }
    }

    /// What to send, unless there is nothing to be sent.
    async fn prepare(&self, notification: &Notification, now: Timestamp) -> Result<Prepared, Failure> {
        if !self.choosing.is_wanted(&notification.about, notification.channel).await? {
            return Ok(SKIPPED);
        }
        match &notification.about {
            About::Visit { change, recipient } => self.about_visit(notification, change, *recipient).await,
            About::Reminder(reminder) => self.about_reminder(notification, reminder, now).await,
            About::Offer { id, patient_id } => self.about_offer(notification, *id, *patient_id, now).await,
            About::Account { kind, user_id, token_id } => {
                self.about_account(notification.id, *kind, *user_id, *token_id).await
            }
            About::Alarm { alarm, recipient } => self.alarm(notification.id, alarm, *recipient).await,
        }
    }

    async fn about_visit(
        &self,
        message: &Notification,
        change: &Change,
        recipient: Recipient,
    ) -> Result<Prepared, Failure> {
        let overtaken = self.store.is_overtaken(change, recipient, message.channel).await;
        if overtaken.map_err(|_| Failure::Interrupted)? {
            return Ok(Prepared::Break(Outcome::Superseded));
        }
        let of = self.neighbours.appointment(change.appointment_id).await?;
        let visit = &of.visit;
        if change.is_outdated_by(visit, recipient) {
            return Ok(Prepared::Break(Outcome::Superseded));
        }
        let words = |voice: &Voice, reader: Reader<'_>| render(voice, change.kind, visit, reader);
        match recipient {
            Recipient::Patient(id) => {
                let ways = self.ways(&message.about, Some(&of));
                let words = |voice: &Voice, name: &str, doctor: Option<&str>| {
                    words(voice, Reader::Patient { name, doctor, ways: &ways })
                };
                let text = |voice: &Voice, to: &TextTo<'_>| text_of_visit(voice, change.kind, visit, to);
                self.to_patient(message, id, visit.doctor_id, words, text).await
            }
            Recipient::Doctor(id) => {
                let is_former = change.is_handover();
                let words = |voice: &Voice, name: &str| {
                    let reader =
                        if is_former { Reader::FormerDoctor { name } } else { Reader::Doctor { name } };
                    words(voice, reader)
                };
                self.to_doctor(message.id, id, words).await
            }
            // Nobody else is told of visits.
            Recipient::Account(_) | Recipient::Contact(_) => Ok(SKIPPED),
        }
    }

    async fn about_offer(
        &self,
        message: &Notification,
        id: WaitlistOfferId,
        patient_id: PatientId,
        now: Timestamp,
    ) -> Result<Prepared, Failure> {
        let offer = self.neighbours.offer(id).await?;
        if !offer.can_be_answered(now) {
            return Ok(Prepared::Break(Outcome::Superseded));
        }
        let ways = self.ways(&message.about, None);
        let words = |voice: &Voice, name: &str, doctor: Option<&str>| {
            render_offer(voice, &offer, name, doctor, &ways)
        };
        let text = |voice: &Voice, to: &TextTo<'_>| Some(text_of_offer(voice, &offer, to));
        self.to_patient(message, patient_id, offer.doctor_id, words, text).await
    }

    /// To whom and with what token auth-svc knows, and whether that token can still be used.
    async fn about_account(
        &self,
        message: NotificationId,
        kind: AccountKind,
        user_id: UserId,
        token_id: Option<OneTimeTokenId>,
    ) -> Result<Prepared, Failure> {
        let Some(account) = self.neighbours.account(user_id, token_id).await? else {
            return Ok(Prepared::Break(Outcome::Superseded));
        };
        let voice = self.voice(&[]).await?;
        let content =
            render_account(&voice, kind, &account, self.links.public_url()).ok_or(Failure::BadAnswer)?;
        Ok(letter(message, account.email, content))
    }

    /// Whether somebody has reviewed it meanwhile or not.
    async fn alarm(
        &self,
        message: NotificationId,
        alarm: &Alarm,
        recipient: Recipient,
    ) -> Result<Prepared, Failure> {
        let (name, to) = match recipient {
            Recipient::Contact(id) => (String::new(), self.watch.address(id)?),
            Recipient::Account(id) => match self.neighbours.account(id, None).await? {
                Some(account) => (account.name, account.email),
                None => return Ok(SKIPPED),
            },
            // Nobody else watches.
            Recipient::Patient(_) | Recipient::Doctor(_) => return Ok(SKIPPED),
        };
        let voice = self.voice(&[]).await?;
        let content = render_alarm(&voice, alarm, &name, self.links.public_url());
        Ok(letter(message, to, content))
    }

    /// What a patient can do from a message about something, for instance a visit.
    fn ways(&self, about: &About, visit: Option<&Appointment>) -> Ways {
        let unsubscribe = |(patient, category)| self.links.unsubscribe(patient, category, Channel::Email);
        Ways {
            actions: visit.map(|visit| self.links.actions(visit)).unwrap_or_default(),
            unsubscribe: about
                .to_patient()
                .and_then(|(patient, category)| Some((patient, category?)))
                .map(unsubscribe),
        }
    }

    /// How to write to whoever speaks `languages`: nobody knows of accounts.
    async fn voice(&self, languages: &[String]) -> Result<Voice, Failure> {
        self.phrasebook.voice(languages).await.map_err(|_| Failure::Interrupted)
    }

    /// Skipped when the doctor cannot be written to.
    async fn to_doctor(
        &self,
        message: NotificationId,
        id: DoctorId,
        words: impl FnOnce(&Voice, &str) -> Content,
    ) -> Result<Prepared, Failure> {
        let Some(doctor) = self.neighbours.doctor(id).await? else { return Ok(SKIPPED) };
        let Some(to) = doctor.email else { return Ok(SKIPPED) };
        let voice = self.voice(&doctor.languages).await?;
        let content = words(&voice, &doctor.name);
        Ok(letter(message, to, content))
    }

    /// Writes down what came of an attempt, however long the database is away: a message that has left must
    /// not leave again.
    async fn settle(&self, notification: &Notification, outcome: Outcome) {
        while let Err(error) = self.store.settle(notification, outcome).await {
            if !error.is_outage() {
                tracing::error!(error = &error as &dyn StdError, "outcome of a message was not written down");
                return;
            }
            sleep(BACK_OFF).await;
        }
    }
}

fn letter(id: NotificationId, to: String, content: Content) -> Prepared {
    Prepared::Continue(Message::Letter(Box::new(Letter { id, to, content })))
}

fn count(kind: impl Into<SharedString>, channel: Channel, outcome: Outcome) {
    let (channel, outcome) = (channel.name(), outcome.name());
    metrics::counter!("notifications_total", "kind" => kind.into(), "channel" => channel, "outcome" => outcome).increment(1);
}

fn tell(notification: &Notification, outcome: Outcome) {
    tracing::info!(
        notification.id = %notification.id,
        notification.kind = notification.about.kind(),
        notification.channel = notification.channel.name(),
        outcome = outcome.name(),
        failure = outcome.failure().map(Failure::name),
        "tried to send a message"
    );
}
