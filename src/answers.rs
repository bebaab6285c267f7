//! Bouncer's own answers, as responses.

use bouncer_durable::ledger::Decision;
use js_sys::Object;
use wasm_bindgen::JsValue;

use crate::admission::{Asked, RefusedBy};
use crate::bouncer::Bouncer;
use crate::facts::Facts;
use crate::head::Head;
use crate::js;
use crate::refusal::Refusal;
use crate::stamp::{stamp, violated};
use crate::timing::Timing;
use crate::wire::Wire;

/// The answer to what is not counted.
pub(crate) fn refuse_at_once(
    request: &Object,
    wire: &Wire,
    refusal: &Refusal,
    facts: &Facts<'_>,
) -> JsValue {
    let (stamp, timing) = (Head::default(), Timing::default());
    refuse(request, wire, refusal, &stamp, timing, facts)
}

/// An answer with a stamp, if that is not empty.
pub(crate) fn refuse(
    request: &Object,
    wire: &Wire,
    refusal: &Refusal,
    stamp: &Head,
    timing: Timing,
    facts: &Facts<'_>,
) -> JsValue {
    let (head, body) = wire.answer(refusal, stamp, timing, facts);
    js::answer(request, refusal.status(), head.as_str(), &body)
}

/// The answer to a request that a limit refuses.
pub(crate) fn refuse_by(
    request: &Object,
    bouncer: &Bouncer,
    by: &RefusedBy<'_>,
    asked: &Asked<'_>,
    decision: &Decision,
    facts: &Facts<'_>,
) -> JsValue {
    let wire = &bouncer.policy.wire;
    let names = asked.names();
    let refusal = Refusal::RateLimited {
        limit: by.limit,
        refused: by.wait,
        violated: violated(&names, decision),
    };
    let timing = Timing::new(facts.now_ms, js::now_ms(), None);
    refuse(
        request,
        wire,
        &refusal,
        &stamp(&names, decision, wire.families),
        timing,
        facts,
    )
}
