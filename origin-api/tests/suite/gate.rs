use axum::body::Body;
use axum::http::Request;
use origin_api::gate::HEADER;

use crate::support::{Api, Reply};

const SECRET: &str = "between the two of us";

async fn ask(api: &Api, path: &str, secret: Option<&[u8]>) -> Reply {
    let mut request = Request::get(path);
    if let Some(secret) = secret {
        request = request.header(HEADER, secret);
    }
    api.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn whoever_does_not_know_the_secret_is_turned_away_everywhere_before_anything_else() {
    let api = Api::start_behind(SECRET).await;
    let longer = format!("{SECRET}!");
    for path in [
        "/api/v1/tasks",
        "/api/v1/auth/login",
        "/api/docs",
        "/nothing",
        "/health/",
    ] {
        for wrong in [
            None,
            Some(""),
            Some("between"),
            Some(&*longer),
            Some("BETWEEN the two of us"),
        ] {
            ask(&api, path, wrong.map(str::as_bytes))
                .await
                .assert_error(403, "not_through_bouncer");
        }
        ask(&api, path, Some(b"\xff"))
            .await
            .assert_error(403, "not_through_bouncer");
    }
}

#[tokio::test]
async fn whoever_knows_the_secret_is_served_as_ever() {
    let api = Api::start_behind(SECRET).await;
    let secret = Some(SECRET.as_bytes());
    ask(&api, "/api/v1/tasks", secret)
        .await
        .assert_error(401, "unauthorized");
    ask(&api, "/nothing", secret)
        .await
        .assert_error(404, "not_found");
}

#[tokio::test]
async fn health_and_ready_are_open_to_all() {
    let api = Api::start_behind(SECRET).await;
    for path in ["/health", "/ready"] {
        assert_eq!(ask(&api, path, None).await.status, 200);
    }
}
