import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Command } from "../../native-host/src/api/command.ts";
import { readRequest } from "../../native-host/src/api/xml.ts";
import { badDocuments } from "./documents.ts";

/** The command a document means; fails when it is refused. */
function command(text: string): Command {
  const incoming = readRequest(text);
  if ("refusal" in incoming) throw incoming.refusal;
  return incoming.request.command;
}

/** The code a document is refused with. */
function refusal(text: string): string {
  const incoming = readRequest(text);
  assert.ok("refusal" in incoming, `${text} was not refused`);
  return incoming.refusal.code;
}

describe("The commands", () => {
  test("reads the paper's ExternalJoin, Join and SameDeviceJoin as they stand there, quoted", () => {
    assert.deepEqual(command('<ExternalJoin id="sip:arup@research.ibm.com"/>'), {
      name: "ExternalJoin",
      mode: "auto",
      target: "sip:arup@research.ibm.com",
    });
    assert.deepEqual(
      command('<Join id="sip:bob@example.com"><Use dev="sip:desk-4711@pbx.example.com"/></Join>'),
      {
        name: "Join",
        device: "sip:desk-4711@pbx.example.com",
        mode: "auto",
        target: "sip:bob@example.com",
      },
    );
    assert.deepEqual(command('<SameDeviceJoin id="sip:conf2@conf.example.com"/>'), {
      name: "SameDeviceJoin",
      fallback: "external",
      target: "sip:conf2@conf.example.com",
    });
  });

  test("refuses the paper's notation without quotes, and says where", () => {
    const incoming = readRequest("<ExternalJoin id=sip:arup@research.ibm.com/>");
    assert.ok("refusal" in incoming);
    assert.equal(incoming.refusal.code, "bad-xml");
    assert.match(incoming.refusal.message, /line 1, column 18: attribute value must be quoted/);
  });

  /** What is wrong with a document where that is not simply `bad-request`. */
  const codes: Readonly<Record<string, string>> = {
    '<Join id="http://x"><Use dev="soft"/></Join>': "bad-uri",
    '<Join id="sip:a b"/>': "bad-uri",
    '<Remove><User id="films"/></Remove>': "bad-uri",
    '<Teleport id="sip:a@b"/>': "unknown-command",
    "<Event><Ping/></Event>": "unknown-command",
  };
  for (const document of badDocuments) {
    test(`refuses ${document}`, () => assert.equal(refusal(document), codes[document] ?? "bad-request"));
  }

  test("knows each of those that are refused for more than their form", () => {
    assert.deepEqual(
      Object.keys(codes).filter((document) => !badDocuments.includes(document)),
      [],
    );
  });

  test("ignores attributes and elements of later versions", () => {
    const later =
      '<Join xmlns="urn:partyline:api:1" req="1" id="sip:comedies@home" quality="hd"><Use dev="soft" since="2"/><x:Video xmlns:x="urn:partyline:api:2"/></Join>';
    assert.deepEqual(command(later), {
      name: "Join",
      device: "soft",
      mode: "auto",
      target: "sip:comedies@home",
    });
  });

  test("takes a command by its namespace, whatever its prefix", () => {
    assert.deepEqual(command('<p:Ping xmlns:p="urn:partyline:api:1" req="1"/>'), { name: "Ping" });
    assert.equal(refusal('<Ping xmlns="urn:somebody:else" req="1"/>'), "unknown-command");
  });

  test("ignores an element of the paper's name in a foreign namespace", () => {
    const { name, ...rest } = command('<Join id="sip:comedies@home"><Use xmlns="urn:x" dev="soft"/></Join>');
    assert.deepEqual([name, "device" in rest], ["Join", false]);
  });

  test("reads every attribute of the rest", () => {
    assert.deepEqual(command('<Hello req="h" versions="1 2" client="popup"/>'), {
      name: "Hello",
      versions: [1, 2],
      client: "popup",
    });
    assert.deepEqual(command('<Leave call="c7" hangup="false"/>'), {
      name: "Leave",
      call: "c7",
      all: false,
      hangup: false,
    });
    assert.deepEqual(command('<Choose prompt="p1" dev="desk" remember="origin"/>'), {
      name: "Choose",
      prompt: "p1",
      device: "desk",
      cancel: false,
      remember: "origin",
    });
    assert.deepEqual(command('<Subscribe to="roster" id="SIP:films@home;transport=udp"/>'), {
      name: "Subscribe",
      topic: "roster",
      id: "sip:films@home;transport=udp",
    });
    assert.deepEqual(command('<Dtmf digits="12,#" duration="200" call="c7"/>'), {
      name: "Dtmf",
      digits: "12,#",
      durationMs: 200,
      call: "c7",
    });
    assert.deepEqual(command('<Invite call="c7"><Add id="sip:edie@home" display="Edie"/></Invite>'), {
      name: "Invite",
      invitees: [{ id: "sip:edie@home", display: "Edie" }],
      call: "c7",
    });
    assert.deepEqual(command('<Decline call="c8"/>'), { name: "Decline", call: "c8", code: 603 });
    assert.deepEqual(
      command('<Tunnel channel="t1"><Data type="text/plain; charset=utf-8">hi</Data></Tunnel>'),
      {
        name: "Tunnel",
        plugin: "sip",
        close: false,
        channel: "t1",
        data: { type: "text/plain; charset=utf-8", body: Buffer.from("hi") },
      },
    );
    assert.deepEqual(command('<Tunnel><Data encoding="base64">AP8=</Data></Tunnel>'), {
      name: "Tunnel",
      plugin: "sip",
      close: false,
      data: { type: "message/sipfrag", body: Buffer.from([0, 255]) },
    });
    assert.deepEqual(command('<WebPhone dev="web-0123abcd" name="Firefox"/>'), {
      name: "WebPhone",
      dev: "web-0123abcd",
      label: "Firefox",
    });
    assert.deepEqual(
      command('<WebOffer dev="web-0123abcd" session="w1"><Sdp>v=0&#13;&#10;</Sdp></WebOffer>'),
      {
        name: "WebOffer",
        dev: "web-0123abcd",
        session: "w1",
        sdp: "v=0\r\n",
      },
    );
    assert.deepEqual(
      command(
        '<WebOffer dev="web-0123abcd" session="w1"><Error code="device-refused" detail="no"/></WebOffer>',
      ),
      {
        name: "WebOffer",
        dev: "web-0123abcd",
        session: "w1",
        error: { code: "device-refused", detail: "no" },
      },
    );
  });

  const malformed: readonly string[] = [
    '<Ping req="white space"/>',
    `<Ping req="${"r".repeat(65)}"/>`,
    '<Ping timeout="0"/>',
    '<Ping timeout="soon"/>',
    "<Ping><Pong/></Ping>",
    '<Hello versions="one"/>',
    "<Hello/>",
    '<Leave call="c 7"/>',
    '<Leave all="perhaps"/>',
    '<Choose prompt="p1"/>',
    '<Choose prompt="p1" dev="desk" cancel="true"/>',
    '<Subscribe to="weather"/>',
    '<WebPhone dev="soft"/>',
    '<WebOffer dev="web-0123abcd" session="w1"/>',
    '<WebOffer dev="web-0123abcd" session="w1"><Error code="on-fire"/></WebOffer>',
    `<Join id="sip:a@b" display="${"x".repeat(257)}"/>`,
    '<Join id="sip:a@b" origin="nowhere"/>',
    '<Join id="sip:a@b"><Use dev=""/></Join>',
    '<Answer dev="soft"/>',
    '<Decline call="c8" code="200"/>',
    '<Decline call="c8" code="700"/>',
    '<Dtmf digits=""/>',
    `<Dtmf digits="${"1".repeat(65)}"/>`,
    '<Dtmf digits="1" duration="8001"/>',
    "<Remove/>",
    `<Invite>${'<Add id="sip:a@b"/>'.repeat(65)}</Invite>`,
    '<Invite><User id="sip:a@b"/></Invite>',
    '<Tunnel><Data encoding="base64">no!</Data></Tunnel>',
    '<Tunnel><Data encoding="utf-7"/></Tunnel>',
    "<Tunnel><Data/><Data/></Tunnel>",
    '<Subscribe to="calls" since="-1"/>',
    "<Unsubscribe/>",
    "<Test/>",
    '<Mute user="sip:a@b" call="c 7"/>',
  ];
  for (const document of malformed) {
    test(`calls ${document.slice(0, 60)} malformed`, () => assert.equal(refusal(document), "bad-request"));
  }

  const uris: readonly string[] = [
    "tel:",
    "tel:+",
    "tel:+1;;",
    "tel:+1?Subject=free",
    "tel:+1&#13;&#10;Evil: 1",
    "tel:alice",
    "sip:",
    "sip:@",
    "sip:a@b?Subject=free",
    "sip:a@b;method=REFER",
    "sip:a@b;METHOD=BYE",
    "sip:a&#13;&#10;Evil: 1@b",
    "javascript:alert(1)",
    `sip:${"a".repeat(1024)}@b`,
    "sip:a@b:99999",
    " sip:a@b",
  ];
  for (const uri of uris) {
    test(`does not call ${uri.slice(0, 40)}`, () =>
      assert.equal(refusal(`<ExternalJoin id="${uri}"/>`), "bad-uri"));
  }

  test("reads telephone numbers, global and local; who places the call knows what they mean", () => {
    for (const number of ["tel:+12125550100", "tel:7042;phone-context=example.com", "TEL:+1-212-555-0100"]) {
      const read = command(`<ExternalJoin id="${number}"/>`);
      assert.equal("target" in read && read.target, number.replace("TEL", "tel"));
    }
  });

  test("calls a user with a question mark in the name, which RFC 3261 allows", () => {
    assert.equal(command('<ExternalJoin id="sip:who?@home"/>').name, "ExternalJoin");
  });

  test("cuts a timeout to three minutes", () => {
    const incoming = readRequest('<Ping req="1" timeout="999999"/>');
    assert.ok("request" in incoming);
    assert.equal(incoming.request.timeoutMs, 180_000);
  });
});
