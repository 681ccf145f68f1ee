import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { readAudio } from "#sdp/session.ts";
import type { Person } from "../../support/conference-cast.ts";
import { ControlCast } from "../../support/control-cast.ts";
import { until } from "../../support/until.ts";

let control: ControlCast;
let alice: Person;
let bob: Person;

beforeEach(async () => {
  control = await ControlCast.open();
  alice = await control.cast.person("alice");
  bob = await control.cast.person("bob");
});

afterEach(() => control.close());

describe("Conferences over HTTP", () => {
  test("are listed with how many are in them, and each can be looked at", async () => {
    await alice.joins("films");
    await bob.joins("films");

    const { total, conferences } = await control.gets("GET", "/conferences");
    const films = await control.gets("GET", "/conferences/films");

    assert.equal(total, 1);
    assert.deepEqual(conferences, [films]);
    assert.equal(films.participants, 2);
    assert.equal(films.uri, alice.room("films"));
    assert.equal(films.policy.locked, false);
  });

  test("come in pages, each behind the one before, also when one is over meanwhile", async () => {
    for (const id of ["comedies", "dramas", "films", "westerns"])
      await control.gets("PUT", `/conferences/${id}/policy`, { title: `Talk about ${id}` });

    const first = await control.gets("GET", "/conferences?limit=2");
    await control.gets("PUT", "/conferences/dramas/policy", { title: null });
    const second = await control.gets("GET", `/conferences?limit=2&after=${first.next}`);

    assert.deepEqual([first.total, names(first)], [4, ["comedies", "dramas"]]);
    assert.deepEqual([second.total, names(second), second.next], [3, ["films", "westerns"], undefined]);
  });

  test("are set up before anybody is in them, and nobody reads their PIN", async () => {
    const planned = await control.gets("PUT", "/conferences/films/policy", {
      title: "Film club",
      pin: "4711",
    });

    assert.equal(planned.held, false);
    assert.equal(planned.title, "Film club");
    assert.equal(planned.policy.pinRequired, true);
    assert.doesNotMatch(JSON.stringify(planned), /4711/);
  });

  test("that are only set up are so no longer when they are ended", async () => {
    await control.gets("PUT", "/conferences/films/policy", { pin: "4711", lobby: true });
    const nobody = await control.asks("DELETE", "/conferences/films/participants/0123456789abcdef");

    const { ended } = await control.gets("DELETE", "/conferences/films");

    assert.deepEqual([nobody.body.detail, ended], ["Nobody with this id is in films.", 0]);
    assert.equal((await control.gets("GET", "/conferences")).total, 0);
    assert.equal((await control.asks("DELETE", "/conferences/films")).status, 404);
    await alice.joins("films");
    assert.equal(control.cast.count("films"), 1);
  });

  test("are not set up by what is no policy, and the sentence says why", async () => {
    const odd = await control.asks("PUT", "/conferences/films/policy", { body: { loud: true } });
    const wrong = await control.asks("PUT", "/conferences/films/policy", { body: { locked: "yes" } });
    const nameless = await control.asks("PUT", "/conferences/-films/policy", { body: { locked: true } });

    assert.deepEqual([odd.status, wrong.status, nameless.status], [400, 400, 400]);
    assert.match(wrong.body.detail, /locked/);
  });

  test("are locked: whoever comes then hears 403, and comes in when it is unlocked", async () => {
    await alice.joins("films");

    const locked = await control.gets("PUT", "/conferences/films/lock", { locked: true });
    await assert.rejects(bob.joins("films"), { status: 403 });
    await control.gets("PUT", "/conferences/films/lock", { locked: false });
    await bob.joins("films");

    assert.equal(locked.policy.locked, true);
    assert.equal(control.cast.count("films"), 2);
  });

  test("are ended for all, and no mixer leg is left", async () => {
    await alice.joins("films");
    await bob.joins("films");

    const { ended } = await control.gets("DELETE", "/conferences/films");

    assert.equal(ended, 2);
    await until(() => control.cast.mixer.legs("films").length === 0, "the end of the mixer's legs");
    assert.equal((await control.asks("GET", "/conferences/films")).status, 404);
    assert.equal((await control.asks("DELETE", "/conferences/films")).status, 404);
  });
});

