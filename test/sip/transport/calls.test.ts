import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SipMessage, SipUri, Transport } from "../../../native-host/src/sip/message.ts";
import type { StackOptions } from "../../../native-host/src/sip/stack.ts";
import { UserAgent, type UserAgentOptions } from "../../../native-host/src/sip/user-agent.ts";
import { ca, certified } from "../../support/certificates.ts";
import { answerAt, offerAt } from "../../support/descriptions.ts";

interface Way {
  readonly protocol: Transport;
  /** Bob's address as alice says it. */
  target(bob: UserAgent, host: string): SipUri;
}

const WAYS: readonly Way[] = [
  { protocol: "UDP", target: (bob, host) => `sip:bob@${host}:${bob.port}` },
  { protocol: "TCP", target: (bob, host) => `sip:bob@${host}:${bob.port};transport=tcp` },
  { protocol: "TLS", target: (bob, host) => `sips:bob@${host}:${bob.ports.tls}` },
  { protocol: "TLS", target: (bob, host) => `sip:bob@${host}:${bob.ports.tls};transport=tls` },
  { protocol: "WS", target: (bob, host) => `sip:bob@${host}:${bob.ports.ws};transport=ws` },
  { protocol: "WSS", target: (bob, host) => `sips:bob@${host}:${bob.ports.wss};transport=ws` },
  { protocol: "WSS", target: (bob, host) => `sip:bob@${host}:${bob.ports.wss};transport=wss` },
];

/** Takes every call, on every transport. */
async function bobAt(host: string, options: Partial<UserAgentOptions> = {}): Promise<UserAgent> {
  return await UserAgent.open({
    host,
    port: 0,
    name: "bob",
    identity: { uri: "sip:bob@example.test" },
    tls: certified("localhost"),
    ws: { port: 0 },
    wss: { port: 0 },
    onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? "")),
    ...options,
  });
}

/** Cannot be reached by TLS and WebSocket but over what she opens. */
async function aliceAt(host: string, options: Partial<UserAgentOptions> = {}): Promise<UserAgent> {
  return await UserAgent.open({ host, port: 0, name: "alice", identity: {}, ca, ...options });
}

/** Notes requests as they come in: `BYE TLS`. */
function noting(into: string[]): NonNullable<StackOptions["onTrace"]> {
  return (direction, message: SipMessage, { protocol }) => {
    if (direction === "in" && "method" in message) into.push(`${message.method} ${protocol}`);
  };
}

const HOSTS = [
  ["127.0.0.1", "127.0.0.1"],
  ["::1", "[::1]"],
] as const;

for (const [host, written] of HOSTS) {
  describe(`alice and bob on ${written}`, () => {
    for (const { protocol, target } of WAYS) {
      const example = target({ port: 1, ports: { tls: 2, ws: 3, wss: 4 } } as UserAgent, written);

      test(`call each other at ${example}, and alice hangs up`, async () => {
        const heard: string[] = [];
        const bob = await bobAt(host, { onTrace: noting(heard) });
        const alice = await aliceAt(host);

        const { leg } = await alice.invite(target(bob, written), { offer: offerAt(4000) });
        await leg.bye();
        await Promise.all([alice.close(), bob.close()]);

        assert.deepEqual(
          heard,
          ["INVITE", "ACK", "BYE"].map((method) => `${method} ${protocol}`),
        );
      });

      test(`call each other at ${example}, and bob hangs up`, async () => {
        const heard: string[] = [];
        const bob = await bobAt(host);
        const alice = await aliceAt(host, { onTrace: noting(heard) });
        const ended = Promise.withResolvers<unknown>();

        const { leg } = await alice.invite(target(bob, written), { offer: offerAt(4000) });
        leg.handlers = { onEnded: ended.resolve };
        for (const other of bob.legs()) await other.bye();
        await ended.promise;
        await Promise.all([alice.close(), bob.close()]);

        assert.deepEqual(heard, [`BYE ${protocol}`]);
      });
    }
  });
}
