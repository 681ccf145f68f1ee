/** SIPp at the doors of a real conference server: factory, PIN, token, lobby, lock, capacity, moderators by password, and the end for all. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, type TestContext, test } from "node:test";
import { userLine } from "#sip/user-line.ts";
import { type RuledSite, startRuledSite } from "../support/ruled-site.ts";
import { type Playing, plays } from "../support/sipp.ts";

const ANNA = "sip:anna@example.com";

interface Calling {
  readonly to?: string;
  /** Parameters of the URI it calls. */
  readonly door?: string;
  readonly calls?: number;
}

let folder: string;
let site: RuledSite;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "partyline-doors-"));
  const users = join(folder, "users");
  await writeFile(users, userLine("dora", "community.test", "porpoise", ["MD5"]) ?? "");
  site = await startRuledSite(["--moderator", "sip:dora@example.com", "--users", users]);
});
after(async () => {
  await site.stop();
  await rm(folder, { recursive: true, force: true });
});

async function begins(t: TestContext, name: string, { to = name, door = "", calls = 1 }: Calling = {}) {
  const file = join(import.meta.dirname, "sipp", `${name}.xml`);
  const { host, port } = site.conference;
  const passwordFor = `${to}@${host}:${port}`;
  const options = { target: { host, port }, service: to, calls, keys: { door }, passwordFor };
  const playing: Playing = await plays(file, { ...options, background: true });
  t.after(() => playing.stop());
  return playing;
}

async function calls(t: TestContext, name: string, calling: Calling = {}): Promise<void> {
  const { finished } = await begins(t, name, calling);
  await finished;
}

/** What the control API does to somebody. */
async function orders(method: string, to: string, { id, what = "" }: { id: string; what?: string }) {
  await site.orders(method, `/conferences/${to}/participants/${id}${what}`);
}

describe("SIPp at the doors", { concurrency: 4 }, () => {
  test("gets conferences of its own from the factory", (t) =>
    calls(t, "opens-a-conference-of-its-own", { to: "factory", calls: 10 }));

  test("shows a PIN or a token, right and wrong: 403", async (t) => {
    await site.setUp("guarded", { pin: "4711", tokens: ["open-sesame"] });
    await Promise.all([
      calls(t, "comes-in", { to: "guarded", door: ";pin=4711" }),
      calls(t, "comes-in", { to: "guarded", door: ";token=open-sesame" }),
      calls(t, "is-kept-out", { to: "guarded", door: ";pin=4712" }),
      calls(t, "is-kept-out", { to: "guarded", door: ";token=open-says-me" }),
    ]);
  });

  for (const name of ["types-the-pin-and-comes-in", "types-three-wrong-pins"]) {
    test(name.replaceAll("-", " "), async (t) => {
      await site.setUp(name, { pin: "4711" });
      await calls(t, name);
    });
  }

  test("waits in the lobby and is let in", async (t) => {
    const to = "waits-and-is-let-in";
    await site.setUp(to, { lobby: true });
    const { finished } = await begins(t, to);
    const { id } = await site.lists(to, ANNA, { status: "pending" });
    await orders("POST", to, { id, what: "/admit" });
    await finished;
  });

  test("waits in the lobby and is refused", async (t) => {
    const to = "lobby";
    await site.setUp(to, { lobby: true });
    const { finished } = await begins(t, "is-hung-up-on", { to });
    await orders("DELETE", to, await site.lists(to, ANNA, { status: "pending" }));
    await finished;
  });

  test("is taken out by the control API", async (t) => {
    const to = "taken-out";
    const { finished } = await begins(t, "is-hung-up-on", { to });
    await orders("DELETE", to, await site.lists(to, ANNA, { status: "connected" }));
    await finished;
  });

  test("is in a conference that the control API ends for all", async (t) => {
    const to = "ended";
    const { finished } = await begins(t, "is-hung-up-on", { to, calls: 3 });
    await site.counts(to, 3);
    await site.orders("DELETE", `/conferences/${to}`);
    await finished;
  });

  test("finds it locked: 403", async (t) => {
    await site.setUp("locked", { locked: true });
    await calls(t, "is-kept-out", { to: "locked" });
  });

  test("finds it full: 503 with Retry-After", async (t) => {
    const to = "full";
    await site.setUp(to, { capacity: 1 });
    const { finished } = await begins(t, "is-hung-up-on", { to });
    const { id } = await site.lists(to, ANNA, { status: "connected" });
    await calls(t, "is-told-to-come-again", { to, calls: 5 });
    await orders("DELETE", to, { id });
    await finished;
  });

  test("is a moderator with a password, locks and ends it; who is none may not", (t) =>
    calls(t, "moderator-locks-opens-and-ends"));

  test("shows a wrong password: 401", (t) => calls(t, "shows-a-wrong-password"));

  test("is a moderator outside, who takes somebody out", async (t) => {
    const to = "moderated";
    const anna = await begins(t, "is-hung-up-on", { to });
    await site.lists(to, ANNA, { status: "connected" });
    await calls(t, "moderator-takes-somebody-out", { to });
    await anna.finished;
  });
});
