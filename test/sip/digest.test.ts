import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseAuth, splitAuth } from "#sip/auth-header.ts";
import { answerChallenge, ha1Of, parseChallenges } from "#sip/digest.ts";
import { DigestServer, type DigestServerOptions } from "#sip/digest-server.ts";

const alice = { username: "alice", realm: "community.example", password: "blue whale" };
const register = { method: "REGISTER", uri: "sip:community.example", body: "" };

/** What a client says to the first challenge of these. */
function answer(challenges: readonly string[], parts: { count?: number; password?: string } = {}): string {
  const [strongest] = parseChallenges(challenges.join(", "));
  assert.ok(strongest);
  const { count = 1, password = alice.password } = parts;
  return answerChallenge(strongest, { ...alice, password }, register, { count }) ?? "";
}

function registrar(options: Partial<DigestServerOptions> = {}): DigestServer {
  const ha1 = (username: string, hash: "MD5" | "SHA-256" | "SHA-512-256") =>
    username === alice.username ? ha1Of(hash, alice) : undefined;
  return new DigestServer({ realm: alice.realm, hashes: ["SHA-256", "MD5"], ha1, ...options });
}

describe("the answer to a challenge is that of", () => {
  const mufasa = { username: "Mufasa", realm: "http-auth@example.org", password: "Circle of Life" };
  const request = { method: "GET", uri: "/dir/index.html", body: "" };
  const cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  const challenge = (algorithm: string) =>
    `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`;
  const vectors = [
    ["RFC 7616 §3.9.1 with MD5", "MD5", "8ca523f5e9506fed4657c9700eebdbec"],
    [
      "RFC 7616 §3.9.1 with SHA-256",
      "SHA-256",
      "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    ],
  ] as const;
  for (const [name, algorithm, response] of vectors) {
    test(name, () => {
      const [one] = parseChallenges(challenge(algorithm));
      assert.ok(one);

      const text = answerChallenge(one, mufasa, request, { count: 1, cnonce });

      assert.match(text ?? "", new RegExp(`response="${response}"`));
      assert.match(text ?? "", /nc=00000001/);
      assert.match(text ?? "", /qop=auth,/);
    });
  }

  test("RFC 2617 §3.5", () => {
    const [one] = parseChallenges(
      'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    );
    assert.ok(one);
    const secret = { username: "Mufasa", realm: "testrealm@host.com", password: "Circle Of Life" };

    const text = answerChallenge(one, secret, request, { count: 1, cnonce: "0a4f113b" });

    assert.match(text ?? "", /response="6629fae49393a05397450978507c4ef1"/);
    assert.doesNotMatch(text ?? "", /algorithm/);
  });

  test("RFC 2069, from a server without quality of protection", () => {
    const [one] = parseChallenges(
      'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"',
    );
    assert.ok(one);
    const secret = { username: "Mufasa", realm: "testrealm@host.com", password: "CircleOfLife" };

    const text = answerChallenge(one, secret, request, { count: 1 });

    assert.match(text ?? "", /response="1949323746fe6a43ef61f9606e7febea"/);
    assert.doesNotMatch(text ?? "", /qop|nc=|cnonce/);
  });
});

describe("of several challenges", () => {
  test("the strongest we know is answered", () => {
    const challenges = parseChallenges(
      'Digest realm="a", nonce="1", algorithm=MD5, Digest realm="a", nonce="2", algorithm=SHA-256, Digest realm="a", nonce="3", algorithm=BLAKE3',
    );

    assert.deepEqual(
      challenges.map(({ nonce }) => nonce),
      ["2", "1"],
    );
  });

  test("those of another scheme or with an unknown quality are passed over", () => {
    assert.deepEqual(parseChallenges('Basic realm="a", Digest realm="a", nonce="1", qop="auth-conf"'), []);
  });

  test("a comma or a quote inside a quoted text ends nothing", () => {
    const [one] = parseChallenges('Digest realm="films, \\"and\\" more", nonce="1, Digest realm=2"');

    assert.equal(one?.realm, 'films, "and" more');
    assert.equal(one.nonce, "1, Digest realm=2");
  });
});

describe("credentials are not read when", () => {
  const broken = [
    ["a parameter comes twice", 'Digest realm="a", realm="b"'],
    ["a quote is left open", 'Digest realm="a, nonce="1'],
    ["a comma promises more", 'Digest realm="a",'],
    ["the user name is not quoted", "Digest username=alice"],
    ["the count is quoted", 'Digest username="alice", nc="00000001"'],
    ["there is no scheme", 'realm="a"'],
    ["there is nothing", ""],
  ] as const;
  for (const [why, text] of broken) test(why, () => assert.equal(parseAuth(text), undefined));
});

describe("a registrar", () => {
  test("takes the right answer with SHA-256 and with MD5", () => {
    const server = registrar();
    const [sha256 = "", md5 = ""] = server.challenges();

    assert.deepEqual(server.verify(answer([sha256]), register), { name: "right", username: "alice" });
    assert.deepEqual(server.verify(answer([md5], { count: 2 }), register), {
      name: "right",
      username: "alice",
    });
  });

  test("takes the session variant of a hash", () => {
    const server = registrar();
    const [sha256 = ""] = server.challenges();

    assert.equal(server.verify(answer([sha256.replace("SHA-256", "SHA-256-sess")]), register).name, "right");
  });

  test("refuses a wrong password, a name nobody has, and another method or target", () => {
    const server = registrar();
    const challenges = server.challenges();
    const right = answer(challenges);

    assert.equal(server.verify(answer(challenges, { password: "grey whale" }), register).name, "wrong");
    assert.equal(server.verify(right.replace('"alice"', '"mallory"'), register).name, "wrong");
    assert.equal(server.verify(right, { ...register, method: "INVITE" }).name, "wrong");
    assert.equal(server.verify(right, { ...register, uri: "sip:elsewhere.example" }).name, "wrong");
    assert.equal(server.verify("Digest nonsense", register).name, "wrong");
  });

  test("asks who is there when nothing, or something for another realm, was said", () => {
    const server = registrar();
    const other = answer(server.challenges()).replace("community.example", "elsewhere.example");

    assert.equal(server.verify(undefined, register).name, "missing");
    assert.equal(server.verify(other, register).name, "missing");
  });

  test("takes the next count of a nonce but never the same or an earlier one", () => {
    const server = registrar();
    const challenges = server.challenges();

    assert.equal(server.verify(answer(challenges, { count: 1 }), register).name, "right");
    assert.equal(server.verify(answer(challenges, { count: 3 }), register).name, "right");
    assert.equal(server.verify(answer(challenges, { count: 3 }), register).name, "stale");
    assert.equal(server.verify(answer(challenges, { count: 2 }), register).name, "stale");
  });

  test("takes an answer without a count once", () => {
    const server = registrar();
    const [, md5 = ""] = server.challenges();
    const old = answer([md5.replace(', qop="auth"', "")]);

    assert.equal(server.verify(old, register).name, "right");
    assert.equal(server.verify(old, register).name, "stale");
  });

  test("asks again when a nonce is too old, came from another server, or was touched", () => {
    let now = 0;
    const server = registrar({ now: () => now, nonceLastsMs: 60_000 });
    const challenges = server.challenges();
    const touched = challenges.map((one) => one.replace(/nonce="(.)/, 'nonce="1$1'));

    assert.equal(server.verify(answer(touched), register).name, "stale");
    assert.equal(server.verify(answer(registrar().challenges()), register).name, "stale");
    now = 60_001;
    assert.equal(server.verify(answer(challenges), register).name, "stale");
    assert.match(server.challenges(true).join(), /stale=true/);
  });

  test("remembers only so many nonces, and lets none of those it forgot come again", () => {
    const server = registrar({ mostNonces: 2 });
    const used = Array.from({ length: 4 }, () => answer(server.challenges()));
    for (const one of used) server.verify(one, register);

    assert.deepEqual(
      used.map((one) => server.verify(one, register).name),
      ["stale", "stale", "stale", "stale"],
    );
  });

  test("with auth-int notices a changed body", () => {
    const server = registrar({ qops: ["auth-int"] });
    const invite = { method: "INVITE", uri: "sip:films@community.example", body: "v=0" };
    const [challenge] = parseChallenges(server.challenges().join(", "));
    assert.ok(challenge);
    const text = answerChallenge(challenge, alice, invite, { count: 1 });

    assert.equal(server.verify(text, { ...invite, body: "v=1" }).name, "wrong");
    assert.equal(server.verify(text, invite).name, "right");
  });

  test("knows users with quotes and letters of any language in their names", () => {
    const secret = { username: 'Žofie "Zo" \\o/', realm: "café", password: "naïve 🐳" };
    const server = registrar({ realm: secret.realm, ha1: (_username, hash) => ha1Of(hash, secret) });
    const [challenge] = parseChallenges(server.challenges().join(", "));
    assert.ok(challenge);

    const text = answerChallenge(challenge, secret, register, { count: 1 });

    assert.deepEqual(server.verify(text, register), { name: "right", username: secret.username });
  });
});

test("a client that knows only the hash of its password answers with that hash", () => {
  const secret = { username: "alice", realm: alice.realm, ha1s: { MD5: ha1Of("MD5", alice) } };
  const [sha256, md5] = parseChallenges(registrar().challenges().join(", "));
  assert.ok(sha256 && md5);

  assert.equal(answerChallenge(sha256, secret, register, { count: 1 }), undefined);
  assert.match(answerChallenge(md5, secret, register, { count: 1 }) ?? "", /algorithm=MD5/);
});

test("several challenges go on the wire in lines of their own, and are read as several", () => {
  const challenges = [
    'Digest realm="a, Digest b", nonce="1", qop="auth,auth-int"',
    'Digest realm="c", nonce="2"',
  ];

  assert.deepEqual(splitAuth(challenges.join(", ")), challenges);
  assert.deepEqual(splitAuth(challenges[0] ?? ""), challenges.slice(0, 1));
});
