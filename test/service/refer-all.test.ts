/** Asking a focus to call people in, whatever it can: a list, one by one, with reports or without. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Invitees } from "../../native-host/src/service/invitees.ts";
import { referAll } from "../../native-host/src/service/refer-all.ts";
import type { Leg } from "../../native-host/src/sip/leg.ts";
import type { SipResponse, SipUri } from "../../native-host/src/sip/message.ts";
import type { ReferOptions } from "../../native-host/src/sip/refer.ts";
import { SipError } from "../../native-host/src/sip/sip-error.ts";
import { Cast } from "../support/fake-legs.ts";
import { Ladder } from "../support/ladder.ts";

const BOB = "sip:bob@example.com";
const CAROL = "sip:carol@example.com";
const signal = new AbortController().signal;

interface Abilities {
  readonly takesList?: boolean;
  /** What a REFER with a list is answered. */
  readonly list?: number;
  /** Reports on one, the last one its outcome; throws for a refusal. */
  readonly one?: (target: SipUri, report: (status: number) => void) => number;
}

/** A leg to a focus that can so much, and what it was asked. */
async function focus({ takesList = true, list = 202, one = () => 200 }: Abilities) {
  const { leg } = await new Cast(new Ladder(), { films: { focus: true } }).invite("sip:films@127.0.0.1", {});
  const asked: string[] = [];
  const able: Leg = Object.assign(Object.create(leg) as Leg, {
    supports: new Set(takesList ? ["multiple-refer"] : []),
    request: async (method: string, body?: { content: string }): Promise<SipResponse> => {
      asked.push(`${method} ${[...(body?.content ?? "").matchAll(/uri="([^"]+)"/g)].map(([, uri]) => uri)}`);
      return { status: list, reason: "said", headers: {} as SipResponse["headers"], content: "" };
    },
    refer: async (target: SipUri, options: ReferOptions = {}) => {
      asked.push(`REFER to ${target}`);
      return one(target, (status) => options.onProgress?.(status, ""));
    },
  });
  return { able, asked };
}

async function outcome(abilities: Abilities) {
  const { able, asked } = await focus(abilities);
  const invitees = new Invitees([{ id: BOB }, { id: CAROL }]);
  await referAll(able, invitees, signal);
  await new Promise(setImmediate);
  return { asked, ends: invitees.states.map(({ state, error }) => error?.code ?? state) };
}

describe("A focus that takes lists", () => {
  test("is asked once for all", async () => {
    assert.deepEqual((await outcome({})).asked, [`REFER ${BOB},${CAROL}`]);
  });

  test("and refuses this one, is asked for each", async () => {
    const { asked, ends } = await outcome({ list: 420 });

    assert.deepEqual(asked, [`REFER ${BOB},${CAROL}`, `REFER to ${BOB}`, `REFER to ${CAROL}`]);
    assert.deepEqual(ends, ["joined", "joined"]);
  });

  test("and allows nobody to invite, is not asked again", async () => {
    const { asked, ends } = await outcome({ list: 403 });

    assert.equal(asked.length, 1);
    assert.deepEqual(ends, ["forbidden", "forbidden"]);
  });

  test("and has had enough, says so for each", async () => {
    assert.deepEqual((await outcome({ list: 503 })).ends, ["unreachable", "unreachable"]);
  });
});

describe("A focus that takes none", () => {
  test("reports on each by itself", async () => {
    const { asked, ends } = await outcome({
      takesList: false,
      one: (target, report) => {
        report(100);
        report(target === BOB ? 180 : 486);
        return target === BOB ? 200 : 486;
      },
    });

    assert.deepEqual(asked, [`REFER to ${BOB}`, `REFER to ${CAROL}`]);
    assert.deepEqual(ends, ["joined", "busy"]);
  });

  test("and reports nothing, has taken the wish: no more is known", async () => {
    const { ends } = await outcome({ takesList: false, one: () => 202 });

    assert.deepEqual(ends, ["referred", "referred"]);
  });

  test("and knows no REFER, leaves nobody invited", async () => {
    const { ends } = await outcome({
      takesList: false,
      one: () => {
        throw new SipError(405, "Method Not Allowed");
      },
    });

    assert.deepEqual(ends, ["rejected", "rejected"]);
  });
});

describe("Invitees", () => {
  test("are the same people however their address is written", () => {
    const invitees = new Invitees([{ id: "sip:bob@Example.COM" }, { id: "sip:bob@example.com:5060;ob" }]);
    invitees.heard("sip:bob@example.com", 200, "OK");

    assert.deepEqual(
      invitees.states.map(({ state }) => state),
      ["joined", "joined"],
    );
  });

  test("who have come stay so, whatever is heard later", () => {
    const invitees = new Invitees([{ id: BOB }]);
    invitees.heard(BOB, 200, "OK");
    invitees.heard(BOB, 486, "Busy Here");
    invitees.heard(CAROL, 486, "Busy Here");

    assert.deepEqual(invitees.states, [{ id: BOB, state: "joined" }]);
  });
});