describe("Participants over HTTP", () => {
  test("are listed with name, address and state, in the order they came", async () => {
    await alice.joins("films");
    await bob.joins("films");

    const { total, participants } = await control.gets("GET", "/conferences/films/participants");

    assert.equal(total, 2);
    assert.deepEqual(
      participants.map(({ name, uri, status }: Record<string, string>) => [name, uri, status]),
      [
        ["alice", "sip:alice@example.com", "connected"],
        ["bob", "sip:bob@example.com", "connected"],
      ],
    );
  });

  test("come in pages", async () => {
    await alice.joins("films");
    await bob.joins("films");

    const first = await control.gets("GET", "/conferences/films/participants?limit=1");
    const second = await control.gets("GET", `/conferences/films/participants?limit=1&after=${first.next}`);

    assert.deepEqual([first.participants[0].name, second.participants[0].name], ["alice", "bob"]);
    assert.equal(second.next, undefined);
  });

  test("are muted and heard again: the mixer listens no longer, and the roster says so", async () => {
    await alice.joins("films");
    const path = `/conferences/films/participants/${await control.idOf("films", "alice")}/mute`;

    const muted = await control.gets("PUT", path, { muted: true });
    const heard = await control.gets("PUT", path, { muted: false });

    assert.deepEqual([muted.muted, muted.status], [true, "muted-via-focus"]);
    assert.deepEqual([heard.muted, heard.status], [false, "connected"]);
  });

  test("who muted themselves are heard again by their own wish only", async () => {
    const leg = await alice.joins("films");
    const id = await control.idOf("films", "alice");
    await control.cast.participant(leg).silence(true, "self");

    const told = await control.asks("PUT", `/conferences/films/participants/${id}/mute`, {
      body: { muted: false },
    });

    assert.equal(told.status, 403);
    assert.match(told.body.detail, /Muted By Somebody Else/);
  });

  test("are taken out, and their phones are told why", async () => {
    await alice.joins("films");
    let why = "";
    const bobs = await bob.joins("films");
    bobs.handlers = {
      onEnded: (reason) => {
        why = reason;
      },
    };

    const told = await control.asks(
      "DELETE",
      `/conferences/films/participants/${await control.idOf("films", "bob")}`,
    );

    assert.equal(told.status, 204);
    await until(() => why !== "", "the end of bob's call");
    assert.match(why, /Removed from the conference/);
    assert.equal(control.cast.count("films"), 1);
  });

  test("who are not there cannot be muted, taken out or let in", async () => {
    await alice.joins("films");
    const nobody = "/conferences/films/participants/0123456789abcdef";
    const statuses = [
      await control.asks("PUT", `${nobody}/mute`, { body: { muted: true } }),
      await control.asks("DELETE", nobody),
      await control.asks("POST", `${nobody}/admit`),
      await control.asks("DELETE", "/conferences/dramas/participants/0123456789abcdef"),
    ].map(({ status }) => status);

    assert.deepEqual(statuses, [404, 404, 404, 404]);
  });

  test("who are in need not be let in: 409", async () => {
    await alice.joins("films");
    const id = await control.idOf("films", "alice");

    assert.equal((await control.asks("POST", `/conferences/films/participants/${id}/admit`)).status, 409);
  });
});

