//! Catches mail, and shows it: an SMTP server that accepts everything, and a page with what came.
mod page;

use crate::ports::{self, loopback};
use anyhow::bail;
use mailcrab::{MailMessage, TestMailServerHandle};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

/// The catcher. Runs on threads of its own, so that it does not end with the test that made it.
pub struct Mail {
    inbox: Arc<Inbox>,
    smtp: SocketAddr,
    page: SocketAddr,
    /// Accepts mail while there is one.
    accepting: Mutex<Option<Runtime>>,
    showing: Option<Runtime>,
}

/// A mail as it came in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    pub id: uuid::Uuid,
    /// Seconds since 1970.
    pub time: i64,
    pub from: Address,
    pub to: Vec<Address>,
    pub subject: String,
    pub headers: HashMap<String, String>,
    pub text: String,
    pub html: String,
    /// The addresses that the server was told, whatever the headers say.
    pub envelope_recipients: Vec<String>,
    /// All of it, for who looks at its parts.
    #[serde(skip)]
    pub raw: Vec<u8>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Address {
    pub name: Option<String>,
    pub email: Option<String>,
}

/// What came, oldest first.
struct Inbox {
    messages: Mutex<VecDeque<Message>>,
    /// How many came in all.
    count: watch::Sender<u64>,
}

/// Most messages kept.
const KEPT: usize = 5_000;

impl Mail {
    pub async fn start() -> anyhow::Result<Self> {
        let inbox = Arc::new(Inbox { messages: Mutex::default(), count: watch::Sender::new(0) });
        let page = loopback(ports::free()?);
        let listener = std::net::TcpListener::bind(page)?;
        listener.set_nonblocking(true)?;
        let showing = thread_of_its_own("mail page")?;
        showing.spawn(page::serve(listener, inbox.clone()));
        let mail = Self {
            inbox,
            smtp: loopback(ports::free()?),
            page,
            accepting: Mutex::default(),
            showing: Some(showing),
        };
        mail.resume().await?;
        Ok(mail)
    }

    /// Where to send mail.
    pub fn smtp(&self) -> SocketAddr {
        self.smtp
    }

    /// Where to read it in a browser. `/api/messages` has it as JSON.
    pub fn url(&self) -> String {
        format!("http://{}", self.page)
    }

    /// All that came, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.inbox.messages()
    }

    /// The first message that `fits`, waiting up to `patience` for it to come.
    pub async fn wait_for(&self, patience: Duration, fits: impl Fn(&Message) -> bool) -> Option<Message> {
        let deadline = Instant::now() + patience;
        let mut count = self.inbox.count.subscribe();
        loop {
            count.mark_unchanged();
            if let Some(found) = self.messages().into_iter().find(&fits) {
                return Some(found);
            }
            timeout_at(deadline, count.changed()).await.ok()?.ok()?;
        }
    }

    /// Refuses connections from now on and cuts those that are open, as a mail server that went down.
    pub async fn pause(&self) {
        let Some(accepting) = self.accepting() else { return };
        accepting.shutdown_background();
        while !ports::is_free(self.smtp.port()) {
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Accepts mail again.
    pub async fn resume(&self) -> anyhow::Result<()> {
        self.pause().await;
        let accepting = thread_of_its_own("mail catcher")?;
        accepting.spawn(catch(self.smtp, self.inbox.clone()));
        *self.accepting.lock().unwrap_or_else(PoisonError::into_inner) = Some(accepting);
        for _ in 0..1_000 {
            if tokio::net::TcpStream::connect(self.smtp).await.is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(5)).await;
        }
        bail!("the mail catcher does not answer on {}", self.smtp)
    }

    fn accepting(&self) -> Option<Runtime> {
        self.accepting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Mail {
    fn drop(&mut self) {
        for runtime in [self.accepting(), self.showing.take()].into_iter().flatten() {
            runtime.shutdown_background();
        }
    }
}

impl Inbox {
    fn add(&self, message: Message) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == KEPT {
            messages.pop_front();
        }
        messages.push_back(message);
        drop(messages);
        self.count.send_modify(|count| *count += 1);
    }

    fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

async fn catch(address: SocketAddr, inbox: Arc<Inbox>) {
    let TestMailServerHandle { mut rx, token: _kept } =
        mailcrab::development_mail_server(address.ip(), address.port()).await;
    loop {
        match rx.recv().await {
            Ok(message) => inbox.add(Message::from(message)),
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

impl From<MailMessage> for Message {
    /// By way of JSON, which is the only thing that shows most fields of a caught mail.
    fn from(message: MailMessage) -> Self {
        let raw = message.raw_bytes().unwrap_or_default();
        let json = serde_json::to_value(message).expect("a mail has only text in it");
        Self { raw, ..serde_json::from_value(json).expect("the fields are those of a caught mail") }
    }
}

fn thread_of_its_own(name: &str) -> anyhow::Result<Runtime> {
    Ok(Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build()?)
}
