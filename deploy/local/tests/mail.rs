//! The mail catcher.
use local::mail::Mail;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Speaks SMTP, as a mail server's client does.
async fn send(to: SocketAddr, subject: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(TcpStream::connect(to).await?);
    let body = format!(
        "From: Clinic <clinic@example.com>\r\nTo: Ada <ada@example.com>\r\nSubject: {subject}\r\n\
         Content-Type: text/html\r\n\r\n<p>Hello</p>\r\n.\r\n"
    );
    let says = [
        "",
        "EHLO here\r\n",
        "MAIL FROM:<clinic@example.com>\r\n",
        "RCPT TO:<ada@example.com>\r\n",
        "DATA\r\n",
        &body,
    ];
    for say in says {
        stream.write_all(say.as_bytes()).await?;
        loop {
            let mut answer = String::new();
            stream.read_line(&mut answer).await?;
            assert!(answer.starts_with(['2', '3']), "{say:?} was answered by {answer:?}");
            if answer.as_bytes()[3] == b' ' {
                break;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn mail_is_caught_and_shown() {
    let mail = Mail::start().await.unwrap();
    send(mail.smtp(), "Your visit").await.unwrap();
    let patience = Duration::from_secs(10);
    let message = mail.wait_for(patience, |message| message.subject == "Your visit").await.unwrap();
    assert_eq!(message.envelope_recipients, ["ada@example.com"]);
    assert_eq!(message.from.email.as_deref(), Some("clinic@example.com"));

    let text =
        async |path: &str| reqwest::get(format!("{}{path}", mail.url())).await.unwrap().text().await.unwrap();
    assert!(text("/api/messages").await.contains("Your visit"));
    assert!(text(&format!("/messages/{}/html", message.id)).await.contains("<p>Hello</p>"));
    assert!(text("/").await.contains("<title>Mail</title>"));
}

#[tokio::test]
async fn a_mail_server_can_go_away_and_come_back() {
    let mail = Mail::start().await.unwrap();
    mail.pause().await;
    assert!(send(mail.smtp(), "lost").await.is_err());
    mail.resume().await.unwrap();
    send(mail.smtp(), "found").await.unwrap();
    assert!(mail.wait_for(Duration::from_secs(10), |message| message.subject == "found").await.is_some());
    assert_eq!(mail.messages().len(), 1);
}
