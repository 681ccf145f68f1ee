import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { answerChallenge, parseChallenges } from "#sip/digest.ts";
import type { Hop, SipRequest } from "#sip/message.ts";
import { userLine } from "#sip/user-line.ts";
import { Gate, type Judgement } from "../../../servers/proxy/gate.ts";
import { parseUsers } from "../../../servers/users.ts";

const REALM = "example.com";
const domain = { host: "192.0.2.70", port: 5070, names: ["example.com"] };
const users = parseUsers(["alice", "bob"].map((name) => userLine(name, REALM, `${name}'s whale`)).join("\n"));
const near: Hop = { protocol: "UDP", address: "127.0.0.1", port: 5060 };
const far: Hop = { protocol: "UDP", address: "198.51.100.9", port: 5060 };

let gate: Gate;
let count: number;

const isNear = (address: string) => address === "127.0.0.1";

beforeEach(() => {
  gate = new Gate({ domain, users, isNear });
  count = 0;
});

interface Words {
  readonly method?: string;
  readonly uri?: string;
  readonly from?: string;
  readonly to?: string;
  readonly tag?: string;
}

function request(words: Words = {}): SipRequest {
  const { method = "REGISTER", uri = "sip:example.com", from = "sip:alice@example.com" } = words;
  const { to = from, tag } = words;
  return {
    method,
    uri,
    headers: {
      via: [],
      from: { uri: from, params: { tag: "1" } },
      to: { uri: to, params: tag === undefined ? {} : { tag } },
      "call-id": "a-call",
      cseq: { seq: 1, method },
    },
    content: "",
  };
}

const invite = (words: Words = {}) =>
  request({ method: "INVITE", uri: "sip:bob@example.com", to: "sip:bob@example.com", ...words });

/** The same request with what its sender answers to the gate's challenge. */
function signed(plain: SipRequest, username = "alice", password = `${username}'s whale`): SipRequest {
  const judged = gate.judge(plain, near);
  assert.ok(judged.name === "refuse");
  const asRegistrar = judged.status === 401;
  const challenges = judged.headers?.[asRegistrar ? "www-authenticate" : "proxy-authenticate"];
  assert.ok(Array.isArray(challenges));
  const [challenge] = parseChallenges(challenges.join(", "));
  assert.ok(challenge);
  count += 1;
  const facts = { method: plain.method, uri: plain.uri, body: plain.content };
  const text = answerChallenge(challenge, { username, realm: REALM, password }, facts, { count });
  return {
    ...plain,
    headers: { ...plain.headers, [asRegistrar ? "authorization" : "proxy-authorization"]: text },
  };
}

const told = (judged: Judgement) => (judged.name === "pass" ? (judged.user ?? "pass") : judged.status);

describe("with a users file", () => {
  test("a phone registers its own user by its password", () => {
    assert.equal(told(gate.judge(request(), near)), 401);
    assert.equal(told(gate.judge(signed(request()), far)), "alice");
  });

  test("nobody registers another user, and nobody with a wrong password", () => {
    assert.equal(told(gate.judge(signed(request(), "bob"), near)), 403);
    assert.equal(told(gate.judge(signed(request(), "alice", "guess"), near)), 401);
    assert.equal(told(gate.judge(signed(request(), "mallory"), near)), 401);
  });

  test("the same REGISTER sent again by somebody else is asked again", () => {
    const heard = signed(request());

    assert.equal(told(gate.judge(heard, near)), "alice");
    const again = gate.judge(heard, far);
    assert.equal(told(again), 401);
    assert.match(String(again.name === "refuse" && again.headers?.["www-authenticate"]), /stale=true/);
  });

  test("who calls as a user of ours shows that he is", () => {
    assert.equal(told(gate.judge(invite(), far)), 407);
    assert.equal(told(gate.judge(signed(invite()), far)), "alice");
    assert.equal(told(gate.judge(signed(invite(), "bob"), far)), 403);
  });

  test("callers from elsewhere may call our users without a password", () => {
    assert.equal(told(gate.judge(invite({ from: "sip:carol@elsewhere.example" }), far)), "pass");
  });

  test("a request in a dialog, an ACK and a CANCEL are never asked", () => {
    assert.equal(told(gate.judge(invite({ method: "BYE", tag: "2" }), far)), "pass");
    assert.equal(told(gate.judge(invite({ method: "ACK" }), far)), "pass");
    assert.equal(told(gate.judge(invite({ method: "CANCEL" }), far)), "pass");
  });

  test("nobody behind us sees what was said to us", () => {
    const judged = gate.judge(signed(invite()), far);

    assert.ok(judged.name === "pass");
    assert.equal(judged.request.headers["proxy-authorization"], undefined);
  });

  test("who guesses ten times is no longer heard, even with the right password; others are", () => {
    for (let guess = 0; guess < 10; guess++) gate.judge(signed(request(), "alice", `guess ${guess}`), near);
    const bob = { from: "sip:bob@example.com" };

    assert.equal(told(gate.judge(request(), near)), 403);
    assert.equal(told(gate.judge(signed(request(bob), "bob"), near)), "bob");
    assert.equal(told(gate.judge(request(), far)), 401);
  });
});

describe("without a users file", () => {
  beforeEach(() => {
    gate = new Gate({ domain, users: undefined, isNear });
  });

  test("only the machines beside us register", () => {
    assert.equal(told(gate.judge(request(), near)), "pass");
    assert.equal(told(gate.judge(request(), far)), 403);
  });

  test("nobody is asked who calls", () => {
    assert.equal(told(gate.judge(invite(), far)), "pass");
    assert.equal(gate.askWho(invite()), undefined);
  });
});
