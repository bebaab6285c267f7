//! The cost of finding the rules of a request: for an ordinary path, which is matched once, and for hostile ones.
//!
//! `npm run bench:core` runs this too.

use std::hint::black_box;
use std::time::Duration;

use bouncer::policy::Policy;
use criterion::Criterion;

/// That of the demo, in short.
const POLICY: &str = r#"{
    "origin": "http://127.0.0.1:8000",
    "default": { "limit": "100/minute" },
    "rules": [
        { "name": "health", "match": ["GET /health", "GET /ready"], "exempt": true },
        { "name": "login", "match": ["POST /api/v1/auth/login", "POST /api/v1/auth/register"], "limit": "5/minute", "key": "ip" },
        { "name": "search", "match": ["GET /api/v1/tasks/search"], "limit": "10/minute" },
        { "name": "export", "match": ["GET /api/v1/tasks/export"], "limit": "2/minute" },
        { "name": "read", "match": ["GET /api/v1/**"], "limit": "60/minute" },
        { "name": "write", "match": ["POST|PUT|PATCH|DELETE /api/v1/**"], "limit": "20/minute" },
        { "name": "all", "match": ["* /api/v1/**"], "limit": "100/minute", "key": "ip", "also": true }
    ]
}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let policy = Policy::from_json(POLICY)?;
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let slashes = format!("/{}", "%2f..".repeat(3_200));
    let mixed = format!("/{}", "%252f%2e%2e;x%5c//%00".repeat(760));
    for (name, path) in [
        ("ordinary", "/api/v1/tasks/42"),
        ("exempt", "/health"),
        ("space", "/api/v1/tasks/a%20b"),
        ("encoded-slash", "/api/v1/tasks/a%2Fb"),
        ("16-kb-of-slashes", &slashes),
        ("16-kb-of-all", &mixed),
    ] {
        criterion.bench_function(&format!("route/{name}"), |bencher| {
            bencher.iter(|| policy.route(black_box("GET"), black_box(path)));
        });
    }
    criterion.final_summary();
    Ok(())
}
