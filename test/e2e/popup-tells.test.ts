/** What the popup tells a viewer about the others on the page, with real browsers and a real phone. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { parseUri } from "#sip/uri.ts";
import { type Cast, startCast } from "../../scripts/demo/cast.ts";
import { PAGES } from "../../scripts/demo/pages.ts";
import { startSite } from "../../scripts/demo/site.ts";
import { buildExtension } from "../support/extension-build.ts";
import { until } from "../support/until.ts";

describe("alice's popup", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let cast: Cast;
  let operator: { page: string; token: string } | undefined;

  before(async () => {
    await buildExtension();
    const say = (line: string) => {
      const [, page, token] = /operators' page ready on (\S+), token in (\S+)/.exec(line) ?? [];
      if (page && token) operator = { page, token };
    };
    cast = await startCast(stack, await startSite(stack, { say }), say);
    const { alice, bob, carol, site } = cast;
    await Promise.all([alice, bob].map((viewer) => viewer.open(site.url(PAGES.meeting))));
    for (const [viewer, name] of [
      [alice, "Alice"],
      [bob, "Bob"],
    ] as const) {
      await viewer.popup.consent(name);
      await viewer.popup.enter();
    }
    await carol.partyline("join", await site.roomOf(PAGES.meeting), "--dev", "desk");
  });

  after(() => stack.disposeAsync());

  async function tells(words: RegExp): Promise<void> {
    let text = "";
    const told = async () => {
      text = await cast.alice.popup.text();
      return words.test(text);
    };
    await until(told, `${words} in alice's popup`).catch((cause: unknown) => {
      throw new Error(`it says ${JSON.stringify(text)}`, { cause });
    });
  }

  test("lists all three, says which is her, and who talks", async () => {
    await tells(/3 people are here/);
    await tells(/Alice\s*you/);
    await tells(/Bob\s+talking/);
    await tells(/Carol\s+talking/);
  });

  test("shows that carol muted herself, and that she talks again", async () => {
    await cast.carol.partyline("mute");
    await tells(/Carol\s+muted/);

    await cast.carol.partyline("unmute");
    await tells(/Carol\s+talking/);
  });

  /** The operator of the server orders something, and gets the answer. */
  async function orders(path: string, body?: object): Promise<unknown> {
    assert.ok(operator);
    const token = (await readFile(operator.token, "utf8")).trim();
    const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
    const what = { headers, ...(body && { method: "PUT", body: JSON.stringify(body) }) };
    const answer = await fetch(new URL(path, operator.page), what);
    assert.ok(answer.ok, `${path}: ${answer.status}`);
    return answer.json();
  }

  test("says that a moderator has muted alice, and when she may be heard again", async () => {
    const room = parseUri(await cast.site.roomOf(PAGES.meeting))?.user ?? "";
    const people = `/conferences/${encodeURIComponent(room)}/participants`;
    const { participants } = (await orders(people)) as { participants: { id: string; name: string }[] };
    const alice = participants.find(({ name }) => name === "Alice");
    assert.ok(alice, JSON.stringify(participants));

    await orders(`${people}/${alice.id}/mute`, { muted: true });
    await tells(/Muted by a moderator/);
    await cast.alice.popup.press("mute");
    await tells(/only a moderator can let you be heard again/);

    await orders(`${people}/${alice.id}/mute`, { muted: false });
    await tells(/Connected/);
    await tells(/Alice\s*you\s+talking/);
  });

  test("says that bob left when he opens a page without a conference", async () => {
    await cast.bob.open(cast.site.url(PAGES.untagged));

    await tells(/2 people are here/);
    await tells(/Bob left/);
    assert.deepEqual([...(await cast.alice.popup.names())].sort(), ["Alice", "Carol"]);
  });

  test("says that he came back when he does", async () => {
    await cast.bob.open(cast.site.url(PAGES.meeting));

    await tells(/3 people are here/);
    await tells(/Bob joined/);
  });
});
