//! The Durable Object: one key's ledger, in memory and on disk.
//!
//! A shell: it reads the clock, calls the ledger once, and writes. Nothing in it awaits, so one message is one event:
//! no other request can come between the decision and the state it leaves behind.
//!
//! Saving is write-behind. A write is due only when what is unsaved has reached 5 % of a limit, or when the object has been
//! idle for so long that it may soon leave memory. The reply does not wait for it (`allowUnconfirmed`), unless a crash before it
//! is on disk would forget more than 5 % or a last permit: then the runtime holds the reply back until it is. What a write that
//! fails held is unsaved again, and written at the next chance; if a reply was held back for it, the runtime resets the
//! object, as in a crash. The first save sets one alarm for the moment at which everything will have expired; the alarm
//! deletes the object, or is set again if there has been more since.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::worker_sys::DurableObjectState;

use crate::ledger::{Ledger, Saving};
use crate::message::Request;
use crate::snapshot;

const SNAPSHOT: &str = "ledger";

/// An object may leave memory after about 10 s without a request; by then, what it holds must be saved.
const IDLE_MS: u32 = 8_000;

/// The latest moment that an alarm is set for, in milliseconds since the Unix epoch: in the year 2255. The runtime counts
/// nanoseconds in 64 bits, and takes an alarm after 2262 without an error for one that is not set. JavaScript's dates would
/// end at 8.64e15. What expires later is looked at again then.
const LATEST_ALARM_MS: u64 = 9_000_000_000_000;

#[wasm_bindgen]
extern "C" {
    /// The parts of a SQLite-backed object's storage that are used here.
    #[wasm_bindgen(typescript_type = "DurableObjectStorage")]
    type Storage;

    #[wasm_bindgen(method, getter)]
    fn kv(this: &Storage) -> SyncStorage;

    #[wasm_bindgen(method)]
    fn put(this: &Storage, key: &str, value: &Uint8Array, options: &Object) -> Promise;

    #[wasm_bindgen(method, js_name = setAlarm)]
    fn set_alarm(this: &Storage, at_ms: f64, options: &Object) -> Promise;

    #[wasm_bindgen(method, js_name = deleteAll)]
    fn delete_all(this: &Storage) -> Promise;

    #[wasm_bindgen(typescript_type = "SyncKvStorage")]
    type SyncStorage;

    #[wasm_bindgen(method)]
    fn get(this: &SyncStorage, key: &str) -> Option<Uint8Array>;

    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Closure<dyn FnMut(JsValue)>, delay_ms: u32);

    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn log_error(message: &str, error: &JsValue);
}

/// The Rust half of `class Ledger` in `entry.mjs`.
#[wasm_bindgen]
pub struct LedgerObject(Rc<Shared>);

struct Shared {
    storage: Storage,
    /// Options of a write that no reply waits for, and of one that all replies wait for.
    unconfirmed: Object,
    confirmed: Object,
    ledger: RefCell<Ledger>,
    /// Whether an alarm is set. It is as long as there is a snapshot: both are written in one transaction.
    has_alarm: Cell<bool>,
    /// Whether the timer that looks for idleness is running, and when the latest message came.
    watching: Cell<bool>,
    busy_at_ms: Cell<u64>,
    /// Writes of the ledger that have been handed over and are neither confirmed nor failed.
    in_flight: Cell<u32>,
    on_timer: Closure<dyn FnMut(JsValue)>,
    on_written: Closure<dyn FnMut(JsValue)>,
    on_failure: Closure<dyn FnMut(JsValue)>,
    on_no_alarm: Closure<dyn FnMut(JsValue)>,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the clock shows whole milliseconds since 1970"
)]
fn now_ms() -> u64 {
    js_sys::Date::now() as u64
}

#[wasm_bindgen]
impl LedgerObject {
    /// Loads the ledger that was saved, or starts an empty one.
    ///
    /// # Errors
    /// What the runtime throws when it has no storage to give.
    #[wasm_bindgen(constructor)]
    pub fn new(state: &DurableObjectState) -> Result<LedgerObject, JsValue> {
        let storage: Storage = state.storage()?.unchecked_into();
        let unconfirmed = Object::new();
        Reflect::set(&unconfirmed, &"allowUnconfirmed".into(), &true.into())?;
        let saved = storage.kv().get(SNAPSHOT).map(|bytes| bytes.to_vec());
        Ok(Self(Rc::new_cyclic(|this: &Weak<Shared>| Shared {
            storage,
            unconfirmed,
            confirmed: Object::new(),
            ledger: RefCell::new(saved.as_deref().map(restored).unwrap_or_default()),
            has_alarm: Cell::new(saved.is_some()),
            watching: Cell::new(false),
            busy_at_ms: Cell::new(0),
            in_flight: Cell::new(0),
            on_timer: on(this, |shared, _| shared.timer_fired()),
            on_written: on(this, |shared, _| shared.written()),
            on_failure: on(this, Shared::write_failed),
            on_no_alarm: on(this, Shared::alarm_failed),
        })))
    }

