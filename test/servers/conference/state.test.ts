/** What a conference server knows after kill -9 (promise F4): policies, locks, and who was in as what. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { makeOffer } from "#sdp/offer-answer.ts";
import type { Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { parseUri } from "#sip/uri.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { StateFile } from "../../../servers/conference/state.ts";
import { ConferenceCast, type Person } from "../../support/conference-cast.ts";
import { asksConference, mutes } from "../../support/control-package.ts";
import { FakeMixer } from "../../support/fake-mixer.ts";
import { type Server, startServer } from "../../support/servers.ts";
import { until } from "../../support/until.ts";

const log = { info() {}, error() {} };

let folder: string;
let state: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "partyline-state-"));
  state = join(folder, "state");
});

afterEach(() => rmSync(folder, { recursive: true }));

const asks = (leg: Leg, inside: string) =>
  asksConference(leg, `<conference-state>${inside}</conference-state>`);

const lock = "<locked>true</locked>";

describe("A conference server that is killed", () => {
  let mixer: FakeMixer;
  let server: Server;
  let agent: UserAgent;

  beforeEach(async () => {
    mixer = await FakeMixer.open();
    server = await start();
    agent = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "phones", identity: {} });
  });

  afterEach(async () => {
    await server.stop();
    await agent.close();
    await mixer.close();
  });

  function start(port = 0): Promise<Server> {
    return startServer("conference", { port, args: ["--mixer", mixer.address, "--state", state] });
  }

  async function calls(name: string, user: string): Promise<Leg> {
    const offer = makeOffer({ address: "127.0.0.1", port: 40_700, codecs: ["PCMU"], telephoneEvent: true });
    const target: SipUri = `sip:${user}@127.0.0.1:${server.port}`;
    return (await agent.invite(target, { from: { name, uri: `sip:${name}@example.com` }, offer })).leg;
  }

  async function isKilled(): Promise<void> {
    server.program.kill("SIGKILL");
    await server.program.exited;
    server = await start(server.port);
  }

  test("keeps the lock, lets those in who were, the moderator as moderator, and nobody else", async () => {
    const alices = await calls("alice", "factory");
    const room = parseUri(alices.remoteContact.uri)?.user ?? "";
    await calls("bob", room);
    await asks(alices, lock);
    await isKilled();

    await assert.rejects(calls("carol", room), { status: 403, reason: "The Conference Is Locked" });
    const bobs = await calls("bob", room);
    const back = await calls("alice", room);
    await assert.rejects(asks(bobs, "<locked>false</locked>"), { status: 403 });
    await asks(back, "<locked>false</locked>");
    await calls("carol", room);
  });

  test("does not let in again who had left before", async () => {
    const alices = await calls("alice", "factory");
    const room = parseUri(alices.remoteContact.uri)?.user ?? "";
    const bobs = await calls("bob", room);
    await asks(alices, lock);
    await bobs.bye();
    // Whatever the BYE has caused is done when the next question is answered.
    await agent.request("OPTIONS", `sip:${room}@127.0.0.1:${server.port}`);
    await isKilled();

    await assert.rejects(calls("bob", room), { status: 403 });
    await calls("alice", room);
  });

  test("keeps silent whom the moderator had muted: he is heard from no packet on, and may not lift it", async () => {
    const alices = await calls("alice", "factory");
    const room = parseUri(alices.remoteContact.uri)?.user ?? "";
    await calls("bob", room);
    await mutes(alices, "sip:bob@example.com");
    await until(() => mixer.heard(room)[1]?.at(-1) === false, "bob muted");
    // By the time she is in, the server has the mixer's answer about bob.
    await calls("carol", room);
    await isKilled();

    const bobs = await calls("bob", room);
    assert.equal(mixer.heard(room).at(-1)?.includes(true), false);
    await assert.rejects(mutes(bobs, "sip:bob@example.com", false), { status: 403 });
    const back = await calls("alice", room);
    await mutes(back, "sip:bob@example.com", false);
    await until(() => mixer.heard(room).at(-2)?.at(-1) === true, "bob heard");
  });

  test("is as new when it had ended as it should: nobody was in", async () => {
    const alices = await calls("alice", "factory");
    const room = parseUri(alices.remoteContact.uri)?.user ?? "";
    await asks(alices, lock);
    await server.stop();
    server = await start(server.port);

    const bobs = await calls("bob", room);
    await assert.rejects(asks(bobs, lock), { status: 403 });
  });
});

describe("A state file", () => {
  let cast: ConferenceCast | undefined;
  let alice: Person;

  afterEach(() => cast?.close());

  async function opens(): Promise<void> {
    cast = await ConferenceCast.open({ state });
    alice = await cast.person("alice");
  }

  test("has what was set up for a conference that nobody was in", async () => {
    await opens();
    cast?.server.focus.policies.change("films", { pin: "4711", title: "Films" });
    await cast?.close();
    await opens();

    assert.equal(cast?.server.focus.policies.of("films").pin, "4711");
    assert.equal(cast?.server.focus.policies.of("films").title, "Films");
  });

  test("is for nobody else to read, for it has PINs", async () => {
    writeFileSync(state, "");
    chmodSync(state, 0o644);
    await opens();

    assert.equal(statSync(state).mode & 0o777, 0o600);
    assert.equal(statSync(`${state}-wal`).mode & 0o777, 0o600);
  });

  test("that is none is refused in a sentence, and stays as it is", () => {
    writeFileSync(state, "this is no database, and long enough to be taken for one ".repeat(20));

    assert.throws(() => new StateFile(state, { log }), /cannot be the state file: .*; name another one/);
    assert.throws(() => new StateFile(join(folder, "no", "such"), { log }), /cannot be the state file/);
  });

  test("with a policy that cannot be read leaves that one out", async () => {
    await opens();
    cast?.server.focus.policies.change("films", { lobby: true });
    cast?.server.focus.policies.change("news", { lobby: true });
    await cast?.close();
    const { DatabaseSync } = await import("node:sqlite");
    const db = new DatabaseSync(state);
    db.exec(`UPDATE policies SET policy = '{"pin": 5}' WHERE conference = 'films'`);
    db.close();
    await opens();

    assert.deepEqual([...(cast?.server.focus.policies.all.keys() ?? [])], ["news"]);
  });

  test("that cannot be written keeps nobody out: calls go on, and it is said once", async () => {
    await opens();
    const said: string[] = [];
    const file = new StateFile(join(folder, "other"), {
      log: { info() {}, error: (_err: unknown, text?: string) => void said.push(text ?? "") },
    });
    const full = await ConferenceCast.open();
    try {
      file.follow(full.server.focus);
      const { DatabaseSync } = await import("node:sqlite");
      const db = new DatabaseSync(join(folder, "other"));
      db.exec("DROP TABLE people; DROP TABLE policies");
      db.close();
      const bob = await full.person("bob");
      await bob.joins("films");
      await bob.joins("films");
      assert.equal(full.count("films"), 2);
      assert.deepEqual(said, ["the state cannot be kept; is the disk full?"]);
    } finally {
      await full.close();
      file.close();
    }
  });

  test("forgets after a while who did not come back, and unlocks what nobody is in", async () => {
    await opens();
    await alice.joins("films");
    cast?.server.focus.conferences.get("films")?.setPolicy({ locked: true });
    const rows = copyOf(state);
    await cast?.close();
    cast = undefined;
    const file = new StateFile(rows, { log, returnMs: 20 });
    assert.equal(file.returning.all.length, 1);
    const later = await ConferenceCast.open();
    try {
      file.follow(later.server.focus);
      assert.equal(later.server.focus.policies.of("films").locked, true);
      await until(() => !later.server.focus.policies.of("films").locked, "the lock gone");
      assert.deepEqual(file.returning.all, []);
    } finally {
      await later.close();
      file.close();
    }
    assert.deepEqual(new StateFile(rows, { log }).returning.all, []);
  });
});

/** As it would be found after a crash. */
function copyOf(path: string): string {
  const copy = `${path}-copy`;
  for (const end of ["", "-wal"]) writeFileSync(`${copy}${end}`, readFileSync(`${path}${end}`));
  return copy;
}
