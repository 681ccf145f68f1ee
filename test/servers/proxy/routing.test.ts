import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { Hop, SipRequest } from "#sip/message.ts";
import { type Binding, Location } from "../../../servers/proxy/location.ts";
import { DialogMark, neighbourhood } from "../../../servers/proxy/relay-rule.ts";
import { Routing, type Target } from "../../../servers/proxy/routing.ts";
import { alices } from "../../support/proxy-requests.ts";

const NEAR: Hop = { protocol: "UDP", address: "127.0.0.1", port: 5062 };
const STRANGER: Hop = { protocol: "UDP", address: "203.0.113.7", port: 5062 };
const OWN = { host: "127.0.0.1", port: 5070, ports: [5071], names: ["example.com"] };

let routing: Routing;
let location: Location;
let marks: DialogMark;

beforeEach(() => {
  location = new Location(() => 0);
  marks = new DialogMark();
  const isNear = neighbourhood("127.0.0.1");
  routing = new Routing({
    domain: OWN,
    location,
    mayRelay: ({ source, user }) => user !== undefined || isNear(source.address),
    readMark: (callId, mark) => marks.read(callId, mark),
  });
});

function request(uri: string, headers: Record<string, unknown> = {}, method = "INVITE"): SipRequest {
  return alices({ method, uri, headers: { "call-id": "a-call", ...headers } });
}

const routes = (...uris: string[]) => ({ route: uris.map((uri) => ({ uri, params: {} })) });
const IN_DIALOG = { to: { uri: "sip:bob@example.com", params: { tag: "bobs" } } };

const binding = (contact: Binding["contact"], more: Partial<Binding> = {}): Binding => ({
  contact,
  callId: contact,
  seq: 1,
  expiresAtMs: 1,
  ...more,
});

function forwarded(received: SipRequest, source = NEAR) {
  const decision = routing.decide(received, { source });
  assert.equal(decision.name, "forward");
  return decision.name === "forward" ? decision : assert.fail();
}

const uris = (groups: readonly (readonly Target[])[]) => groups.map((group) => group.map(({ uri }) => uri));

function refusal(received: SipRequest, source = NEAR): number | undefined {
  const decision = routing.decide(received, { source });
  return decision.name === "refuse" ? decision.status : undefined;
}

describe("A stranger on the network", () => {
  test("cannot use the proxy to call the rest of the world", () => {
    assert.equal(refusal(request("sip:bob@example.org"), STRANGER), 403);
  });

  test("cannot do so by a Route in a call to one of our users either", () => {
    location.replace("bob", [binding("sip:bob@192.0.2.1")]);

    assert.equal(refusal(request("sip:bob@example.com", routes("sip:victim.example;lr")), STRANGER), 403);
  });

  test("can when he has shown that he is one of our users", () => {
    const decision = routing.decide(request("sip:bob@example.org"), { source: STRANGER, user: "alice" });

    assert.equal(decision.name, "forward");
  });

  test("can call our own users", () => {
    location.replace("bob", [binding("sip:bob@192.0.2.1")]);

    assert.deepEqual(uris(forwarded(request("sip:bob@example.com"), STRANGER).groups), [
      ["sip:bob@192.0.2.1"],
    ]);
  });

  test("can end a call that began through us, and no other, and begin none", () => {
    const ours = `sip:${marks.of("a-call")}@127.0.0.1:5070;lr`;
    const bye = request("sip:bob@192.0.2.1", { ...routes(ours), ...IN_DIALOG }, "BYE");

    assert.deepEqual(uris(forwarded(bye, STRANGER).groups), [["sip:bob@192.0.2.1"]]);
    assert.equal(refusal({ ...bye, headers: { ...bye.headers, "call-id": "another-call" } }, STRANGER), 403);
    assert.equal(refusal(request("sip:bob@192.0.2.1", routes(ours)), STRANGER), 403);
  });
});

