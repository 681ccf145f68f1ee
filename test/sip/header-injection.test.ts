import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SipMessage, SipRequest } from "../../native-host/src/sip/message.ts";
import { address, answer, desk, request } from "../support/desk.ts";

describe("a message that would write a line of its own", () => {
  const places: readonly (readonly [string, (asked: SipRequest) => SipRequest])[] = [
    [
      "header",
      (asked) => ({ ...asked, headers: { ...asked.headers, subject: "x\r\nRoute: <sip:mallory>" } }),
    ],
    ["header name", (asked) => ({ ...asked, headers: { ...asked.headers, "x\r\ny": "z" } })],
    ["method", (asked) => ({ ...asked, method: "OPT\nIONS" })],
    ["Call-ID", (asked) => ({ ...asked, headers: { ...asked.headers, "call-id": "1\0" } })],
    [
      "address",
      (asked) => ({ ...asked, headers: { ...asked.headers, to: { uri: "sip:a@h>\r\nX: <y", params: {} } } }),
    ],
    [
      "display name",
      (asked) => ({
        ...asked,
        headers: { ...asked.headers, to: { name: "a\r\nX: y", uri: "sip:a@h", params: {} } },
      }),
    ],
    [
      "parameter",
      (asked) => ({
        ...asked,
        headers: { ...asked.headers, to: { uri: "sip:a@h", params: { x: "\r\nX: y" } } },
      }),
    ],
    [
      "parameter name",
      (asked) => ({
        ...asked,
        headers: { ...asked.headers, to: { uri: "sip:a@h", params: { "x\r\nX: y": null } } },
      }),
    ],
  ];
  for (const [place, spoil] of places) {
    test(`in its ${place} is not sent, and is a 503`, async () => {
      const sent: SipMessage[] = [];
      await using films = await desk();
      await using alice = await desk({ onTrace: (_direction, message) => sent.push(message) });

      const response = await answer(alice, spoil(request("OPTIONS", address(films))));

      assert.equal(response.status, 503);
      assert.match(response.reason, /^(Control Character|White Space|Unsafe)/);
      assert.deepEqual(sent, []);
    });
  }
});
