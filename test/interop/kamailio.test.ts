import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { Leg } from "#sip/leg.ts";
import type { SipMessage } from "#sip/message.ts";
import type { RegisterOptions, Registration } from "#sip/register.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import { answerAt, offerAt } from "../support/descriptions.ts";
import { Kamailio } from "../support/kamailio.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const REALM = "community.test";
const PASSWORDS = { alice: "blue whale", bob: "grey seal" } as const;
type User = keyof typeof PASSWORDS;

const certificate = (name: string) =>
  readFile(new URL(`../support/certificates/${name}.pem`, import.meta.url), "utf8");
const key = (name: string) =>
  readFile(new URL(`../support/certificates/${name}.key`, import.meta.url), "utf8");

/** One user's phone: its agent, what it sent and heard, and its account. */
class Phone {
  readonly seen: string[] = [];
  readonly agent: UserAgent;
  readonly registration: Registration;
  readonly legs: Leg[] = [];
  readonly ended: string[] = [];

  private constructor(agent: UserAgent, account: RegisterOptions, seen: string[]) {
    this.agent = agent;
    this.seen = seen;
    this.registration = agent.register(account);
  }

  static async open(kamailio: Kamailio, transport: "udp" | "tcp" | "tls", user: User, password?: string) {
    const seen: string[] = [];
    const phone: { current?: Phone } = {};
    const options: UserAgentOptions = {
      host: HOST,
      port: 0,
      name: user,
      identity: { uri: kamailio.user(user) },
      ca: await certificate("ca"),
      tls: { certificate: await certificate("localhost"), key: await key("localhost") },
      onTrace: (direction, message) => seen.push(`${direction} ${summary(message)}`),
      onInvite: (invite) => {
        invite.ring();
        const leg = invite.accept(answerAt(5000, invite.offer ?? ""));
        leg.handlers = {
          onOffer: (offer) => answerAt(5000, offer),
          onEnded: (reason) => phone.current?.ended.push(reason),
        };
        phone.current?.legs.push(leg);
      },
    };
    const agent = await UserAgent.open(options);
    phone.current = new Phone(
      agent,
      {
        aor: kamailio.user(user),
        outboundProxy: kamailio.uri(transport),
        secret: { username: user, realm: REALM, password: password ?? PASSWORDS[user] },
      },
      seen,
    );
    return phone.current;
  }

  async registered(): Promise<void> {
    await until(() => this.registration.state !== "registering", "the registrar answers");
    assert.equal(this.registration.state, "registered", JSON.stringify(this.registration.failure));
  }
}

/** `INVITE`, `200 INVITE`, with a star when it has credentials. */
function summary(message: SipMessage): string {
  const { cseq, authorization, "proxy-authorization": proxy } = message.headers;
  const shown = authorization !== undefined || proxy !== undefined ? "*" : "";
  const via = message.headers.via[0]?.protocol ?? "";
  return "method" in message ? `${message.method}${shown} ${via}` : `${message.status} ${cseq.method}`;
}

for (const hash of ["MD5", "SHA-256"] as const) {
  describe(`With Kamailio as registrar and proxy, by ${hash},`, () => {
    let kamailio: Kamailio;

    before(async () => {
      kamailio = await Kamailio.start({ realm: REALM, users: PASSWORDS, hash });
    });
    after(() => kamailio.stop());

    for (const transport of ["udp", "tcp", "tls"] as const) {
      test(`alice calls bob over ${transport.toUpperCase()}, both with their passwords`, async () => {
        const [alice, bob] = await Promise.all([
          Phone.open(kamailio, transport, "alice"),
          Phone.open(kamailio, transport, "bob"),
        ]);
        try {
          await Promise.all([alice.registered(), bob.registered()]);

          const { leg, answer } = await alice.agent.invite(kamailio.user("bob"), { offer: offerAt(4000) });
          await leg.offer(offerAt(4002));
          await leg.bye();
          await until(() => bob.ended.length > 0, "bob hears the BYE");

          assert.equal(readAudio(answer)?.port, 5000);
          assert.deepEqual(bob.ended, ["BYE"]);
          const via = transport.toUpperCase();
          const calls = alice.seen.filter((line) => /INVITE|ACK/.test(line) && !/ 1\d\d /.test(line));
          assert.deepEqual(calls.slice(0, 5), [
            `out INVITE ${via}`,
            "in 407 INVITE",
            `out ACK ${via}`,
            `out INVITE* ${via}`,
            "in 200 INVITE",
          ]);
          assert.ok(calls.includes(`out ACK* ${via}`), "the ACK shows the password of its INVITE");
          assert.ok(bob.seen.includes(`in INVITE ${via}`), "Kamailio keeps the password to itself");
        } finally {
          await Promise.all([alice.agent.close(), bob.agent.close()]);
        }
        assert.ok(alice.seen.filter((line) => line.startsWith("in 200 REGISTER")).length >= 2, "signed off");
      });
    }

    test("alice is told that her password is wrong", async () => {
      const alice = await Phone.open(kamailio, "udp", "alice", "blue whale?");

      await until(() => alice.registration.state === "failed", "the registrar refuses");

      assert.deepEqual(alice.registration.failure, { status: 401, reason: "Unauthorized", silent: false });
      await alice.agent.close();
    });
  });
}
