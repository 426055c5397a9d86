//! Pages behind the links in mails: they say what will happen, and a form does it.
//!
//! A link to an account has its token behind a `#`, which browsers keep to themselves: it gets into no log, no referrer and no proxy,
//! and a program that follows the links of mails has nothing to spend, least of all by GET. A script of ours puts the
//! token into the form and takes it out of the address; without scripts people paste it.
mod links; // what patients do by the links in messages

use crate::app::App;
use crate::body::parse_form;
use crate::problem::Problem;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderName, StatusCode, header};
use proto::auth as pb;
use serde::Deserialize;

/// Nothing but what comes from here, and the form goes nowhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; \
     base-uri 'none'; frame-ancestors 'none'";

/// What a page is for.
struct Page {
    path: &'static str,
    title: &'static str,
    /// What will happen.
    lead: &'static str,
    button: &'static str,
    asks_password: bool,
    /// What has happened.
    done: &'static str,
}

const PASSWORD_RESET: Page = Page {
    path: "/account/password-reset",
    title: "Choose a new password",
    lead: "Your account gets the password that you choose here, and is logged out everywhere.",
    button: "Change the password",
    asks_password: true,
    done: "Your password is changed. You can log in with it now.",
};

const EMAIL_VERIFICATION: Page = Page {
    path: "/account/verify-email",
    title: "Confirm your e-mail address",
    lead: "You confirm that the e-mail address of your account is yours.",
    button: "Confirm the address",
    asks_password: false,
    done: "Thank you. Your e-mail address is confirmed.",
};

const INVITATION: Page = Page {
    path: "/account/accept-invitation",
    title: "Choose your password",
    lead: "An account has been made for you. It is yours once you have chosen a password for it.",
    button: "Choose this password",
    asks_password: true,
    done: "Your account is ready. You can log in with your e-mail address and your password.",
};

/// What people send. The token is never in an address that is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Form {
    token: String,
    password: String,
}

#[derive(Template)]
#[template(path = "account.html")]
struct Html<'a> {
    page: &'a Page,
    token: &'a str,
    /// What stood in the way.
    problems: &'a [String],
    is_done: bool,
}

pub fn routes(app: App) -> Router {
    Router::new()
        .route(PASSWORD_RESET.path, get(async || show(&PASSWORD_RESET)).post(reset_password))
        .route(EMAIL_VERIFICATION.path, get(async || show(&EMAIL_VERIFICATION)).post(verify_email))
        .route(INVITATION.path, get(async || show(&INVITATION)).post(accept_invitation))
        .route("/account/style.css", get(async || asset("text/css", include_str!("pages/style.css"))))
        .route("/account/token.js", get(async || asset("text/javascript", include_str!("pages/token.js"))))
        .merge(links::routes())
        .with_state(app)
}

async fn reset_password(State(app): State<App>, body: Bytes) -> Response {
    let Form { token, password } = match parse_form(&body) {
        Ok(form) => form,
        Err(problem) => return refuse(&PASSWORD_RESET, "", &problem),
    };
    let request = pb::ResetPasswordRequest { token: token.clone(), new_password: password };
    told(&PASSWORD_RESET, &token, app.clients.accounts.clone().reset_password(request).await)
}

async fn verify_email(State(app): State<App>, body: Bytes) -> Response {
    let token = match parse_form::<Form>(&body) {
        Ok(form) => form.token,
        Err(problem) => return refuse(&EMAIL_VERIFICATION, "", &problem),
    };
    let request = pb::VerifyEmailRequest { token: token.clone() };
    told(&EMAIL_VERIFICATION, &token, app.clients.accounts.clone().verify_email(request).await)
}

async fn accept_invitation(State(app): State<App>, body: Bytes) -> Response {
    let Form { token, password } = match parse_form(&body) {
        Ok(form) => form,
        Err(problem) => return refuse(&INVITATION, "", &problem),
    };
    let request = pb::AcceptInvitationRequest { token: token.clone(), password };
    told(&INVITATION, &token, app.clients.accounts.clone().accept_invitation(request).await)
}

/// The page before anything was done.
fn show(page: &Page) -> Response {
    render(StatusCode::OK, &Html { page, token: "", problems: &[], is_done: false })
}

/// The page after it was tried.
fn told<T>(page: &Page, token: &str, answer: tonic::Result<T>) -> Response {
    match answer {
        Ok(_) => render(StatusCode::OK, &Html { page, token: "", problems: &[], is_done: true }),
        Err(status) => refuse(page, token, &status.into()),
    }
}

/// The form once more, with what is wrong; a token that is of no use is not kept in it.
fn refuse(page: &Page, token: &str, problem: &Problem) -> Response {
    let is_about_token = problem.errors().iter().any(|error| error.pointer == "/token");
    let problems: Vec<String> = if is_about_token {
        vec![
            "This link does not work any more: it was used, a newer one was sent, or it is too old."
                .to_owned(),
        ]
    } else if problem.status() == StatusCode::UNPROCESSABLE_ENTITY && !problem.errors().is_empty() {
        problem.errors().iter().map(|error| format!("The password {}.", error.detail)).collect()
    } else {
        vec!["This does not work at the moment. Please try again shortly.".to_owned()]
    };
    let token = if is_about_token { "" } else { token };
    render(problem.status(), &Html { page, token, problems: &problems, is_done: false })
}

fn render(status: StatusCode, html: &impl Template) -> Response {
    let html = html.render().expect("a template only puts text together");
    (status, headers("text/html"), html).into_response()
}

fn asset(kind: &'static str, content: &'static str) -> Response {
    (headers(kind), [(header::CACHE_CONTROL, "public, max-age=300")], content).into_response()
}

fn headers(kind: &str) -> [(HeaderName, String); 2] {
    let kind = format!("{kind}; charset=utf-8");
    [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, POLICY.to_owned())]
}
