/** Lists of people in a request, beside a session description or by themselves (RFC 5363, RFC 5366, RFC 5368). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SipRequest } from "#sip/message.ts";
import { formatParts, partsOf } from "#sip/multipart.ts";
import { formatRecipients, recipientsIn } from "#sip/recipient-list.ts";
import { parseReferTo } from "#sip/refer-to.ts";

const SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n";
const PEOPLE = [
  { uri: "sip:bob@example.com", name: `Bob "the <b>"` },
  { uri: "sip:carol@example.com;method=BYE" },
] as const;

function request(type: string, content: string, headers: Record<string, string> = {}): SipRequest {
  const from = { uri: "sip:alice@example.com", params: {} };
  return {
    method: "INVITE",
    uri: "sip:films@example.com",
    headers: {
      via: [],
      from,
      to: from,
      "call-id": "c",
      cseq: { seq: 1, method: "INVITE" },
      "content-type": type,
      ...headers,
    },
    content,
  };
}

describe("A list of people", () => {
  test("is read as it was written, beside a session description", () => {
    const session = { type: "application/sdp", disposition: "session", content: SDP };
    const body = formatParts([session, formatRecipients(PEOPLE)]);
    assert.ok(body);
    const read = request(body.type, body.content);

    assert.match(body.type, /^multipart\/mixed;boundary="/);
    assert.deepEqual(partsOf(read)?.[0], session);
    assert.deepEqual(recipientsIn(read), PEOPLE);
  });

  test("by itself is the body", () => {
    const list = formatRecipients(PEOPLE);
    const body = formatParts([list]);

    assert.deepEqual(body, { type: list.type, content: list.content });
    const disposition = { "content-disposition": "recipient-list" };
    assert.deepEqual(recipientsIn(request(list.type, list.content, disposition)), PEOPLE);
  });

  test("may have lists in it, and things of other namespaces", () => {
    const xml = `<?xml version="1.0"?><resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"
      xmlns:cp="urn:ietf:params:xml:ns:copycontrol"><list><entry uri="sip:a@b" cp:copyControl="to"/>
      <list><entry uri="sip:c@d"/></list></list></resource-lists>`;

    assert.deepEqual(recipientsIn(request("application/resource-lists+xml", xml)), [
      { uri: "sip:a@b" },
      { uri: "sip:c@d" },
    ]);
  });

  for (const [what, xml] of [
    ["no XML", "people"],
    ["another document", "<list/>"],
    ["nobody", `<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list/></resource-lists>`],
    [
      "a document type",
      `<!DOCTYPE a [<!ENTITY b "c">]><resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"/>`,
    ],
  ] as const)
    test(`that is ${what} is none`, () =>
      assert.equal(recipientsIn(request("application/resource-lists+xml", xml)), undefined));
});

describe("A body of parts", () => {
  const parts = (content: string, type = `multipart/mixed;boundary=b`) => partsOf(request(type, content));

  test("has what stands before the first and after the last delimiter ignored", () => {
    assert.deepEqual(parts("hello\r\n--b\r\n\r\none\r\n--b--\r\nbye"), [
      { type: "text/plain", disposition: "", content: "one" },
    ]);
  });

  for (const [what, content, type] of [
    ["no end", "--b\r\n\r\none\r\n", undefined],
    ["a part without an empty line", "--b\r\nContent-Type: a/b\r\n--b--", undefined],
    ["no boundary", "--b\r\n\r\none\r\n--b--", "multipart/mixed"],
    ["a boundary with a line end", "--b\r\n\r\none\r\n--b--", 'multipart/mixed;boundary="b\r\n"'],
    ["too many parts", `${"--b\r\n\r\none\r\n".repeat(9)}--b--`, undefined],
  ] as const)
    test(`that has ${what} cannot be read`, () => assert.equal(parts(content, type), undefined));
});

describe("Refer-To", () => {
  test("keeps the name of whom it names", () => {
    assert.equal(parseReferTo('"Bob" <sip:bob@example.com>')?.name, "Bob");
    assert.equal(parseReferTo("<sip:bob@example.com>")?.name, undefined);
  });
});
