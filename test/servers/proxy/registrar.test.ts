import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import type { Hop, NameAddr, SipRequest } from "#sip/message.ts";
import { Location } from "../../../servers/proxy/location.ts";
import { Registrar } from "../../../servers/proxy/registrar.ts";

const HOUR_MS = 3_600_000;
const desk = "sip:alice@192.0.2.1:5060";
const laptop = "sip:alice@192.0.2.2:5060";

let now: number;
let location: Location;
let registrar: Registrar;
let seq: number;

beforeEach(() => {
  now = 1_000;
  seq = 0;
  location = new Location(() => now);
  registrar = new Registrar(location);
});

interface Words {
  readonly contact?: readonly string[] | "*";
  readonly expires?: string;
  readonly callId?: string;
  readonly seq?: number;
  readonly supported?: string;
  readonly path?: string;
  readonly source?: Hop;
}

/** A REGISTER of alice; each is newer than the one before unless it says otherwise. */
function register({ contact, expires, callId = "alice-registers", seq: given, ...words }: Words) {
  seq += 1;
  const named = (text: string): NameAddr => {
    const [uri = "", ...parameters] = text.split(" ");
    const pair = (parameter: string) => {
      const [name = "", value] = parameter.includes("=") ? parameter.split("=") : ["expires", parameter];
      return [name, value ?? null] as const;
    };
    return { uri, params: Object.fromEntries(parameters.map(pair)) };
  };
  const request: SipRequest = {
    method: "REGISTER",
    uri: "sip:example.com",
    headers: {
      via: [],
      from: { uri: "sip:alice@example.com", params: {} },
      to: { uri: "sip:alice@example.com", params: {} },
      "call-id": callId,
      cseq: { seq: given ?? seq, method: "REGISTER" },
      ...(contact !== undefined && { contact: contact === "*" ? contact : contact.map(named) }),
      ...(expires !== undefined && { expires }),
      ...(words.supported !== undefined && { supported: words.supported }),
      ...(words.path !== undefined && { path: words.path }),
    },
    content: "",
  };
  return registrar.register("alice", request, words.source);
}

const where = () => location.bindings("alice").map(({ contact }) => contact);

describe("A phone that registers", () => {
  test("is found at its Contact for an hour", () => {
    const { status, contacts } = register({ contact: [desk] });

    assert.equal(status, 200);
    assert.deepEqual(contacts, [{ uri: desk, params: { expires: "3600" } }]);
    assert.deepEqual(where(), [desk]);
    now += HOUR_MS;
    assert.deepEqual(where(), []);
  });

  test("stays as long as it asks: by the Contact first, then by Expires, and two hours at most", () => {
    assert.equal(register({ contact: [`${desk} 60`], expires: "120" }).contacts[0]?.params["expires"], "60");
    assert.equal(register({ contact: [desk], expires: "120" }).contacts[0]?.params["expires"], "120");
    assert.equal(register({ contact: [desk], expires: "999999" }).contacts[0]?.params["expires"], "7200");
    assert.equal(register({ contact: [desk], expires: "soon" }).contacts[0]?.params["expires"], "3600");
  });

  test("is one of several", () => {
    register({ contact: [desk] });
    const { contacts } = register({ contact: [laptop], callId: "laptop-registers" });

    assert.deepEqual(
      contacts.map(({ uri }) => uri),
      [laptop, desk],
    );
  });

  test("leaves with a lifetime of 0, the others stay", () => {
    register({ contact: [desk, laptop] });
    register({ contact: [`${desk} 0`] });

    assert.deepEqual(where(), [laptop]);
  });

  test("can ask what stands without changing it", () => {
    register({ contact: [desk] });

    assert.deepEqual(
      register({}).contacts.map(({ uri }) => uri),
      [desk],
    );
  });

  test("can take all Contacts away at once", () => {
    register({ contact: [desk, laptop] });

    assert.equal(register({ contact: "*", expires: "0" }).status, 200);
    assert.deepEqual(where(), []);
  });
});

