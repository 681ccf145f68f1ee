/** Whatever is commanded in whatever order, with phones and conferences that refuse: nothing is stuck and nobody is left on the line. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ServiceError } from "../../native-host/src/errors.ts";
import type { Role } from "../support/fake-leg.ts";
import { randomFrom } from "../support/random.ts";
import { Stage } from "../support/service-cast.ts";

const PHONES = ["desk", "kitchen", "sofa"];
const ROOMS = ["comedies", "dramas", "films:5090", "news:5091"];
const COMMANDS = 40;

type Random = () => number;
type Chosen = <Item>(items: readonly Item[]) => Item;

function chooser(random: Random): Chosen {
  return (items) => {
    const item = items[Math.floor(random() * items.length)];
    assert.ok(item !== undefined);
    return item;
  };
}

/** A third of the cast refuses something. */
function casting(random: Random): Readonly<Record<string, Role>> {
  const role = (): Role => {
    const kind = random();
    if (kind < 0.1) return { refuses: 486 };
    if (kind < 0.2) return { refusesOffers: 488 };
    if (kind < 0.3) return { refusesReplaces: 481, focus: true };
    return { focus: random() < 0.5 };
  };
  return Object.fromEntries([...PHONES, "comedies", "dramas", "films", "news"].map((name) => [name, role()]));
}

/** One command at random, or an actor that acts by itself. */
function next(stage: Stage, random: Random, chosen: Chosen): Promise<unknown> {
  const acts: readonly (() => unknown)[] = [
    () => stage.join(chosen(ROOMS), chosen(PHONES)),
    () => stage.switchTo(chosen(ROOMS)),
    () => stage.switchTo(chosen(ROOMS)),
    () => stage.use(chosen(PHONES)),
    () => stage.use(chosen(PHONES)),
    () => stage.hold(random() < 0.5),
    () => stage.mute(random() < 0.5),
    () => stage.leave(random() < 0.7),
    () => stage.cast.legs.length > 0 && chosen(stage.cast.legs).hangsUp(),
  ];
  return (async () => chosen(acts)())();
}

async function storm(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const chosen = chooser(random);
  const direct = PHONES.filter(() => random() < 0.5);
  const stage = new Stage({ phones: PHONES, direct, roles: casting(random) });
  const open: Promise<unknown>[] = [];
  for (let count = 0; count < COMMANDS; count += 1) {
    const act = next(stage, random, chosen);
    act.catch(() => undefined);
    open.push(act);
    if (random() < 0.5) await new Promise(setImmediate);
    if (random() < 0.1) await Promise.allSettled(open);
  }
  const outcomes = await Promise.allSettled(open);

  for (const outcome of outcomes) {
    if (outcome.status === "fulfilled") continue;
    assert.ok(outcome.reason instanceof ServiceError, String(outcome.reason));
    assert.notEqual(outcome.reason.code, "internal", String(outcome.reason.cause));
  }
  const devices = stage.service.calls().map(({ dev }) => dev);
  assert.equal(new Set(devices).size, devices.length, `one device in two calls: ${devices}`);
  for (const view of stage.service.calls())
    assert.ok(["active", "held", "switching"].includes(view.state), view.state);
  await stage.service.close();
  await new Promise(setImmediate);
  assert.deepEqual(stage.service.calls(), []);
  assert.deepEqual(stage.cast.alive("nobody"), [], "left on the line");
}

describe("A storm of forty commands", () => {
  for (let seed = 1; seed <= 60; seed += 1)
    test(`leaves nothing behind (${seed})`, { timeout: 30_000 }, () => storm(seed));
});
