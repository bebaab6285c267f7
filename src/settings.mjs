// What holds for every request of an isolate: said once by the core (`Bouncer::settings`), since it costs to copy.

export let settings;

const NAMES = ["hopByHop", "dropped", "addressed", "guarded", "contested", "addresses"];

export function setUp(json) {
  const told = JSON.parse(json);
  for (const name of NAMES) told[name] = new Set(told[name]);
  // The two that are looked for together.
  told.contested = told.contested.union(told.addresses);
  settings = told;
}