describe("A request through the proxy", () => {
  test("has our own Routes taken out, both of a double one, and those of others left in", () => {
    const next = "sip:192.0.2.5;lr";
    const ours = ["sip:127.0.0.1:5070;lr", "sips:127.0.0.1:5071;transport=tls;lr"];
    const received = request("sip:bob@192.0.2.1", { ...routes(...ours, next), ...IN_DIALOG });

    assert.deepEqual(forwarded(received).request.headers.route, routes(next).route);
  });

  test("comes back to its target when a strict router sent it", () => {
    const own = `sip:${marks.of("a-call")}@127.0.0.1:5070;lr`;
    const bye = forwarded(request(own, { ...routes("sip:bob@192.0.2.1"), ...IN_DIALOG }, "BYE"), STRANGER);

    assert.deepEqual(uris(bye.groups), [["sip:bob@192.0.2.1"]]);
    assert.equal(bye.request.headers.route, undefined);
  });

  test("means us by maddr, too, and not when maddr is another's", () => {
    assert.equal(refusal(request("sip:bob@elsewhere.example:5070;maddr=127.0.0.1")), 404);
    assert.deepEqual(uris(forwarded(request("sip:bob@127.0.0.1:5070;maddr=192.0.2.9")).groups), [
      ["sip:bob@127.0.0.1:5070;maddr=192.0.2.9"],
    ]);
  });

  test("must have a number of hops that is one", () => {
    assert.equal(refusal(request("sip:bob@192.0.2.1", { "max-forwards": "0" })), 483);
    assert.equal(refusal(request("sip:bob@192.0.2.1", { "max-forwards": "many" })), 400);
    assert.equal(refusal(request("sip:bob@192.0.2.1", { "max-breadth": "0" })), 440);
  });
});

describe("A user with several phones", () => {
  test("is called on those that are wanted alike at once, then on the others", () => {
    location.replace("bob", [
      binding("sip:desk@192.0.2.1", { q: 0.5 }),
      binding("sip:mailbox@192.0.2.3", { q: 0.1 }),
      binding("sip:laptop@192.0.2.2", { q: 0.5 }),
    ]);

    assert.deepEqual(uris(forwarded(request("sip:bob@127.0.0.1:5070")).groups), [
      ["sip:desk@192.0.2.1", "sip:laptop@192.0.2.2"],
      ["sip:mailbox@192.0.2.3"],
    ]);
  });

  test("is called once on a phone that is registered in two ways; the other is kept for when that fails", () => {
    const device = (regId: string) => ({ instance: '"<urn:uuid:1>"', regId });
    location.replace("bob", [
      binding("sip:desk@192.0.2.1", { device: device("1") }),
      binding("sip:desk@192.0.2.2", { device: device("2") }),
    ]);
    const { groups } = forwarded(request("sip:bob@127.0.0.1:5070"));

    assert.deepEqual(uris(groups), [["sip:desk@192.0.2.1"]]);
    assert.deepEqual(
      groups[0]?.[0]?.others?.map(({ uri }) => uri),
      ["sip:desk@192.0.2.2"],
    );
  });

  test("is called by sips: only where nobody can listen", () => {
    const flow: Hop = { protocol: "WSS", address: "192.0.2.4", port: 40_000 };
    location.replace("bob", [binding("sip:desk@192.0.2.1"), binding("sip:laptop@x.invalid", { flow })]);
    location.replace("carol", [binding("sip:carol@192.0.2.1")]);

    assert.deepEqual(uris(forwarded(request("sips:bob@example.com")).groups), [["sip:laptop@x.invalid"]]);
    assert.equal(refusal(request("sips:carol@example.com")), 480);
  });
});

describe("A phone that registered elsewhere through the proxy", () => {
  const flow: Hop = { protocol: "TCP", address: "192.0.2.4", port: 40_000 };
  const path = () => routes(`sip:${marks.ofPath(flow)}@127.0.0.1:5070;transport=tcp;lr;ob`);

  test("is called over its connection by whoever knows the path, and only over that", () => {
    const { groups } = forwarded(request("sip:bob@x.invalid", path()), STRANGER);

    assert.deepEqual(groups, [[{ uri: "sip:bob@x.invalid", flow }]]);
  });

  test("opens no other way through the proxy", () => {
    const onward = { route: [...path().route, ...routes("sip:victim.example;lr").route] };

    assert.equal(refusal(request("sip:bob@x.invalid", onward), STRANGER), 403);
  });
});

describe("A phone behind a connection", () => {
  const flow: Hop = { protocol: "WS", address: "192.0.2.4", port: 40_000 };
  const facing = (hop?: Hop) => `sip:${marks.of("a-call", hop)}@127.0.0.1:5070;lr`;
  const bye = (...own: string[]) => request("sip:bob@x.invalid", { ...routes(...own), ...IN_DIALOG }, "BYE");

  test("is called over it", () => {
    location.replace("bob", [binding("sip:bob@x.invalid", { flow })]);

    assert.deepEqual(forwarded(request("sip:bob@example.com")).groups[0]?.[0]?.flow, flow);
  });

  test("is reached over it in a call that it began", () => {
    assert.deepEqual(forwarded(bye(facing(), facing(flow)), STRANGER).groups, [
      [{ uri: "sip:bob@x.invalid", flow }],
    ]);
  });

  test("reaches the other end, not itself, even when its connection is a new one", () => {
    const later: Hop = { ...flow, port: 50_000 };

    for (const source of [flow, later]) {
      assert.equal(forwarded(bye(facing(flow), facing()), source).groups[0]?.[0]?.flow, undefined);
    }
  });
});
