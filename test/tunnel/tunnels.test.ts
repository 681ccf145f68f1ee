import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { makeAnswer } from "#sdp/offer-answer.ts";
import type { IncomingSubscribe } from "#sip/incoming-subscribe.ts";
import type { IncomingInvite, Leg } from "#sip/leg.ts";
import type { Notifier } from "#sip/notify.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import type { XmlElement } from "#xml/strict.ts";
import { type ApiClient, Daemon } from "../support/daemon.ts";

const HOST = "127.0.0.1";
const BUSY_LAMP = new URL("../../docs/plug-ins/busy-lamp.ts", import.meta.url).pathname;

let open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(open.map((close) => close()));
  open = [];
});

async function phone(name: string, owner: Partial<UserAgentOptions>): Promise<UserAgent> {
  const agent = await UserAgent.open({ host: HOST, port: 0, name, identity: {}, ...owner });
  open.push(() => agent.close());
  return agent;
}

async function service(plugins: readonly object[], config: object = {}): Promise<ApiClient> {
  const daemon = await Daemon.start({ name: "alice", config: { plugins, ...config } });
  open.push(() => daemon.stop());
  return daemon.connect();
}

/** What a tunnel said with these words in it, or the next that it says. */
async function said(client: ApiClient, words: string): Promise<string> {
  const text = (body: XmlElement) => (body.name === "Tunnel" ? (body.children[0]?.text ?? "") : "");
  const fits = (body: XmlElement) => text(body).includes(words);
  return text(client.events.find(fits) ?? (await client.next(fits)));
}

const data = (text: string) => `<Data>${text}</Data>`;

