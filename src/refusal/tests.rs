use super::*;

fn limit(limit: &str) -> Limit {
    Limit::parse_all(limit).unwrap()[0]
}

#[test]
fn a_refusal_says_which_limit_and_when_to_come_back() {
    let limit = limit("5/minute");
    let refusal = Refusal::RateLimited {
        limit,
        refused: Refused::Until { retry_ms: 44_001 },
    };
    assert_eq!(refusal.status(), 429);
    assert_eq!(
        refusal.body(),
        r#"{"error":"rate_limit_exceeded","message":"Rate limit exceeded: 5 per 1 minute","retry_after":45}"#
    );
    assert_eq!(
        refusal.head().as_str(),
        "Content-Type: application/json\nCache-Control: no-store\nRetry-After: 45\n"
    );
}

#[test]
fn nobody_is_told_to_come_back_in_no_time() {
    let limit = limit("5/second");
    let refused = Refused::Until { retry_ms: 1 };
    assert_eq!(
        Refusal::RateLimited { limit, refused }.retry_after_s(),
        Some(1)
    );
    let never = Refusal::RateLimited {
        limit,
        refused: Refused::Never,
    };
    assert_eq!(never.retry_after_s(), Some(1));
}

#[test]
fn failures_are_json_with_a_code_and_a_message() {
    for (refusal, status, code) in [
        (Refusal::PolicyInvalid, 500, "policy_invalid"),
        (Refusal::OriginUnreachable, 502, "origin_unreachable"),
        (Refusal::OriginTimeout, 504, "origin_timeout"),
        (Refusal::LoopDetected, 508, "loop_detected"),
        (Refusal::LimiterUnavailable, 503, "limiter_unavailable"),
    ] {
        assert_eq!(refusal.status(), status);
        let body: serde_json::Value = serde_json::from_str(&refusal.body()).unwrap();
        assert_eq!(body["error"], code);
        assert!(body["message"].is_string());
    }
}
