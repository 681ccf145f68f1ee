import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FlowLog } from "../../native-host/src/sip/flow-log.ts";
import type { Hop, SipRequest } from "../../native-host/src/sip/message.ts";
import { buildResponse } from "../../native-host/src/sip/response.ts";
import { address, answer, desk, request } from "../support/desk.ts";

const CONFERENCE: Hop = { protocol: "UDP", address: "127.0.0.1", port: 5080 };
const NAMES = { "127.0.0.1:5080": "conference" };
const SDP = "v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2VjcmV0\r\n";

function invite(change: Partial<SipRequest> = {}): SipRequest {
  return {
    method: "INVITE",
    uri: "sip:films@127.0.0.1:5080",
    headers: {
      via: [{ version: "2.0", protocol: "TCP", host: "127.0.0.1", port: 5070, params: {} }],
      from: { name: "Alice", uri: "sip:alice@h", params: {} },
      to: { uri: "sip:films@h", params: {} },
      "call-id": "1",
      cseq: { seq: 1, method: "INVITE" },
      "content-type": "application/sdp",
      authorization: 'Digest username="alice", response="0123456789abcdef"',
    },
    content: SDP,
    ...change,
  };
}

/** The lines without their time. */
const flow = (log: FlowLog) => log.lines.map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} /, ""));

describe("the flow log", () => {
  test("says who said what to whom, one line a message", () => {
    const log = new FlowLog(NAMES);
    const trace = log.trace("alice");

    trace("out", invite(), CONFERENCE);
    trace("in", buildResponse(invite(), 100), CONFERENCE);
    trace(
      "in",
      buildResponse(invite(), 200, { headers: { "content-type": "application/sdp" }, content: SDP }),
      CONFERENCE,
    );

    assert.match(log.lines[0] ?? "", /^\d\d:\d\d:\d\d\.\d{3} alice -> conference: /);
    assert.deepEqual(flow(log), [
      "alice -> conference: INVITE sip:films@127.0.0.1:5080 sdp",
      "conference -> alice: 100 Trying (INVITE)",
      "conference -> alice: 200 OK (INVITE) sdp",
    ]);
  });

  test("hands each line to whoever writes it", () => {
    const written: string[] = [];

    new FlowLog(NAMES, (line) => written.push(line)).trace("alice")("out", invite(), CONFERENCE);

    assert.equal(written.length, 1);
  });

  test("knows a TCP peer by its Via, for its port says nothing", () => {
    const log = new FlowLog({ "127.0.0.1:5070": "alice" });
    const trace = log.trace("conference");
    const stream: Hop = { protocol: "TCP", address: "127.0.0.1", port: 40_123 };

    trace("in", invite(), stream);
    trace("out", buildResponse(invite(), 486), stream);

    assert.deepEqual(flow(log), [
      "alice -> conference: INVITE sip:films@127.0.0.1:5080 sdp",
      "conference -> alice: 486 Busy Here (INVITE)",
    ]);
  });

  test("never holds passwords, credentials, keys or what a URI carries besides", () => {
    const log = new FlowLog(NAMES);

    log.trace("alice")("out", invite({ uri: "sip:films:pass@h;token=abc?Authorization=Basic" }), CONFERENCE);

    assert.deepEqual(flow(log), ["alice -> conference: INVITE sip:films@h sdp"]);
  });

  test("cannot be made to write a line of somebody else's", () => {
    const log = new FlowLog(NAMES);
    const trace = log.trace("alice");

    trace("in", invite({ method: "IN\r\nVITE", uri: "x:\u001b[31m\u2028\u202e\ud800" }), CONFERENCE);
    trace(
      "in",
      { ...buildResponse(invite(), 200), reason: "OK\n12:00:00.000 bob -> alice: BYE" },
      CONFERENCE,
    );

    for (const line of log.lines) assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Bidi_Control}\p{Cs}]/u);
  });

  test("has one line for a message between two who both write to it", async () => {
    const names: Record<string, string> = {};
    const log = new FlowLog(names);
    await using films = await desk({ onTrace: log.trace("films") });
    await using alice = await desk({ onTrace: log.trace("alice") });
    names[`127.0.0.1:${films.port}`] = "films";
    names[`127.0.0.1:${alice.port}`] = "alice";

    await answer(alice, request("OPTIONS", address(films)));
    await answer(alice, request("OPTIONS", `${address(films)};transport=tcp`));

    const both = [`alice -> films: OPTIONS ${address(films)}`, "films -> alice: 200 OK (OPTIONS)"];
    assert.deepEqual(flow(log), [...both, ...both]);
  });

  test("keeps the last ten thousand lines", () => {
    const log = new FlowLog();
    const trace = log.trace("alice");

    for (let count = 0; count < 10_010; count++) trace("out", invite(), CONFERENCE);

    assert.equal(log.lines.length, 10_000);
  });
});
