import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { Keys, keyIn } from "../../../servers/conference/keys.ts";

let commands: string[];
let keys: Keys;

const types = (text: string, way: "mixer" | "info" = "mixer"): void => {
  for (const key of text) keys.press(key, way);
};

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  commands = [];
  keys = new Keys({ onCommand: (command) => commands.push(command) });
});

afterEach(() => mock.timers.reset());

describe("Keys", () => {
  test("*6 is the command to mute, *9 to raise a hand", () => {
    types("*6*9");

    assert.deepEqual(commands, ["mute", "hand"]);
  });

  test("a digit without a star before it, and a star before another, are nothing", () => {
    types("6#9*56*#6");

    assert.deepEqual(commands, []);
  });

  test("a second star begins anew", () => {
    types("**6");

    assert.deepEqual(commands, ["mute"]);
  });

  test("a star is forgotten after three seconds", () => {
    types("*");
    mock.timers.tick(3_000);
    types("6");
    types("*");
    mock.timers.tick(2_900);
    types("9");

    assert.deepEqual(commands, ["hand"]);
  });

  test("a phone that sends each key both ways presses it once", () => {
    for (const key of "*6") {
      keys.press(key, "info");
      keys.press(key, "mixer");
    }

    assert.deepEqual(commands, ["mute"]);
  });

  test("what is no key does nothing", () => {
    for (const key of ["", "66", "a", "E", "\n"]) keys.press(key, "mixer");
    types("*6", "info");

    assert.deepEqual(commands, ["mute"]);
  });

  test("each is told to whoever listens", () => {
    const heard: string[] = [];
    keys.onKey = (key) => heard.push(key);
    types("*6A");

    assert.deepEqual(heard, ["*", "6", "A"]);
  });
});

describe("Digits that are asked for", () => {
  const soon = { timeoutMs: 10_000 };

  test("are those up to the #, and no commands", async () => {
    const digits = keys.read(soon);
    types("1234#*6");

    assert.equal(await digits, "1234");
    assert.deepEqual(commands, ["mute"]);
  });

  test("begin anew with *", async () => {
    const digits = keys.read(soon);
    types("12*6#");

    assert.equal(await digits, "6");
    assert.deepEqual(commands, []);
  });

  test("may be none", async () => {
    const digits = keys.read(soon);
    types("#");

    assert.equal(await digits, "");
  });

  test("are given up when no key came for so long, counted from the last one", async () => {
    const digits = keys.read(soon);
    mock.timers.tick(9_000);
    types("1");
    mock.timers.tick(9_000);
    types("2");
    mock.timers.tick(10_000);
    types("3#");

    assert.equal(await digits, undefined);
  });

  test("are given up by whoever asked, by somebody who asks after him, and at the end of the call", async () => {
    const asked = new AbortController();
    const first = keys.read({ ...soon, signal: asked.signal });
    asked.abort();
    const second = keys.read(soon);
    const third = keys.read(soon);
    keys.stop();

    assert.deepEqual(await Promise.all([first, second, third]), [undefined, undefined, undefined]);
    assert.equal(await keys.read({ ...soon, signal: asked.signal }), undefined);
  });

  test("are no more than a number has: whoever leans on a key fills no memory", async () => {
    const digits = keys.read(soon);
    types(`${"1".repeat(10_000)}#`);

    assert.equal((await digits)?.length, 32);
  });
});

describe("A key in an INFO", () => {
  test("is read as phones send it", () => {
    assert.equal(keyIn("application/dtmf-relay", "Signal=6\r\nDuration=160\r\n"), "6");
    assert.equal(keyIn("application/dtmf-relay", "Signal= *\nDuration= 100"), "*");
    assert.equal(keyIn("application/dtmf-relay", "Duration=100\r\nsignal=d\r\n"), "D");
    assert.equal(keyIn("application/dtmf-relay", "Signal=10\r\n"), "*");
    assert.equal(keyIn("application/dtmf-relay", "Signal=11\r\n"), "#");
    assert.equal(keyIn("application/dtmf", "#"), "#");
    assert.equal(keyIn("application/dtmf", "10"), "*");
  });

  test("is none in anything else", () => {
    assert.equal(keyIn("application/dtmf-relay", "Duration=100"), undefined);
    assert.equal(keyIn("application/dtmf-relay", "Signal=66"), undefined);
    assert.equal(keyIn("application/dtmf", ""), undefined);
    assert.equal(keyIn("text/plain", "6"), undefined);
  });
});
