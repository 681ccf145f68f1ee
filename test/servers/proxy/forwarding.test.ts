import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Hop, SipRequest } from "#sip/message.ts";
import { Forwarding } from "../../../servers/proxy/forwarding.ts";
import { DialogMark } from "../../../servers/proxy/relay-rule.ts";

const UDP: Hop = { protocol: "UDP", address: "192.0.2.7", port: 5060 };
const WS: Hop = { protocol: "WS", address: "192.0.2.8", port: 40_000 };

const marks = new DialogMark();
const forwarding = new Forwarding(
  { host: "192.0.2.1", ports: { UDP: 5070, TCP: 5070, TLS: 5071, WS: 8080 } },
  marks,
);

/** An INVITE of Alice's, right from her phone. */
function invite(headers: Record<string, unknown> = {}, uri = "sip:bob@example.com"): SipRequest {
  return {
    method: "INVITE",
    uri,
    headers: {
      via: [{ version: "2.0", protocol: "UDP", host: "192.0.2.7", params: { branch: "z9hG4bK1" } }],
      from: { uri: "sip:alice@example.com", params: { tag: "alices" } },
      to: { uri, params: {} },
      "call-id": "a-call",
      cseq: { seq: 1, method: "INVITE" },
      contact: [{ uri: "sip:alice@192.0.2.7", params: {} }],
      ...headers,
    },
    content: "",
  };
}

const plain = marks.of("a-call");
const over = (hop: Hop) => marks.of("a-call", hop);

function recordRoutes(request: SipRequest, uri: string, source = UDP, flow?: Hop): string[] | undefined {
  const { headers } = forwarding.copy(request, { uri, flow }, source, 60).request;
  return headers["record-route"]?.map((route) => route.uri);
}

describe("The way back of a call through the proxy", () => {
  test("is one Route when both ends are reached alike", () => {
    assert.deepEqual(recordRoutes(invite(), "sip:bob@192.0.2.9"), [`sip:${plain}@192.0.2.1:5070;lr`]);
  });

  test("is two Routes when the ends speak different transports, each its own", () => {
    assert.deepEqual(recordRoutes(invite(), "sip:bob@192.0.2.9;transport=tcp"), [
      `sip:${plain}@192.0.2.1:5070;transport=tcp;lr`,
      `sip:${plain}@192.0.2.1:5070;lr`,
    ]);
  });

  test("is two Routes when the ends have different address families", () => {
    const [callee = "", caller] = recordRoutes(invite(), "sip:bob@[2001:db8::9]") ?? [];

    assert.match(callee, /^sip:\w+@\[[0-9a-f:]+\]:5070;lr$/);
    assert.equal(caller, `sip:${plain}@192.0.2.1:5070;lr`);
  });

  test("knows the connection of either end that has one", () => {
    assert.deepEqual(recordRoutes(invite(), "sip:bob@x.invalid", UDP, WS), [
      `sip:${over(WS)}@192.0.2.1:8080;transport=ws;lr`,
      `sip:${plain}@192.0.2.1:5070;lr`,
    ]);
    assert.deepEqual(recordRoutes(invite(), "sip:bob@192.0.2.9", WS), [
      `sip:${plain}@192.0.2.1:5070;lr`,
      `sip:${over(WS)}@192.0.2.1:8080;transport=ws;lr`,
    ]);
  });

  test("knows where a caller behind a NAT really is, but not one behind another proxy", () => {
    const behind = invite({ contact: [{ uri: "sip:alice@10.0.0.1", params: {} }] });
    const relayed = {
      ...behind,
      headers: { ...behind.headers, via: [...behind.headers.via, ...behind.headers.via] },
    };

    assert.equal(recordRoutes(behind, "sip:bob@192.0.2.9")?.[1], `sip:${over(UDP)}@192.0.2.1:5070;lr`);
    assert.deepEqual(recordRoutes(relayed, "sip:bob@192.0.2.9"), [`sip:${plain}@192.0.2.1:5070;lr`]);
  });

  test("stays encrypted when the call is", () => {
    assert.deepEqual(
      recordRoutes(invite({}, "sips:bob@example.com"), "sips:bob@192.0.2.9", { ...UDP, protocol: "TLS" }),
      [`sips:${plain}@192.0.2.1:5071;lr`, `sips:${over({ ...UDP, protocol: "TLS" })}@192.0.2.1:5071;lr`],
    );
  });

  test("is not told again inside the call", () => {
    const inside = invite({ to: { uri: "sip:bob@example.com", params: { tag: "bobs" } } });

    assert.equal(recordRoutes(inside, "sip:bob@192.0.2.9;transport=tcp"), undefined);
  });

  test("comes on top of those that were told before", () => {
    const before = [{ uri: "sip:edge.example;lr", params: {} }];

    assert.equal(
      recordRoutes(invite({ "record-route": before }), "sip:bob@192.0.2.9")?.[1],
      "sip:edge.example;lr",
    );
  });
});

describe("A phone that registers elsewhere through the proxy", () => {
  const register = (headers: Record<string, unknown>): SipRequest => ({
    ...invite(headers, "sip:elsewhere.example"),
    method: "REGISTER",
  });
  const pathOf = (request: SipRequest, source: Hop) =>
    forwarding.copy(request, { uri: request.uri }, source, 60).request.headers["path"];

  test("is to be called back over its connection, if it knows what a path is", () => {
    assert.equal(
      pathOf(register({ supported: "path, outbound" }), WS),
      `<sip:${marks.ofPath(WS)}@192.0.2.1:8080;transport=ws;lr;ob>`,
    );
    assert.equal(pathOf(register({}), WS), undefined);
  });

  test("is called where it says it is when nothing is between", () => {
    assert.equal(pathOf(register({ supported: "path" }), UDP), undefined);
  });
});

describe("A copy of a request", () => {
  test("goes by the proxies that the phone was registered through, whatever connection it came on", () => {
    const path = [{ uri: "sip:edge.example;lr", params: {} }];
    const { request, hop } = forwarding.copy(invite(), { uri: "sip:bob@10.0.0.1", path, flow: WS }, UDP, 60);

    assert.deepEqual(request.headers.route, path);
    assert.equal(request.uri, "sip:bob@10.0.0.1");
    assert.equal(hop, undefined);
  });

  test("has fewer hops to go, and says what it may become", () => {
    const { headers } = forwarding.copy(
      invite({ "max-forwards": "7" }),
      { uri: "sip:bob@192.0.2.9" },
      UDP,
      30,
    ).request;

    assert.equal(headers["max-forwards"], "6");
    assert.equal(headers["max-breadth"], "30");
  });
});
