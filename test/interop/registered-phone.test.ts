/** A real baresip and user agents of ours at our proxy, all with their passwords. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { SipMessage } from "#sip/message.ts";
import { textHeader } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { userLine } from "#sip/user-line.ts";
import { openProxy, type ProxyServer } from "../../servers/proxy/proxy.ts";
import { parseUsers } from "../../servers/users.ts";
import { Baresip } from "../support/baresip.ts";
import { answerAt, offerAt } from "../support/descriptions.ts";
import { RtpParty } from "../support/rtp-party.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const REALM = "community.test";
const PASSWORDS = { alice: "blue whale", bob: "grey seal", carol: "porpoise" } as const;
/** baresip 1.0 knows only MD5, and gives up when it is offered more. */
const users = parseUsers(
  [
    userLine("alice", REALM, PASSWORDS.alice),
    userLine("bob", REALM, PASSWORDS.bob, ["SHA-256"]),
    userLine("carol", REALM, PASSWORDS.carol, ["MD5"]),
  ].join("\n"),
);

describe("A proxy with a users file", () => {
  let proxy: ProxyServer;
  let registrar: `${string}:${number}`;
  const seen: { readonly direction: string; readonly message: SipMessage }[] = [];
  const requests = (method: string) =>
    seen.flatMap(({ direction, message }) =>
      direction === "in" && "method" in message && message.method === method ? [message] : [],
    );

  before(async () => {
    proxy = await openProxy({
      host: HOST,
      port: 0,
      users,
      onTrace: (direction, message) => seen.push({ direction, message }),
    });
    registrar = `${HOST}:${Number(proxy.address.split(":").at(-1))}`;
  });
  after(() => proxy.close());

  const agentOf = (name: "alice" | "bob", onInvite?: Parameters<typeof UserAgent.open>[0]["onInvite"]) =>
    UserAgent.open({
      host: HOST,
      port: 0,
      name,
      identity: { uri: `sip:${name}@${registrar}` },
      outboundProxy: proxy.address,
      credentials: [{ username: name, realm: REALM, password: PASSWORDS[name] }],
      ...(onInvite && { onInvite }),
    });

  test("lets baresip register by digest, and alice, who calls it, hears its tone", async () => {
    const carol = await Baresip.start({
      name: "carol",
      hz: 600,
      account: { registrar, password: PASSWORDS.carol },
    });
    const alice = await agentOf("alice");
    const rtp = await RtpParty.open({ hz: 400 });
    try {
      const answered = () => seen.some(({ message }) => "status" in message && message.status === 200);
      await until(answered, "baresip to be registered");
      const shown = requests("REGISTER").map((request) => textHeader(request, "authorization") ?? "");

      const { leg, answer } = await alice.invite(`sip:carol@${registrar}`, { offer: rtp.offer() });
      rtp.talkTo(answer);
      await rtp.hears(600);
      await leg.bye();

      assert.equal(shown[0], "");
      assert.match(shown[1] ?? "", /username="carol".*response="[0-9a-f]{32}"/);
      const called = requests("INVITE").at(-1);
      assert.match((called && textHeader(called, "proxy-authorization")) ?? "", /SHA-256/);
    } finally {
      rtp.close();
      await alice.close();
      await carol.stop();
    }
  });

  for (const transport of ["udp", "tcp"] as const) {
    test(`lets alice call bob over ${transport.toUpperCase()}, each registered with SHA-256`, async () => {
      const ended: string[] = [];
      const alice = await agentOf("alice");
      const bob = await agentOf("bob", (invite) => {
        const leg = invite.accept(answerAt(5000, invite.offer ?? ""));
        leg.handlers = { onEnded: (reason) => ended.push(reason) };
      });
      const registration = bob.register({
        aor: `sip:bob@${registrar}`,
        outboundProxy: `sip:${registrar};transport=${transport}`,
        secret: { username: "bob", realm: REALM, password: PASSWORDS.bob },
      });
      await until(() => registration.state === "registered", "bob to be registered");

      const { leg } = await alice.invite(`sip:bob@${registrar}`, { offer: offerAt(4000) });
      await leg.bye();
      await until(() => ended.length > 0, "bob to hear the BYE");
      await Promise.all([alice.close(), bob.close()]);

      assert.deepEqual(ended, ["BYE"]);
      const last = requests("REGISTER").at(-1);
      assert.equal(last && textHeader(last, "expires"), "0");
    });
  }

  test("tells a stranger nothing but that a password is needed", async () => {
    const mallory = await UserAgent.open({
      host: HOST,
      port: 0,
      name: "mallory",
      identity: { uri: `sip:alice@${registrar}` },
      outboundProxy: proxy.address,
    });

    await assert.rejects(mallory.invite(`sip:carol@${registrar}`, { offer: offerAt(4000) }), { status: 407 });
    const taken = mallory.register({ aor: `sip:alice@${registrar}` });
    await until(() => taken.state === "failed", "mallory to be refused");

    assert.equal(taken.failure?.status, 401);
    await mallory.close();
  });
});
