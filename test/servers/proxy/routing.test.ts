import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { SipRequest } from "#sip/message.ts";
import { Location } from "../../../servers/proxy/location.ts";
import { DialogMark, isNeighbour, neighbours } from "../../../servers/proxy/relay-rule.ts";
import { Routing } from "../../../servers/proxy/routing.ts";

const STRANGER = "203.0.113.7";
const OWN = { host: "127.0.0.1", port: 5070, names: ["example.com"] };

let routing: Routing;
let location: Location;
let marks: DialogMark;

beforeEach(() => {
  location = new Location(() => 0);
  marks = new DialogMark();
  const near = neighbours("127.0.0.1");
  routing = new Routing({
    domain: OWN,
    location,
    mayRelay: ({ headers }, { address }, mark) =>
      isNeighbour(near, address) || marks.matches(headers["call-id"], mark),
    mark: (callId) => marks.of(callId),
  });
});

function request(uri: string, headers: Record<string, unknown> = {}, method = "INVITE"): SipRequest {
  return {
    method,
    uri,
    headers: {
      via: [],
      from: { uri: "sip:alice@example.com", params: { tag: "alices" } },
      to: { uri, params: {} },
      "call-id": "a-call",
      cseq: { seq: 1, method },
      ...headers,
    },
    content: "",
  };
}

const routes = (...uris: string[]) => ({ route: uris.map((uri) => ({ uri, params: {} })) });
const IN_DIALOG = { to: { uri: "sip:bob@example.com", params: { tag: "bobs" } } };

function forwarded(received: SipRequest, address = "127.0.0.1"): readonly SipRequest[] {
  const decision = routing.decide(received, { address });
  assert.equal(decision.name, "forward");
  return decision.name === "forward" ? decision.requests : [];
}

describe("A stranger on the network", () => {
  test("cannot use the proxy to call the rest of the world", () => {
    assert.deepEqual(routing.decide(request("sip:bob@example.org"), { address: STRANGER }), {
      name: "refuse",
      status: 403,
    });
  });

  test("can call our own users", () => {
    location.replace("bob", [{ contact: "sip:bob@192.0.2.1", callId: "x", seq: 1, expiresAtMs: 1 }]);

    assert.deepEqual(
      forwarded(request("sip:bob@example.com"), STRANGER).map(({ uri }) => uri),
      ["sip:bob@192.0.2.1"],
    );
  });

  test("can end a call that began through us, and no other", () => {
    const ours = `sip:${marks.of("a-call")}@127.0.0.1:5070;lr`;
    const bye = request("sip:bob@192.0.2.1", { ...routes(ours), ...IN_DIALOG }, "BYE");
    const forged = { ...bye, headers: { ...bye.headers, "call-id": "another-call" } };

    assert.equal(forwarded(bye, STRANGER).length, 1);
    assert.deepEqual(routing.decide(forged, { address: STRANGER }), { name: "refuse", status: 403 });
  });
});

describe("A request through the proxy", () => {
  test("is told the way back when it begins a dialog", () => {
    const [invite] = forwarded(request("sip:films@127.0.0.1:5080"));

    assert.deepEqual(invite?.headers["record-route"], [
      { uri: `sip:${marks.of("a-call")}@127.0.0.1:5070;lr`, params: {} },
    ]);
    assert.equal(invite?.uri, "sip:films@127.0.0.1:5080");
  });

  test("is not told again inside the dialog, and our own Route is taken out", () => {
    const next = "sip:192.0.2.5;lr";
    const [invite] = forwarded(
      request("sip:bob@192.0.2.1", { ...routes("sip:127.0.0.1:5070;lr", next), ...IN_DIALOG }),
    );

    assert.equal(invite?.headers["record-route"], undefined);
    assert.deepEqual(invite?.headers.route, routes(next).route);
  });

  test("comes back to its target when a strict router sent it", () => {
    const own = `sip:${marks.of("a-call")}@127.0.0.1:5070;lr`;
    const [bye] = forwarded(request(own, { ...routes("sip:bob@192.0.2.1"), ...IN_DIALOG }, "BYE"));

    assert.equal(bye?.uri, "sip:bob@192.0.2.1");
    assert.equal(bye?.headers.route, undefined);
  });

  test("goes to each phone that is registered", () => {
    const contacts = ["sip:desk@192.0.2.1", "sip:laptop@192.0.2.2"] as const;
    location.replace(
      "bob",
      contacts.map((contact) => ({ contact, callId: "x", seq: 1, expiresAtMs: 1 })),
    );

    assert.deepEqual(
      forwarded(request("sip:bob@127.0.0.1:5070")).map(({ uri }) => uri),
      contacts,
    );
  });
});
