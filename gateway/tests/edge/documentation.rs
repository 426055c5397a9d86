//! The pages for people.
use crate::harness::Gateway;

/// What `src` and `href` attributes of a page name.
fn assets(page: &str) -> Vec<&str> {
    let attributes = ["src=\"", "href=\"", "spec-url=\""];
    attributes
        .iter()
        .flat_map(|name| page.split(name).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

#[tokio::test]
async fn the_pages_find_all_they_need_in_the_gateway() {
    let gateway = Gateway::new();
    for path in ["/docs", "/docs/", "/redoc", "/redoc/"] {
        let page = gateway.get(path).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(page.header("content-security-policy").starts_with("default-src 'none'; script-src 'self';"));
        assert!(assets(&page.text).len() >= 2, "{path}");
        for asset in assets(&page.text) {
            assert!(asset.starts_with('/'), "{asset} is elsewhere");
            assert_eq!(gateway.get(asset).await.status, 200, "{asset}");
        }
    }
}

#[tokio::test]
async fn swagger_ui_asks_nobody_whether_the_document_is_valid() {
    let initializer = Gateway::new().get("/docs/swagger-initializer.js").await;
    assert!(initializer.text.contains(r#""validatorUrl": "none""#), "{}", initializer.text);
    assert!(initializer.text.contains(r#""url": "/openapi.json""#), "{}", initializer.text);
}

#[tokio::test]
async fn swagger_ui_can_log_in() {
    let document = Gateway::new().get("/openapi.json").await.json();
    let scheme = &document["components"]["securitySchemes"]["oauth2"];
    assert_eq!(scheme["flows"]["password"]["tokenUrl"], "/api/auth/login");
    assert_eq!(document["security"][0]["oauth2"], serde_json::json!([]));
}

#[tokio::test]
async fn the_pages_can_be_switched_off() {
    let gateway = Gateway::with(|config| config.edge.serve_docs = false);
    for path in ["/docs", "/redoc", "/openapi.json", "/docs/swagger-ui.css"] {
        gateway.get(path).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn what_is_not_among_the_assets_is_not_found() {
    let gateway = Gateway::new();
    for path in ["/docs/nothing.js", "/docs/..%2f..%2fetc%2fpasswd", "/redoc/nothing.js"] {
        gateway.get(path).await.refused(404, "not_found");
    }
}
