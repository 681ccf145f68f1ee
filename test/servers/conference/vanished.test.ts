/** Whoever is gone without a word leaves no ghost: the focus asks each call whether it still stands (RFC 4028). */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { makeOffer } from "#sdp/offer-answer.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { RawUdp, rawRequest } from "../../support/raw-sip.ts";
import { until, within } from "../../support/until.ts";

/** A session of three seconds is asked about after half of it, and over one second before its end. */
const session = { expiresS: 3, shortestS: 1 };
/** A request without an answer is given up after 640 ms. */
const timers = { t1: 10, t2: 80, t4: 100 };

let cast: ConferenceCast;
let alice: Person;

beforeEach(async () => {
  cast = await ConferenceCast.open({ session, timers });
  alice = await cast.person("alice");
});

afterEach(() => cast.close());

/** A phone that calls, acknowledges, and is never heard of again. */
async function vanishing(...lines: readonly string[]): Promise<RawUdp> {
  const phone = await RawUdp.open(Number(cast.server.address.split(":").at(-1)));
  const callId = "gone@example.org";
  const at = {
    uri: alice.room("films"),
    callId,
    via: `Via: SIP/2.0/UDP 127.0.0.1:${phone.port};branch=z9hG4bK-gone;rport`,
  };
  const contact = `Contact: <sip:gone@127.0.0.1:${phone.port}>`;
  const offered = { lines: [contact, "Content-Type: application/sdp", ...lines], body: offer() };
  phone.send(rawRequest({ ...at, method: "INVITE", ...offered }));
  const answer = await accepted(phone);
  const [to = ""] = /^To:.*$/im.exec(answer) ?? [];
  const ack = `Via: SIP/2.0/UDP 127.0.0.1:${phone.port};branch=z9hG4bK-gone-ack;rport`;
  phone.send(rawRequest({ ...at, method: "ACK", cseq: "CSeq: 1 ACK", to, via: ack }));
  return phone;
}

const offer = () => makeOffer({ address: "127.0.0.1", port: 40_500, codecs: ["PCMU"], telephoneEvent: true });

async function accepted(phone: RawUdp): Promise<string> {
  for (;;) {
    const text = await phone.next();
    if (/^SIP\/2\.0 [2-6]/.test(text)) return text;
  }
}

/** Every request that reaches the phone until the BYE. */
async function asked(phone: RawUdp): Promise<string[]> {
  const methods: string[] = [];
  while (methods.at(-1) !== "BYE") {
    const method = /^(?!SIP)(\w+) /.exec(await phone.next())?.[1];
    if (method !== undefined && methods.at(-1) !== method) methods.push(method);
  }
  return methods;
}

function gone(): Promise<void> {
  return until(
    () => cast.count("films") === 1 && cast.mixer.legs("films").length === 1,
    "nobody but alice",
    6_000,
  );
}

describe("A phone that vanishes", () => {
  test("and knew no session timers is asked, said goodbye to, and out of the roster and the mixer", async () => {
    const alices = await alice.joins("films");
    const watch = alice.watches("films", { by: alices });
    await watch.heard(1);
    using phone = await vanishing();
    const methods = asked(phone);
    assert.equal(cast.count("films"), 2);
    await gone();

    assert.deepEqual(await within(methods, "its BYE", 6_000), ["INVITE", "BYE"]);
    await until(() => /deleted/.test(watch.users()[0] ?? ""), "the roster without it");
  });

  test("and takes UPDATE is asked by UPDATE, which changes nothing", async () => {
    await alice.joins("films");
    using phone = await vanishing("Supported: timer", "Allow: INVITE, ACK, BYE, UPDATE");
    const methods = asked(phone);
    await gone();

    assert.deepEqual(await within(methods, "its BYE", 6_000), ["UPDATE", "BYE"]);
  });

  test("and had promised to refresh is given up when it does not", async () => {
    await alice.joins("films");
    using phone = await vanishing("Supported: timer", "Session-Expires: 3;refresher=uac", "Min-SE: 1");
    const methods = asked(phone);
    await gone();

    assert.deepEqual(await within(methods, "its BYE", 6_000), ["BYE"]);
  });

  test("while it waits in the lobby is forgotten, too", async () => {
    cast.server.focus.policies.change("films", { lobby: true });
    using phone = await vanishing();
    assert.ok(phone);
    await until(() => cast.server.focus.conferences.get("films")?.waiting.size === 1, "one who waits");

    await until(() => cast.server.focus.members.size === 0, "nobody", 6_000);
    assert.equal(cast.server.focus.conferences.size, 0);
  });
});

describe("A phone that is there", () => {
  test("stays for many sessions, and its media are asked for nothing", async () => {
    const alices = await alice.joins("films");
    cast.ladder.clear();
    await until(() => cast.ladder.steps("conference -> alice: UPDATE").length >= 3, "three refreshes");

    assert.equal(alices.state, "confirmed");
    assert.equal(cast.count("films"), 1);
    assert.deepEqual(cast.ladder.steps("conference -> mixer: INVITE"), []);
  });
});
