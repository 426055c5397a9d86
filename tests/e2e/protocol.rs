use local::service::Service;
use reqwest::Method;
use serde_json::json;
use tests::mesh::Mesh;

#[tokio::test]
async fn every_answer_carries_the_headers_that_browsers_heed() {
    let mesh = Mesh::shared().await;
    let anyone = mesh.anyone();
    for path in ["/api/patients/", "/nowhere", "/health", "/docs/", "/openapi.json"] {
        let answer = anyone.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert!(answer.headers.contains_key("x-request-id"), "{path}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path}");
    }
    assert_eq!(anyone.get("/api/patients/").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn with_and_without_a_slash_is_the_same() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    for path in ["/api/patients", "/api/doctors", "/api/appointments", "/api/auth/me", "/health"] {
        let (without, with) = (admin.get(path).await, admin.get(&format!("{path}/")).await);
        assert_eq!((without.status, with.status), (200, 200), "{path}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_a_problem_too() {
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    admin.get("/api/nothing").await.refused(404, "not_found");
    let answer = admin.send(Method::PATCH, "/api/auth/me", None, &[]).await;
    assert!(answer.header("allow").contains("GET"));
    answer.refused(405, "method_not_allowed");
    admin.send(Method::DELETE, "/health", None, &[]).await.is(405);
}

#[tokio::test]
async fn the_document_and_its_pages_are_served_without_the_outside_world() {
    let mesh = Mesh::shared().await;
    let document = mesh.anyone().get("/openapi.json").await.ok();
    assert_eq!(document, *tests::document::DOCUMENT);
    for path in ["/docs/", "/redoc"] {
        let page = mesh.anyone().get(path).await;
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        let html = page.ok().as_str().unwrap().to_owned();
        assert!(
            !html.contains("https://") || !html.contains("<script src=\"https"),
            "{path} loads from elsewhere"
        );
    }
}

#[tokio::test]
async fn health_tells_of_every_service() {
    let mesh = Mesh::shared().await;
    let health = mesh.anyone().get("/health").await.ok();
    assert_eq!(
        (health["status"].as_str(), health["service"].as_str()),
        (Some("healthy"), Some("healthcare-api"))
    );
    mesh.anyone().get("/health/live").await.ok();
    let ready = mesh.anyone().get("/health/ready").await.ok().to_string();
    for service in Service::GRPC {
        assert!(ready.contains(service.name()), "{ready}");
    }
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let mesh = Mesh::start(|options| {
        options.env_of.push((Service::Gateway, "RATE_LIMIT_LOGIN_PER_MINUTE".to_owned(), "5".to_owned()));
    })
    .await;
    let anyone = mesh.anyone();
    let login = json!({ "username": "nobody@example.com", "password": "not the password, surely" });
    let mut statuses = Vec::new();
    for _ in 0..7 {
        let answer = anyone.post("/api/auth/login", login.clone()).await;
        assert!(answer.headers.contains_key("ratelimit-policy"), "{:?}", answer.headers);
        if answer.status == 429 {
            let seconds: u32 = answer.header("retry-after").parse().unwrap();
            assert!((1..=60).contains(&seconds));
        }
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429]);
}

#[tokio::test]
async fn a_page_of_another_site_is_let_in_only_when_named() {
    let mesh = Mesh::start(|options| {
        options.env_of.push((
            Service::Gateway,
            "CORS_ALLOWED_ORIGINS".to_owned(),
            "https://app.clinic.example".to_owned(),
        ));
    })
    .await;
    let from = async |origin: &'static str| {
        mesh.anyone().send(Method::GET, "/health", None, &[("origin", origin)]).await
    };
    assert_eq!(
        from("https://app.clinic.example").await.header("access-control-allow-origin"),
        "https://app.clinic.example"
    );
    assert!(!from("https://evil.example").await.headers.contains_key("access-control-allow-origin"));
}
