//! What patients do by the links in messages, without an account: GET shows, POST acts.
//!
//! These links have their token in the path: mail programs end subscriptions by a POST to the address itself (RFC 8058),
//! and a visit must be shown also where there are no scripts. Of one visit a token opens what the mail itself says; log
//! lines, traces and measurements have the route in place of the path, and pages are never a referrer.
use super::render;
use crate::app::App;
use crate::body::parse_form;
use crate::problem::Problem;
use askama::Template;
use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use jiff::civil::Date;
use proto::notification as pb;
use proto::notification::{LinkAction, LinkOutcome, LinkPage};
use proto::time::{from_wire, to_wire};
use serde::Deserialize;

/// Most languages of a reader that are told on.
const LANGUAGES: usize = 10;

/// Where times are looked for: from today on, unless it is a date.
#[derive(Default, Deserialize)]
struct Range {
    from: Option<Date>,
}

/// What people send; mail programs send something else.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Form {
    version: i64,
    start_time: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "link.html")]
struct Html<'a> {
    page: &'a LinkPage,
    token: &'a str,
    /// Where the form goes, if there is one.
    target: Option<String>,
}

/// What is shown while there is no page: nobody knows who reads it.
#[derive(Template)]
#[template(path = "unavailable.html")]
struct Unavailable;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/visits/{token}", get(look))
        .route("/visits/{token}/{action}", get(show).post(act))
        .route("/unsubscribe/{token}", get(ask).post(unsubscribe))
        .route("/unsubscribe/{token}/undo", post(subscribe))
}

async fn look(State(app): State<App>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    open(&app, token, LinkAction::Unspecified, String::new(), &headers).await
}

async fn show(
    State(app): State<App>,
    Path((token, action)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let range: Range = parse_form(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let from = range.from.map(|from| from.to_string()).unwrap_or_default();
    match named(&action) {
        Some(action) => open(&app, token, action, from, &headers).await,
        // No message has such a link.
        None => open(&app, String::new(), LinkAction::Unspecified, from, &headers).await,
    }
}

async fn ask(State(app): State<App>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    open(&app, token, LinkAction::Unsubscribe, String::new(), &headers).await
}

async fn act(
    State(app): State<App>,
    Path((token, action)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(action) = named(&action) else {
        return open(&app, String::new(), LinkAction::Unspecified, String::new(), &headers).await;
    };
    match parse_form::<Form>(&body) {
        Ok(form) if form.version > 0 => follow(&app, token, action, form, &headers).await,
        // Not a form of ours: it is shown once more.
        _ => {
            let mut page = open(&app, token, action, String::new(), &headers).await;
            if page.status().is_success() {
                *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            }
            page
        }
    }
}

/// Whatever the body is: mail programs send one of theirs, and the address says all.
async fn unsubscribe(State(app): State<App>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    follow(&app, token, LinkAction::Unsubscribe, Form::default(), &headers).await
}

async fn subscribe(State(app): State<App>, Path(token): Path<String>, headers: HeaderMap) -> Response {
    follow(&app, token, LinkAction::Subscribe, Form::default(), &headers).await
}

async fn open(app: &App, token: String, action: LinkAction, from: String, headers: &HeaderMap) -> Response {
    let request = pb::OpenLinkRequest {
        token: token.clone(),
        action: action.into(),
        from_date: from,
        languages: languages(headers),
    };
    match app.clients.links.clone().open_link(request).await {
        Ok(page) => shown(&page.into_inner(), &token, StatusCode::OK),
        Err(status) => render(Problem::from(status).status(), &Unavailable),
    }
}

async fn follow(app: &App, token: String, action: LinkAction, form: Form, headers: &HeaderMap) -> Response {
    let request = pb::FollowLinkRequest {
        token: token.clone(),
        action: action.into(),
        version: form.version,
        start_time: form.start_time.map(to_wire),
        languages: languages(headers),
    };
    match app.clients.links.clone().follow_link(request).await {
        Ok(page) => shown(&page.into_inner(), &token, StatusCode::CONFLICT),
        Err(status) => render(Problem::from(status).status(), &Unavailable),
    }
}

/// `refused` is what a page that refuses something is answered with.
fn shown(page: &LinkPage, token: &str, refused: StatusCode) -> Response {
    let status = match page.outcome() {
        LinkOutcome::Unspecified | LinkOutcome::Shown | LinkOutcome::Done => StatusCode::OK,
        LinkOutcome::Refused => refused,
        LinkOutcome::Dead => StatusCode::NOT_FOUND,
    };
    let target = page.button.as_ref().map(|button| address(token, button.action()));
    render(status, &Html { page, token, target })
}

/// Where something is looked at or done.
fn address(token: &str, action: LinkAction) -> String {
    match action {
        LinkAction::Unspecified => format!("/visits/{token}"),
        LinkAction::Confirm => format!("/visits/{token}/confirm"),
        LinkAction::Arrive => format!("/visits/{token}/arrive"),
        LinkAction::Move => format!("/visits/{token}/move"),
        LinkAction::Cancel => format!("/visits/{token}/cancel"),
        LinkAction::Unsubscribe => format!("/unsubscribe/{token}"),
        LinkAction::Subscribe => format!("/unsubscribe/{token}/undo"),
    }
}

/// What can be done with a visit, by the last part of the path.
fn named(action: &str) -> Option<LinkAction> {
    match action {
        "confirm" => Some(LinkAction::Confirm),
        "arrive" => Some(LinkAction::Arrive),
        "move" => Some(LinkAction::Move),
        "cancel" => Some(LinkAction::Cancel),
        _ => None,
    }
}

/// What the reader speaks, in the order in which browsers say it: that of preference.
fn languages(headers: &HeaderMap) -> Vec<String> {
    let told = headers.get(header::ACCEPT_LANGUAGE).and_then(|told| told.to_str().ok()).unwrap_or_default();
    let tags = told.split(',').filter_map(|range| range.split(';').next()).map(|tag| tag.trim().to_owned());
    tags.filter(|tag| !tag.is_empty()).take(LANGUAGES).collect()
}

/// As forms send it back.
fn instant(at: Option<&prost_types::Timestamp>) -> String {
    from_wire(at.copied()).map(|at| at.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_speaks_what_the_browser_says() {
        let of = |told: &'static str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, told.parse().unwrap())]);
            languages(&headers)
        };
        assert_eq!(of("de-AT, fr;q=0.8,*;q=0.1"), ["de-AT", "fr", "*"]);
        assert!(of("").is_empty() && languages(&HeaderMap::new()).is_empty());
        assert_eq!(of("a,b,c,d,e,f,g,h,i,j,k,l").len(), LANGUAGES);
    }

    #[test]
    fn every_action_is_found_where_it_is_said_to_be() {
        for action in [LinkAction::Confirm, LinkAction::Arrive, LinkAction::Move, LinkAction::Cancel] {
            let address = address("token", action);
            assert_eq!(address.rsplit('/').next().and_then(named), Some(action));
        }
        assert_eq!(named("delete"), None);
    }
}
