//! A running API for a test: its own database in its own folder, gone when the test is over.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use chrono::Utc;
use http_body_util::BodyExt;
use origin_api::accounts::{Plan, Role};
use origin_api::gate::EdgeSecret;
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
    pub(crate) app: App,
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
        Self::start_as(|app| app, DebugRoutes::Hidden).await
    }

    pub(crate) async fn start_with(debug_routes: DebugRoutes) -> Self {
        Self::start_as(|app| app, debug_routes).await
    }

    pub(crate) async fn start_behind(secret: &str) -> Self {
        let edge = EdgeSecret::new(secret.as_bytes()).unwrap();
        Self::start_as(|app| app.behind(edge), DebugRoutes::Hidden).await
    }

    async fn start_as(change: impl FnOnce(App) -> App, debug_routes: DebugRoutes) -> Self {
        let folder = TempDir::new().unwrap();
        let db = db::open(&folder.path().join("test.sqlite")).await.unwrap();
        let tokens = TokenKey::new(SECRET.as_bytes()).unwrap();
        let app = App::new(db.clone(), tokens.clone(), Passwords::new().unwrap());
        let app = change(app);
        Self {
            db,
            tokens,
            router: router(app.clone(), debug_routes).unwrap(),
            app,
            _folder: folder,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let (parts, body) = self.open(request).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// The response as it begins, with its body still to come.
    pub(crate) async fn open(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
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

    /// Logs in, and reads the token.
    pub(crate) async fn log_in(&self, username: &str, password: &str) -> Holder {
        let grant = self.login(username, password).await.json();
        let token = grant["access_token"].as_str().unwrap();
        self.tokens.verify(token, Utc::now()).unwrap().holder
    }

    /// A user that exists, made without the cost of a password: a token for it.
    pub(crate) async fn user(&self, name: &str) -> String {
        for statement in [
            "INSERT INTO users (id, username, password_hash, created_at) VALUES (?1, ?1, '', '2026-01-01T00:00:00Z')",
            "INSERT INTO organizations (id, name, plan, created_at) VALUES (?1, ?1, 'free', '2026-01-01T00:00:00Z')",
            "INSERT INTO memberships (user_id, organization_id) VALUES (?1, ?1)",
        ] {
            let written = sqlx::query(statement).bind(name).execute(&self.db).await;
            written.unwrap();
        }
        self.token(&holder(name))
    }

    /// A token for anybody.
    pub(crate) fn token(&self, holder: &Holder) -> String {
        self.tokens.issue(holder, Utc::now()).unwrap()
    }

    /// Adds a task and gives back its id.
    pub(crate) async fn task(&self, token: &str, task: Value) -> i64 {
        let reply = self.post("/api/v1/tasks", token, task).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{reply:?}");
        reply.json()["id"].as_i64().unwrap()
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
        let has_fields = code == "validation_failed";
        assert_eq!(body["fields"].is_object(), has_fields, "{self:?}");
        let length = if has_fields { 3 } else { 2 };
        assert_eq!(body.as_object().unwrap().len(), length, "{self:?}");
    }

    /// Asserts that exactly these fields of the body are wrong.
    #[track_caller]
    pub(crate) fn assert_wrong(&self, fields: &[&str]) {
        self.assert_error(422, "validation_failed");
        let body = self.json();
        let wrong: Vec<_> = body["fields"].as_object().unwrap().keys().collect();
        assert_eq!(wrong, fields, "{self:?}");
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
        org: Some(name.to_owned()),
        role: Role::Member,
        plan: Plan::Free,
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
