/** Servers that ask alice for her password, and what she shows them. */
import assert from "node:assert/strict";
import { type HashName, ha1Of } from "#sip/digest.ts";
import { DigestServer } from "#sip/digest-server.ts";
import type { SipRequest, SipUri } from "#sip/message.ts";
import type { UserAgentOptions } from "#sip/user-agent.ts";
import { offerAt, settled } from "./descriptions.ts";
import { FakeNet, type Scripted } from "./fake-stack.ts";

export const secret = { username: "alice", realm: "home", password: "blue whale" };

export const keeper = (realm = "home") =>
  new DigestServer({
    realm,
    hashes: ["SHA-256", "MD5"],
    ha1: (username: string, hash: HashName) =>
      username === "alice" ? ha1Of(hash, { ...secret, realm }) : undefined,
  });

/** What the server thinks of the credentials in a request that came to it. */
export function verdict(
  server: DigestServer,
  request: SipRequest | undefined,
  name = "proxy-authorization",
): string {
  assert.ok(request);
  const text = request.headers[name];
  const signed = { method: request.method, uri: request.uri, body: request.content };
  return server.verify(typeof text === "string" ? text : undefined, signed).name;
}

export const asks = (server: DigestServer, stale = false) => ({
  headers: { "proxy-authenticate": server.challenges(stale).join(", ") },
});

export async function alicesAgent(net: FakeNet, options: Partial<UserAgentOptions> = {}) {
  return net.agent("alice", { outboundProxy: "sip:proxy", credentials: [secret], ...options });
}

/** Calls bob and lets the proxy answer by hand. */
export async function call(options: Partial<UserAgentOptions> = {}, target: SipUri = "sip:bob@away") {
  const net = new FakeNet();
  const proxy = net.scripted("proxy");
  const alice = await alicesAgent(net, options);
  const called = alice.invite(target, { offer: offerAt(4000) });
  const refused = called.then(
    () => undefined,
    (error: unknown) => error,
  );
  await settled();
  return { net, proxy, refused };
}

export const cseqs = ({ requests }: Scripted) => requests.map(({ headers }) => headers.cseq.seq);
