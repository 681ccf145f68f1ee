/** A conference server that refuses or is silent, as Kamailio takes it: who does not hold the conference is passed over, who holds it is not. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { after, before, describe, test } from "node:test";
import type { IncomingInvite } from "#sip/leg.ts";
import { textHeader } from "#sip/message.ts";
import { SipError } from "#sip/sip-error.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { answerAt, offerAt } from "../support/descriptions.ts";
import { KamailioSite } from "../support/kamailio-site.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const SERVERS = ["127.0.0.2", "127.0.0.3", "127.0.0.4"] as const;
/** Kamailio asks every two seconds, waits three, and gives up a server that twice said nothing. */
const QUESTIONS = 5;
/** How long Kamailio waits for a silent server in a call. */
const SILENCE_MS = 2_500;
type Host = (typeof SERVERS)[number];

/** A server that says what it is told to say. */
interface Scripted {
  readonly host: Host;
  readonly agent: UserAgent;
}

describe("Of three servers behind Kamailio", () => {
  const servers: Scripted[] = [];
  /** The words of the 503 that each says; it accepts without. */
  const refusals = new Map<Host, string>();
  let asked: Host[] = [];
  let site: KamailioSite;
  let phone: UserAgent;

  before(async () => {
    for (const host of SERVERS) servers.push({ host, agent: await serverAt(host) });
    site = await KamailioSite.facing(servers.map(({ host, agent }) => ({ host, port: agent.port })));
    phone = await UserAgent.open({
      host: HOST,
      port: 0,
      name: "phone",
      identity: {},
      outboundProxy: site.proxy(),
    });
  });
  after(async () => {
    await phone.close();
    await site.stop();
    await Promise.all(servers.map(({ agent }) => agent.close()));
  });

  function serverAt(host: Host): Promise<UserAgent> {
    const onInvite = (invite: IncomingInvite) => {
      asked.push(host);
      const words = refusals.get(host);
      if (words === undefined) invite.accept(answerAt(5000, invite.offer ?? ""));
      else invite.reject(503, words, { "retry-after": "10" });
    };
    return UserAgent.open({ host, port: 0, name: "server", identity: {}, onInvite });
  }

  /** Calls the conference and hangs up; who was asked, in turn. */
  async function calls(room: string): Promise<Host[]> {
    asked = [];
    const { leg } = await phone.invite(site.room(room), { offer: offerAt(4000) });
    await leg.bye();
    return asked;
  }

  for (const words of ["Server Full", "No Mixer", "Draining"]) {
    test(`one that says 503 ${words} is passed over for the next, also where the conference was before`, async () => {
      const room = `refused-${words.replace(" ", "-")}`;
      refusals.clear();
      const [first = assert.fail("nobody was asked")] = await calls(room);
      refusals.set(first, words);

      const [again, second = assert.fail("nobody else was asked"), ...others] = await calls(room);
      assert.equal(again, first);
      assert.deepEqual(others, []);

      assert.deepEqual(await calls(room), [second]);
      refusals.clear();
      refusals.set(second, words);
      assert.deepEqual(await calls(room), [second, first]);
    });
  }

  test("all three may be tried, and when all refuse the caller is told the last one's words, and not to leave Kamailio", async () => {
    refusals.clear();
    for (const host of SERVERS) refusals.set(host, "Server Full");
    await assert.rejects(calls("unlucky"), (cause) => {
      assert.ok(cause instanceof SipError);
      assert.deepEqual([cause.status, cause.reason], [500, "Server Full"]);
      return true;
    });
    assert.deepEqual(asked.toSorted(), [...SERVERS]);
  });

  test("one that holds the conference and has no place is believed: nobody else is asked", async () => {
    refusals.clear();
    const [first = assert.fail("nobody was asked")] = await calls("popular");
    refusals.set(first, "The Conference Is Full");
    await assert.rejects(calls("popular"), (cause) => {
      assert.ok(cause instanceof SipError);
      assert.deepEqual([cause.status, cause.reason], [500, "The Conference Is Full"]);
      assert.equal(cause.response && textHeader(cause.response, "retry-after"), "10");
      return true;
    });
    assert.deepEqual(asked, [first]);
  });

  test("one that answers no OPTIONS is asked for no conference: nobody has to wait for it", async () => {
    refusals.clear();
    const [first = assert.fail("nobody was asked")] = await calls("health");
    const { agent } = servers.find(({ host }) => host === first) ?? assert.fail("no server");
    const { port } = agent;
    await agent.close();
    const heard: string[] = [];
    const mute = createSocket("udp4").on("message", (bytes) => heard.push(bytes.toString()));
    mute.bind(port, first);
    await until(() => questions(heard) >= QUESTIONS, `${QUESTIONS} questions`, 30_000);

    // A name that leads there: nobody has remembered it.
    const startedAt = performance.now();
    for (let at = 0; at < 12; at += 1) assert.notEqual((await calls(`later-${at}`))[0], first);
    assert.notEqual((await calls("health"))[0], first);

    assert.ok(performance.now() - startedAt < SILENCE_MS, "nobody waited for the silent one");
    assert.deepEqual(
      heard.filter((text) => !text.startsWith("OPTIONS ")),
      [],
    );
    mute.close();
  });

  test("when none of them lives the caller is told so and when to call again, and Kamailio goes on with all else", async () => {
    await Promise.all(servers.map(({ agent }) => agent.close()));
    const failed = async () => {
      const cause: unknown = await calls("nobody").then(
        () => undefined,
        (error: unknown) => error,
      );
      assert.ok(cause instanceof SipError);
      assert.equal(cause.response && textHeader(cause.response, "retry-after"), "10");
      return [cause.status, cause.reason];
    };

    assert.deepEqual(await failed(), [500, "No Conference Server"]);
    assert.deepEqual(await failed(), [500, "No Conference Server"]);
    assert.equal((await phone.request("OPTIONS", site.proxy())).status, 200);
  });
});

/** How many OPTIONS came, each as often as it may have been sent. */
function questions(heard: readonly string[]): number {
  return new Set(heard.map((text) => /^call-id: *(\S+)/im.exec(text)?.[1])).size;
}
