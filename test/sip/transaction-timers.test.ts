import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";
import { type ClientEvent, inviteClientStates, requestClientStates } from "#sip/client-states.ts";
import { Machine, type Table } from "#sip/machine.ts";
import { inviteServerStates, requestServerStates, type ServerEvent } from "#sip/server-transaction.ts";
import { DEFAULT_TIMERS, type Timers } from "#sip/timers.ts";
import { pass } from "../support/clock.ts";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

/** What clocks send to a table, and when; `script` is what the network and the owner send, in milliseconds. */
function clocks<State extends string, Event extends string>(
  table: Table<State, Event>,
  start: State,
  script: readonly (readonly [atMs: number, event: Event])[],
): string {
  let now = 0;
  const told = new Set<Event>(script.map(([, event]) => event));
  const seen = new Map<string, number[]>();
  const machine = new Machine<State, Event>(table, start, (_state, event) => {
    if (!told.has(event)) seen.set(event, [...(seen.get(event) ?? []), now]);
  });
  for (; now <= 300_000; now += 100) {
    for (const [at, event] of script) if (at === now) machine.send(event);
    now += 100;
    pass(100);
    now -= 100;
  }
  return [...seen].map(([event, times]) => `${event} ${times.join(" ")}`).join(", ");
}

interface Row<Event> {
  readonly what: string;
  readonly timers?: Partial<Timers>;
  readonly reliable?: boolean;
  readonly script?: readonly (readonly [number, Event])[];
  /** Events of clocks and the time of each, milliseconds after the start. */
  readonly expected: string;
}

const RINGS: readonly Row<ClientEvent>[] = [
  { what: "A doubles from T1, B is 64*T1", expected: "resend 500 1500 3500 7500 15500 31500, timeout 32000" },
  {
    what: "A and B with another T1",
    timers: { t1: 100 },
    expected: "resend 100 300 700 1500 3100 6300, timeout 6400",
  },
  { what: "A is not there over TCP", reliable: true, expected: "timeout 32000" },
  {
    what: "A and B end at the first 1xx",
    script: [[600, "provisional"]],
    expected: "resend 500, timeout 185600",
  },
  {
    what: "C starts anew at each 1xx",
    script: [
      [0, "provisional"],
      [60_000, "provisional"],
    ],
    expected: "timeout 245000",
  },
  { what: "D is 32 s", script: [[0, "rejected"]], expected: "done 32000" },
  {
    what: "D is no less with a small T1",
    timers: { t1: 100 },
    script: [[0, "rejected"]],
    expected: "done 32000",
  },
  {
    what: "D is 64*T1 when that is more",
    timers: { t1: 1000 },
    script: [[0, "rejected"]],
    expected: "done 64000",
  },
  { what: "D is 0 over TCP", reliable: true, script: [[0, "rejected"]], expected: "done 100" },
  { what: "M is 64*T1", script: [[0, "accepted"]], expected: "done 32000" },
  { what: "M is 64*T1 over TCP, too", reliable: true, script: [[0, "accepted"]], expected: "done 32000" },
  {
    what: "a CANCEL that waits for a 1xx leaves A and B alone",
    script: [[0, "cancel"]],
    expected: "resend 500 1500 3500 7500 15500 31500, timeout 32000",
  },
  {
    what: "a CANCEL that went out leaves 64*T1 for the end",
    script: [
      [0, "provisional"],
      [1000, "cancel"],
    ],
    expected: "timeout 33000",
  },
];

const ASKS: readonly Row<ClientEvent>[] = [
  {
    what: "E doubles from T1 to T2, F is 64*T1",
    expected: "resend 500 1500 3500 7500 11500 15500 19500 23500 27500 31500, timeout 32000",
  },
  {
    what: "E and F with other base timers",
    timers: { t1: 100, t2: 300 },
    expected: `resend 100 ${Array.from({ length: 21 }, (_, at) => 300 + 300 * at).join(" ")}, timeout 6400`,
  },
  { what: "E is not there over TCP", reliable: true, expected: "timeout 32000" },
  {
    what: "after a 1xx E ends its pause and then is T2, F runs on",
    script: [[600, "provisional"]],
    expected: "resend 500 1500 5500 9500 13500 17500 21500 25500 29500, timeout 32000",
  },
  { what: "K is T4", script: [[0, "accepted"]], expected: "done 5000" },
  { what: "K with another T4", timers: { t4: 700 }, script: [[0, "rejected"]], expected: "done 700" },
  { what: "K is 0 over TCP", reliable: true, script: [[0, "rejected"]], expected: "done 100" },
];

const RUNG: readonly Row<ServerEvent>[] = [
  { what: "100 after 200 ms", script: [[100_000, "accept"]], expected: "trying 200, done 132000" },
  {
    what: "G doubles from T1 to T2, H is 64*T1",
    script: [[0, "reject"]],
    expected: "resend 500 1500 3500 7500 11500 15500 19500 23500 27500 31500, done 32000",
  },
  { what: "G is not there over TCP, H is", reliable: true, script: [[0, "reject"]], expected: "done 32000" },
  {
    what: "I is T4",
    script: [
      [0, "reject"],
      [600, "ack"],
    ],
    expected: "resend 500, done 5600",
  },
  {
    what: "I is 0 over TCP",
    reliable: true,
    script: [
      [0, "reject"],
      [600, "ack"],
    ],
    expected: "done 700",
  },
  { what: "L is 64*T1", script: [[0, "accept"]], expected: "done 32000" },
  { what: "L is 64*T1 over TCP, too", reliable: true, script: [[0, "accept"]], expected: "done 32000" },
];

const ASKED: readonly Row<ServerEvent>[] = [
  { what: "J is 64*T1", script: [[0, "accept"]], expected: "done 32000" },
  { what: "J with another T1", timers: { t1: 100 }, script: [[0, "reject"]], expected: "done 6400" },
  { what: "J is 0 over TCP", reliable: true, script: [[0, "accept"]], expected: "done 100" },
];

const timersOf = (row: { readonly timers?: Partial<Timers> }) => ({ ...DEFAULT_TIMERS, ...row.timers });

describe("the timers of RFC 3261, table 4, and RFC 6026 of an INVITE that went out", () => {
  for (const row of RINGS) {
    test(row.what, () => {
      const table = inviteClientStates(timersOf(row), row.reliable ?? false);
      assert.equal(clocks(table, "calling", row.script ?? []), row.expected);
    });
  }
});

describe("the timers of any other request that went out", () => {
  for (const row of ASKS) {
    test(row.what, () => {
      const table = requestClientStates(timersOf(row), row.reliable ?? false);
      assert.equal(clocks(table, "trying", row.script ?? []), row.expected);
    });
  }
});

describe("the timers of an INVITE that came in", () => {
  for (const row of RUNG) {
    test(row.what, () => {
      const table = inviteServerStates(timersOf(row), row.reliable ?? false);
      assert.equal(clocks(table, "fresh", row.script ?? []), row.expected);
    });
  }
});

describe("the timers of any other request that came in", () => {
  for (const row of ASKED) {
    test(row.what, () => {
      const table = requestServerStates(timersOf(row), row.reliable ?? false);
      assert.equal(clocks(table, "fresh", row.script ?? []), row.expected);
    });
  }
});
