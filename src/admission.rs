//! Whether a request may pass.
//!
//! All that concerns one key is one call to one object, which decides it at once. Rules that count by different keys need
//! several objects. They are asked one after the other, the narrowest key first, and a wider one only once the narrower have
//! admitted: whoever is refused by their own limit touches nothing that others share. When one refuses, what those before it
//! have charged is given back at once; until then the charge is provisional, and a refusal that rests on it says so.
//!
//! Who was refused is refused again without a call, for as long as that is certain.
//!
//! An object that does not answer in time is done without, as its rules say: the request is counted in this isolate, or
//! passes uncounted, or is refused. What such an object charges all the same, later, is taken back, unless the request passed
//! uncounted.

use std::cell::RefCell;

use bouncer_durable::ledger::Decision;
use bouncer_durable::message::Operation;
use js_sys::Object;

use crate::identity::Key;
use crate::js;
use crate::ledgers::{LedgerError, Sent};
use crate::policy::{OnError, Policy, Rule, Store};

mod asked;
mod denials;
mod generations;
mod local;
mod settled;
mod settling;

pub use asked::{Asked, Call, MAX_CALLS, RefusedBy, Want};
pub use denials::Denials;
pub use local::Local;
pub use settled::Settled;

thread_local! {
    static LOCAL: RefCell<Local> = RefCell::default();
    static DENIALS: RefCell<Denials> = RefCell::default();
    static SETTLED: RefCell<Settled> = RefCell::default();
}

/// The decision on a request that is refused without asking anybody: under a limit of none, or as one like it was before.
pub(crate) fn refused_here(asked: &Asked<'_>, now_ms: u64) -> Option<Decision> {
    asked
        .refused_by_none(now_ms)
        .or_else(|| DENIALS.with_borrow_mut(|denials| denials.of(asked, now_ms)))
}

/// What was decided on a request, and what is needed to take it back.
pub(crate) struct Admission<'a> {
    asked: Asked<'a>,
    objects: Objects,
    /// What came of the calls, in their order; those behind the first that did not admit are missing.
    replies: Vec<Reply>,
}

/// How objects are reached.
struct Objects {
    namespace: Option<Object>,
    context: js::Context,
    timeout_ms: u32,
    store: Store,
    /// For how long a status of the origin may prove that nothing was done, so that all is given back; 0 if none does.
    refundable_ms: u32,
}

/// What came of a call.
struct Reply {
    verdict: Verdict,
    /// Whether what the object has charged stands only once it is told so, or after a while.
    is_provisional: bool,
    /// Why the object is not the one who decided.
    failure: Option<(OnError, LedgerError)>,
}

/// Who decided on a call.
enum Verdict {
    /// The object, in its reply to the take of this identifier.
    Object(u64, Decision),
    /// This isolate, in a take of this identifier.
    Isolate(u64, Decision),
    /// Nobody, and it passes. The take of this identifier may still be carried out.
    Passed(u64),
    /// Nobody, and it does not pass.
    Refused,
}

/// A call that was not answered.
pub(crate) struct Failure<'a> {
    /// Whose ledger was asked.
    pub(crate) key: &'a Key,
    /// Under which rules.
    pub(crate) rules: Vec<&'a Rule>,
    /// What was done without it.
    pub(crate) on_error: OnError,
    pub(crate) error: &'a LedgerError,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With this status of the origin's.
    Answered(u16),
    /// Without an answer, or the client did not stay for it. The origin may have worked on it, so nothing proves that it did
    /// not.
    Unanswered,
    /// Bouncer itself has sent nothing to the origin.
    NeverSent,
}

// === impl Admission ===

impl<'a> Admission<'a> {
    /// Asks one ledger after the other until one does not admit. What was charged is given back if not all do.
    pub(crate) async fn ask(
        env: &js::Env,
        context: &js::Context,
        policy: &Policy,
        asked: Asked<'a>,
    ) -> Self {
        let objects = Objects {
            namespace: if asked.calls.is_empty() {
                None
            } else {
                env.ledgers()
            },
            context: context.clone(),
            timeout_ms: policy.timeout_ms,
            store: policy.store,
            refundable_ms: policy.refundable_ms(),
        };
        let mut admission = Self {
            replies: Vec::with_capacity(asked.calls.len()),
            asked,
            objects,
        };
        let started_ms = js::now_ms();
        for call in &admission.asked.calls {
            let is_last = admission.replies.len() + 1 == admission.asked.calls.len();
            let Some(left_ms) = admission.objects.left_ms(started_ms) else {
                break;
            };
            let on_error = admission.asked.on_error(call);
            let reply = admission
                .objects
                .take(call, on_error, left_ms, is_last)
                .await;
            let admits = reply.verdict.admits();
            admission.replies.push(reply);
            if !admits {
                break;
            }
        }
        admission.remember(|_| true);
        if !admission.admits() {
            admission.give_back().await;
            // What refused has been remembered since its reply came, and no longer.
            admission.remember(|decision| decision.refused().is_none());
        }
        admission
    }

