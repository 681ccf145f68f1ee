import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { Leg } from "#sip/leg.ts";
import { ConferenceCast, offerFrom, type Person } from "../../support/conference-cast.ts";
import { RawUdp, rawRequest } from "../../support/raw-sip.ts";
import { until, within } from "../../support/until.ts";

let cast: ConferenceCast;
let alice: Person;
let bob: Person;
let carol: Person;
let inComedies: Leg;

beforeEach(async () => {
  cast = await ConferenceCast.open();
  alice = await cast.person("alice");
  bob = await cast.person("bob");
  carol = await cast.person("carol");
  inComedies = await alice.joins("comedies");
});

afterEach(() => cast.close());

const move = (leg: Leg, id: string) => cast.server.focus.mover.move(cast.participant(leg), id);

/** The conference that the phone believes to be in, once it has heard. */
const knows = (leg: Leg, id: string) =>
  until(() => leg.remoteContact.uri.startsWith(`sip:${id}@`), `the phone to know of ${id}`, 5_000);

describe("The server moves alice", () => {
  test("from comedies to dramas: the mixer carries her stream over, her phone hears of it by UPDATE alone", async () => {
    const { description, localDescription } = inComedies;
    const port = readAudio(description)?.port;
    cast.ladder.clear();
    await move(inComedies, "dramas");
    await knows(inComedies, "dramas");
    await until(() => cast.ladder.steps("BYE").length === 1, "the end of the old mixer leg");

    assert.deepEqual(cast.ladder.steps("conference -> alice"), ["conference -> alice: UPDATE"]);
    assert.equal(cast.ladder.steps("conference -> mixer: INVITE replaces").length, 1);
    assert.ok("isfocus" in inComedies.remoteContact.params);
    assert.deepEqual([inComedies.description, inComedies.localDescription], [description, localDescription]);
    assert.deepEqual([cast.mixer.ports("comedies"), cast.mixer.ports("dramas")], [[], [port]]);
    assert.deepEqual([cast.count("comedies"), cast.count("dramas")], [0, 1]);
  });

  test("and bob in comedies and carol in dramas see it, and her own view of comedies ends", async () => {
    await Promise.all([bob.joins("comedies"), carol.joins("dramas")]);
    const [comedies, dramas, hers] = [
      bob.watches("comedies"),
      carol.watches("dramas"),
      alice.watches("comedies"),
    ];
    await Promise.all([comedies.heard(1), dramas.heard(1), hers.heard(1)]);
    await move(inComedies, "dramas");
    await Promise.all([comedies.heard(2), dramas.heard(2), hers.over()]);

    assert.deepEqual(comedies.users(), ["sip:alice@example.com deleted"]);
    assert.deepEqual(dramas.users(), ["alice full sendrecv"]);
    assert.equal(hers.ended?.reason, "noresource");
  });
});

/** Bytes instead of a user agent: a phone that knows no UPDATE, or forgets its call. */
class OldPhone {
  readonly #udp: RawUdp;
  readonly #offer: string;
  readonly #allow: string;

  constructor(udp: RawUdp, allow: string) {
    this.#udp = udp;
    this.#offer = offerFrom(31_000);
    this.#allow = allow;
  }

  /** It calls the conference; resolves with what it was answered. */
  async calls(id: string): Promise<string> {
    const uri = cast.server.address.replace("sip:", `sip:${id}@`);
    const call = { uri, callId: "old-phone", to: `To: <${uri}>` };
    const lines = [
      `Contact: <sip:old@127.0.0.1:${this.#udp.port}>`,
      `Allow: ${this.#allow}`,
      "Content-Type: application/sdp",
    ];
    this.#udp.send(rawRequest({ ...call, method: "INVITE", lines, body: this.#offer }));
    const answer = await this.hears(/^SIP\/2.0 200/);
    const to = /^To: .*$/im.exec(answer)?.[0] ?? "";
    this.#udp.send(rawRequest({ ...call, to, method: "ACK", cseq: "CSeq: 1 ACK" }));
    return answer;
  }

  async hears(what: RegExp): Promise<string> {
    for (;;) {
      const text = await this.#udp.next();
      if (what.test(text)) return text;
    }
  }

  answers(request: string, status: number): void {
    const echoed = request.split("\r\n").filter((line) => /^(Via|From|To|Call-ID|CSeq):/i.test(line));
    const type = status === 200 && /^INVITE/.test(request) ? ["Content-Type: application/sdp"] : [];
    const body = type.length > 0 ? this.#offer : "";
    const rest = [
      `Contact: <sip:old@127.0.0.1:${this.#udp.port}>`,
      `Content-Length: ${body.length}`,
      "",
      body,
    ];
    this.#udp.send([`SIP/2.0 ${status} Whatever`, ...echoed, ...type, ...rest].join("\r\n"));
  }
}

const sdpIn = (message: string): string => message.split("\r\n\r\n")[1] ?? "";

async function moveTheOldPhone(): Promise<void> {
  const [somebody] = cast.server.focus.members.all.filter(({ phone }) => phone.id.callId === "old-phone");
  assert.ok(somebody);
  await cast.server.focus.mover.move(somebody, "dramas");
}