describe("The registrar changes nothing", () => {
  beforeEach(() => void register({ contact: [desk], seq: 10 }));

  test("for an older REGISTER that comes late", () => {
    assert.equal(register({ contact: [`${desk} 0`], seq: 10 }).status, 500);
    assert.equal(register({ contact: "*", expires: "0", seq: 9 }).status, 500);
    assert.deepEqual(where(), [desk]);
  });

  test("for a * without Expires: 0", () => {
    assert.equal(register({ contact: "*", seq: 11 }).status, 400);
    assert.deepEqual(where(), [desk]);
  });

  test("for a lifetime under 30 seconds", () => {
    assert.deepEqual(register({ contact: [`${laptop} 5`], seq: 11 }), {
      status: 423,
      contacts: [],
      minExpiresS: 30,
    });
    assert.deepEqual(where(), [desk]);
  });

  test("for a Contact that no request could be sent to, nor for its neighbours", () => {
    assert.equal(register({ contact: [laptop, "mailto:alice@example.com"], seq: 11 }).status, 400);
    assert.deepEqual(where(), [desk]);
  });

  test("for a ninth Contact", () => {
    const many = Array.from({ length: 8 }, (_, at) => `sip:alice@192.0.2.9:${6000 + at}`);

    assert.equal(register({ contact: many, seq: 11 }).status, 503);
  });
});

test("Headers hidden in a Contact are dropped", () => {
  register({ contact: ["sip:alice@192.0.2.1?Route=%3Csip:eve.example.com%3E"] });

  assert.deepEqual(where(), ["sip:alice@192.0.2.1"]);
});

describe("A phone that says more about itself", () => {
  const device = '+sip.instance="<urn:uuid:1>"';
  const tcp: Hop = { protocol: "TCP", address: "198.51.100.9", port: 40_000 };
  const udp: Hop = { ...tcp, protocol: "UDP" };
  const flows = () => location.bindings("alice").map(({ flow }) => flow);

  test("replaces where it was before it started again, and no other phone", () => {
    register({ contact: [`${desk} ${device}`], callId: "before" });
    register({ contact: ['sip:alice@192.0.2.9 +sip.instance="<urn:uuid:2>"'], callId: "other" });
    register({ contact: [`${laptop} ${device}`], callId: "after" });

    assert.deepEqual(where(), [laptop, "sip:alice@192.0.2.9"]);
  });

  test("is called the way it came when that is a connection, or when it asks for it", () => {
    register({ contact: [desk], source: udp });
    assert.deepEqual(flows(), [undefined]);
    register({ contact: [desk], source: tcp });
    assert.deepEqual(flows(), [tcp]);
    const { headers } = register({
      contact: [`${desk} ${device} reg-id=1`],
      supported: "outbound",
      source: udp,
    });
    assert.deepEqual(flows(), [udp]);
    assert.deepEqual(headers, { require: "outbound" });
  });

  test("is called through the proxies on its path if it knows of them", () => {
    const path = "<sip:edge.example.com;lr>";
    assert.equal(register({ contact: [desk], path }).status, 420);
    const { status, headers } = register({ contact: [desk], path, supported: "path", source: tcp });

    assert.equal(status, 200);
    assert.deepEqual(headers, { path });
    const [binding] = location.bindings("alice");
    assert.deepEqual(binding?.path, [{ uri: "sip:edge.example.com;lr", params: {} }]);
    assert.equal(binding.flow, undefined);
  });

  test("is found before those it is preferred to", () => {
    register({ contact: [`${desk} q=0.2`] });
    const { contacts } = register({ contact: [`${laptop} q=0.7`] });
    register({ contact: ["sip:alice@192.0.2.3 q=loud"] });

    assert.deepEqual(where(), ["sip:alice@192.0.2.3", laptop, desk]);
    assert.deepEqual(
      contacts.map(({ params }) => params["q"]),
      ["0.7", "0.2"],
    );
  });

  test("is found however its user is escaped", () => {
    register({ contact: [desk] });

    assert.equal(location.bindings("%61lice").length, 1);
  });
});
