import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Loudest } from "../../../../servers/media-server/mixing/loudest.ts";
import { Voice } from "../../../../servers/media-server/voice.ts";

/** Voices that speak at a steady level, and which of them a mix of two carries at each tick. */
function panel(...levels: number[]) {
  const members = levels.map((level) => ({ level, voice: new Voice() }));
  const loudest = new Loudest<(typeof members)[number]>(2);
  let now = 0;
  const tick = () => {
    loudest.begin(++now);
    for (const member of members) {
      member.voice.hear(member.level);
      loudest.offer(member);
    }
    loudest.settle();
    return members.flatMap(({ voice }, n) => (voice.mixedAt === now ? [n] : []));
  };
  const ticks = (count: number) => Array.from({ length: count }, tick).at(-1);
  return { members, ticks };
}

const setLevel = (member: { level: number } | undefined, level: number) => {
  if (member) member.level = level;
};

describe("the loudest in a mix", () => {
  test("are chosen, and the quiet are no candidates", () => {
    assert.deepEqual(panel(1000, 300, 2000).ticks(20), [0, 2]);
    assert.deepEqual(panel(3, 300, 0).ticks(20), [1]);
  });

  test("do not give way to one who is a little louder, only to one much louder", () => {
    const { members, ticks } = panel(1000, 1000, 0);
    ticks(20);

    setLevel(members[2], 1500);
    assert.deepEqual(ticks(50), [0, 1]);
    setLevel(members[2], 3000);
    assert.deepEqual(ticks(50)?.length, 2);
    assert.ok(ticks(1)?.includes(2));
  });
});

describe("talking", () => {
  test("is not begun by a click, nor ended by a breath", () => {
    const voice = new Voice();
    const say = (level: number, ticks: number) => {
      for (let n = 0; n < ticks; n++) voice.hear(level);
      return voice.talking;
    };

    assert.equal(say(5000, 2), false);
    assert.equal(say(0, 1), false);
    assert.equal(say(5000, 3), true);
    assert.equal(say(0, 14), true);
    assert.equal(say(150, 1), true, "soft speech keeps it");
    assert.equal(say(0, 14), true);
    assert.equal(say(0, 1), false);
  });
});
