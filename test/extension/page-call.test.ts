import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HostError, HostGoneError } from "../../extension/background/host-error.ts";
import type { RequestOptions } from "../../extension/background/host-port.ts";
import { EMPTY, type Memory } from "../../extension/background/memory.ts";
import { PageCall } from "../../extension/background/page-call.ts";
import type { Wanted } from "../../extension/background/page-conference.ts";
import { problemOf } from "../../extension/background/problem.ts";
import { el, type XmlElement } from "../../extension/background/xml.ts";
import { settled } from "../support/fake-browser.ts";

const FILMS = "https://films.example";
const want = (name: string, origin = FILMS): Wanted => ({
  uri: `sip:${name}@conf.films.example`,
  origin,
  muted: true,
  display: "Alice",
});

interface Asked {
  readonly command: XmlElement;
  readonly accept: (call: string) => void;
  readonly answer: (result: XmlElement | Error) => void;
}

/** A call that follows pages, with the test in the service's place. */
function stage(start: Partial<Memory> = {}) {
  let memory: Memory = { ...EMPTY, ...start };
  const asked: Asked[] = [];
  const call = new PageCall({
    request(command: XmlElement, options: RequestOptions = {}) {
      const { promise, resolve, reject } = Promise.withResolvers<XmlElement>();
      const answer = (result: XmlElement | Error) =>
        result instanceof Error ? reject(result) : resolve(result);
      asked.push({ command, accept: (name) => options.onAccepted?.(name), answer });
      return promise;
    },
    memory: () => memory,
    remember: (patch) => {
      memory = { ...memory, ...patch };
    },
  });
  const last = async (result: XmlElement | Error) => {
    asked.at(-1)?.answer(result);
    await settled();
  };
  const said = () =>
    asked.map(
      ({ command }) => `${command.name} ${command.attributes["id"] ?? command.attributes["call"] ?? ""}`,
    );
  return { call, asked, last, said, memory: () => memory };
}

const ok = (call: string, conf?: string) => el("Result", { status: "ok", call, conf });
const inComedies = {
  own: { call: "c1", uri: "sip:comedies@conf.films.example", origin: FILMS },
  calls: {
    c1: {
      call: "c1",
      uri: "sip:comedies@conf.films.example",
      who: "comedies@conf.films.example",
      dir: "out",
      state: "active",
      muted: true,
      mutedByModerator: false,
      focus: true,
      rejoining: false,
      waiting: false,
    },
  },
} as const;

describe("The call that follows the pages", () => {
  test("keeps saying that there is no microphone when the service only knows that the browser refused", async () => {
    const noMicrophone = problemOf("no-microphone");
    const { call, last, memory } = stage({ problem: noMicrophone });

    call.apply(want("comedies"));
    await last(new HostError({ code: "device-refused" }));

    assert.deepEqual(memory().problem, noMicrophone);
  });

  test("begins with the site, the name and the mute the user allowed", async () => {
    const { call, asked, last, memory } = stage();
    call.apply(want("comedies"));
    assert.deepEqual(
      asked[0]?.command,
      el("ExternalJoin", {
        id: "sip:comedies@conf.films.example",
        origin: FILMS,
        display: "Alice",
        muted: true,
        timeout: 120_000,
      }),
    );
    asked[0]?.accept("c1");
    assert.equal(memory().own?.call, "c1");
    await last(ok("c1", "sip:comedies@conf.films.example"));
    assert.equal(memory().own?.conf, "sip:comedies@conf.films.example");
  });

  test("moves with its device to the next page, and says nothing when it is there already", async () => {
    const { call, said, last, memory } = stage(inComedies);
    call.apply(want("comedies"));
    call.apply(want("dramas"));
    await last(ok("c1"));
    assert.deepEqual(said(), ["SameDeviceJoin sip:dramas@conf.films.example"]);
    assert.equal(memory().own?.uri, "sip:dramas@conf.films.example");
  });

  test("mutes first when it moves to a site that may only join muted", async () => {
    const open = { ...inComedies.calls.c1, muted: false };
    const { call, said, last } = stage({ ...inComedies, calls: { c1: open } });
    call.apply(want("news", "https://news.example"));
    await last(el("Result", { status: "ok" }));
    assert.deepEqual(said(), ["Mute c1", "SameDeviceJoin sip:news@conf.films.example"]);
  });

  test("stays in comedies, and says why, when dramas refuses", async () => {
    const { call, last, memory } = stage(inComedies);
    call.apply(want("dramas"));
    await last(new HostError({ code: "switch-failed" }));
    assert.equal(memory().own?.uri, "sip:comedies@conf.films.example");
    assert.match(memory().problem?.sentence ?? "", /still in the one before/);
  });

  test("joins anew when the call it would have moved is gone", async () => {
    const { call, said, last, memory } = stage(inComedies);
    call.apply(want("dramas"));
    await last(new HostError({ code: "no-such-call" }));
    await last(ok("c2"));
    assert.deepEqual(said(), [
      "SameDeviceJoin sip:dramas@conf.films.example",
      "ExternalJoin sip:dramas@conf.films.example",
    ]);
    assert.equal(memory().own?.call, "c2");
  });

  test("goes straight to the newest page after a first join that took its time", async () => {
    const { call, asked, said, last } = stage();
    call.apply(want("comedies"));
    asked[0]?.accept("c1");
    call.apply(want("dramas"));
    call.apply(want("thrillers"));
    await last(ok("c1"));
    assert.deepEqual(said(), [
      "ExternalJoin sip:comedies@conf.films.example",
      "SameDeviceJoin sip:thrillers@conf.films.example",
    ]);
  });

  test("is given up when the page goes away before it was made", async () => {
    const { call, asked, said } = stage();
    call.apply(want("comedies"));
    asked[0]?.accept("c1");
    call.apply(undefined);
    assert.deepEqual(said(), ["ExternalJoin sip:comedies@conf.films.example", "Leave c1"]);
    asked[0]?.answer(new HostError({ code: "cancelled" }));
    await settled();
    assert.equal(said().length, 2);
  });

  test("is silent about what the user or a later page ended, and remembers that the host went away", async () => {
    const { call, last, memory } = stage();
    call.apply(want("comedies"));
    await last(new HostError({ code: "superseded" }));
    assert.equal(memory().problem, null);
    call.apply(want("comedies"));
    await last(new HostGoneError());
    assert.equal(memory().problem, null);
    assert.equal(call.takeInterrupted(), true);
    assert.equal(call.takeInterrupted(), false);
  });
});
