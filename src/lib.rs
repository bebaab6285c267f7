//! Bouncer: a rate limiter at the edge, in front of the HTTP API you already have.
//!
//! A request goes through six steps, each a module, in the order of `handle` below: **route** it to a rule, **identify**
//! who is asking, **admit** it by asking the Durable Object that owns the client's counters, **refuse** it or
//! **forward** it to the origin, and **stamp** the response. Everything is decided synchronously up to the one point
//! where an object must be asked. What needs no JavaScript is plain Rust that builds and is tested natively.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use bouncer_durable::ledger::Decision;
use js_sys::Object;
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use admission::{Admission, Asked, End, refused_here};
use answers::{refuse, refuse_at_once, refuse_by};
use bouncer::Bouncer;
use facts::Facts;
use head::Head;
use identity::Client;
use js::Contested;
use origin::{Failure, Outgoing};
use policy::{Mode, Origin, Route};
use refusal::Refusal;
use report::What;
use stamp::stamp;
use timing::Timing;
use wire::Wire;

pub mod admission;
mod answers;
pub mod bouncer;
pub mod cors;
pub mod facts;
pub mod head;
pub mod identity;
mod js;
mod jwks;
mod ledgers;
pub mod names;
pub mod origin;
pub mod policy;
pub mod refusal;
pub mod report;
pub mod route;
pub mod stamp;
#[cfg(test)]
mod testing;
pub mod timing;
pub mod wire;

/// The object's class leaves the wasm from here, so that one module holds both the Worker and its object.
#[cfg(target_arch = "wasm32")]
pub use bouncer_durable::object::LedgerObject;

/// Runs once, when the wasm is there: a panic says in the log what it is and where, before it ends the isolate.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen(start)]
fn start() {
    console_error_panic_hook::set_once();
}

/// Answers a request: a `Response`, or a promise of one.
#[must_use]
#[wasm_bindgen]
pub fn handle(request: Object, env: js::Env, context: js::Context) -> JsValue {
    let Some(bouncer) = bouncer(&env) else {
        let (wire, facts) = (Wire::default(), Facts::read(""));
        return refuse_at_once(&request, &wire, &Refusal::PolicyInvalid, &facts);
    };
    let lines = js::facts(&request);
    let facts = Facts::read(&lines);
    let wire = &bouncer.policy.wire;
    if facts.is_back {
        return refuse_at_once(&request, wire, &Refusal::LoopDetected, &facts);
    }
    if let Some(flaw) = facts.flaw {
        return refuse_at_once(&request, wire, &flaw.refusal(), &facts);
    }
    let address = facts.credentials.address;
    if bouncer.policy.deny.contain(address) {
        return refuse_at_once(&request, wire, &Refusal::Denied, &facts);
    }
    let route = bouncer.policy.route_line(&facts.line());
    let client = bouncer.client(&facts);
    let (asked, refusal) = if bouncer.policy.allow.contain(address) || wire.is_preflight(&facts) {
        Default::default()
    } else {
        ask(&route, &client)
    };
    let lacks_key = client.lacks_key();
    if client.has_stale_key() {
        jwks::ask(&bouncer.identification, &context, facts.now_ms);
    }

    if !lacks_key && let Some(refused) = remembered(&request, &env, bouncer, &asked, &facts) {
        report::told(&env, &client, facts.now_ms);
        return refused;
    }
    if !lacks_key {
        report::told(&env, &client, facts.now_ms);
        if let Some(refusal) = refusal {
            return refuse_at_once(&request, wire, &refusal, &facts);
        }
    }

    // Up to here nothing has waited for anything. From here on objects are asked, then the origin; before them, if a token
    // names a key that is not there yet, whoever has the keys. It goes on to its end although the client may have gone: what
    // was charged is settled, and nothing of the request stays behind in memory.
    let lifetime = context.clone();
    let visit = Visit {
        bouncer,
        request,
        env,
        context,
        lines,
    };
    let response = future_to_promise(async move {
        let asked = if lacks_key {
            jwks::wait(&bouncer.identification, &visit.context).await;
            let facts = Facts {
                now_ms: js::now_ms(),
                ..Facts::read(&visit.lines)
            };
            let client = bouncer.client(&facts);
            let (asked, refusal) = ask(&route, &client);
            report::told(&visit.env, &client, facts.now_ms);
            if let Some(refused) = remembered(&visit.request, &visit.env, bouncer, &asked, &facts) {
                return Ok(refused);
            }
            if let Some(refusal) = refusal {
                let wire = &bouncer.policy.wire;
                return Ok(refuse_at_once(&visit.request, wire, &refusal, &facts));
            }
            asked
        } else {
            asked
        };
        Ok(visit.answer(asked).await)
    });
    lifetime.wait_until(&response);
    response.into()
}

