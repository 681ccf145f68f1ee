import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";
import { Machine, type Table } from "../../native-host/src/sip/machine.ts";

type State = "ringing" | "waiting" | "over";
type Event = "ring" | "bell" | "hold" | "late" | "answer";

const table: Table<State, Event> = {
  ringing: {
    on: { ring: "ringing", bell: "ringing", hold: "waiting", late: "over", answer: "over" },
    after: { ms: 1000, event: "late" },
    again: { ms: 100, capMs: 400, event: "bell" },
    rewind: "ring",
  },
  waiting: { on: { late: "over", bell: "waiting" }, after: "same" },
  over: { on: {} },
};

describe("a state machine", () => {
  const seen: string[] = [];
  const start = () => new Machine(table, "ringing", (state, event) => seen.push(`${event} ${state}`));
  const bells = () => seen.filter((step) => step.startsWith("bell")).length;

  beforeEach(() => {
    seen.length = 0;
    mock.timers.reset();
    mock.timers.enable({ apis: ["setTimeout"] });
  });

  test("tells what it entered and why, and says so when an event means nothing", () => {
    const machine = start();

    assert.equal(machine.send("answer"), true);
    assert.equal(machine.send("ring"), false);
    assert.deepEqual(seen, ["answer over"]);
  });

  test("stops its clocks when it leaves a state", () => {
    start().send("answer");
    mock.timers.tick(5000);

    assert.deepEqual(seen, ["answer over"]);
  });

  test("repeats at twice the pause each time, up to the cap", () => {
    start();

    mock.timers.tick(100);
    assert.equal(bells(), 1);
    mock.timers.tick(200);
    assert.equal(bells(), 2);
    mock.timers.tick(400);
    assert.equal(bells(), 3);
    mock.timers.tick(299);
    assert.equal(bells(), 3);
  });

  test("lets a clock run on while the state stays, unless the event winds it", () => {
    const machine = start();

    mock.timers.tick(900);
    machine.send("ring");
    mock.timers.tick(900);
    assert.equal(machine.state, "ringing");
    mock.timers.tick(100);
    assert.equal(machine.state, "over");
  });

  test("takes a clock along into a state that asks for the same", () => {
    const machine = start();

    mock.timers.tick(900);
    machine.send("hold");
    mock.timers.tick(100);

    assert.equal(machine.state, "over");
    assert.deepEqual(seen.slice(-2), ["hold waiting", "late over"]);
  });
});
