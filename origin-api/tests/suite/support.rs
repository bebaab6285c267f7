//! A running API for a test: its own database in its own folder, gone when the test is over.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use chrono::Utc;
use http_body_util::BodyExt;
use origin_api::password::Passwords;
use origin_api::token::{Holder, TokenKey};
use origin_api::{App, DebugRoutes, db, router};
use serde_json::{Value, json};
use sqlx::SqlitePool;
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const SECRET: &str = "a secret of more than thirty-two bytes";
pub(crate) const PASSWORD: &str = "open sesame, please";

pub(crate) struct Api {
    pub(crate) db: SqlitePool,
    pub(crate) tokens: TokenKey,
    router: Router,
    _folder: TempDir,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::start_with(DebugRoutes::Hidden).await
    }

    pub(crate) async fn start_with(debug_routes: DebugRoutes) -> Self {
        let folder = TempDir::new().unwrap();
        let db = db::open(&folder.path().join("test.sqlite")).await.unwrap();
        let tokens = TokenKey::new(SECRET.as_bytes()).unwrap();
        let app = App::new(db.clone(), tokens.clone(), Passwords::new().unwrap());
        Self {
            db,
            tokens,
            router: router(app, debug_routes),
            _folder: folder,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Reply {
        self.send(request(Method::GET, path, token, None)).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: Value) -> Reply {
        self.send(request(Method::POST, path, token, Some(body)))
            .await
    }

    pub(crate) async fn put(&self, path: &str, token: &str, body: Value) -> Reply {
        self.send(request(Method::PUT, path, token, Some(body)))
            .await
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Reply {
        self.send(request(Method::DELETE, path, token, None)).await
    }

    pub(crate) async fn register(&self, username: &str, password: &str) -> Reply {
        let body = json!({"username": username, "password": password});
        self.post("/api/v1/auth/register", "", body).await
    }

    pub(crate) async fn login(&self, username: &str, password: &str) -> Reply {
        let body = json!({"username": username, "password": password});
        self.post("/api/v1/auth/login", "", body).await
    }

    /// A user that exists, made without the cost of a password: a token for it.
    pub(crate) async fn user(&self, name: &str) -> String {
        sqlx::query(
            "INSERT INTO users (id, username, password_hash, created_at) VALUES (?1, ?1, '', '')",
        )
        .bind(name)
        .execute(&self.db)
        .await
        .unwrap();
        self.tokens.issue(&holder(name), Utc::now()).unwrap()
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json");
        serde_json::from_str(&self.text).unwrap()
    }

    /// Asserts that this is the error of that status and code, in our form and no other.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        let body = self.json();
        assert_eq!(body["error"], code, "{self:?}");
        assert_ne!(body["message"].as_str(), Some(""), "{self:?}");
        assert_eq!(body.as_object().unwrap().len(), 2, "{self:?}");
    }

    /// The titles of a list of tasks.
    pub(crate) fn titles(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        let tasks: Vec<Value> = serde_json::from_str(&self.text).unwrap();
        tasks
            .iter()
            .map(|task| task["title"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(crate) fn holder(name: &str) -> Holder {
    Holder {
        id: name.to_owned(),
        name: name.to_owned(),
    }
}

/// An empty `token` sends none.
pub(crate) fn request(
    method: Method,
    path: &str,
    token: &str,
    body: Option<Value>,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if !token.is_empty() {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    match body {
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap(),
        None => request.body(Body::empty()).unwrap(),
    }
}