describe("A tunnel", () => {
  test("is off until the configuration names the plug-in", async () => {
    const client = await service([]);

    const refused = await client.ask("Tunnel", { plugin: "sip" }, data("OPTIONS sip:bob@127.0.0.1 SIP/2.0"));

    assert.equal(refused.children[0]?.attributes["code"], "tunnel-denied");
    client.close();
  });

  test("carries a request to a known host, and its answer back", async () => {
    const bob = await phone("bob", { onMessage: (message) => message.accept() });
    const client = await service([{ name: "sip", rights: ["request"] }]);

    const opened = await client.ask(
      "Tunnel",
      { plugin: "sip" },
      data(`MESSAGE sip:bob@${HOST}:${bob.port} SIP/2.0\nContent-Type: text/plain\n\nhello`),
    );

    assert.equal(opened.attributes["status"], "ok");
    assert.match(await said(client, "SIP/2.0"), /^SIP\/2\.0 200 OK/);
    client.close();
  });

  test("inside a call speaks in its dialog, and hears what the far end says there", async () => {
    const heard = Promise.withResolvers<string>();
    const calls: Leg[] = [];
    const media = { address: HOST, port: 40_000, codecs: ["PCMU"], telephoneEvent: true } as const;
    const answers = (invite: IncomingInvite) => {
      const leg = invite.accept(makeAnswer(invite.offer ?? "", media) ?? "");
      leg.handlers = {
        onMessage: (message) => {
          heard.resolve(message.request.content);
          message.accept();
        },
      };
      calls.push(leg);
    };
    const desk = await phone("desk", { onInvite: answers });
    const bob = await phone("bob", { onInvite: answers });
    const devices = [{ kind: "sip", id: "desk", uri: `sip:desk@${HOST}:${desk.port}`, anchor: true }];
    const client = await service([{ name: "sip", rights: ["request"] }], { devices });
    const id = `sip:bob@${HOST}:${bob.port}`;
    const { attributes } = await client.tell("Join", { id }, '<Use dev="desk"/>');
    const { call = "" } = attributes;

    await client.tell(
      "Tunnel",
      { plugin: "sip", call },
      data(`MESSAGE ${id} SIP/2.0\nContent-Type: text/plain\n\nhello bob`),
    );
    assert.equal(await heard.promise, "hello bob");
    assert.match(await said(client, "SIP/2.0"), /^SIP\/2\.0 200 OK/);
    const [, farEnd = assert.fail("bob was not called")] = calls;
    const { status } = await farEnd.request("MESSAGE", { type: "text/plain", content: "hello alice" });

    assert.equal(status, 200);
    assert.match(await said(client, "hello alice"), /^MESSAGE /);
    client.close();
  });

  test("that was opened by a command that failed is closed again", async () => {
    const client = await service([{ name: "sip", rights: ["request"] }]);
    for (let time = 0; time < 17; time++) {
      const refused = await client.ask("Tunnel", { plugin: "sip" }, data("no request at all"));
      assert.equal(refused.children[0]?.attributes["code"], "bad-request");
    }
    client.close();
  });

  test("goes nowhere else without the right to, and never makes a call", async () => {
    const client = await service([{ name: "sip", rights: ["request"] }]);
    const opened = await client.ask(
      "Tunnel",
      { plugin: "sip" },
      data("OPTIONS sip:bob@localhost:5999 SIP/2.0"),
    );
    const { channel = "" } = opened.attributes;

    assert.match(await said(client, "SIP/2.0 403"), /may not send SIP/);
    const invite = await client.ask("Tunnel", { channel }, data(`INVITE sip:bob@${HOST} SIP/2.0`));
    assert.equal(invite.children[0]?.attributes["code"], "tunnel-denied");
    const route = await client.ask(
      "Tunnel",
      { channel },
      data(`OPTIONS sip:b@${HOST} SIP/2.0\nRoute: &lt;sip:x>`),
    );
    assert.equal(route.children[0]?.attributes["code"], "bad-request");
    client.close();
  });

  test("to a plug-in nobody configured is refused, and a channel is its client's alone", async () => {
    const client = await service([{ name: "sip", rights: ["request"] }]);

    const unknown = await client.ask("Tunnel", { plugin: "fax" });
    const foreign = await client.ask("Tunnel", { channel: "t7", close: "true" });

    assert.equal(unknown.children[0]?.attributes["code"], "no-such-plugin");
    assert.equal(foreign.children[0]?.attributes["code"], "bad-request");
    client.close();
  });

  test("shows who is busy: the busy-lamp field of the docs", async () => {
    const watched = Promise.withResolvers<{ subscribe: IncomingSubscribe; notifier: Notifier }>();
    const over = Promise.withResolvers<string>();
    const bob = await phone("bob", {
      onSubscribe: (subscribe) => {
        const onEnded = (reason: string) => over.resolve(reason);
        watched.resolve({ subscribe, notifier: subscribe.accept({ onRefresh: () => undefined, onEnded }) });
      },
    });
    const address = `sip:bob@${HOST}:${bob.port}`;
    const client = await service([
      { name: "busy-lamp", module: BUSY_LAMP, rights: ["subscribe", "transport"] },
    ]);

    const opened = await client.ask("Tunnel", { plugin: "busy-lamp" }, data(address));
    const { notifier } = await watched.promise;
    const tell = (state: string, kind = "partial") =>
      notifier.notify("application/dialog-info+xml", dialogInfo(state, kind));

    await tell("terminated", "full");
    assert.equal(await said(client, "idle"), `${address} idle`);
    await tell("early");
    assert.equal(await said(client, "ringing"), `${address} ringing`);
    await tell("confirmed");
    assert.equal(await said(client, "busy"), `${address} busy`);
    await client.tell("Tunnel", { channel: opened.attributes["channel"] ?? "", close: "true" });
    await over.promise;
    client.close();
  });
});

function dialogInfo(state: string, kind: string): string {
  return `<?xml version="1.0"?><dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="1" state="${kind}" entity="sip:bob@${HOST}"><dialog id="d1"><state>${state}</state></dialog></dialog-info>`;
}