describe("Moving over HTTP", () => {
  test("takes one to another conference in the call they have, and the id stays", async () => {
    const alices = await alice.joins("films");
    await bob.joins("films");
    const id = await control.idOf("films", "alice");
    const port = readAudio(alices.description)?.port;

    const { moves } = await control.gets("POST", "/move", { participants: [id], to: "dramas" });

    assert.deepEqual(moves, [{ participant: id, moved: true }]);
    assert.equal(await control.idOf("dramas", "alice"), id);
    assert.equal(control.cast.count("films"), 1);
    assert.equal(alices.state, "confirmed");
    assert.equal(readAudio(alices.description)?.port, port);
  });

  test("takes many at once and says of each what became of it", async () => {
    await alice.joins("films");
    await bob.joins("films");
    const ids = [
      await control.idOf("films", "alice"),
      "0123456789abcdef",
      await control.idOf("films", "bob"),
    ];

    const { moves } = await control.gets("POST", "/move", { participants: ids, to: "dramas" });

    assert.deepEqual(
      moves.map(({ moved }: { moved: boolean }) => moved),
      [true, false, true],
    );
    assert.match(moves[1].detail, /Nobody here/);
    assert.equal(control.cast.count("dramas"), 2);
  });

  test("takes a hundred in one call, each to where they are heard and listed", async (t) => {
    await Promise.all(Array.from({ length: 100 }, () => alice.joins("films")));
    const { participants } = await control.gets("GET", "/conferences/films/participants?limit=1000");
    const ids = participants.map(({ id }: { id: string }) => id);

    const startedAt = performance.now();
    const { moves } = await control.gets("POST", "/move", { participants: ids, to: "dramas" });
    t.diagnostic(`${Math.round(performance.now() - startedAt)} ms`);

    assert.equal(moves.filter(({ moved }: { moved: boolean }) => moved).length, 100);
    assert.equal(control.cast.count("dramas"), 100);
    assert.equal(control.cast.mixer.legs("dramas").length, 100);
    assert.equal(control.cast.count("films"), 0);
  });

  test("leaves everybody where they are when the mixer refuses, and says so", async () => {
    await alice.joins("films");
    const id = await control.idOf("films", "alice");
    control.cast.mixer.refusing = 503;

    const { moves } = await control.gets("POST", "/move", { participants: [id], to: "dramas" });

    assert.equal(moves[0].moved, false);
    assert.match(moves[0].detail, /503/);
    assert.equal(await control.idOf("films", "alice"), id);
  });

  test("goes to no conference whose name is none", async () => {
    const told = await control.asks("POST", "/move", {
      body: { participants: ["0123456789abcdef"], to: "two words" },
    });
    const none = await control.asks("POST", "/move", { body: { participants: [], to: "films" } });

    assert.deepEqual([told.status, none.status], [400, 400]);
  });
});

describe("Calling somebody in over HTTP", () => {
  test("rings the phone, which is in the conference when it answers", async () => {
    await alice.joins("films");

    const told = await control.asks("POST", "/conferences/films/dial-out", { body: { uri: bob.address } });

    assert.equal(told.status, 202);
    await until(() => control.cast.count("films") === 2, "bob in the conference");
    const { participants } = await control.gets("GET", "/conferences/films/participants");
    assert.equal(participants[1].method, "dialed-out");
  });

  test("begins a conference, and ends it when nobody comes", async () => {
    bob.picksUp = 486;

    await control.gets("POST", "/conferences/films/dial-out", { uri: bob.address });

    await until(() => bob.invites.length === 1, "the call to bob");
    await until(() => control.cast.server.focus.conferences.size === 0, "the end of the conference");
  });

  test("calls nobody by what is no address, and not this server itself", async () => {
    await alice.joins("films");
    const statuses = await Promise.all(
      ["bob", "tel:+4930123456", "sip:example.com", "sip:bob@x;method=BYE", alice.room("dramas")].map(
        async (uri) => (await control.asks("POST", "/conferences/films/dial-out", { body: { uri } })).status,
      ),
    );

    assert.deepEqual(statuses, [400, 400, 400, 400, 403]);
  });
});

function names({ conferences }: { conferences: { id: string }[] }): string[] {
  return conferences.map(({ id }) => id);
}
