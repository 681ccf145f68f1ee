import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Call } from "../../extension/background/calls.ts";
import { EMPTY, Kept } from "../../extension/background/memory.ts";
import { Reception } from "../../extension/background/reception.ts";
import { NO_SETTINGS, type Settings } from "../../extension/background/settings.ts";
import { FakeArea } from "../support/fake-browser.ts";

const BOB: Call = {
  call: "c1",
  uri: "sip:bob@films.example",
  who: "Bob",
  dir: "in",
  state: "incoming",
  muted: false,
  mutedByModerator: false,
  focus: true,
  rejoining: false,
  waiting: false,
};

/** A browser's bell, notifications and window for calls that come in; what they do is written down. */
function stage(set: Partial<Settings> = {}) {
  const memory = new Kept(new FakeArea(), EMPTY, () => undefined);
  const settings = new Kept(new FakeArea(), { ...NO_SETTINGS, ...set }, () => undefined);
  const done: string[] = [];
  const reception = new Reception({
    memory,
    settings,
    notices: {
      show: (id, { title, text }) => done.push(`show ${id}: ${title}, ${text}`),
      clear: (id) => done.push(`clear ${id}`),
    },
    windows: { open: () => done.push("open"), close: () => done.push("close") },
    bell: (on) => done.push(on ? "ring" : "silent"),
    now: () => 1000,
  });
  const says = (call: Call) => {
    const before = memory.value.calls[call.call];
    const { [call.call]: _before, ...others } = memory.value.calls;
    memory.set({ calls: call.state === "ended" ? others : { ...others, [call.call]: call } });
    reception.changed(call, before);
    return done.splice(0);
  };
  return { memory, settings, reception, says, done };
}

const ended = (code: string, reason = ""): Call => ({
  ...BOB,
  state: "ended",
  error: { code, detail: "", reason },
});
const SHOWN = "show call-c1: Incoming call, Bob (bob@films.example)";

describe("A call that comes in", () => {
  test("is shown, opened and rung for, until somebody answers it anywhere", () => {
    const { says } = stage();
    assert.deepEqual(says(BOB), [SHOWN, "open", "ring"]);
    assert.deepEqual(says({ ...BOB, state: "calling-device" }), ["clear call-c1", "silent"]);
    assert.deepEqual(says({ ...BOB, state: "active" }), ["close"]);
  });

  test("rings again when the device that should answer it fails", () => {
    const { says } = stage();
    says(BOB);
    says({ ...BOB, state: "calling-device" });
    assert.deepEqual(says(BOB), [SHOWN, "open", "ring"]);
  });

  test("is silent where the user switched the bell off, and shown all the same", () => {
    const { says } = stage({ ringing: false });
    assert.deepEqual(says(BOB), [SHOWN, "open", "silent"]);
  });

  test("is kept as missed when nobody answered, newest first, and counts until it was seen", () => {
    const { says, settings, reception } = stage();
    says(BOB);
    assert.deepEqual(says(ended("cancelled")), [
      "clear call-c1",
      "show missed-1000: Missed call, Bob (bob@films.example)",
      "close",
      "silent",
    ]);
    assert.deepEqual(settings.value.missed, [{ uri: BOB.uri, who: "Bob", at: 1000, seen: false }]);
    reception.missedSeen();
    assert.equal(settings.value.missed[0]?.seen, true);
    reception.clearMissed();
    assert.deepEqual(settings.value.missed, []);
  });

  test("is missed without having rung when the user is not to be disturbed", () => {
    const { says, settings } = stage();
    assert.deepEqual(says(ended("busy")), [
      "show missed-1000: Missed call, Bob (bob@films.example)",
      "close",
      "silent",
    ]);
    assert.equal(settings.value.missed.length, 1);
  });

  test("is not missed when it was declined, answered on a phone of another service, or talked in", () => {
    for (const last of [ended("declined"), ended("cancelled", "Call completed elsewhere")]) {
      const { says, settings } = stage();
      says(BOB);
      says(last);
      assert.deepEqual(settings.value.missed, []);
    }
    const { says, settings } = stage();
    says(BOB);
    says({ ...BOB, state: "active" });
    says(ended("no-answer"));
    assert.deepEqual(settings.value.missed, []);
  });

  test("rings no more here when its window is closed; another caller does", () => {
    const { says, reception, done } = stage();
    says(BOB);
    reception.windowClosed();
    assert.deepEqual(done.splice(0), ["close", "silent"]);
    assert.deepEqual(says({ ...BOB, call: "c2" }), [SHOWN.replace("c1", "c2"), "open", "ring"]);
  });

  test("is silenced by a worker that was woken after the call had gone", () => {
    const { reception, done } = stage();
    reception.refresh();
    assert.deepEqual(done, ["close", "silent"]);
  });

  test("of the user's own making rings for nobody", () => {
    const { says } = stage();
    says(BOB);
    assert.deepEqual(says({ ...BOB, call: "c2", dir: "out", state: "ringing" }), []);
  });
});
