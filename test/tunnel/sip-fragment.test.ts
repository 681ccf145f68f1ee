import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { checkOutgoing } from "../../native-host/src/tunnel/outgoing.ts";
import type { PluginRight } from "../../native-host/src/tunnel/plugin.ts";
import { formatResponse, readFragment } from "../../native-host/src/tunnel/sip-fragment.ts";

const INFO = [
  "INFO sip:conf2@conf.example.com SIP/2.0",
  "Info-Package: example",
  "c: text/plain",
  "",
  "hello",
  "",
  "you",
];

describe("A SIP message in a tunnel", () => {
  test("is read with either line end, its names long and its body whole", () => {
    for (const end of ["\n", "\r\n"]) {
      assert.deepEqual(readFragment(INFO.join(end)), {
        method: "INFO",
        uri: "sip:conf2@conf.example.com",
        headers: { "info-package": "example", "content-type": "text/plain" },
        body: "hello\n\nyou",
      });
    }
  });

  test("is refused when it is none", () => {
    for (const text of [
      "",
      "hello",
      "SIP/2.0 200 OK",
      "INFO sip:a@b SIP/3.0",
      "INFO sip:a@b SIP/2.0\nno header",
    ]) {
      assert.throws(() => readFragment(text), { code: "bad-request" }, text);
    }
  });

  test("is written as one reads it", () => {
    const response = { status: 200, reason: "OK", headers: { server: "desk" }, body: "x" };
    assert.equal(formatResponse(response), "SIP/2.0 200 OK\nserver: desk\n\nx");
  });
});

describe("What a plug-in may send", () => {
  const rights = (...given: PluginRight[]) => new Set(given);
  const request = (method: string, headers = {}) => ({ method, uri: "sip:bob@example.com", headers });

  test("is nothing without the right `request`", () => {
    assert.throws(() => checkOutgoing(request("OPTIONS"), rights("subscribe")), { code: "tunnel-denied" });
  });

  test("is never a request that makes, keeps or ends what is the service's", () => {
    for (const method of ["INVITE", "ACK", "CANCEL", "PRACK", "UPDATE", "REGISTER", "SUBSCRIBE"]) {
      assert.throws(() => checkOutgoing(request(method), rights("request", "dialog", "transport")), {
        code: "tunnel-denied",
      });
    }
  });

  test("is BYE, REFER and NOTIFY with the right `dialog` alone", () => {
    for (const method of ["BYE", "REFER", "NOTIFY"]) {
      assert.throws(() => checkOutgoing(request(method), rights("request")), { code: "tunnel-denied" });
      checkOutgoing(request(method), rights("request", "dialog"));
    }
  });

  test("has no header of routing or identity, and none of two lines", () => {
    for (const name of [
      "Via",
      "route",
      "Contact",
      "Authorization",
      "Proxy-Authorization",
      "From",
      "Replaces",
    ]) {
      assert.throws(() => checkOutgoing(request("INFO", { [name]: "x" }), rights("request")), {
        code: "bad-request",
      });
    }
    const twoLines = request("INFO", { subject: "a\r\nRoute: <sip:evil.example.com>" });
    assert.throws(() => checkOutgoing(twoLines, rights("request")), { code: "bad-request" });
  });
});
