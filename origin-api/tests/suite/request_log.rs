use axum::body::Body;
use axum::http::Request;

use crate::support::{Api, Reply};

const HEADER: &str = "x-request-id";

async fn ask(api: &Api, path: &str, ids: &[&str]) -> Reply {
    let mut request = Request::get(path);
    for id in ids {
        request = request.header(HEADER, *id);
    }
    api.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_sane_id_of_a_request_comes_back_on_every_kind_of_answer() {
    let api = Api::start().await;
    let longest = "x".repeat(128);
    for path in ["/health", "/nothing", "/api/v1/tasks", "/api/v1/auth/login"] {
        for id in ["a", "0af7651916cd43dd-8448.eb211c80319c", &longest] {
            assert_eq!(ask(&api, path, &[id]).await.headers[HEADER], id);
        }
    }
}

#[tokio::test]
async fn a_request_without_a_sane_id_gets_a_new_one() {
    let api = Api::start().await;
    let too_long = "x".repeat(129);
    let mut seen = std::collections::BTreeSet::new();
    for ids in [
        vec![],
        vec![""],
        vec!["two words"],
        vec!["<b>"],
        vec!["\u{e9}"],
        vec![&*too_long],
        vec!["one", "two"],
    ] {
        let reply = ask(&api, "/health", &ids).await;
        let mut all = reply.headers.get_all(HEADER).iter();
        let id = all.next().unwrap().to_str().unwrap();
        assert!(all.next().is_none());
        assert_eq!(id.len(), 36, "{id}");
        assert!(seen.insert(id.to_owned()));
    }
}