    /// What was asked.
    pub(crate) const fn asked(&self) -> &Asked<'a> {
        &self.asked
    }

    /// The calls that were not answered.
    pub(crate) fn failures(&self) -> impl Iterator<Item = Failure<'_>> {
        let calls = self.asked.calls.iter().zip(&self.replies);
        calls.filter_map(|(call, reply)| {
            let (on_error, error) = reply.failure.as_ref()?;
            Some(Failure {
                key: &call.key,
                rules: self.asked.rules_of(call).collect(),
                on_error: *on_error,
                error,
            })
        })
    }

    /// Whether the request may pass: only if every call has admitted it.
    pub(crate) fn admits(&self) -> bool {
        self.replies.len() == self.asked.calls.len()
            && self.replies.iter().all(|reply| reply.verdict.admits())
    }

    /// Remembers what the objects have said, so that the next request like a refused one costs no call. What was decided
    /// without an object may be decided otherwise as soon as that can be asked.
    fn remember(&self, is_meant: impl Fn(&Decision) -> bool) {
        let now_ms = js::now_ms();
        for (call, reply) in self.asked.calls.iter().zip(&self.replies) {
            if let Verdict::Object(_, decision) = &reply.verdict
                && is_meant(decision)
            {
                DENIALS.with_borrow_mut(|denials| denials.remember(call, decision, now_ms));
            }
        }
    }

    /// Where the client stands, rule by rule; under those that were not asked, as their objects have said last.
    pub(crate) fn decision(&self) -> Decision {
        let now_ms = js::now_ms();
        let unasked = self.asked.calls.iter().skip(self.replies.len());
        let words: Vec<_> = unasked
            .map(|call| DENIALS.with_borrow_mut(|denials| denials.last_word(call, now_ms)))
            .collect();
        let replies = self.replies.iter().map(|reply| reply.verdict.decision());
        self.asked.together(replies.chain(words.iter().map(Some)))
    }
}

// === impl Objects ===

impl Objects {
    /// How much of the time for all calls together is left, if any: twice that of each.
    fn left_ms(&self, started_ms: u64) -> Option<u32> {
        let passed_ms = js::now_ms().saturating_sub(started_ms);
        let left_ms = u64::from(self.timeout_ms)
            .saturating_mul(2)
            .checked_sub(passed_ms)?;
        u32::try_from(left_ms).ok().filter(|left_ms| *left_ms > 0)
    }

    /// For how long what a call charges is provisional, in milliseconds. While other keys are still to be asked, that is how long
    /// they, a settlement, and the word that a late reply is not wanted may take: twice their time, and what is waited for a
    /// late reply.
    fn provisional_ms(&self, is_last: bool) -> u32 {
        let others_ms = if is_last {
            0
        } else {
            self.timeout_ms.saturating_mul(4).saturating_add(LATE_MS)
        };
        others_ms.max(self.refundable_ms)
    }

    /// Asks for permits. As long as the others may still refuse, or the origin's status may give all back, what is charged is
    /// provisional.
    async fn take(&self, call: &Call, on_error: OnError, left_ms: u32, is_last: bool) -> Reply {
        if self.store == Store::Memory {
            return Reply {
                verdict: taken_here(call),
                is_provisional: false,
                failure: None,
            };
        }
        let provisional_ms = self.provisional_ms(is_last);
        let is_provisional = provisional_ms > 0;
        let is_cut_short = left_ms < self.timeout_ms;
        let sent = Sent::take(
            self.namespace.as_ref(),
            &call.key,
            Operation::Take {
                claims: call.claims(),
                provisional_ms,
                settled: SETTLED.with_borrow_mut(|settled| settled.of(&call.key)),
            },
            self.timeout_ms.min(left_ms),
            // A request that passed uncounted may be counted late; one that did not, or that was counted here, may not.
            (on_error != OnError::Open || is_cut_short).then_some(&self.context),
        );
        let id = sent.id();
        match sent.decision().await {
            Ok(decision) => Reply {
                verdict: Verdict::Object(id, settled_soon(decision)),
                is_provisional,
                failure: None,
            },
            // It had less than its time, so it is not the counter that failed.
            Err(error @ LedgerError::Late(_)) if is_cut_short => Reply {
                verdict: Verdict::Refused,
                is_provisional,
                failure: Some((OnError::Closed, error)),
            },
            Err(error) => Reply {
                verdict: match on_error {
                    OnError::Open => Verdict::Passed(id),
                    OnError::Local => taken_here(call),
                    OnError::Closed => Verdict::Refused,
                },
                is_provisional,
                failure: Some((on_error, error)),
            },
        }
    }
}

/// How long a late reply is waited for before it is cancelled, in milliseconds. The same as in `glue.mjs`.
const LATE_MS: u32 = 10_000;

fn taken_here(call: &Call) -> Verdict {
    let now_ms = js::now_ms();
    let take = |local: &mut Local| local.take(&call.key, &call.claims(), now_ms);
    let (id, decision) = LOCAL.with_borrow_mut(take);
    Verdict::Isolate(id, settled_soon(decision))
}

/// How long a client waits that is refused for charges which may be gone at the next moment, in milliseconds.
const UNSETTLED_MS: u64 = 1_000;

/// The decision as it is told to the client: a refusal that rests on unsettled charges is for a second, and may be repeated.
fn settled_soon(mut decision: Decision) -> Decision {
    for each in decision.claims.iter_mut().flatten() {
        if let Some(bouncer_durable::Refused::Until { retry_ms }) = &mut each.refused
            && each.is_unsettled
        {
            *retry_ms = (*retry_ms).min(UNSETTLED_MS);
            each.standing.more_ms = each.standing.more_ms.min(UNSETTLED_MS);
        }
    }
    decision
}

// === impl Verdict ===

impl Verdict {
    fn decision(&self) -> Option<&Decision> {
        match self {
            Self::Object(_, decision) | Self::Isolate(_, decision) => Some(decision),
            Self::Passed(_) | Self::Refused => None,
        }
    }

    fn admits(&self) -> bool {
        match self {
            Self::Object(_, decision) | Self::Isolate(_, decision) => decision.refused().is_none(),
            Self::Passed(_) => true,
            Self::Refused => false,
        }
    }
}
