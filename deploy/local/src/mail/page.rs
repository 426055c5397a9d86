//! The inbox in a browser, and as JSON.
use super::{Inbox, Message};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::get;
use axum::{Json, Router};
use std::net::TcpListener;
use std::sync::Arc;
use uuid::Uuid;

pub(super) async fn serve(listener: TcpListener, inbox: Arc<Inbox>) {
    let routes = Router::new()
        .route("/", get(async || ([(header::CONTENT_SECURITY_POLICY, OWN_POLICY)], Html(PAGE))))
        .route("/api/messages", get(async |State(inbox): State<Arc<Inbox>>| Json(inbox.messages())))
        .route("/messages/{id}/html", get(html))
        .with_state(inbox);
    if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
        let _ = axum::serve(listener, routes).await;
    }
}

const PAGE: &str = include_str!("inbox.html");
const OWN_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                          connect-src 'self'; frame-src 'self'";
/// A mail is a stranger's document: it may look as it likes, and do nothing.
const MAIL_POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";

async fn html(State(inbox): State<Arc<Inbox>>, Path(id): Path<Uuid>) -> impl IntoResponse {
    let found = inbox.messages().into_iter().find(|message| message.id == id);
    let html = found.map(|Message { html, .. }| html).filter(|html| !html.is_empty());
    let html = html.ok_or((StatusCode::NOT_FOUND, "no such message\n"))?;
    Ok::<_, (StatusCode, &str)>(([(header::CONTENT_SECURITY_POLICY, MAIL_POLICY)], Html(html)))
}
