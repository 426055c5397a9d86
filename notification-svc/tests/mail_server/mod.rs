//! A mail server that answers what a test tells it to.
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub(crate) struct MailServer {
    pub(crate) port: u16,
    seen: watch::Sender<Seen>,
    holding: watch::Sender<bool>,
    _running: JoinSet<()>,
}

/// What came in.
#[derive(Clone, Copy, Default)]
struct Seen {
    connections: usize,
    messages: usize,
}

/// The reply to a command, or to the message itself, which is `.`; empty to stay silent.
type Reply = fn(&str) -> &'static str;

impl MailServer {
    pub(crate) async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (seen, holding) = (watch::Sender::new(Seen::default()), watch::Sender::new(false));
        let conversation = Conversation { reply, seen: seen.clone(), holding: holding.subscribe() };
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut talking = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                talking.spawn(conversation.clone().talk(stream));
            }
        });
        Self { port, seen, holding, _running: running }
    }

    /// Does not reply to messages until told to.
    pub(crate) fn hold(&self) {
        self.holding.send_replace(true);
    }

    /// Replies to the messages that were held, and to those that come.
    pub(crate) fn release(&self) {
        self.holding.send_replace(false);
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.borrow().connections
    }

    /// How many messages came in, replied to or not.
    pub(crate) fn messages(&self) -> usize {
        self.seen.borrow().messages
    }
}

#[derive(Clone)]
struct Conversation {
    reply: Reply,
    seen: watch::Sender<Seen>,
    holding: watch::Receiver<bool>,
}

impl Conversation {
    async fn talk(mut self, mut stream: TcpStream) {
        self.seen.send_modify(|seen| seen.connections += 1);
        let (read, mut write) = stream.split();
        let mut lines = BufReader::new(read).lines();
        let mut in_message = false;
        write.write_all(b"220 ready\r\n").await.unwrap();
        while let Ok(Some(command)) = lines.next_line().await {
            if in_message && command != "." {
                continue;
            }
            in_message = command == "DATA";
            if command == "." {
                self.seen.send_modify(|seen| seen.messages += 1);
                self.holding.wait_for(|holding| !holding).await.unwrap();
            }
            let reply = (self.reply)(&command);
            if !reply.is_empty() {
                write.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
            }
        }
    }
}

pub(crate) fn friendly(command: &str) -> &'static str {
    if command == "DATA" { "354 go on" } else { "250 ok" }
}
