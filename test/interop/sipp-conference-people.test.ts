/** SIPp brings people into a conference and takes them out, by REFER and by lists, takes calls over, joins them and is moved; real server, real mixer. */
import { join } from "node:path";
import { after, afterEach, before, describe, type TestContext, test } from "node:test";
import { formatJoin } from "#sip/join.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { offerAt } from "../support/descriptions.ts";
import { type RuledSite, startRuledSite } from "../support/ruled-site.ts";
import { type Playing, plays } from "../support/sipp.ts";

const HOST = "127.0.0.1";
const scenario = (name: string) => join(import.meta.dirname, "sipp", `${name}.xml`);

let site: RuledSite;
before(async () => {
  site = await startRuledSite();
});
after(() => site.stop());
afterEach(() => site.isEmpty());

/** A phone that plays a scenario when it is called; `them` is where. */
async function phone(t: TestContext, name: string, user = "them") {
  const playing = await plays(scenario(name), { background: true });
  t.after(() => playing.stop());
  return { ...playing, address: `sip:${user}@${HOST}:${playing.port}` };
}

/** SIPp calls the conference of its scenario's name, or another one. */
function calls(
  name: string,
  keys: Readonly<Record<string, string>> = {},
  service = name,
): Promise<undefined> {
  return plays(scenario(name), { target: site.conference, keys, service });
}

describe("SIPp in a conference", () => {
  for (const name of ["calls-somebody-in-and-takes-him-out", "names-its-call-to-call-somebody-in"]) {
    test(name.replaceAll("-", " "), async (t) => {
      const them = await phone(t, "is-called-into-a-conference");
      await calls(name, { them: them.address });
      await them.finished;
    });
  }

  for (const [name, them] of [
    ["calls-somebody-in-who-is-busy", "is-called-and-busy"],
    ["calls-somebody-in-who-declines", "is-called-and-declines"],
    ["has-the-ringing-stopped", "rings-until-nobody-calls-any-more"],
  ] as const) {
    test(name.replaceAll("-", " "), async (t) => {
      const called = await phone(t, them);
      await calls(name, { them: called.address });
      await called.finished;
    });
  }

  for (const name of ["calls-several-in-by-one-refer", "comes-with-a-list"]) {
    test(name.replaceAll("-", " "), async (t) => {
      const [them, others] = await Promise.all([
        phone(t, "is-called-into-a-conference"),
        phone(t, "is-called-into-a-conference", "others"),
      ]);
      await calls(name, { them: them.address, others: others.address });
      await Promise.all([them, others].map(({ finished }: Playing) => finished));
    });
  }

  test("asks for what it may not: 400, 403, 404", async () => {
    const bob = await UserAgent.open({ host: HOST, port: 0, name: "bob", identity: {} });
    const from = { uri: "sip:bob@example.com" } as const;
    const { leg } = await bob.invite(site.room("films"), { offer: offerAt(4000), from });

    await calls("asks-for-what-it-may-not", { them: "sip:them@127.0.0.1:9" }, "films");
    await leg.bye();
    await bob.close();
  });

  test("comes with a list that is none: 400, 420", () =>
    calls("comes-with-a-list-that-is-none", { them: "sip:them@127.0.0.1:9" }));

  test("moves by its call to another conference", () => calls("moves-by-its-call", { to: "dramas" }));

  test("takes over what is not its own: 403, 481, 486", () => calls("takes-over-what-is-not-its-own"));

  test("joins a call it was told of, none that nobody has, and none that it takes over", async () => {
    const alice = await UserAgent.open({ host: HOST, port: 0, name: "alice", identity: {} });
    const { leg } = await alice.invite(site.room("films"), { offer: offerAt(4000) });
    const call = formatJoin(leg.id);

    await Promise.all([
      calls("joins-a-call", { call, door: "" }),
      calls("joins-a-call-nobody-has", { call: "nothing;to-tag=1;from-tag=2", door: "" }),
      calls("joins-and-takes-over-at-once", { call, door: "" }),
    ]);
    await leg.bye();
    await alice.close();
  });

  for (const name of [
    "is-moved-and-told-by-update",
    "is-moved-and-told-by-re-invite",
    "is-moved-and-busy-with-an-offer",
  ]) {
    test(name.replaceAll("-", " "), async (t) => {
      const anna = await plays(scenario(name), { target: site.conference, background: true });
      t.after(() => anna.stop());
      await anna.marks("in");
      const { id } = await site.lists(name, "sip:anna@example.com");
      await site.orders("POST", "/move", { participants: [id], to: "there" });
      await anna.finished;
    });
  }
});
