/** kill -9 of the conference server while three services are in a conference of it (promise F4); every program is a real one. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { XmlElement } from "#xml/strict.ts";
import type { ApiClient } from "../support/daemon.ts";
import { deskService } from "../support/desk-service.ts";
import { DOMAIN, KamailioSite } from "../support/kamailio-site.ts";
import { type Server, startConference, startMixer } from "../support/servers.ts";
import { TonePhone } from "../support/tone-phone.ts";
import { until } from "../support/until.ts";

const TONES = { alice: 600, bob: 1000, carol: 1400 } as const;
/** Everybody is back within this time. */
const BACK_MS = 10_000;

/** Somebody with a service, a desk phone, and a client of the API that follows calls and roster. */
interface Person {
  readonly hz: number;
  readonly desk: TonePhone;
  readonly api: ApiClient;
}

/** The last Call that its service told it. */
function call({ api }: Person): XmlElement["attributes"] {
  return api.events.findLast(({ name }) => name === "Call")?.attributes ?? {};
}

/** How many its service has listed last, in full. */
function listed({ api }: Person, since: number): number {
  const rosters = api.events.slice(since).filter(({ name }) => name === "Roster");
  return Number(rosters.at(-1)?.attributes["count"] ?? 0);
}

/** Who was told that the server was gone, and is back and lists everybody. */
function isBack(person: Person, { since, count }: { since: number; count: number }): boolean {
  const told = person.api.events.slice(since);
  const rejoined = told.some(({ name, attributes }) => name === "Call" && attributes["rejoining"] === "true");
  const { state, rejoining } = call(person);
  return rejoined && state === "active" && rejoining === undefined && listed(person, since) === count;
}

/** alice, bob and carol, and what they do together. */
class Party {
  readonly people: Person[] = [];
  readonly #stack = new AsyncDisposableStack();
  #events: number[] = [];
  #heardFrom: number[] = [];

  /** `config`: of each one's service, beside its device. */
  async invite(config: (name: string) => Readonly<Record<string, unknown>> = () => ({})): Promise<void> {
    for (const [name, hz] of Object.entries(TONES))
      this.people.push(await this.#person({ name, hz, config: config(name) }));
  }

  ends(what: { stop(): Promise<unknown> }): void {
    this.#stack.defer(async () => void (await what.stop()));
  }

  async meet(room: string): Promise<void> {
    await Promise.all(this.people.map(({ api }) => api.tell("Join", { id: room }, '<Use dev="desk"/>')));
    await this.hearEachOther();
    this.#events = this.people.map(({ api }) => api.events.length);
    this.#heardFrom = this.people.map(({ desk }) => desk.rtp.forget());
  }

  async hearEachOther(): Promise<void> {
    for (const { desk } of this.people) desk.rtp.forget();
    const others = (one: Person) => this.people.filter((other) => other !== one);
    await Promise.all(
      this.people.flatMap((one) => others(one).map(({ hz }) => one.desk.rtp.hears(hz, 30_000))),
    );
  }

  /** Resolves when all are listed and heard again, each by its own service; nobody's phone was hung up. */
  async isTogetherAgain(): Promise<void> {
    const count = this.people.length;
    const back = () => this.people.every((one, at) => isBack(one, { since: this.#events[at] ?? 0, count }));
    await until(back, "everybody back and listed", 30_000);
    await this.hearEachOther();
    for (const [at, { desk }] of this.people.entries()) {
      assert.equal(desk.calls.size, 1, "the desk phone was hung up, or called again");
      assert.equal(desk.rtp.heard.ssrcChanges({ from: this.#heardFrom[at] ?? 0 }), 0);
    }
  }

  async leave(): Promise<void> {
    await Promise.all(this.people.map(({ api }) => api.tell("Leave", { all: "true" })));
  }

  close(): Promise<void> {
    return this.#stack.disposeAsync();
  }

  async #person({ name, hz, config }: { name: string; hz: number; config: object }): Promise<Person> {
    const desk = await TonePhone.open("desk", hz);
    this.#stack.defer(() => desk.close());
    const { api } = await deskService(this.#stack, name, { desk, config });
    for (const to of ["calls", "roster"]) await api.tell("Subscribe", { to });
    return { hz, desk, api };
  }
}

describe("alice, bob and carol, each with a service, in one conference,", { timeout: 120_000 }, () => {
  const party = new Party();
  let mixer: Server;
  let conference: Server;

  before(async () => {
    mixer = await startMixer();
    party.ends(mixer);
    conference = await startConference(mixer);
    party.ends({ stop: () => conference.stop() });
    await party.invite();
  });

  after(() => party.close());

  for (const downMs of [0, 5000]) {
    test(`are back together within 10 s when their server is back after ${downMs} ms`, async (t) => {
      const { host, port, program } = conference;
      await party.meet(`sip:films-${downMs}@${host}:${port}`);

      program.kill("SIGKILL");
      await program.exited;
      await setTimeout(downMs);
      conference = await startConference(mixer, { port });
      const returnedAt = performance.now();
      await party.isTogetherAgain();
      const tookMs = performance.now() - returnedAt;

      t.diagnostic(`three people were back ${Math.round(tookMs)} ms after the server's return`);
      assert.ok(tookMs < BACK_MS, `it took ${tookMs} ms`);
      await party.leave();
    });
  }
});

describe("The same three, with two conference servers behind Kamailio,", { timeout: 120_000 }, () => {
  const party = new Party();
  let site: KamailioSite;

  before(async () => {
    const passwords = Object.keys(TONES).map((name) => [name, `${name}'s password`]);
    site = await KamailioSite.start(2, Object.fromEntries(passwords));
    party.ends(site);
    await party.invite((name) => ({
      accounts: [
        { id: `sip:${name}@${DOMAIN}`, password: `${name}'s password`, outboundProxy: site.proxy() },
      ],
    }));
  });

  after(() => party.close());

  test("are back together on the other within 10 s when theirs dies for good", async (t) => {
    const { api } = party.people[0] ?? assert.fail("nobody");
    const contact = api.next(({ name, children: [data] }) => {
      const text = name === "Trace" ? Buffer.from(data?.text ?? "", "base64").toString() : "";
      served = /^Contact: <sip:films@([\d.]+):\d+[^>]*>.*;isfocus/im.exec(text)?.[1];
      return served !== undefined;
    });
    let served: string | undefined;
    const { attributes } = await api.tell("Subscribe", { to: "trace" });
    await Promise.all([party.meet(site.room("films")), contact]);
    await api.tell("Unsubscribe", { sub: attributes["sub"] ?? "" });
    const machine =
      site.machines.find(({ host }) => host === served) ?? assert.fail(`no machine at ${served}`);

    const killedAt = performance.now();
    await machine.die();
    await party.isTogetherAgain();
    const tookMs = performance.now() - killedAt;

    t.diagnostic(`three people were back ${Math.round(tookMs)} ms after the kill`);
    assert.ok(tookMs < BACK_MS, `it took ${tookMs} ms`);
    await party.leave();
  });
});
