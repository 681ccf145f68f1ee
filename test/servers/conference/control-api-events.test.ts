import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { AdminEvent } from "../../../servers/conference/admin-events.ts";
import { EventLog } from "../../../servers/conference/control-api/event-log.ts";
import type { Person } from "../../support/conference-cast.ts";
import { ControlCast, TOKEN } from "../../support/control-cast.ts";
import { EventReader, type Heard } from "../../support/event-reader.ts";
import { until } from "../../support/until.ts";

let control: ControlCast;
let alice: Person;
let reader: EventReader | undefined;

beforeEach(async () => {
  control = await ControlCast.open({ heartbeatMs: 40, mostWaiting: 65_536 });
  alice = await control.cast.person("alice");
});

afterEach(async () => {
  reader?.close();
  reader = undefined;
  await control.close();
});

describe("The events of the server", () => {
  test("tell who comes, talks, is muted, moves and goes, and what becomes of conferences", async () => {
    reader = await control.follows();

    const leg = await alice.joins("films");
    const joined = await reader.hears("participant-joined");
    const id = joined.data.participant.id;
    const [mixerLeg] = control.cast.mixer.legs("films");
    assert.ok(mixerLeg);
    await control.cast.mixer.talks(mixerLeg, true);
    await reader.hears("participant-talking", (data) => data.participant.talking);
    await control.gets("PUT", `/conferences/films/participants/${id}/mute`, { muted: true });
    await reader.hears("participant-changed", (data) => data.participant.muted);
    await control.gets("POST", "/move", { participants: [id], to: "dramas" });
    const moved = await reader.hears("participant-moved");
    await leg.bye();
    const left = await reader.hears("participant-left");
    await reader.hears("conference-ended", (data) => data.id === "dramas");

    assert.deepEqual([joined.data.participant.name, joined.data.participants], ["alice", 1]);
    assert.deepEqual(
      [moved.data.from, moved.data.participant.conference, moved.data.participant.id],
      ["films", "dramas", id],
    );
    assert.deepEqual(left.data, { id, conference: "dramas", participants: 0, waiting: 0 });
    assert.deepEqual(flow(reader.heard), [
      "conference-created films",
      "participant-joined",
      "participant-talking",
      "participant-changed",
      "conference-created dramas",
      "participant-moved",
      "conference-ended films",
      "participant-left",
      "conference-ended dramas",
    ]);
  });

  test("tell who waits in the lobby, who is let in and who gives up", async () => {
    await control.gets("PUT", "/conferences/films/policy", { lobby: true });
    reader = await control.follows();
    const bob = await control.cast.person("bob");
    const leg = await alice.joins("films");
    const waiting = await reader.hears("participant-waiting");
    const { id } = waiting.data.participant;
    await bob.joins("films");
    await reader.hears("participant-waiting", ({ participant }) => participant.name === "bob");

    const admitted = await control.gets("POST", `/conferences/films/participants/${id}/admit`);
    const joined = await reader.hears("participant-joined");
    const bobs = await control.idOf("films", "bob");
    await control.gets("DELETE", `/conferences/films/participants/${bobs}`);
    const left = await reader.hears("participant-left");

    assert.deepEqual([waiting.data.participant.status, waiting.data.waiting], ["pending", 1]);
    assert.equal(admitted.status, "connected");
    assert.deepEqual([joined.data.participant.id, joined.data.participants, joined.data.waiting], [id, 1, 1]);
    assert.deepEqual([left.data.id, left.data.waiting], [bobs, 0]);
    assert.equal(leg.state, "confirmed");
  });

  test("tell of a call taken over by another as a move, not as one who left", async () => {
    const leg = await alice.joins("films");
    const id = await control.idOf("films", "alice");
    reader = await control.follows();

    await alice.joins("dramas", { replaces: leg.id });

    const moved = await reader.hears("participant-moved");
    await reader.hears("conference-ended");
    assert.equal(moved.data.participant.id, id);
    assert.ok(!reader.names.includes("participant-left"));
  });

  test("tell of a conference that is set up, changed and forgotten", async () => {
    reader = await control.follows();

    await control.gets("PUT", "/conferences/films/policy", { title: "Film club" });
    const changed = await reader.hears("conference-changed");
    await control.gets("PUT", "/conferences/films/policy", { title: null });

    await reader.hears("conference-ended", (data) => data.id === "films");
    assert.deepEqual([changed.data.conference.title, changed.data.conference.held], ["Film club", false]);
  });

  test("go on behind the one heard last when a reader comes back", async () => {
    reader = await control.follows();
    await alice.joins("films");
    const { id } = await reader.hears("participant-joined");
    reader.close();
    const bob = await control.cast.person("bob");
    await bob.joins("films");

    reader = await control.follows(id);

    const joined = await reader.hears("participant-joined");
    assert.equal(joined.data.participant.name, "bob");
    assert.ok(!reader.names.includes("reset"));
  });

  test("begin with reset when what was heard last is not known any more", async () => {
    await alice.joins("films");
    for (const unknown of ["0badcafe-0", "0badcafe-3", "x", `${(await idNow()).split("-")[0]}-999`]) {
      reader?.close();
      reader = await control.follows(unknown);
      assert.deepEqual(reader.names, ["reset"], unknown);
    }
  });

  test("keep a silent connection alive", async () => {
    reader = await control.follows();
    const quiet = reader;
    await until(() => quiet.heartbeats >= 2, "two heartbeats");
  });

  test("are cut for a reader who does not read, and the others hear on", async () => {
    let tell: (event: AdminEvent) => void = () => undefined;
    const admin = {
      onEvent: (listener: typeof tell) => {
        tell = listener;
        return () => undefined;
      },
    };
    const log = new EventLog({ admin, mostWaiting: 65_536 });
    const server = http.createServer((_request, response) => log.follow(response, undefined));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const good = await EventReader.open(`http://127.0.0.1:${port}/`, TOKEN);
    const bad = net.connect(port, "127.0.0.1").pause();
    bad.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await until(() => log.readers === 2, "both readers");

    for (let at = 0; log.readers === 2 && at < 2_000; at++) {
      tell({ name: "conference-ended", data: { id: "x".repeat(20_000) } });
      await new Promise(setImmediate);
    }
    tell({ name: "conference-ended", data: { id: "films" } });

    assert.equal(log.readers, 1);
    await good.hears("conference-ended", ({ id }) => id === "films");
    log.close();
    bad.destroy();
    server.close();
  });

  test("are for 32 at a time; one more hears when to come again", async () => {
    const readers = await Promise.all(Array.from({ length: 32 }, () => control.follows()));

    const told = await control.asks("GET", "/events");

    assert.deepEqual([told.status, told.headers.get("retry-after")], [503, "10"]);
    for (const one of readers) one.close();
    await until(async () => {
      reader = await control.follows().catch(() => undefined);
      return reader !== undefined;
    }, "a place again");
  });

  test("end when the server does", async () => {
    const other = await ControlCast.open();
    const last = await other.follows();
    await other.close();
    await until(() => last.over, "the end of the events");
  });
});

async function idNow(): Promise<string> {
  const first = await control.follows();
  first.close();
  return first.lastId ?? "";
}

/** Names in their order, conferences with theirs; what repeats at once is one. */
function flow(heard: readonly Heard[]): string[] {
  const told = heard.map(({ name, data }) => {
    const id = data.conference?.id ?? (name === "conference-ended" ? data.id : undefined);
    return id === undefined ? `${name}` : `${name} ${id}`;
  });
  return told.filter((one, at) => one !== told[at - 1]);
}
