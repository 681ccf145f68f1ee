/** Every example of the API: what the service makes of a client's documents, and that the service says its own just so. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { API_NAMESPACE } from "../../native-host/src/api/command.ts";
import { tunnelElement } from "../../native-host/src/api/events.ts";
import { formatXml, parseXml, type XmlElement } from "../../native-host/src/xml/strict.ts";
import { apiCast, errorCode } from "../support/api-cast.ts";
import { complaints } from "../support/schema.ts";
import { badDocuments, validDocuments } from "./documents.ts";
import { SAID } from "./said.ts";

const OURS = new Set("Welcome Accepted Result Event".split(" "));
const ofClients = validDocuments.filter(
  (text) => !OURS.has(parseXml(text).name) && !text.startsWith("<Bridge"),
);
const ofService = validDocuments.filter((text) => OURS.has(parseXml(text).name));
const inNamespace = (text: string) => formatXml({ ...parseXml(text), namespace: API_NAMESPACE });

/** In the order of the examples: what the service is asked, and what must be in its answer. */
const ASKED: readonly (readonly [
  method: string,
  request: object,
  answer?: Readonly<Record<string, string>>,
])[] = [
  ["Hello", {}, { version: "1", client: "k1" }],
  ["externalJoin", { target: "sip:arup@research.ibm.com", mode: "auto" }, { call: "c1" }],
  ["externalJoin", { origin: "https://people.example.com/arup" }, { req: "1", call: "c2" }],
  ["choose", { prompt: "p1", device: "desk", cancel: false, remember: "origin" }],
  ["choose", { prompt: "p1", cancel: true }],
  ["join", { target: "sip:conf1@conf.example.com", device: "soft", mode: "loop" }, { req: "3", call: "c3" }],
  ["join", { target: "sip:bob@example.com", device: "sip:desk-4711@pbx.example.com", mode: "auto" }],
  ["switchTo", { target: "sip:conf2@conf.example.com", fallback: "external" }, { gap: "18" }],
  ["useDevice", { device: "desk" }],
  [
    "invite",
    { invitees: [{ id: "sip:edie@example.com", display: "Edie" }, { id: "sip:aameek@example.com" }] },
  ],
  ["remove", { users: ["sip:edie@example.com"] }],
  ["leave", { all: false, hangup: true }],
  ["leave", { call: "c7", hangup: false }],
  ["Devices", {}],
  ["Status", {}],
  ["Subscribe", {}, { sub: "s1" }],
  ["Unsubscribe", {}],
  ["answer", { call: "c8", device: "soft" }, { call: "c8" }],
  ["decline", { call: "c8", code: 486 }],
  ["mute", { muted: true }],
  ["muteUser", { call: "c7", user: "sip:edie@example.com", muted: true }],
  ["hand", { raised: true }],
  ["hand", { call: "c7", user: "sip:edie@example.com", raised: false }],
  ["hold", { call: "c7", held: true }],
  ["dtmf", { digits: "1234#" }],
  ["lock", { call: "c7", locked: true }],
  [
    "tunnel",
    { plugin: "sip", call: "c7", close: false, data: { type: "message/sipfrag" } },
    { channel: "t1" },
  ],
  ["tunnel", { channel: "t1", close: true }, { channel: "t1" }],
  ["Ping", {}],
  ["externalJoin", { origin: "https://films.example", display: "Alice", muted: true }],
  ["switchTo", { target: "sip:dramas@127.0.0.1:5080", display: "Alice", muted: true }],
  ["webPhone", { dev: "web-0123abcd", name: "Chromium on desk" }],
  ["webOffer", { session: "w1", sdp: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n" }],
  ["webOffer", { error: { code: "device-refused", detail: "The microphone is not allowed." } }],
  ["Subscribe", {}, { sub: "s2" }],
  ["Hello", {}, { req: "h2", version: "1" }],
  ["Subscribe", {}, { sub: "s3" }],
  ["hold", { held: false }],
  ["mute", { call: "c7", muted: false }],
  ["lock", { locked: false }],
  ["testDevice", { device: "desk" }, { detail: "desk works." }],
  ["dtmf", { call: "c7", digits: "1,2", durationMs: 200 }],
  ["externalJoin", { target: "tel:+12125550100" }],
  ["externalJoin", { mode: "loop" }],
  [
    "join",
    { origin: "https://films.example", display: "Alice", muted: false, device: "desk", mode: "transfer" },
  ],
  ["switchTo", { call: "c7", fallback: "redial" }],
  ["useDevice", { device: "soft", call: "c7" }],
  ["leave", { all: true }],
  ["invite", { call: "c7", device: "soft" }],
  ["hold", { call: "c7", held: false }],
  ["muteUser", { user: "sip:edie@example.com", muted: false }],
  ["lock", { call: "c7", locked: false }],
  ["remove", { call: "c7", users: ["sip:edie@example.com", "sip:bob@example.com"] }],
];
/** What the service of the test does not have. */
const REFUSED: Readonly<Record<string, string>> = {
  '<Use req="5" dev="desk"/>': "no-such-device",
  '<Unsubscribe req="12" sub="s4"/>': "no-such-subscription",
  '<Mute req="15"/>': "no-active-call",
};

/** Times are written in more than one way. */
function comparable(text: string): XmlElement {
  return parseXml(text.replace(/ time="[^"]*"/, "").replace(/(\d)\.000Z"/g, '$1Z"'));
}

describe("An example of the API", () => {
  test("is valid against the schema, each of them", () => {
    assert.equal(complaints(validDocuments.map(inNamespace)), "");
  });

  for (const document of badDocuments) {
    test(`that is bad is not: ${document}`, () => assert.notEqual(complaints([inNamespace(document)]), ""));
  }

  test("of a client means what the reference says, each of them", async (t) => {
    const { service, connect } = await apiCast(t);
    const alice = await connect();
    assert.equal(ASKED.length, ofClients.length);
    for (const [at, document] of ofClients.entries()) {
      const [method, request, attributes = {}] = ASKED[at] ?? ["", {}];
      alice.heard.length = 0;
      service.asked.length = 0;
      alice.say(document);
      const answer = await alice.hears(({ name }) => name === "Welcome" || name === "Result");
      const asked = service.asked.at(-1) ?? { method: parseXml(document).name, request: {} };
      assert.equal(asked.method, method, document);
      assert.partialDeepStrictEqual(asked.request, request, document);
      assert.partialDeepStrictEqual(answer.attributes, attributes, document);
      assert.equal(errorCode(answer), REFUSED[document], document);
    }
  });

  test("of the service is what the service says, each of them", () => {
    assert.equal(SAID.length, ofService.length);
    for (const [at, document] of ofService.entries()) {
      const said = SAID[at];
      assert.ok(said, document);
      assert.partialDeepStrictEqual(comparable(formatXml(said)), comparable(document), document);
    }
    assert.equal(complaints(SAID.map((said) => inNamespace(formatXml(said)))), "");
  });

  test("carries what a plug-in says byte by byte, as text where XML can", () => {
    for (const [body, encoding] of [
      [Buffer.from("SIP/2.0 200 OK\r\n\r\n"), undefined],
      [Buffer.from("\uFEFFwith a mark"), undefined],
      [Buffer.from("\u0085"), "base64"],
      [Buffer.from([0xff]), "base64"],
      [Buffer.from([0]), "base64"],
    ] as const) {
      const { children } = parseXml(formatXml(tunnelElement("sip", "t1", { type: "text/plain", body })));
      const [data] = children;
      assert.equal(data?.attributes["encoding"], encoding);
      assert.deepEqual(Buffer.from(data?.text ?? "", encoding ?? "utf8"), body);
    }
  });
});
