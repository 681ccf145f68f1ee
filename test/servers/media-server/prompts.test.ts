import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { PromptPlayer } from "../../../servers/media-server/prompt-player.ts";
import { Prompts } from "../../../servers/media-server/prompts.ts";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const own = Prompts.read();

describe("The prompts", () => {
  test("are those the conference server plays, the documentation lists, and the words are kept of", () => {
    const played = [...read("servers/conference/prompts.ts").matchAll(/^ {2}\| "([a-z-]+)"/gm)].map(
      ([, name]) => name,
    );
    const listed = [...read("docs/mixer-control.md").matchAll(/^\| `([a-z-]+)` +\| [A-Z]/gm)].map(
      ([, name]) => name,
    );
    const worded = [...read("servers/media-server/prompts/words.txt").matchAll(/^([a-z-]+)\|/gm)].map(
      ([, name]) => name,
    );
    assert.deepEqual(played.toSorted(), own.names);
    assert.deepEqual(listed.toSorted(), own.names);
    assert.deepEqual(worded.toSorted(), own.names);
  });

  test("are short, and loud enough to be understood", () => {
    for (const name of own.names) {
      const samples = own.find(`partyline:${name}`) ?? [];
      const peak = Math.max(...samples.map(Math.abs));
      assert.ok(samples.length >= 2_000 && samples.length <= 40_000, `${name}: ${samples.length / 8} ms`);
      assert.ok(peak > 3_000, `${name}: ${peak}`);
    }
  });

  test("are found by their address and by nothing else", () => {
    for (const url of [
      "muted",
      "partyline:",
      "partyline:../words",
      "partyline:MUTED",
      "http://partyline:muted",
      "partyline:toString",
    ])
      assert.equal(own.find(url), undefined, url);
  });
});

describe("A player", () => {
  test("joins pieces of any length without a gap, and says when the last frame was taken", () => {
    const player = new PromptPlayer();
    const pieces = [100, 1, 0, 259, 40].map((length, n) => new Int16Array(length).fill(n + 1));
    player.start(7, pieces);
    const heard: number[] = [];
    let more = true;
    for (let n = 0; more && n < 9; n++) {
      const frame = new Int32Array(160);
      more = player.addTo(frame);
      heard.push(...frame);
    }
    const whole = pieces.flatMap((piece) => [...piece]);
    assert.deepEqual(heard.slice(0, whole.length), whole);
    assert.equal(heard.length, 480);
    assert.ok(heard.slice(whole.length).every((sample) => sample === 0));
  });
});
