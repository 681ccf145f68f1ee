import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inOrderOfTrial } from "#sip/resolver/services.ts";
import { randomFrom } from "../../support/random.ts";

const server = (name: string, priority: number, weight: number) => ({ name, port: 5060, priority, weight });

describe("the servers of a domain", () => {
  test("are tried by priority, whatever their weight", () => {
    const servers = [server("last", 30, 100), server("first", 10, 1), server("second", 20, 50)];

    assert.deepEqual(
      inOrderOfTrial(servers, () => 0.5).map(({ name }) => name),
      ["first", "second", "last"],
    );
  });

  test("of one priority share the load by weight", () => {
    const random = randomFrom(1);
    const servers = [server("large", 1, 300), server("small", 1, 100)];
    let large = 0;
    for (let call = 0; call < 10_000; call++) {
      if (inOrderOfTrial(servers, random)[0]?.name === "large") large++;
    }

    assert.ok(large > 7300 && large < 7700, `${large} of 10000`);
  });

  test("are all there, each once, and one without weight has a chance", () => {
    const servers = [server("heavy", 1, 100), server("light", 1, 0), server("middle", 1, 20)];

    assert.equal(inOrderOfTrial(servers, () => 0)[0]?.name, "light");
    assert.equal(inOrderOfTrial(servers, () => 0.999)[0]?.name, "heavy");
    assert.deepEqual(
      inOrderOfTrial(servers, () => 0.3)
        .map(({ name }) => name)
        .sort(),
      ["heavy", "light", "middle"],
    );
  });
});