/// What is asked under the rules that are enforced, and under those in shadow mode; and the answer to a request that is not
/// to be counted, for what it has sent to the former. The latter refuse nothing.
fn ask(route: &Route<'static>, client: &Client<'_>) -> ([Asked<'static>; 2], Option<Refusal>) {
    let enforced = Asked::new(route, client, Mode::Enforce);
    let refusal = client.refusal();
    let shadowed = Asked::new(route, client, Mode::Shadow);
    ([enforced, shadowed], refusal)
}

/// The answer to a request that is refused without asking anybody. Rules in shadow mode are asked all the same.
fn remembered(
    request: &Object,
    env: &js::Env,
    bouncer: &Bouncer,
    [enforced, shadowed]: &[Asked<'static>; 2],
    facts: &Facts<'_>,
) -> Option<JsValue> {
    if !shadowed.calls.is_empty() {
        return None;
    }
    let decision = refused_here(enforced, facts.now_ms)?;
    let by = enforced.refused(&decision)?;
    report::refused(env, &bouncer.pseudonyms, What::Refused, &by);
    Some(refuse_by(request, bouncer, &by, enforced, &decision, facts))
}

/// A request on its way through.
struct Visit {
    bouncer: &'static Bouncer,
    request: Object,
    env: js::Env,
    context: js::Context,
    /// What [`Facts`] are read from.
    lines: String,
}

// === impl Visit ===

impl Visit {
    /// Asks the objects of the client's keys, then refuses or forwards.
    async fn answer(&self, [enforced, shadowed]: [Asked<'static>; 2]) -> JsValue {
        let shadow = (!shadowed.calls.is_empty()).then(|| Shadow::ask(self, shadowed));
        let mut admission = self.ask(enforced).await;
        let (response, end) = self.admit(&mut admission).await;
        if let Some(shadow) = shadow {
            self.context.wait_until(&shadow.watch(self, end));
        }
        response
    }

    async fn ask(&self, asked: Asked<'static>) -> Admission<'static> {
        let admission = Admission::ask(&self.env, &self.context, &self.bouncer.policy, asked).await;
        report::degraded(&self.env, &self.bouncer.pseudonyms, &admission);
        admission
    }

    async fn admit(&self, admission: &mut Admission<'static>) -> (JsValue, End) {
        let decision = admission.decision();
        if let Some(by) = admission.asked().refused(&decision) {
            report::refused(&self.env, &self.bouncer.pseudonyms, What::Refused, &by);
            let facts = Facts::read(&self.lines);
            let asked = admission.asked();
            let response = refuse_by(&self.request, self.bouncer, &by, asked, &decision, &facts);
            return (response, End::NeverSent);
        }
        if !admission.admits() {
            let stamp = self.stamp(admission.asked(), &decision);
            let refusal = Refusal::LimiterUnavailable;
            return (self.refuse(&refusal, &stamp, None), End::NeverSent);
        }
        let sent_ms = js::now_ms();
        let served = self.forward().await;
        let origin_ms = Some(js::now_ms().saturating_sub(sent_ms));
        let end = match &served {
            Ok(response) => End::Answered(response.status()),
            Err(failure) => failure.end(),
        };
        admission
            .settle(end, &self.bouncer.policy.refund_unreachable)
            .await;
        let stamp = self.stamp(admission.asked(), &admission.decision());
        let stamped = served.and_then(|response| self.stamped(&response, &stamp, origin_ms));
        let response = stamped.unwrap_or_else(|failure| {
            if !failure.is_the_clients() {
                report::trouble("origin", &failure.to_string());
            }
            self.refuse(&failure.refusal(), &stamp, origin_ms)
        });
        (response, end)
    }

    /// Passes the request to the origin.
    async fn forward(&self) -> Result<js::Response, Failure> {
        let Bouncer {
            policy,
            pseudonym,
            origin_secret,
            ..
        } = self.bouncer;
        let binding = match policy.origin {
            Origin::Url(_) => None,
            Origin::Binding => self.env.origin(),
        };
        // What is sent is copied, and nothing of it stays here while the origin works.
        let sent = {
            let facts = Facts::read(&self.lines);
            let (origin, host) = (&policy.origin, policy.forwarding.host);
            let secret = origin_secret.as_deref();
            let Outgoing { url, named, head } =
                Outgoing::new(origin, host, &facts, pseudonym, secret);
            let (url, named) = (url.as_deref(), named.as_deref());
            js::forward(&self.request, binding.as_ref(), url, named, head.as_str())
        };
        match JsFuture::from(sent).await {
            Ok(response) => Ok(response.unchecked_into()),
            Err(error) => Err(failure(&error)),
        }
    }

    fn stamp(&self, asked: &Asked<'_>, decision: &Decision) -> Head {
        stamp(&asked.names(), decision, self.bouncer.policy.wire.families)
    }

    /// The origin's response under the stamp, which is settled with what the origin says itself.
    fn stamped(
        &self,
        response: &js::Response,
        stamp: &Head,
        origin_ms: Option<u64>,
    ) -> Result<JsValue, Failure> {
        let policy = &self.bouncer.policy;
        let facts = Facts::read(&self.lines);
        let timing = Timing::new(facts.now_ms, js::now_ms(), origin_ms);
        let set = |head: &Head, contested| {
            js::stamped(response, head.as_str(), contested as u8).map_err(|error| failure(&error))
        };
        let head = policy.wire.on_response(stamp, "", timing, &facts);
        let stamped = match head.as_str() {
            "" => set(&head, Contested::Addresses)?,
            _ => set(&head, Contested::All)?,
        };
        let theirs: Option<String> = stamped.as_string();
        match theirs {
            None => Ok(stamped),
            Some(theirs) => {
                let head = policy.wire.on_response(stamp, &theirs, timing, &facts);
                let head = head.and(&origin::exchanged(&policy.origin, &facts, &theirs));
                set(&head, Contested::None)
            }
        }
    }

    fn refuse(&self, refusal: &Refusal, stamp: &Head, origin_ms: Option<u64>) -> JsValue {
        let facts = Facts::read(&self.lines);
        let timing = Timing::new(facts.now_ms, js::now_ms(), origin_ms);
        let wire = &self.bouncer.policy.wire;
        refuse(&self.request, wire, refusal, stamp, timing, &facts)
    }
}

/// What rules in shadow mode say of a request, asked beside it: it never waits for them.
struct Shadow {
    admission: Rc<RefCell<Option<Admission<'static>>>>,
    asked: js_sys::Promise,
}

// === impl Shadow ===

impl Shadow {
    fn ask(visit: &Visit, asked: Asked<'static>) -> Self {
        let admission: Rc<RefCell<Option<Admission<'static>>>> = Rc::default();
        let place = Rc::clone(&admission);
        let Visit {
            bouncer,
            env,
            context,
            ..
        } = visit;
        let (bouncer, env, context) = (*bouncer, env.clone(), context.clone());
        let asked = future_to_promise(async move {
            let admission = Admission::ask(&env, &context, &bouncer.policy, asked).await;
            *place.borrow_mut() = Some(admission);
            Ok(JsValue::UNDEFINED)
        });
        Self { admission, asked }
    }

    /// Reports what they would have refused, and settles what they have charged, once the response is out.
    fn watch(self, visit: &Visit, end: End) -> js_sys::Promise {
        let (bouncer, env) = (visit.bouncer, visit.env.clone());
        let names = &bouncer.pseudonyms;
        future_to_promise(async move {
            // It fails for nobody.
            let _ = JsFuture::from(self.asked).await;
            let Some(mut admission) = self.admission.take() else {
                return Ok(JsValue::UNDEFINED);
            };
            report::degraded(&env, names, &admission);
            let decision = admission.decision();
            if let Some(by) = admission.asked().refused(&decision) {
                report::refused(&env, names, What::WouldRefuse, &by);
            }
            if admission.admits() {
                admission
                    .settle(end, &bouncer.policy.refund_unreachable)
                    .await;
            }
            Ok(JsValue::UNDEFINED)
        })
    }
}

fn failure(error: &JsValue) -> Failure {
    Failure::new(&js::name(error), js::message(error))
}

thread_local! {
    static BOUNCER: OnceCell<Option<&'static Bouncer>> = const { OnceCell::new() };
}

/// What this isolate has set up, on its first request; nothing when the policy is wrong.
fn bouncer(env: &js::Env) -> Option<&'static Bouncer> {
    BOUNCER.with(|cell| {
        *cell.get_or_init(|| {
            match Bouncer::new(
                |name| js::variable(env, name),
                |name| js::is_bound(env, name),
            ) {
                // An isolate has one policy for as long as it lives.
                Ok(bouncer) => {
                    let bouncer = bouncer.with_random(js::random_id());
                    js::set_up(&bouncer.settings());
                    Some(Box::leak(Box::new(bouncer)))
                }
                Err(error) => {
                    js::log_error(&format!(
                        "the policy is not valid, nothing is forwarded. {error}"
                    ));
                    None
                }
            }
        })
    })
}