    /// Carries out one [`Request`] and answers with a [`Reply`](crate::message::Reply), both as bytes.
    ///
    /// # Errors
    /// Of a message that cannot be read; nothing is changed.
    pub fn call(&self, message: &[u8]) -> Result<Vec<u8>, JsError> {
        let request = Request::decode(message)?;
        let now_ms = now_ms();
        let mut ledger = self.0.ledger.borrow_mut();
        let reply = request.perform(&mut ledger, now_ms);
        if ledger.is_due() {
            self.0.save(&mut ledger, Saving::Due);
        }
        if ledger.has_unsaved() {
            self.0.watch(now_ms);
        }
        Ok(reply.encode())
    }

    /// Deletes the object if everything in it has expired, else sets the alarm again.
    pub fn alarm(&self) -> Promise {
        let mut ledger = self.0.ledger.borrow_mut();
        self.0.has_alarm.set(false);
        if ledger.expire(now_ms()) {
            self.0.storage.delete_all()
        } else {
            self.0.set_alarm(&ledger);
            Promise::resolve(&JsValue::UNDEFINED)
        }
    }
}

/// What JavaScript calls, for as long as the object lives.
fn on(
    this: &Weak<Shared>,
    act: impl Fn(&Shared, &JsValue) + 'static,
) -> Closure<dyn FnMut(JsValue)> {
    let this = this.clone();
    Closure::new(move |value| {
        if let Some(shared) = this.upgrade() {
            act(&shared, &value);
        }
    })
}

fn restored(bytes: &[u8]) -> Ledger {
    snapshot::decode(bytes).unwrap_or_else(|error| {
        log_error(
            "a saved ledger cannot be read, its key starts over",
            &error.to_string().into(),
        );
        Ledger::default()
    })
}

// === impl Shared ===

impl Shared {
    fn save(&self, ledger: &mut Ledger, why: Saving) {
        let bytes = Uint8Array::from(ledger.save(why).as_slice());
        let options = if ledger.waits_for_disk() {
            &self.confirmed
        } else {
            &self.unconfirmed
        };
        let write = self.storage.put(SNAPSHOT, &bytes, options);
        self.in_flight.set(self.in_flight.get().saturating_add(1));
        let _ = write.then2(&self.on_written, &self.on_failure);
        if !self.has_alarm.get() {
            self.set_alarm(ledger);
        }
    }

    /// A write has ended. Each holds the whole ledger, so only the last one on its way says that all of it is on disk.
    fn written(&self) {
        self.in_flight.set(self.in_flight.get().saturating_sub(1));
        if self.in_flight.get() == 0 {
            self.ledger.borrow_mut().confirmed();
        }
    }

    fn write_failed(&self, error: &JsValue) {
        log_error("a ledger could not be saved, it will be tried again", error);
        self.in_flight.set(self.in_flight.get().saturating_sub(1));
        let mut ledger = self.ledger.borrow_mut();
        ledger.failed();
        if ledger.has_unsaved() {
            self.watch(now_ms());
        }
    }

    fn set_alarm(&self, ledger: &Ledger) {
        #[expect(clippy::cast_precision_loss, reason = "less than 2^53")]
        let at_ms = ledger.expires_at_ms().min(LATEST_ALARM_MS) as f64;
        let set = self.storage.set_alarm(at_ms, &self.unconfirmed);
        let _ = set.catch(&self.on_no_alarm);
        self.has_alarm.set(true);
    }

    /// The next save sets it again.
    fn alarm_failed(&self, error: &JsValue) {
        log_error("an alarm could not be set, it will be tried again", error);
        self.has_alarm.set(false);
    }

    /// Saves once no message has come for a while, with one timer however many messages come.
    fn watch(&self, now_ms: u64) {
        self.busy_at_ms.set(now_ms);
        if !self.watching.replace(true) {
            set_timeout(&self.on_timer, IDLE_MS);
        }
    }

    fn timer_fired(&self) {
        self.watching.set(false);
        let mut ledger = self.ledger.borrow_mut();
        if !ledger.has_unsaved() {
            return;
        }
        let idle_ms =
            u32::try_from(now_ms().saturating_sub(self.busy_at_ms.get())).unwrap_or(u32::MAX);
        match IDLE_MS.checked_sub(idle_ms) {
            None | Some(0) => self.save(&mut ledger, Saving::Idle),
            Some(left_ms) => {
                self.watching.set(true);
                set_timeout(&self.on_timer, left_ms);
            }
        }
    }
}
