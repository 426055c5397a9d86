//! The pages behind the links in mails.
use crate::harness::{Answer, Gateway};
use http::Method;

const FORM: &str = "application/x-www-form-urlencoded";

#[track_caller]
fn is_page(answer: &Answer, status: u16) {
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (status, "text/html; charset=utf-8"));
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self';")
    );
    assert!(!policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(
        (answer.header("referrer-policy"), answer.header("cache-control")),
        ("no-referrer", "no-store")
    );
}

/// What stands in attributes called `name`.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    let values = page.split(&start).skip(1).filter_map(|rest| rest.split('"').next());
    values.collect()
}

#[tokio::test]
async fn a_page_says_what_will_happen_and_only_its_form_does_it() {
    let gateway = Gateway::new();
    for path in ["/account/password-reset", "/account/password-reset/", "/account/password-reset?token=x"] {
        let page = gateway.get(path).await;
        is_page(&page, 200);
        let text = &page.text;
        assert_eq!(attributes(text, "action"), ["/account/password-reset"]);
        assert!(
            text.contains("<form method=\"post\"") && text.contains("is logged out everywhere"),
            "{text}"
        );
        assert!(!text.contains("style=") && !text.contains("<style") && !text.contains("<script>"), "{text}");
        // Everything is here, and every field has its label.
        let assets = [attributes(text, "href"), attributes(text, "src")].concat();
        assert_eq!(assets.len(), 2);
        for asset in assets {
            assert_eq!(gateway.get(asset).await.status, 200, "{asset}");
        }
        assert_eq!(attributes(text, "for"), ["token", "password"]);
        assert!(text.contains("<html lang=\"en\">") && text.contains("<h1>"));
    }
    let head = gateway.send(Method::HEAD, "/account/password-reset", &[], axum::body::Body::empty()).await;
    assert_eq!(head.status, 200);
}

#[tokio::test]
async fn what_cannot_be_done_now_keeps_the_code_and_not_the_password_and_shows_no_markup_of_others() {
    let gateway = Gateway::new();
    let body = "token=%22%3E%3Cb%3Ecode&password=a+long+and+private+one";
    let page = gateway.post("/account/password-reset", FORM, body).await;
    is_page(&page, 503);
    assert!(page.text.contains("role=\"alert\"") && page.text.contains("try again"), "{}", page.text);
    assert!(page.text.contains("code") && !page.text.contains("<b>"), "{}", page.text);
    assert!(!page.text.contains("private"), "{}", page.text);
}

#[tokio::test]
async fn a_form_that_makes_no_sense_is_no_failure_of_ours() {
    let gateway = Gateway::new();
    let page = gateway.post("/account/password-reset", FORM, "token=%ff").await;
    is_page(&page, 400);
    let large = "x".repeat(100_000);
    assert_eq!(gateway.post("/account/password-reset", FORM, large).await.status, 413);
}

#[tokio::test]
async fn the_pages_of_messages_say_when_they_do_not_work_and_take_what_mail_programs_send() {
    let gateway = Gateway::new();
    for path in ["/visits/token", "/visits/token/move?from=2030-01-07", "/unsubscribe/token"] {
        let page = gateway.get(path).await;
        is_page(&page, 503);
        assert!(page.text.contains("try again") && page.text.contains("lang=\"de\""), "{}", page.text);
        assert!(!page.text.contains("token"), "{}", page.text);
    }
    // RFC 8058, section 3.1, also as forms with files are sent.
    let multipart =
        "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n";
    for (kind, body) in [(FORM, "List-Unsubscribe=One-Click"), ("multipart/form-data; boundary=x", multipart)]
    {
        is_page(&gateway.post("/unsubscribe/token", kind, body).await, 503);
    }
    for path in ["/visits/token/move?from=noon", "/visits/token/move?from=2030-01-07&from=x"] {
        is_page(&gateway.get(path).await, 503);
    }
    assert_eq!(gateway.post("/visits/token", FORM, "version=1").await.status, 405);
    assert_eq!(gateway.get("/unsubscribe/token/undo").await.status, 405);
}