describe("The server moves an old phone", () => {
  test("which knows no UPDATE: it gets a re-INVITE with what it knows, and again when that collides", async () => {
    using udp = await RawUdp.open(Number(cast.server.address.split(":").at(-1)));
    const phone = new OldPhone(udp, "INVITE, ACK, BYE");
    const answer = await phone.calls("comedies");
    await until(() => cast.count("comedies") === 2, "the phone to be in");
    await moveTheOldPhone();
    const first = await phone.hears(/^INVITE/);
    phone.answers(first, 491);
    const second = await phone.hears(/^INVITE(?!.*CSeq: 1 )/s);
    phone.answers(second, 200);
    await phone.hears(/^ACK(?!.*CSeq: 1 )/s);

    for (const told of [first, second]) {
      assert.match(told, /^Contact: <sip:dramas@.*>;isfocus/im);
      assert.equal(sdpIn(told), sdpIn(answer));
    }
    assert.equal(cast.count("dramas"), 1);
  });

  test("which has forgotten its call: it is in no conference any more, and has no leg at the mixer", async () => {
    using udp = await RawUdp.open(Number(cast.server.address.split(":").at(-1)));
    const phone = new OldPhone(udp, "INVITE, ACK, BYE, UPDATE");
    await phone.calls("comedies");
    await until(() => cast.count("comedies") === 2, "the phone to be in");
    await moveTheOldPhone();
    phone.answers(await phone.hears(/^UPDATE/), 481);
    await until(() => cast.count("dramas") === 0, "the end of the call");
    await until(() => cast.mixer.ports("dramas").length === 0, "the end of the mixer's leg");

    assert.equal(cast.count("comedies"), 1);
    assert.equal(cast.mixer.ports("comedies").length, 1);
  });
});

describe("While the server moves alice", () => {
  /** The mixer waits with its answer until `go`. */
  function slowly(): { asked: Promise<void>; go: () => void } {
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    cast.mixer.onOrder = () => {
      cast.mixer.onOrder = undefined;
      asked.resolve();
      return go.promise;
    };
    return { asked: asked.promise, go: go.resolve };
  }

  /** How many legs the mixer has in both conferences. */
  const legs = () => ["comedies", "dramas", "operas"].map((id) => cast.mixer.ports(id).length);

  test("her hold waits, and is in force where she is then", async () => {
    await carol.joins("dramas");
    const watch = carol.watches("dramas");
    await watch.heard(1);
    const mixer = slowly();
    const moved = move(inComedies, "dramas");
    await within(mixer.asked, "the order");
    const held = inComedies.offer(alice.offer.replace("a=sendrecv", "a=sendonly"));
    mixer.go();
    await Promise.all([moved, held]);
    await until(() => /on-hold|sendonly|inactive/.test(watch.users().join()), "her hold in the roster");

    assert.deepEqual(legs(), [0, 2, 0]);
    assert.equal(cast.mixer.heard("dramas")[1]?.at(-1), false);
  });

  test("and her own re-INVITE is under way, the move waits for it", async () => {
    const changing = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    cast.mixer.onChange = () => {
      cast.mixer.onChange = undefined;
      changing.resolve();
      return go.promise;
    };
    const muted = inComedies.offer(alice.offer.replace("a=sendrecv", "a=recvonly"));
    await within(changing.promise, "the change at the mixer");
    const moved = move(inComedies, "dramas");
    assert.deepEqual(legs(), [1, 0, 0]);
    go.resolve();
    await Promise.all([muted, moved]);
    await knows(inComedies, "dramas");

    assert.deepEqual(legs(), [0, 1, 0]);
    assert.equal(cast.mixer.heard("dramas")[0]?.at(-1), false);
  });

  test("she hangs up: she is in neither conference, and no leg is left", async () => {
    const mixer = slowly();
    const moved = assert.rejects(move(inComedies, "dramas"), { status: 481 });
    await within(mixer.asked, "the order");
    await inComedies.bye();
    mixer.go();
    await moved;
    await until(() => legs().every((count) => count === 0), "the end of all legs");

    assert.deepEqual([cast.count("comedies"), cast.count("dramas")], [0, 0]);
  });

  test("it moves her on: she ends in the last one, by one leg", async () => {
    const moves = ["dramas", "operas", "dramas", "operas"].map((id) => move(inComedies, id));
    await Promise.all(moves);
    await knows(inComedies, "operas");
    await until(() => legs().join() === "0,0,1", "one leg");

    assert.deepEqual(
      ["comedies", "dramas", "operas"].map((id) => cast.count(id)),
      [0, 0, 1],
    );
  });

  test("she moves herself: one of both is last, and she has one call", async () => {
    const mixer = slowly();
    const moved = move(inComedies, "dramas");
    await within(mixer.asked, "the order");
    const herself = alice.joins("operas", { replaces: inComedies.id });
    mixer.go();
    await Promise.all([moved, herself]);
    await until(() => legs().join() === "0,0,1", "one leg");

    assert.equal(cast.server.focus.members.size, 1);
    assert.deepEqual([...cast.server.focus.conferences.keys()], ["operas"]);
  });

  test("the mixer refuses: she stays where she was, and hears of nothing", async () => {
    cast.mixer.refusing = 486;
    cast.ladder.clear();
    await assert.rejects(move(inComedies, "dramas"), { status: 503 });

    assert.deepEqual(legs(), [1, 0, 0]);
    assert.deepEqual([cast.count("comedies"), cast.count("dramas")], [1, 0]);
    assert.deepEqual(cast.ladder.steps("conference -> alice"), []);
  });
});
