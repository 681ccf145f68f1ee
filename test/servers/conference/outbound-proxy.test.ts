/** The focus calls people by way of a proxy, and shows that its password when it is asked. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { authHeader } from "#sip/credentials.ts";
import { ha1Of } from "#sip/digest.ts";
import { DigestServer } from "#sip/digest-server.ts";
import type { IncomingInvite } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { userLine } from "#sip/user-line.ts";
import { openProxy } from "../../../servers/proxy/proxy.ts";
import { parseUsers } from "../../../servers/users.ts";
import { ConferenceCast, offerFrom } from "../../support/conference-cast.ts";

const HOST = "127.0.0.1";
const SECRET = { username: "focus", realm: "community.test", password: "blue whale" };
const BOB: SipUri = "sip:bob@elsewhere.test";

const stack: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of stack.splice(0).reverse()) await one.close();
});

/** Alice is in films, on a server that calls people by this proxy. */
async function filmsBy(outboundProxy: SipUri, password = SECRET.password) {
  const ha1s = { "SHA-256": ha1Of("SHA-256", { ...SECRET, password }) };
  const { username, realm } = SECRET;
  const cast = await ConferenceCast.open({ outboundProxy, credentials: [{ username, realm, ha1s }] });
  stack.push(cast);
  const alice = await cast.person("alice");
  const inFilms = await alice.joins("films", { handlers: {} });
  return { cast, inFilms };
}

/** A gateway that puts through whoever shows the password, and what was said to it. */
async function gateway() {
  const server = new DigestServer({
    realm: SECRET.realm,
    hashes: ["SHA-256"],
    ha1: (username, hash) => (username === SECRET.username ? ha1Of(hash, SECRET) : undefined),
  });
  const verdicts: string[] = [];
  const onInvite = (invite: IncomingInvite) => {
    const { method, uri, content: body } = invite.request;
    const verdict = server.verify(authHeader(invite.request, "proxy-authorization"), { method, uri, body });
    verdicts.push(`${uri} ${verdict.name}`);
    if (verdict.name === "right") invite.accept(offerFrom(40_000));
    else invite.reject(407, undefined, { "proxy-authenticate": server.challenges().join(", ") });
  };
  const agent = await UserAgent.open({ host: HOST, port: 0, name: "gateway", identity: {}, onInvite });
  stack.push(agent);
  return { agent, verdicts };
}

describe("A conference server with an outbound proxy", () => {
  test("calls people by it and shows its password when it is asked", async () => {
    const { agent, verdicts } = await gateway();
    const { cast, inFilms } = await filmsBy(agent.address);

    assert.equal(await inFilms.refer(BOB), 200);

    assert.deepEqual(verdicts, [`${BOB} missing`, `${BOB} right`]);
    assert.equal(cast.count("films"), 2);
  });

  test("does not come through with a wrong password, and leaves nothing behind", async () => {
    const { agent, verdicts } = await gateway();
    const { cast, inFilms } = await filmsBy(agent.address, "grey whale");

    assert.equal(await inFilms.refer(BOB), 407);

    assert.deepEqual(verdicts, [`${BOB} missing`, `${BOB} wrong`]);
    assert.equal(cast.count("films"), 1);
  });

  test("reaches phones by way of our proxy with users, and the mixer without it", async () => {
    const users = parseUsers(userLine(SECRET.username, SECRET.realm, SECRET.password, ["SHA-256"]) ?? "");
    const proxy = await openProxy({ host: HOST, port: 0, users });
    stack.push(proxy);
    const { cast, inFilms } = await filmsBy(proxy.address);
    const bob = await cast.person("bob");
    cast.ladder.clear();

    assert.equal(await inFilms.refer(bob.address), 200);

    assert.deepEqual(
      bob.invites.map(({ request }) => request.headers.via.length),
      [2],
    );
    assert.deepEqual(cast.ladder.steps("conference -> mixer: INVITE").length, 2);
  });
});
